//! MASTER: advertising, and meeting others who do.

use common_base::time::Instant;
use keepalived_wire::advert::Advert;

use super::{Instance, Phase};
use crate::{
    command::{Command, Level, NotifyState},
    limiter::Complaint,
    out::{Out, Wait},
    state::Reason,
    timers::Timer,
};

/// Adverts of another owner after which this one stops insisting.
const RIVAL_OWNER_MAX: u8 = 3;

impl Instance {
    pub(super) fn master_hears(&mut self, advert: &Advert, out: &mut Out<'_>) {
        if !self.admit(advert, out) {
            return;
        }
        if advert.priority == 0 {
            out.detail(&self.config.name, "Master received priority 0 message");
            self.advertise_now(out);
            return;
        }
        self.stats.dual_master += 1;
        self.meet_owner(advert, out);
        // RFC 9568 §6.4.3: the higher address decides between equals
        let higher_address = self.source.is_some_and(|own| advert.source > own);
        if advert.priority > self.effective {
            let text = format!(
                "Master received advert from {} with higher priority {}, ours {}",
                advert.source, advert.priority, self.effective
            );
            self.yield_to(advert, &text, out);
        } else if advert.priority == self.effective && higher_address {
            let text = format!(
                "Master received advert from {} with same priority {} but higher IP address than ours",
                advert.source, advert.priority
            );
            self.yield_to(advert, &text, out);
        } else {
            self.insist(advert, out);
        }
    }

    fn yield_to(&mut self, advert: &Advert, text: &str, out: &mut Out<'_>) {
        out.info(&self.config.name, text);
        if self.config.higher_prio_send_advert {
            self.advertise(self.effective, out);
        }
        self.learn_interval(advert, out);
        let reason = Reason::HigherPriority { from: advert.source, priority: advert.priority };
        self.give_up(reason, Wait::Full, out);
        self.master = Some(super::MasterSeen { source: advert.source, priority: advert.priority });
    }

    /// A lower master is answered at once, and the network is told again where the addresses are.
    fn insist(&mut self, advert: &Advert, out: &mut Out<'_>) {
        self.compare_interval(advert, out);
        let text = format!(
            "Received advert from {} with lower priority {}, ours {}, forcing new election",
            advert.source, advert.priority, self.effective
        );
        out.info(&self.config.name, &text);
        if !self.config.lower_prio_no_advert {
            self.advertise_now(out);
        }
        self.garp_rival(out);
        out.rival_seen = true;
        self.notify(NotifyState::MasterRxLowerPri, out);
    }

    /// Two owners: a mistake that is told, and an owner that is not the better one stops insisting after a while.
    fn meet_owner(&mut self, advert: &Advert, out: &mut Out<'_>) {
        let Phase::Master { rival_owner } = &mut self.phase else { return };
        if advert.priority != 255 || !self.config.is_owner() {
            return;
        }
        *rival_owner = rival_owner.saturating_add(1);
        let persists = *rival_owner >= RIVAL_OWNER_MAX;
        if self.logged.first(Complaint::Owners) {
            out.log(
                Level::Error,
                format!(
                    "({}) CONFIGURATION ERROR: local instance and {} are both configured as address owner, please resolve",
                    self.config.name, advert.source
                ),
            );
        }
        if persists && self.effective == 255 {
            out.info(&self.config.name, "Reducing our priority to 254, the other address owner persists");
            self.effective = 254;
        }
    }

    pub(super) fn advert_due(&mut self, due: Instant, out: &mut Out<'_>) {
        if self.is_stalled(out.now.since(due), out) {
            self.give_up(Reason::Stalled, Wait::Full, out);
            return;
        }
        self.advertise(self.effective, out);
        // from the deadline, not from now: small delays must not add up. After a long one a new rhythm begins.
        let next = due + self.config.advert_interval;
        let next = if next > out.now { next } else { out.now + self.config.advert_interval };
        self.timers.set(Timer::Advert, next);
    }

    /// An advert out of turn; the rhythm begins anew.
    pub(super) fn advertise_now(&mut self, out: &mut Out<'_>) {
        self.advertise(self.effective, out);
        self.timers.set(Timer::Advert, out.now + self.config.advert_interval);
    }

    pub(super) fn advertise(&mut self, priority: u8, out: &mut Out<'_>) {
        self.stats.advert_sent += 1;
        if priority == 0 {
            self.stats.pri_zero_sent += 1;
        }
        out.push(Command::SendAdvert { instance: self.id, priority, interval: self.config.advert_interval });
    }
}
