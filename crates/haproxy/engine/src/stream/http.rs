//! The phases of an HTTP stream, in HAProxy's order.

use std::rc::Rc;
use std::task::Poll;

use haproxy_expr::cx::{Direction, Txn};
use haproxy_http::h1::ConnFlags;
use haproxy_rules::{Effects, Verdict};

use super::After;
use super::steps::{End, Stream};
use crate::clock;
use crate::conn::{Connection, deadline_after};
use crate::sessions::killable;
use crate::side::Received;

/// What ended the wait between two requests.
#[derive(Debug, PartialEq, Eq)]
pub enum Idle {
    /// Something came, or the first request's wait is over and must be told.
    Ready,
    /// The connection ended silently.
    Over,
}

/// Waits for a request's first byte. No buffer and no stream exist meanwhile.
pub async fn wait_idle(conn: &mut Connection) -> Idle {
    let px = conn.frontend();
    let timeouts = &px.settings.timeouts;
    let first = conn.requests == 0;
    let (base_ms, timeout) = if first {
        (conn.session.accepted_ms, timeouts.http_request.or(timeouts.client))
    } else {
        let idle = timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client);
        (conn.idle_since_ms, idle)
    };
    let deadline_ms = deadline_after(base_ms, timeout);
    let Connection { client, deadline, thread, .. } = conn;
    let drain = thread.drain.notified();
    tokio::pin!(drain);
    std::future::poll_fn(|cx| {
        match client.poll_receive(cx, &thread.buffers) {
            Poll::Ready(Ok(Received::Bytes(_) | Received::Full)) => return Poll::Ready(Idle::Ready),
            Poll::Ready(Ok(Received::End) | Err(_)) => {
                return Poll::Ready(if first { Idle::Ready } else { Idle::Over });
            }
            Poll::Pending => {}
        }
        if deadline.poll(cx, deadline_ms).is_ready() {
            return Poll::Ready(if first { Idle::Ready } else { Idle::Over });
        }
        if !first && std::future::Future::poll(drain.as_mut(), cx).is_ready() {
            return Poll::Ready(Idle::Over);
        }
        Poll::Pending
    })
    .await
}

/// Runs one request from its first byte to its log line.
pub async fn run(conn: &mut Connection, txn: Option<Box<Txn>>) -> After {
    let snapshot = Rc::clone(&conn.snapshot);
    let frontend = conn.session.frontend;
    let mut txn = txn.unwrap_or_else(|| conn.thread.txn());
    txn.http = true;
    txn.id = conn.thread.next_session();
    txn.backend = frontend;
    let effects = Effects {
        message_max: snapshot.global.bufsize,
        rewrite_reserve: snapshot.global.maxrewrite,
        ..Effects::default()
    };
    let mut stream = Stream {
        conn,
        snapshot,
        txn,
        effects,
        frontend,
        backend: frontend,
        slot: None,
        upstream: None,
        request_flags: ConnFlags::default(),
        keep_client: true,
        body_taken: false,
        backend_counted: false,
        wanted_server: None,
        filtering: None,
        logged: false,
        client_left: false,
        head_only: false,
    };
    let note = Rc::clone(&stream.conn.note);
    note.begin(&stream.snapshot, frontend, stream.now_ms(), clock::date());
    let after = match killable(&note, stream.phases()).await {
        Some(Ok(after)) => after,
        Some(Err(end)) => match killable(&note, stream.act(end)).await {
            Some(after) => after,
            None => stream.killed(),
        },
        None => stream.killed(),
    };
    note.end();
    stream.finish(after)
}

impl Stream<'_> {
    /// All phases; an early end comes back as the error.
    async fn phases(&mut self) -> Result<After, End> {
        self.receive_request().await?;
        self.count_request();
        self.monitor()?;
        self.capture_request();
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        if fe.settings.options.http_buffer_request {
            self.buffer_body(fe.settings.timeouts.http_request, None).await?;
        }
        self.proxy_rules(fe).await?;
        if let Some(hit) = self.cache_hit() {
            // no backend is chosen for what the frontend answers
            if fe.role.is_backend() {
                self.count_backend();
            }
            return self.deliver(&hit).await;
        }
        self.switch_backend()?;
        let be = snapshot.proxy(self.backend);
        if self.backend != self.frontend {
            if be.settings.options.http_buffer_request && !fe.settings.options.http_buffer_request {
                self.buffer_body(be.settings.timeouts.http_request, None).await?;
            }
            self.proxy_rules(be).await?;
        }
        if self.client_left {
            self.ends(b'C', b'R');
            return Err(End::Error(400));
        }
        self.count_backend();
        if let Some(hit) = self.cache_hit() {
            return self.deliver(&hit).await;
        }
        self.persistence()?;
        self.prepare_request();
        self.filter_request();
        self.exchange().await
    }

    /// The request rules of one proxy: content, http-request, forbidden names, statistics, redirects.
    async fn proxy_rules(&mut self, px: &haproxy_model::snapshot::Proxy) -> Result<(), End> {
        let rules = &px.rules;
        self.evaluate(&rules.tcp_content, rules.inspect_delay_ms).await?;
        self.evaluate(&rules.http_request, None).await?;
        self.restrict_names(px)?;
        self.statistics(px)?;
        self.evaluate(&rules.redirect, None).await?;
        self.send_early_hints().await
    }

    /// 103 responses that rules made go out before the server is asked.
    async fn send_early_hints(&mut self) -> Result<(), End> {
        if self.effects.early_heads.is_empty() {
            return Ok(());
        }
        let heads = std::mem::take(&mut self.effects.early_heads);
        match super::reply::send_all(self.conn, &heads).await {
            Ok(()) => Ok(()),
            Err(_) => Err(End::Close),
        }
    }

    /// Runs one rule set on the request to its end, waiting for input where a rule asks for it.
    async fn evaluate(
        &mut self,
        rules: &haproxy_rules::RuleSet,
        inspect_delay_ms: Option<u64>,
    ) -> Result<(), End> {
        if rules.is_empty() {
            return Ok(());
        }
        let mut from = 0;
        let mut complete = inspect_delay_ms.is_none() || self.body_is_here();
        let deadline_ms = deadline_after(self.now_ms(), inspect_delay_ms);
        loop {
            let (verdict, at) = self.run_rules(rules, from, Direction::Request, complete);
            match verdict {
                Verdict::Continue | Verdict::Stop => return Ok(()),
                Verdict::Wait => {
                    if complete {
                        from = at + 1;
                        continue;
                    }
                    complete = !self.receive_more(deadline_ms).await?;
                    from = at;
                }
                Verdict::WaitForBody { timeout_ms, at_least } => {
                    self.buffer_body(Some(timeout_ms), at_least).await?;
                    from = at + 1;
                }
                Verdict::Pause { ms } => {
                    self.pause(ms).await;
                    from = at + 1;
                }
                Verdict::Reply(reply) => return Err(End::Reply(reply)),
                Verdict::Tarpit(reply) => return Err(End::Tarpit(reply)),
                Verdict::Reject => {
                    self.ends(b'P', b'R');
                    self.count_denied();
                    return Err(End::Close);
                }
                Verdict::SilentDrop { ttl } => {
                    self.ends(b'P', b'R');
                    return Err(End::SilentDrop(ttl));
                }
                Verdict::Service(service) => return Err(End::Service(service)),
                Verdict::Fail => {
                    self.ends(b'P', b'R');
                    return Err(End::Error(500));
                }
            }
        }
    }
}
