//! What every accepted or refused packet does, whatever the election makes of it.

use common_base::time::Micros;
use keepalived_wire::{
    advert::{Advert, Version},
    error::Rejected,
};

use super::Instance;
use crate::{command::Level, limiter::Complaint, out::Out};

impl Instance {
    /// Counts a refused packet, and logs it once per period.
    pub(super) fn refuse(&mut self, rejected: &Rejected, out: &mut Out<'_>) {
        if let Some(counter) = rejected.error.counter() {
            self.stats.bump(counter);
        }
        if self.logged.first(Complaint::Rejected(std::mem::discriminant(&rejected.error))) {
            out.info(&self.config.name, &rejected.to_string());
        }
    }

    /// Counts an advert and looks at what does not matter to the election; `false` if it is not to be used at all.
    pub(super) fn admit(&mut self, advert: &Advert, out: &mut Out<'_>) -> bool {
        if self.config.is_owner() && self.config.owner_ignore_adverts {
            return false;
        }
        self.stats.advert_rcvd += 1;
        if advert.priority == 0 {
            self.stats.pri_zero_rcvd += 1;
        }
        self.compare_addresses(advert, out);
        true
    }

    /// Another list is counted and told; the advert is used all the same.
    fn compare_addresses(&mut self, advert: &Advert, out: &mut Out<'_>) {
        let same_master = self.master.is_some_and(|master| master.source == advert.source);
        if self.config.skip_check_adv_addr && same_master {
            return;
        }
        let mine = &self.config.addresses;
        let missing = mine.iter().find(|vip| !advert.addresses.contains(&vip.address));
        if missing.is_none() && advert.addresses.len() == mine.len() {
            return;
        }
        self.stats.addr_list_err += 1;
        if !self.logged.first(Complaint::Addresses) {
            return;
        }
        let text = match missing {
            Some(vip) => format!(
                "ip address associated with VRID {} not present in MASTER advert: {}",
                self.config.vrid, vip.address
            ),
            None => format!(
                "received an unexpected ip number count {}, expected {}!",
                advert.addresses.len(),
                mine.len()
            ),
        };
        out.log(Level::Info, format!("({}) {text}", self.config.name));
    }

    /// Takes over a master's interval (RFC 9568 §6.4.2). An interval of zero cannot be meant.
    pub(super) fn learn_interval(&mut self, advert: &Advert, out: &mut Out<'_>) {
        if self.config.version == Version::V2 || advert.interval.is_zero() {
            self.master_interval = self.config.advert_interval;
            return;
        }
        if advert.interval != self.master_interval {
            let (old, new) = (self.master_interval.as_millis(), advert.interval.as_millis());
            let text = format!("advertisement interval updated from {old}ms to {new}ms by master");
            out.info(&self.config.name, &text);
            self.master_interval = advert.interval;
        }
    }

    /// A master keeps its own interval and only tells that another one differs.
    pub(super) fn compare_interval(&mut self, advert: &Advert, out: &mut Out<'_>) {
        let own = self.config.advert_interval;
        if self.config.version == Version::V3
            && advert.interval != own
            && self.logged.first(Complaint::Interval)
        {
            let text = format!(
                "advertisement interval mismatch ours = {} centi-sec rcv'd={} centi-sec",
                own.as_centis(),
                advert.interval.as_centis()
            );
            out.info(&self.config.name, &text);
        }
    }

    /// Whether a timer fired so late that adverts may wait unread behind it (`timer_expired_backup`).
    pub(super) fn is_stalled(&mut self, late: Micros, out: &mut Out<'_>) -> bool {
        let limit = self.config.timer_expired_backup;
        if limit.is_zero() || late <= limit {
            return false;
        }
        self.stats.stalled += 1;
        out.log(Level::Warning, format!("({}) A thread timer expired {late} seconds ago", self.config.name));
        true
    }
}
