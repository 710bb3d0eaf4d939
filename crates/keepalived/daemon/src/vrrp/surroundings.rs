//! What has to be there before an advert can be sent: vmacs, sockets, static objects, settings of the kernel.

use super::shell::Shell;
use super::statics::Statics;
use super::translate::{InstancePlan, Plan};
use keepalived_conf::model::Family;
use keepalived_net::links;
use keepalived_net::sysctl::Setting;
use keepalived_net::vmac;
use keepalived_vrrp::event::Event;
use keepalived_vrrp::ids::Name;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

impl Shell {
    /// A missing interface is fatal unless `dynamic_interfaces` is set.
    pub(super) fn interfaces_exist(&self, ready: &Plan) -> bool {
        if self.config.global.vrrp.dynamic_interfaces {
            return true;
        }
        let mut all = true;
        for plan in &ready.instances {
            let base = &plan.base_interface;
            if !base.is_empty() && self.kernel.mirror.link_named(base).is_none() {
                tracing::error!("WARNING - interface {base} for vrrp_instance {} doesn't exist", plan.name);
                all = false;
            }
        }
        if !all {
            tracing::error!("Non-existent interface specified in configuration");
        }
        all
    }

    pub(super) fn note_firewall(&self) {
        let firewall = &self.config.global.firewall;
        let needed = self.live.values().any(|live| live.plan.vmac.is_some())
            || self.router.instances().any(|instance| instance.config().drop_traffic);
        if needed && firewall.nftables.is_none() && firewall.iptables.is_none() {
            tracing::info!(
                "use_vmac or no_accept/strict specified, but no firewall configured - using nftables"
            );
        }
    }

    /// `promote_secondaries`: the kernel's setting, put back at the end.
    pub(super) fn promote_secondaries(&mut self) {
        for instance in self.config.instances.iter().filter(|instance| instance.promote_secondaries) {
            let Some(interface) = instance.interface.clone() else { continue };
            let setting = Setting { family: Family::Inet, interface, name: "promote_secondaries" };
            match setting.change("1") {
                Ok(saved) => self.saved.extend(saved),
                Err(error) => tracing::warn!("promote_secondaries: {error}"),
            }
        }
    }

    /// Static objects of the live configuration; those of the one before are removed unless they are the same.
    pub(super) fn set_statics(&mut self) {
        let next = Statics::of(&self.config);
        let before = std::mem::replace(&mut self.statics, next);
        before.remove_except(&self.statics, &mut self.kernel);
        self.statics.set(&mut self.kernel);
    }

    pub(super) fn make_vmacs(&mut self) -> io::Result<()> {
        let plans: Vec<InstancePlan> = self.live.values().map(|live| live.plan.clone()).collect();
        self.make_vmacs_for(&plans)
    }

    pub(super) fn make_vmacs_of(&mut self, ready: &Plan) -> io::Result<()> {
        self.make_vmacs_for(&ready.instances)
    }

    pub(super) fn make_vmacs_for(&mut self, plans: &[InstancePlan]) -> io::Result<()> {
        for plan in plans {
            let Some(wanted) = &plan.vmac else { continue };
            if self.kernel.mirror.link_named(&wanted.name).is_some() {
                continue;
            }
            let Some(parent) = self.kernel.mirror.index_of(&plan.base_interface) else { continue };
            if let Err(error) = self.kernel.request(&vmac::create(parent, &wanted.name, wanted.mac)) {
                tracing::error!("({}): Failed to create VMAC interface {}: {error}", plan.name, wanted.name);
                continue;
            }
            tracing::info!("({}): Success creating VMAC interface {}", plan.name, wanted.name);
            if !self.made.iter().any(|(_, known)| *known == wanted.name) {
                self.made.push((plan.name.clone(), wanted.name.clone()));
            }
            self.kernel.load()?;
            let Some(index) = self.kernel.mirror.index_of(&wanted.name) else { continue };
            // A family that the kernel lacks has nothing to be set.
            let _ = self.kernel.request(&vmac::no_link_local(index));
            let _ = vmac::configure(&wanted.name);
            if let Ok(saved) = vmac::configure_parent(&plan.base_interface) {
                self.saved.extend(saved);
            }
            self.kernel.redirect_reports(&self.config.global.firewall, plan.family, index, parent);
            self.kernel.request(&links::set_up(index))?;
            if let Some(address) = self.link_local_of(parent).filter(|_| plan.family == Family::Inet6)
                && let Err(error) = self.kernel.request(&vmac::link_local(index, address))
            {
                tracing::warn!("({}): no link-local address on {}: {error}", plan.name, wanted.name);
            }
        }
        self.kernel.load()?;
        Ok(())
    }

    fn link_local_of(&self, index: u32) -> Option<Ipv6Addr> {
        self.kernel.mirror.addresses_of(index).into_iter().find_map(|address| match address.address {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(v6),
            IpAddr::V6(_) | IpAddr::V4(_) => None,
        })
    }

    /// Makes vmacs anew that somebody deleted, or whose interface below has just come; the machines have been told
    /// that they are gone.
    pub(super) fn restore_vmacs(&mut self) {
        let missing: Vec<Name> = self
            .live
            .values()
            .filter_map(|live| {
                let vmac = live.plan.vmac.as_ref()?;
                let there = |name: &str| self.kernel.mirror.index_of(name).is_some();
                (!there(&vmac.name) && there(&live.plan.base_interface)).then(|| vmac.name.clone())
            })
            .collect();
        if missing.is_empty() {
            return;
        }
        if let Err(error) = self.make_vmacs() {
            tracing::error!("vmac: {error}");
        }
        self.open_sockets();
        for interface in missing {
            let link = self.link_state(&interface);
            self.event(Event::Link { interface, link });
        }
    }

    pub(super) fn open_sockets(&mut self) {
        // During a reload instances that vanish are still to say goodbye.
        let mut instances: Vec<_> = self.live.iter().map(|(id, live)| (*id, &live.plan)).collect();
        instances.sort_by_key(|(id, _)| *id);
        self.sockets.sync(instances.into_iter(), &self.kernel.mirror, &self.inbox);
    }

    pub(super) fn log_sockets(&self) {
        for line in self.sockets.lines() {
            tracing::debug!("{line}");
        }
    }
}
