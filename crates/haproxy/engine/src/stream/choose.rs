//! Choosing a server: rules and cookies first, then balancing, then the queue; and connecting to it with retries.

use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use haproxy_balance::{Algorithm, PickKey};
use haproxy_expr::cx::Direction;
use haproxy_http::Method;
use haproxy_model::snapshot::{Proxy, Server, UseServerTarget, Waiter};
use haproxy_rules::{Reply, ReplyCause};

use super::slot::Slot;
use super::steps::{End, Stream};
use super::upstream::{self, ConnectFault, Upstream};
use crate::conn::{Connection, deadline_after};
use crate::health::observe::{Sight, observe};

/// Attempts after the first, unless `retries` says otherwise.
pub const RETRIES_DEFAULT: u32 = 3;

/// Pause before the same server is tried again, milliseconds; `timeout connect` shortens it.
const TURN_AROUND_MS: u64 = 1_000;

/// How the wait in a queue ended.
enum Queued {
    Slot(u32),
    Timeout,
    ClientGone,
    /// The server went down: another one is to be chosen.
    Again,
    Closed,
}

/// What a look for a slot found.
enum Slotted {
    /// The stream holds one.
    Held,
    /// All are taken: of the server it wants, or of every server.
    Busy(Option<usize>),
}

/// True when a change of state can end the sessions of a server.
fn may_be_evicted(px: &Proxy, server: &Server) -> bool {
    server.settings.shutdown_on_down
        || (server.settings.balance.backup
            && px.servers.iter().any(|other| other.settings.shutdown_backups_on_up))
}

impl Stream<'_> {
    /// `use-server`: the first rule that holds.
    pub fn ruled_server(&self, px: &Proxy) -> Option<u32> {
        for rule in &px.use_server {
            let holds = rule
                .condition
                .as_ref()
                .is_none_or(|condition| self.look(Direction::Request, |cx| condition.eval(cx).holds()));
            if !holds {
                continue;
            }
            let index = match &rule.target {
                UseServerTarget::Index(index) => Some(*index),
                UseServerTarget::Named(format) => {
                    let mut name = self.conn.thread.text();
                    self.look(Direction::Request, |cx| format.write(cx, &mut name));
                    let found = px
                        .servers
                        .iter()
                        .position(|server| server.settings.balance.name.as_bytes() == name.as_slice());
                    self.conn.thread.give_text(name);
                    found.map(|index| index as u32)
                }
            };
            if let Some(index) = index
                && px.servers.get(index as usize).is_some_and(|server| server.live.willing())
            {
                return Some(index);
            }
        }
        None
    }

    /// Takes a slot of a server: the wanted one, or the balancer's choice; waits in a queue when all are busy.
    async fn take_slot(&mut self) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let px = snapshot.proxy(self.backend);
        let began_ms = self.now_ms();
        loop {
            let busy = match self.slot_at_once(px, began_ms)? {
                Slotted::Held => return Ok(()),
                Slotted::Busy(server) => server,
            };
            match self.wait_in_queue(px, busy, began_ms).await? {
                Some(slot) => {
                    self.hold(px, slot);
                    return Ok(());
                }
                None => self.wanted_server = None,
            }
        }
    }

    /// Takes a slot if there is one to be had now.
    fn slot_at_once(&mut self, px: &Proxy, began_ms: u64) -> Result<Slotted, End> {
        let avoid = self.avoid.map(|index| index as usize);
        loop {
            let wanted =
                self.wanted_server.map(|index| index as usize).or_else(|| self.last_server(px, avoid));
            let picked = match wanted {
                Some(index) => Some(index),
                None => self.pick(px, avoid),
            };
            let Some(index) = picked else {
                if px.balancer.usable_count() > 0 {
                    return Ok(Slotted::Busy(None));
                }
                self.txn.log.service = Some(super::NO_SERVER);
                self.ends(b'S', b'C');
                return Err(End::Error(503));
            };
            let server = &px.servers[index];
            if wanted.is_some() && px.balancer.is_full(index) {
                return Ok(Slotted::Busy(Some(index)));
            }
            if server.live.try_slot(px.balancer.slots(index)) {
                if wanted.is_none() {
                    let thread = self.conn.thread.index;
                    px.live.backend.at(thread).upstream.balanced.inc();
                    server.live.counters.at(thread).upstream.balanced.inc();
                }
                self.hold(px, index as u32);
                self.txn.log.queue_ms = self.now_ms().saturating_sub(began_ms) as i32;
                return Ok(Slotted::Held);
            }
            // another stream took the last slot meanwhile: look again
        }
    }

    /// `option prefer-last-server`: the one that had the connection's request before, unless too many wait for it.
    fn last_server(&self, px: &Proxy, avoid: Option<usize>) -> Option<usize> {
        let last = self.conn.last_server.as_ref().filter(|_| px.settings.options.prefer_last_server)?;
        let index = px.servers.iter().position(|server| Arc::ptr_eq(&server.live, last))?;
        let server = &px.servers[index];
        let waiting = server.queue.length().now();
        let short = px.settings.max_keep_alive_queue.is_none_or(|most| waiting <= most);
        (server.live.usable() && short && avoid != Some(index)).then_some(index)
    }

    /// `redir` of a server line: it is not asked, the client is sent there (GET and HEAD only).
    fn redirect_to(&mut self, server: &Server) -> Result<(), End> {
        let Some(prefix) = &server.settings.redir else { return Ok(()) };
        let request = &self.txn.request;
        if !self.txn.http || !matches!(request.method(), Method::Get | Method::Head) {
            return Ok(());
        }
        let uri = request.uri();
        let path = haproxy_http::uri::path_and_query(uri).unwrap_or(uri);
        let mut reply = Reply::new(302, ReplyCause::Local);
        reply.fields = vec![
            (b"cache-control".to_vec(), b"no-cache".to_vec()),
            (b"location".to_vec(), [prefix.as_slice(), path].concat()),
        ];
        reply.reason = b"Found".to_vec();
        reply.length_at = Some(1);
        reply.close = true;
        Err(End::Reply(Box::new(reply)))
    }

    fn hold(&mut self, px: &Proxy, index: u32) {
        let now_ms = self.now_ms();
        let server = &px.servers[index as usize];
        let mut slot = Slot::taken(&self.snapshot, self.backend, index);
        if may_be_evicted(px, server) {
            slot.watch();
        }
        if px.settings.options.prefer_last_server {
            self.conn.last_server = Some(Arc::clone(&server.live));
        }
        self.slot = Some(slot);
        self.txn.server = Some(server.id);
        self.conn.note.server.set(Some(server.id));
        self.txn.log.service = None;
        let counters = &server.live.counters.at(self.conn.thread.index).upstream;
        counters.sessions.inc();
        counters.requests.inc();
        counters.session_rate.update(now_ms, 1);
        counters.last_session_ms.set(now_ms + 1);
        px.live.backend.at(self.conn.thread.index).upstream.last_session_ms.set(now_ms + 1);
    }

    fn pick(&self, px: &Proxy, avoid: Option<usize>) -> Option<usize> {
        let random = self.conn.thread.random() as u32;
        match &px.balancer.conf().algorithm {
            Algorithm::RoundRobin
            | Algorithm::StaticRr
            | Algorithm::LeastConn
            | Algorithm::First
            | Algorithm::Random { .. }
            | Algorithm::Sticky => px.balancer.pick(None, random, avoid),
            Algorithm::Source => {
                let key = self.conn.session.source.ip().map(|address| PickKey::Address(address.ip()));
                px.balancer.pick(key, random, avoid)
            }
            Algorithm::Uri(part) => {
                let key = part.cut(self.txn.request.uri());
                px.balancer.pick(Some(PickKey::Bytes(key)), random, avoid)
            }
            Algorithm::Header { name, domain_only } => {
                let id = haproxy_http::FieldId::of(name);
                let value = self.txn.request.fields.named(id, name).next().map(|field| field.value);
                let value = match (value, domain_only) {
                    (Some(value), true) => Some(haproxy_balance::algorithm::main_domain(value)),
                    (value, _) => value,
                };
                px.balancer.pick(value.map(PickKey::Bytes), random, avoid)
            }
            Algorithm::UrlParam { name, check_post } => {
                let query = haproxy_http::uri::query(self.txn.request.uri()).unwrap_or_default();
                let posted = *check_post && self.txn.request.method() == Method::Post;
                let body = if posted { self.conn.client.input.bytes() } else { &[] };
                let value = parameter(query, name).or_else(|| parameter(body, name));
                px.balancer.pick(value.map(PickKey::Bytes), random, avoid)
            }
            Algorithm::RdpCookie { .. } | Algorithm::Hash(_) | Algorithm::LogHash(_) => {
                let mut text = self.conn.thread.text();
                let found = px
                    .hash_key
                    .as_ref()
                    .is_some_and(|expr| self.look(Direction::Request, |cx| expr.write(cx, &mut text)));
                let picked = px.balancer.pick(found.then_some(PickKey::Bytes(&text)), random, avoid);
                self.conn.thread.give_text(text);
                picked
            }
        }
    }

    /// Waits for a slot of one server, or of any of the backend; none when another server is to be chosen.
    async fn wait_in_queue(
        &mut self,
        px: &Proxy,
        server: Option<usize>,
        began_ms: u64,
    ) -> Result<Option<u32>, End> {
        let timeouts = &px.settings.timeouts;
        let timeout = self.effects.queue_timeout_ms.or(timeouts.queue).or(timeouts.connect);
        let deadline_ms = deadline_after(began_ms, timeout);
        let (send, mut receive) = tokio::sync::oneshot::channel();
        // who frees a slot may run another configuration, where servers have other places
        let own = Arc::clone(&px.balancer);
        let waiter = Waiter(Box::new(move |free| match free {
            None => send.send(None).is_ok(),
            Some(server) => {
                let index = own.servers().iter().position(|other| Arc::ptr_eq(other, server));
                let known = index.is_some();
                // a server this request does not know: it chooses anew, and the slot goes to another
                send.send(index.map(|index| index as u32)).is_ok() && known
            }
        }));
        let (queue, limit) = match server {
            Some(index) => (&*px.servers[index].queue, px.servers[index].settings.balance.maxqueue),
            None => (&px.live.queue, 0),
        };
        let priority = haproxy_balance::queue::Priority {
            class: self.effects.priority_class as i16,
            offset_ms: self.effects.priority_offset_ms,
        };
        let Ok(ticket) = queue.push(priority, began_ms, limit, waiter) else {
            self.ends(b'S', b'Q');
            return Err(End::Error(503));
        };
        let position = queue.position(ticket) as u32 + 1;
        match server {
            Some(_) => self.txn.log.server_queue = position,
            None => self.txn.log.backend_queue = position,
        }
        // a slot may have become free between the look and the queue
        for (index, server) in px.servers.iter().enumerate() {
            super::slot::serve_queues(index as u32, &server.live, &server.queue, &px.live, &px.balancer);
        }
        let watch = self.watches_client();
        let Connection { client, deadline, thread, .. } = &mut *self.conn;
        let outcome = std::future::poll_fn(|cx| {
            if let Poll::Ready(answer) = std::future::Future::poll(std::pin::Pin::new(&mut receive), cx) {
                return Poll::Ready(match answer {
                    Ok(Some(index)) => Queued::Slot(index),
                    Ok(None) => Queued::Again,
                    Err(_) => Queued::Closed,
                });
            }
            if deadline.poll(cx, deadline_ms).is_ready() {
                return Poll::Ready(Queued::Timeout);
            }
            if watch && super::client_gone(cx, client, thread) {
                return Poll::Ready(Queued::ClientGone);
            }
            Poll::Pending
        })
        .await;
        let waited_ms = self.now_ms().saturating_sub(began_ms);
        self.txn.log.queue_ms = waited_ms as i32;
        match outcome {
            Queued::Slot(index) => return Ok(Some(index)),
            Queued::Again => return Ok(None),
            Queued::Timeout | Queued::ClientGone | Queued::Closed => {}
        }
        if queue.remove(ticket).is_none()
            && let Ok(Some(index)) = receive.try_recv()
        {
            // it was our turn in the very moment we gave up: take the slot
            return Ok(Some(index));
        }
        self.txn.log.service = Some(super::NO_SERVER);
        match outcome {
            Queued::ClientGone => {
                self.ends(b'C', b'Q');
                Err(End::Close)
            }
            Queued::Timeout => {
                self.ends(b's', b'Q');
                Err(End::Error(503))
            }
            Queued::Slot(_) | Queued::Again | Queued::Closed => {
                self.ends(b'S', b'Q');
                Err(End::Error(503))
            }
        }
    }

    /// True when the client's end is to be noticed while a server is awaited (`option abortonclose`, on by default).
    pub fn watches_client(&self) -> bool {
        self.px().settings.options.abortonclose.unwrap_or(true) && self.body_taken
    }

    /// Gets an idle connection of a server with a free slot; false when something is to be waited for or opened.
    pub fn connect_at_once(&mut self, px: &Proxy) -> Result<bool, End> {
        let now_ms = self.now_ms();
        if self.slot.is_none() && matches!(self.slot_at_once(px, now_ms)?, Slotted::Busy(_)) {
            return Ok(false);
        }
        let Some(server) = self.slot.as_ref().map(|slot| &px.servers[slot.index as usize]) else {
            return Ok(false);
        };
        self.redirect_to(server)?;
        let Some(upstream) = self.reuse(px, server) else { return Ok(false) };
        self.connected(px, server, upstream, now_ms);
        Ok(true)
    }

    /// Gets a connection to a server, with retries and redispatch.
    pub async fn connect(&mut self) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let px = snapshot.proxy(self.backend);
        let thread = self.conn.thread.index;
        loop {
            if self.slot.is_none() {
                self.take_slot().await?;
            }
            let Some(index) = self.slot.as_ref().map(|slot| slot.index as usize) else {
                return Err(End::Error(500));
            };
            let server = &px.servers[index];
            self.redirect_to(server)?;
            let connect_began_ms = self.now_ms();
            let outcome = match self.reuse(px, server) {
                Some(upstream) => Ok(upstream),
                None => self.open(px, server).await,
            };
            let process = &self.conn.thread.process;
            match &outcome {
                Ok(upstream) if !upstream.reused => observe(process, server, Sight::Connected),
                Err(ConnectFault::Refused(_) | ConnectFault::Timeout) => {
                    observe(process, server, Sight::NotConnected);
                }
                Ok(_) | Err(ConnectFault::ClientGone) => {}
            }
            match outcome {
                Ok(upstream) => {
                    self.connected(px, server, upstream, connect_began_ms);
                    return Ok(());
                }
                Err(ConnectFault::ClientGone) => {
                    self.ends(b'C', b'C');
                    return Err(End::Close);
                }
                Err(fault) => {
                    let counters = &server.live.counters.at(thread).upstream;
                    let of_backend = &px.live.backend.at(thread).upstream;
                    let tried_enough = self.txn.log.retries >= self.retries(px);
                    if tried_enough || !px.settings.retry_on.connection_failure {
                        counters.connection_errors.inc();
                        of_backend.connection_errors.inc();
                        let cause = if matches!(fault, ConnectFault::Timeout) { b's' } else { b'S' };
                        self.ends(cause, b'C');
                        return Err(End::Error(503));
                    }
                    self.txn.log.retries += 1;
                    let other_exists = px.balancer.usable_count() > 1;
                    if self.count_attempt(px, server, index) && other_exists {
                        continue;
                    }
                    // the same server again: give it a moment
                    let connect = px.settings.timeouts.connect.unwrap_or(TURN_AROUND_MS);
                    let spent_ms = self.now_ms().saturating_sub(connect_began_ms);
                    let pause_ms = TURN_AROUND_MS.min(connect).saturating_sub(spent_ms);
                    if pause_ms > 0 && self.pause(pause_ms).await {
                        self.ends(b'C', b'C');
                        self.txn.log.connect_ms = -1;
                        return Err(End::Close);
                    }
                }
            }
        }
    }

    fn connected(&mut self, px: &Proxy, server: &Server, upstream: Upstream, began_ms: u64) {
        let thread = self.conn.thread.index;
        let counters = &server.live.counters.at(thread).upstream;
        let of_backend = &px.live.backend.at(thread).upstream;
        if upstream.reused {
            counters.reuses.inc();
            of_backend.reuses.inc();
        } else {
            counters.connects.inc();
            of_backend.connects.inc();
        }
        let txn = &mut *self.txn;
        txn.server_fd = Some(upstream.side.io.fd());
        self.conn.note.server_fd.set(upstream.side.io.fd());
        txn.server_connection_reused = upstream.reused;
        txn.log.server_local = upstream.local;
        self.txn.log.connect_ms = self.now_ms().saturating_sub(began_ms) as i32;
        self.upstream = Some(upstream);
    }

    /// `option redispatch`: on the last retry, or every so many retries.
    pub(super) fn may_redispatch(&self, px: &Proxy, retries: u32, left: u32) -> bool {
        match px.settings.options.redispatch {
            None | Some(0) => false,
            Some(interval) if interval < 0 => left < interval.unsigned_abs(),
            Some(interval) => (retries - left).is_multiple_of(interval.unsigned_abs()),
        }
    }

    /// Sleeps; true when the client went away meanwhile.
    pub async fn pause(&mut self, pause_ms: u64) -> bool {
        let until_ms = self.now_ms() + pause_ms;
        let watch = self.watches_client();
        let Connection { client, deadline, thread, .. } = &mut *self.conn;
        std::future::poll_fn(|cx| {
            if deadline.poll(cx, until_ms).is_ready() {
                return Poll::Ready(false);
            }
            if watch && super::client_gone(cx, client, thread) {
                return Poll::Ready(true);
            }
            Poll::Pending
        })
        .await
    }

    /// A connection that is open already, for a request that was not tried before.
    fn reuse(&mut self, px: &Proxy, server: &Server) -> Option<Upstream> {
        if !self.txn.http || self.txn.log.retries > 0 {
            return None;
        }
        upstream::reuse(self.conn, px, server)
    }

    async fn open(&mut self, px: &Proxy, server: &Server) -> Result<Upstream, ConnectFault> {
        let timeout = self.effects.connect_timeout_ms.or(px.settings.timeouts.connect);
        let watch = self.watches_client();
        upstream::open(self.conn, px, server, timeout, &self.effects, watch).await
    }
}

/// Value of a parameter of a query or form; one without `=` has none.
fn parameter<'q>(query: &'q [u8], name: &[u8]) -> Option<&'q [u8]> {
    query.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
}
