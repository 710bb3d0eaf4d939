//! Who waits for what time: one ordered set, so that the next deadline costs the same with one instance and with
//! a thousand.

use std::collections::{BTreeSet, HashMap};

use common_base::time::Instant;

/// Somebody who waits; among equals the order here is the order of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    /// `vrrp_startup_delay`.
    Startup,
    /// An interface whose state has to last.
    Links,
    /// A process quorum, by position.
    Process(usize),
    /// A check script, by position.
    Script(usize),
    /// An instance, by position.
    Instance(usize),
    /// Queued gratuitous ARPs.
    Garp,
}

/// Deadlines by owner and by time.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(Instant, Who)>,
    of: HashMap<Who, Instant>,
}

impl Deadlines {
    /// Sets or clears somebody's deadline.
    pub fn put(&mut self, who: Who, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.of.insert(who, at),
            None => self.of.remove(&who),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, who));
        }
        if let Some(at) = at {
            self.by_time.insert((at, who));
        }
    }

    /// Somebody's deadline.
    pub fn at(&self, who: Who) -> Option<Instant> {
        self.of.get(&who).copied()
    }

    /// The earliest of all.
    pub fn next(&self) -> Option<(Instant, Who)> {
        self.by_time.first().copied()
    }
}
