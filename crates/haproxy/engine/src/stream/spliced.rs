//! A long body on its way through a kernel pipe: the part of the forwarding loop that copies nothing.

use std::io;
use std::task::{Context, Poll};

use haproxy_model::snapshot::Proxy;

use super::body::{BodyFault, Rest, Transfer, WaitsFor};
use super::steps::Stream;
use crate::side::Side;
use crate::thread::Thread;

/// Bytes to send before a body goes on through a pipe: short ones are done sooner than a pipe is had.
const SPLICE_FROM: u64 = 64 * 1024;

/// Bytes taken from a socket at once.
const SPLICE_MAX: u64 = 1 << 20;

/// Pipes the process opens for TCP sessions whose proxies do not ask for splicing.
const UNASKED_MAX: u32 = 64;

/// A body's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// Pipes a transfer may use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pipes {
    /// How many the process may have open; 0 for a transfer that goes through buffers.
    pub open_max: u32,
    /// `tune.pipesize`
    pub size: Option<usize>,
}

impl Transfer {
    /// The same transfer, through a pipe where that pays.
    pub fn piped(mut self, pipes: Pipes) -> Self {
        self.pipes = pipes;
        self
    }

    /// True when the rest is to go through a pipe: it may, nothing of it is in a buffer, and it is long.
    pub(super) fn is_spliceable(&self, source: &Side) -> bool {
        let long = match self.rest {
            Rest::UntilEnd => true,
            Rest::Length(left) => left >= SPLICE_FROM || self.pipe.is_some(),
            Rest::Chunked(_) | Rest::Done => false,
        };
        let begun = self.pipe.is_some() || (self.body_bytes >= SPLICE_FROM && source.input.is_empty());
        long && begun && (self.pipe.is_some() || !source.ended)
    }

    /// Moves what can be moved without a copy. `None`: it cannot be done this way, the body goes on through buffers.
    pub(super) fn poll_spliced(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Side,
        sink: &mut Side,
        thread: &Thread,
    ) -> Option<Poll<Result<(), BodyFault>>> {
        loop {
            if self.pipe.is_none() {
                source.input.release(self.buffers(thread));
                self.pipe = thread.pipes.take(self.pipes.open_max, self.pipes.size);
            }
            let Some(pipe) = &mut self.pipe else {
                self.pipes.open_max = 0;
                return None;
            };
            if pipe.filled > 0 {
                match sink.io.poll_splice_from(cx, pipe.outlet(), pipe.filled) {
                    Poll::Pending => {
                        self.waits_for = WaitsFor::Sink;
                        return Some(Poll::Pending);
                    }
                    Poll::Ready(Ok(sent)) => {
                        pipe.filled -= sent;
                        self.sent_bytes += sent as u64;
                        self.spliced_bytes += sent as u64;
                        self.progress = true;
                    }
                    Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(BodyFault::Sink(error)))),
                }
                continue;
            }
            let left = match self.rest {
                Rest::Length(left) => left,
                Rest::UntilEnd => u64::MAX,
                Rest::Chunked(_) | Rest::Done => 0,
            };
            if left == 0 {
                self.rest = Rest::Done;
            }
            if left == 0 || source.ended {
                self.give_pipe(thread);
                return None;
            }
            match source.io.poll_splice_into(cx, pipe.inlet(), left.min(SPLICE_MAX) as usize) {
                Poll::Pending => {
                    // nothing is in it: another may have it while this one waits
                    self.give_pipe(thread);
                    self.waits_for = WaitsFor::Source;
                    return Some(Poll::Pending);
                }
                Poll::Ready(Ok(0)) => source.ended = true,
                Poll::Ready(Ok(came)) => {
                    pipe.filled = came;
                    self.body_bytes += came as u64;
                    self.progress = true;
                    if let Rest::Length(left) = &mut self.rest {
                        *left -= came as u64;
                    }
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                    // such sockets cannot be spliced
                    self.give_pipe(thread);
                    self.pipes.open_max = 0;
                    return None;
                }
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(BodyFault::Source(Some(error))))),
            }
        }
    }

    fn give_pipe(&mut self, thread: &Thread) {
        if let Some(pipe) = self.pipe.take() {
            thread.pipes.give(pipe);
        }
    }
}

impl Stream<'_> {
    /// The pipes a body may use on its way up (to the server) or down.
    pub fn pipes(&self, way: Way) -> Pipes {
        let global = &self.snapshot.global;
        if global.nosplice {
            return Pipes::default();
        }
        let asks = |px: &Proxy| {
            let options = &px.settings.options;
            options.splice_auto
                || match way {
                    Way::Up => options.splice_request,
                    Way::Down => options.splice_response,
                }
        };
        let open_max = if asks(self.fe()) || asks(self.px()) {
            global.maxpipes.unwrap_or(global.maxconn_effective / 4).max(1)
        } else if self.txn.http {
            0
        } else {
            UNASKED_MAX.min(global.maxpipes.unwrap_or(UNASKED_MAX))
        };
        Pipes { open_max, size: global.pipesize }
    }

    /// Counts what went through pipes.
    pub fn count_spliced(&self, up: &Transfer, down: &Transfer) {
        let bytes = up.spliced_bytes + down.spliced_bytes;
        if bytes == 0 {
            return;
        }
        let thread = self.conn.thread.index;
        self.conn.thread.counters().spliced_bytes_out.add(bytes);
        if !self.txn.http {
            return;
        }
        let (fe, be) =
            (&self.fe().live.frontend.at(thread).h1, &self.px().live.backend.at(thread).upstream.h1);
        fe.spliced_in.add(up.spliced_bytes);
        fe.spliced_out.add(down.spliced_bytes);
        be.spliced_in.add(down.spliced_bytes);
        be.spliced_out.add(up.spliced_bytes);
    }
}
