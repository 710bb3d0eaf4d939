//! The local syslog daemon.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use crate::form::{Record, rfc3164};

/// Severities of RFC 3164.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 3.
    Error = 3,
    /// 4.
    Warning = 4,
    /// 5.
    Notice = 5,
    /// 6.
    Info = 6,
    /// 7.
    Debug = 7,
}

/// A syslog facility, 0 to 23.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// `user`.
    pub const USER: Self = Self(1);
    /// `daemon`.
    pub const DAEMON: Self = Self(3);

    /// `local0` to `local7`.
    pub fn local(n: u8) -> Option<Self> {
        (n < 8).then(|| Self(16 + n))
    }
}

/// The datagram socket to /dev/log. Sending never blocks: a log daemon that does not read loses lines, it does not
/// stop the service.
#[derive(Debug)]
pub(crate) struct Syslog {
    path: PathBuf,
    facility: Facility,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(crate) fn new(path: PathBuf, facility: Facility) -> Self {
        Self { path, facility, socket: None }
    }

    /// Sends one record; after an error the socket is made anew, once, because the log daemon may have restarted.
    pub(crate) fn send(&mut self, record: &Record<'_>) {
        let line = rfc3164(record, self.facility.0 * 8 + record.severity as u8);
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = self.connect();
            }
            let Some(socket) = &self.socket else { return };
            match socket.send(line.as_bytes()) {
                Ok(_) => return,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => self.socket = None,
            }
        }
    }

    fn connect(&self) -> Option<UnixDatagram> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        socket.connect(&self.path).ok()?;
        Some(socket)
    }
}
