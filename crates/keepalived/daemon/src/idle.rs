//! The check and bfd processes of this version.
//!
//! They exist, so that pidfiles, process lists and signals are as in the original, and do nothing yet: LVS and BFD
//! are not part of this version, which the start says once for each.

use common_os::signals::SignalQueue;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

/// Waits for SIGTERM or SIGINT; other signals of the parent are taken and change nothing.
pub fn run() -> std::io::Result<()> {
    let queue = SignalQueue::new(&super::vrrp::signals())?;
    loop {
        let mut fds = [PollFd::new(queue.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        while let Some(arrived) = queue.next()? {
            if matches!(arrived.signal, libc::SIGTERM | libc::SIGINT) {
                return Ok(());
            }
        }
    }
}
