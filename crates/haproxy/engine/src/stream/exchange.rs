//! Sending the request, awaiting the response, carrying both bodies.

use std::rc::Rc;
use std::task::{Context, Poll};

use haproxy_http::h1::write::{Announce, WriteOptions, write_request_head};
use haproxy_http::h1::{ConnFlags, Parsed, Relax, ReplyTo, Resume, parse_response};
use haproxy_http::{FieldId, Framing, Method, Version};
use haproxy_model::settings::ConnectionMode;
use haproxy_model::snapshot::{Proxy, Server};

use super::After;
use super::body::{BodyFault, Transfer, WaitsFor};
use super::steps::{End, Stream};
use super::upstream;
use crate::conn::{Connection, deadline_after};
use crate::deadline::NEVER;
use crate::health::observe::{Sight, observe};
use crate::side::Received;

/// What the wait for the response's head brought.
enum Answer {
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

impl Stream<'_> {
    /// Everything from the choice of a server to the last byte of the response.
    pub async fn exchange(&mut self) -> Result<After, End> {
        let snapshot = Rc::clone(&self.snapshot);
        let px = snapshot.proxy(self.backend);
        self.body_taken = matches!(self.txn.request.framing, Framing::None);
        loop {
            self.connect().await?;
            let Some(server) = self.slot.as_ref().map(|slot| &px.servers[slot.index as usize]) else {
                return Err(End::Error(500));
            };
            let mut request = self.request_transfer(px, server);
            match self.await_head(px, &mut request).await? {
                Some((head_len, flags)) => return self.respond(px, server, request, head_len, flags).await,
                // the reused connection was closed by the server before it saw the request: a new one will do
                None => {
                    self.upstream = None;
                    self.txn.log.retries += 1;
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
            (true, _) if !self.request_flags.has(ConnFlags::UPGRADE) => Announce::Close,
            (false, Version::HTTP_10) if !self.request_flags.has(ConnFlags::INSECURE_FRAMING) => {
                Announce::KeepAlive
            }
            _ => Announce::Nothing,
        };
        if let Some(name) = &px.settings.send_name_header {
            self.txn.request.fields.set(name, server.settings.balance.name.as_bytes());
        }
        write_request_head(&self.txn.request, WriteOptions { announce, case: None }, &mut head);
        let filters = self.request_filters();
        Transfer::new(head, self.request_source(), false).through(filters)
    }

    /// Sends the request and waits for a final response's head. `None`: try again on another connection.
    async fn await_head(
        &mut self,
        px: &Proxy,
        request: &mut Transfer,
    ) -> Result<Option<(usize, ConnFlags)>, End> {
        let began_ms = self.now_ms();
        let mut resume = Resume::default();
        loop {
            let answer = self.poll_head(px, request, &mut resume).await;
            let thread = self.conn.thread.index;
            let counters = px.live.backend.at(thread);
            self.observe(px, &answer);
            match answer {
                Answer::Head { head_len, flags } => {
                    let status = self.txn.response.status;
                    if (100..200).contains(&status) && status != 101 {
                        self.interim(head_len).await?;
                        resume = Resume::default();
                        continue;
                    }
                    self.txn.log.response_ms = self.now_ms().saturating_sub(began_ms) as i32;
                    return Ok(Some((head_len, flags)));
                }
                Answer::ServerGone { sent_nothing } => {
                    let replayable = sent_nothing && self.can_replay(request);
                    if replayable && self.upstream.as_ref().is_some_and(|upstream| upstream.reused) {
                        return Ok(None);
                    }
                    if let Some(slot) = &self.slot {
                        slot.server.counters.at(thread).upstream.response_errors.inc();
                    }
                    counters.upstream.response_errors.inc();
                    self.ends(b'S', b'H');
                    return Err(End::Error(502));
                }
                Answer::Junk { .. } | Answer::TooLarge => {
                    if let Answer::Junk { at } = answer {
                        self.keep_response_fault(at);
                    }
                    if let Some(slot) = &self.slot {
                        slot.server.counters.at(thread).upstream.response_errors.inc();
                    }
                    counters.upstream.response_errors.inc();
                    self.ends(b'P', b'H');
                    return Err(End::Error(502));
                }
                Answer::ServerSlow => {
                    if let Some(slot) = &self.slot {
                        slot.server.counters.at(thread).upstream.response_errors.inc();
                    }
                    counters.upstream.response_errors.inc();
                    self.ends(b's', b'H');
                    return Err(End::Error(504));
                }
                Answer::Evicted(cause) => {
                    self.ends(cause, b'H');
                    return Err(End::Error(503));
                }
                Answer::ClientGone => {
                    counters.upstream.client_aborts.inc();
                    if let Some(slot) = &self.slot {
                        slot.server.counters.at(thread).upstream.client_aborts.inc();
                    }
                    self.ends(b'C', if request.is_received() { b'H' } else { b'D' });
                    return Err(End::Error(400));
                }
                Answer::ClientSlow => {
                    self.ends(b'c', b'D');
                    return Err(End::Error(408));
                }
                Answer::ClientBroken => {
                    self.ends(b'C', b'D');
                    return Err(End::Error(400));
                }
                Answer::ClientMalformed => {
                    self.ends(b'P', b'D');
                    return Err(End::Error(400));
                }
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

    async fn poll_head(&mut self, px: &Proxy, request: &mut Transfer, resume: &mut Resume) -> Answer {
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
        let Some(upstream) = upstream else { return Answer::ServerGone { sent_nothing: true } };
        let Connection { client, deadline, thread, .. } = &mut **conn;
        let mut request_broken = false;
        let mut look = !upstream.side.input.is_empty();
        let outcome = std::future::poll_fn(|cx: &mut Context<'_>| {
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
                    true => client_deadline_ms,
                    false => server_deadline_ms,
                };
                if deadline.poll(cx, first_ms).is_ready() {
                    return Poll::Ready(if client_waits { Answer::ClientSlow } else { Answer::ServerSlow });
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
        .await;
        self.body_taken = request.is_received();
        self.txn.log.bytes_in += request.body_bytes;
        outcome
    }

    /// A 1xx of the server goes to the client as it is (not to HTTP/1.0 clients, RFC 9110 §15.2).
    async fn interim(&mut self, head_len: usize) -> Result<(), End> {
        let mut head = self.conn.thread.text();
        if self.txn.request.version >= Version::HTTP_11 {
            haproxy_http::h1::write::write_response_head(
                &self.txn.response,
                WriteOptions::default(),
                &mut head,
            );
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

    /// Sends the response's head and carries both bodies to their ends.
    async fn respond(
        &mut self,
        px: &Proxy,
        server: &Server,
        mut request: Transfer,
        head_len: usize,
        flags: ConnFlags,
    ) -> Result<After, End> {
        if let Some(upstream) = &mut self.upstream {
            upstream.side.input.consume(head_len);
        }
        self.txn.has_response = true;
        self.txn.log.bytes_out = head_len as u64;
        self.effects.head_received = head_len;
        self.receive_response(px, server).await?;
        let tunnel = self.txn.response.framing == Framing::Tunnel
            || (self.txn.response.status == 101 && self.request_flags.has(ConnFlags::UPGRADE))
            || (self.txn.request.method() == Method::Connect && self.txn.response.status / 100 == 2);
        let server_keeps = !flags.has(ConnFlags::CLOSE)
            && !flags.has(ConnFlags::INSECURE_FRAMING)
            && !matches!(self.txn.response.framing, Framing::UntilClose | Framing::Tunnel)
            && !tunnel
            && px.settings.connection_mode == ConnectionMode::KeepAlive
            && self.fe().settings.connection_mode == ConnectionMode::KeepAlive;
        let old_chunked =
            self.txn.response.version < Version::HTTP_11 && self.txn.response.framing == Framing::Chunked;
        if matches!(self.txn.response.framing, Framing::UntilClose) || old_chunked {
            self.keep_client = false;
        }
        let framing = if tunnel { Framing::Tunnel } else { self.txn.response.framing };
        let [upward, downward] = if tunnel { self.tunnel_filters() } else { [None, self.response_filters()] };
        let mut head = self.conn.thread.text();
        self.write_head(tunnel, &mut head);
        // a rule made another method of HEAD: the client still gets no body
        let unwanted = self.head_only && !tunnel;
        let carried = if unwanted { Framing::None } else { framing };
        let mut response = Transfer::new(head, carried, false).through(downward);
        if tunnel {
            request = Transfer::new(Vec::new(), Framing::Tunnel, false).through(upward);
        }
        let mut outcome = if tunnel {
            self.carry_tunnel(px, &mut request, &mut response).await
        } else {
            self.carry_response(px, &mut request, &mut response).await
        };
        if outcome && unwanted && server_keeps {
            outcome = self.pass_body(framing, px.settings.timeouts.server).await;
        }
        self.txn.log.bytes_out += response.body_bytes;
        let complete = outcome && request.is_done() && response.is_done();
        self.body_taken = request.is_received();
        let request_text = request.into_text();
        self.conn.thread.give_text(request_text);
        self.count_filtered(response.filters.as_deref(), response.body_bytes);
        self.conn.thread.give_text(response.into_text());
        self.count_response();
        if complete && server_keeps {
            if let Some(upstream) = self.upstream.take() {
                // the slot goes first, so that whoever waits for it can use the connection
                self.note_end_of_data();
                upstream::keep(self.conn, px, server, upstream);
            }
        } else {
            self.close_upstream();
        }
        let after = if complete && self.keep_client && !tunnel { After::KeepAlive } else { After::Close };
        Ok(after)
    }

    /// Closes the server connection and gives its buffer back.
    pub fn close_upstream(&mut self) {
        if let Some(mut upstream) = self.upstream.take() {
            upstream.side.input.discard(&self.conn.thread.buffers);
        }
    }

    /// Carries the response (and what is left of the request). True when both ended well.
    async fn carry_response(&mut self, px: &Proxy, request: &mut Transfer, response: &mut Transfer) -> bool {
        let timeouts = (
            self.effects.client_timeout_ms.or(self.snapshot.proxy(self.frontend).settings.timeouts.client),
            self.effects.server_timeout_ms.or(px.settings.timeouts.server),
        );
        self.carry(request, response, timeouts, false).await
    }

    async fn carry_tunnel(&mut self, px: &Proxy, request: &mut Transfer, response: &mut Transfer) -> bool {
        let fe = self.snapshot.proxy(self.frontend);
        let tunnel =
            self.effects.tunnel_timeout_ms.or(px.settings.timeouts.tunnel).or(fe.settings.timeouts.tunnel);
        let timeouts = (
            tunnel.or(self.effects.client_timeout_ms).or(fe.settings.timeouts.client),
            tunnel.or(self.effects.server_timeout_ms).or(px.settings.timeouts.server),
        );
        self.carry(request, response, timeouts, true).await
    }

    async fn carry(
        &mut self,
        request: &mut Transfer,
        response: &mut Transfer,
        (client_timeout, server_timeout): (Option<u64>, Option<u64>),
        tunnel: bool,
    ) -> bool {
        let now_ms = self.now_ms();
        let mut client_deadline_ms = deadline_after(now_ms, client_timeout);
        let mut server_deadline_ms = deadline_after(now_ms, server_timeout);
        let Stream { conn, upstream, slot, .. } = self;
        let Some(upstream) = upstream else { return false };
        let Connection { client, deadline, thread, .. } = &mut **conn;
        let mut request_over = request.is_done();
        let mut half_closed = (false, false);
        let fault = std::future::poll_fn(|cx| {
            request.progress = false;
            response.progress = false;
            if !request_over {
                match request.poll(cx, client, &mut upstream.side, thread) {
                    Poll::Ready(Ok(())) => {
                        request_over = true;
                        if tunnel && !half_closed.0 {
                            upstream.side.io.shutdown_write();
                            half_closed.0 = true;
                        }
                    }
                    // the server may answer without reading all of the request
                    Poll::Ready(Err(BodyFault::Sink(_))) => request_over = true,
                    Poll::Ready(Err(BodyFault::Source(_))) => {
                        if tunnel {
                            return Poll::Ready(Some((b'C', b'D')));
                        }
                        request_over = true;
                    }
                    Poll::Ready(Err(BodyFault::Malformed)) => return Poll::Ready(Some((b'P', b'D'))),
                    Poll::Pending => {}
                }
            }
            match response.poll(cx, &mut upstream.side, client, thread) {
                Poll::Ready(Ok(())) => {
                    if tunnel && !half_closed.1 {
                        client.io.shutdown_write();
                        half_closed.1 = true;
                    }
                    if !tunnel || request_over {
                        return Poll::Ready(None);
                    }
                }
                Poll::Ready(Err(BodyFault::Sink(_))) => return Poll::Ready(Some((b'C', b'D'))),
                Poll::Ready(Err(BodyFault::Source(_))) => return Poll::Ready(Some((b'S', b'D'))),
                Poll::Ready(Err(BodyFault::Malformed)) => return Poll::Ready(Some((b'P', b'D'))),
                Poll::Pending => {}
            }
            if request.progress || response.progress {
                let now_ms = thread.now_ms();
                client_deadline_ms = deadline_after(now_ms, client_timeout);
                server_deadline_ms = deadline_after(now_ms, server_timeout);
            }
            // the timeout of whoever is waited for
            let waits_for_client = response.waits_for == WaitsFor::Sink;
            let (first_ms, code) = if response.waits_for == WaitsFor::Filter {
                (NEVER, b'-')
            } else if tunnel {
                if client_deadline_ms <= server_deadline_ms {
                    (client_deadline_ms, b'c')
                } else {
                    (server_deadline_ms, b's')
                }
            } else if waits_for_client {
                (client_deadline_ms, b'c')
            } else {
                (server_deadline_ms, b's')
            };
            if first_ms != NEVER && deadline.poll(cx, first_ms).is_ready() {
                return Poll::Ready(Some((code, b'D')));
            }
            if let Some(cause) = slot.as_ref().and_then(|slot| slot.evicted(cx)) {
                return Poll::Ready(Some((cause, b'D')));
            }
            Poll::Pending
        })
        .await;
        match fault {
            None => true,
            Some((cause, state)) => {
                self.count_abort(cause);
                self.ends(cause, state);
                false
            }
        }
    }

    fn count_abort(&mut self, cause: u8) {
        let thread = self.conn.thread.index;
        let of_backend = &self.px().live.backend.at(thread).upstream;
        let of_server = self.slot.as_ref().map(|slot| &slot.server.counters.at(thread).upstream);
        match cause {
            b'C' | b'c' => {
                of_backend.client_aborts.inc();
                if let Some(counters) = of_server {
                    counters.client_aborts.inc();
                }
            }
            _ => {
                of_backend.server_aborts.inc();
                if let Some(counters) = of_server {
                    counters.server_aborts.inc();
                }
            }
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
        haproxy_http::h1::write::write_response_head(
            &self.txn.response,
            WriteOptions { announce, case: None },
            head,
        );
    }
}
