//! What a process of ours is to the others: alone, a master's worker, or the reader a master sends for a new
//! configuration. A master tells its children by an environment variable, so that their command lines stay those that
//! operators and scripts look for.

use std::collections::BTreeMap;
use std::os::fd::{OwnedFd, RawFd};

use common_os::inherit;

/// The variable. It names the parent too: whatever a worker starts inherits it and is not meant.
pub const VARIABLE: &str = "HAPROXY_MWORKER_ROLE";

/// What this process is.
#[derive(Debug, Default)]
pub enum Role {
    /// Not a master's child: a process of its own, or a master.
    #[default]
    Alone,
    /// Serves traffic under a master.
    Worker(Ties),
    /// Reads a new configuration with the master's rights and hands it to the worker.
    Reader(Ties),
}

/// What a child got from its master.
#[derive(Debug)]
pub struct Ties {
    /// The socket pair to the master (worker), or a conversation with the worker (reader).
    pub link: OwnedFd,
    /// Standard error once the start is over; until then the master reads it.
    pub stderr: OwnedFd,
    /// A conversation with the worker before, which has sockets to hand over.
    pub former: Option<OwnedFd>,
}

/// The text for a child's variable. The numbers are those of descriptors left open for it.
pub fn text(name: &str, link: RawFd, stderr: RawFd, former: Option<RawFd>) -> String {
    let former = former.map(|fd| format!(";former={fd}")).unwrap_or_default();
    format!("role={name};parent={};link={link};stderr={stderr}{former}", std::process::id())
}

/// A worker's name in [`text`].
pub const WORKER: &str = "worker";

/// A reader's name in [`text`].
pub const READER: &str = "reader";

impl Role {
    /// This process's role. To be asked once, before anything else opens descriptors.
    pub fn of_process() -> Role {
        std::env::var(VARIABLE).ok().and_then(|text| take(&text)).unwrap_or_default()
    }
}

fn take(text: &str) -> Option<Role> {
    let fields: BTreeMap<&str, &str> = text.split(';').filter_map(|field| field.split_once('=')).collect();
    if fields.get("parent")?.parse::<i32>().ok()? != nix::unistd::getppid().as_raw() {
        return None;
    }
    let fd = |name: &str| inherit::take(fields.get(name)?.parse().ok()?).ok();
    let ties = Ties { link: fd("link")?, stderr: fd("stderr")?, former: fd("former") };
    [(WORKER, Role::Worker as fn(Ties) -> Role), (READER, Role::Reader)]
        .into_iter()
        .find(|(name, _)| fields.get("role") == Some(name))
        .map(|(_, role)| role(ties))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_for_the_child_alone() {
        // this test's parent is not this process
        assert!(take(&text(WORKER, 900, 901, None)).is_none());
        let parent = nix::unistd::getppid();
        assert!(take(&format!("role=worker;parent={parent};link=900;stderr=901")).is_none(), "not open");
        assert!(take("").is_none() && take("role=worker;parent=x").is_none());
    }
}
