//! Changing the kernel, and knowing what of it is ours.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use keepalived_conf::model::{self as conf, IpAddress, IpRoute, IpRule};
use keepalived_net::frames::FrameSender;
use keepalived_net::mirror::{Change, Mirror, Watch};
use keepalived_net::nft::Firewall;
use keepalived_net::nl::Message;
use keepalived_net::routes::RouteKey;
use keepalived_net::rules::RuleKey;
use keepalived_net::socket::{Heard, Netlink};
use keepalived_net::{addresses, routes, rules};
use keepalived_vrrp::config::Vip;
use keepalived_vrrp::ids::{InstanceId, Name};

/// Where an address of ours is: interface, address, prefix length.
pub type Place = (u32, IpAddr, u8);

/// The kernel as this process uses it.
#[derive(Debug)]
pub struct Kernel {
    commands: Netlink,
    frames: FrameSender,
    /// What the kernel last told.
    pub mirror: Mirror,
    installed: HashMap<Place, InstanceId>,
    installed_routes: HashMap<RouteKey, (InstanceId, Name)>,
    installed_rules: HashMap<RuleKey, (InstanceId, Name)>,
    failing: HashMap<Name, i32>,
    firewall: Option<Firewall>,
}

impl Kernel {
    /// Opens the sockets. The monitor has to be open before, so that no change is missed between.
    pub fn open(command_buffer: Option<(usize, bool)>) -> io::Result<Self> {
        let commands = Netlink::commands(libc_route())?;
        if let Some((bytes, force)) = command_buffer {
            commands.set_receive_buffer(bytes, force)?;
        }
        Ok(Self {
            commands,
            frames: FrameSender::open()?,
            mirror: Mirror::default(),
            installed: HashMap::new(),
            installed_routes: HashMap::new(),
            installed_rules: HashMap::new(),
            failing: HashMap::new(),
            firewall: None,
        })
    }

    /// Reads links and addresses for the first time.
    pub fn load(&mut self) -> io::Result<Vec<Change>> {
        self.mirror.load(&mut self.commands)
    }

    /// Takes in what the monitor heard.
    pub fn follow(&mut self, heard: &Heard) -> io::Result<Vec<Change>> {
        let mut changes = self.mirror.follow(&heard.bytes);
        if heard.lost {
            tracing::warn!("Netlink: Receive buffer overrun on monitor socket - (No buffer space available)");
            tracing::warn!(
                "Netlink: increase the relevant netlink_rcv_bufs global parameter and/or set force"
            );
            changes.extend(self.mirror.load(&mut self.commands)?);
        }
        Ok(changes)
    }

    /// Sets addresses; what the kernel refuses is logged.
    pub fn add_addresses(&mut self, instance: InstanceId, vips: &[(&Vip, &IpAddress)]) {
        let mut messages = Vec::new();
        let mut places = Vec::new();
        for (vip, address) in vips {
            let Some(index) = self.mirror.index_of(&vip.interface) else {
                tracing::warn!(
                    "Unable to add address {} - interface {} not found",
                    vip.address,
                    vip.interface
                );
                continue;
            };
            messages.push(addresses::add(index, address));
            places.push((index, vip.address, vip.prefix));
        }
        for (place, result) in places.into_iter().zip(self.commands.request(&messages)) {
            match result {
                Ok(()) => drop(self.installed.insert(place, instance)),
                Err(error) => report(&error, "RTM_NEWADDR", libc_newaddr()),
            }
        }
    }

    /// Removes addresses; one that is not there is no error.
    pub fn remove_addresses(&mut self, vips: &[(&Vip, &IpAddress)]) {
        let mut messages = Vec::new();
        for (vip, address) in vips {
            let Some(index) = self.mirror.index_of(&vip.interface) else { continue };
            let place = (index, vip.address, vip.prefix);
            // A leftover of an earlier process is only in the mirror, an address set a moment ago only in our list.
            let ours = self.installed.remove(&place).is_some();
            if ours || self.mirror.has(place.0, place.1, place.2) {
                messages.push(addresses::delete(index, address));
            }
        }
        for result in self.commands.request(&messages) {
            if let Err(error) = result
                && !is_missing(&error)
            {
                report(&error, "RTM_DELADDR", libc_newaddr() + 1);
            }
        }
    }

    /// Sets routes.
    pub fn add_routes(&mut self, instance: InstanceId, list: &[(Name, &IpRoute)]) {
        for (spec, route) in list {
            let mirror = &self.mirror;
            let Some(message) = routes::add(route, &|name| mirror.index_of(name)) else {
                tracing::warn!("Unable to add a route - its interface is not there");
                continue;
            };
            match self.commands.request_one(&message) {
                Ok(()) => {
                    let key = RouteKey::of(route);
                    self.mirror.watch_route(key.clone(), Watch::Begin);
                    self.installed_routes.insert(key, (instance, spec.clone()));
                }
                Err(error) => report(&error, "RTM_NEWROUTE", 24),
            }
        }
    }

    /// Removes routes.
    pub fn remove_routes(&mut self, list: &[&IpRoute]) {
        for route in list {
            let key = RouteKey::of(route);
            self.mirror.watch_route(key.clone(), Watch::End);
            self.installed_routes.remove(&key);
            let mirror = &self.mirror;
            let Some(message) = routes::delete(route, &|name| mirror.index_of(name)) else { continue };
            if let Err(error) = self.commands.request_one(&message)
                && !is_missing(&error)
            {
                report(&error, "RTM_DELROUTE", 25);
            }
        }
    }

    /// Sets rules.
    pub fn add_rules(&mut self, instance: InstanceId, list: &[(Name, &IpRule)]) {
        for (spec, rule) in list {
            match self.commands.request_one(&rules::add(rule)) {
                Ok(()) => {
                    let key = RuleKey::of(rule);
                    self.mirror.watch_rule(key, Watch::Begin);
                    self.installed_rules.insert(key, (instance, spec.clone()));
                }
                Err(error) => report(&error, "RTM_NEWRULE", 32),
            }
        }
    }

    /// Removes rules.
    pub fn remove_rules(&mut self, list: &[&IpRule]) {
        for rule in list {
            let key = RuleKey::of(rule);
            self.mirror.watch_rule(key, Watch::End);
            self.installed_rules.remove(&key);
            if let Err(error) = self.commands.request_one(&rules::delete(rule))
                && !is_missing(&error)
            {
                report(&error, "RTM_DELRULE", 33);
            }
        }
    }

    /// Routes of ours that others removed, forgotten by this call.
    pub fn take_lost_routes(&mut self) -> Vec<(InstanceId, Name)> {
        let keys: Vec<RouteKey> = self.mirror.missing_routes().cloned().collect();
        keys.into_iter()
            .filter_map(|key| {
                self.mirror.watch_route(key.clone(), Watch::End);
                self.installed_routes.remove(&key)
            })
            .collect()
    }

    /// Rules of ours that others removed, forgotten by this call.
    pub fn take_lost_rules(&mut self) -> Vec<(InstanceId, Name)> {
        let keys: Vec<RuleKey> = self.mirror.missing_rules().copied().collect();
        keys.into_iter()
            .filter_map(|key| {
                self.mirror.watch_rule(key, Watch::End);
                self.installed_rules.remove(&key)
            })
            .collect()
    }

    /// An address of ours that others removed is no longer ours.
    pub fn forget(&mut self, place: &Place) -> Option<InstanceId> {
        self.installed.remove(place)
    }

    /// Sends a gratuitous ARP or neighbour advertisement; interfaces without ARP are passed over.
    pub fn announce(&mut self, interface: &Name, address: IpAddr) {
        let Some(link) = self.mirror.link_named(interface) else { return };
        if !link.has_arp() {
            return;
        }
        let Some(mac) = link.mac else { return };
        match self.frames.announce(link.index, &link.name, mac, address) {
            Ok(()) => drop(self.failing.remove(interface)),
            Err(error) => {
                let code = error.raw_os_error().unwrap_or(0);
                if self.failing.insert(interface.clone(), code) != Some(code) {
                    tracing::warn!("Error {code} sending gratuitous ARP on {interface} for {address}");
                }
            }
        }
    }

    fn open_firewall(&mut self, config: &conf::Firewall) {
        if self.firewall.is_none() {
            match Firewall::new(config.nftables.as_deref(), config.nftables_priority) {
                Ok(firewall) => self.firewall = Some(firewall),
                Err(error) => tracing::error!("nftables: {error}"),
            }
        }
    }

    /// Lets membership reports of a vmac leave through the interface below, so that switches do not look for the
    /// virtual router where a backup is.
    pub fn redirect_reports(
        &mut self,
        config: &conf::Firewall,
        family: conf::Family,
        vmac: u32,
        parent: u32,
    ) {
        self.open_firewall(config);
        if let Some(firewall) = &mut self.firewall
            && let Err(error) = firewall.redirect(family, vmac, parent)
        {
            tracing::warn!("nftables: membership reports leave through the vmac: {error}");
        }
    }

    /// Drops traffic to these addresses, or lets it through again.
    pub fn set_firewall(&mut self, config: &conf::Firewall, vips: &[Vip], block: Block) {
        self.open_firewall(config);
        let Some(firewall) = &mut self.firewall else { return };
        let addresses: Vec<(IpAddr, u32)> =
            vips.iter().map(|vip| (vip.address, self.mirror.index_of(&vip.interface).unwrap_or(0))).collect();
        let result = match block {
            Block::On => firewall.block(&addresses),
            Block::Off => firewall.unblock(&addresses),
        };
        if let Err(error) = result {
            tracing::error!("nftables: {error}");
        }
    }

    /// Removes the tables.
    pub fn remove_firewall(&mut self) {
        if let Some(mut firewall) = self.firewall.take()
            && let Err(error) = firewall.remove()
        {
            tracing::warn!("nftables: {error}");
        }
    }

    /// Sends one request of another kind.
    pub fn request(&mut self, message: &Message) -> io::Result<()> {
        self.commands.request_one(message)
    }
}

/// Whether traffic is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// NETLINK_ROUTE.
fn libc_route() -> i32 {
    nix::libc::NETLINK_ROUTE
}

fn libc_newaddr() -> u16 {
    nix::libc::RTM_NEWADDR
}

/// The object is not there, or its interface went away.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(nix::libc::EADDRNOTAVAIL | nix::libc::ESRCH | nix::libc::ENOENT | nix::libc::ENODEV)
    )
}

fn report(error: &io::Error, name: &str, kind: u16) {
    let code = error.raw_os_error().unwrap_or(0);
    let text = nix::errno::Errno::from_raw(code).desc();
    tracing::warn!("Netlink: error: {text}({code}), type={name}({kind}), seq=0, pid=0");
}
