//! The one timer of the loop, exact to the microsecond.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;

use common_base::time::Instant;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::sync::mpsc;

use super::input::Input;
use crate::inbox;

/// A timer that puts [`Input::Due`] into the inbox.
#[derive(Debug)]
pub struct Timer {
    fd: Rc<TimerFd>,
    set: Option<Instant>,
}

struct Source(Rc<TimerFd>);

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Timer {
    /// A timer that is not set.
    pub fn new(inbox: mpsc::Sender<Input>) -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let fd = Rc::new(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        inbox::watch(Source(Rc::clone(&fd)), inbox, |source| match source.0.wait() {
            Ok(()) => Ok(Some(Input::Due)),
            Err(Errno::EAGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        })?;
        Ok(Self { fd, set: None })
    }

    /// Sets the time it is due (microseconds of CLOCK_MONOTONIC), or stops it.
    pub fn set(&mut self, due: Option<Instant>) -> io::Result<()> {
        if due == self.set {
            return Ok(());
        }
        self.set = due;
        match due {
            None => self.fd.unset()?,
            Some(due) => {
                // Zero would stop it.
                let at = TimeSpec::from_duration(Duration::from_micros(due.0.max(1)));
                self.fd.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            }
        }
        Ok(())
    }

    /// It was due and has to be set anew.
    pub fn fired(&mut self) {
        self.set = None;
    }
}
