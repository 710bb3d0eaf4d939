//! All instances, groups and trackers of one process behind one door.

use common_base::time::Instant;

use crate::{
    command::Command,
    config::RouterConfig,
    event::Event,
    ids::{BfdId, FileId, GroupId, InstanceId, ProcessId, ScriptId},
};

/// The machines of one process.
#[derive(Debug)]
pub struct Router {
    config: RouterConfig,
    ids: Ids,
}

/// The number of every configured thing, in the configuration's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Of `RouterConfig::instances`.
    pub instances: Vec<InstanceId>,
    /// Of `RouterConfig::groups`.
    pub groups: Vec<GroupId>,
    /// Of `RouterConfig::scripts`.
    pub scripts: Vec<ScriptId>,
    /// Of `RouterConfig::files`.
    pub files: Vec<FileId>,
    /// Of `RouterConfig::processes`.
    pub processes: Vec<ProcessId>,
    /// Of `RouterConfig::bfds`.
    pub bfds: Vec<BfdId>,
}

impl Router {
    /// A router at rest; `Event::Start` sets it going. Numbers are the positions in the configuration.
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        let range = |n: usize| 0..u32::try_from(n).unwrap_or(u32::MAX);
        let ids = Ids {
            instances: range(config.instances.len()).map(InstanceId).collect(),
            groups: range(config.groups.len()).map(GroupId).collect(),
            scripts: range(config.scripts.len()).map(ScriptId).collect(),
            files: range(config.files.len()).map(FileId).collect(),
            processes: range(config.processes.len()).map(ProcessId).collect(),
            bfds: range(config.bfds.len()).map(BfdId).collect(),
        };
        Self { config, ids }
    }

    /// The numbers of everything, in the order of the live configuration.
    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// The live configuration.
    #[must_use]
    pub fn config(&self) -> &RouterConfig {
        &self.config
    }

    /// Takes one event and appends what is to be done.
    pub fn handle(&mut self, now: Instant, event: Event, out: &mut Vec<Command>) {
        let _ = (now, event, out);
    }

    /// Lets everything happen that is due at `now`. Calling it early or twice is harmless.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Command>) {
        let _ = (now, out);
    }

    /// When `handle_timeout` is wanted next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Takes over a new configuration. Instances match by VRID, family, interface and unicast or multicast, not by
    /// name; what matches keeps its number, state and counters, and commands bring the difference about. Things that
    /// vanish are commanded away under their old numbers; read `ids` afterwards.
    pub fn reload(&mut self, now: Instant, config: RouterConfig, out: &mut Vec<Command>) {
        let _ = (now, out);
        *self = Self::new(config);
    }
}
