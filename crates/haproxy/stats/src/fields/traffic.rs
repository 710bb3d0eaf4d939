//! Columns 0 to 35: names, sessions, bytes, errors, state.

use crate::fields::{Field, NONE, rate, rate_max, sum, text};
use crate::value::Value::{Str, U32, U64};

/// Names, sessions, bytes, errors, state.
pub(super) const TRAFFIC: &[Field] = &[
    Field {
        name: "pxname",
        tag: "KNSV",
        doc: "Proxy name",
        frontend: Some(|f| Str(f.name.to_owned())),
        listener: Some(|l| Str(l.proxy.to_owned())),
        backend: Some(|b| Str(b.name.to_owned())),
        server: Some(|s| Str(s.proxy.to_owned())),
    },
    Field {
        name: "svname",
        tag: "KNSV",
        doc: "Server name",
        frontend: Some(|_| Str("FRONTEND".to_owned())),
        listener: Some(|l| Str(l.name.to_owned())),
        backend: Some(|_| Str("BACKEND".to_owned())),
        server: Some(|s| Str(s.name.to_owned())),
    },
    Field {
        name: "qcur",
        tag: "MGPV",
        doc: "Number of current queued connections",
        backend: Some(|b| U32(b.queued)),
        server: Some(|s| U32(s.queued)),
        ..NONE
    },
    Field {
        name: "qmax",
        tag: "MMPV",
        doc: "Highest value of queued connections encountered since process started",
        backend: Some(|b| U32(b.queued_max)),
        server: Some(|s| U32(s.queued_max)),
        ..NONE
    },
    Field {
        name: "scur",
        tag: "MGPV",
        doc: "Number of current sessions on the frontend, backend or server",
        frontend: Some(|f| U32(f.current())),
        listener: Some(|l| U32(l.current())),
        backend: Some(|b| U32(b.current())),
        server: Some(|s| U32(s.current)),
    },
    Field {
        name: "smax",
        tag: "MMPV",
        doc: "Highest value of current sessions encountered since process started",
        frontend: Some(|f| U32(f.current_max())),
        listener: Some(|l| U32(l.current_max())),
        backend: Some(|b| U32(b.current_max())),
        server: Some(|s| U32(s.current_max)),
    },
    Field {
        name: "slim",
        tag: "CLPV",
        doc: "Frontend/listener/server's maxconn, backend's fullconn",
        frontend: Some(|f| U32(f.session_limit)),
        listener: Some(|l| U32(l.session_limit)),
        backend: Some(|b| U32(b.session_limit)),
        server: Some(|s| s.session_limit.into()),
    },
    Field {
        name: "stot",
        tag: "MCPP",
        doc: "Total number of sessions since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.sessions)),
        listener: Some(|l| sum(l.counters, |t| &t.sessions)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.sessions)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.sessions)),
    },
    Field {
        name: "bin",
        tag: "MCPP",
        doc: "Total number of request bytes since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.request_in)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.request_in)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.request_in)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.request_in)),
    },
    Field {
        name: "bout",
        tag: "MCPP",
        doc: "Total number of response bytes since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.bytes.response_out)),
        listener: Some(|l| sum(l.counters, |t| &t.bytes.response_out)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.bytes.response_out)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.bytes.response_out)),
    },
    Field {
        name: "dreq",
        tag: "MCPP",
        doc: "Total number of denied requests since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.denied_requests)),
        listener: Some(|l| sum(l.counters, |t| &t.denied_requests)),
        backend: Some(|b| sum(b.counters, |t| &t.denied_requests)),
        ..NONE
    },
    Field {
        name: "dresp",
        tag: "MCPP",
        doc: "Total number of denied responses since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.denied_responses)),
        listener: Some(|l| sum(l.counters, |t| &t.denied_responses)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.denied_responses)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.denied_responses)),
    },
    Field {
        name: "ereq",
        tag: "MCPP",
        doc: "Total number of invalid requests since process started",
        frontend: Some(|f| sum(f.counters, |t| &t.request_errors)),
        listener: Some(|l| sum(l.counters, |t| &t.request_errors)),
        ..NONE
    },
    Field {
        name: "econ",
        tag: "MCPP",
        doc: "Total number of failed connections to server since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.connection_errors)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.connection_errors)),
        ..NONE
    },
    Field {
        name: "eresp",
        tag: "MCPP",
        doc: "Total number of invalid responses since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.response_errors)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.response_errors)),
        ..NONE
    },
    Field {
        name: "wretr",
        tag: "MCPP",
        doc: "Total number of server connection retries since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.retries)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.retries)),
        ..NONE
    },
    Field {
        name: "wredis",
        tag: "MCPP",
        doc: "Total number of server redispatches due to connection failures since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.redispatches)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.redispatches)),
        ..NONE
    },
    Field {
        name: "status",
        tag: "SGPV",
        doc: "Frontend/listen status: OPEN/WAITING/FULL/STOP; backend: UP/DOWN; server: last check status",
        frontend: Some(|f| text(f.status)),
        listener: Some(|l| text(l.status)),
        backend: Some(|b| text(if b.is_up { "UP" } else { "DOWN" })),
        server: Some(|s| Str(s.status.clone())),
    },
    Field {
        name: "weight",
        tag: "MaPV",
        doc: "Server's effective weight, or sum of active servers' effective weights for a backend",
        backend: Some(|b| U32(b.weight)),
        server: Some(|s| U32(s.weight)),
        ..NONE
    },
    Field {
        name: "act",
        tag: "MGPV",
        doc: "Total number of active UP servers with a non-zero weight",
        backend: Some(|b| U32(b.active)),
        server: Some(|s| U32(u32::from(!s.backup))),
        ..NONE
    },
    Field {
        name: "bck",
        tag: "MGPV",
        doc: "Total number of backup UP servers with a non-zero weight",
        backend: Some(|b| U32(b.backup)),
        server: Some(|s| U32(u32::from(s.backup))),
        ..NONE
    },
    Field {
        name: "chkfail",
        tag: "MCPP",
        doc: "Total number of failed individual health checks per server/backend, since the worker process started",
        server: Some(|s| s.check.as_ref().map(|c| c.failures).into()),
        ..NONE
    },
    Field {
        name: "chkdown",
        tag: "MCPP",
        doc: "Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started",
        backend: Some(|b| U64(b.down_transitions)),
        server: Some(|s| s.check.as_ref().map(|_| s.down_transitions).into()),
        ..NONE
    },
    Field {
        name: "lastchg",
        tag: "MAPV",
        doc: "How long ago the last server state changed, in seconds",
        backend: Some(|b| U32(b.last_change_s)),
        server: Some(|s| U32(s.last_change_s)),
        ..NONE
    },
    Field {
        name: "downtime",
        tag: "MCPP",
        doc: "Total time spent in DOWN state, for server or backend",
        backend: Some(|b| U32(b.down_s)),
        server: Some(|s| s.check.as_ref().map(|_| s.down_s).into()),
        ..NONE
    },
    Field {
        name: "qlimit",
        tag: "CLSV",
        doc: "Limit on the number of connections in queue, for servers only (maxqueue argument)",
        server: Some(|s| s.queue_limit.into()),
        ..NONE
    },
    Field {
        name: "pid",
        tag: "KGPV",
        doc: "Relative worker process number (1)",
        frontend: Some(|_| U32(1)),
        listener: Some(|_| U32(1)),
        backend: Some(|_| U32(1)),
        server: Some(|_| U32(1)),
    },
    Field {
        name: "iid",
        tag: "KGSV",
        doc: "Frontend or Backend numeric identifier ('id' setting)",
        frontend: Some(|f| U32(f.iid)),
        listener: Some(|l| U32(l.iid)),
        backend: Some(|b| U32(b.iid)),
        server: Some(|s| U32(s.iid)),
    },
    Field {
        name: "sid",
        tag: "KGSV",
        doc: "Server numeric identifier ('id' setting)",
        frontend: Some(|_| U32(0)),
        listener: Some(|l| U32(l.sid)),
        backend: Some(|_| U32(0)),
        server: Some(|s| U32(s.sid)),
    },
    Field {
        name: "throttle",
        tag: "MaPV",
        doc: "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)",
        server: Some(|s| s.throttle.into()),
        ..NONE
    },
    Field {
        name: "lbtot",
        tag: "MCPP",
        doc: "Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.balanced)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.balanced)),
        ..NONE
    },
    Field {
        name: "tracked",
        tag: "CNSV",
        doc: "Name of the other server this server tracks for its state",
        server: Some(|s| s.tracked.clone().into()),
        ..NONE
    },
    Field {
        name: "type",
        tag: "CGSV",
        doc: "Type of the object (Listener, Frontend, Backend, Server)",
        frontend: Some(|_| U32(0)),
        listener: Some(|_| U32(3)),
        backend: Some(|_| U32(1)),
        server: Some(|_| U32(2)),
    },
    Field {
        name: "rate",
        tag: "MRPV",
        doc: "Total number of sessions processed by this object over the last second (sessions for listeners/frontends, requests for backends/servers)",
        frontend: Some(|f| rate(f.counters, f.now_ms, |t| &t.session_rate)),
        backend: Some(|b| rate(b.counters, b.now_ms, |t| &t.upstream.session_rate)),
        server: Some(|s| rate(s.counters, s.now_ms, |t| &t.upstream.session_rate)),
        ..NONE
    },
    Field {
        name: "rate_lim",
        tag: "CLPV",
        doc: "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)",
        frontend: Some(|f| U32(f.rate_limit)),
        ..NONE
    },
    Field {
        name: "rate_max",
        tag: "MMPV",
        doc: "Highest value of sessions per second observed since the worker process started",
        frontend: Some(|f| rate_max(f.counters, f.now_ms, |t| &t.session_rate)),
        backend: Some(|b| rate_max(b.counters, b.now_ms, |t| &t.upstream.session_rate)),
        server: Some(|s| rate_max(s.counters, s.now_ms, |t| &t.upstream.session_rate)),
        ..NONE
    },
];
