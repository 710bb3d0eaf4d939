//! Sending the request, awaiting the response, carrying both bodies.

use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use haproxy_expr::logformat::Origin;
use haproxy_http::h1::write::{Announce, CaseMap, WriteOptions, write_request_head};
use haproxy_http::h1::{ConnFlags, Parsed, Relax, ReplyTo, Resume, parse_response};
use haproxy_http::{FieldId, Framing, Method, Version};
use haproxy_model::settings::ConnectionMode;
use haproxy_model::snapshot::{Proxy, Server};

use super::After;
use super::body::{BodyFault, Transfer, WaitsFor};
use super::carry::{Carry, Ends, Fault};
use super::spliced::Way;
use super::steps::{End, Stream};
use super::upstream;
use super::walk::ResponseWalk;
use crate::conn::{Connection, deadline_after};
use crate::deadline::NEVER;
use crate::health::observe::{Sight, observe};
use crate::side::Received;

/// What the wait for the response's head brought.
pub(super) enum Answer {
    Head {
        head_len: usize,
        flags: ConnFlags,
    },
    Junk {
        at: usize,
    },
    TooLarge,
    ServerGone {
        sent_nothing: bool,
    },
    ServerSlow,
    /// The session is to end, for this cause.
    Evicted(u8),
    ClientGone,
    ClientSlow,
    ClientBroken,
    ClientMalformed,
}

/// What the stream does after the wait for a head.
enum Judged {
    /// The final response's head is there.
    Final(usize, ConnFlags),
    /// An interim response's head is there.
    Interim(usize),
    /// Try again on another connection.
    Again,
    /// Try again as `retry-on` says.
    Retry,
}

/// How a response goes on.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// How the server's body ends.
    framing: Framing,
    /// Both connections become one pipe.
    tunnel: bool,
    /// The server connection may carry another request.
    server_keeps: bool,
    /// A rule made another method of HEAD: the client still gets no body.
    unwanted: bool,
}

impl Stream<'_> {
    /// Everything from the choice of a server to the last byte of the response.
    pub async fn exchange(&mut self) -> Result<After, End> {
        let snapshot = Rc::clone(&self.snapshot);
        let (fe, px) = (snapshot.proxy(self.frontend), snapshot.proxy(self.backend));
        self.body_taken = matches!(self.txn.request.framing, Framing::None);
        let mut kept: Option<(Vec<u8>, u64)> = None;
        loop {
            if !self.connect_at_once(px)? {
                Box::pin(self.connect()).await?;
            }
            let Some(server) = self.slot.as_ref().map(|slot| &px.servers[slot.index as usize]) else {
                return Err(End::Error(500));
            };
            self.reached(Origin::Connect);
            let mut request = self.request_transfer(px, server);
            if let Some((body, bytes)) = kept.take() {
                request.send_again(&body, bytes);
            }
            let began_ms = self.now_ms();
            let mut resume = Resume::default();
            loop {
                let answer = self.await_head(px, &mut request, &mut resume).await;
                self.body_taken = request.is_received();
                self.txn.log.bytes_in = request.kept_bytes();
                match self.judge(px, &request, answer)? {
                    Judged::Final(head_len, flags) => {
                        self.txn.log.response_ms = self.now_ms().saturating_sub(began_ms) as i32;
                        self.take_response(px, server, head_len);
                        let mut walk = ResponseWalk::default();
                        while let Some(wait) = self.walk_response(px, fe, &mut walk)? {
                            Box::pin(self.wait_for_answer(wait, &mut walk)).await?;
                        }
                        self.after_response();
                        let mut plan = self.plan_response(px, flags);
                        let mut response = self.response_transfer(&plan, &mut request);
                        self.reached(Origin::Response);
                        let carry = self.both_ways(px, &plan, &mut request, &mut response);
                        let fault = self.carry(carry).await;
                        let spared = plan.unwanted && fault.is_none() && plan.server_keeps;
                        if spared && !Box::pin(self.pass_body(px, plan.framing)).await {
                            plan.server_keeps = false;
                        }
                        return Ok(self.end_exchange(px, server, &plan, request, response, fault));
                    }
                    Judged::Interim(head_len) => {
                        Box::pin(self.interim(head_len)).await?;
                        resume = Resume::default();
                    }
                    Judged::Retry => {
                        kept = request.kept_body().map(|body| (body.to_vec(), request.body_bytes));
                        self.txn.log.bytes_in = request.kept_before;
                        self.try_again(px);
                        break;
                    }
                    Judged::Again => {
                        // the server closed the reused connection before it saw the request: a new one will do
                        self.upstream = None;
                        self.txn.log.retries += 1;
                        break;
                    }
                }
            }
        }
    }

    fn request_transfer(&mut self, px: &Proxy, server: &Server) -> Transfer {
        let mut head = self.conn.thread.text();
        if self.upstream.as_ref().is_some_and(|upstream| !upstream.reused) {
            super::reply::proxy_preface(self, server, &mut head);
        }
        let fe = self.snapshot.proxy(self.frontend);
        let close = px.settings.connection_mode != ConnectionMode::KeepAlive
            || fe.settings.connection_mode != ConnectionMode::KeepAlive
            || server.settings.max_reuse == 0;
        let announce = match (close && !px.settings.options.http_pretend_keepalive, self.txn.request.version)
        {
            // in 1.0 closing goes without saying
            (true, Version::HTTP_10) => Announce::Nothing,
            (true, _) if !self.request_flags.has(ConnFlags::UPGRADE) => Announce::Close,
            (false, Version::HTTP_10) if !self.request_flags.has(ConnFlags::INSECURE_FRAMING) => {
                Announce::KeepAlive
            }
            _ => Announce::Nothing,
        };
        let mut last = None;
        if let Some(name) = &px.settings.send_name_header {
            self.txn.request.fields.remove(name);
            last = Some((name.as_slice(), server.settings.balance.name.as_bytes()));
        }
        let case = self.server_case(px);
        write_request_head(&self.txn.request, WriteOptions { announce, case, last }, &mut head);
        let filters = self.request_filters();
        let mut request =
            Transfer::new(head, self.request_source()).through(filters).piped(self.pipes(Way::Up));
        request.kept_before = self.txn.log.bytes_in;
        request.keeps = px.settings.retry_on.looks_at_answers();
        request
    }

    /// What the wait for the response's head means for the stream.
    fn judge(&mut self, px: &Proxy, request: &Transfer, answer: Answer) -> Result<Judged, End> {
        self.observe(px, &answer);
        if self.is_retryable(px, request, &answer) {
            return Ok(Judged::Retry);
        }
        let (cause, state, status) = match answer {
            Answer::Head { head_len, flags } => {
                let status = self.txn.response.status;
                let interim = (100..200).contains(&status) && status != 101;
                return Ok(if interim { Judged::Interim(head_len) } else { Judged::Final(head_len, flags) });
            }
            Answer::ServerGone { sent_nothing } => {
                let reused = self.upstream.as_ref().is_some_and(|upstream| upstream.reused);
                if sent_nothing && reused && self.can_replay(request) {
                    return Ok(Judged::Again);
                }
                (b'S', b'H', 502)
            }
            Answer::Junk { at } => {
                self.keep_response_fault(at);
                (b'P', b'H', 502)
            }
            Answer::TooLarge => (b'P', b'H', 502),
            Answer::ServerSlow => (b's', b'H', 504),
            Answer::Evicted(cause) => (cause, b'H', 503),
            Answer::ClientGone => (b'C', if request.is_received() { b'H' } else { b'D' }, 400),
            Answer::ClientSlow => (b'c', b'D', 408),
            Answer::ClientBroken => (b'C', b'D', 400),
            Answer::ClientMalformed => (b'P', b'D', 400),
        };
        self.count_failure(px, &answer);
        self.ends(cause, state);
        Err(End::Error(status))
    }

    /// Counts who is to blame for a response that did not come.
    fn count_failure(&self, px: &Proxy, answer: &Answer) {
        let thread = self.conn.thread.index;
        let of_backend = &px.live.backend.at(thread).upstream;
        let of_server = self.slot.as_ref().map(|slot| &slot.server().counters.at(thread).upstream);
        for counters in [Some(of_backend), of_server].into_iter().flatten() {
            match answer {
                Answer::ServerGone { .. } | Answer::Junk { .. } | Answer::TooLarge | Answer::ServerSlow => {
                    counters.response_errors.inc();
                }
                Answer::ClientGone => counters.client_aborts.inc(),
                Answer::Head { .. }
                | Answer::Evicted(_)
                | Answer::ClientSlow
                | Answer::ClientBroken
                | Answer::ClientMalformed => {}
            }
        }
    }

    /// Tells passive checks what the server did.
    fn observe(&self, px: &Proxy, answer: &Answer) {
        let Some(slot) = &self.slot else { return };
        let sight = match answer {
            Answer::Head { .. } => Sight::Answered(self.txn.response.status),
            Answer::Junk { .. } | Answer::TooLarge => Sight::Malformed,
            Answer::ServerGone { .. } => Sight::Closed,
            Answer::ServerSlow => Sight::TimedOut,
            Answer::Evicted(_)
            | Answer::ClientGone
            | Answer::ClientSlow
            | Answer::ClientBroken
            | Answer::ClientMalformed => return,
        };
        observe(&self.conn.thread.process, &px.servers[slot.index as usize], sight);
    }

    /// True when the request can be sent once more: nothing of a body is lost and the method allows it (RFC 9110 §9.2.2).
    fn can_replay(&self, request: &Transfer) -> bool {
        let idempotent = !matches!(self.txn.request.method(), Method::Post | Method::Connect | Method::Other);
        request.body_bytes == 0 && matches!(self.txn.request.framing, Framing::None) && idempotent
    }

    /// Sends the request and waits for a response's head.
    fn await_head<'s>(
        &'s mut self,
        px: &Proxy,
        request: &'s mut Transfer,
        resume: &'s mut Resume,
    ) -> impl Future<Output = Answer> + use<'s> {
        let limits = self.limits();
        let relax =
            Relax { unsafe_violations: px.settings.options.accept_unsafe_response, ..Relax::default() };
        let reply_to = ReplyTo {
            method: self.txn.request.method(),
            upgrade: self.request_flags.has(ConnFlags::UPGRADE),
            websocket: self.request_flags.has(ConnFlags::WEBSOCKET),
        };
        let server_timeout = self.effects.server_timeout_ms.or(px.settings.timeouts.server);
        let client_timeout =
            self.effects.client_timeout_ms.or(self.snapshot.proxy(self.frontend).settings.timeouts.client);
        let watch = px.settings.options.abortonclose.unwrap_or(true);
        let mut client_deadline_ms = deadline_after(self.now_ms(), client_timeout);
        let mut server_deadline_ms = deadline_after(self.now_ms(), server_timeout);
        let Stream { conn, txn, upstream, slot, .. } = self;
        let Connection { client, deadline, thread, .. } = &mut **conn;
        let mut request_broken = false;
        let mut look = upstream.as_ref().is_some_and(|upstream| !upstream.side.input.is_empty());
        std::future::poll_fn(move |cx: &mut Context<'_>| {
            let Some(upstream) = upstream.as_mut() else {
                return Poll::Ready(Answer::ServerGone { sent_nothing: true });
            };
            loop {
                let mut client_waits = false;
                if !request.is_done() && !request_broken {
                    request.progress = false;
                    match request.poll(cx, client, &mut upstream.side, thread) {
                        Poll::Ready(Ok(())) => {
                            server_deadline_ms = deadline_after(thread.now_ms(), server_timeout);
                        }
                        Poll::Ready(Err(BodyFault::Sink(_))) => request_broken = true,
                        Poll::Ready(Err(BodyFault::Source(_))) => return Poll::Ready(Answer::ClientBroken),
                        Poll::Ready(Err(BodyFault::Malformed)) => {
                            return Poll::Ready(Answer::ClientMalformed);
                        }
                        Poll::Pending => {
                            client_waits = request.waits_for == WaitsFor::Source;
                            if request.progress {
                                let now_ms = thread.now_ms();
                                client_deadline_ms = deadline_after(now_ms, client_timeout);
                                server_deadline_ms = deadline_after(now_ms, server_timeout);
                            }
                        }
                    }
                }
                if look {
                    look = false;
                    let bytes = upstream.side.input.bytes();
                    match parse_response(bytes, resume, &limits, relax, reply_to, &mut txn.response) {
                        Ok(Parsed::Complete { head_len, .. })
                            if txn.response.framing == Framing::Chunked
                                && super::request::chunks_broken(&bytes[head_len..]) =>
                        {
                            return Poll::Ready(Answer::Junk { at: head_len });
                        }
                        Ok(Parsed::Complete { head_len, flags }) => {
                            return Poll::Ready(Answer::Head { head_len, flags });
                        }
                        Ok(Parsed::Partial) => {}
                        Err(error) => return Poll::Ready(Answer::Junk { at: error.at }),
                    }
                }
                match upstream.side.poll_receive(cx, &thread.buffers) {
                    Poll::Ready(Ok(Received::Bytes(_))) => {
                        look = true;
                        server_deadline_ms = deadline_after(thread.now_ms(), server_timeout);
                        continue;
                    }
                    Poll::Ready(Ok(Received::Full)) => return Poll::Ready(Answer::TooLarge),
                    Poll::Ready(Ok(Received::End) | Err(_)) => {
                        let sent_nothing = upstream.side.input.is_empty();
                        return Poll::Ready(Answer::ServerGone { sent_nothing });
                    }
                    Poll::Pending => {}
                }
                let slowed = !request.is_done() && request.waits_for == WaitsFor::Filter;
                let first_ms = match client_waits {
                    _ if slowed => NEVER,
                    true => client_deadline_ms.min(server_deadline_ms),
                    false => server_deadline_ms,
                };
                if deadline.poll(cx, first_ms).is_ready() {
                    let client_first = client_waits && client_deadline_ms < server_deadline_ms;
                    return Poll::Ready(if client_first { Answer::ClientSlow } else { Answer::ServerSlow });
                }
                if watch && request.is_done() && super::client_gone(cx, client, thread) {
                    return Poll::Ready(Answer::ClientGone);
                }
                if let Some(cause) = slot.as_ref().and_then(|slot| slot.evicted(cx)) {
                    return Poll::Ready(Answer::Evicted(cause));
                }
                return Poll::Pending;
            }
        })
    }

    /// A 1xx of the server goes to the client as it is (not to HTTP/1.0 clients, RFC 9110 §15.2).
    async fn interim(&mut self, head_len: usize) -> Result<(), End> {
        self.txn.log.bytes_out += self.txn.response.kept_len() as u64;
        if let Some(slot) = &self.slot {
            let counters = slot.server().counters.at(self.conn.thread.index);
            counters.upstream.responses.count(self.txn.response.status);
        }
        let mut head = self.conn.thread.text();
        if self.txn.request.version >= Version::HTTP_11 {
            let options = WriteOptions { case: self.client_case(), ..WriteOptions::default() };
            haproxy_http::h1::write::write_response_head(&self.txn.response, options, &mut head);
        }
        if let Some(upstream) = &mut self.upstream {
            upstream.side.input.consume(head_len);
        }
        let sent = super::reply::send_all(self.conn, &head).await;
        self.conn.thread.give_text(head);
        if sent.is_err() {
            self.ends(b'C', b'H');
            return Err(End::Close);
        }
        Ok(())
    }

    /// Takes the response's head over from the buffer.
    fn take_response(&mut self, px: &Proxy, server: &Server, head_len: usize) {
        if let Some(upstream) = &mut self.upstream {
            upstream.side.input.consume(head_len);
        }
        self.txn.has_response = true;
        self.txn.log.bytes_out += self.txn.response.kept_len() as u64;
        self.effects.head_received = head_len;
        self.begin_response(px, server);
        self.show_response();
    }

    /// Decides how the response goes on and what becomes of both connections.
    fn plan_response(&mut self, px: &Proxy, flags: ConnFlags) -> Plan {
        let response = &self.txn.response;
        let tunnel = response.framing == Framing::Tunnel
            || (response.status == 101 && self.request_flags.has(ConnFlags::UPGRADE))
            || (self.txn.request.method() == Method::Connect && response.status / 100 == 2);
        let server_keeps = !flags.has(ConnFlags::CLOSE)
            && !flags.has(ConnFlags::INSECURE_FRAMING)
            && !matches!(response.framing, Framing::UntilClose | Framing::Tunnel)
            && !tunnel
            && px.settings.connection_mode == ConnectionMode::KeepAlive
            && self.fe().settings.connection_mode == ConnectionMode::KeepAlive;
        let old_chunked = response.version < Version::HTTP_11 && response.framing == Framing::Chunked;
        if matches!(response.framing, Framing::UntilClose) || old_chunked {
            self.keep_client = false;
        }
        let framing = if tunnel { Framing::Tunnel } else { self.txn.response.framing };
        Plan { framing, tunnel, server_keeps, unwanted: self.head_only && !tunnel }
    }

    /// The response's transfer; that of the request goes on, or begins anew in a tunnel.
    fn response_transfer(&mut self, plan: &Plan, request: &mut Transfer) -> Transfer {
        let [upward, downward] =
            if plan.tunnel { self.tunnel_filters() } else { [None, self.response_filters()] };
        let mut head = self.conn.thread.text();
        self.write_head(plan.tunnel, &mut head);
        if plan.tunnel {
            let kept_before = request.kept_bytes();
            *request = Transfer::new(Vec::new(), Framing::Tunnel).through(upward).piped(self.pipes(Way::Up));
            request.kept_before = kept_before;
        }
        let carried = if plan.unwanted { Framing::None } else { plan.framing };
        let mut response = Transfer::new(head, carried).through(downward).piped(self.pipes(Way::Down));
        response.kept_before = self.txn.log.bytes_out;
        response
    }

    /// Both transfers with the timeouts over them.
    fn both_ways<'t>(
        &self,
        px: &Proxy,
        plan: &Plan,
        request: &'t mut Transfer,
        response: &'t mut Transfer,
    ) -> Carry<'t> {
        let fe = &self.snapshot.proxy(self.frontend).settings;
        let be = &px.settings;
        let client = self.effects.client_timeout_ms.or(fe.timeouts.client);
        let server = self.effects.server_timeout_ms.or(be.timeouts.server);
        let tunnel = self.effects.tunnel_timeout_ms.or(be.timeouts.tunnel).or(fe.timeouts.tunnel);
        let (ends, timeouts) = if plan.tunnel {
            let fins =
                Ends::WithBoth { client_fin: fe.timeouts.client_fin, server_fin: be.timeouts.server_fin };
            (fins, (tunnel.or(client), tunnel.or(server)))
        } else {
            (Ends::WithResponse, (client, server))
        };
        let independent = fe.options.independent_streams || be.options.independent_streams;
        Carry::new(request, response, ends, timeouts, self.now_ms()).independent(independent)
    }

    /// Puts the server connection away and says what becomes of the client's.
    fn end_exchange(
        &mut self,
        px: &Proxy,
        server: &Server,
        plan: &Plan,
        request: Transfer,
        response: Transfer,
        fault: Option<Fault>,
    ) -> After {
        if let Some((cause, state)) = fault {
            self.count_abort(cause);
            self.ends(cause, state);
        }
        self.txn.log.bytes_in = request.kept_bytes();
        self.txn.log.bytes_out = response.kept_bytes();
        let complete = fault.is_none() && request.is_done() && response.is_done();
        self.body_taken = request.is_received();
        self.count_spliced(&request, &response);
        self.conn.thread.give_text(request.into_text());
        self.count_filtered(response.filters.as_deref(), response.body_bytes);
        self.conn.thread.give_text(response.into_text());
        self.count_response();
        if complete && plan.server_keeps {
            if let Some(upstream) = self.upstream.take() {
                // the slot goes first, so that whoever waits for it can use the connection
                self.note_end_of_data();
                upstream::keep(self.conn, px, server, upstream);
            }
        } else {
            self.close_upstream();
        }
        if complete && self.keep_client && !plan.tunnel { After::KeepAlive } else { After::Close }
    }

    /// Closes the server connection and gives its buffer back.
    pub fn close_upstream(&mut self) {
        if let Some(mut upstream) = self.upstream.take() {
            upstream.side.input.discard(&self.conn.thread.buffers);
        }
    }

    /// Writes the head for the client, with what it must know about its connection.
    pub fn write_head(&mut self, tunnel: bool, head: &mut Vec<u8>) {
        // a server's 1.0 stays 1.0, where closing goes without saying and keeping does not
        let old_response = self.txn.response.version < Version::HTTP_11;
        let old_request = self.txn.has_request && self.txn.request.version < Version::HTTP_11;
        let announce = match self.keep_client {
            _ if tunnel => Announce::Nothing,
            false if old_response => Announce::Nothing,
            false => Announce::Close,
            true if old_response || old_request => Announce::KeepAlive,
            true => Announce::Nothing,
        };
        if self.txn.response.fields.contains(FieldId::KeepAlive) && announce == Announce::Close {
            self.txn.response.fields.remove_known(FieldId::KeepAlive);
        }
        let options = WriteOptions { announce, case: self.client_case(), last: None };
        haproxy_http::h1::write::write_response_head(&self.txn.response, options, head);
    }

    /// Spellings of names for clients that insist on them.
    fn client_case(&self) -> Option<&CaseMap> {
        self.fe().settings.options.h1_case_client.then_some(&self.snapshot.global.h1_case_adjust)
    }

    /// Spellings of names for servers that insist on them.
    fn server_case(&self, px: &Proxy) -> Option<&CaseMap> {
        px.settings.options.h1_case_server.then_some(&self.snapshot.global.h1_case_adjust)
    }
}
