//! Columns 73 to 118: what later versions added.

use crate::fields::{Field, NONE, rate, rate_max, sum, text, time_max, when};
use crate::objects::Protocol;
use crate::value::Value::U32;

/// What later versions added.
pub(super) const LATER: &[Field] = &[
    Field {
        name: "addr",
        tag: "CGSV",
        doc: "Server's address:port, shown only if show-legends is set, or at levels oper/admin for the CLI",
        listener: Some(|l| l.address.clone().into()),
        server: Some(|s| s.address.clone().into()),
        ..NONE
    },
    Field {
        name: "cookie",
        tag: "CNSV",
        doc: "Backend's cookie name or Server's cookie value, shown only if show-legends is set, or at levels oper/admin for the CLI",
        backend: Some(|b| b.cookie.clone().into()),
        server: Some(|s| s.cookie.clone().into()),
        ..NONE
    },
    Field {
        name: "mode",
        tag: "CGSV",
        doc: "'mode' setting (tcp/http/health/cli)",
        frontend: Some(|f| text(f.mode)),
        listener: Some(|l| text(l.mode)),
        backend: Some(|b| text(b.mode)),
        server: Some(|s| text(s.mode)),
    },
    Field {
        name: "algo",
        tag: "CGSV",
        doc: "Backend's load balancing algorithm, shown only if show-legends is set, or at levels oper/admin for the CLI",
        backend: Some(|b| b.algorithm.into()),
        ..NONE
    },
    Field {
        name: "conn_rate",
        tag: "MRPV",
        doc: "Number of new connections accepted over the last second on the frontend for this worker process",
        frontend: Some(|f| rate(f.counters, f.now_ms, |t| &t.connection_rate)),
        ..NONE
    },
    Field {
        name: "conn_rate_max",
        tag: "MMPV",
        doc: "Highest value of connections per second observed since the worker process started",
        frontend: Some(|f| rate_max(f.counters, f.now_ms, |t| &t.connection_rate)),
        ..NONE
    },
    Field {
        name: "conn_tot",
        tag: "MCPP",
        doc: "Total number of new connections accepted on this frontend since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.connections)),
        listener: Some(|l| sum(l.counters, |t| &t.connections)),
        ..NONE
    },
    Field {
        name: "intercepted",
        tag: "MCPP",
        doc: "Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started",
        frontend: Some(|f| when(f.http, || sum(f.counters, |t| &t.intercepted))),
        backend: Some(|b| when(b.http, || sum(b.counters, |t| &t.intercepted))),
        ..NONE
    },
    Field {
        name: "dcon",
        tag: "MCPP",
        doc: "Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.denied_connections)),
        listener: Some(|l| sum(l.counters, |t| &t.denied_connections)),
        ..NONE
    },
    Field {
        name: "dses",
        tag: "MCPP",
        doc: "Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.denied_sessions)),
        listener: Some(|l| sum(l.counters, |t| &t.denied_sessions)),
        ..NONE
    },
    Field {
        name: "wrew",
        tag: "MCPP",
        doc: "Total number of failed HTTP header rewrites since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.failed_rewrites)),
        listener: Some(|l| sum(l.counters, |t| &t.failed_rewrites)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.failed_rewrites)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.failed_rewrites)),
    },
    Field {
        name: "connect",
        tag: "MCPP",
        doc: "Total number of outgoing connection attempts on this backend/server since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.connects)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.connects)),
        ..NONE
    },
    Field {
        name: "reuse",
        tag: "MCPP",
        doc: "Total number of reused connection on this backend/server since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.reuses)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.reuses)),
        ..NONE
    },
    Field {
        name: "cache_lookups",
        tag: "MCPP",
        doc: "Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started",
        frontend: Some(|f| when(f.http, || sum(f.counters, |t| &t.transforms.cache_lookups))),
        backend: Some(|b| when(b.http, || sum(b.counters, |t| &t.transforms.cache_lookups))),
        ..NONE
    },
    Field {
        name: "cache_hits",
        tag: "MCPP",
        doc: "Total number of HTTP requests answered from the cache on this frontend/backend since the worker process started",
        frontend: Some(|f| when(f.http, || sum(f.counters, |t| &t.transforms.cache_hits))),
        backend: Some(|b| when(b.http, || sum(b.counters, |t| &t.transforms.cache_hits))),
        ..NONE
    },
    Field {
        name: "srv_icur",
        tag: "MGPV",
        doc: "Current number of idle connections available for reuse on this server",
        server: Some(|s| U32(s.idle)),
        ..NONE
    },
    Field {
        name: "src_ilim",
        tag: "CLPV",
        doc: "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)",
        server: Some(|s| s.idle_limit.into()),
        ..NONE
    },
    Field {
        name: "qtime_max",
        tag: "MMPV",
        doc: "Maximum observed time spent in the queue, in milliseconds (backend/server)",
        backend: Some(|b| time_max(b.counters, |t| &t.upstream.queue_time)),
        server: Some(|s| time_max(s.counters, |t| &t.upstream.queue_time)),
        ..NONE
    },
    Field {
        name: "ctime_max",
        tag: "MMPV",
        doc: "Maximum observed time spent waiting for a connection to complete, in milliseconds (backend/server)",
        backend: Some(|b| time_max(b.counters, |t| &t.upstream.connect_time)),
        server: Some(|s| time_max(s.counters, |t| &t.upstream.connect_time)),
        ..NONE
    },
    Field {
        name: "rtime_max",
        tag: "MMPV",
        doc: "Maximum observed time spent waiting for a server response, in milliseconds (backend/server)",
        backend: Some(|b| time_max(b.counters, |t| &t.upstream.response_time)),
        server: Some(|s| time_max(s.counters, |t| &t.upstream.response_time)),
        ..NONE
    },
    Field {
        name: "ttime_max",
        tag: "MMPV",
        doc: "Maximum observed total request+response time (request+queue+connect+response+processing), in milliseconds (backend/server)",
        backend: Some(|b| time_max(b.counters, |t| &t.upstream.total_time)),
        server: Some(|s| time_max(s.counters, |t| &t.upstream.total_time)),
        ..NONE
    },
    Field {
        name: "eint",
        tag: "MCPP",
        doc: "Total number of internal errors since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.internal_errors)),
        listener: Some(|l| sum(l.counters, |t| &t.internal_errors)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.internal_errors)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.internal_errors)),
    },
    Field {
        name: "idle_conn_cur",
        tag: "MGPV",
        doc: "Current number of unsafe idle connections",
        server: Some(|s| U32(s.unsafe_idle)),
        ..NONE
    },
    Field {
        name: "safe_conn_cur",
        tag: "MGPV",
        doc: "Current number of safe idle connections",
        server: Some(|s| U32(s.safe_idle)),
        ..NONE
    },
    Field {
        name: "used_conn_cur",
        tag: "MGPV",
        doc: "Current number of connections in use",
        server: Some(|s| U32(s.used)),
        ..NONE
    },
    Field {
        name: "need_conn_est",
        tag: "MGPV",
        doc: "Estimated needed number of connections",
        server: Some(|s| U32(s.needed)),
        ..NONE
    },
    Field {
        name: "uweight",
        tag: "MaPV",
        doc: "Server's user weight, or sum of active servers' user weights for a backend",
        backend: Some(|b| U32(b.user_weight)),
        server: Some(|s| U32(s.user_weight)),
        ..NONE
    },
    Field {
        name: "agg_server_status",
        tag: "MGPV",
        doc: "Backend's aggregated gauge of servers' status",
        backend: Some(|_| U32(0)),
        ..NONE
    },
    Field {
        name: "agg_server_check_status",
        tag: "MGPV",
        doc: "[DEPRECATED] Backend's aggregated gauge of servers' status",
        backend: Some(|_| U32(0)),
        ..NONE
    },
    Field {
        name: "agg_check_status",
        tag: "MGPV",
        doc: "Backend's aggregated gauge of servers' state check status",
        backend: Some(|_| U32(0)),
        ..NONE
    },
    Field {
        name: "srid",
        tag: "KNPV",
        doc: "Server id revision, to prevent server id reuse mixups",
        server: Some(|s| U32(s.revision)),
        ..NONE
    },
    Field {
        name: "sess_other",
        tag: "MCPP",
        doc: "Total number of sessions other than HTTP since process started",
        frontend: Some(|f| sum(f.counters, |t| t.sessions_by.of(Protocol::Other))),
        ..NONE
    },
    Field {
        name: "h1sess",
        tag: "MCPP",
        doc: "Total number of HTTP/1 sessions since process started",
        frontend: Some(|f| sum(f.counters, |t| t.sessions_by.of(Protocol::H1))),
        ..NONE
    },
    Field {
        name: "h2sess",
        tag: "MCPP",
        doc: "Total number of HTTP/2 sessions since process started",
        frontend: Some(|f| sum(f.counters, |t| t.sessions_by.of(Protocol::H2))),
        ..NONE
    },
    Field {
        name: "h3sess",
        tag: "MCPP",
        doc: "Total number of HTTP/3 sessions since process started",
        frontend: Some(|f| sum(f.counters, |t| t.sessions_by.of(Protocol::H3))),
        ..NONE
    },
    Field {
        name: "req_other",
        tag: "MCPP",
        doc: "Total number of sessions other than HTTP processed by this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| t.requests_by.of(Protocol::Other))),
        ..NONE
    },
    Field {
        name: "h1req",
        tag: "MCPP",
        doc: "Total number of HTTP/1 sessions processed by this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| t.requests_by.of(Protocol::H1))),
        ..NONE
    },
    Field {
        name: "h2req",
        tag: "MCPP",
        doc: "Total number of HTTP/2 sessions processed by this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| t.requests_by.of(Protocol::H2))),
        ..NONE
    },
    Field {
        name: "h3req",
        tag: "MCPP",
        doc: "Total number of HTTP/3 sessions processed by this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| t.requests_by.of(Protocol::H3))),
        ..NONE
    },
    Field { name: "proto", tag: "CNSV", doc: "Protocol", listener: Some(|l| text(l.protocol)), ..NONE },
    Field {
        name: "priv_idle_cur",
        tag: "MGPV",
        doc: "Current number of private idle connections",
        server: Some(|s| U32(s.private_idle)),
        ..NONE
    },
    Field {
        name: "reqbin",
        tag: "MCPP",
        doc: "Total number of request bytes received since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.request_in)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.request_in)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.request_in)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.request_in)),
    },
    Field {
        name: "reqbout",
        tag: "MCPP",
        doc: "Total number of request bytes sent since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.request_out)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.request_out)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.request_out)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.request_out)),
    },
    Field {
        name: "resbin",
        tag: "MCPP",
        doc: "Total number of response bytes received since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.response_in)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.response_in)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.response_in)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.response_in)),
    },
    Field {
        name: "resbout",
        tag: "MCPP",
        doc: "Total number of response bytes sent since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.response_out)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.response_out)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.response_out)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.response_out)),
    },
    Field {
        name: "cache_hint_hits",
        tag: "MCPP",
        doc: "Total number of HTTP requests for which a 103 Early Hints response was emitted from the cache on this frontend/backend since the worker process started",
        frontend: Some(|f| when(f.http, || sum(f.counters, |t| &t.transforms.cache_hint_hits))),
        backend: Some(|b| when(b.http, || sum(b.counters, |t| &t.transforms.cache_hint_hits))),
        ..NONE
    },
];
