//! The running process as statistics see it.

use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_balance::stat::{Shown, aggregate};
use haproxy_engine::clock;
use haproxy_engine::process::Process;
use haproxy_model::settings::{BindAddress, Mode};
use haproxy_model::snapshot::{Listener, Proxy, Snapshot};
use haproxy_stats::facts::{BackendFacts, FrontendFacts, ListenerFacts, Object, StatSource};
use haproxy_stats::info::ProcessFacts;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};

/// Facts of the program that no configuration changes.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Version as `-v` shows it.
    pub version: &'static str,
    /// Date of release.
    pub release_date: &'static str,
}

/// Whether a reader may see addresses, cookies and algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legends {
    /// `show-legends`, or a CLI of level operator.
    Shown,
    /// Neither.
    Hidden,
}

/// A snapshot with the process it runs in.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// The configuration shown.
    pub snapshot: &'a Snapshot,
    /// The process.
    pub process: &'a Process,
    /// What a reader may see.
    pub legends: Legends,
}

/// `mode` as statistics name it.
fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
        Mode::Health => "health",
    }
}

/// Text of a configured name.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Address of a listener as statistics show it, and its protocol.
pub fn listener_address(address: &BindAddress) -> (String, &'static str) {
    match address {
        BindAddress::Ip(ip) if ip.is_ipv4() => (ip.to_string(), "tcpv4"),
        BindAddress::Ip(ip) => (ip.to_string(), "tcpv6"),
        BindAddress::Unix(_) => ("unix".to_owned(), "unix_stream"),
        BindAddress::Abstract(_) => ("unix".to_owned(), "abns_stream"),
        BindAddress::Fd(_) => (String::new(), "fd"),
    }
}

impl Live<'_> {
    fn frontend(&self, px: &Proxy, now_ms: u64, visit: &mut dyn FnMut(Object<'_>)) {
        let (name, description) = (text(&px.name), px.settings.description.as_deref().map(text));
        let stopped = px.disabled || px.live.stopped.load(Relaxed);
        // without a limit of its own the process's counts
        let limit = match px.live.maxconn.load(Relaxed) {
            0 => self.process.maxconn.load(Relaxed),
            limit => limit,
        };
        let full = limit != 0 && px.live.frontend_sessions.load(Relaxed) >= limit;
        visit(Object::Frontend(FrontendFacts {
            name: &name,
            iid: px.uuid,
            description: description.as_deref(),
            mode: mode_name(px.settings.mode),
            http: px.settings.mode == Mode::Http,
            status: match (stopped, full) {
                (true, _) => "STOP",
                (false, true) => "FULL",
                (false, false) => "OPEN",
            },
            session_limit: limit,
            rate_limit: px.settings.rate_limit_sessions.unwrap_or(0),
            now_ms,
            counters: &px.live.frontend,
        }));
        if px.settings.options.socket_stats {
            for id in &px.listeners {
                self.listener(px, self.snapshot.listener(*id), &name, stopped, visit);
            }
        }
    }

    fn listener(
        &self,
        px: &Proxy,
        listener: &Listener,
        proxy: &str,
        stopped: bool,
        visit: &mut dyn FnMut(Object<'_>),
    ) {
        let settings = &listener.settings;
        let name =
            settings.name.as_deref().map_or_else(|| Cow::Owned(format!("sock-{}", listener.luid)), text);
        let (address, protocol) = listener_address(&settings.address);
        let limit = settings.maxconn.unwrap_or(0);
        let full = limit != 0 && listener.live.connections.load(Relaxed) >= limit;
        visit(Object::Listener(ListenerFacts {
            proxy,
            name: &name,
            iid: px.uuid,
            sid: listener.luid,
            mode: mode_name(px.settings.mode),
            status: match (stopped, full) {
                (true, _) => "WAITING",
                (false, true) => "FULL",
                (false, false) => "OPEN",
            },
            session_limit: limit,
            address: (self.legends == Legends::Shown).then_some(address),
            protocol,
            counters: &listener.live.counters,
        }));
    }

    fn backend(&self, px: &Proxy, now_ms: u64, visit: &mut dyn FnMut(Object<'_>)) {
        let (proxy, description) = (text(&px.name), px.settings.description.as_deref().map(text));
        let (mode, http) = (mode_name(px.settings.mode), px.settings.mode == Mode::Http);
        let legends = self.legends == Legends::Shown;
        for server in &px.servers {
            let conf = server.live.conf();
            let shown = Shown {
                proxy: &proxy,
                iid: px.uuid,
                description: description.as_deref(),
                mode,
                http,
                legends,
                observed: server.settings.observe.is_some(),
            };
            visit(Object::Server(Box::new(server.live.facts(&conf.name, shown, now_ms))));
        }
        let totals = px.balancer.totals();
        let (servers_by_state, servers_by_check) = aggregate(px.servers.iter().map(|server| &*server.live));
        let queue = px.live.queue.length();
        let now_s = clock::date().secs.max(0) as u64;
        let started_s = now_s.saturating_sub(now_ms / 1000);
        let last_change_s = px.live.last_change_s.load(Relaxed).max(started_s);
        let is_up = px.servers.is_empty() || px.balancer.usable_count() > 0;
        let since_s = now_s.saturating_sub(last_change_s) as u32;
        let cookie = px.settings.cookie.as_ref().filter(|_| legends);
        visit(Object::Backend(BackendFacts {
            name: &proxy,
            iid: px.uuid,
            description: description.as_deref(),
            mode,
            http,
            is_up,
            session_limit: px.fullconn,
            queued: queue.now(),
            queued_max: queue.max(),
            weight: totals.shown_weight(),
            user_weight: totals.user_weight,
            active: totals.active,
            backup: totals.backup,
            down_transitions: px.live.down_count.load(Relaxed),
            last_change_s: since_s,
            down_s: if is_up { 0 } else { since_s },
            cookie: cookie.map(|cookie| text(&cookie.name).into_owned()),
            algorithm: legends.then(|| px.balancer.conf().algorithm.stat_name()),
            servers_by_state,
            servers_by_check,
            now_ms,
            counters: &px.live.backend,
        }));
    }

    /// Numbers of the process. `idle` measures its spare time.
    pub fn process_facts(&'_ self, about: About, idle: &IdleMeter) -> ProcessFacts<'_> {
        let process = self.process;
        let now_ms = process.clock.now_ms();
        // the clock begins one second before the process, so that no moment of it is zero
        let uptime_ms = now_ms.saturating_sub(1000);
        let files =
            getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft).min(u64::from(u32::MAX)) as u32;
        let global = &self.snapshot.global;
        let connections = process.connections.load(Relaxed);
        let listeners = self.snapshot.listeners.len() as u32;
        let streams = process.counters.level(|t| t.streams.load()) as u32;
        ProcessFacts {
            name: "HAProxy",
            version: about.version,
            release_date: about.release_date,
            threads: process.threads as u32,
            pid: process.pid,
            uptime_ms,
            started_unix_s: (clock::date().secs.max(0) as u64).saturating_sub(uptime_ms / 1000) as u32,
            boot_ms: 0,
            memory_max: 0,
            pool_allocated: 0,
            pool_used: 0,
            files_max: files,
            sockets_max: files,
            maxconn: process.maxconn.load(Relaxed),
            hard_maxconn: global.maxconn_effective,
            maxconn_reached: 0,
            tls_max: 0,
            pipes_max: 0,
            connection_rate_limit: global.maxconnrate.unwrap_or(0),
            session_rate_limit: global.maxsessrate.unwrap_or(0),
            tls_rate_limit: 0,
            comp_rate_limit: u32::try_from(global.compression.rate_max_bytes).unwrap_or(u32::MAX),
            tasks: connections + listeners + streams,
            run_queue: 0,
            idle_percent: idle.percent(now_ms, process.threads),
            node: &process.node,
            description: global.description.as_deref(),
            stopping: process.stopping.load(Relaxed),
            jobs: connections + listeners,
            unstoppable_jobs: 0,
            listeners,
            active_peers: 0,
            connected_peers: 0,
            warnings: 0,
            patterns_added: 0,
            patterns_freed: 0,
            float: false,
            now_ms,
            counters: &process.counters,
        }
    }
}

impl StatSource for Live<'_> {
    fn visit(&self, visit: &mut dyn FnMut(Object<'_>)) {
        let now_ms = self.process.clock.now_ms();
        for px in &self.snapshot.proxies {
            if px.role.is_frontend() {
                self.frontend(px, now_ms, visit);
            }
            if px.role.is_backend() {
                self.backend(px, now_ms, visit);
            }
        }
    }
}

/// Measures which part of the process's time its threads spent waiting, over at least the last second.
#[derive(Debug, Default)]
pub struct IdleMeter(Mutex<Measured>);

#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    at_ms: u64,
    cpu_ms: u64,
    percent: Option<u32>,
}

impl IdleMeter {
    /// Percentage of time spent waiting.
    pub fn percent(&self, now_ms: u64, threads: usize) -> u32 {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let passed_ms = now_ms.saturating_sub(last.at_ms);
        if passed_ms < 1000 && last.percent.is_some() {
            return last.percent.unwrap_or(100);
        }
        let cpu_ms = getrusage(UsageWho::RUSAGE_SELF).map_or(last.cpu_ms, |usage| {
            let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as u64 * 1000 + t.tv_usec() as u64 / 1000;
            ms(usage.user_time()) + ms(usage.system_time())
        });
        let capacity_ms = passed_ms.max(1) * threads.max(1) as u64;
        let busy = (cpu_ms.saturating_sub(last.cpu_ms) * 100 / capacity_ms).min(100) as u32;
        *last = Measured { at_ms: now_ms, cpu_ms, percent: Some(100 - busy) };
        100 - busy
    }
}
