//! Named network namespaces, as `ip netns` makes them, and a private view of a directory.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};

/// Opens the namespace NAME of `ip netns`.
pub fn open(name: &str) -> io::Result<File> {
    if name.is_empty() || name.contains('/') || name == "." || name == ".." {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    File::open(Path::new("/run/netns").join(name))
}

/// Opens this process's own network namespace, to come back to.
pub fn open_current() -> io::Result<File> {
    File::open("/proc/self/ns/net")
}

/// Moves this thread (and the children it makes) into a namespace.
pub fn enter(namespace: &File) -> io::Result<()> {
    Ok(setns(namespace, CloneFlags::CLONE_NEWNET)?)
}

/// Puts `own` in the place of `directory` for this process and its children only, so that daemons of several
/// namespaces do not meet in one directory. Others find the files under `own`.
pub fn privatise(directory: &Path, own: &Path) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)?;
    Ok(mount(Some(own), directory, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Runs `work` on this thread inside the namespace NAME of `ip netns`, and comes back.
pub fn within<T>(name: &str, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let there = open(name)?;
    let here = open_current()?;
    enter(&there)?;
    let done = work();
    // a thread left in a foreign namespace would bind everything else there: that must not go on unseen
    enter(&here)?;
    done
}
