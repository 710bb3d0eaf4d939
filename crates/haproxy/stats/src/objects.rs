//! The counters of each kind of object, as one thread keeps them.

use crate::counter::{Average, Counter, Level, MaxCounter, Rate};

/// Answers by class of status: `1xx` to `5xx`, then all others.
#[derive(Debug, Default)]
pub struct Responses([Counter; 6]);

impl Responses {
    /// Counts one answer.
    #[inline]
    pub fn count(&self, status: u16) {
        let class = (status / 100) as usize;
        self.0[if (1..=5).contains(&class) { class - 1 } else { 5 }].inc();
    }

    /// Answers of a class: 0 for `1xx` to 4 for `5xx`, 5 for all others.
    pub fn load(&self, class: usize) -> u64 {
        self.0.get(class).map_or(0, Counter::load)
    }

    /// Back to zero.
    pub fn clear(&self) {
        self.0.iter().for_each(|counter| counter.set(0));
    }
}

/// Bytes of one object, both views of them: the four of 3.x, and the sums `bin` and `bout`.
#[derive(Debug, Default)]
pub struct Bytes {
    /// Request bytes received from the client, `reqbin`; also `bin`.
    pub request_in: Counter,
    /// Request bytes sent to the server, `reqbout`.
    pub request_out: Counter,
    /// Response bytes received from the server, `resbin`.
    pub response_in: Counter,
    /// Response bytes sent to the client, `resbout`; also `bout`.
    pub response_out: Counter,
}

/// What compression and cache did.
#[derive(Debug, Default)]
pub struct Transforms {
    /// Bytes fed to the compressor.
    pub comp_in: Counter,
    /// Bytes the compressor emitted.
    pub comp_out: Counter,
    /// Bytes that passed it by for lack of CPU or bandwidth.
    pub comp_bypassed: Counter,
    /// Responses compressed.
    pub comp_responses: Counter,
    /// Cache lookups.
    pub cache_lookups: Counter,
    /// Cache hits.
    pub cache_hits: Counter,
    /// Cache hits that served early hints.
    pub cache_hint_hits: Counter,
}

/// Connections, streams and bytes of the HTTP/1 mux.
#[derive(Debug, Default)]
pub struct H1 {
    /// Open connections.
    pub open_connections: Level,
    /// Open streams.
    pub open_streams: Level,
    /// Connections so far.
    pub total_connections: Counter,
    /// Streams so far.
    pub total_streams: Counter,
    /// Bytes received.
    pub bytes_in: Counter,
    /// Bytes sent.
    pub bytes_out: Counter,
    /// Bytes received through splice.
    pub spliced_in: Counter,
    /// Bytes sent through splice.
    pub spliced_out: Counter,
}

/// Frames and faults of the HTTP/2 mux.
#[derive(Debug, Default)]
pub struct H2 {
    /// HEADERS frames received.
    pub headers_rcvd: Counter,
    /// DATA frames received.
    pub data_rcvd: Counter,
    /// SETTINGS frames received.
    pub settings_rcvd: Counter,
    /// RST_STREAM frames received.
    pub rst_stream_rcvd: Counter,
    /// GOAWAY frames received.
    pub goaway_rcvd: Counter,
    /// Connection errors found.
    pub connection_errors: Counter,
    /// Stream errors found.
    pub stream_errors: Counter,
    /// RST_STREAM frames sent.
    pub rst_stream_resp: Counter,
    /// GOAWAY frames sent.
    pub goaway_resp: Counter,
    /// Open connections.
    pub open_connections: Level,
    /// Open streams.
    pub open_streams: Level,
    /// Connections so far.
    pub total_connections: Counter,
    /// Streams so far.
    pub total_streams: Counter,
}

/// Handshakes of one object.
#[derive(Debug, Default)]
pub struct Tls {
    /// Sessions.
    pub sessions: Counter,
    /// Sessions resumed.
    pub reused: Counter,
    /// Handshakes that failed.
    pub failed_handshakes: Counter,
    /// OCSP answers stapled.
    pub ocsp_staple: Counter,
    /// OCSP answers that could not be stapled.
    pub failed_ocsp_staple: Counter,
}

/// Which protocol a session or request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Neither of those below.
    Other,
    /// HTTP/1.
    H1,
    /// HTTP/2.
    H2,
    /// HTTP/3.
    H3,
}

/// A sum for each [`Protocol`].
#[derive(Debug, Default)]
pub struct ByProtocol([Counter; 4]);

impl ByProtocol {
    /// The sum of one protocol.
    #[inline]
    pub fn of(&self, protocol: Protocol) -> &Counter {
        &self.0[protocol as usize]
    }
}

/// One thread's part of a frontend's counters.
#[derive(Debug, Default)]
pub struct FrontendCounters {
    /// Connections accepted, `conn_tot`.
    pub connections: Counter,
    /// Connections per second.
    pub connection_rate: Rate,
    /// Sessions, `stot`: connections the connection rules let through.
    pub sessions: Counter,
    /// Sessions per second.
    pub session_rate: Rate,
    /// Sessions by protocol, `sess_other`, `h1sess` and so on.
    pub sessions_by: ByProtocol,
    /// Current sessions, `scur`.
    pub current: Level,
    /// Largest number of current sessions this thread saw over all threads, `smax`.
    pub current_max: MaxCounter,
    /// Requests by protocol; their sum without `other` is `req_tot`.
    pub requests_by: ByProtocol,
    /// Requests, `req_tot`.
    pub requests: Counter,
    /// Requests per second.
    pub request_rate: Rate,
    /// Bytes.
    pub bytes: Bytes,
    /// Requests denied, `dreq`.
    pub denied_requests: Counter,
    /// Responses denied, `dresp`.
    pub denied_responses: Counter,
    /// Connections denied by `tcp-request connection`, `dcon`.
    pub denied_connections: Counter,
    /// Sessions denied by `tcp-request session`, `dses`.
    pub denied_sessions: Counter,
    /// Request errors, `ereq`.
    pub request_errors: Counter,
    /// Internal errors, `eint`.
    pub internal_errors: Counter,
    /// Failed header rewrites, `wrew`.
    pub failed_rewrites: Counter,
    /// Answers given by services: statistics, monitor, `intercepted`.
    pub intercepted: Counter,
    /// Answers by class.
    pub responses: Responses,
    /// Compression and cache.
    pub transforms: Transforms,
    /// HTTP/1 mux.
    pub h1: H1,
    /// HTTP/2 mux.
    pub h2: H2,
    /// Handshakes.
    pub tls: Tls,
}

/// One thread's part of a listening address's counters.
#[derive(Debug, Default)]
pub struct ListenerCounters {
    /// Connections accepted.
    pub connections: Counter,
    /// Sessions, `stot`.
    pub sessions: Counter,
    /// Current sessions.
    pub current: Level,
    /// Largest number of current sessions.
    pub current_max: MaxCounter,
    /// Bytes.
    pub bytes: Bytes,
    /// Requests denied.
    pub denied_requests: Counter,
    /// Responses denied.
    pub denied_responses: Counter,
    /// Connections denied.
    pub denied_connections: Counter,
    /// Sessions denied.
    pub denied_sessions: Counter,
    /// Request errors.
    pub request_errors: Counter,
    /// Internal errors.
    pub internal_errors: Counter,
    /// Failed header rewrites.
    pub failed_rewrites: Counter,
    /// Handshakes.
    pub tls: Tls,
}

/// What backends and servers count alike about the way to a server.
#[derive(Debug, Default)]
pub struct Upstream {
    /// Sessions, `stot`.
    pub sessions: Counter,
    /// Sessions per second.
    pub session_rate: Rate,
    /// Bytes.
    pub bytes: Bytes,
    /// Responses denied, `dresp`.
    pub denied_responses: Counter,
    /// Connection errors, `econ`.
    pub connection_errors: Counter,
    /// Response errors, `eresp`.
    pub response_errors: Counter,
    /// Retries, `wretr`.
    pub retries: Counter,
    /// Redispatches, `wredis`.
    pub redispatches: Counter,
    /// Failed header rewrites, `wrew`.
    pub failed_rewrites: Counter,
    /// Internal errors, `eint`.
    pub internal_errors: Counter,
    /// Transfers the client aborted, `cli_abrt`.
    pub client_aborts: Counter,
    /// Transfers the server aborted, `srv_abrt`.
    pub server_aborts: Counter,
    /// Times chosen by load balancing, `lbtot`.
    pub balanced: Counter,
    /// Connection attempts, `connect`.
    pub connects: Counter,
    /// Connection reuses, `reuse`.
    pub reuses: Counter,
    /// Requests, `req_tot`.
    pub requests: Counter,
    /// Answers by class.
    pub responses: Responses,
    /// Time in queue.
    pub queue_time: Average,
    /// Time to connect.
    pub connect_time: Average,
    /// Time to the response's head.
    pub response_time: Average,
    /// Total time.
    pub total_time: Average,
    /// Monotonic milliseconds of the last session, plus one; 0 when there was none.
    pub last_session_ms: MaxCounter,
    /// HTTP/1 mux.
    pub h1: H1,
    /// HTTP/2 mux.
    pub h2: H2,
    /// Handshakes.
    pub tls: Tls,
}

/// One thread's part of a backend's counters.
#[derive(Debug, Default)]
pub struct BackendCounters {
    /// What it counts like a server.
    pub upstream: Upstream,
    /// Current sessions, `scur`.
    pub current: Level,
    /// Largest number of current sessions, `smax`.
    pub current_max: MaxCounter,
    /// Requests denied, `dreq`.
    pub denied_requests: Counter,
    /// Answers given by services, `intercepted`.
    pub intercepted: Counter,
    /// Compression and cache.
    pub transforms: Transforms,
}

/// One thread's part of a server's counters. Current sessions and queue are shared and live in the balancer's server.
#[derive(Debug, Default)]
pub struct ServerCounters {
    /// What it counts like a backend.
    pub upstream: Upstream,
    /// Largest number of current sessions, `smax`.
    pub current_max: MaxCounter,
}

/// One thread's part of the process's counters.
#[derive(Debug, Default)]
pub struct ProcessCounters {
    /// Current connections, `CurrConns`.
    pub current_connections: Level,
    /// Connections, `CumConns`.
    pub connections: Counter,
    /// Connections per second.
    pub connection_rate: Rate,
    /// Sessions per second.
    pub session_rate: Rate,
    /// Requests, `CumReq`.
    pub requests: Counter,
    /// Current TLS connections on both sides.
    pub current_tls: Level,
    /// TLS connections, `CumSslConns`.
    pub tls_connections: Counter,
    /// TLS sessions per second, frontend side.
    pub tls_rate: Rate,
    /// Key computations per second, frontend side.
    pub tls_frontend_key_rate: Rate,
    /// Key computations per second, backend side.
    pub tls_backend_key_rate: Rate,
    /// TLS session cache lookups.
    pub tls_cache_lookups: Counter,
    /// TLS session cache misses.
    pub tls_cache_misses: Counter,
    /// Bytes entering compression per second.
    pub comp_in_rate: Rate,
    /// Bytes leaving compression per second.
    pub comp_out_rate: Rate,
    /// Bytes sent.
    pub bytes_out: Counter,
    /// Bytes sent per second, in units of 32 bytes.
    pub bytes_out_rate: Rate,
    /// Bytes sent through splice.
    pub spliced_bytes_out: Counter,
    /// Open pipes in use.
    pub pipes_used: Level,
    /// Open pipes kept for reuse.
    pub pipes_free: Level,
    /// Log lines dropped.
    pub dropped_logs: Counter,
    /// Log lines received by `log-forward`.
    pub received_logs: Counter,
    /// Name resolutions failed.
    pub failed_resolutions: Counter,
    /// Jobs: listeners, connections, checks.
    pub jobs: Level,
    /// Streams alive.
    pub streams: Level,
    /// Streams so far.
    pub streams_total: Counter,
    /// Panics of a stream that were caught, counted and logged.
    pub panics: Counter,
}
