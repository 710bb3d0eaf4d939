//! What a router wants done, in order.

use std::net::IpAddr;

use common_base::time::Micros;

use crate::{
    config::{Object, Vip},
    ids::{GroupId, InstanceId, Name, ScriptId},
    state::{Reason, State},
};

/// One thing to do. The order of a batch is the original's order and is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send one advertisement (to every peer with unicast).
    SendAdvert {
        /// Whose.
        instance: InstanceId,
        /// Priority to write; 0 = leaving.
        priority: u8,
        /// Interval to write.
        interval: Micros,
    },
    /// Set addresses; one that exists already is no error.
    AddAddresses {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        addresses: Vec<Vip>,
    },
    /// Remove addresses; one that does not exist is no error.
    RemoveAddresses {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        addresses: Vec<Vip>,
    },
    /// Set virtual routes.
    AddRoutes {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        routes: Vec<Object>,
    },
    /// Remove virtual routes.
    RemoveRoutes {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        routes: Vec<Object>,
    },
    /// Set virtual rules.
    AddRules {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        rules: Vec<Object>,
    },
    /// Remove virtual rules.
    RemoveRules {
        /// Whose.
        instance: InstanceId,
        /// Which, in order.
        rules: Vec<Object>,
    },
    /// Drop traffic to and from these addresses (`no_accept`).
    FirewallOn {
        /// Whose.
        instance: InstanceId,
        /// Which.
        addresses: Vec<Vip>,
    },
    /// Let traffic to these addresses through again.
    FirewallOff {
        /// Whose.
        instance: InstanceId,
        /// Which.
        addresses: Vec<Vip>,
    },
    /// Send one gratuitous ARP (IPv4) or unsolicited neighbour advertisement (IPv6). Interfaces without ARP are the
    /// executor's to skip.
    SendGarp {
        /// Whose.
        instance: InstanceId,
        /// On which interface.
        interface: Name,
        /// For which address.
        address: IpAddr,
    },
    /// Run notify scripts and write the FIFOs.
    Notify(Notify),
    /// Send a mail about a transition.
    SmtpAlert(Notify),
    /// A state changed, at last to INIT when it stops or vanishes; after everything it brought about. For DBus, SNMP, LVS synchronisation and watchers.
    Transition {
        /// Whose.
        instance: InstanceId,
        /// The state left.
        from: State,
        /// The state entered.
        to: State,
        /// Why.
        reason: Reason,
    },
    /// Start a check script.
    RunScript {
        /// Which.
        script: ScriptId,
    },
    /// Signal the process group of a check script that runs too long.
    SignalScript {
        /// Which.
        script: ScriptId,
        /// With what.
        signal: Signal,
    },
    /// Write a line to the log.
    Log(Log),
    /// Every instance has left; the process may end.
    Stopped,
}

/// A state change as scripts, FIFOs and mails tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Who.
    pub subject: Subject,
    /// The name of the instance or group.
    pub name: Name,
    /// The word.
    pub state: NotifyState,
    /// Effective priority; 0 for groups.
    pub priority: u8,
}

/// Whom a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `INSTANCE`.
    Instance(InstanceId),
    /// `GROUP`.
    Group(GroupId),
}

/// The third word of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotifyState {
    /// `MASTER`.
    Master,
    /// `BACKUP`.
    Backup,
    /// `FAULT`.
    Fault,
    /// `STOP`.
    Stop,
    /// `DELETED`.
    Deleted,
    /// `MASTER_RX_LOWER_PRI`.
    MasterRxLowerPri,
    /// `MASTER_PRIORITY`.
    MasterPriority,
    /// `BACKUP_PRIORITY`.
    BackupPriority,
}

/// A signal for a script's process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// A line of the log in the original's wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How important.
    pub level: Level,
    /// Whether it is a line of `--log-detail` only.
    pub detail: bool,
    /// The text, without time and identity.
    pub text: String,
}

/// Syslog's levels, as far as they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// LOG_ERR.
    Error,
    /// LOG_WARNING.
    Warning,
    /// LOG_NOTICE.
    Notice,
    /// LOG_INFO.
    Info,
}

impl NotifyState {
    /// The word as scripts and FIFOs get it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
            Self::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
            Self::MasterPriority => "MASTER_PRIORITY",
            Self::BackupPriority => "BACKUP_PRIORITY",
        }
    }
}

impl Subject {
    /// `INSTANCE` or `GROUP`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instance(_) => "INSTANCE",
            Self::Group(_) => "GROUP",
        }
    }
}
