//! The router as the trackers' world.

use super::Router;
use crate::{event::Link, ids::Name, script::Verdict, tracking::World};

impl World for Router {
    fn link(&self, interface: &Name) -> Link {
        self.links.state(interface)
    }

    fn script(&self, name: &Name) -> Option<bool> {
        let script = self.scripts.iter().find(|script| script.config().name == *name)?;
        match script.verdict() {
            Verdict::Unknown => None,
            Verdict::Good => Some(true),
            Verdict::Bad => Some(false),
        }
    }

    fn file(&self, name: &Name) -> i64 {
        let index = self.config.files.iter().position(|file| file.name == *name);
        index.map_or(0, |index| self.files[index])
    }

    fn process(&self, name: &Name) -> bool {
        self.processes.iter().any(|process| process.config().name == *name && process.has_quorum())
    }

    fn bfd(&self, name: &Name) -> bool {
        let index = self.config.bfds.iter().position(|bfd| bfd.name == *name);
        index.is_some_and(|index| self.bfds[index])
    }
}
