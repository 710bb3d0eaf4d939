//! A running instance takes a new configuration over.

use super::{Instance, Phase};
use crate::{
    command::Command,
    config::{InstanceConfig, Object, Vip},
    out::{Out, Wait},
    timers::Timer,
};

impl Instance {
    /// Keeps state, timers and counters; as master, brings the difference of addresses, routes and rules about.
    /// What the trackers make of the new configuration comes separately.
    pub(crate) fn adopt(&mut self, config: InstanceConfig, out: &mut Out<'_>) {
        let old = std::mem::replace(&mut self.config, config.sane());
        self.adopt_priority();
        match self.phase {
            Phase::Master { .. } => {
                self.exchange_objects(&old, out);
                self.adopt_rhythm(&old, out);
            }
            Phase::Backup { .. } => {
                if old.version != self.config.version || old.advert_interval == self.master_interval {
                    self.master_interval = self.config.advert_interval;
                }
                let longer = old.advert_interval != self.config.advert_interval
                    || old.down_timer_adverts != self.config.down_timer_adverts;
                if longer && self.timers.at(Timer::MasterDown).is_some() {
                    self.wait(Wait::Full, out.now);
                }
            }
            Phase::Idle | Phase::Waiting | Phase::Fault => {
                self.master_interval = self.config.advert_interval;
            }
        }
    }

    /// Another configured priority is no news; a change of weights, which comes later, is.
    fn adopt_priority(&mut self) {
        let old = self.effective;
        self.effective = self.weighted_priority();
        if let Phase::Backup { .. } = self.phase {
            self.shift_master_down(old);
        }
    }

    /// An advert out of turn, before others have to wait for this router.
    pub(crate) fn advertise_out_of_turn(&mut self, out: &mut Out<'_>) {
        self.advertise_now(out);
    }

    fn adopt_rhythm(&mut self, old: &InstanceConfig, out: &mut Out<'_>) {
        self.master_interval = self.config.advert_interval;
        if old.advert_interval != self.config.advert_interval {
            self.timers.set(Timer::Advert, out.now + self.config.advert_interval);
        }
        let garp = &self.config.garp;
        let refresh = (old.garp.refresh != garp.refresh, Timer::GarpRefresh, garp.refresh);
        let extra = (old.garp.extra_interval != garp.extra_interval, Timer::GarpExtra, garp.extra_interval);
        for (changed, timer, interval) in [refresh, extra] {
            if changed && interval.is_zero() {
                self.timers.stop(timer);
            } else if changed {
                self.timers.set(timer, out.now + interval);
            }
        }
    }

    fn exchange_objects(&self, old: &InstanceConfig, out: &mut Out<'_>) {
        let new = &self.config;
        let instance = self.id;
        let rules = without(&old.rules, &new.rules);
        if !rules.is_empty() {
            out.push(Command::RemoveRules { instance, rules });
        }
        let routes = without(&old.routes, &new.routes);
        if !routes.is_empty() {
            out.push(Command::RemoveRoutes { instance, routes });
        }
        // an address may move between the two lists without leaving the interface
        let gone = without(&all(old), &all(new));
        for vip in &gone {
            let text =
                format!("ip address {}/{} dev {}, no longer exist", vip.address, vip.prefix, vip.interface);
            out.info(&new.name, &text);
        }
        if !gone.is_empty() {
            out.push(Command::RemoveAddresses { instance, addresses: gone });
        }
        self.exchange_firewall(old, out);
        let added = without(&all(new), &all(old));
        if !added.is_empty() {
            out.detail(&new.name, "setting VIPs.");
            out.push(Command::AddAddresses { instance, addresses: added.clone() });
        }
        let routes: Vec<Object> = without(&new.routes, &old.routes);
        if !routes.is_empty() {
            out.push(Command::AddRoutes { instance, routes });
        }
        let rules: Vec<Object> = without(&new.rules, &old.rules);
        if !rules.is_empty() {
            out.push(Command::AddRules { instance, rules });
        }
        let added: Vec<&Vip> = added.iter().collect();
        self.garp_for(&added, new.garp.master_repeat, out);
    }

    fn exchange_firewall(&self, old: &InstanceConfig, out: &mut Out<'_>) {
        let shut = |config: &InstanceConfig| {
            if config.drop_traffic && !config.is_owner() { all(config) } else { Vec::new() }
        };
        let (was, is) = (shut(old), shut(&self.config));
        let opened = without(&was, &is);
        if !opened.is_empty() {
            out.push(Command::FirewallOff { instance: self.id, addresses: opened });
        }
        let closed = without(&is, &was);
        if !closed.is_empty() {
            out.push(Command::FirewallOn { instance: self.id, addresses: closed });
        }
    }
}

fn all(config: &InstanceConfig) -> Vec<Vip> {
    config.addresses.iter().chain(&config.excluded).cloned().collect()
}

fn without<T: Clone + PartialEq>(these: &[T], those: &[T]) -> Vec<T> {
    these.iter().filter(|item| !those.contains(item)).cloned().collect()
}
