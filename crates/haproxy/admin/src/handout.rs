//! Listening sockets on their way from one process to another (`_getsocks`, `expose-fd listeners`), in the form the
//! original uses over a unix socket, so that either side may be the original.
//!
//! The taker sends a command line. The giver answers with the number of sockets (a 32-bit integer of the machine), then
//! with messages of up to [`BATCH`] descriptors and a record for each: length and name of the network namespace, length
//! and name of the interface, and 32 bits of options that are zero. The taker acknowledges each message by 4 bytes.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common_os::fdpass;
use haproxy_engine::listen::final_name;
use haproxy_model::settings::{BindAddress, BindSettings};
use socket2::Socket;

/// The command.
pub const COMMAND: &str = "_getsocks";

/// Descriptors in one message.
const BATCH: usize = 252;

/// Most sockets taken from another process: more is nonsense, or not meant well.
const SOCKETS_MAX: u32 = 1 << 20;

/// Longest record: two names with their lengths, and the options.
const RECORD_MAX: usize = 2 * (1 + 255) + OPTIONS;

/// Bytes of options in a record.
const OPTIONS: usize = 4;

/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_secs(1);

/// A socket to give away.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The socket.
    pub socket: BorrowedFd<'a>,
    /// Its network namespace, empty for the process's own.
    pub namespace: &'a str,
    /// Its interface, empty for any.
    pub interface: &'a str,
}

/// A socket another process handed over.
#[derive(Debug)]
pub struct Inherited {
    /// The socket.
    pub socket: Socket,
    /// Its network namespace, empty for the process's own.
    pub namespace: String,
    /// Its interface, empty for any.
    pub interface: String,
}

impl Inherited {
    /// True when it is bound as a bind line says.
    pub fn fits(&self, bind: &BindSettings) -> bool {
        bind.namespace.as_deref().unwrap_or_default() == self.namespace
            && bind.interface.as_deref().unwrap_or_default() == self.interface
            && self.is_bound_to(&bind.address)
            && self.has_traits(bind)
    }

    fn is_bound_to(&self, wanted: &BindAddress) -> bool {
        let Ok(bound) = self.socket.local_addr() else { return false };
        match wanted {
            BindAddress::Ip(address) => bound.as_socket() == Some(*address),
            BindAddress::Unix(path) => bound.as_pathname().is_some_and(|bound| final_name(bound) == *path),
            BindAddress::Abstract(name) => bound.as_abstract_namespace().is_some_and(|bound| {
                // the field is filled with zeros, which are no part of the name
                let length = bound.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
                bound[..length] == name[..]
            }),
            BindAddress::Fd(_) => false,
        }
    }

    fn has_traits(&self, bind: &BindSettings) -> bool {
        let BindAddress::Ip(address) = bind.address else { return true };
        if let (true, Some(only)) = (address.is_ipv6(), bind.v6only)
            && self.socket.only_v6().is_ok_and(|has| has != only)
        {
            return false;
        }
        !address.is_ipv4() || self.socket.ip_transparent_v4().is_ok_and(|has| has == bind.transparent)
    }
}

/// Hands sockets out to the other side of a connection, which has asked for them.
pub fn give(stream: &UnixStream, sockets: &[Given<'_>]) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let count = u32::try_from(sockets.len()).map_err(io::Error::other)?;
    (&mut &*stream).write_all(&count.to_ne_bytes())?;
    let mut batches = sockets.chunks(BATCH).peekable();
    while let Some(batch) = batches.next() {
        let fds: Vec<BorrowedFd<'_>> = batch.iter().map(|given| given.socket).collect();
        let records = encode(batch);
        let sent = fdpass::send(stream.as_fd(), &records, &fds)?;
        if sent != records.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        if batches.peek().is_some() {
            (&mut &*stream).read_exact(&mut [0; 4])?;
        }
    }
    Ok(())
}

fn encode(batch: &[Given<'_>]) -> Vec<u8> {
    let mut records = Vec::new();
    for given in batch {
        for name in [given.namespace, given.interface] {
            // the kernel's own limits for both are far lower
            let name = &name.as_bytes()[..name.len().min(255)];
            records.push(name.len() as u8);
            records.extend_from_slice(name);
        }
        records.extend_from_slice(&[0; OPTIONS]);
    }
    records
}

/// Asks the process behind a connection for its listening sockets.
pub fn take(stream: &UnixStream) -> io::Result<Vec<Inherited>> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    (&mut &*stream).write_all(format!("{COMMAND}\n").as_bytes())?;
    let mut count = [0; 4];
    (&mut &*stream).read_exact(&mut count)?;
    let count = u32::from_ne_bytes(count);
    if count > SOCKETS_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut taken: Vec<Inherited> = Vec::new();
    while taken.len() < count as usize {
        let mut buffer = vec![0; BATCH * RECORD_MAX];
        let (length, fds) = fdpass::receive(stream.as_fd(), &mut buffer)?;
        if length == 0 || fds.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let before = taken.len() as u32;
        decode(&buffer[..length], fds, &mut taken)?;
        let told = (&mut &*stream).write_all(&before.to_ne_bytes());
        if taken.len() < count as usize {
            // after the last message the giver may have left already
            told?;
        }
    }
    Ok(taken)
}

fn decode(mut records: &[u8], fds: Vec<OwnedFd>, taken: &mut Vec<Inherited>) -> io::Result<()> {
    for fd in fds {
        let namespace = name(&mut records)?;
        let interface = name(&mut records)?;
        records = records.get(OPTIONS..).ok_or(io::ErrorKind::InvalidData)?;
        taken.push(Inherited { socket: Socket::from(fd), namespace, interface });
    }
    Ok(())
}

fn name(records: &mut &[u8]) -> io::Result<String> {
    let (length, rest) = records.split_first().ok_or(io::ErrorKind::InvalidData)?;
    let (name, rest) = rest.split_at_checked(usize::from(*length)).ok_or(io::ErrorKind::InvalidData)?;
    *records = rest;
    Ok(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
