//! Plain settings of proxies, listening addresses and servers, as the configuration words them.
//!
//! They are what a `defaults` section hands on: cloning one is inheriting from it. No name is resolved here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use haproxy_expr::vars::VarRef;
use haproxy_expr::{Condition, Expr, LogFormat};
use haproxy_http::FieldId;

/// `mode` of a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes are carried as they come.
    #[default]
    Tcp,
    /// Requests and responses are understood.
    Http,
    /// The old `mode health`: answers `OK` and closes.
    Health,
}

impl Mode {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Tcp => "tcp",
            Mode::Http => "http",
            Mode::Health => "health",
        }
    }
}

/// What a proxy section can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `frontend`
    Frontend,
    /// `backend`
    Backend,
    /// `listen`: both.
    Listen,
    /// `defaults`: neither, it only hands settings on.
    Defaults,
}

impl Role {
    /// True when clients can connect to it.
    pub fn is_frontend(self) -> bool {
        matches!(self, Role::Frontend | Role::Listen)
    }

    /// True when it has servers.
    pub fn is_backend(self) -> bool {
        matches!(self, Role::Backend | Role::Listen)
    }

    /// The section's keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Role::Frontend => "frontend",
            Role::Backend => "backend",
            Role::Listen => "listen",
            Role::Defaults => "defaults",
        }
    }
}

/// Timeouts in milliseconds; `None` is unset (infinite, or the value the manual derives).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// `timeout client`
    pub client: Option<u64>,
    /// `timeout server`
    pub server: Option<u64>,
    /// `timeout connect`
    pub connect: Option<u64>,
    /// `timeout queue`
    pub queue: Option<u64>,
    /// `timeout check`
    pub check: Option<u64>,
    /// `timeout http-request`
    pub http_request: Option<u64>,
    /// `timeout http-keep-alive`
    pub http_keep_alive: Option<u64>,
    /// `timeout tunnel`
    pub tunnel: Option<u64>,
    /// `timeout client-fin`
    pub client_fin: Option<u64>,
    /// `timeout server-fin`
    pub server_fin: Option<u64>,
    /// `timeout client-hs`
    pub client_hs: Option<u64>,
    /// `timeout tarpit`
    pub tarpit: Option<u64>,
}

/// How connections are kept, per side (manual §4, "connection modes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// Keep both sides open.
    #[default]
    KeepAlive,
    /// `option http-server-close`: close the server side after each response.
    ServerClose,
    /// `option httpclose`: close both.
    Close,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpReuse {
    /// Idle connections stay with their session.
    Never,
    /// The first request of a session opens its own connection, later ones may share.
    #[default]
    Safe,
    /// First requests may use connections that were reused before.
    Aggressive,
    /// Any idle connection will do.
    Always,
}

/// Header to add with an address: `option forwardfor`, `option originalto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressHeader {
    /// Header name as configured, lower-case.
    pub name: Vec<u8>,
    /// Its number.
    pub id: FieldId,
    /// `except` network: address and prefix length.
    pub except: Option<(std::net::IpAddr, u8)>,
    /// `if-none`
    pub if_none: bool,
}

/// Boolean options of a proxy, all off unless named otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `option abortonclose` as written; unset means the version's default (on for HTTP).
    pub abortonclose: Option<bool>,
    /// `option accept-unsafe-violations-in-http-request`
    pub accept_unsafe_request: bool,
    /// `option accept-unsafe-violations-in-http-response`
    pub accept_unsafe_response: bool,
    /// `option allbackups`
    pub allbackups: bool,
    /// `option clitcpka`
    pub client_keepalive: bool,
    /// `option srvtcpka`
    pub server_keepalive: bool,
    /// `option dontlog-normal`
    pub dontlog_normal: bool,
    /// `option dontlognull`
    pub dontlognull: bool,
    /// `option http-buffer-request`
    pub http_buffer_request: bool,
    /// `option http-ignore-probes`
    pub http_ignore_probes: bool,
    /// `option http-pretend-keepalive`
    pub http_pretend_keepalive: bool,
    /// `option idle-close-on-response`
    pub idle_close_on_response: bool,
    /// `option independent-streams`
    pub independent_streams: bool,
    /// `option log-health-checks`
    pub log_health_checks: bool,
    /// `option log-separate-errors`
    pub log_separate_errors: bool,
    /// `option logasap`
    pub logasap: bool,
    /// `option nolinger`
    pub nolinger: bool,
    /// `option persist`
    pub persist: bool,
    /// `option prefer-last-server`
    pub prefer_last_server: bool,
    /// `option redispatch`: interval, `None` when off.
    pub redispatch: Option<i32>,
    /// `option socket-stats`
    pub socket_stats: bool,
    /// `option splice-auto`
    pub splice_auto: bool,
    /// `option splice-request`
    pub splice_request: bool,
    /// `option splice-response`
    pub splice_response: bool,
    /// `option tcp-smart-accept`
    pub tcp_smart_accept: bool,
    /// `option tcp-smart-connect`
    pub tcp_smart_connect: bool,
    /// `option transparent`
    pub transparent: bool,
    /// `option h1-case-adjust-bogus-client`
    pub h1_case_client: bool,
    /// `option h1-case-adjust-bogus-server`
    pub h1_case_server: bool,
    /// `option external-check`
    pub external_check: bool,
}

/// Where a log line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAddress {
    /// `ip:port`, UDP.
    Udp(std::net::SocketAddr),
    /// Path of a datagram socket.
    Unix(PathBuf),
    /// `stdout`
    Stdout,
    /// `stderr`
    Stderr,
    /// `fd@N`
    Fd(i32),
    /// `tcp@ip:port`
    Tcp(std::net::SocketAddr),
}

/// Syslog line form (`format` of a log line).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLineFormat {
    /// RFC 3164 without the host name.
    #[default]
    Local,
    /// RFC 3164.
    Rfc3164,
    /// RFC 5424.
    Rfc5424,
    /// `<134>message`, level and facility
    Priority,
    /// `<6>message`, level only
    Short,
    /// Date before a short line.
    Timed,
    /// ISO date.
    Iso,
    /// Message only.
    Raw,
}

/// One `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// Where to.
    pub address: LogAddress,
    /// Largest length of a line, header included.
    pub max_length: usize,
    /// Line form.
    pub format: LogLineFormat,
    /// Facility number, 0 to 23.
    pub facility: u8,
    /// Least important level that is sent, 0 to 7.
    pub level_max: u8,
    /// Levels more important than this are raised to it.
    pub level_min: u8,
    /// `profile`: number of the log profile.
    pub profile: Option<u32>,
    /// `sample`: ranges of numbers kept, and the size of a round.
    pub sample: Option<(Vec<(u32, u32)>, u32)>,
}

/// Which log line a frontend writes.
#[derive(Clone, Debug, Default)]
pub enum LogLine {
    /// Nothing chosen: the line written at accept, `Connect from ...`.
    #[default]
    Connect,
    /// `option tcplog`
    Tcp,
    /// `option tcplog clf`
    TcpClf,
    /// `option httplog`
    Http,
    /// `option httplog clf`
    HttpClf,
    /// `option httpslog`
    Https,
    /// `log-format`
    Custom(Arc<LogFormat>),
}

/// `cookie` of a backend (manual §4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookiePersistence {
    /// Cookie name.
    pub name: Vec<u8>,
    /// What is done with it.
    pub method: CookieMethod,
    /// `indirect`
    pub indirect: bool,
    /// `nocache`
    pub nocache: bool,
    /// `postonly`
    pub postonly: bool,
    /// `preserve`
    pub preserve: bool,
    /// `httponly`
    pub httponly: bool,
    /// `secure`
    pub secure: bool,
    /// `domain` values in order.
    pub domains: Vec<Vec<u8>>,
    /// `maxidle`, seconds.
    pub maxidle_s: Option<u64>,
    /// `maxlife`, seconds.
    pub maxlife_s: Option<u64>,
    /// `attr` values in order.
    pub attributes: Vec<Vec<u8>>,
    /// `dynamic`
    pub dynamic: bool,
}

/// What `cookie` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieMethod {
    /// Neither word: only reads the application's cookie (`cookie NAME`).
    #[default]
    Passive,
    /// `rewrite`
    Rewrite,
    /// `insert`
    Insert,
    /// `prefix`
    Prefix,
}

/// Statistics page of a proxy (`stats ...`).
#[derive(Clone, Debug)]
pub struct StatsPage {
    /// `stats uri`, a prefix of the request target.
    pub uri: Vec<u8>,
    /// `stats realm`
    pub realm: Vec<u8>,
    /// `stats auth` pairs `user:password`.
    pub users: Vec<(Vec<u8>, Vec<u8>)>,
    /// `stats scope` names; `.` is the proxy itself.
    pub scopes: Vec<Vec<u8>>,
    /// `stats refresh`, seconds.
    pub refresh_s: Option<u64>,
    /// `stats hide-version`
    pub hide_version: bool,
    /// `stats show-legends`
    pub show_legends: bool,
    /// `stats show-modules`
    pub show_modules: bool,
    /// `stats show-node`: shown name.
    pub node: Option<Vec<u8>>,
    /// `stats show-desc`: shown text.
    pub description: Option<Vec<u8>>,
    /// `stats admin` conditions.
    pub admin: Vec<Arc<Condition>>,
}

impl Default for StatsPage {
    fn default() -> Self {
        StatsPage {
            uri: b"/haproxy?stats".to_vec(),
            realm: b"HAProxy Statistics".to_vec(),
            users: Vec::new(),
            scopes: Vec::new(),
            refresh_s: None,
            hide_version: false,
            show_legends: false,
            show_modules: false,
            node: None,
            description: None,
            admin: Vec::new(),
        }
    }
}

/// `errorfile`, `errorloc`, `http-error`: one answer for one status, whole.
#[derive(Clone, Debug, Default)]
pub struct ErrorReplies {
    /// Pages by status; few, so a list.
    pub by_status: Vec<(u16, haproxy_rules::ErrorPage)>,
    /// What the lines say, inherited ones first; pages of `http-errors` sections are found once all of those are known.
    pub written: Vec<(haproxy_rules::ErrorLine, crate::draft::Place)>,
}

impl ErrorReplies {
    /// The configured page for a status.
    pub fn page(&self, status: u16) -> Option<&haproxy_rules::ErrorPage> {
        self.by_status.iter().find(|(code, _)| *code == status).map(|(_, page)| page)
    }

    /// Sets or replaces the page for a status.
    pub fn set(&mut self, status: u16, page: haproxy_rules::ErrorPage) {
        match self.by_status.iter_mut().find(|(code, _)| *code == status) {
            Some((_, old)) => *old = page,
            None => self.by_status.push((status, page)),
        }
    }
}

/// One `bind` address with its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindSettings {
    /// Where to listen; one entry per address after ranges and lists are opened up.
    pub address: BindAddress,
    /// `name`
    pub name: Option<Vec<u8>>,
    /// `id`
    pub id: Option<u32>,
    /// `accept-proxy`
    pub accept_proxy: bool,
    /// `accept-netscaler-cip` magic.
    pub accept_netscaler_cip: Option<u32>,
    /// `backlog`
    pub backlog: Option<u32>,
    /// `maxconn`
    pub maxconn: Option<u32>,
    /// `defer-accept`
    pub defer_accept: bool,
    /// `interface`
    pub interface: Option<String>,
    /// `mss`
    pub mss: Option<i32>,
    /// `tfo`
    pub tfo: bool,
    /// `transparent`
    pub transparent: bool,
    /// `v4v6` or `v6only` as written.
    pub v6only: Option<bool>,
    /// `tcp-ut`, milliseconds.
    pub tcp_user_timeout_ms: Option<u32>,
    /// `mode` of a unix socket.
    pub unix_mode: Option<u32>,
    /// `uid` or `user` of a unix socket.
    pub unix_uid: Option<u32>,
    /// `gid` or `group` of a unix socket.
    pub unix_gid: Option<u32>,
    /// `level` (stats socket): 1 user, 2 operator, 3 admin.
    pub level: Option<u8>,
    /// `expose-fd listeners`
    pub expose_fd: bool,
    /// `namespace`
    pub namespace: Option<String>,
    /// File and line for messages.
    pub place: (String, u32),
}

impl BindSettings {
    /// An address without options.
    pub fn new(address: BindAddress, place: (String, u32)) -> Self {
        BindSettings {
            address,
            name: None,
            id: None,
            accept_proxy: false,
            accept_netscaler_cip: None,
            backlog: None,
            maxconn: None,
            defer_accept: false,
            interface: None,
            mss: None,
            tfo: false,
            transparent: false,
            v6only: None,
            tcp_user_timeout_ms: None,
            unix_mode: None,
            unix_uid: None,
            unix_gid: None,
            level: None,
            expose_fd: false,
            namespace: None,
            place,
        }
    }
}

/// An address a socket can be bound to, or an inherited socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BindAddress {
    /// IPv4 or IPv6.
    Ip(std::net::SocketAddr),
    /// Path of a unix socket.
    Unix(PathBuf),
    /// Name of an abstract socket.
    Abstract(Vec<u8>),
    /// Inherited descriptor, already bound.
    Fd(i32),
}

impl BindAddress {
    /// Whether it is a path of the file system.
    pub fn is_unix(&self) -> bool {
        matches!(self, BindAddress::Unix(_))
    }
}

/// An address a server is reached at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// IPv4 or IPv6 and port; port 0 with `port_offset` means the client's destination port plus the offset.
    Ip(std::net::SocketAddr),
    /// Path of a unix socket.
    Unix(PathBuf),
    /// Name of an abstract socket.
    Abstract(Vec<u8>),
    /// A name that could not be resolved at start (`init-addr none`).
    Unresolved(String, u16),
}

/// PROXY protocol to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendProxy {
    /// None.
    #[default]
    Off,
    /// Version 1, text.
    V1,
    /// Version 2, binary.
    V2,
}

/// `source` of a backend or server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// Address to bind to; port 0 lets the system choose.
    pub address: Option<std::net::SocketAddr>,
    /// `usesrc clientip` or `client`.
    pub use_client: bool,
    /// `interface`
    pub interface: Option<String>,
}

/// One `server` line with what `default-server` gave it; balance and health parts live in their own structs.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Balance's part: name, weight, limits, backup, state at start.
    pub balance: haproxy_balance::ServerConf,
    /// Where it is.
    pub address: ServerAddress,
    /// `server s 1.2.3.4:+10`: offset to the client's destination port.
    pub port_offset: Option<i32>,
    /// `check`
    pub check: bool,
    /// `agent-check`
    pub agent_check: bool,
    /// `inter`, milliseconds.
    pub inter_ms: u64,
    /// `fastinter`, milliseconds.
    pub fastinter_ms: Option<u64>,
    /// `downinter`, milliseconds.
    pub downinter_ms: Option<u64>,
    /// `rise`
    pub rise: u32,
    /// `fall`
    pub fall: u32,
    /// `port`: check port.
    pub check_port: Option<u16>,
    /// `addr`: check address.
    pub check_addr: Option<std::net::IpAddr>,
    /// `check-send-proxy`
    pub check_send_proxy: bool,
    /// `send-proxy` and its kin.
    pub send_proxy: SendProxy,
    /// `proxy-v2-options`, as a list of words.
    pub proxy_v2_options: Vec<String>,
    /// `source`
    pub source: Option<SourceSettings>,
    /// `track backend/server`
    pub track: Option<Vec<u8>>,
    /// `redir`
    pub redir: Option<Vec<u8>>,
    /// `pool-max-conn`, -1 unlimited.
    pub pool_max_conn: i64,
    /// `pool-purge-delay`, milliseconds.
    pub pool_purge_delay_ms: u64,
    /// `max-reuse`, -1 unlimited.
    pub max_reuse: i64,
    /// `tfo`
    pub tfo: bool,
    /// `tcp-ut`, milliseconds.
    pub tcp_user_timeout_ms: Option<u32>,
    /// `on-error`: 0 fail-check is the default; see `haproxy_checks`.
    pub on_error: Option<String>,
    /// `observe`
    pub observe: Option<String>,
    /// `error-limit`
    pub error_limit: u32,
    /// `on-marked-down shutdown-sessions`
    pub shutdown_on_down: bool,
    /// `on-marked-up shutdown-backup-sessions`
    pub shutdown_backups_on_up: bool,
    /// `agent-port`
    pub agent_port: Option<u16>,
    /// `agent-inter`, milliseconds.
    pub agent_inter_ms: Option<u64>,
    /// `agent-send`
    pub agent_send: Option<Vec<u8>>,
    /// `agent-addr`
    pub agent_addr: Option<std::net::IpAddr>,
    /// `init-addr` has `none`: an address that cannot be resolved is no error.
    pub init_none: bool,
    /// `init-state`
    pub init_state: InitState,
    /// File and line for messages.
    pub place: (String, u32),
}

/// The request of an HTTP check before its section is complete.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// `option httpchk`
    pub option: haproxy_checks::program::HttpSend,
    /// What the first `http-check send` says itself, once there is one.
    pub first_send: Option<GivenInSend>,
}

/// Which parts of a request a line gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenInSend {
    /// `meth`
    pub method: bool,
    /// `uri`
    pub uri: bool,
    /// `ver`
    pub version: bool,
}

/// What a check evaluates while it runs, by the text it was written as.
#[derive(Clone, Debug, Default)]
pub struct CheckExpressions {
    /// Formats.
    pub formats: HashMap<String, Arc<LogFormat>>,
    /// Expressions.
    pub expressions: HashMap<String, Arc<Expr>>,
    /// Steps that set or remove a variable.
    pub variables: HashMap<String, (VarRef, CheckValue)>,
}

/// What a variable of a check is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckValue {
    /// The result of this expression.
    Expression(String),
    /// The text of this format.
    Format(String),
    /// It is removed.
    Nothing,
}

/// `init-state` of a server that is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitState {
    /// Up, `fall` failures away from down.
    FullyUp,
    /// Up, one failure away from down.
    #[default]
    Up,
    /// Down, one success away from up.
    Down,
    /// Down, `rise` successes away from up.
    FullyDown,
}
