//! One client connection from accept to close: connection rules, PROXY protocol, session rules, then its streams.

mod faults;
mod proxy_header;

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use common_base::ids::ListenerId;
use haproxy_expr::cx::{Cx, Direction, Endpoint, Input, Session};
use haproxy_expr::logformat::Origin;
use haproxy_model::global::Global;
use haproxy_model::settings::{BindAddress, Mode};
use haproxy_model::snapshot::{Proxy, Snapshot};
use haproxy_rules::{Effects, RuleCx, Verdict};

use self::proxy_header::Preamble;
use haproxy_stats::objects::Protocol;
use tokio::net::{TcpStream, UnixStream};

use crate::accept::Accepted;
use crate::deadline::{Deadline, NEVER};
use crate::idle::IdleConnection;
use crate::io::Io;
use crate::log::level;
use crate::sessions::Note;
use crate::side::Side;
use crate::stream::lines::{Moment, has_targets, line_of};
use crate::stream::{self, After};
use crate::thread::Thread;
use crate::world::LiveWorld;

/// A client connection.
pub struct Connection {
    /// Its thread.
    pub thread: Rc<Thread>,
    /// The snapshot of the stream that runs now.
    pub snapshot: Rc<Arc<Snapshot>>,
    /// What rules know of it.
    pub session: Session,
    /// Its socket.
    pub client: Side,
    /// Its timer.
    pub deadline: Deadline,
    /// Requests read so far.
    pub requests: u64,
    /// Server connections that belong to this session alone, the latest last.
    pub own_servers: Vec<IdleConnection>,
    /// The server of the last request, for `option prefer-last-server`.
    pub last_server: Option<Arc<haproxy_balance::Server>>,
    /// When the connection last became idle, milliseconds.
    pub idle_since_ms: u64,
    /// What operators see of it.
    pub note: Rc<Note>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.thread.notes.remove(self.note.id);
    }
}

impl Connection {
    /// The frontend.
    pub fn frontend(&self) -> &Proxy {
        self.snapshot.proxy(self.session.frontend)
    }

    /// The process as expressions may ask about it.
    pub fn world(&self) -> LiveWorld<'_> {
        LiveWorld {
            snapshot: &self.snapshot,
            process: &self.thread.process,
            thread: self.thread.index,
            now_ms: self.thread.now_ms(),
            calls: self.note.calls.get(),
        }
    }

    /// When the connection is to end because its listener is leaving, milliseconds; [`NEVER`] while it stays.
    pub fn leaves_at_ms(&self) -> u64 {
        self.snapshot.listener(self.session.listener).live.leaves_at_ms(self.session.id)
    }

    /// True when the connection is to end after its response.
    pub fn is_leaving(&self) -> bool {
        self.leaves_at_ms() <= self.thread.now_ms()
    }

    /// Moves to the newest snapshot between two requests; without a listener in it, the connection goes on with the one
    /// it has.
    pub fn renew_snapshot(&mut self) {
        if self.thread.is_current(&self.snapshot) {
            return;
        }
        let new = self.thread.snapshot();
        let live = &self.snapshot.listener(self.session.listener).live;
        if let Some(listener) = new.listener_of(live) {
            self.session.listener = listener;
            self.session.frontend = new.listener(listener).frontend;
            self.snapshot = new;
        }
    }
}

/// Starts a connection's task on this thread. The process has already counted it.
pub fn spawn(thread: &Rc<Thread>, accepted: Accepted) {
    let counted = Counted::new(Rc::clone(thread), &accepted);
    let Some(mut connection) = begin(thread, accepted) else { return };
    // both are captured where they stay: the task is made once, and small
    tokio::task::spawn_local(async move {
        let counted = &counted;
        let mut served = pin!(serve(&mut connection));
        std::future::poll_fn(|cx| {
            counted.thread.clock.tick();
            served.as_mut().poll(cx)
        })
        .await;
    });
}

/// Counts a connection while it lives, and notices when it ends in a panic.
struct Counted {
    thread: Rc<Thread>,
    snapshot: Arc<Snapshot>,
    listener: ListenerId,
}

impl Counted {
    fn new(thread: Rc<Thread>, accepted: &Accepted) -> Self {
        let snapshot = Arc::clone(&accepted.snapshot);
        let listener = snapshot.listener(accepted.listener);
        let now_ms = thread.now_ms();
        let live = &snapshot.proxy(listener.frontend).live;
        let now = live.frontend_sessions.fetch_add(1, Ordering::Relaxed) + 1;
        live.frontend_sessions_max.fetch_max(now, Ordering::Relaxed);
        listener.live.connections.fetch_add(1, Ordering::Relaxed);
        let counters = live.frontend.at(thread.index);
        counters.connections.inc();
        counters.connection_rate.update(now_ms, 1);
        counters.current.inc();
        counters.current_max.raise(u64::from(now));
        let own = listener.live.counters.at(thread.index);
        own.connections.inc();
        own.current.inc();
        let process = thread.counters();
        process.connections.inc();
        process.connection_rate.update(now_ms, 1);
        process.current_connections.inc();
        Counted { thread, listener: accepted.listener, snapshot }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let listener = self.snapshot.listener(self.listener);
        let live = &self.snapshot.proxy(listener.frontend).live;
        live.frontend_sessions.fetch_sub(1, Ordering::Relaxed);
        live.frontend.at(self.thread.index).current.dec();
        listener.live.connections.fetch_sub(1, Ordering::Relaxed);
        listener.live.counters.at(self.thread.index).current.dec();
        let process = &self.thread.process;
        process.loads[self.thread.index].fetch_sub(1, Ordering::Relaxed);
        self.thread.counters().current_connections.dec();
        if std::thread::panicking() {
            process.panics.fetch_add(1, Ordering::Relaxed);
            self.thread.counters().panics.inc();
            tracing::error!("a stream ended by a defect of the program; the service goes on");
        }
        process.connection_ended();
    }
}

fn begin(thread: &Rc<Thread>, accepted: Accepted) -> Option<Connection> {
    let Accepted { fd, peer, listener, snapshot } = accepted;
    let current = thread.snapshot();
    let (snapshot, listener) = if Arc::ptr_eq(&current, &snapshot) {
        (current, listener)
    } else {
        match current.listener_of(&snapshot.listener(listener).live) {
            Some(id) => (current, id),
            None => (Rc::new(snapshot), listener),
        }
    };
    let bind = snapshot.listener(listener);
    let local = local_address(&fd, &bind.settings.address);
    let io = register(fd, peer).ok()?;
    let frontend = bind.frontend;
    let px = snapshot.proxy(frontend);
    client_socket(&io, px, &snapshot.global);
    let accepted_ms = thread.now_ms();
    let session = Session {
        id: thread.coming_stream(),
        frontend,
        listener,
        source: peer,
        destination: local,
        connection_source: peer,
        connection_destination: local,
        accepted: thread.date(),
        accepted_ms,
        handshake_ms: 0,
        fd: io.fd(),
        tls: None,
        proxy: None,
        fault: None,
        vars: RefCell::default(),
    };
    let note = Rc::new(Note::new(session.id, peer, session.fd, frontend));
    thread.notes.add(&note);
    Some(Connection {
        note,
        deadline: Deadline::new(Rc::clone(&thread.clock)),
        thread: Rc::clone(thread),
        client: Side::new(io),
        requests: 0,
        own_servers: Vec::new(),
        last_server: None,
        idle_since_ms: accepted_ms,
        session,
        snapshot,
    })
}

/// Options of a client's socket. Those the system refuses change nothing that must be.
fn client_socket(io: &Io, px: &Proxy, global: &Global) {
    let socket = socket2::SockRef::from(io);
    let options = &px.settings.options;
    if options.client_keepalive {
        drop(socket.set_keepalive(true));
    }
    if options.nolinger {
        io.reset_on_close();
    }
    if options.tcp_smart_accept {
        drop(socket.set_tcp_quickack(false));
    }
    if let Some(size) = global.rcvbuf_client {
        drop(socket.set_recv_buffer_size(size as usize));
    }
    if let Some(size) = global.sndbuf_client {
        drop(socket.set_send_buffer_size(size as usize));
    }
}

/// The local address: known without asking when the listener is bound to one.
fn local_address(fd: &OwnedFd, bound: &BindAddress) -> Endpoint {
    match bound {
        BindAddress::Ip(address) if !address.ip().is_unspecified() => Endpoint::Ip(*address),
        BindAddress::Unix(_) | BindAddress::Abstract(_) => Endpoint::Unix,
        BindAddress::Ip(_) | BindAddress::Fd(_) => socket2::SockRef::from(fd)
            .local_addr()
            .ok()
            .and_then(|address| address.as_socket())
            .map_or(Endpoint::Unix, Endpoint::Ip),
    }
}

fn register(fd: OwnedFd, peer: Endpoint) -> std::io::Result<Io> {
    match peer {
        Endpoint::Ip(_) => TcpStream::from_std(std::net::TcpStream::from(fd)).map(Io::Tcp),
        Endpoint::Unix => UnixStream::from_std(std::os::unix::net::UnixStream::from(fd)).map(Io::Unix),
    }
}

/// Serves a connection from its rules to its end. What rarely happens is boxed: the task of an idle connection is small.
async fn serve(conn: &mut Connection) {
    let Ok(expected) = expected_preamble(conn) else { return };
    if let Some(preamble) = expected
        && let Err(fault) = Box::pin(proxy_header::receive(conn, preamble)).await
    {
        conn.session.fault = Some(fault);
        faults::log(conn, fault);
        if !conn.client.input.is_empty() {
            // what came is not answered, as when it had not been read
            conn.client.io.reset_on_close();
        }
        return;
    }
    let began_ms = conn.session.accepted_ms;
    conn.session.handshake_ms = (conn.thread.now_ms() - began_ms) as u32;
    if session_rules(conn) == Let::Drop {
        return;
    }
    count_session(conn);
    if conn.frontend().settings.log_steps.is_some_and(|steps| steps.has(Origin::Accept)) {
        session_line(conn, Origin::Accept, None);
    }
    if conn.frontend().settings.monitor_net.is_some() && Box::pin(monitor_net(conn)).await {
        return;
    }
    match conn.frontend().settings.mode {
        Mode::Health => Box::pin(stream::reply::send_plain(conn, b"OK")).await,
        Mode::Tcp => {
            let after = Box::pin(stream::tcp::run(conn)).await;
            if let After::Http(txn) = after {
                Box::pin(http(conn, Some(txn))).await;
            }
        }
        Mode::Http => http(conn, None).await,
    }
    conn.client.input.discard(&conn.thread.buffers);
}

/// All requests of an HTTP connection, one after the other.
async fn http(conn: &mut Connection, mut first: Option<Box<haproxy_expr::cx::Txn>>) {
    loop {
        if first.is_none() && conn.client.input.is_empty() {
            // nothing of a stream exists while the connection is idle
            match stream::http::wait_idle(conn).await {
                stream::http::Idle::Ready => {}
                stream::http::Idle::Over => return,
            }
        }
        conn.renew_snapshot();
        let after = Box::pin(stream::http::run(conn, first.take())).await;
        match after {
            After::KeepAlive => {
                conn.idle_since_ms = conn.thread.now_ms();
            }
            After::Close | After::Http(_) => return,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Let {
    Pass,
    Drop,
}

/// What the listener or the connection's rules want before everything else; an error when the rules refuse.
fn expected_preamble(conn: &mut Connection) -> Result<Option<Preamble>, Refused> {
    let ruled = connection_rules(conn).ok_or(Refused)?;
    let settings = &conn.snapshot.listener(conn.session.listener).settings;
    Ok(if settings.accept_proxy || ruled.expect_proxy {
        Some(Preamble::Proxy)
    } else if settings.accept_netscaler_cip.is_some() || ruled.expect_netscaler_cip {
        Some(Preamble::Netscaler { magic: settings.accept_netscaler_cip.unwrap_or(0) })
    } else {
        None
    })
}

/// `tcp-request connection` refused the connection.
struct Refused;

/// Runs `tcp-request connection`; None when the connection is refused.
fn connection_rules(conn: &mut Connection) -> Option<Effects> {
    let snapshot = Rc::clone(&conn.snapshot);
    let px = snapshot.proxy(conn.session.frontend);
    if px.rules.tcp_connection.is_empty() {
        return Some(Effects::default());
    }
    let (outcome, effects) = run_early(conn, &px.rules.tcp_connection);
    if outcome == Let::Drop {
        let counters = px.live.frontend.at(conn.thread.index);
        counters.denied_connections.inc();
        snapshot.listener(conn.session.listener).live.counters.at(conn.thread.index).denied_connections.inc();
        return None;
    }
    Some(effects)
}

fn session_rules(conn: &mut Connection) -> Let {
    let snapshot = Rc::clone(&conn.snapshot);
    let px = snapshot.proxy(conn.session.frontend);
    if px.rules.tcp_session.is_empty() {
        return Let::Pass;
    }
    let (outcome, _) = run_early(conn, &px.rules.tcp_session);
    if outcome == Let::Drop {
        px.live.frontend.at(conn.thread.index).denied_sessions.inc();
    }
    outcome
}

/// Runs rules that come before any stream: nothing but the session exists.
fn run_early(conn: &mut Connection, rules: &haproxy_rules::RuleSet) -> (Let, Effects) {
    let mut effects = Effects::default();
    let mut scratch = conn.thread.text();
    let snapshot = Rc::clone(&conn.snapshot);
    let now_ms = conn.thread.now_ms();
    let world = LiveWorld {
        snapshot: &snapshot,
        process: &conn.thread.process,
        thread: conn.thread.index,
        now_ms,
        calls: 0,
    };
    let mut cx = RuleCx {
        session: &mut conn.session,
        txn: None,
        world: &world,
        direction: Direction::Request,
        input: Input { bytes: &[], complete: true },
        date: conn.thread.date(),
        now_ms,
        effects: &mut effects,
        scratch: &mut scratch,
    };
    let (verdict, _) = rules.run(&mut cx, 0);
    conn.thread.give_text(scratch);
    for wish in std::mem::take(&mut effects.log_now) {
        session_line(conn, wish.origin, wish.profile);
    }
    stream::client_socket_effects(&conn.client.io, &effects);
    let outcome = match verdict {
        Verdict::Reject => Let::Drop,
        Verdict::SilentDrop { ttl } => {
            stream::silent_drop(&conn.client.io, ttl);
            Let::Drop
        }
        _ => Let::Pass,
    };
    (outcome, effects)
}

/// A log line of a session that has no stream yet.
fn session_line(conn: &Connection, origin: Origin, profile: Option<u32>) {
    let snapshot = Rc::clone(&conn.snapshot);
    let frontend = conn.frontend();
    if !has_targets(&snapshot, frontend) {
        return;
    }
    let http = frontend.settings.mode == Mode::Http;
    let moment = Moment {
        snapshot: &snapshot,
        process: &conn.thread.process,
        frontend,
        date: conn.thread.date(),
        severity: level::INFO,
        origin,
        profile,
        format: line_of(frontend, http),
    };
    let world = conn.world();
    let cx = Cx {
        session: &conn.session,
        txn: None,
        world: &world,
        direction: Direction::Request,
        input: Input::default(),
        date: moment.date,
        now_ms: conn.thread.now_ms(),
        check_vars: None,
    };
    let (mut text, mut structured) = (conn.thread.text(), conn.thread.text());
    moment.write(&cx, &mut text, &mut structured);
    conn.thread.give_text(text);
    conn.thread.give_text(structured);
}

fn count_session(conn: &Connection) {
    let px = conn.frontend();
    let now_ms = conn.thread.now_ms();
    let counters = px.live.frontend.at(conn.thread.index);
    counters.sessions.inc();
    counters.session_rate.update(now_ms, 1);
    let protocol = if px.settings.mode == Mode::Http { Protocol::H1 } else { Protocol::Other };
    counters.sessions_by.of(protocol).inc();
    conn.snapshot.listener(conn.session.listener).live.counters.at(conn.thread.index).sessions.inc();
    conn.thread.counters().session_rate.update(now_ms, 1);
}

/// `monitor-net`: answered or closed at once, never logged.
async fn monitor_net(conn: &mut Connection) -> bool {
    let px = conn.frontend();
    let Some((network, prefix)) = px.settings.monitor_net else { return false };
    let Endpoint::Ip(source) = conn.session.source else { return false };
    if !in_network(source.ip(), network, prefix) {
        return false;
    }
    if px.settings.mode == Mode::Http {
        stream::reply::send_plain(conn, b"HTTP/1.0 200 OK\r\n\r\n").await;
    }
    true
}

/// True when the address is in the network; an IPv4 network holds mapped IPv6 addresses too.
pub fn in_network(address: std::net::IpAddr, network: std::net::IpAddr, prefix: u8) -> bool {
    use std::net::IpAddr;
    let bits = |value: u128, width: u32| {
        if prefix == 0 { 0 } else { value >> (width - u32::from(prefix).min(width)) }
    };
    match (address.to_canonical(), network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            bits(u128::from(a.to_bits()), 32) == bits(u128::from(n.to_bits()), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => bits(a.to_bits(), 128) == bits(n.to_bits(), 128),
        _ => false,
    }
}

/// The client's address and port, when it has one.
pub fn source_of(session: &Session) -> Option<SocketAddr> {
    session.source.ip()
}

/// The first deadline of `base_ms` plus a timeout, or never.
pub fn deadline_after(base_ms: u64, timeout_ms: Option<u64>) -> u64 {
    match timeout_ms {
        None | Some(0) => NEVER,
        Some(ms) => base_ms.saturating_add(ms),
    }
}
