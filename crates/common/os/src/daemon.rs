//! Forking and leaving the terminal.

use std::fs::{self, File};
use std::io;

use nix::unistd::{ForkResult, Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

/// Which side of a fork one is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The process that was there, with its child's pid.
    Parent(Pid),
    /// The new process.
    Child,
}

/// Splits the process in two.
///
/// Refused (`ErrorKind::Unsupported`) when the process has more than one thread: locks of the others would stay
/// locked for ever in the child.
#[allow(unsafe_code)]
pub fn fork() -> io::Result<Fork> {
    if fs::read_dir("/proc/self/task").map(Iterator::count).unwrap_or(1) > 1 {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "a process with threads cannot fork"));
    }
    // SAFETY: this is the only thread, so the child finds every lock free and may go on as any program.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Fork::Parent(child)),
        ForkResult::Child => Ok(Fork::Child),
    }
}

/// Goes to the background: the starting process ends with exit code 0, its child leads a session of its own in `/`
/// with standard input, output and error on /dev/null.
pub fn daemonise() -> io::Result<()> {
    if let Fork::Parent(_) = fork()? {
        // No destructors: files and sockets belong to the child now.
        exit_now(0);
    }
    setsid()?;
    chdir("/")?;
    silence(&null()?)
}

/// /dev/null, to be opened while it is in reach: before a chroot.
pub fn null() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/null")
}

/// Points standard input, output and error to what [`null`] gave.
pub fn silence(null: &File) -> io::Result<()> {
    dup2_stdin(null)?;
    dup2_stdout(null)?;
    dup2_stderr(null)?;
    Ok(())
}

/// Ends the process at once: no destructor, no exit handler. For the sides of a fork that own nothing.
#[allow(unsafe_code)]
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes any number and never returns.
    unsafe { libc::_exit(code) }
}
