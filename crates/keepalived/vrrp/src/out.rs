//! Where an instance leaves its commands, and what the router has to know beside them.

use common_base::time::Instant;

use crate::{
    command::{Command, Level, Log},
    ids::Name,
    state::State,
};

/// The outlet of one event.
#[derive(Debug)]
pub(crate) struct Out<'a> {
    /// When the event happened.
    pub now: Instant,
    /// Commands in order.
    pub commands: &'a mut Vec<Command>,
    /// A transition that the sync group has to follow.
    pub moved: Option<Moved>,
    /// A master saw a lower-priority advert: the group's other members repeat their gratuitous ARPs, too.
    pub rival_seen: bool,
}

/// A transition that concerns the other members of a sync group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub to: State,
    /// How soon the others may come back.
    pub wait: Wait,
}

/// How long a former master waits before it may lead again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The master-down time.
    Full,
    /// The skew time: it gave up for a local reason, and the best router should have it back.
    Skew,
}

impl<'a> Out<'a> {
    pub fn new(now: Instant, commands: &'a mut Vec<Command>) -> Self {
        Self { now, commands, moved: None, rival_seen: false }
    }

    pub fn push(&mut self, command: Command) {
        self.commands.push(command);
    }

    pub fn log(&mut self, level: Level, text: String) {
        self.push(Command::Log(Log { level, detail: false, text }));
    }

    /// A line about an instance: `(VI_1) text`.
    pub fn info(&mut self, name: &Name, text: &str) {
        self.log(Level::Info, format!("({name}) {text}"));
    }

    /// A line of `--log-detail` about an instance.
    pub fn detail(&mut self, name: &Name, text: &str) {
        self.push(Command::Log(Log { level: Level::Info, detail: true, text: format!("({name}) {text}") }));
    }
}
