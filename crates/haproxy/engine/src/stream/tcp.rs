//! A TCP session: content rules, a server, and bytes both ways until either side ends.

use std::rc::Rc;
use std::task::Poll;

use haproxy_expr::cx::Direction;
use haproxy_http::Framing;
use haproxy_http::h1::ConnFlags;
use haproxy_model::snapshot::{Proxy, Server};
use haproxy_rules::{Effects, Verdict};

use super::After;
use super::body::{BodyFault, Transfer};
use super::steps::{End, Stream};
use crate::clock;
use crate::conn::{Connection, deadline_after};
use crate::deadline::NEVER;
use crate::sessions::killable;
use crate::side::Received;

/// Runs the session to its end.
pub async fn run(conn: &mut Connection) -> After {
    let snapshot = Rc::clone(&conn.snapshot);
    let frontend = conn.session.frontend;
    let mut txn = conn.thread.txn();
    txn.http = false;
    txn.id = conn.thread.next_session();
    txn.backend = frontend;
    txn.log.request_ms = conn.session.accepted_ms;
    txn.log.request_date = conn.session.accepted;
    let mut stream = Stream {
        conn,
        snapshot,
        txn,
        effects: Effects::default(),
        frontend,
        backend: frontend,
        slot: None,
        upstream: None,
        request_flags: ConnFlags::default(),
        keep_client: false,
        body_taken: true,
        backend_counted: false,
        wanted_server: None,
        filtering: None,
        logged: false,
        client_left: false,
        head_only: false,
    };
    if logs_at_accept(&stream) {
        stream.write_log();
    }
    let note = Rc::clone(&stream.conn.note);
    note.begin(&stream.snapshot, frontend, stream.now_ms(), clock::date());
    let ended = killable(&note, stream.tcp_phases()).await;
    note.end();
    let Some(ended) = ended else {
        let after = stream.killed();
        return stream.finish(after);
    };
    let after = match ended {
        Ok(()) => After::Close,
        Err(End::Done(after @ After::Http(_))) => {
            // the line will be that of the HTTP stream
            stream.logged = true;
            after
        }
        Err(End::SilentDrop(ttl)) => {
            super::silent_drop(&stream.conn.client.io, ttl);
            After::Close
        }
        // a TCP client gets no answer, only the end
        Err(_) => After::Close,
    };
    stream.finish(after)
}

/// Without tcplog or a format, the only line is the one at accept.
fn logs_at_accept(stream: &Stream<'_>) -> bool {
    matches!(stream.fe().settings.log_line, haproxy_model::settings::LogLine::Connect)
}

impl Stream<'_> {
    async fn tcp_phases(&mut self) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        self.content(fe, Direction::Request).await?;
        self.switch_backend()?;
        let be = snapshot.proxy(self.backend);
        if self.backend != self.frontend {
            self.content(be, Direction::Request).await?;
        }
        self.count_backend();
        self.persistence()?;
        self.connect().await?;
        let Some(server) = self.slot.as_ref().map(|slot| &be.servers[slot.index as usize]) else {
            return Err(End::Error(500));
        };
        self.carry_session(be, server).await
    }

    /// `tcp-request content`: evaluated again with every arrival until it decides or the inspection ends.
    async fn content(&mut self, px: &Proxy, direction: Direction) -> Result<(), End> {
        let rules = &px.rules.tcp_content;
        if rules.is_empty() {
            return Ok(());
        }
        let deadline_ms = deadline_after(self.now_ms(), px.rules.inspect_delay_ms);
        let mut complete = px.rules.inspect_delay_ms.is_none();
        let mut from = 0;
        loop {
            complete |= self.conn.client.ended || self.conn.client.input.is_full();
            let (verdict, at) = self.run_rules(rules, from, direction, complete);
            match verdict {
                Verdict::Stop if self.effects.switch_to_http => {
                    return Err(End::Done(After::Http(self.conn.thread.txn())));
                }
                Verdict::Continue | Verdict::Stop => return Ok(()),
                Verdict::Wait => {
                    if complete {
                        from = at + 1;
                        continue;
                    }
                    from = at;
                    complete = !self.arrival(deadline_ms).await;
                }
                Verdict::SilentDrop { ttl } => {
                    self.ends(b'P', b'R');
                    return Err(End::SilentDrop(ttl));
                }
                _ => {
                    self.count_denied();
                    self.ends(b'P', b'R');
                    return Err(End::Close);
                }
            }
        }
    }

    /// Waits for more bytes of the client; false when none come in time.
    async fn arrival(&mut self, deadline_ms: u64) -> bool {
        let Connection { client, deadline, thread, .. } = &mut *self.conn;
        std::future::poll_fn(|cx| {
            match client.poll_receive(cx, &thread.buffers) {
                Poll::Ready(Ok(Received::Bytes(_))) => return Poll::Ready(true),
                Poll::Ready(_) => return Poll::Ready(false),
                Poll::Pending => {}
            }
            deadline.poll(cx, deadline_ms).map(|()| false)
        })
        .await
    }

    /// Carries bytes both ways. Each direction ends on its own; the session ends with the second.
    async fn carry_session(&mut self, px: &Proxy, server: &Server) -> Result<(), End> {
        let mut preface = self.conn.thread.text();
        super::reply::proxy_preface(self, server, &mut preface);
        let [upward, downward] = self.session_filters();
        let mut up = Transfer::new(preface, Framing::Tunnel, false).through(upward);
        if !px.rules.tcp_response.is_empty() {
            self.inspect_answer(px, &mut up).await?;
        }
        let mut down = Transfer::new(self.conn.thread.text(), Framing::Tunnel, false).through(downward);
        let fe = self.snapshot.proxy(self.frontend);
        let times = &px.settings.timeouts;
        let client_timeout = self.effects.client_timeout_ms.or(fe.settings.timeouts.client);
        let server_timeout = self.effects.server_timeout_ms.or(times.server);
        let tunnel = self.effects.tunnel_timeout_ms.or(times.tunnel);
        let client_fin = fe.settings.timeouts.client_fin;
        let server_fin = times.server_fin;
        let mut client_timeout = tunnel.or(client_timeout);
        let mut server_timeout = tunnel.or(server_timeout);
        let now_ms = self.now_ms();
        let mut client_deadline_ms = deadline_after(now_ms, client_timeout);
        let mut server_deadline_ms = deadline_after(now_ms, server_timeout);
        let mut up_over = false;
        let mut down_over = false;
        let Stream { conn, upstream, slot, .. } = self;
        let Some(upstream) = upstream else { return Err(End::Close) };
        let Connection { client, deadline, thread, .. } = &mut **conn;
        let code = std::future::poll_fn(|cx| {
            up.progress = false;
            down.progress = false;
            if !up_over {
                match up.poll(cx, client, &mut upstream.side, thread) {
                    Poll::Ready(Ok(())) => {
                        up_over = true;
                        upstream.side.io.shutdown_write();
                        if let Some(ms) = server_fin {
                            server_timeout = Some(ms);
                            server_deadline_ms = deadline_after(thread.now_ms(), server_timeout);
                        }
                    }
                    Poll::Ready(Err(BodyFault::Sink(_))) => return Poll::Ready((b'S', b'D')),
                    Poll::Ready(Err(_)) => return Poll::Ready((b'C', b'D')),
                    Poll::Pending => {}
                }
            }
            if !down_over {
                match down.poll(cx, &mut upstream.side, client, thread) {
                    Poll::Ready(Ok(())) => {
                        down_over = true;
                        client.io.shutdown_write();
                        if let Some(ms) = client_fin {
                            client_timeout = Some(ms);
                            client_deadline_ms = deadline_after(thread.now_ms(), client_timeout);
                        }
                    }
                    Poll::Ready(Err(BodyFault::Sink(_))) => return Poll::Ready((b'C', b'D')),
                    Poll::Ready(Err(_)) => return Poll::Ready((b'S', b'D')),
                    Poll::Pending => {}
                }
            }
            if up_over && down_over {
                return Poll::Ready((b'-', b'-'));
            }
            if up.progress || down.progress {
                let now_ms = thread.now_ms();
                if up.progress || tunnel.is_some() || client_fin.is_none() {
                    client_deadline_ms = deadline_after(now_ms, client_timeout);
                }
                if down.progress || tunnel.is_some() || server_fin.is_none() {
                    server_deadline_ms = deadline_after(now_ms, server_timeout);
                }
            }
            let (first_ms, cause) = if client_deadline_ms <= server_deadline_ms {
                (client_deadline_ms, b'c')
            } else {
                (server_deadline_ms, b's')
            };
            if first_ms != NEVER && deadline.poll(cx, first_ms).is_ready() {
                return Poll::Ready((cause, b'D'));
            }
            if let Some(cause) = slot.as_ref().and_then(|slot| slot.evicted(cx)) {
                return Poll::Ready((cause, b'D'));
            }
            Poll::Pending
        })
        .await;
        self.txn.log.bytes_in = up.body_bytes;
        self.txn.log.bytes_out = down.body_bytes;
        if code.0 != b'-' {
            self.ends(code.0, code.1);
            self.count_tcp_abort(code.0);
        }
        self.conn.thread.give_text(up.into_text());
        self.conn.thread.give_text(down.into_text());
        Ok(())
    }

    /// `tcp-response content`: nothing of the server's reaches the client until the rules have decided. The client's
    /// bytes go on meanwhile.
    async fn inspect_answer(&mut self, px: &Proxy, up: &mut Transfer) -> Result<(), End> {
        let rules = &px.rules.tcp_response;
        let delay = px.rules.response_inspect_delay_ms;
        let deadline_ms = deadline_after(self.now_ms(), delay);
        let mut complete = delay.is_none();
        let mut from = 0;
        loop {
            complete |= self
                .upstream
                .as_ref()
                .is_none_or(|upstream| upstream.side.ended || upstream.side.input.is_full());
            let (verdict, at) = self.run_rules(rules, from, Direction::Response, complete);
            match verdict {
                Verdict::Continue | Verdict::Stop => return Ok(()),
                Verdict::Wait if complete => from = at + 1,
                Verdict::Wait => {
                    from = at;
                    complete = !self.answer_arrives(up, deadline_ms).await?;
                }
                Verdict::SilentDrop { ttl } => {
                    self.ends(b'P', b'D');
                    return Err(End::SilentDrop(ttl));
                }
                _ => {
                    let thread = self.conn.thread.index;
                    self.fe().live.frontend.at(thread).denied_responses.inc();
                    self.px().live.backend.at(thread).upstream.denied_responses.inc();
                    self.ends(b'P', b'D');
                    return Err(End::Close);
                }
            }
        }
    }

    /// Carries what the client sends until the server sends something; false when nothing comes in time.
    async fn answer_arrives(&mut self, up: &mut Transfer, deadline_ms: u64) -> Result<bool, End> {
        let Stream { conn, upstream, .. } = self;
        let Some(upstream) = upstream else { return Err(End::Close) };
        let Connection { client, deadline, thread, .. } = &mut **conn;
        let mut up_over = up.is_done();
        let outcome = std::future::poll_fn(|cx| {
            if !up_over {
                match up.poll(cx, client, &mut upstream.side, thread) {
                    Poll::Ready(Ok(())) => {
                        up_over = true;
                        upstream.side.io.shutdown_write();
                    }
                    Poll::Ready(Err(BodyFault::Sink(_))) => return Poll::Ready(Err((b'S', b'D'))),
                    Poll::Ready(Err(_)) => return Poll::Ready(Err((b'C', b'D'))),
                    Poll::Pending => {}
                }
            }
            match upstream.side.poll_receive(cx, &thread.buffers) {
                Poll::Ready(Ok(Received::Bytes(_))) => return Poll::Ready(Ok(true)),
                Poll::Ready(_) => return Poll::Ready(Ok(false)),
                Poll::Pending => {}
            }
            deadline.poll(cx, deadline_ms).map(|()| Ok(false))
        })
        .await;
        outcome.map_err(|(cause, state)| {
            self.ends(cause, state);
            self.count_tcp_abort(cause);
            End::Close
        })
    }

    fn count_tcp_abort(&self, cause: u8) {
        let thread = self.conn.thread.index;
        let of_backend = &self.px().live.backend.at(thread).upstream;
        let by_client = matches!(cause, b'C' | b'c');
        if let Some(slot) = &self.slot {
            let counters = &slot.server.counters.at(thread).upstream;
            if by_client { counters.client_aborts.inc() } else { counters.server_aborts.inc() }
        }
        if by_client { of_backend.client_aborts.inc() } else { of_backend.server_aborts.inc() }
    }
}
