//! When gratuitous ARPs and neighbour advertisements are sent. How fast is the router's business.

use common_base::time::Instant;

use super::Instance;
use crate::{
    command::{Command, Level, Log},
    config::Vip,
    out::Out,
    timers::Timer,
};

impl Instance {
    /// One block for all addresses: round robin, not address by address.
    pub(super) fn garp_block(&self, repeat: u32, out: &mut Out<'_>) {
        let vips: Vec<&Vip> = self.vips().collect();
        self.garp_for(&vips, repeat, out);
    }

    pub(super) fn garp_for(&self, vips: &[&Vip], repeat: u32, out: &mut Out<'_>) {
        for round in 0..repeat {
            for vip in vips {
                if round == 0 {
                    self.log_queueing(vip, out);
                }
                self.garp(vip, out);
            }
        }
    }

    fn log_queueing(&self, vip: &Vip, out: &mut Out<'_>) {
        let what = if vip.address.is_ipv4() { "gratuitous ARPs" } else { "Unsolicited Neighbour Adverts" };
        let text = format!(
            "({}) Sending/queueing {what} on {} for {}",
            self.config.name, vip.interface, vip.address
        );
        out.push(Command::Log(Log { level: Level::Info, detail: true, text }));
    }

    fn garp(&self, vip: &Vip, out: &mut Out<'_>) {
        out.push(Command::SendGarp {
            instance: self.id,
            interface: vip.interface.clone(),
            address: vip.address,
        });
    }

    pub(super) fn vips(&self) -> impl Iterator<Item = &Vip> {
        self.config.addresses.iter().chain(&self.config.excluded)
    }

    /// The timers of a new master.
    pub(super) fn arm_garp(&mut self, now: Instant) {
        let garp = &self.config.garp;
        let (master, refresh, extra) = (garp.master_delay, garp.refresh, garp.extra_interval);
        for (timer, length) in
            [(Timer::GarpSecond, master), (Timer::GarpRefresh, refresh), (Timer::GarpExtra, extra)]
        {
            if !length.is_zero() {
                self.timers.set(timer, now + length);
            }
        }
    }

    pub(super) fn garp_second(&self, out: &mut Out<'_>) {
        self.garp_block(self.config.garp.master_repeat, out);
    }

    /// After a lower master was heard: a block now and one later.
    pub(super) fn garp_rival(&mut self, out: &mut Out<'_>) {
        let (repeat, delay) = (self.config.garp.lower_prio_repeat, self.config.garp.lower_prio_delay);
        self.garp_block(repeat, out);
        if repeat > 0 && !delay.is_zero() {
            self.timers.set(Timer::GarpLower, out.now + delay);
        }
    }

    pub(super) fn garp_lower_second(&self, out: &mut Out<'_>) {
        self.garp_block(self.config.garp.lower_prio_repeat, out);
    }

    pub(super) fn garp_refresh(&mut self, out: &mut Out<'_>) {
        self.garp_block(self.config.garp.refresh_repeat, out);
        self.timers.set(Timer::GarpRefresh, out.now + self.config.garp.refresh);
    }

    /// One packet on each further interface, so that switches remember where its address is.
    pub(super) fn garp_extra(&mut self, out: &mut Out<'_>) {
        let mut done = Vec::new();
        for vip in self.vips() {
            let wanted = self.config.garp.extra_all || vip.on_vmac;
            if wanted && vip.interface != self.config.interface && !done.contains(&&vip.interface) {
                done.push(&vip.interface);
                self.garp(vip, out);
            }
        }
        self.timers.set(Timer::GarpExtra, out.now + self.config.garp.extra_interval);
    }

    /// Out of FAULT with unicast: tell where the own address is, so that the master can reach it at once.
    pub(super) fn garp_own_source(&self, out: &mut Out<'_>) {
        let Some(address) = self.source.filter(|_| self.config.unicast) else { return };
        let what = if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" };
        out.log(Level::Info, format!("{}: sending {what} for {address}", self.config.name));
        out.push(Command::SendGarp { instance: self.id, interface: self.config.interface.clone(), address });
    }
}
