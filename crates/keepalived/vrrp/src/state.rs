//! States, and the words for why an instance is in one.

use std::{fmt, net::IpAddr};

use keepalived_wire::advert::Family;

use crate::ids::Name;

/// The state of an instance or group, with keepalived's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 0: not started, or waiting for first check results.
    Init = 0,
    /// 1.
    Backup = 1,
    /// 2.
    Master = 2,
    /// 3: at least one [`FaultCause`] holds.
    Fault = 3,
}

/// One reason for FAULT. An instance keeps a set of them and leaves FAULT when the set is empty, so that each is
/// counted and none is cleared by another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCause {
    /// The interface of the instance is down.
    InterfaceDown(Name),
    /// The interface of the instance does not exist.
    InterfaceGone(Name),
    /// A tracked interface is down.
    TrackedInterface(Name),
    /// The interface has no usable source address.
    NoAddress(Family),
    /// A script with weight 0 fails.
    Script(Name),
    /// A file with weight 0 is not zero, or value × weight is too low.
    File(Name),
    /// A process quorum with weight 0 is not reached.
    Process(Name),
    /// A BFD session with weight 0 is down.
    Bfd(Name),
    /// `unicast_fault_no_peer`.
    NoPeer,
    /// Another member of this sync group has a cause.
    Group(Name),
}

/// Why a transition happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The process started.
    Start,
    /// The process goes on where a dead one was.
    Resumed,
    /// No advert within the master-down time.
    MasterDown,
    /// An owner takes its addresses.
    Owner,
    /// Another router has a higher priority, or the same and a higher address.
    HigherPriority {
        /// Who.
        from: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// Causes for FAULT hold.
    Fault(FaultCause),
    /// The last cause for FAULT ended.
    FaultCleared,
    /// The sync group moved.
    Group(Name),
    /// A virtual address, route or rule was removed by others.
    ObjectLost,
    /// An operator took the router out of service.
    Maintenance,
    /// Timers fired too late to be trusted.
    Stalled,
    /// The process stops.
    Stop,
    /// The instance is no longer configured.
    Deleted,
}

impl State {
    /// The name in logs and dumps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
        }
    }
}

impl fmt::Display for FaultCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InterfaceDown(name) => write!(f, "interface {name} down"),
            Self::InterfaceGone(name) => write!(f, "interface {name} does not exist"),
            Self::TrackedInterface(name) => write!(f, "interface {name} down"),
            Self::NoAddress(Family::V4) => f.write_str("no IPv4 address for interface"),
            Self::NoAddress(Family::V6) => f.write_str("no IPv6 address for interface"),
            Self::Script(name) => write!(f, "script {name} failed"),
            Self::File(name) => write!(f, "tracked file {name}"),
            Self::Process(name) => write!(f, "tracked process {name} quorum not achieved"),
            Self::Bfd(name) => write!(f, "BFD instance {name} down"),
            Self::NoPeer => f.write_str("no unicast peer"),
            Self::Group(name) => write!(f, "sync group {name}"),
        }
    }
}
