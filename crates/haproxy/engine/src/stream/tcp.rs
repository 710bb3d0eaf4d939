//! A TCP session: content rules, a server, and bytes both ways until either side ends.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use haproxy_expr::cx::Direction;
use haproxy_expr::logformat::Origin;
use haproxy_http::Framing;
use haproxy_http::h1::ConnFlags;
use haproxy_model::snapshot::{Proxy, Server};
use haproxy_rules::{Effects, Verdict};

use super::After;
use super::body::{BodyFault, Transfer};
use super::carry::{Carry, Ends};
use super::spliced::Way;
use super::steps::{End, Stream};
use crate::conn::{Connection, deadline_after};
use crate::sessions::killable;
use crate::side::Received;

/// Runs the session to its end.
pub async fn run(conn: &mut Connection) -> After {
    let snapshot = Rc::clone(&conn.snapshot);
    let frontend = conn.session.frontend;
    let mut txn = conn.thread.txn();
    txn.http = false;
    txn.id = conn.thread.next_stream();
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
        avoid: None,
        persistence_ignored: false,
        filtering: None,
        logged: false,
        client_left: false,
        head_only: false,
    };
    if logs_at_accept(&stream) {
        stream.write_line(Origin::Accept, None);
        stream.logged = true;
    }
    let note = Rc::clone(&stream.conn.note);
    note.begin(&stream.snapshot, frontend, stream.now_ms(), stream.conn.thread.date());
    let ended = killable(&note, pin!(stream.tcp_phases())).await;
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
        self.reached(Origin::Request);
        self.connect().await?;
        self.reached(Origin::Connect);
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
        let mut up = Transfer::new(preface, Framing::Tunnel).through(upward).piped(self.pipes(Way::Up));
        if !px.rules.tcp_response.is_empty() {
            self.inspect_answer(px, &mut up).await?;
        }
        let head = self.conn.thread.text();
        let mut down = Transfer::new(head, Framing::Tunnel).through(downward).piped(self.pipes(Way::Down));
        let of_fe = &self.snapshot.proxy(self.frontend).settings.timeouts;
        let of_be = &px.settings.timeouts;
        let tunnel = self.effects.tunnel_timeout_ms.or(of_be.tunnel);
        let client = tunnel.or(self.effects.client_timeout_ms).or(of_fe.client);
        let server = tunnel.or(self.effects.server_timeout_ms).or(of_be.server);
        let ends = Ends::WithBoth { client_fin: of_fe.client_fin, server_fin: of_be.server_fin };
        let options = [&self.fe().settings.options, &px.settings.options];
        let independent = options.iter().any(|options| options.independent_streams);
        let carry =
            Carry::new(&mut up, &mut down, ends, (client, server), self.now_ms()).independent(independent);
        let fault = self.carry(carry).await;
        self.txn.log.bytes_in = up.body_bytes;
        self.txn.log.bytes_out = down.body_bytes;
        if let Some((cause, state)) = fault {
            self.ends(cause, state);
            self.count_abort(cause);
        }
        self.count_spliced(&up, &down);
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
            self.count_abort(cause);
            End::Close
        })
    }
}
