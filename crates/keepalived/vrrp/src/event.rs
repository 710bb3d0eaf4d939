//! What happens to a router.

use std::net::IpAddr;

use common_base::time::Micros;
use keepalived_wire::{advert::Advert, error::Rejected};

use crate::ids::{BfdId, FileId, InstanceId, Name, ProcessId, ScriptId};

/// Something that happened outside. Time is a separate argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process is set up: interfaces and source addresses are known. Comes once.
    Start,
    /// As `Start`, for a process that replaces one that died as master; see [`StartAs`]. Instances not named start
    /// afresh.
    StartAs(Vec<(InstanceId, StartAs)>),
    /// A packet that the codec accepted.
    Advert {
        /// For whom.
        instance: InstanceId,
        /// What it says.
        advert: Advert,
    },
    /// A packet that the codec refused.
    Rejected {
        /// For whom.
        instance: InstanceId,
        /// Why.
        rejected: Rejected,
    },
    /// An interface is usable (administratively up with carrier) or not. Repeats are harmless; an interface that
    /// was never mentioned counts as up.
    Link {
        /// Its name.
        interface: Name,
        /// How it is.
        link: Link,
    },
    /// The source address of an instance's adverts was found, changed or lost.
    Source {
        /// Whose.
        instance: InstanceId,
        /// `None` = the interface has no usable address.
        address: Option<IpAddr>,
    },
    /// Somebody else removed a virtual address, route or rule.
    Lost {
        /// Whose.
        instance: InstanceId,
        /// What.
        what: Lost,
    },
    /// A script ended.
    ScriptEnded {
        /// Which.
        script: ScriptId,
        /// How.
        outcome: Outcome,
    },
    /// A tracked file was read; a missing file is 0.
    FileValue {
        /// Which.
        file: FileId,
        /// The number in it.
        value: i64,
    },
    /// How many processes match now.
    ProcessCount {
        /// Which.
        process: ProcessId,
        /// Number of matching processes.
        count: u32,
    },
    /// A BFD session changed.
    Bfd {
        /// Which.
        bfd: BfdId,
        /// Whether it is Up.
        up: bool,
    },
    /// An operator takes a virtual router out of service, or back; a member of a sync group takes its group along.
    Maintenance {
        /// Which; `None` = all.
        instance: Option<InstanceId>,
        /// In or out.
        mode: Maintenance,
    },
    /// Gratuitous ARPs are asked for (DBus `SendGarp`); nothing happens unless master.
    SendGarp {
        /// Which.
        instance: InstanceId,
    },
    /// The process ends: leave everything in order.
    Stop,
}

/// State of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Up and running.
    Up,
    /// Down, or without carrier.
    Down,
    /// It does not exist (any more).
    Gone,
}

/// What others took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A virtual address.
    Address {
        /// The address.
        address: IpAddr,
        /// Where it was.
        interface: Name,
    },
    /// A route, by its spec.
    Route(Name),
    /// A rule, by its spec.
    Rule(Name),
}

/// How a check script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this exit status.
    Exited(i32),
    /// Killed by this signal.
    Signalled(i32),
    /// It could not be started.
    NotStarted,
}

/// An operator's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Hand over and stay backup.
    On,
    /// Take part in the election again.
    Off,
}

/// How an instance begins in a process that replaces a dead one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAs {
    /// As after any start.
    Fresh,
    /// The dead process was master and its last advert is this old: if that is less than one interval, the instance
    /// goes on as master at once.
    ResumeMaster {
        /// Age of the last advert.
        silent_for: Micros,
    },
}
