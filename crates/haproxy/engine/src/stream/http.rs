//! The phases of an HTTP stream, in HAProxy's order.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use haproxy_expr::cx::Txn;
use haproxy_expr::logformat::Origin;
use haproxy_http::h1::ConnFlags;
use haproxy_rules::Effects;

use super::After;
use super::steps::{End, Stream};
use super::walk::RequestWalk;
use crate::conn::{Connection, deadline_after};
use crate::deadline::NEVER;
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
    let first = conn.requests == 0;
    loop {
        let timeouts = &conn.frontend().settings.timeouts;
        let (base_ms, timeout) = if first {
            (conn.session.accepted_ms, timeouts.http_request.or(timeouts.client))
        } else {
            let idle = timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client);
            (conn.idle_since_ms, idle)
        };
        // who was busy a moment ago may be asking again right now: to be told is better than to be cut
        let leaves_ms = match conn.leaves_at_ms() {
            _ if first || conn.frontend().settings.options.idle_close_on_response => NEVER,
            NEVER => NEVER,
            at_ms => at_ms.max(conn.idle_since_ms + COURTESY_MS),
        };
        let until_ms = deadline_after(base_ms, timeout).min(leaves_ms);
        if let Some(idle) = wait_once(conn, first, until_ms).await {
            return idle;
        }
        conn.renew_snapshot();
    }
}

/// How long a connection on which nothing happens is kept when its listener leaves, so that a request on its way is
/// still answered.
const COURTESY_MS: u64 = 500;

/// Waits until there is an answer, or until there may be a new snapshot or reason to leave.
async fn wait_once(conn: &mut Connection, first: bool, until_ms: u64) -> Option<Idle> {
    let Connection { client, deadline, thread, .. } = conn;
    let epoch = thread.epoch();
    std::future::poll_fn(|cx| {
        match client.poll_receive(cx, &thread.buffers) {
            Poll::Ready(Ok(Received::Bytes(_) | Received::Full)) => return Poll::Ready(Some(Idle::Ready)),
            Poll::Ready(Ok(Received::End) | Err(_)) => {
                return Poll::Ready(Some(if first { Idle::Ready } else { Idle::Over }));
            }
            Poll::Pending => {}
        }
        if deadline.poll(cx, until_ms).is_ready() {
            return Poll::Ready(Some(if first { Idle::Ready } else { Idle::Over }));
        }
        if thread.epoch() != epoch {
            return Poll::Ready(None);
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
    txn.id = conn.thread.next_stream();
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
        avoid: None,
        persistence_ignored: false,
        filtering: None,
        logged: false,
        client_left: false,
        head_only: false,
    };
    let note = Rc::clone(&stream.conn.note);
    note.begin(&stream.snapshot, frontend, stream.now_ms(), stream.conn.thread.date());
    let mut after = killable(&note, pin!(stream.phases())).await;
    if let Some(Err(end)) = after {
        after = killable(&note, Box::pin(stream.act(end)).as_mut()).await.map(Ok);
    }
    let after = match after {
        Some(Ok(after)) => after,
        Some(Err(_)) | None => stream.killed(),
    };
    note.end();
    stream.finish(after)
}

impl Stream<'_> {
    /// All phases; an early end comes back as the error. Whatever may have to wait, but mostly does not, is tried first
    /// and boxed only when it waits.
    async fn phases(&mut self) -> Result<After, End> {
        if !self.read_request()? {
            Box::pin(self.receive_request()).await?;
        }
        self.count_request();
        self.monitor()?;
        self.capture_request();
        self.reached(Origin::Request);
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let mut px = fe;
        let mut walk = RequestWalk::new(false);
        loop {
            while let Some(wait) = self.walk_request(px, &mut walk)? {
                Box::pin(self.wait_for(wait, &mut walk)).await?;
            }
            if px.id != self.frontend {
                break;
            }
            if let Some(hit) = self.cache_hit() {
                // no backend is chosen for what the frontend answers
                if fe.role.is_backend() {
                    self.count_backend();
                }
                return Box::pin(self.deliver(&hit)).await;
            }
            self.switch_backend()?;
            self.count_backend();
            if self.backend == self.frontend {
                break;
            }
            px = snapshot.proxy(self.backend);
            walk = RequestWalk::new(fe.settings.options.http_buffer_request);
        }
        if self.client_left {
            self.ends(b'C', b'R');
            return Err(End::Error(400));
        }
        if let Some(hit) = self.cache_hit() {
            return Box::pin(self.deliver(&hit)).await;
        }
        self.persistence()?;
        self.prepare_request();
        self.filter_request();
        self.exchange().await
    }
}
