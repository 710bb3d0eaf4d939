//! One virtual router.
//!
//! ```text
//!                      +---------------+
//!           +--------->|     INIT      |<-------------+   not started, or first check results are awaited
//!           |          +---------------+              |
//!           |            |     |     |                |
//!           |    owner   v     |     v   fault        |
//!     +---------------+        |        +---------------+
//!     |    MASTER     |------------------>    FAULT     |
//!     +---------------+        |        +---------------+
//!           |     ^            v            ^     |
//!           |     |    +---------------+    |     |
//!           +----------|    BACKUP     |----------+
//!                      +---------------+
//! ```
//!
//! RFC 3768 and RFC 9568 §6.4, with keepalived's FAULT. One `match` in [`Instance::handle`] has every state with
//! every input; what it calls is in the modules below.

mod adopt;
mod adverts;
mod backup;
mod garp;
mod master;
mod moves;
mod view;

use std::{collections::BTreeSet, net::IpAddr};

use common_base::time::{Instant, Micros};
use keepalived_wire::{advert::Advert, error::Rejected};

use crate::{
    config::InstanceConfig,
    event::{Lost, Maintenance},
    ids::{InstanceId, Name},
    limiter::Limiter,
    out::{Out, Wait},
    state::{FaultCause, Reason, State},
    stats::Stats,
    timers::{Timer, Timers},
};

/// A virtual router; see the module.
#[derive(Debug)]
pub struct Instance {
    id: InstanceId,
    config: InstanceConfig,
    phase: Phase,
    timers: Timers,
    standing: Standing,
    effective: u8,
    source: Option<IpAddr>,
    master_interval: Micros,
    master: Option<MasterSeen>,
    held: bool,
    deaf: bool,
    objects_set: bool,
    logged: Limiter,
    stats: Stats,
    last_transition: Instant,
}

/// A state with what is valid in it only.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Before `Begin`.
    Idle,
    /// Begun; results of scripts with weight 0 are awaited.
    Waiting,
    Backup {
        delay: Delay,
        /// The master-down time ended, but the sync group is not ready.
        wants: bool,
    },
    Master {
        /// Adverts of another owner heard while owner.
        rival_owner: u8,
    },
    Fault,
}

/// `preempt_delay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delay {
    Idle,
    Running,
    Over,
}

/// Who is heard as master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterSeen {
    /// Its address.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
}

/// What the trackers and the interface make of an instance. It is computed whole each time, so nothing can be
/// counted twice or forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Causes for FAULT.
    pub causes: BTreeSet<FaultCause>,
    /// A script with weight 0 has not run yet.
    pub pending: bool,
    /// Sum of all weights.
    pub weight: i32,
}

/// How an instance begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Fresh,
    Resume,
}

/// An event as an instance sees it.
#[derive(Debug)]
pub(crate) enum Input {
    Begin(Begin),
    /// `vrrp_startup_delay` is over.
    Listen,
    Advert(Advert),
    Rejected(Rejected),
    Standing(Standing),
    Lost(Lost),
    Timer(Timer, Instant),
    Sync(Sync),
    Hold(Maintenance),
    SendGarp,
    /// For good: the process stops, or the instance is no longer configured.
    Leave(Reason),
}

/// What the sync group tells a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Lead, too.
    Lead(Name),
    /// Give up, too.
    Yield(Name, Wait),
    /// Another member met a rival: repeat the gratuitous ARPs.
    Rival,
}

/// What an instance must know of its surroundings to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Member of none, or all other members are ready to lead.
    Ready,
    /// Another member is not.
    NotReady,
}

impl Instance {
    pub(crate) fn new(id: InstanceId, config: InstanceConfig) -> Self {
        let config = config.sane();
        Self {
            id,
            effective: config.priority,
            master_interval: config.advert_interval,
            config,
            phase: Phase::Idle,
            timers: Timers::default(),
            standing: Standing::default(),
            source: None,
            master: None,
            held: false,
            deaf: false,
            objects_set: false,
            logged: Limiter::default(),
            stats: Stats::default(),
            last_transition: Instant(0),
        }
    }

    /// Takes one input.
    pub(crate) fn handle(&mut self, input: Input, group: Group, out: &mut Out<'_>) {
        match (self.state(), input) {
            (State::Init, Input::Begin(begin)) => self.begin(begin, out),
            (State::Backup | State::Master | State::Fault, Input::Begin(_)) => {}

            (State::Init | State::Backup | State::Master | State::Fault, Input::Listen) => self.listen(out),

            // RFC 3768 §6.4.1: adverts are not minded before the start, nor in FAULT
            (State::Init | State::Fault, Input::Advert(_) | Input::Rejected(_)) => {}
            (State::Backup, Input::Advert(advert)) => self.backup_hears(&advert, out),
            (State::Master, Input::Advert(advert)) => self.master_hears(&advert, out),
            (State::Backup | State::Master, Input::Rejected(rejected)) => self.refuse(&rejected, out),

            (State::Init | State::Backup | State::Master | State::Fault, Input::Standing(standing)) => {
                self.stand(standing, out);
            }

            (State::Init | State::Backup | State::Fault, Input::Lost(_)) => {}
            (State::Master, Input::Lost(lost)) => self.lose(&lost, out),

            (State::Backup, Input::Timer(Timer::MasterDown, due)) => self.master_down(due, group, out),
            (State::Backup, Input::Timer(Timer::PreemptDelay, _)) => self.preempt_delay_over(),
            (State::Master, Input::Timer(Timer::Advert, due)) => self.advert_due(due, out),
            (State::Master, Input::Timer(Timer::GarpSecond, _)) => self.garp_second(out),
            (State::Master, Input::Timer(Timer::GarpLower, _)) => self.garp_lower_second(out),
            (State::Master, Input::Timer(Timer::GarpRefresh, _)) => self.garp_refresh(out),
            (State::Master, Input::Timer(Timer::GarpExtra, _)) => self.garp_extra(out),
            // timers stop with the state that set them
            (State::Init | State::Fault, Input::Timer(..))
            | (
                State::Backup,
                Input::Timer(
                    Timer::Advert
                    | Timer::GarpSecond
                    | Timer::GarpLower
                    | Timer::GarpRefresh
                    | Timer::GarpExtra,
                    _,
                ),
            )
            | (State::Master, Input::Timer(Timer::MasterDown | Timer::PreemptDelay, _)) => {}

            (State::Backup, Input::Sync(Sync::Lead(group))) => self.lead(Reason::Group(group), out),
            (State::Master, Input::Sync(Sync::Yield(group, wait))) => {
                self.give_up(Reason::Group(group), wait, out);
            }
            (State::Master, Input::Sync(Sync::Rival)) => self.garp_rival(out),
            (State::Init | State::Fault, Input::Sync(_))
            | (State::Backup, Input::Sync(Sync::Yield(..) | Sync::Rival))
            | (State::Master, Input::Sync(Sync::Lead(_))) => {}

            (State::Init | State::Fault, Input::Hold(mode)) => self.held = mode == Maintenance::On,
            (State::Backup, Input::Hold(mode)) => self.hold_backup(mode, out),
            (State::Master, Input::Hold(Maintenance::On)) => {
                self.held = true;
                self.give_up(Reason::Maintenance, Wait::Full, out);
            }
            (State::Master, Input::Hold(Maintenance::Off)) => self.held = false,

            (State::Master, Input::SendGarp) => self.garp_block(self.config.garp.master_repeat, out),
            (State::Init | State::Backup | State::Fault, Input::SendGarp) => {}

            (State::Master, Input::Leave(reason)) => self.leave_master(reason, out),
            (State::Init | State::Backup | State::Fault, Input::Leave(reason)) => self.rest(reason, out),
        }
    }

    /// Where the instance is.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle | Phase::Waiting => State::Init,
            Phase::Backup { .. } => State::Backup,
            Phase::Master { .. } => State::Master,
            Phase::Fault => State::Fault,
        }
    }
}
