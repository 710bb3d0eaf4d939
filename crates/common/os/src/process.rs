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

/// Renames this process while it runs: its kernel name, and the name at the head of its arguments, which `pidof` looks
/// at. The other arguments stay, as far as there is room. To be called by the main thread.
pub fn rename(name: &str) -> io::Result<()> {
    set_name(name)?;
    let mut shown = name.as_bytes().to_vec();
    let arguments = fs::read("/proc/self/cmdline")?;
    if let Some(end) = arguments.iter().position(|b| *b == 0) {
        shown.extend_from_slice(&arguments[end..]);
    }
    write_arguments(&shown)
}

/// Writes over the arguments where the kernel shows them from.
#[allow(unsafe_code)]
fn write_arguments(text: &[u8]) -> io::Result<()> {
    let (start, end) = arguments_range()?;
    let room = end - start;
    let mut shown = vec![0u8; room];
    let length = text.len().min(room - 1);
    shown[..length].copy_from_slice(&text[..length]);
    // SAFETY: the kernel says that [start, end) holds this process's arguments, which are writable memory of its stack.
    // Nothing keeps references into them; who reads them again as C strings still finds the zero at the end.
    unsafe { std::ptr::copy_nonoverlapping(shown.as_ptr(), start as *mut u8, room) };
    Ok(())
}

/// Addresses where the arguments begin and end (fields 48 and 49 of /proc/PID/stat).
fn arguments_range() -> io::Result<(usize, usize)> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let field = |n: usize| {
        // fields are counted from 1, and the third stands behind the name in brackets
        let value = stat.rsplit_once(')')?.1.split_whitespace().nth(n - 3)?;
        value.parse::<usize>().ok()
    };
    match (field(48), field(49)) {
        (Some(start), Some(end)) if start != 0 && end > start => Ok((start, end)),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
