//! Answers made here: rules' replies, error pages, services, plain bytes.

use std::io;
use std::sync::Arc;
use std::task::Poll;

use haproxy_expr::cx::Direction;
use haproxy_http::proxy_protocol::{Command, Endpoints, TlvType, TlvsOut, V2, encode_v2, write_v1};
use haproxy_http::{FieldId, Framing, status};
use haproxy_model::settings::SendProxy;
use haproxy_model::snapshot::Server;
use haproxy_rules::{Reply, ReplyCause, Service};

use super::After;
use super::filtered::Filtered;
use super::steps::{End, Stream};
use crate::conn::{Connection, deadline_after};
use crate::service::ServiceRequest;

/// Longest time an answer to a broken request may take to be sent, milliseconds, when there is no client timeout.
const SEND_FALLBACK_MS: u64 = 10_000;

impl Stream<'_> {
    /// Acts on a step's early end.
    pub async fn act(&mut self, end: End) -> After {
        match end {
            End::Done(after) => after,
            End::Close => After::Close,
            End::SilentDrop(ttl) => {
                super::silent_drop(&self.conn.client.io, ttl);
                After::Close
            }
            End::Error(code) => {
                self.release_server();
                let reply = self.error_reply(code);
                self.send_reply(reply).await
            }
            End::Reply(reply) => {
                match reply.cause {
                    ReplyCause::Denied => {
                        if self.txn.log.termination.cause == b'-' {
                            self.count_denied();
                        }
                        self.ends(b'P', b'R');
                    }
                    ReplyCause::Local => {
                        self.ends(b'L', b'R');
                        self.count_intercepted();
                    }
                    ReplyCause::Tarpit | ReplyCause::Error => self.ends(b'P', b'T'),
                }
                self.release_server();
                self.send_reply(reply).await
            }
            End::Tarpit(reply) => self.tarpit(reply).await,
            End::Service(service) => self.serve(service).await,
        }
    }

    /// Gives slot and connection back before an answer of our own.
    fn release_server(&mut self) {
        self.close_upstream();
        self.slot = None;
    }

    /// Counts an answer made here, at the frontend unless a backend's rules made it.
    fn count_intercepted(&self) {
        if self.backend == self.frontend {
            self.fe().live.frontend.at(self.conn.thread.index).intercepted.inc();
        }
    }

    async fn tarpit(&mut self, reply: Box<Reply>) -> After {
        self.count_denied();
        let timeouts = &self.px().settings.timeouts;
        let timeout = self.effects.tarpit_timeout_ms.or(timeouts.tarpit).or(timeouts.connect);
        let until_ms = self.now_ms() + timeout.unwrap_or(0);
        let Connection { client, deadline, thread, .. } = &mut *self.conn;
        let gone = std::future::poll_fn(|cx| {
            if deadline.poll(cx, until_ms).is_ready() {
                return Poll::Ready(false);
            }
            if super::client_gone(cx, client, thread) {
                return Poll::Ready(true);
            }
            Poll::Pending
        })
        .await;
        self.ends(b'P', b'T');
        self.txn.log.queue_ms = self.now_ms().saturating_sub(self.txn.log.request_ms) as i32;
        self.txn.log.request_time_ms = -1;
        if gone {
            self.txn.log.status = reply.status as i16;
            return After::Close;
        }
        self.send_reply(reply).await
    }

    async fn serve(&mut self, service: Service) -> After {
        let px = match service {
            Service::Stats if self.px().settings.stats.is_none() => self.frontend,
            Service::Stats | Service::Prometheus => self.backend,
        };
        if !matches!(self.txn.request.framing, Framing::None)
            && let Err(end) = self.buffer_body(None, None).await
        {
            return Box::pin(self.act(end)).await;
        }
        let services = Arc::clone(&self.conn.thread.process.services);
        self.txn.log.service = Some(services.name(service));
        let admin = self.snapshot.proxy(px).settings.stats.as_ref().is_some_and(|page| {
            page.admin.iter().any(|c| self.look(Direction::Request, |cx| c.eval(cx).holds()))
        });
        let reply = services.answer(&ServiceRequest {
            service,
            proxy: px,
            request: &self.txn.request,
            body: self.conn.client.input.bytes(),
            admin,
            snapshot: &self.snapshot,
            process: &self.conn.thread.process,
        });
        self.ends(b'L', b'R');
        self.count_intercepted();
        self.txn.log.queue_ms = 0;
        self.txn.log.connect_ms = 0;
        self.txn.log.response_ms = 0;
        self.send_reply(Box::new(reply)).await
    }

    /// The page this stream's proxies have for a status.
    fn own_page(&self, code: u16, cause: ReplyCause) -> Option<Reply> {
        let page = self.px().settings.errors.page(code).or_else(|| self.fe().settings.errors.page(code))?;
        Some(self.look(Direction::Request, |cx| page.make(cx, cause)))
    }

    /// The proxy's page for an error: configured, or built in.
    fn error_reply(&mut self, code: u16) -> Box<Reply> {
        let page = self.own_page(code, ReplyCause::Error);
        let mut reply = Box::new(page.unwrap_or_else(|| Reply::built_in(code, ReplyCause::Error)));
        reply.logged = Some(code);
        // the connection is of no use after a request that could not be read
        reply.close |= matches!(code, 400 | 408 | 413 | 414 | 431 | 422) || !self.keep_client;
        reply
    }

    /// Sends a reply as the request's final response.
    async fn send_reply(&mut self, reply: Box<Reply>) -> After {
        let page = if reply.own_page { self.own_page(reply.status, reply.cause) } else { None };
        let reply = reply.resolved(page);
        self.txn.log.status = reply.logged.unwrap_or(reply.status) as i16;
        if reply.silent {
            self.keep_client = false;
            return After::Close;
        }
        let response = &mut self.txn.response;
        response.clear();
        let reason: &[u8] =
            if reply.reason.is_empty() { status::reason(reply.status).as_bytes() } else { &reply.reason };
        response.set_status(reply.status, reason);
        response.version = reply.version;
        let mut digits = [0u8; 20];
        let length = decimal(reply.body.len() as u64, &mut digits);
        let length_at = reply.length_at.unwrap_or(usize::MAX);
        for (index, (name, value)) in reply.fields.iter().enumerate() {
            if index == length_at {
                response.fields.append_known(FieldId::ContentLength, length);
            }
            response.fields.append(name, value);
        }
        if length_at != usize::MAX && length_at >= reply.fields.len() {
            response.fields.append_known(FieldId::ContentLength, length);
        }
        if reply.status == 204 {
            // there is nothing whose length could be told (RFC 9110 §8.6)
            response.fields.remove_known(FieldId::ContentLength);
        }
        if reply.length_at.is_none() && !reply.body.is_empty() {
            // the end of the connection is the end of the body
            self.keep_client = false;
        }
        self.txn.has_response = true;
        self.keep_client &= !reply.close;
        self.drop_request_body();
        if self.txn.has_request {
            self.after_response();
        }
        // what was asked for is logged, unless a rule on the answer chose another status
        let status = self.txn.response.status;
        let logged = if status == reply.status { reply.logged.unwrap_or(status) } else { status };
        self.txn.log.status = logged as i16;
        let mut head = self.conn.thread.text();
        if !self.effects.early_heads.is_empty() {
            head.extend_from_slice(&self.effects.early_heads);
        }
        // what services answer goes through filters as a server's answer does
        let mut filters = None;
        if self.txn.log.service.is_some_and(|service| service != super::NO_SERVER) {
            self.filter_request();
            self.txn.response.framing = Framing::Length(reply.body.len() as u64);
            self.consider_response();
            filters = self.response_filters();
        }
        self.write_head(false, &mut head);
        if !self.answers_head() && filters.is_none() {
            head.extend_from_slice(&reply.body);
        }
        let sent = match &mut filters {
            Some(filters) => send_filtered(self.conn, &mut head, &reply.body, filters).await,
            None => send_all(self.conn, &head).await.map(|()| head.len()),
        };
        self.count_filtered(filters.as_deref(), reply.body.len() as u64);
        self.fe()
            .live
            .frontend
            .at(self.conn.thread.index)
            .bytes
            .response_out
            .add(*sent.as_ref().unwrap_or(&head.len()) as u64);
        self.conn.thread.give_text(head);
        self.count_response();
        if sent.is_err() {
            return After::Close;
        }
        if self.keep_client { After::KeepAlive } else { self.close_after_reply().await }
    }

    /// Takes what is left of the request out of the way, or gives up on keeping the connection.
    pub(super) fn drop_request_body(&mut self) {
        if self.body_taken || !self.txn.has_request {
            return;
        }
        let source = self.request_source();
        let input = &mut self.conn.client.input;
        match source {
            Framing::None => {}
            Framing::Length(n) if input.len() as u64 >= n => input.consume(n as usize),
            Framing::Chunked => {
                let mut decoder = haproxy_http::h1::ChunkDecoder::default();
                let mut at = 0;
                let bytes = input.bytes();
                while let Ok((consumed, step)) = decoder.decode(&bytes[at..]) {
                    at += consumed;
                    if matches!(step, haproxy_http::h1::Step::End) {
                        break;
                    }
                    if consumed == 0 {
                        break;
                    }
                }
                if decoder.is_done() {
                    input.consume(at);
                } else {
                    self.keep_client = false;
                }
            }
            _ => self.keep_client = false,
        }
        self.body_taken = true;
    }

    /// Ends the sending side and reads on for a moment, so that the answer is not lost to a reset.
    async fn close_after_reply(&mut self) -> After {
        if !self.conn.client.ended {
            self.conn.client.io.shutdown_write();
            self.conn.client.input.discard(&self.conn.thread.buffers);
            let until_ms = self.now_ms() + 1_000;
            let Connection { client, deadline, thread, .. } = &mut *self.conn;
            let mut seen = 0usize;
            std::future::poll_fn(|cx| {
                loop {
                    match client.poll_receive(cx, &thread.buffers) {
                        Poll::Ready(Ok(crate::side::Received::Bytes(n))) => {
                            seen += n;
                            client.input.discard(&thread.buffers);
                            if seen > 1 << 20 {
                                return Poll::Ready(());
                            }
                        }
                        Poll::Ready(_) => return Poll::Ready(()),
                        Poll::Pending => return deadline.poll(cx, until_ms),
                    }
                }
            })
            .await;
        }
        After::Close
    }
}

/// A number as text.
pub fn decimal(mut n: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return &digits[at..];
        }
    }
}

/// Sends all bytes to the client, bounded by its timeout.
pub async fn send_all(conn: &mut Connection, bytes: &[u8]) -> io::Result<()> {
    let timeout = conn.frontend().settings.timeouts.client.unwrap_or(SEND_FALLBACK_MS);
    let deadline_ms = deadline_after(conn.thread.now_ms(), Some(timeout));
    let Connection { client, deadline, .. } = conn;
    let mut at = 0;
    std::future::poll_fn(|cx| {
        while at < bytes.len() {
            match client.io.poll_write(cx, &bytes[at..]) {
                Poll::Ready(Ok(n)) => at += n,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    return deadline.poll(cx, deadline_ms).map(|()| Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        Poll::Ready(Ok(()))
    })
    .await
}

/// Bytes of a body that go through filters at a time.
const FILTERED_PIECE: usize = 16 * 1024;

/// Sends a head and a body that goes through filters.
pub async fn send_filtered(
    conn: &mut Connection,
    head: &mut Vec<u8>,
    body: &[u8],
    filters: &mut Filtered,
) -> io::Result<usize> {
    let mut sent = 0;
    let mut pieces = body.chunks(FILTERED_PIECE);
    loop {
        if !filters.is_full() {
            match pieces.next() {
                Some(piece) => filters.feed(piece, &conn.thread),
                None if !filters.is_ending() => filters.finish(&conn.thread),
                None => {}
            }
        }
        filters.drain(head);
        if !head.is_empty() {
            send_all(conn, head).await?;
            sent += head.len();
            head.clear();
        } else if filters.is_done() {
            return Ok(sent);
        } else if filters.waits() {
            let thread = std::rc::Rc::clone(&conn.thread);
            std::future::poll_fn(|cx| filters.poll_resume(cx, &thread)).await;
        }
    }
}

/// Sends fixed bytes and does not care whether they arrive.
pub async fn send_plain(conn: &mut Connection, bytes: &[u8]) {
    drop(send_all(conn, bytes).await);
}

/// The PROXY header a server wants before anything else, if it wants one.
pub fn proxy_preface(stream: &Stream<'_>, server: &Server, out: &mut Vec<u8>) {
    let session = &stream.conn.session;
    let addresses = session.source.ip().zip(session.destination.ip());
    match (server.settings.send_proxy, addresses) {
        (SendProxy::Off, _) => {}
        (SendProxy::V1, ends) => write_v1(ends, out),
        (SendProxy::V2, _) => {
            let wants = |word: &str| server.settings.proxy_v2_options.iter().any(|w| w == word);
            let mut tlvs = TlvsOut::default();
            if wants("authority")
                && let Some(sni) = session.tls.as_ref().and_then(|tls| tls.sni.as_ref())
            {
                tlvs.push(TlvType::AUTHORITY, sni.as_bytes());
            }
            if wants("unique-id")
                && let Some(id) = stream.txn.unique_id.borrow().as_deref()
            {
                tlvs.push(TlvType::UNIQUE_ID, id);
            }
            let endpoints = addresses
                .map_or(Endpoints::Unknown, |(source, destination)| Endpoints::Inet { source, destination });
            let header =
                V2 { command: Command::Proxy, endpoints: &endpoints, tlvs: &tlvs, checksum: wants("crc32c") };
            encode_v2(&header, out);
        }
    }
}
