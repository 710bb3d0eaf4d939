//! A stream's server connection: taken from the pool or opened, and kept or closed afterwards.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use haproxy_model::settings::{HttpReuse, SendProxy, ServerAddress};
use haproxy_model::snapshot::{Proxy, Server};

use crate::conn::{Connection, deadline_after};
use crate::connect::{self, Target};
use crate::deadline::Deadline;
use crate::idle::IdleConnection;
use crate::io::Io;
use crate::side::Side;
use crate::thread::Thread;

/// Timeout of a connect when the configuration names none: the system's own.
const CONNECT_FALLBACK_MS: u64 = 24 * 3600 * 1000;

/// Server connections a session may keep for itself (`tune.pool-low-fd-ratio` aside, `max-session-srv-conns`).
const OWN_MAX: usize = 5;

/// Key of a connection that is of no use to other requests.
const NOT_SHARED: u64 = u64::MAX;

/// A server connection in use.
#[derive(Debug)]
pub struct Upstream {
    /// The socket and what it has received.
    pub side: Side,
    /// The server's live state.
    pub server: Arc<haproxy_balance::Server>,
    /// What must be equal to share it.
    pub key: u64,
    /// True when it was idle before.
    pub reused: bool,
    /// True when it carried requests of several sessions.
    pub shared_before: bool,
    /// Requests carried, this one included.
    pub requests: u64,
    /// True when it belongs to its session alone.
    pub private: bool,
    /// Where it comes from.
    pub local: Option<SocketAddr>,
}

/// Why a connect failed.
#[derive(Debug)]
pub enum ConnectFault {
    /// `timeout connect` passed.
    Timeout,
    /// The system or the server refused.
    Refused(io::Error),
    /// The client went away meanwhile.
    ClientGone,
}

/// A connection that is open already: the session's own, or one of the pool as `http-reuse` allows.
pub fn reuse(conn: &mut Connection, px: &Proxy, server: &Server) -> Option<Upstream> {
    let key = share_key(conn, server)?;
    let fits = |own: &IdleConnection| Arc::ptr_eq(&own.server, &server.live) && own.key == key;
    while let Some(index) = conn.own_servers.iter().rposition(fits) {
        let own = conn.own_servers.remove(index);
        if own.io.is_quiet() {
            return Some(in_use(own, true, false));
        }
    }
    let first = conn.requests <= 1;
    let only_shared = match px.settings.http_reuse {
        HttpReuse::Never => return None,
        HttpReuse::Safe if first => return None,
        HttpReuse::Aggressive if first => true,
        HttpReuse::Safe | HttpReuse::Aggressive | HttpReuse::Always => false,
    };
    let idle = conn.thread.idle.borrow_mut().take(&server.live, key, only_shared)?;
    Some(in_use(idle, false, true))
}

fn in_use(idle: IdleConnection, private: bool, shared_before: bool) -> Upstream {
    Upstream {
        side: Side::new(idle.io),
        server: idle.server,
        key: idle.key,
        reused: true,
        shared_before: shared_before || idle.shared_before,
        requests: idle.requests + 1,
        private,
        local: idle.local,
    }
}

/// What must be equal for two requests to share a connection; `None` when sharing is out of the question.
fn share_key(conn: &Connection, server: &Server) -> Option<u64> {
    if server.settings.proxy_v2_options.iter().any(|option| option == "unique-id") {
        // its PROXY header speaks of one request
        return None;
    }
    let told = server.settings.send_proxy != SendProxy::Off;
    let as_client = server.settings.source.as_ref().is_some_and(|source| source.use_client);
    let where_client_went = follows_client(server);
    // connections to an address the server no longer has are not shared
    let changes = server.live.address_changes();
    if !(told || as_client || where_client_went) {
        return Some(u64::from(changes) << 1);
    }
    use std::hash::{Hash, Hasher};
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    changes.hash(&mut hasher);
    let (source, destination) = (conn.session.source.ip(), conn.session.destination.ip());
    if told || as_client {
        source.hash(&mut hasher);
    }
    if told || where_client_went {
        destination.hash(&mut hasher);
    }
    Some(hasher.finish() | 1)
}

/// True when the server's address or port is where the client wanted to go.
fn follows_client(server: &Server) -> bool {
    let anywhere =
        matches!(server.settings.address, ServerAddress::Ip(address) if address.ip().is_unspecified());
    anywhere || server.settings.port_offset.is_some()
}

/// Opens a connection to the server; the PROXY header it wants is left in `preface`, to be sent before all else.
pub async fn open(
    conn: &mut Connection,
    px: &Proxy,
    server: &Server,
    timeout_ms: Option<u64>,
    effects: &haproxy_rules::Effects,
    watch_client: bool,
) -> Result<Upstream, ConnectFault> {
    let address = address_for(conn, server);
    let global = &conn.snapshot.global;
    let target = Target {
        address: &address,
        source: server.settings.source.as_ref().or(px.settings.source.as_ref()),
        client: conn.session.source.ip(),
        keepalive: px.settings.options.server_keepalive,
        user_timeout_ms: server.settings.tcp_user_timeout_ms,
        mark: effects.server_mark,
        tos: effects.server_tos,
        receive_buffer: global.rcvbuf_server,
        send_buffer: global.sndbuf_server,
        late_ack: px.settings.options.tcp_smart_connect,
        reset: px.settings.options.nolinger,
    };
    let key = share_key(conn, server).unwrap_or(NOT_SHARED);
    let io = connect::begin(&target).map_err(ConnectFault::Refused)?;
    let deadline_ms =
        deadline_after(conn.thread.now_ms(), timeout_ms.filter(|ms| *ms > 0).or(Some(CONNECT_FALLBACK_MS)));
    wait_established(conn, &io, deadline_ms, watch_client).await?;
    Ok(Upstream {
        local: socket2::SockRef::from(&io).local_addr().ok().and_then(|address| address.as_socket()),
        side: Side::new(io),
        server: Arc::clone(&server.live),
        key,
        reused: false,
        shared_before: false,
        requests: 1,
        private: px.settings.http_reuse == HttpReuse::Never,
    })
}

async fn wait_established(
    conn: &mut Connection,
    io: &Io,
    deadline_ms: u64,
    watch_client: bool,
) -> Result<(), ConnectFault> {
    let Connection { deadline, client, thread, .. } = conn;
    let deadline: &mut Deadline = deadline;
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(ready) = io.poll_write_ready(cx) {
            let outcome = ready.and_then(|()| connect::established(io));
            return std::task::Poll::Ready(outcome.map_err(ConnectFault::Refused));
        }
        if deadline.poll(cx, deadline_ms).is_ready() {
            return std::task::Poll::Ready(Err(ConnectFault::Timeout));
        }
        if watch_client && super::client_gone(cx, client, thread) {
            return std::task::Poll::Ready(Err(ConnectFault::ClientGone));
        }
        std::task::Poll::Pending
    })
    .await
}

/// The server's address, with the client's destination port mapped in where the line says so.
fn address_for(conn: &Connection, server: &Server) -> ServerAddress {
    if let Some(address) = server.live.runtime_address() {
        return ServerAddress::Ip(address);
    }
    let ServerAddress::Ip(mut address) = server.settings.address else {
        return server.settings.address.clone();
    };
    let wanted = conn.session.destination.ip();
    if let Some(wanted) = wanted.filter(|_| address.ip().is_unspecified()) {
        address.set_ip(wanted.ip());
    }
    if let Some(offset) = server.settings.port_offset {
        let base = wanted.map_or(0, |wanted| i32::from(wanted.port()));
        address.set_port((base + offset) as u16);
    }
    ServerAddress::Ip(address)
}

/// Puts a connection away after a complete exchange: with its session, into the pool, or closed.
pub fn keep(conn: &mut Connection, px: &Proxy, server: &Server, upstream: Upstream) {
    let max_reuse = server.settings.max_reuse;
    if max_reuse >= 0 && upstream.requests > max_reuse as u64 {
        return;
    }
    if upstream.key == NOT_SHARED || !upstream.side.input.is_empty() || upstream.side.ended {
        let mut side = upstream.side;
        side.input.discard(&conn.thread.buffers);
        return;
    }
    let idle = IdleConnection {
        io: upstream.side.io,
        server: upstream.server,
        key: upstream.key,
        shared_before: upstream.shared_before,
        since_ms: conn.thread.now_ms(),
        requests: upstream.requests,
        local: upstream.local,
    };
    if px.settings.http_reuse == HttpReuse::Never {
        if conn.own_servers.len() >= OWN_MAX {
            conn.own_servers.remove(0);
        }
        conn.own_servers.push(idle);
    } else {
        into_pool(&conn.thread, server, idle);
    }
}

fn into_pool(thread: &Thread, server: &Server, idle: IdleConnection) {
    let max = server.settings.pool_max_conn;
    if max >= 0 && server.live.idle_connections().load(Ordering::Relaxed) as i64 >= max {
        return;
    }
    if server.settings.pool_purge_delay_ms == 0 {
        return;
    }
    // as many connections as were needed at once lately, no more: those of clients that come once would pile up
    let live = &server.live;
    let used = live.current();
    let needed = live.needed_connections();
    if used > needed.load(Ordering::Relaxed) {
        needed.store(used, Ordering::Relaxed);
    }
    let over = live.idle_connections().load(Ordering::Relaxed) + used > needed.load(Ordering::Relaxed);
    if over && !thread.idle.borrow_mut().drop_oldest(live, idle.key) {
        return;
    }
    thread.idle.borrow_mut().give(idle);
}
