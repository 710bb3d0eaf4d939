//! One side of a stream: a socket, what was received from it, and how it ended.

use std::io;
use std::task::{Context, Poll};

use crate::buffer::{Buffer, BufferPool};
use crate::io::Io;

/// A connection with its receive buffer.
#[derive(Debug)]
pub struct Side {
    /// The socket.
    pub io: Io,
    /// Received, not yet consumed.
    pub input: Buffer,
    /// True once the peer has ended its sending.
    pub ended: bool,
}

/// What a receive brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Some bytes.
    Bytes(usize),
    /// The end.
    End,
    /// No room: something must be consumed first.
    Full,
}

impl Side {
    /// A fresh connection.
    pub fn new(io: Io) -> Self {
        Side { io, input: Buffer::default(), ended: false }
    }

    /// Receives once. The buffer is taken only after the socket is known to have something.
    pub fn poll_receive(&mut self, cx: &mut Context<'_>, pool: &BufferPool) -> Poll<io::Result<Received>> {
        if self.ended {
            return Poll::Ready(Ok(Received::End));
        }
        if self.input.is_full() {
            return Poll::Ready(Ok(Received::Full));
        }
        if self.input.is_empty() {
            std::task::ready!(self.io.poll_read_ready(cx))?;
        }
        let room = self.input.room(pool);
        let Poll::Ready(result) = self.io.poll_read(cx, room) else {
            self.input.release(pool);
            return Poll::Pending;
        };
        match result {
            Ok(0) => {
                self.ended = true;
                self.input.release(pool);
                Poll::Ready(Ok(Received::End))
            }
            Ok(n) => {
                self.input.filled(n);
                Poll::Ready(Ok(Received::Bytes(n)))
            }
            Err(error) => {
                self.ended = true;
                self.input.release(pool);
                Poll::Ready(Err(error))
            }
        }
    }
}
