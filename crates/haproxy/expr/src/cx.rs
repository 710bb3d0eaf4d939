//! What an expression may look at while it runs: the session, the transaction, live numbers, the raw input.
//!
//! The engine owns [`Session`] and [`Txn`] and lends them out as a [`Cx`]; expressions never change them, except
//! variables, which have interior mutability because a converter may set one.

use std::cell::RefCell;
use std::net::SocketAddr;

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_http::{Request, Response};

use crate::vars::VarStore;

/// One end of a connection as rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// IPv4 or IPv6 address and port.
    Ip(SocketAddr),
    /// A unix socket.
    Unix,
}

impl Endpoint {
    /// Address and port, when it has one.
    pub fn ip(self) -> Option<SocketAddr> {
        match self {
            Endpoint::Ip(address) => Some(address),
            Endpoint::Unix => None,
        }
    }
}

/// Which message a rule set looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    Request,
    /// Server to client.
    Response,
}

/// A date as log lines need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Date {
    /// Seconds since the epoch.
    pub secs: i64,
    /// Microseconds of the second.
    pub micros: u32,
}

/// What a PROXY protocol header said beyond addresses.
#[derive(Clone, Debug, Default)]
pub struct ProxyInfo {
    /// TLVs in order of arrival: type and value.
    pub tlvs: Vec<(u8, Vec<u8>)>,
}

/// Facts of a TLS connection that fetches and logs use.
#[derive(Clone, Debug, Default)]
pub struct TlsInfo {
    /// Protocol version as OpenSSL spells it, `TLSv1.3`.
    pub version: &'static str,
    /// Cipher as OpenSSL spells it.
    pub cipher: String,
    /// Server name the client asked for.
    pub sni: Option<String>,
    /// Agreed ALPN protocol.
    pub alpn: Option<Vec<u8>>,
}

/// Why a client's connection is of no use before its first byte of data: number, name and words (manual §7.3.3, `fc_err`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionFault {
    /// `fc_err`
    pub number: u8,
    /// `fc_err_name`
    pub name: &'static str,
    /// `fc_err_str`
    pub text: &'static str,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $constant:ident = $number:literal $name:literal $text:literal;)*) => {
        impl ConnectionFault {
            $($(#[$doc])* pub const $constant: ConnectionFault =
                ConnectionFault { number: $number, name: $name, text: $text };)*
        }
    };
}

faults! {
    /// Nothing came at all.
    PROXY_EMPTY = 11 "PRX_EMPTY" "Connection closed while waiting for PROXY protocol header";
    /// The connection broke.
    PROXY_ABORT = 12 "PRX_ABORT" "Connection error while waiting for PROXY protocol header";
    /// Too slow.
    PROXY_TIMEOUT = 13 "PRX_TIMEOUT" "Timeout while waiting for PROXY protocol header";
    /// It ended within the header.
    PROXY_TRUNCATED = 14 "PRX_TRUNCATED" "Truncated PROXY protocol header received";
    /// Something else came.
    PROXY_NO_HEADER = 15 "PRX_NOT_HDR" "Received something which does not look like a PROXY protocol header";
    /// The header makes no sense.
    PROXY_BAD_HEADER = 16 "PRX_BAD_HDR" "Received an invalid PROXY protocol header";
    /// Nothing came at all.
    CIP_EMPTY = 18 "CIP_EMPTY" "Connection closed while waiting for NetScaler Client IP header";
    /// The connection broke.
    CIP_ABORT = 19 "CIP_ABORT" "Connection error while waiting for NetScaler Client IP header";
    /// Too slow.
    CIP_TIMEOUT = 20 "CIP_TIMEOUT" "Timeout while waiting for a NetScaler Client IP header";
    /// It ended within the header.
    CIP_TRUNCATED = 21 "CIP_TRUNCATED" "Truncated NetScaler Client IP header received";
    /// Something else came.
    CIP_BAD_MAGIC = 22 "CIP_BAD_MAGIC" "Received an invalid NetScaler Client IP magic number";
}

/// One client connection.
#[derive(Debug)]
pub struct Session {
    /// Number unique within the process (`%rt` counts requests, this one sessions).
    pub id: u64,
    /// Frontend that accepted it.
    pub frontend: ProxyId,
    /// Address it was accepted on.
    pub listener: ListenerId,
    /// Client address after PROXY protocol and `set-src`.
    pub source: Endpoint,
    /// Address the client connected to, after PROXY protocol and `set-dst`.
    pub destination: Endpoint,
    /// Client address of the connection itself.
    pub connection_source: Endpoint,
    /// Local address of the connection itself.
    pub connection_destination: Endpoint,
    /// When it was accepted.
    pub accepted: Date,
    /// Monotonic milliseconds when it was accepted.
    pub accepted_ms: u64,
    /// Milliseconds its handshakes took (PROXY, TLS), `%Th`.
    pub handshake_ms: u32,
    /// File descriptor, for fetches of socket options; -1 when there is none.
    pub fd: i32,
    /// Facts of TLS on the client side.
    pub tls: Option<Box<TlsInfo>>,
    /// What a PROXY header said.
    pub proxy: Option<Box<ProxyInfo>>,
    /// Why the connection is of no use, once it is not.
    pub fault: Option<ConnectionFault>,
    /// Variables of scope `sess`.
    pub vars: RefCell<VarStore>,
}

impl Session {
    /// The session of what has no client: checks, the configuration itself, commands.
    pub fn nobody() -> Session {
        Session {
            id: 0,
            frontend: ProxyId(0),
            listener: ListenerId(0),
            source: Endpoint::Unix,
            destination: Endpoint::Unix,
            connection_source: Endpoint::Unix,
            connection_destination: Endpoint::Unix,
            accepted: Date::default(),
            accepted_ms: 0,
            handshake_ms: 0,
            fd: -1,
            tls: None,
            proxy: None,
            fault: None,
            vars: RefCell::default(),
        }
    }
}

/// Who ended a stream and why, as the first two characters of the termination code (manual §8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termination {
    /// First event: `C S P L R I D U c s -` and so on.
    pub cause: u8,
    /// State of the stream at that event: `R Q C H D L T -`.
    pub state: u8,
    /// What the client's persistence cookie was: `N I D V E O U -`.
    pub cookie_in: u8,
    /// What was done with the cookie in the response: `N I U P R D -`.
    pub cookie_out: u8,
}

impl Default for Termination {
    fn default() -> Self {
        Termination { cause: b'-', state: b'-', cookie_in: b'-', cookie_out: b'-' }
    }
}

/// Everything a log line says about one request or TCP session; times in milliseconds, -1 when not reached.
#[derive(Clone, Debug)]
pub struct LogInfo {
    /// When the request's first byte came (`%tr`), or the session's accept for TCP.
    pub request_date: Date,
    /// Monotonic milliseconds of the same moment.
    pub request_ms: u64,
    /// Idle time before the request, `%Ti`.
    pub idle_ms: i32,
    /// Time to receive the full request head, `%TR`.
    pub request_time_ms: i32,
    /// Time in queues, `%Tw`.
    pub queue_ms: i32,
    /// Time to connect, `%Tc`.
    pub connect_ms: i32,
    /// Time to the response's head, `%Tr`.
    pub response_ms: i32,
    /// Time for the data phase, `%Td`.
    pub data_ms: i32,
    /// Active time of the request, `%Ta`.
    pub active_ms: i32,
    /// Total time from accept, `%Tt`.
    pub total_ms: i32,
    /// Status answered to the client, `%ST`; -1 before there is one.
    pub status: i16,
    /// Bytes read from the server, `%B`.
    pub bytes_out: u64,
    /// Bytes read from the client, `%U`.
    pub bytes_in: u64,
    /// `%ts` and `%tsc`.
    pub termination: Termination,
    /// `%rc`.
    pub retries: u32,
    /// True when the last retry went to another server: `%rc` gets a `+`.
    pub redispatched: bool,
    /// `%sq`.
    pub server_queue: u32,
    /// `%bq`.
    pub backend_queue: u32,
    /// `%ac`: sessions of the process at the end.
    pub active: u32,
    /// `%fc`.
    pub frontend_active: u32,
    /// `%bc`.
    pub backend_active: u32,
    /// `%sc`.
    pub server_active: u32,
    /// The request line as received, without the version's end: `GET /x HTTP/1.1`; `<BADREQ>` when unreadable.
    pub request_line: Vec<u8>,
    /// Name shown instead of a server: `<STATS>`, `<PROMEX>`, `<NOSRV>`.
    pub service: Option<&'static str>,
    /// `capture cookie` of the request and of the response.
    pub cookies: [Option<Vec<u8>>; 2],
    /// Values of `capture request header` slots, in slot order.
    pub request_captures: Vec<Option<Vec<u8>>>,
    /// Values of `capture response header` slots, in slot order.
    pub response_captures: Vec<Option<Vec<u8>>>,
    /// Level set by `set-log-level`: syslog level, or `Some(255)` for silent.
    pub level: Option<u8>,
    /// Address and port the server connection came from, `%bi %bp`.
    pub server_local: Option<SocketAddr>,
    /// Address and port of the server, `%si %sp`.
    pub server_remote: Option<SocketAddr>,
    /// True when the line is made before the end (`option logasap`): totals get a `+`.
    pub early: bool,
}

impl Default for LogInfo {
    fn default() -> Self {
        LogInfo {
            request_date: Date::default(),
            request_ms: 0,
            idle_ms: -1,
            request_time_ms: -1,
            queue_ms: -1,
            connect_ms: -1,
            response_ms: -1,
            data_ms: -1,
            active_ms: -1,
            total_ms: -1,
            status: -1,
            bytes_out: 0,
            bytes_in: 0,
            termination: Termination::default(),
            retries: 0,
            redispatched: false,
            server_queue: 0,
            backend_queue: 0,
            active: 0,
            frontend_active: 0,
            backend_active: 0,
            server_active: 0,
            request_line: Vec::new(),
            service: None,
            cookies: [None, None],
            request_captures: Vec::new(),
            response_captures: Vec::new(),
            level: None,
            server_local: None,
            server_remote: None,
            early: false,
        }
    }
}

impl LogInfo {
    /// Back to the start for the next request, keeping allocations.
    pub fn reset(&mut self) {
        let mut line = std::mem::take(&mut self.request_line);
        let mut request_captures = std::mem::take(&mut self.request_captures);
        let mut response_captures = std::mem::take(&mut self.response_captures);
        line.clear();
        // a request that cannot be read has no slots at all
        request_captures.clear();
        response_captures.clear();
        *self = LogInfo { request_line: line, request_captures, response_captures, ..LogInfo::default() };
    }
}

/// One request with its response, or one TCP session's data exchange.
#[derive(Debug, Default)]
pub struct Txn {
    /// Number unique within the process: the stream's id.
    pub id: u64,
    /// True when the stream speaks HTTP.
    pub http: bool,
    /// True for the first request of its connection.
    pub first: bool,
    /// True once `request` holds a parsed head.
    pub has_request: bool,
    /// True once `response` holds a parsed or generated head.
    pub has_response: bool,
    /// The request; rules change it.
    pub request: Request,
    /// The response; rules change it.
    pub response: Response,
    /// Backend chosen so far; the frontend itself before switching.
    pub backend: ProxyId,
    /// Server chosen, once there is one.
    pub server: Option<ServerId>,
    /// `unique-id-format`'s result once computed.
    pub unique_id: RefCell<Option<Vec<u8>>>,
    /// What the log will say.
    pub log: LogInfo,
    /// Captures made by converters since the slots of `log` were filled: side, slot, text cut to the slot's length.
    pub late_captures: RefCell<Vec<(Direction, usize, Vec<u8>)>>,
    /// Class and offset of `set-priority-class` and `set-priority-offset`.
    pub priority_class: i32,
    /// Milliseconds of `set-priority-offset`.
    pub priority_offset_ms: i32,
    /// Timeouts that rules set for this stream, milliseconds, by `TimeoutKind`.
    pub timeouts_ms: [Option<u64>; 6],
    /// Number of the last final rule, for `World::rule_place`.
    pub last_rule: Option<u32>,
    /// Number of the rule that waits for something.
    pub waiting_rule: Option<u32>,
    /// `set-retries`, while it holds.
    pub retries: Option<u32>,
    /// Status the server sent, before any rule changed it; 0 before there is one.
    pub server_status: u16,
    /// File descriptor of the connection to the server.
    pub server_fd: Option<i32>,
    /// True when the connection to the server had carried requests before.
    pub server_connection_reused: bool,
    /// Algorithm of `compression` when the response is compressed.
    pub compressed: Option<&'static str>,
    /// Name of the cache the response came from.
    pub cache_hit: Option<std::sync::Arc<str>>,
    /// Variables of scope `txn`.
    pub vars: RefCell<VarStore>,
    /// Variables of scope `req`.
    pub request_vars: RefCell<VarStore>,
    /// Variables of scope `res`.
    pub response_vars: RefCell<VarStore>,
}

impl Txn {
    /// Back to the start for the next request of the connection, keeping allocations.
    pub fn reset(&mut self) {
        self.has_request = false;
        self.has_response = false;
        self.timeouts_ms = [None; 6];
        self.first = false;
        self.late_captures.get_mut().clear();
        self.priority_class = 0;
        self.priority_offset_ms = 0;
        self.last_rule = None;
        self.waiting_rule = None;
        self.retries = None;
        self.server_status = 0;
        self.server_fd = None;
        self.server_connection_reused = false;
        self.compressed = None;
        self.cache_hit = None;
        self.request.clear();
        self.response.clear();
        self.server = None;
        *self.unique_id.get_mut() = None;
        self.log.reset();
        self.vars.get_mut().clear();
        self.request_vars.get_mut().clear();
        self.response_vars.get_mut().clear();
    }
}

/// Bytes of a channel or body that have arrived, and whether more may come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// What is there.
    pub bytes: &'a [u8],
    /// True when nothing can be added any more (end, full buffer, inspect-delay over).
    pub complete: bool,
}

/// Live numbers of a proxy (manual §7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyNumber {
    /// Current connections of a frontend.
    FrontendConnections,
    /// New requests of the last second.
    FrontendRequestRate,
    /// New sessions of the last second, frontend side.
    FrontendSessionRate,
    /// Current sessions of a backend.
    BackendConnections,
    /// Free session slots of a backend's usable servers, -1 when one is unlimited.
    BackendConnectionsFree,
    /// New sessions of the last second, backend side.
    BackendSessionRate,
    /// Usable servers.
    UsableServers,
    /// Sum of queue lengths of the backend and its servers.
    QueueSize,
    /// Queue length per usable server, rounded up.
    AverageQueue,
    /// Sessions per usable server, rounded up.
    ConnectionSlots,
    /// Servers marked up.
    ActiveServers,
    /// Weight sum of usable servers.
    TotalWeight,
    /// Log lines the frontend made so far, `%lc`.
    LogLines,
}

/// Live numbers of a server (manual §7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerNumber {
    /// Current sessions.
    Connections,
    /// Free session slots, -1 when unlimited.
    ConnectionsFree,
    /// Queue length.
    Queue,
    /// New sessions of the last second.
    SessionRate,
    /// Effective weight now.
    Weight,
    /// Configured weight.
    InitialWeight,
    /// User weight.
    UserWeight,
    /// 1 when usable for traffic.
    Up,
}

/// What expressions may ask of the running process. Implemented by the engine over the snapshot and its live state.
pub trait World {
    /// Name of a proxy.
    fn proxy_name(&self, proxy: ProxyId) -> &[u8];
    /// Configured number of a proxy (`id`).
    fn proxy_uuid(&self, proxy: ProxyId) -> i64;
    /// Name of a server.
    fn server_name(&self, server: ServerId) -> &[u8];
    /// Number of a server within its backend (`id`).
    fn server_puid(&self, server: ServerId) -> i64;
    /// Name of a listening address, if it was given one.
    fn listener_name(&self, listener: ListenerId) -> Option<&[u8]>;
    /// Number of a listening address within its frontend (`id`).
    fn listener_luid(&self, listener: ListenerId) -> i64;
    /// A live number of a proxy.
    fn proxy_number(&self, proxy: ProxyId, number: ProxyNumber) -> i64;
    /// A live number of a server.
    fn server_number(&self, server: ServerId, number: ServerNumber) -> i64;
    /// Current connections of the process.
    fn process_connections(&self) -> i64;
    /// `node` and `description` of the global section, thread count, thread number, pid.
    fn process(&self) -> ProcessFacts<'_>;
    /// Variables of scope `proc`.
    fn process_vars(&self) -> &crate::vars::ProcessVars;
    /// True when an address belongs to this machine.
    fn is_local(&self, address: std::net::IpAddr) -> bool;
    /// Bytes the variables of a scope may take (`tune.vars.*-max-size`), 0 for no limit.
    fn var_limit(&self, scope: crate::vars::Scope) -> usize {
        let _ = scope;
        0
    }
    /// A frontend of the running configuration.
    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        let _ = name;
        None
    }
    /// A backend of the running configuration.
    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        let _ = name;
        None
    }
    /// A server of a backend.
    fn find_server(&self, backend: ProxyId, name: &[u8]) -> Option<ServerId> {
        let _ = (backend, name);
        None
    }
    /// Name of a frontend's default backend.
    fn default_backend(&self, frontend: ProxyId) -> Option<&[u8]> {
        let _ = frontend;
        None
    }
    /// `retries` of a backend.
    fn proxy_retries(&self, backend: ProxyId) -> i64 {
        let _ = backend;
        3
    }
    /// Length of a capture slot; None when there is no such slot.
    fn capture_length(&self, frontend: ProxyId, direction: Direction, slot: usize) -> Option<usize> {
        let _ = (frontend, direction, slot);
        None
    }
    /// File and line of a rule by its number.
    fn rule_place(&self, number: u32) -> Option<(&str, u32)> {
        let _ = number;
        None
    }
    /// True while the process stops.
    fn stopping(&self) -> bool {
        false
    }
    /// Current connections of a listening address.
    fn listener_connections(&self, listener: ListenerId) -> i64 {
        let _ = listener;
        0
    }
    /// A number the kernel keeps of a connection; None when it has none.
    fn socket_number(&self, fd: i32, number: SocketNumber) -> Option<i64> {
        let _ = (fd, number);
        None
    }
    /// The saved SYN packet of a connection (`tcp-ss`).
    fn saved_syn(&self, fd: i32) -> Option<Vec<u8>> {
        let _ = fd;
        None
    }
    /// Numbers of the task that evaluates.
    fn task_numbers(&self) -> TaskNumbers {
        TaskNumbers::default()
    }
    /// CPU use of the thread in percent.
    fn cpu_usage_percent(&self) -> i64 {
        0
    }
    /// Makes the unique id of the request from `unique-id-format`, when there is one.
    fn make_unique_id(&self, cx: &Cx<'_>) -> Option<Vec<u8>> {
        let _ = cx;
        None
    }
    /// What `debug` reports: prefix, destination (`buf0`, `stdout`, `stderr`), type and text of a value.
    fn debug(&self, prefix: &[u8], destination: &[u8], kind: crate::value::Type, text: &[u8]) {
        let _ = (prefix, destination, kind, text);
    }
    /// Local time.
    fn time_zone(&self) -> &jiff::tz::TimeZone;
    /// A timeout of a proxy in milliseconds as it applies to this stream.
    fn proxy_timeout_ms(&self, proxy: ProxyId, which: TimeoutKind) -> Option<u64>;
}

/// Facts of the process for fetches and log formats.
#[derive(Clone, Copy, Debug)]
pub struct ProcessFacts<'a> {
    /// `node`, or the host's name.
    pub node: &'a str,
    /// Host name, `%H`.
    pub hostname: &'a str,
    /// Number of threads.
    pub threads: u32,
    /// The thread this runs on, from 1.
    pub thread: u32,
    /// Process id.
    pub pid: u32,
    /// Requests counted so far by the process, `%rt`.
    pub requests: u64,
    /// Monotonic start of the process in milliseconds.
    pub started_ms: u64,
}

/// Numbers of a connection that the kernel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketNumber {
    /// Round trip time, microseconds.
    RttUs,
    /// Variation of the round trip time, microseconds.
    RttVarUs,
    /// Segments not acknowledged.
    Unacked,
    /// Segments acknowledged selectively.
    Sacked,
    /// Segments taken for lost.
    Lost,
    /// Segments sent again.
    Retrans,
    /// Segments of forward acknowledgement.
    Fackets,
    /// Segments out of order.
    Reordering,
}

/// Numbers of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskNumbers {
    /// Wake-ups.
    pub calls: i64,
    /// Nanoseconds of CPU.
    pub cpu_ns: i64,
    /// Nanoseconds between becoming ready and running.
    pub latency_ns: i64,
}

/// Timeouts that fetches can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// `timeout client`.
    Client,
    /// `timeout server`.
    Server,
    /// `timeout tunnel`.
    Tunnel,
    /// `timeout connect`.
    Connect,
    /// `timeout queue`.
    Queue,
    /// `timeout tarpit`.
    Tarpit,
}

/// Everything one evaluation can see.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The client connection.
    pub session: &'a Session,
    /// The transaction; absent in connection and session rules.
    pub txn: Option<&'a Txn>,
    /// The running process.
    pub world: &'a dyn World,
    /// Which message is looked at.
    pub direction: Direction,
    /// Raw bytes (TCP content rules), or the body (HTTP) of the message looked at.
    pub input: Input<'a>,
    /// Wall clock now.
    pub date: Date,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// Variables of scope `check`, while a health check runs.
    pub check_vars: Option<&'a RefCell<VarStore>>,
}
