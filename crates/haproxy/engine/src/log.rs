//! Where log lines go: datagrams to syslog servers and sockets, or descriptors. Sending never waits; what cannot be sent
//! is dropped and counted, as the original does.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::net::UdpSocket;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use haproxy_expr::cx::Date;
use haproxy_model::settings::{LogAddress, LogLineFormat, LogTarget};

/// Syslog levels (RFC 5424 §6.2.1).
pub mod level {
    /// System is unusable.
    pub const EMERG: u8 = 0;
    /// Action must be taken.
    pub const ALERT: u8 = 1;
    /// Error.
    pub const ERR: u8 = 3;
    /// Warning.
    pub const WARNING: u8 = 4;
    /// Normal but significant.
    pub const NOTICE: u8 = 5;
    /// Informational: traffic.
    pub const INFO: u8 = 6;
}

/// Sockets for log lines, opened at first use and shared by all threads.
#[derive(Debug, Default)]
pub struct LogOutput {
    sockets: Mutex<Sockets>,
    /// Lines that could not be sent.
    pub dropped: AtomicU64,
    /// Lines offered so far, for `sample`.
    offered: AtomicU64,
    events: Mutex<VecDeque<String>>,
}

#[derive(Debug, Default)]
struct Sockets {
    udp4: Option<UdpSocket>,
    udp6: Option<UdpSocket>,
    unix: HashMap<PathBuf, UnixDatagram>,
}

/// What stands around a message.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// When.
    pub date: Date,
    /// Syslog level.
    pub level: u8,
    /// `log-tag`, `haproxy` by default.
    pub tag: &'a [u8],
    /// `log-send-hostname`, or the host's name where the form has one.
    pub hostname: &'a [u8],
    /// Process id.
    pub pid: u32,
    /// Structured data (`log-format-sd`), for RFC 5424.
    pub structured: &'a [u8],
}

/// Lines kept of what rules report to `buf0`.
const EVENTS_MAX: usize = 4096;

impl LogOutput {
    /// What the converter `debug` reports: to a stream of the process, or to the events an operator can ask for.
    pub fn report(&self, destination: &[u8], line: &[u8]) {
        let written = match destination {
            b"stdout" => write_fd(1, line),
            b"stderr" => write_fd(2, line),
            _ => {
                let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                if events.len() >= EVENTS_MAX {
                    events.pop_front();
                }
                events.push_back(String::from_utf8_lossy(line).into_owned());
                Ok(())
            }
        };
        if written.is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The lines reported to `buf0`, oldest first.
    pub fn events(&self) -> Vec<String> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Sends one message to one target.
    pub fn send(&self, target: &LogTarget, envelope: &Envelope<'_>, message: &[u8]) {
        if envelope.level > target.level_max {
            return;
        }
        if let Some((ranges, round)) = &target.sample {
            let number =
                (self.offered.fetch_add(1, Ordering::Relaxed) % u64::from((*round).max(1))) as u32 + 1;
            if !ranges.iter().any(|(from, to)| (*from..=*to).contains(&number)) {
                return;
            }
        }
        let level = envelope.level.max(target.level_min);
        let mut line = Vec::with_capacity(message.len() + 96);
        header(&mut line, target, level, envelope);
        line.extend_from_slice(message);
        let is_descriptor =
            matches!(target.address, LogAddress::Stdout | LogAddress::Stderr | LogAddress::Fd(_));
        if line.len() > target.max_length && !is_descriptor {
            line.truncate(target.max_length);
        }
        line.push(b'\n');
        if self.emit(target, &line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn emit(&self, target: &LogTarget, line: &[u8]) -> std::io::Result<()> {
        match &target.address {
            LogAddress::Stdout => write_fd(1, line),
            LogAddress::Stderr => write_fd(2, line),
            LogAddress::Fd(fd) => write_fd(*fd, line),
            LogAddress::Udp(address) | LogAddress::Tcp(address) => {
                let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
                let socket = if address.is_ipv4() {
                    lazy_udp(&mut sockets.udp4, "0.0.0.0:0")?
                } else {
                    lazy_udp(&mut sockets.udp6, "[::]:0")?
                };
                socket.send_to(line, address).map(drop)
            }
            LogAddress::Unix(path) => {
                let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(socket) = sockets.unix.get(path) {
                    match socket.send(line) {
                        Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                            // the receiver was restarted: connect anew below
                            sockets.unix.remove(path);
                        }
                        other => return other.map(drop),
                    }
                }
                let socket = UnixDatagram::unbound()?;
                socket.set_nonblocking(true)?;
                socket.connect(path)?;
                let sent = socket.send(line);
                sockets.unix.insert(path.clone(), socket);
                sent.map(drop)
            }
        }
    }

    /// Connects to the unix targets now, so that they stay reachable after a chroot.
    pub fn open_early(&self, targets: &[LogTarget]) {
        for target in targets {
            if let LogAddress::Unix(path) = &target.address
                && let Ok(socket) = UnixDatagram::unbound()
                && socket.set_nonblocking(true).is_ok()
                && socket.connect(path).is_ok()
            {
                let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
                sockets.unix.insert(path.clone(), socket);
            }
        }
    }
}

fn lazy_udp<'a>(slot: &'a mut Option<UdpSocket>, local: &str) -> std::io::Result<&'a UdpSocket> {
    if slot.is_none() {
        let socket = UdpSocket::bind(local)?;
        socket.set_nonblocking(true)?;
        *slot = Some(socket);
    }
    slot.as_ref().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected))
}

fn write_fd(fd: i32, line: &[u8]) -> std::io::Result<()> {
    // SAFETY: the descriptor belongs to the process's environment and stays open; ManuallyDrop keeps it from being closed here.
    #[allow(unsafe_code)]
    let mut file = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) });
    file.write_all(line)
}

fn header(line: &mut Vec<u8>, target: &LogTarget, level: u8, envelope: &Envelope<'_>) {
    let priority = u32::from(target.facility) * 8 + u32::from(level);
    let pid = envelope.pid;
    let local = Local::of(envelope.date);
    // writing to a vector cannot fail
    let _ = match target.format {
        LogLineFormat::Raw => Ok(()),
        LogLineFormat::Priority => write!(line, "<{priority}>"),
        LogLineFormat::Short => write!(line, "<{level}>"),
        LogLineFormat::Timed => write!(line, "<{level}>{} ", local.iso()),
        LogLineFormat::Iso => write!(line, "{} ", local.iso()),
        LogLineFormat::Local => write!(line, "<{priority}>{} ", local.bsd()),
        LogLineFormat::Rfc3164 => write!(line, "<{priority}>{} ", local.bsd()).map(|()| {
            // the form must have a name here
            let host = if envelope.hostname.is_empty() { &b"localhost"[..] } else { envelope.hostname };
            line.extend_from_slice(host);
            line.push(b' ');
        }),
        LogLineFormat::Rfc5424 => write!(line, "<{priority}>1 {} ", local.rfc5424(envelope.date.micros)),
    };
    match target.format {
        LogLineFormat::Local if !envelope.hostname.is_empty() => {
            line.extend_from_slice(envelope.hostname);
            line.push(b' ');
            tag(line, envelope.tag, pid);
        }
        LogLineFormat::Local | LogLineFormat::Rfc3164 => tag(line, envelope.tag, pid),
        LogLineFormat::Rfc5424 => {
            let host = if envelope.hostname.is_empty() { b"-" } else { envelope.hostname };
            line.extend_from_slice(host);
            line.push(b' ');
            line.extend_from_slice(envelope.tag);
            let _ = write!(line, " {pid} - ");
            line.extend_from_slice(if envelope.structured.is_empty() { b"-" } else { envelope.structured });
            line.push(b' ');
        }
        _ => {}
    }
}

fn tag(line: &mut Vec<u8>, tag: &[u8], pid: u32) {
    line.extend_from_slice(tag);
    let _ = write!(line, "[{pid}]: ");
}

/// A date in the zone of the process.
struct Local(jiff::Zoned);

impl Local {
    fn of(date: Date) -> Self {
        let at = jiff::Timestamp::new(date.secs, date.micros as i32 * 1000).unwrap_or_default();
        Local(at.to_zoned(jiff::tz::TimeZone::system()))
    }

    /// `Nov 22 12:37:58`, day padded with a blank.
    fn bsd(&self) -> impl std::fmt::Display {
        self.0.strftime("%b %e %H:%M:%S")
    }

    fn iso(&self) -> impl std::fmt::Display {
        self.0.strftime("%Y-%m-%dT%H:%M:%S%:z")
    }

    fn rfc5424(&self, micros: u32) -> String {
        format!("{}.{micros:06}{}", self.0.strftime("%Y-%m-%dT%H:%M:%S"), self.0.strftime("%:z"))
    }
}
