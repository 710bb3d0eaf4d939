//! `vrrp_track_process`: a quorum of processes that has to last before it counts.

use common_base::time::Instant;

use crate::{
    command::{Command, Level, Log},
    config::ProcessConfig,
    ids::ProcessId,
};

/// One tracked process name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessMachine {
    id: ProcessId,
    config: ProcessConfig,
    count: u32,
    quorum: bool,
    change: Option<Instant>,
    begun: bool,
}

impl ProcessMachine {
    pub(crate) fn new(id: ProcessId, config: ProcessConfig) -> Self {
        let quorum = config.holds(0);
        Self { id, config, count: 0, quorum, change: None, begun: false }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &ProcessConfig {
        &self.config
    }

    /// How many match.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether the quorum counts as reached.
    #[must_use]
    pub fn has_quorum(&self) -> bool {
        self.quorum
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.change
    }

    /// From now on changes have to last; what was counted before stands as it is.
    pub(crate) fn start(&mut self) {
        self.begun = true;
    }

    /// Takes a count; `true` if the quorum changed at once.
    pub(crate) fn counted(&mut self, now: Instant, count: u32, out: &mut Vec<Command>) -> bool {
        let risen = count > self.count;
        self.count = count;
        let holds = self.config.holds(count);
        if holds == self.quorum {
            self.change = None;
            return false;
        }
        if !self.begun {
            return self.settle(out);
        }
        let delay = if risen { self.config.fork_delay } else { self.config.terminate_delay };
        if delay.is_zero() {
            return self.settle(out);
        }
        self.change.get_or_insert(now + delay);
        false
    }

    /// What is due; `true` if the quorum changed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Command>) -> bool {
        self.change.is_some_and(|at| at <= now) && self.settle(out)
    }

    pub(crate) fn adopt(&mut self, config: ProcessConfig, out: &mut Vec<Command>) {
        self.config = config;
        if self.config.holds(self.count) != self.quorum {
            self.settle(out);
        }
    }

    fn settle(&mut self, out: &mut Vec<Command>) -> bool {
        self.change = None;
        self.quorum = !self.quorum;
        let word = if self.quorum { "gained" } else { "lost" };
        let text = format!("Quorum {word} for tracked process {}", self.config.name);
        out.push(Command::Log(Log { level: Level::Info, detail: false, text }));
        true
    }
}

impl ProcessConfig {
    fn holds(&self, count: u32) -> bool {
        (self.quorum..=self.quorum_max).contains(&count)
    }
}
