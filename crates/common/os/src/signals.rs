//! Signals as numbers, real-time ones included, read from a descriptor.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The number of SIGRTMIN + `n` (the C library keeps the first few for itself).
pub fn rtmin(n: i32) -> i32 {
    libc::SIGRTMIN() + n
}

/// The number of SIGRTMAX - `n`.
pub fn rtmax(n: i32) -> i32 {
    libc::SIGRTMAX() - n
}

/// A set of signals that are blocked for this thread and arrive on a descriptor instead. Dropping it unblocks them.
#[derive(Debug)]
pub struct SignalQueue {
    fd: OwnedFd,
    set: libc::sigset_t,
}

/// One signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub signal: i32,
    /// The process that sent it; 0 is the kernel.
    pub sender: i32,
}

impl SignalQueue {
    /// Blocks `signals` and opens a non-blocking, close-on-exec descriptor for them.
    #[allow(unsafe_code)]
    pub fn new(signals: &[i32]) -> io::Result<Self> {
        let set = set_of(signals)?;
        change_mask(libc::SIG_BLOCK, &set)?;
        // SAFETY: `set` is initialised; the returned descriptor is checked and owned by nobody else.
        let fd = unsafe {
            let fd = libc::signalfd(-1, &set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self { fd, set })
    }

    /// The next signal, if one is waiting.
    #[allow(unsafe_code)]
    pub fn next(&self) -> io::Result<Option<Arrived>> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes at most `size` bytes, which is the size of `info`.
        let read = unsafe { libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        if read < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(None) } else { Err(error) };
        }
        if usize::try_from(read) != Ok(size) {
            return Ok(None);
        }
        // SAFETY: zeroed and then filled whole by the kernel; every bit pattern is a valid value.
        let info = unsafe { info.assume_init() };
        let number = |n: u32| i32::try_from(n).unwrap_or(0);
        Ok(Some(Arrived { signal: number(info.ssi_signo), sender: number(info.ssi_pid) }))
    }
}

impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for SignalQueue {
    fn drop(&mut self) {
        let _ = change_mask(libc::SIG_UNBLOCK, &self.set);
    }
}

/// Blocks `signals` for this thread until [`unblock`]: nothing is lost between a fork and the child's own handlers.
pub fn block(signals: &[i32]) -> io::Result<()> {
    change_mask(libc::SIG_BLOCK, &set_of(signals)?)
}

/// Lets `signals` through again.
pub fn unblock(signals: &[i32]) -> io::Result<()> {
    change_mask(libc::SIG_UNBLOCK, &set_of(signals)?)
}

/// Sends any signal, real-time ones included, to one process; a process that has ended is no mistake.
#[allow(unsafe_code)]
pub fn send(pid: i32, signal: i32) {
    if pid > 1 {
        // SAFETY: plain numbers, checked by the kernel.
        unsafe { libc::kill(pid, signal) };
    }
}

/// The system's words for a signal, such as `Terminated`.
#[allow(unsafe_code)]
pub fn describe(signal: i32) -> String {
    // SAFETY: strsignal returns a string that lives until this thread asks again; it is copied at once.
    let text = unsafe {
        let text = libc::strsignal(signal);
        if text.is_null() {
            return format!("Unknown signal {signal}");
        }
        std::ffi::CStr::from_ptr(text)
    };
    text.to_string_lossy().into_owned()
}

/// Ignores a signal from now on; children inherit that unless they are started with the default again.
#[allow(unsafe_code)]
pub fn ignore(signal: i32) -> io::Result<()> {
    // SAFETY: SIG_IGN runs no code of ours.
    if unsafe { libc::signal(signal, libc::SIG_IGN) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Gives every signal its default effect and an empty mask. Calls nothing but async-signal-safe functions, so it may
/// run between fork and exec.
#[allow(unsafe_code)]
pub fn reset_all() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: SIG_DFL runs no code of ours; numbers that cannot be changed are refused by the kernel.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is read.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

#[allow(unsafe_code)]
fn set_of(signals: &[i32]) -> io::Result<libc::sigset_t> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the whole set; sigaddset checks the number.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            if libc::sigaddset(set.as_mut_ptr(), *signal) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(set.assume_init())
    }
}

#[allow(unsafe_code)]
fn change_mask(how: i32, set: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: `set` is an initialised set; the old mask is not asked for.
    match unsafe { libc::pthread_sigmask(how, set, std::ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_signals_arrive() {
        let queue = SignalQueue::new(&[rtmin(2)]).unwrap();
        assert_eq!(queue.next().unwrap(), None);
        let me = nix::unistd::gettid();
        #[allow(unsafe_code)]
        // SAFETY: signals this very thread, which has the signal blocked.
        unsafe {
            libc::syscall(libc::SYS_tgkill, std::process::id(), me.as_raw(), rtmin(2));
        }
        assert_eq!(queue.next().unwrap().unwrap().signal, rtmin(2));
        assert_eq!(rtmin(2), 36);
        assert_eq!(rtmax(1), 63);
    }
}
