//! What others may see of an instance: dumps, metrics, the router.

use std::{collections::BTreeSet, net::IpAddr};

use common_base::time::{Instant, Micros};

use super::{Group, Instance, MasterSeen, Phase};
use crate::{
    config::{InstanceConfig, Wanted},
    ids::InstanceId,
    state::{FaultCause, State},
    stats::Stats,
    timers::{Timer, Timers},
    timing,
};

impl Instance {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> InstanceId {
        self.id
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &InstanceConfig {
        &self.config
    }

    /// The priority it advertises.
    #[must_use]
    pub fn effective_priority(&self) -> u8 {
        self.effective
    }

    /// Configured priority and weights before the limits.
    #[must_use]
    pub fn total_priority(&self) -> i32 {
        i32::from(self.config.priority) + self.standing.weight
    }

    /// The state it strives for: what is configured before the start, the state it is in afterwards.
    #[must_use]
    pub fn wanted(&self) -> State {
        match (self.state(), self.config.initial) {
            (State::Init, Wanted::Master) => State::Master,
            (State::Init, Wanted::Backup) => State::Backup,
            (State::Backup | State::Master | State::Fault, _) => self.state(),
        }
    }

    /// When it entered its state.
    #[must_use]
    pub fn last_transition(&self) -> Instant {
        self.last_transition
    }

    /// Causes for FAULT, in a fixed order.
    #[must_use]
    pub fn fault_causes(&self) -> &BTreeSet<FaultCause> {
        &self.standing.causes
    }

    /// Whether an operator took it out of service.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether its addresses, routes and rules are in the kernel.
    #[must_use]
    pub fn objects_set(&self) -> bool {
        self.objects_set
    }

    /// Backup: whom it hears.
    #[must_use]
    pub fn master(&self) -> Option<MasterSeen> {
        self.master
    }

    /// The interval of the master it hears; its own as master.
    #[must_use]
    pub fn master_interval(&self) -> Micros {
        self.master_interval
    }

    /// The present master-down time.
    #[must_use]
    pub fn master_down_time(&self) -> Micros {
        let c = &self.config;
        timing::master_down(c.version, self.effective, self.master_interval, c.down_timer_adverts)
    }

    /// When a timer ends, if it runs.
    #[must_use]
    pub fn timer(&self, timer: Timer) -> Option<Instant> {
        self.timers.at(timer)
    }

    /// Source address of its adverts, if known.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    pub(crate) fn stats_mut(&mut self) -> &mut Stats {
        &mut self.stats
    }

    pub(crate) fn timers_mut(&mut self) -> &mut Timers {
        &mut self.timers
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(crate) fn set_source(&mut self, source: Option<IpAddr>) {
        self.source = source;
    }

    /// Whether it leads or would, for its sync group.
    pub(crate) fn ready_for(&self) -> Group {
        match self.phase {
            Phase::Master { .. } | Phase::Backup { wants: true, .. } => Group::Ready,
            Phase::Idle | Phase::Waiting | Phase::Backup { wants: false, .. } | Phase::Fault => {
                Group::NotReady
            }
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.phase != Phase::Idle
    }
}
