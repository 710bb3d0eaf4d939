//! Names and relations of processes.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::PathBuf;

use nix::sys::{prctl, signal::Signal};

/// Sets the kernel name (comm) of this thread; in the main thread that is the name `ps -C`, `pidof` and `killall`
/// look for. Cut to 15 bytes by the kernel.
pub fn set_name(name: &str) -> io::Result<()> {
    let name = CString::new(name).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(prctl::set_name(&name)?)
}

/// Asks the kernel for `signal` when the parent of this process dies.
pub fn die_with_parent(signal: Signal) -> io::Result<()> {
    Ok(prctl::set_pdeathsig(signal)?)
}

/// Makes this process the parent of orphaned grandchildren, so that it can reap them.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// The kernel name of a process.
pub fn comm(pid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(text.trim_end_matches('\n').to_owned())
}

/// The file a process runs; `None` for a kernel thread, a stranger we may not ask about, or a dead one.
pub fn executable(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The file this process runs.
pub fn executable_of_self() -> Option<PathBuf> {
    fs::read_link("/proc/self/exe").ok()
}

/// Whether a process has ended and waits to be reaped.
pub fn is_zombie(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name stands in brackets and may hold anything, so look behind the last bracket.
    stat.rsplit_once(')').is_some_and(|(_, tail)| tail.trim_start().starts_with('Z'))
}
