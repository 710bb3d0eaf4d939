//! Netlink sockets: requests with answers, and listening.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::nl::{self, Message};

/// Messages sent before their answers are read: the answers must fit in the receive buffer.
const BATCH: usize = 64;
/// How long an answer may take, in seconds.
const PATIENCE_S: i64 = 2;
/// Larger than any message the kernel sends (dumps come in pieces of at most 32 KiB).
const BUFFER: usize = 32_768;

/// A netlink socket of one protocol.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// A blocking socket for requests.
    pub fn commands(protocol: i32) -> io::Result<Self> {
        let socket = Socket::new(isize::try_from(protocol).map_err(io::Error::other)?)?;
        let _ = socket.set_cap_ack(true);
        // The kernel answers within the call; this only keeps a lost answer from stopping the process for ever.
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(PATIENCE_S))?;
        Self::bound(socket, 0)
    }

    /// A non-blocking socket that hears these multicast groups (bits of RTMGRP_*).
    pub fn monitor(protocol: i32, groups: i32) -> io::Result<Self> {
        let socket = Socket::new(isize::try_from(protocol).map_err(io::Error::other)?)?;
        socket.set_non_blocking(true)?;
        Self::bound(socket, u32::try_from(groups).unwrap_or(0))
    }

    fn bound(mut socket: Socket, groups: u32) -> io::Result<Self> {
        socket.bind(&SocketAddr::new(0, groups))?;
        let mut address = SocketAddr::new(0, 0);
        socket.get_address(&mut address)?;
        Ok(Self { socket, port: address.port_number(), sequence: 0, buffer: Vec::with_capacity(BUFFER) })
    }

    /// The number by which the kernel knows this socket; it stands in the notifications that our requests cause.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Sets the receive buffer in bytes; with `force` beyond the system's limit.
    pub fn set_receive_buffer(&self, bytes: usize, force: bool) -> io::Result<()> {
        if force {
            setsockopt(&self.socket, sockopt::RcvBufForce, &bytes)?;
        } else {
            setsockopt(&self.socket, sockopt::RcvBuf, &bytes)?;
        }
        Ok(())
    }

    /// Sends every message and waits for the kernel's answer to each, in order.
    pub fn request(&mut self, messages: &[Message]) -> Vec<io::Result<()>> {
        let mut results = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            let first = self.sequence.wrapping_add(1);
            let mut bytes = Vec::new();
            for message in batch {
                self.sequence = self.sequence.wrapping_add(1);
                bytes.extend(message.finish(self.sequence));
            }
            results.extend(self.exchange(&bytes, first, batch.len()));
        }
        results
    }

    /// Sends messages between two that frame a transaction; the first refusal is the result.
    pub fn transaction(&mut self, begin: &Message, messages: &[Message], end: &Message) -> io::Result<()> {
        let first = self.sequence.wrapping_add(2);
        let mut bytes = Vec::new();
        for message in std::iter::once(begin).chain(messages).chain(std::iter::once(end)) {
            self.sequence = self.sequence.wrapping_add(1);
            bytes.extend(message.finish(self.sequence));
        }
        self.exchange(&bytes, first, messages.len()).into_iter().collect()
    }

    /// Sends one message and waits for the answer.
    pub fn request_one(&mut self, message: &Message) -> io::Result<()> {
        self.request(std::slice::from_ref(message)).pop().unwrap_or(Ok(()))
    }

    fn exchange(&mut self, bytes: &[u8], first: u32, count: usize) -> Vec<io::Result<()>> {
        let mut results: Vec<Option<io::Result<()>>> = (0..count).map(|_| None).collect();
        if let Err(error) = self.socket.send(bytes, 0) {
            let code = error.raw_os_error().unwrap_or(libc::EIO);
            return results.into_iter().map(|_| Err(io::Error::from_raw_os_error(code))).collect();
        }
        while results.iter().any(Option::is_none) {
            if let Err(error) = self.fill() {
                // Answers were lost: what is unknown is reported as an error of the socket.
                let code = error.raw_os_error().unwrap_or(libc::EIO);
                for result in results.iter_mut().filter(|result| result.is_none()) {
                    *result = Some(Err(io::Error::from_raw_os_error(code)));
                }
            }
            for message in nl::messages(&self.buffer) {
                let Some(index) = answer_index(&message, first, count) else { continue };
                results[index] = Some(error_of(message.body));
            }
        }
        results.into_iter().map(|result| result.unwrap_or(Ok(()))).collect()
    }

    /// Sends a dump request and hands every answer to `each`.
    pub fn dump(&mut self, message: &Message, mut each: impl FnMut(nl::Received<'_>)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.socket.send(&message.finish(sequence), 0)?;
        loop {
            self.fill()?;
            for message in nl::messages(&self.buffer).filter(|message| message.sequence == sequence) {
                match i32::from(message.kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => return error_of(message.body),
                    _ => each(message),
                }
            }
        }
    }

    /// Everything that waits on a monitor, message after message.
    pub fn drain(&mut self) -> io::Result<Heard> {
        let mut heard = Heard::default();
        loop {
            match self.fill() {
                Ok(()) => heard.bytes.extend_from_slice(&self.buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(heard),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => heard.lost = true,
                Err(error) => return Err(error),
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        loop {
            self.buffer.clear();
            self.buffer.reserve(BUFFER);
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What a monitor heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Messages, each with its header.
    pub bytes: Vec<u8>,
    /// The kernel had to drop some: what we know has to be read anew.
    pub lost: bool,
}

/// Which request of a batch a message answers.
fn answer_index(message: &nl::Received<'_>, first: u32, count: usize) -> Option<usize> {
    if i32::from(message.kind) != libc::NLMSG_ERROR {
        return None;
    }
    let index = usize::try_from(message.sequence.wrapping_sub(first)).ok()?;
    (index < count).then_some(index)
}

/// The kernel's verdict in an NLMSG_ERROR body: 0 or a negative errno.
fn error_of(body: &[u8]) -> io::Result<()> {
    match nl::i32_at(body, 0) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}
