//! The running process as expressions may ask about it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_expr::cx::{
    Direction, ProcessFacts, ProxyNumber, ServerNumber, SocketNumber, TaskNumbers, TimeoutKind, World,
};
use haproxy_expr::value::Type;
use haproxy_expr::vars::{ProcessVars, Scope};
use haproxy_model::snapshot::Snapshot;

use crate::process::Process;
use crate::stream::choose::RETRIES_DEFAULT;

/// A snapshot and the process it runs in.
#[derive(Clone, Copy)]
pub struct LiveWorld<'a> {
    /// The snapshot of the stream that asks.
    pub snapshot: &'a Arc<Snapshot>,
    /// The process.
    pub process: &'a Process,
    /// Index of the asking thread.
    pub thread: usize,
    /// Monotonic milliseconds, for rates.
    pub now_ms: u64,
    /// Calls of the asking stream's task so far.
    pub calls: u32,
}

impl LiveWorld<'_> {
    fn sum_rate(&self, rates: impl Iterator<Item = u32>) -> i64 {
        rates.map(i64::from).sum()
    }
}

impl World for LiveWorld<'_> {
    fn proxy_name(&self, proxy: ProxyId) -> &[u8] {
        &self.snapshot.proxy(proxy).name
    }

    fn proxy_uuid(&self, proxy: ProxyId) -> i64 {
        i64::from(self.snapshot.proxy(proxy).uuid)
    }

    fn server_name(&self, server: ServerId) -> &[u8] {
        self.snapshot.server(server).settings.balance.name.as_bytes()
    }

    fn server_puid(&self, server: ServerId) -> i64 {
        i64::from(self.snapshot.server(server).settings.balance.puid)
    }

    fn listener_name(&self, listener: ListenerId) -> Option<&[u8]> {
        self.snapshot.listener(listener).settings.name.as_deref()
    }

    fn listener_luid(&self, listener: ListenerId) -> i64 {
        i64::from(self.snapshot.listener(listener).luid)
    }

    fn proxy_number(&self, proxy: ProxyId, number: ProxyNumber) -> i64 {
        let px = self.snapshot.proxy(proxy);
        let live = &px.live;
        let usable = px.balancer.usable_count() as i64;
        match number {
            ProxyNumber::FrontendConnections => i64::from(live.frontend_sessions.load(Ordering::Relaxed)),
            ProxyNumber::FrontendRequestRate => {
                self.sum_rate(live.frontend.iter().map(|c| c.request_rate.read(self.now_ms)))
            }
            ProxyNumber::FrontendSessionRate => {
                self.sum_rate(live.frontend.iter().map(|c| c.session_rate.read(self.now_ms)))
            }
            ProxyNumber::BackendConnections => i64::from(live.backend_sessions.load(Ordering::Relaxed)),
            ProxyNumber::BackendConnectionsFree => {
                let mut free = 0;
                for (index, server) in px.servers.iter().enumerate() {
                    if !server.live.usable() {
                        continue;
                    }
                    let slots = px.balancer.slots(index);
                    if slots == 0 {
                        return -1;
                    }
                    free += i64::from(slots) - i64::from(server.live.served());
                    free -= i64::from(server.queue.length().now());
                }
                free.max(0)
            }
            ProxyNumber::BackendSessionRate => {
                self.sum_rate(live.backend.iter().map(|c| c.upstream.session_rate.read(self.now_ms)))
            }
            ProxyNumber::UsableServers => usable,
            ProxyNumber::QueueSize => queued(px),
            ProxyNumber::AverageQueue => match usable {
                0 => queued(px),
                n => (queued(px) + n - 1) / n,
            },
            ProxyNumber::ConnectionSlots => {
                let slots: i64 = (0..px.servers.len()).map(|i| i64::from(px.balancer.slots(i))).sum();
                if slots == 0 { -1 } else { slots }
            }
            ProxyNumber::ActiveServers => i64::from(px.balancer.totals().active),
            ProxyNumber::LogLines => live.log_lines.load(Ordering::Relaxed) as i64,
            ProxyNumber::TotalWeight => i64::from(px.balancer.totals().user_weight),
        }
    }

    fn server_number(&self, server: ServerId, number: ServerNumber) -> i64 {
        let (proxy, index) = self.snapshot.servers[server.index()];
        let px = self.snapshot.proxy(proxy);
        let server = &px.servers[index as usize];
        let live = &server.live;
        match number {
            ServerNumber::Connections => i64::from(live.current()),
            ServerNumber::ConnectionsFree => match px.balancer.slots(index as usize) {
                0 => -1,
                slots => {
                    (i64::from(slots) - i64::from(live.served()) - i64::from(server.queue.length().now()))
                        .max(0)
                }
            },
            ServerNumber::Queue => i64::from(server.queue.length().now()),
            ServerNumber::SessionRate => {
                self.sum_rate(live.counters.iter().map(|c| c.upstream.session_rate.read(self.now_ms)))
            }
            ServerNumber::Weight => i64::from(live.shown_weight()),
            ServerNumber::InitialWeight => i64::from(live.initial_weight()),
            ServerNumber::UserWeight => i64::from(live.user_weight()),
            ServerNumber::Up => i64::from(live.usable()),
        }
    }

    fn process_connections(&self) -> i64 {
        i64::from(self.process.connections.load(Ordering::Relaxed))
    }

    fn process(&self) -> ProcessFacts<'_> {
        ProcessFacts {
            node: &self.process.node,
            hostname: &self.process.hostname,
            threads: self.process.threads as u32,
            thread: self.thread as u32 + 1,
            pid: self.process.pid,
            requests: self.process.counters.sum(|c| c.requests.load()),
            started_ms: 0,
        }
    }

    fn process_vars(&self) -> &ProcessVars {
        &self.snapshot.process_vars
    }

    fn make_unique_id(&self, cx: &haproxy_expr::Cx<'_>) -> Option<Vec<u8>> {
        let format = self.snapshot.proxy(cx.session.frontend).settings.unique_id_format.as_ref()?;
        let mut id = Vec::new();
        format.write(cx, &mut id);
        if let Some(txn) = cx.txn {
            // made once, the same for rules, headers and the log
            *txn.unique_id.borrow_mut() = Some(id.clone());
        }
        Some(id)
    }

    fn var_limit(&self, scope: Scope) -> usize {
        let limits = &self.snapshot.global.var_limits;
        match scope {
            Scope::Proc => limits.process,
            Scope::Sess | Scope::ParentSess => limits.session,
            Scope::Txn | Scope::ParentTxn => limits.transaction,
            Scope::Req | Scope::Res | Scope::ParentReq | Scope::ParentRes => limits.message,
            Scope::Check => 0,
        }
    }

    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        self.snapshot.frontend_named(name).map(|px| px.id)
    }

    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        // all proxies share one table
        self.snapshot.proxies.first()?.backends_by_name.get(name).copied()
    }

    fn find_server(&self, backend: ProxyId, name: &[u8]) -> Option<ServerId> {
        let px = self.snapshot.proxy(backend);
        px.servers.iter().find(|server| server.settings.balance.name.as_bytes() == name).map(|s| s.id)
    }

    fn default_backend(&self, frontend: ProxyId) -> Option<&[u8]> {
        let backend = self.snapshot.proxy(frontend).default_backend?;
        Some(&self.snapshot.proxy(backend).name)
    }

    fn proxy_retries(&self, backend: ProxyId) -> i64 {
        i64::from(self.snapshot.proxy(backend).settings.retries.unwrap_or(RETRIES_DEFAULT))
    }

    fn capture_length(&self, frontend: ProxyId, direction: Direction, slot: usize) -> Option<usize> {
        let slots = &self.snapshot.proxy(frontend).settings.captures;
        let side = match direction {
            Direction::Request => &slots.request,
            Direction::Response => &slots.response,
        };
        side.get(slot).map(|slot| slot.length)
    }

    fn rule_place(&self, number: u32) -> Option<(&str, u32)> {
        self.snapshot.rule_places.get(number as usize).map(|(file, line)| (&**file, *line))
    }

    fn stopping(&self) -> bool {
        self.process.stopping.load(Ordering::Relaxed)
    }

    fn listener_connections(&self, listener: ListenerId) -> i64 {
        i64::from(self.snapshot.listener(listener).live.connections.load(Ordering::Relaxed))
    }

    fn socket_number(&self, fd: i32, number: SocketNumber) -> Option<i64> {
        let info = common_os::tcpinfo::tcp_info(fd).ok()?;
        Some(i64::from(match number {
            SocketNumber::RttUs => info.rtt_us,
            SocketNumber::RttVarUs => info.rtt_var_us,
            SocketNumber::Unacked => info.unacked,
            SocketNumber::Sacked => info.sacked,
            SocketNumber::Lost => info.lost,
            SocketNumber::Retrans => info.retrans,
            SocketNumber::Fackets => info.fackets,
            SocketNumber::Reordering => info.reordering,
        }))
    }

    fn task_numbers(&self) -> TaskNumbers {
        // times are measured by the system's profilers, not here
        TaskNumbers { calls: i64::from(self.calls), ..TaskNumbers::default() }
    }

    fn saved_syn(&self, fd: i32) -> Option<Vec<u8>> {
        common_os::tcpinfo::saved_syn(fd).ok().filter(|packet| !packet.is_empty())
    }

    fn debug(&self, prefix: &[u8], destination: &[u8], kind: Type, text: &[u8]) {
        let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        let shown: String = text.iter().map(printable).collect();
        let line = format!("[debug] {}: type={} <{shown}>\n", String::from_utf8_lossy(prefix), kind.name());
        self.process.log.report(destination, line.as_bytes());
    }

    fn is_local(&self, address: std::net::IpAddr) -> bool {
        self.process.local_addresses.contains(&address)
    }

    fn time_zone(&self) -> &jiff::tz::TimeZone {
        &self.process.time_zone
    }

    fn proxy_timeout_ms(&self, proxy: ProxyId, which: TimeoutKind) -> Option<u64> {
        let timeouts = &self.snapshot.proxy(proxy).settings.timeouts;
        match which {
            TimeoutKind::Client => timeouts.client,
            TimeoutKind::Server => timeouts.server,
            TimeoutKind::Tunnel => timeouts.tunnel,
            TimeoutKind::Connect => timeouts.connect,
            TimeoutKind::Queue => timeouts.queue,
            TimeoutKind::Tarpit => timeouts.tarpit,
        }
    }
}

fn queued(px: &haproxy_model::snapshot::Proxy) -> i64 {
    let own = i64::from(px.live.queue.length().now());
    own + px.servers.iter().map(|server| i64::from(server.queue.length().now())).sum::<i64>()
}
