//! What others may see of a router: dumps, metrics, the daemon's own tables.

use super::{Ids, Router};
use crate::{
    config::{GroupConfig, RouterConfig},
    ids::{GroupId, InstanceId},
    instance::Instance,
    process::ProcessMachine,
    script::ScriptMachine,
    state::State,
    stats::Stats,
};

/// A sync group as seen from outside.
#[derive(Clone, Copy, Debug)]
pub struct GroupView<'a> {
    /// Its number.
    pub id: GroupId,
    /// Its configuration.
    pub config: &'a GroupConfig,
    /// The state it told last; INIT before the first.
    pub state: State,
}

impl Router {
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

    /// All instances in the configuration's order.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().map(|member| &member.instance)
    }

    /// One instance.
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.by_id.get(&id).map(|&index| &self.instances[index].instance)
    }

    /// All sync groups in the configuration's order.
    pub fn groups(&self) -> impl Iterator<Item = GroupView<'_>> {
        self.groups.iter().map(|group| GroupView { id: group.id, config: &group.config, state: group.state })
    }

    /// All check scripts in the configuration's order.
    #[must_use]
    pub fn scripts(&self) -> &[ScriptMachine] {
        &self.scripts
    }

    /// All tracked processes in the configuration's order.
    #[must_use]
    pub fn processes(&self) -> &[ProcessMachine] {
        &self.processes
    }

    /// The value last read of each tracked file, in the configuration's order.
    #[must_use]
    pub fn file_values(&self) -> &[i64] {
        &self.files
    }

    /// Whether each tracked BFD session is up, in the configuration's order.
    #[must_use]
    pub fn bfds_up(&self) -> &[bool] {
        &self.bfds
    }

    /// Sets all counters back to zero.
    pub fn clear_stats(&mut self) {
        for member in &mut self.instances {
            *member.instance.stats_mut() = Stats::default();
        }
    }
}
