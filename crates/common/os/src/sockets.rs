//! Socket options the usual crates do not name.

use std::io;
use std::mem::size_of_val;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sets a socket option that is one number.
#[allow(unsafe_code)]
pub fn set_number(socket: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    let length = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the kernel reads `length` bytes of `value`, which lives through the call.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Stops a TCP socket from listening without letting go of its address: others may bind it, `listen` takes it up again.
/// What waits in its accept queue is reset.
#[allow(unsafe_code)]
pub fn stop_listening(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: plain numbers, checked by the kernel.
    let result = unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RD) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
