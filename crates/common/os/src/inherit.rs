//! Descriptors that cross an exec: handed down by number, taken up again by number.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// Whether a descriptor stays open in a program this process becomes or starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExec {
    /// It stays open.
    Keep,
    /// It is closed.
    Close,
}

/// Decides what an exec does to a descriptor.
pub fn on_exec(fd: impl AsFd, what: OnExec) -> io::Result<()> {
    let flags = match what {
        OnExec::Keep => FdFlag::empty(),
        OnExec::Close => FdFlag::FD_CLOEXEC,
    };
    fcntl(fd, FcntlArg::F_SETFD(flags))?;
    Ok(())
}

/// Takes up a descriptor that the starter of this process left open; from now on an exec closes it. Each number may be
/// taken once, by the part of the program it was meant for. A number that is not open is refused.
#[allow(unsafe_code)]
pub fn take(fd: RawFd) -> io::Result<OwnedFd> {
    if fd <= libc::STDERR_FILENO {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: only borrowed for the question whether it is open; the kernel answers EBADF when it is not.
    on_exec(unsafe { BorrowedFd::borrow_raw(fd) }, OnExec::Close)?;
    // SAFETY: it is open, came with the exec, and the caller is the only one who takes this number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
