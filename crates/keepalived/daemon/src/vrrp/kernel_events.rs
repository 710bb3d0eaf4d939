//! What the kernel tells: links and addresses that come and go.

use super::shell::Shell;
use super::source::source_of;
use crate::dump::{route_text, rule_text};
use keepalived_net::addresses::Address;
use keepalived_net::mirror::Change;
use keepalived_net::socket::Heard;
use keepalived_vrrp::event::{Event, Link, Lost};
use keepalived_vrrp::ids::Name;
use std::collections::HashSet;
use std::net::IpAddr;

impl Shell {
    /// What is there at the start is not reported when its flags change later.
    pub(super) fn note_addresses(&mut self) {
        let mirror = &self.kernel.mirror;
        let all = mirror.links().flat_map(|link| mirror.addresses_of(link.index));
        self.assigned = all.map(|address| (address.index, address.address)).collect();
    }

    /// The first own address of each family on the interfaces in use.
    pub(super) fn report_sources(&self) {
        let mut seen = HashSet::new();
        let plans = self.router.ids().instances.iter().filter_map(|id| self.live.get(id));
        for base in plans.map(|live| &live.plan.base_interface) {
            let Some(index) = self.kernel.mirror.index_of(base).filter(|_| seen.insert(base)) else {
                continue;
            };
            let own = self.kernel.mirror.addresses_of(index);
            let own: Vec<IpAddr> = own
                .into_iter()
                .filter(|address| !self.virtual_addresses.contains(&(address.address, address.prefix)))
                .map(|address| address.address)
                .collect();
            let v4 = own.iter().find(|address| address.is_ipv4());
            let v6 = own.iter().find(|ip| matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()));
            for address in v4.into_iter().chain(v6) {
                tracing::info!("Assigned address {address} for interface {base}");
            }
        }
    }

    /// Tells the machines about every interface, source address, file and process.
    pub(super) fn tell_everything(&mut self) {
        let known: Vec<(Name, Link)> = self
            .interfaces_of_interest()
            .into_iter()
            .map(|name| {
                let link = self.link_state(&name);
                (name, link)
            })
            .collect();
        for (interface, link) in known {
            if link != Link::Gone {
                self.present.insert(interface.clone());
            }
            self.event(Event::Link { interface, link });
        }
        self.update_sources();
        for number in 0..self.config.track_files.len() {
            self.file_changed(number);
        }
        for number in 0..self.config.track_processes.len() {
            self.process_changed(number);
        }
        self.bfd_changed();
    }

    pub(super) fn interfaces_of_interest(&self) -> HashSet<Name> {
        let config = self.router.config();
        let instances = self.router.instances().map(|instance| instance.config()).flat_map(|instance| {
            let vips = instance.addresses.iter().chain(&instance.excluded).map(|vip| &vip.interface);
            let tracked = instance.track_interfaces.iter().map(|track| &track.name);
            vips.chain(tracked).chain([&instance.interface, &instance.base_interface])
        });
        let groups = config.groups.iter().flat_map(|group| &group.track_interfaces).map(|track| &track.name);
        instances.chain(groups).filter(|name| !name.is_empty()).cloned().collect()
    }

    pub(super) fn link_state(&self, name: &str) -> Link {
        match self.kernel.mirror.link_named(name) {
            None => Link::Gone,
            Some(link) if link.is_running() => Link::Up,
            Some(_) => Link::Down,
        }
    }

    pub(super) fn kernel_changed(&mut self, heard: &Heard) {
        let changes = match self.kernel.follow(heard) {
            Ok(changes) => changes,
            Err(error) => {
                tracing::error!("Netlink: {error}");
                return;
            }
        };
        self.report_links(&changes);
        let mut links = HashSet::new();
        for change in &changes {
            if let Change::Link(link) | Change::LinkGone(link) = change {
                links.insert(Name::from(link.name.as_str()));
            }
        }
        if !links.is_empty() {
            self.open_sockets();
            let interesting = self.interfaces_of_interest();
            for interface in links.into_iter().filter(|name| interesting.contains(name)) {
                let link = self.link_state(&interface);
                self.event(Event::Link { interface, link });
            }
            self.restore_vmacs();
        }
        for change in &changes {
            match change {
                // A flag that changes (duplicate detection has ended) is no new address.
                Change::Address(address) => {
                    if self.assigned.insert((address.index, address.address)) {
                        self.report_address(address, "Assigned", "for");
                    }
                }
                Change::AddressGone(address) => {
                    self.assigned.remove(&(address.index, address.address));
                    self.report_address(address, "Deassigned", "from");
                    self.address_gone(address);
                }
                Change::Link(_) | Change::LinkGone(_) => {}
            }
        }
        if !changes.is_empty() {
            self.update_sources();
        }
        self.statics.restore(&mut self.kernel);
        let returned = changes.iter().any(|change| match change {
            Change::Link(link) => link.is_running() && self.statics.interfaces().contains(link.name.as_str()),
            Change::LinkGone(_) | Change::Address(_) | Change::AddressGone(_) => false,
        });
        if returned {
            self.statics.set(&mut self.kernel);
        }
        for (instance, route) in self.kernel.take_lost_routes() {
            if let Some(known) = self.objects.routes.get(&route) {
                tracing::info!("Netlink reflector reports route {} removed", route_text(known));
            }
            self.event(Event::Lost { instance, what: Lost::Route(route) });
        }
        for (instance, rule) in self.kernel.take_lost_rules() {
            if let Some(known) = self.objects.rules.get(&rule) {
                tracing::info!("Netlink reflector reports rule {} removed", rule_text(known));
            }
            self.event(Event::Lost { instance, what: Lost::Rule(rule) });
        }
    }

    /// Own addresses of the interfaces in use; with `--address-monitoring` all addresses.
    pub(super) fn report_address(&self, address: &Address, what: &str, word: &str) {
        let Some(link) = self.kernel.mirror.link(address.index) else { return };
        let usable = match address.address {
            IpAddr::V4(_) => true,
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        let own = usable
            && !self.virtual_addresses.contains(&(address.address, address.prefix))
            && self.interfaces_of_interest().contains(link.name.as_str());
        if own || self.options.report_addresses {
            tracing::info!("{what} address {} {word} interface {}", address.address, link.name);
        }
    }

    /// Interfaces that came or went; the machines tell of those that went up or down.
    pub(super) fn report_links(&mut self, changes: &[Change]) {
        let interesting = self.interfaces_of_interest();
        for change in changes {
            let (link, there) = match change {
                Change::Link(link) => (link, true),
                Change::LinkGone(link) => (link, false),
                Change::Address(_) | Change::AddressGone(_) => continue,
            };
            if !interesting.contains(link.name.as_str()) {
                continue;
            }
            let name = Name::from(link.name.as_str());
            if self.config.global.vrrp.dynamic_interfaces && there != self.present.contains(&name) {
                tracing::info!("Interface {name} {}", if there { "added" } else { "deleted" });
            }
            if there {
                self.present.insert(name);
            } else {
                self.present.remove(&name);
            }
        }
    }

    pub(super) fn address_gone(&mut self, address: &Address) {
        let place = (address.index, address.address, address.prefix);
        if self.kernel.mirror.has(place.0, place.1, place.2) {
            return;
        }
        let Some(instance) = self.kernel.forget(&place) else { return };
        let interface = match self.kernel.mirror.link(address.index) {
            Some(link) => Name::from(link.name.as_str()),
            None => return,
        };
        let what = Lost::Address { address: address.address, interface };
        self.event(Event::Lost { instance, what });
    }

    pub(super) fn update_sources(&mut self) {
        for instance in self.router.ids().instances.clone() {
            let Some(live) = self.live.get(&instance) else { continue };
            let address = source_of(&live.plan, &self.kernel.mirror, |address| {
                self.virtual_addresses.contains(&(address.address, address.prefix))
            });
            if address != live.source || address.is_none() {
                if let Some(live) = self.live.get_mut(&instance) {
                    live.source = address;
                }
                self.event(Event::Source { instance, address });
            }
        }
    }
}
