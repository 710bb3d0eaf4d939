//! From one state to another, each step in the original's order.

use super::{Begin, Delay, Instance, Phase, Standing};
use crate::{
    command::{Command, Level, Log, Notify, NotifyState, Subject},
    config::Wanted,
    event::Lost,
    out::{Moved, Out, Wait},
    state::{FaultCause, Reason, State},
    timers::Timer,
    timing,
};

impl Instance {
    /// The first step; the router has removed left-over addresses already.
    pub(super) fn begin(&mut self, begin: Begin, out: &mut Out<'_>) {
        self.phase = Phase::Waiting;
        if let Some(cause) = self.standing.causes.first().cloned() {
            self.fault(Reason::Fault(cause), out);
        } else if begin == Begin::Resume && !self.held {
            out.info(&self.config.name, "Resuming MASTER STATE");
            self.lead(Reason::Resumed, out);
        } else if self.standing.pending {
            // silent until the first results are there
        } else if self.leads_at_once() {
            // silently backup with no time to wait, so that a sync group is asked as always
            self.phase = Phase::Backup { delay: Delay::Idle, wants: false };
            if !self.deaf {
                self.timers.set(Timer::MasterDown, out.now);
            }
        } else {
            self.enter_backup(Reason::Start, Wait::Full, out);
        }
    }

    /// Nothing is heard and nobody is waited for until `listen`: `vrrp_startup_delay`.
    pub(crate) fn deafen(&mut self) {
        self.deaf = true;
    }

    /// The end of `vrrp_startup_delay`.
    pub(super) fn listen(&mut self, out: &mut Out<'_>) {
        let was = std::mem::replace(&mut self.deaf, false);
        if !was || self.state() != State::Backup {
            return;
        }
        if self.leads_at_once() {
            self.timers.set(Timer::MasterDown, out.now);
        } else {
            self.wait(Wait::Full, out.now);
        }
    }

    /// Only an owner that is told to start as master does.
    fn leads_at_once(&self) -> bool {
        self.config.is_owner() && self.config.initial == Wanted::Master && !self.held
    }

    /// Takes a new standing over and acts on what changed.
    pub(super) fn stand(&mut self, standing: Standing, out: &mut Out<'_>) {
        if self.phase != Phase::Idle {
            self.tell_files(&standing, out);
        }
        self.standing = standing;
        self.reprioritise(out);
        let cause = self.standing.causes.first().cloned();
        match (&self.phase, cause) {
            (Phase::Idle, _)
            | (Phase::Fault, Some(_))
            | (Phase::Backup { .. } | Phase::Master { .. }, None) => {}
            (Phase::Waiting | Phase::Backup { .. } | Phase::Master { .. }, Some(cause)) => {
                self.fault(Reason::Fault(cause), out);
            }
            (Phase::Fault, None) if self.standing.pending => {}
            (Phase::Fault, None) => {
                self.enter_backup(Reason::FaultCleared, Wait::Full, out);
                self.garp_own_source(out);
            }
            (Phase::Waiting, None) if self.standing.pending => {}
            (Phase::Waiting, None) => self.enter_backup(Reason::FaultCleared, Wait::Full, out),
        }
    }

    /// Files that begin or cease to be a cause are named.
    fn tell_files(&self, new: &Standing, out: &mut Out<'_>) {
        let old = &self.standing.causes;
        let begun = new.causes.difference(old).map(|cause| (cause, "now"));
        let ended = old.difference(&new.causes).map(|cause| (cause, "leaving"));
        for (cause, word) in begun.chain(ended) {
            if let FaultCause::File(file) = cause {
                let text = format!("({}): tracked file {file} {word} FAULT state", self.config.name);
                out.push(Command::Log(Log { level: Level::Info, detail: true, text }));
            }
        }
    }

    /// The effective priority from the standing: 1 to 254, and nothing changes an owner.
    fn reprioritise(&mut self, out: &mut Out<'_>) {
        if self.config.is_owner() {
            return;
        }
        let new = self.weighted_priority();
        let old = std::mem::replace(&mut self.effective, new);
        if new == old {
            return;
        }
        out.info(&self.config.name, &format!("Changing effective priority from {old} to {new}"));
        let notified = match self.phase {
            Phase::Backup { .. } => {
                self.shift_master_down(old);
                Some(NotifyState::BackupPriority)
            }
            Phase::Master { .. } => Some(NotifyState::MasterPriority),
            Phase::Idle | Phase::Waiting | Phase::Fault => None,
        };
        if let Some(state) = notified.filter(|_| self.config.notify_priority_changes) {
            self.push_notify(state, out);
        }
    }

    /// What the configured priority and all weights make: 1 to 254, or 255 for an owner.
    pub(super) fn weighted_priority(&self) -> u8 {
        if self.config.is_owner() {
            return 255;
        }
        u8::try_from(self.total_priority().clamp(1, 254)).unwrap_or(254)
    }

    /// A running master-down time moves by the difference of the skew times.
    pub(super) fn shift_master_down(&mut self, old: u8) {
        let Some(at) = self.timers.at(Timer::MasterDown) else { return };
        let skew = |priority| timing::skew(self.config.version, priority, self.master_interval);
        let moved = at + skew(self.effective) - skew(old);
        self.timers.set(Timer::MasterDown, moved);
    }

    /// BACKUP or INIT to MASTER.
    pub(super) fn lead(&mut self, reason: Reason, out: &mut Out<'_>) {
        let from = self.state();
        let name = self.config.name.clone();
        if self.config.is_owner() && self.effective != 255 {
            out.info(&name, "Restoring our priority to 255");
            self.effective = 255;
        }
        self.timers.clear();
        self.phase = Phase::Master { rival_owner: 0 };
        self.logged.clear();
        self.master = None;
        self.stats.become_master += 1;
        self.advertise_now(out);
        out.info(&name, "Entering MASTER STATE");
        let own = self.config.advert_interval;
        if self.master_interval != own {
            let (old, new) = (self.master_interval.as_millis(), own.as_millis());
            let text = format!("changing advert interval from {old}ms to locally configured {new}ms");
            out.info(&name, &text);
            self.master_interval = own;
        }
        self.set_objects(out);
        self.garp_block(self.config.garp.master_repeat, out);
        self.arm_garp(out.now);
        self.arrive(from, reason, Wait::Full, out);
    }

    /// MASTER to BACKUP.
    pub(super) fn give_up(&mut self, reason: Reason, wait: Wait, out: &mut Out<'_>) {
        let tells = match &reason {
            // the peers are to take over at once
            Reason::ObjectLost | Reason::Maintenance => true,
            Reason::Group(_) => wait == Wait::Skew || self.held,
            Reason::Start
            | Reason::Resumed
            | Reason::MasterDown
            | Reason::Owner
            | Reason::HigherPriority { .. }
            | Reason::Fault(_)
            | Reason::FaultCleared
            | Reason::Stalled
            | Reason::Stop
            | Reason::Deleted => false,
        };
        let suffix = if self.held { " (maintenance)" } else { "" };
        out.info(&self.config.name, &format!("Entering BACKUP STATE{suffix}"));
        self.release(tells, Told::Logged, out);
        self.become_backup(State::Master, reason, wait, out);
    }

    /// INIT or FAULT to BACKUP.
    fn enter_backup(&mut self, reason: Reason, wait: Wait, out: &mut Out<'_>) {
        let from = self.state();
        let suffix = if reason == Reason::Start { " (init)" } else { "" };
        out.info(&self.config.name, &format!("Entering BACKUP STATE{suffix}"));
        self.become_backup(from, reason, wait, out);
    }

    fn become_backup(&mut self, from: State, reason: Reason, wait: Wait, out: &mut Out<'_>) {
        self.timers.clear();
        self.logged.clear();
        self.master = None;
        self.phase = Phase::Backup { delay: Delay::Idle, wants: false };
        self.wait(wait, out.now);
        self.arrive(from, reason, wait, out);
    }

    /// Any state to FAULT.
    fn fault(&mut self, reason: Reason, out: &mut Out<'_>) {
        let from = self.state();
        // at the start the causes were told already, and the original's line is another one
        let text = if self.phase == Phase::Waiting { "entering FAULT state" } else { "Entering FAULT STATE" };
        out.info(&self.config.name, text);
        if from == State::Master {
            let follows = self.standing.causes.iter().any(|cause| matches!(cause, FaultCause::Group(_)));
            self.release(true, if follows { Told::Silent } else { Told::Logged }, out);
        }
        self.timers.clear();
        self.logged.clear();
        self.master = None;
        self.master_interval = self.config.advert_interval;
        self.phase = Phase::Fault;
        self.arrive(from, reason, Wait::Full, out);
    }

    /// A tracked address, route or rule is gone: give everything back, and let the best router take it after skew.
    pub(super) fn lose(&mut self, lost: &Lost, out: &mut Out<'_>) {
        let text = match lost {
            Lost::Address { address, interface } => {
                let tracked = self
                    .vips()
                    .any(|vip| vip.track && vip.address == *address && vip.interface == *interface);
                tracked.then(|| format!("Netlink reflector reports IP {address} removed from {interface}"))
            }
            Lost::Route(spec) => {
                let tracked = self.config.routes.iter().any(|route| route.track && route.spec == *spec);
                tracked.then(|| format!("({}) a virtual route was removed by others", self.config.name))
            }
            Lost::Rule(spec) => {
                let tracked = self.config.rules.iter().any(|rule| rule.track && rule.spec == *spec);
                tracked.then(|| format!("({}) a virtual rule was removed by others", self.config.name))
            }
        };
        if let Some(text) = text {
            out.push(Command::Log(Log { level: Level::Info, detail: true, text }));
            self.give_up(Reason::ObjectLost, Wait::Skew, out);
        }
    }

    /// The process ends, or the instance is no longer configured.
    pub(super) fn leave_master(&mut self, reason: Reason, out: &mut Out<'_>) {
        self.release(true, Told::Logged, out);
        self.rest(reason, out);
    }

    /// Back to where it was before the start. Scripts and mails are the router's to order.
    pub(super) fn rest(&mut self, reason: Reason, out: &mut Out<'_>) {
        let (begun, from) = (self.has_begun(), self.state());
        self.timers.clear();
        self.phase = Phase::Idle;
        if begun {
            self.last_transition = out.now;
            out.push(Command::Transition { instance: self.id, from, to: State::Init, reason });
        }
    }

    fn set_objects(&mut self, out: &mut Out<'_>) {
        let c = &self.config;
        let instance = self.id;
        if c.drop_traffic && !c.is_owner() {
            out.push(Command::FirewallOn { instance, addresses: self.vips().cloned().collect() });
        }
        if self.vips().next().is_some() {
            out.detail(&c.name, "setting VIPs.");
        }
        for addresses in [&c.addresses, &c.excluded] {
            if !addresses.is_empty() {
                out.push(Command::AddAddresses { instance, addresses: addresses.clone() });
            }
        }
        if !c.routes.is_empty() {
            out.detail(&c.name, "setting Virtual Routes");
            out.push(Command::AddRoutes { instance, routes: c.routes.clone() });
        }
        if !c.rules.is_empty() {
            out.detail(&c.name, "setting Virtual Rules");
            out.push(Command::AddRules { instance, rules: c.rules.clone() });
        }
        self.objects_set = true;
    }

    /// Gives everything back, the last advert first if there is to be one.
    fn release(&mut self, tell: bool, told: Told, out: &mut Out<'_>) {
        self.stats.release_master += 1;
        if tell {
            self.advertise(0, out);
            if told == Told::Logged {
                out.detail(&self.config.name, "sent 0 priority");
            }
        }
        self.remove_objects(out);
    }

    /// Removes rules, routes and addresses, whether they are there or not.
    pub(crate) fn remove_objects(&mut self, out: &mut Out<'_>) {
        let c = &self.config;
        let instance = self.id;
        if !c.rules.is_empty() {
            out.detail(&c.name, "removing Virtual Rules");
            out.push(Command::RemoveRules { instance, rules: c.rules.clone() });
        }
        if !c.routes.is_empty() {
            out.detail(&c.name, "removing Virtual Routes");
            out.push(Command::RemoveRoutes { instance, routes: c.routes.clone() });
        }
        if self.vips().next().is_some() {
            out.detail(&c.name, "removing VIPs.");
        }
        for addresses in [&c.addresses, &c.excluded] {
            if !addresses.is_empty() {
                out.push(Command::RemoveAddresses { instance, addresses: addresses.clone() });
            }
        }
        if c.drop_traffic && !c.is_owner() {
            out.push(Command::FirewallOff { instance, addresses: self.vips().cloned().collect() });
        }
        self.objects_set = false;
    }

    /// The last step of each transition: tell the world.
    fn arrive(&mut self, from: State, reason: Reason, wait: Wait, out: &mut Out<'_>) {
        let to = self.state();
        self.last_transition = out.now;
        let word = match to {
            State::Master => NotifyState::Master,
            State::Init | State::Backup => NotifyState::Backup,
            State::Fault => NotifyState::Fault,
        };
        self.notify(word, out);
        if !matches!(reason, Reason::Group(_)) {
            out.moved = Some(Moved { to, wait });
        }
        out.push(Command::Transition { instance: self.id, from, to, reason });
    }

    /// Scripts and FIFOs, and a mail if wanted.
    pub(crate) fn notify(&self, state: NotifyState, out: &mut Out<'_>) {
        self.push_notify(state, out);
        let mails = match state {
            NotifyState::Master | NotifyState::Backup | NotifyState::Fault | NotifyState::Stop => true,
            NotifyState::Deleted
            | NotifyState::MasterRxLowerPri
            | NotifyState::MasterPriority
            | NotifyState::BackupPriority => false,
        };
        if mails && self.config.smtp_alert {
            out.push(Command::SmtpAlert(self.notification(state)));
        }
    }

    fn push_notify(&self, state: NotifyState, out: &mut Out<'_>) {
        out.push(Command::Notify(self.notification(state)));
    }

    fn notification(&self, state: NotifyState) -> Notify {
        Notify {
            subject: Subject::Instance(self.id),
            name: self.config.name.clone(),
            state,
            priority: self.effective,
        }
    }
}

/// Whether the last advert is mentioned; members that only follow their group do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Logged,
    Silent,
}
