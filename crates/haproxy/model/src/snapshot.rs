//! The runnable configuration: ids instead of names, expressions compiled, live objects attached.
//!
//! A snapshot is never changed. A thread keeps the one it works with; a stream keeps the one it began with.
//! What lives longer than a snapshot (counters, server states, queues) hangs on it by `Arc` and is found again by name.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_balance::server::Tracked;
use haproxy_balance::{Balancer, Queue};
use haproxy_expr::vars::{ProcessVars, SharedValue, VarId};
use haproxy_expr::{Condition, Expr, LogFormat};
use haproxy_filters::cache::Cache;
use haproxy_rules::{RuleSet, Switch};
use haproxy_stats::counter::PerThread;
use haproxy_stats::objects::{BackendCounters, FrontendCounters, ListenerCounters};

use crate::global::Global;
use crate::settings::*;

/// One whole runnable configuration.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts up with every configuration that was put to work.
    pub generation: u64,
    /// Process-wide settings.
    pub global: Global,
    /// All proxies; a `ProxyId` is an index here.
    pub proxies: Vec<Proxy>,
    /// All listening addresses; a `ListenerId` is an index here.
    pub listeners: Vec<Listener>,
    /// Listeners by what lasts of them.
    pub listeners_by_live: HashMap<usize, ListenerId>,
    /// Where each server stands; a `ServerId` is an index here.
    pub servers: Vec<(ProxyId, u32)>,
    /// File and line of each rule, by its number.
    pub rule_places: Vec<(Arc<str>, u32)>,
    /// `log-profile` sections by number.
    pub log_profiles: Vec<crate::log_profile::LogProfile>,
    /// `cache` sections.
    pub caches: Vec<CacheSection>,
    /// Variables of scope `proc`.
    pub process_vars: Arc<ProcessVars>,
    /// Values the global section gives some of them when the snapshot is put to work.
    pub first_vars: Vec<(VarId, Option<SharedValue>)>,
}

impl Snapshot {
    /// The proxy of an id of this snapshot.
    pub fn proxy(&self, id: ProxyId) -> &Proxy {
        &self.proxies[id.index()]
    }

    /// The server of an id of this snapshot.
    pub fn server(&self, id: ServerId) -> &Server {
        let (proxy, index) = self.servers[id.index()];
        &self.proxies[proxy.index()].servers[index as usize]
    }

    /// The listener of an id of this snapshot.
    pub fn listener(&self, id: ListenerId) -> &Listener {
        &self.listeners[id.index()]
    }

    /// The listener that continues another snapshot's.
    pub fn listener_of(&self, live: &Arc<ListenerLive>) -> Option<ListenerId> {
        self.listeners_by_live.get(&(Arc::as_ptr(live) as usize)).copied()
    }

    /// What was there before takes its new settings, and balancers what comes of them. To be done once, when the snapshot
    /// is put to work in the place of `old`: one that is refused must change nothing.
    pub fn take_over(&self, old: &Snapshot, now_ms: u64) {
        for (id, value) in &self.first_vars {
            self.process_vars.set(*id, value.clone());
        }
        let before: HashMap<*const ProxyLive, &Proxy> =
            old.proxies.iter().map(|px| (Arc::as_ptr(&px.live), px)).collect();
        for px in &self.proxies {
            let Some(before) = before.get(&Arc::as_ptr(&px.live)) else { continue };
            if before.settings.maxconn != px.settings.maxconn {
                px.live.maxconn.store(px.settings.maxconn.unwrap_or(0), Ordering::Relaxed);
            }
            for server in px.servers.iter().filter(|server| server.continues) {
                server.live.adopt(server.settings.balance.clone());
                server.live.track(server.tracks.clone());
            }
            px.balancer.refresh(now_ms);
        }
    }

    /// A backend by name.
    pub fn backend_named(&self, name: &[u8]) -> Option<&Proxy> {
        self.proxies.iter().find(|proxy| proxy.role.is_backend() && proxy.name == name)
    }

    /// A frontend by name.
    pub fn frontend_named(&self, name: &[u8]) -> Option<&Proxy> {
        self.proxies.iter().find(|proxy| proxy.role.is_frontend() && proxy.name == name)
    }
}

/// A `cache` section: what it holds outlives the snapshot.
#[derive(Clone, Debug)]
pub struct CacheSection {
    /// The cache.
    pub cache: Arc<Cache>,
    /// What this snapshot wants of it; in force once the snapshot is put to work.
    pub settings: haproxy_filters::cache::Settings,
}

/// One listening address.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its number.
    pub id: ListenerId,
    /// The frontend it feeds.
    pub frontend: ProxyId,
    /// Its options.
    pub settings: BindSettings,
    /// `id` within the frontend, from 1.
    pub luid: u32,
    /// Counters and current connections, kept across snapshots by address.
    pub live: Arc<ListenerLive>,
}

/// What lasts of a listener across snapshots.
#[derive(Debug)]
pub struct ListenerLive {
    /// Counters (`option socket-stats`).
    pub counters: PerThread<ListenerCounters>,
    /// Connections now.
    pub connections: AtomicU32,
    /// When its connections began to leave, milliseconds; 0 while they stay.
    pub leaving_since_ms: AtomicU64,
    /// Time over which they leave, milliseconds; `u64::MAX` is for ever.
    pub leaving_spread_ms: AtomicU64,
}

impl ListenerLive {
    /// Its connections are to end from `now_ms` on, over `spread_ms`.
    pub fn leave(&self, now_ms: u64, spread_ms: u64) {
        self.leaving_spread_ms.store(spread_ms, Ordering::Relaxed);
        self.leaving_since_ms.store(now_ms.max(1), Ordering::Relaxed);
    }

    /// When the connection of a session is to end, milliseconds; `u64::MAX` for never.
    pub fn leaves_at_ms(&self, session: u64) -> u64 {
        let since_ms = self.leaving_since_ms.load(Ordering::Relaxed);
        if since_ms == 0 {
            return u64::MAX;
        }
        match self.leaving_spread_ms.load(Ordering::Relaxed) {
            u64::MAX => u64::MAX,
            0 => since_ms,
            // sessions are numbered in order: neighbours shall not leave together
            spread_ms => since_ms + session.wrapping_mul(0x9e37_79b9_7f4a_7c15) % spread_ms,
        }
    }
}

/// What lasts of a proxy across snapshots.
#[derive(Debug)]
pub struct ProxyLive {
    /// Frontend side.
    pub frontend: PerThread<FrontendCounters>,
    /// Backend side.
    pub backend: PerThread<BackendCounters>,
    /// Sessions of the frontend now.
    pub frontend_sessions: AtomicU32,
    /// Sessions of the backend now.
    pub backend_sessions: AtomicU32,
    /// Largest number of sessions of the frontend so far.
    pub frontend_sessions_max: AtomicU32,
    /// Largest number of sessions of the backend so far.
    pub backend_sessions_max: AtomicU32,
    /// Requests that wait for any server of the backend.
    pub queue: Queue<Waiter>,
    /// `be-unpublished`, `unpublish backend`: no frontend chooses it.
    pub unpublished: AtomicBool,
    /// `disable frontend`, `shutdown frontend`: no more accepts.
    pub stopped: AtomicBool,
    /// The last request that broke the protocol.
    pub request_error: Mutex<Option<Captured>>,
    /// The last response that broke the protocol.
    pub response_error: Mutex<Option<Captured>>,
    /// Log lines the frontend made so far.
    pub log_lines: AtomicU64,
    /// When the backend last went up or down, seconds since the epoch.
    pub last_change_s: AtomicU64,
    /// Transitions to down.
    pub down_count: AtomicU64,
    /// `set maxconn frontend` and the configured value.
    pub maxconn: AtomicU32,
}

/// A message that broke the protocol, kept for `show errors`.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Its number among all of the process.
    pub event: u64,
    /// When it came, seconds since the epoch and milliseconds.
    pub date: (i64, u32),
    /// Where the client came from.
    pub source: Option<std::net::SocketAddr>,
    /// The proxy of the other side: name and number.
    pub other: Option<(Vec<u8>, u32)>,
    /// The server: name and number.
    pub server: Option<(String, u32)>,
    /// What was received.
    pub bytes: Vec<u8>,
    /// Where in it the fault shows.
    pub at: usize,
}

/// A request in a queue: called with the server when a slot is free for it, or with none when it is to choose another
/// server; false when nobody waits any more, or not for this server.
pub struct Waiter(pub Wake);

/// What a waiting request is told by.
pub type Wake = Box<dyn FnOnce(Option<&Arc<haproxy_balance::Server>>) -> bool + Send>;

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiter")
    }
}

/// One proxy, ready to run.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its number.
    pub id: ProxyId,
    /// Its name.
    pub name: Vec<u8>,
    /// Which section it was.
    pub role: Role,
    /// `id`: 2 for the first.
    pub uuid: u32,
    /// Where the section begins.
    pub place: (String, u32),
    /// `disabled`
    pub disabled: bool,
    /// Settings as written and inherited.
    pub settings: Settings,
    /// Its listening addresses.
    pub listeners: Vec<ListenerId>,
    /// All its rules.
    pub rules: Rules,
    /// `use_backend` rules.
    pub switching: Vec<Switch>,
    /// `default_backend`, resolved.
    pub default_backend: Option<ProxyId>,
    /// Backends by name, for `use_backend` names made at run time.
    pub backends_by_name: Arc<HashMap<Vec<u8>, ProxyId>>,
    /// `force-be-switch`: when backends that are not published are chosen all the same.
    pub force_switch: Vec<Arc<Condition>>,
    /// `use-server` rules.
    pub use_server: Vec<UseServer>,
    /// `persist` rules: force-persist (true) and ignore-persist (false).
    pub persist_rules: Vec<(bool, Arc<Condition>)>,
    /// Its servers in order.
    pub servers: Vec<Server>,
    /// Chooses among them.
    pub balancer: Arc<Balancer>,
    /// The expression that gives the hash key, for algorithms that use one.
    pub hash_key: Option<Arc<Expr>>,
    /// Servers by cookie value.
    pub servers_by_cookie: HashMap<Vec<u8>, u32>,
    /// `fullconn` as configured or derived.
    pub fullconn: u32,
    /// Filters of its streams; none costs nothing.
    pub filters: Option<Box<crate::filters::ProxyFilters>>,
    /// What lasts.
    pub live: Arc<ProxyLive>,
}

/// Rules by family, `defaults` rules first.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `tcp-request connection`
    pub tcp_connection: RuleSet,
    /// `tcp-request session`
    pub tcp_session: RuleSet,
    /// `tcp-request content`
    pub tcp_content: RuleSet,
    /// `tcp-request inspect-delay`, milliseconds.
    pub inspect_delay_ms: Option<u64>,
    /// `tcp-response content`
    pub tcp_response: RuleSet,
    /// `tcp-response inspect-delay`, milliseconds.
    pub response_inspect_delay_ms: Option<u64>,
    /// `http-request`
    pub http_request: RuleSet,
    /// `redirect`, evaluated after `http-request`.
    pub redirect: RuleSet,
    /// `http-response`
    pub http_response: RuleSet,
    /// `http-after-response`
    pub http_after_response: RuleSet,
    /// `monitor fail`
    pub monitor_fail: Vec<Arc<Condition>>,
    /// `http-request` rules of the statistics page (`stats http-request`).
    pub stats_http_request: RuleSet,
}

/// Settings of a proxy that a `defaults` section can hand on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `mode`
    pub mode: Mode,
    /// `timeout ...`
    pub timeouts: Timeouts,
    /// `option ...` switches.
    pub options: Options,
    /// `option httpclose`, `option http-server-close`
    pub connection_mode: ConnectionMode,
    /// `http-reuse`
    pub http_reuse: HttpReuse,
    /// `option forwardfor`
    pub forwarded_for: Option<AddressHeader>,
    /// `option originalto`
    pub original_to: Option<AddressHeader>,
    /// `option forwarded`
    pub forwarded: Option<crate::forwarded::Forwarded>,
    /// `maxconn`
    pub maxconn: Option<u32>,
    /// `backlog`
    pub backlog: Option<u32>,
    /// `fullconn`
    pub fullconn: Option<u32>,
    /// `rate-limit sessions`
    pub rate_limit_sessions: Option<u32>,
    /// `retries`
    pub retries: Option<u32>,
    /// `retry-on` statuses and events.
    pub retry_on: RetryOn,
    /// `balance` and `hash-type`
    pub balance: haproxy_balance::balancer::BalancerConf,
    /// The expression behind `balance hash`, `hdr`, `uri`, ... as text of the configuration.
    pub balance_key: Option<Arc<Expr>>,
    /// `cookie`
    pub cookie: Option<CookiePersistence>,
    /// `dynamic-cookie-key`
    pub dynamic_cookie_key: Option<Vec<u8>>,
    /// `capture cookie`: name and length.
    pub capture_cookie: Option<(Vec<u8>, usize)>,
    /// Slots of `capture ... header` and `declare capture`.
    pub captures: haproxy_rules::CaptureSlots,
    /// `log` lines; `log global` stands for the global ones.
    pub logs: Vec<LogTarget>,
    /// `log global`
    pub log_global: bool,
    /// Which line.
    pub log_line: LogLine,
    /// `error-log-format`
    pub error_log_line: Option<Arc<LogFormat>>,
    /// `log-steps`; none: one line, at the end.
    pub log_steps: Option<crate::log_profile::LogSteps>,
    /// `log-format-sd`
    pub log_sd: Option<Arc<LogFormat>>,
    /// `log-tag`
    pub log_tag: Option<Vec<u8>>,
    /// `unique-id-format`
    pub unique_id_format: Option<Arc<LogFormat>>,
    /// `unique-id-header`
    pub unique_id_header: Option<Vec<u8>>,
    /// `errorfile`, `errorloc`, `http-error`, `errorfiles`
    pub errors: ErrorReplies,
    /// `monitor-uri`
    pub monitor_uri: Option<Vec<u8>>,
    /// `monitor-net`
    pub monitor_net: Option<(std::net::IpAddr, u8)>,
    /// `stats ...`; `None` when the page is not enabled.
    pub stats: Option<StatsPage>,
    /// `be-unpublished`
    pub unpublished: bool,
    /// `default_backend` as written.
    pub default_backend: Option<Vec<u8>>,
    /// `source`
    pub source: Option<SourceSettings>,
    /// `http-send-name-header`
    pub send_name_header: Option<Vec<u8>>,
    /// `description`
    pub description: Option<Vec<u8>>,
    /// `dispatch`
    pub dispatch: Option<std::net::SocketAddr>,
    /// `grace`, milliseconds.
    pub grace_ms: Option<u64>,
    /// `http-restrict-req-hdr-names`
    pub restrict_header_names: Option<RestrictNames>,
    /// `max-keep-alive-queue`
    pub max_keep_alive_queue: Option<u32>,
    /// The check all servers of the backend make (`option httpchk`, `tcp-check`, ...).
    pub check: haproxy_checks::Program,
    /// What `option httpchk` says of the request.
    pub check_request: CheckRequest,
    /// Compiled expressions of the check, by their text.
    pub check_expressions: CheckExpressions,
    /// `email-alert`, `external-check` and the like as written, for those who use them.
    pub external_check: ExternalCheck,
    /// `compression`
    pub compression: Option<haproxy_filters::compress::Settings>,
    /// `load-server-state-from-file`
    pub server_state: ServerStateSource,
}

/// `external-check command` and `path`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalCheck {
    /// `external-check command`
    pub command: Option<PathBuf>,
    /// `external-check path`
    pub path: Option<String>,
}

/// `load-server-state-from-file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerStateSource {
    /// `none`
    #[default]
    None,
    /// `global`
    Global,
    /// `local`, from `server-state-file-name` or the backend's name.
    Local(Option<String>),
}

/// `http-restrict-req-hdr-names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestrictNames {
    /// Leave them.
    Preserve,
    /// Remove the header.
    Delete,
    /// Refuse the request.
    Reject,
}

/// `retry-on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOn {
    /// `conn-failure`, the default.
    pub connection_failure: bool,
    /// `empty-response`
    pub empty_response: bool,
    /// `junk-response`
    pub junk_response: bool,
    /// `response-timeout`
    pub response_timeout: bool,
    /// Status codes.
    pub statuses: Vec<u16>,
}

impl RetryOn {
    /// True when the outcome of a request that was sent can be something to try again for.
    pub fn looks_at_answers(&self) -> bool {
        self.empty_response || self.junk_response || self.response_timeout || !self.statuses.is_empty()
    }
}

impl Default for RetryOn {
    fn default() -> Self {
        RetryOn {
            connection_failure: true,
            empty_response: false,
            junk_response: false,
            response_timeout: false,
            statuses: Vec::new(),
        }
    }
}

/// One `use-server` rule.
#[derive(Clone, Debug)]
pub struct UseServer {
    /// Index of the server, or a format that names it.
    pub target: UseServerTarget,
    /// Its condition.
    pub condition: Option<Arc<Condition>>,
}

/// What a `use-server` rule names.
#[derive(Clone, Debug)]
pub enum UseServerTarget {
    /// Index within the backend.
    Index(u32),
    /// A name made at run time.
    Named(Arc<LogFormat>),
}

/// One server, ready to be used.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its number.
    pub id: ServerId,
    /// Its backend.
    pub backend: ProxyId,
    /// Its line.
    pub settings: ServerSettings,
    /// Other lines name it, so that it cannot be removed or renamed.
    pub pinned: bool,
    /// State and counters, kept across snapshots by name.
    pub live: Arc<haproxy_balance::Server>,
    /// Requests that wait for this very server.
    pub queue: Arc<Queue<Waiter>>,
    /// True when the snapshot before had it too: its new settings wait for [`Snapshot::take_over`].
    pub continues: bool,
    /// The server whose state it shares.
    pub tracks: Option<Tracked>,
}
