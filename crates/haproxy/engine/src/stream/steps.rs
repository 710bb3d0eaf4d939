//! The state of an HTTP stream, and how a step that ends it early says so.

use std::rc::Rc;
use std::sync::Arc;

use common_base::ids::ProxyId;
use haproxy_expr::cx::{Cx, Direction, Input, Txn};
use haproxy_http::h1::ConnFlags;
use haproxy_model::snapshot::{Proxy, Snapshot};
use haproxy_rules::{Effects, Reply, RuleCx, RuleSet, Service, Verdict};

use super::After;
use super::filtering::Filtering;
use super::slot::Slot;
use super::upstream::Upstream;
use crate::conn::Connection;
use crate::world::LiveWorld;

/// One HTTP request and response on their way.
pub struct Stream<'c> {
    /// The client connection.
    pub conn: &'c mut Connection,
    /// The stream's snapshot.
    pub snapshot: Rc<Arc<Snapshot>>,
    /// What rules and logs see.
    pub txn: Box<Txn>,
    /// Wishes of rules.
    pub effects: Effects,
    /// The frontend.
    pub frontend: ProxyId,
    /// The backend, the frontend itself until switching.
    pub backend: ProxyId,
    /// The server's slot.
    pub slot: Option<Slot>,
    /// The server connection.
    pub upstream: Option<Upstream>,
    /// What the request's head said of its connection.
    pub request_flags: ConnFlags,
    /// True while the client connection may carry another request.
    pub keep_client: bool,
    /// True when the request's body has been taken from the client's buffer completely.
    pub body_taken: bool,
    /// True once the backend has counted the stream.
    pub backend_counted: bool,
    /// Server asked for by a cookie: its index, and whether it may not be replaced.
    pub wanted_server: Option<u32>,
    /// A server that did not answer: another one is asked.
    pub avoid: Option<u32>,
    /// What was decided for filters, where a proxy has some.
    pub filtering: Option<Box<Filtering>>,
    /// True when an `ignore-persist` rule holds: the cookie neither chooses nor is set.
    pub persistence_ignored: bool,
    /// True once the log line was written.
    pub logged: bool,
    /// True when the client left while its request was awaited: rules still see what came, servers do not.
    pub client_left: bool,
    /// True when the client asked for the head of a response only, whatever rules made of its method.
    pub head_only: bool,
}

/// Why a stream goes no further as planned.
#[derive(Debug)]
pub enum End {
    /// Answer this, then go on with the connection if it may.
    Reply(Box<Reply>),
    /// Answer this after the tarpit's time.
    Tarpit(Box<Reply>),
    /// Let a service answer.
    Service(Service),
    /// Answer with the proxy's error page for the status; the termination code is set.
    Error(u16),
    /// Close without a word.
    Close,
    /// Close so that the client is not told.
    SilentDrop(Option<u8>),
    /// All is done already.
    Done(After),
}

impl Stream<'_> {
    /// The backend.
    pub fn px(&self) -> &Proxy {
        self.snapshot.proxy(self.backend)
    }

    /// The frontend.
    pub fn fe(&self) -> &Proxy {
        self.snapshot.proxy(self.frontend)
    }

    /// Milliseconds now.
    pub fn now_ms(&self) -> u64 {
        self.conn.thread.now_ms()
    }

    /// Sets the termination code unless one was set before.
    pub fn ends(&mut self, cause: u8, state: u8) {
        let termination = &mut self.txn.log.termination;
        if termination.cause == b'-' {
            termination.cause = cause;
            termination.state = state;
        }
    }

    /// An operator has ended the stream where it was.
    pub fn killed(&mut self) -> After {
        let state = match (&self.upstream, &self.slot) {
            _ if self.txn.has_response => b'D',
            (Some(_), _) => {
                if self.txn.http {
                    b'H'
                } else {
                    b'D'
                }
            }
            (None, Some(_)) => b'C',
            (None, None) if self.backend_counted => b'Q',
            (None, None) => b'R',
        };
        self.ends(b'K', state);
        self.keep_client = false;
        After::Close
    }

    /// Lets an expression see the stream.
    pub fn look<T>(&self, direction: Direction, read: impl FnOnce(&Cx<'_>) -> T) -> T {
        let now_ms = self.now_ms();
        let world = LiveWorld {
            snapshot: &self.snapshot,
            process: &self.conn.thread.process,
            thread: self.conn.thread.index,
            now_ms,
            calls: self.conn.note.calls.get(),
        };
        let input = match direction {
            Direction::Request => Input { bytes: self.conn.client.input.bytes(), complete: true },
            Direction::Response => Input {
                bytes: self.upstream.as_ref().map_or(&[], |upstream| upstream.side.input.bytes()),
                complete: true,
            },
        };
        read(&Cx {
            session: &self.conn.session,
            txn: Some(&self.txn),
            world: &world,
            direction,
            input,
            date: self.conn.thread.date(),
            now_ms,
            check_vars: None,
        })
    }

    /// Runs a rule set from `from`; the verdict and the rule that gave it.
    pub fn run_rules(
        &mut self,
        rules: &RuleSet,
        from: usize,
        direction: Direction,
        complete: bool,
    ) -> (Verdict, usize) {
        let now_ms = self.now_ms();
        let mut scratch = self.conn.thread.text();
        let world = LiveWorld {
            snapshot: &self.snapshot,
            process: &self.conn.thread.process,
            thread: self.conn.thread.index,
            now_ms,
            calls: self.conn.note.calls.get(),
        };
        let bytes = match direction {
            Direction::Request => self.conn.client.input.bytes(),
            Direction::Response => {
                self.upstream.as_ref().map_or(&[][..], |upstream| upstream.side.input.bytes())
            }
        };
        let mut cx = RuleCx {
            session: &mut self.conn.session,
            txn: Some(&mut self.txn),
            world: &world,
            direction,
            input: Input { bytes, complete },
            date: self.conn.thread.date(),
            now_ms,
            effects: &mut self.effects,
            scratch: &mut scratch,
        };
        let outcome = rules.run(&mut cx, from);
        self.conn.thread.give_text(scratch);
        self.carry_out_wishes();
        outcome
    }

    /// What rules want done at once: marks of the client's socket, a log line.
    fn carry_out_wishes(&mut self) {
        if self.effects.client_mark.is_some() || self.effects.client_tos.is_some() {
            super::client_socket_effects(&self.conn.client.io, &self.effects);
            self.effects.client_mark = None;
            self.effects.client_tos = None;
        }
        // the stream's own line comes at its end all the same
        for wish in std::mem::take(&mut self.effects.log_now) {
            self.write_line(wish.origin, wish.profile);
        }
    }
}
