//! BACKUP: listening, and waiting for a master to fall silent.

use common_base::time::Instant;
use keepalived_wire::advert::Advert;

use super::{Delay, Group, Instance, MasterSeen, Phase};
use crate::{
    event::Maintenance,
    out::{Out, Wait},
    state::Reason,
    timers::Timer,
    timing,
};

impl Instance {
    pub(super) fn backup_hears(&mut self, advert: &Advert, out: &mut Out<'_>) {
        if self.deaf || !self.admit(advert, out) {
            return;
        }
        if advert.priority == 0 {
            out.detail(&self.config.name, "Backup received priority 0 advertisement");
            self.wait(Wait::Skew, out.now);
        } else if advert.priority >= self.effective || !self.config.preempt || self.held {
            self.stop_preempt_delay(out);
            self.follow(advert, out);
        } else if self.may_preempt(out) {
            let text = format!(
                "received lower priority ({}) advert from {} - discarding",
                advert.priority, advert.source
            );
            out.info(&self.config.name, &text);
        } else {
            self.follow(advert, out);
        }
    }

    /// Accepts a master: its interval counts, and the master-down time begins anew.
    fn follow(&mut self, advert: &Advert, out: &mut Out<'_>) {
        if self.master.is_some_and(|master| master.source != advert.source) {
            self.logged.clear();
        }
        self.master = Some(MasterSeen { source: advert.source, priority: advert.priority });
        self.learn_interval(advert, out);
        if let Phase::Backup { wants, .. } = &mut self.phase {
            *wants = false;
        }
        self.wait(Wait::Full, out.now);
    }

    /// Whether a lower master may be let run out now. The first one starts `preempt_delay`; until that is over a
    /// lower master is followed like any other.
    fn may_preempt(&mut self, out: &mut Out<'_>) -> bool {
        let length = self.config.preempt_delay;
        let Phase::Backup { delay, .. } = &mut self.phase else { return false };
        match *delay {
            Delay::Over => true,
            Delay::Running => false,
            Delay::Idle if length.is_zero() => true,
            Delay::Idle => {
                *delay = Delay::Running;
                self.timers.set(Timer::PreemptDelay, out.now + length);
                out.detail(&self.config.name, &format!("start preempt delay ({length})"));
                false
            }
        }
    }

    fn stop_preempt_delay(&mut self, out: &mut Out<'_>) {
        let Phase::Backup { delay, .. } = &mut self.phase else { return };
        if *delay == Delay::Running {
            out.detail(&self.config.name, "stop preempt delay");
        }
        *delay = Delay::Idle;
        self.timers.stop(Timer::PreemptDelay);
    }

    pub(super) fn preempt_delay_over(&mut self) {
        if let Phase::Backup { delay, .. } = &mut self.phase {
            *delay = Delay::Over;
        }
    }

    /// Nobody was heard. In a sync group the last member whose time ends takes all along.
    pub(super) fn master_down(&mut self, due: Instant, group: Group, out: &mut Out<'_>) {
        if self.is_stalled(out.now.since(due), out) {
            self.wait(Wait::Full, out.now);
            return;
        }
        out.detail(&self.config.name, "Receive advertisement timeout");
        match group {
            Group::Ready if self.config.is_owner() => self.lead(Reason::Owner, out),
            Group::Ready => self.lead(Reason::MasterDown, out),
            Group::NotReady => {
                if let Phase::Backup { wants, .. } = &mut self.phase {
                    *wants = true;
                }
                self.wait(Wait::Full, out.now);
            }
        }
    }

    /// Starts the wait for a master; out of service, or while nothing is heard yet, there is none.
    pub(super) fn wait(&mut self, wait: Wait, now: Instant) {
        if self.held || self.deaf {
            self.timers.stop(Timer::MasterDown);
            return;
        }
        let length = match wait {
            Wait::Full => self.master_down_time(),
            Wait::Skew => timing::skew(self.config.version, self.effective, self.master_interval),
        };
        self.timers.set(Timer::MasterDown, now + length);
    }

    pub(super) fn hold_backup(&mut self, mode: Maintenance, out: &mut Out<'_>) {
        let was = self.held;
        self.held = mode == Maintenance::On;
        if self.held {
            self.timers.clear();
            self.phase = Phase::Backup { delay: Delay::Idle, wants: false };
        } else if was {
            self.wait(Wait::Full, out.now);
        }
    }
}
