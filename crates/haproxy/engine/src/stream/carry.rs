//! Both directions of a stream at work: the one loop for HTTP bodies, tunnels and TCP sessions.

use std::future::Future;
use std::task::{Context, Poll};

use super::body::{BodyFault, Transfer, WaitsFor};
use super::slot::Slot;
use super::steps::Stream;
use crate::conn::{Connection, deadline_after};
use crate::deadline::{Deadline, NEVER};
use crate::side::Side;
use crate::thread::Thread;

/// What ended a stream before its time: the two characters of the termination code.
pub type Fault = (u8, u8);

/// When both directions are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// With the response: the server may answer without reading all of the request.
    WithResponse,
    /// With the second of both; the end of one is passed on to the other side.
    WithBoth {
        /// `timeout client-fin`: what the client gets once its side was shut.
        client_fin: Option<u64>,
        /// `timeout server-fin`
        server_fin: Option<u64>,
    },
}

/// Two transfers and the timeouts over them.
#[derive(Debug)]
pub struct Carry<'a> {
    up: &'a mut Transfer,
    down: &'a mut Transfer,
    ends: Ends,
    client: Timer,
    server: Timer,
    independent: bool,
    up_over: bool,
    down_over: bool,
}

/// The timeout of one side.
#[derive(Debug)]
struct Timer {
    timeout_ms: Option<u64>,
    deadline_ms: u64,
    /// True once the side was shut and has a timeout of its own for that.
    ending: bool,
}

impl Timer {
    fn restart(&mut self, now_ms: u64) {
        self.deadline_ms = deadline_after(now_ms, self.timeout_ms);
    }

    fn end_within(&mut self, fin_ms: Option<u64>, now_ms: u64) {
        if fin_ms.is_some() {
            self.timeout_ms = fin_ms;
            self.ending = true;
            self.restart(now_ms);
        }
    }
}

impl<'a> Carry<'a> {
    /// Carries `up` from the client and `down` from the server; timeouts are the client's and the server's.
    pub fn new(
        up: &'a mut Transfer,
        down: &'a mut Transfer,
        ends: Ends,
        (client_ms, server_ms): (Option<u64>, Option<u64>),
        now_ms: u64,
    ) -> Self {
        let timer =
            |timeout_ms| Timer { timeout_ms, deadline_ms: deadline_after(now_ms, timeout_ms), ending: false };
        let up_over = up.is_done();
        Carry {
            up,
            down,
            ends,
            client: timer(client_ms),
            server: timer(server_ms),
            independent: false,
            up_over,
            down_over: false,
        }
    }

    /// `option independent-streams`: sending to a side does not put off the end of the wait for what it sends.
    pub fn independent(mut self, independent: bool) -> Self {
        self.independent = independent;
        self
    }

    /// Moves what can be moved. Ready when all is over, with what went wrong if something did.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side,
        server: &mut Side,
        deadline: &mut Deadline,
        thread: &Thread,
    ) -> Poll<Option<Fault>> {
        self.up.progress = false;
        self.down.progress = false;
        if !self.up_over {
            match self.up.poll(cx, client, server, thread) {
                Poll::Ready(outcome) => {
                    if let Some(fault) = self.up_ended(outcome, server, thread) {
                        return Poll::Ready(Some(fault));
                    }
                }
                Poll::Pending => {}
            }
        }
        if !self.down_over {
            match self.down.poll(cx, server, client, thread) {
                Poll::Ready(outcome) => {
                    if let Some(fault) = self.down_ended(outcome, client, thread) {
                        return Poll::Ready(Some(fault));
                    }
                }
                Poll::Pending => {}
            }
        }
        if self.down_over && (self.up_over || self.ends == Ends::WithResponse) {
            return Poll::Ready(None);
        }
        self.put_off(thread);
        let (first_ms, code) = self.first_deadline();
        if first_ms != NEVER && deadline.poll(cx, first_ms).is_ready() {
            return Poll::Ready(Some((code, b'D')));
        }
        Poll::Pending
    }

    fn up_ended(
        &mut self,
        outcome: Result<(), BodyFault>,
        server: &mut Side,
        thread: &Thread,
    ) -> Option<Fault> {
        match (outcome, self.ends) {
            (Ok(()), Ends::WithBoth { server_fin, .. }) => {
                server.io.shutdown_write();
                self.server.end_within(server_fin, thread.now_ms());
            }
            (Err(BodyFault::Malformed), Ends::WithResponse) => return Some((b'P', b'D')),
            (Ok(()) | Err(_), Ends::WithResponse) => {}
            (Err(BodyFault::Sink(_)), Ends::WithBoth { .. }) => return Some((b'S', b'D')),
            (Err(_), Ends::WithBoth { .. }) => return Some((b'C', b'D')),
        }
        self.up_over = true;
        None
    }

    fn down_ended(
        &mut self,
        outcome: Result<(), BodyFault>,
        client: &mut Side,
        thread: &Thread,
    ) -> Option<Fault> {
        match outcome {
            Ok(()) => {}
            Err(BodyFault::Sink(_)) => return Some((b'C', b'D')),
            Err(BodyFault::Source(_)) => return Some((b'S', b'D')),
            Err(BodyFault::Malformed) => return Some((b'P', b'D')),
        }
        if let Ends::WithBoth { client_fin, .. } = self.ends {
            client.io.shutdown_write();
            self.client.end_within(client_fin, thread.now_ms());
        }
        self.down_over = true;
        None
    }

    /// Starts the timeouts anew when something moved.
    fn put_off(&mut self, thread: &Thread) {
        let (up, down) = (self.up.progress, self.down.progress);
        if !up && !down {
            return;
        }
        let now_ms = thread.now_ms();
        // a side that was shut is given no more time by what goes to it
        if up || !(self.client.ending || self.independent) {
            self.client.restart(now_ms);
        }
        if down || !(self.server.ending || self.independent) {
            self.server.restart(now_ms);
        }
    }

    /// The deadline of whoever is waited for, and the cause it stands for.
    fn first_deadline(&self) -> (u64, u8) {
        let client_first = match self.ends {
            Ends::WithResponse if self.down.waits_for == WaitsFor::Filter => return (NEVER, b'-'),
            Ends::WithResponse => self.down.waits_for == WaitsFor::Sink,
            Ends::WithBoth { .. } => self.client.deadline_ms <= self.server.deadline_ms,
        };
        if client_first { (self.client.deadline_ms, b'c') } else { (self.server.deadline_ms, b's') }
    }
}

impl Stream<'_> {
    /// Carries both directions to their ends, or to the first thing that goes wrong.
    pub fn carry<'s>(&'s mut self, mut carry: Carry<'s>) -> impl Future<Output = Option<Fault>> + 's {
        let Stream { conn, upstream, slot, .. } = self;
        let Connection { client, deadline, thread, .. } = &mut **conn;
        std::future::poll_fn(move |cx| {
            let Some(upstream) = upstream.as_mut() else { return Poll::Ready(Some((b'S', b'D'))) };
            if let Poll::Ready(fault) = carry.poll(cx, client, &mut upstream.side, deadline, thread) {
                return Poll::Ready(fault);
            }
            match slot.as_ref().and_then(|slot: &Slot| slot.evicted(cx)) {
                Some(cause) => Poll::Ready(Some((cause, b'D'))),
                None => Poll::Pending,
            }
        })
    }

    /// Counts an end that either side or its timeout brought about.
    pub fn count_abort(&self, cause: u8) {
        let thread = self.conn.thread.index;
        let of_backend = &self.px().live.backend.at(thread).upstream;
        let of_server = self.slot.as_ref().map(|slot| &slot.server().counters.at(thread).upstream);
        for counters in [Some(of_backend), of_server].into_iter().flatten() {
            match cause {
                b'C' | b'c' => counters.client_aborts.inc(),
                _ => counters.server_aborts.inc(),
            }
        }
    }
}
