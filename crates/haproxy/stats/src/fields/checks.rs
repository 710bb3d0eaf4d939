//! Columns 36 to 72: checks, answers, compression, times.

use crate::fields::{Field, NONE, average, class, last_session, rate, rate_max, sum, when};

/// Checks, answers, compression, times.
pub(super) const CHECKS: &[Field] = &[
    Field {
        name: "check_status",
        tag: "MOPV",
        doc: "Status report of the server's latest health check, prefixed with '*' if a check is currently in progress",
        server: Some(|s| s.check.as_ref().map(|c| c.status.clone()).into()),
        ..NONE
    },
    Field {
        name: "check_code",
        tag: "MOPV",
        doc: "layer5-7 code, if available of the last health check.",
        server: Some(|s| s.check.as_ref().and_then(|c| c.code).into()),
        ..NONE
    },
    Field {
        name: "check_duration",
        tag: "MDPV",
        doc: "Total duration of the latest server health check, in milliseconds",
        server: Some(|s| s.check.as_ref().and_then(|c| c.duration_ms).into()),
        ..NONE
    },
    Field {
        name: "hrsp_1xx",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status 100-199 returned by this object since the worker process started",
        frontend: Some(|f| when(f.http, || class(f.counters, 0, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 0, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 0, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hrsp_2xx",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status 200-299 returned by this object since the worker process started",
        frontend: Some(|f| when(f.http, || class(f.counters, 1, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 1, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 1, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hrsp_3xx",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status 300-399 returned by this object since the worker process started",
        frontend: Some(|f| when(f.http, || class(f.counters, 2, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 2, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 2, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hrsp_4xx",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status 400-499 returned by this object since the worker process started",
        frontend: Some(|f| when(f.http, || class(f.counters, 3, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 3, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 3, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hrsp_5xx",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status 500-599 returned by this object since the worker process started",
        frontend: Some(|f| when(f.http, || class(f.counters, 4, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 4, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 4, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hrsp_other",
        tag: "MCPP",
        doc: "Total number of HTTP responses with status <100, >599 returned by this object since the worker process started (error -1 included)",
        frontend: Some(|f| when(f.http, || class(f.counters, 5, |t| &t.responses))),
        backend: Some(|b| when(b.http, || class(b.counters, 5, |t| &t.upstream.responses))),
        server: Some(|s| when(s.http, || class(s.counters, 5, |t| &t.upstream.responses))),
        ..NONE
    },
    Field {
        name: "hanafail",
        tag: "MCPV",
        doc: "Total number of failed checks caused by an \"on-error\" directive after an \"observe\" condition matched",
        server: Some(|s| s.analyze_failures.into()),
        ..NONE
    },
    Field {
        name: "req_rate",
        tag: "MRPV",
        doc: "Number of HTTP requests processed over the last second on this object",
        frontend: Some(|f| rate(f.counters, f.now_ms, |t| &t.request_rate)),
        ..NONE
    },
    Field {
        name: "req_rate_max",
        tag: "MMPV",
        doc: "Highest value of http requests observed since the worker process started",
        frontend: Some(|f| rate_max(f.counters, f.now_ms, |t| &t.request_rate)),
        ..NONE
    },
    Field {
        name: "req_tot",
        tag: "MCPP",
        doc: "Total number of HTTP requests processed by this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.requests)),
        backend: Some(|b| when(b.http, || sum(b.counters, |t| &t.upstream.requests))),
        server: Some(|s| when(s.http, || sum(s.counters, |t| &t.upstream.requests))),
        ..NONE
    },
    Field {
        name: "cli_abrt",
        tag: "MCPP",
        doc: "Total number of requests or connections aborted by the client since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.client_aborts)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.client_aborts)),
        ..NONE
    },
    Field {
        name: "srv_abrt",
        tag: "MCPP",
        doc: "Total number of requests or connections aborted by the server since the worker process started",
        backend: Some(|b| sum(b.counters, |t| &t.upstream.server_aborts)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.server_aborts)),
        ..NONE
    },
    Field {
        name: "comp_in",
        tag: "MCPP",
        doc: "Total number of bytes submitted to the HTTP compressor for this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.transforms.comp_in)),
        backend: Some(|b| sum(b.counters, |t| &t.transforms.comp_in)),
        ..NONE
    },
    Field {
        name: "comp_out",
        tag: "MCPP",
        doc: "Total number of bytes emitted by the HTTP compressor for this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.transforms.comp_out)),
        backend: Some(|b| sum(b.counters, |t| &t.transforms.comp_out)),
        ..NONE
    },
    Field {
        name: "comp_byp",
        tag: "MCPP",
        doc: "Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)",
        frontend: Some(|f| sum(f.counters, |t| &t.transforms.comp_bypassed)),
        backend: Some(|b| sum(b.counters, |t| &t.transforms.comp_bypassed)),
        ..NONE
    },
    Field {
        name: "comp_rsp",
        tag: "MCPP",
        doc: "Total number of HTTP responses that were compressed for this object since the worker process started",
        frontend: Some(|f| sum(f.counters, |t| &t.transforms.comp_responses)),
        backend: Some(|b| sum(b.counters, |t| &t.transforms.comp_responses)),
        ..NONE
    },
    Field {
        name: "lastsess",
        tag: "MAPV",
        doc: "How long ago some traffic was seen on this object on this worker process, in seconds",
        backend: Some(|b| last_session(b.counters, b.now_ms, |t| &t.upstream.last_session_ms)),
        server: Some(|s| last_session(s.counters, s.now_ms, |t| &t.upstream.last_session_ms)),
        ..NONE
    },
    Field {
        name: "last_chk",
        tag: "MOPV",
        doc: "Short description of the latest health check report for this server (see also check_desc)",
        server: Some(|s| s.check.as_ref().map(|c| c.output.clone()).into()),
        ..NONE
    },
    Field {
        name: "last_agt",
        tag: "MOPV",
        doc: "Short description of the latest agent check report for this server (see also agent_desc)",
        server: Some(|s| s.agent.as_ref().map(|c| c.output.clone()).into()),
        ..NONE
    },
    Field {
        name: "qtime",
        tag: "MaPV",
        doc: "Time spent in the queue, in milliseconds, averaged over the 1024 last requests (backend/server)",
        backend: Some(|b| average(b.counters, |t| &t.upstream.queue_time)),
        server: Some(|s| average(s.counters, |t| &t.upstream.queue_time)),
        ..NONE
    },
    Field {
        name: "ctime",
        tag: "MaPV",
        doc: "Time spent waiting for a connection to complete, in milliseconds, averaged over the 1024 last requests (backend/server)",
        backend: Some(|b| average(b.counters, |t| &t.upstream.connect_time)),
        server: Some(|s| average(s.counters, |t| &t.upstream.connect_time)),
        ..NONE
    },
    Field {
        name: "rtime",
        tag: "MaPV",
        doc: "Time spent waiting for a server response, in milliseconds, averaged over the 1024 last requests (backend/server)",
        backend: Some(|b| average(b.counters, |t| &t.upstream.response_time)),
        server: Some(|s| average(s.counters, |t| &t.upstream.response_time)),
        ..NONE
    },
    Field {
        name: "ttime",
        tag: "MaPV",
        doc: "Total request+response time (request+queue+connect+response+processing), in milliseconds, averaged over the 1024 last requests (backend/server)",
        backend: Some(|b| average(b.counters, |t| &t.upstream.total_time)),
        server: Some(|s| average(s.counters, |t| &t.upstream.total_time)),
        ..NONE
    },
    Field {
        name: "agent_status",
        tag: "MOPV",
        doc: "Status report of the server's latest agent check, prefixed with '*' if a check is currently in progress",
        server: Some(|s| s.agent.as_ref().map(|c| c.status.clone()).into()),
        ..NONE
    },
    Field {
        name: "agent_code",
        tag: "MOPV",
        doc: "Status code reported by the latest server agent check",
        server: Some(|s| s.agent.as_ref().and_then(|c| c.code).into()),
        ..NONE
    },
    Field {
        name: "agent_duration",
        tag: "MDPV",
        doc: "Total duration of the latest server agent check, in milliseconds",
        server: Some(|s| s.agent.as_ref().and_then(|c| c.duration_ms).into()),
        ..NONE
    },
    Field {
        name: "check_desc",
        tag: "MOPV",
        doc: "Textual description of the latest health check report for this server",
        server: Some(|s| s.check.as_ref().map(|c| c.description.to_owned()).into()),
        ..NONE
    },
    Field {
        name: "agent_desc",
        tag: "MOPV",
        doc: "Textual description of the latest agent check report for this server",
        server: Some(|s| s.agent.as_ref().map(|c| c.description.to_owned()).into()),
        ..NONE
    },
    Field {
        name: "check_rise",
        tag: "CGSV",
        doc: "Number of successful health checks before declaring a server UP (server 'rise' setting)",
        server: Some(|s| s.check.as_ref().map(|c| c.rise).into()),
        ..NONE
    },
    Field {
        name: "check_fall",
        tag: "CGSV",
        doc: "Number of failed health checks before declaring a server DOWN (server 'fall' setting)",
        server: Some(|s| s.check.as_ref().map(|c| c.fall).into()),
        ..NONE
    },
    Field {
        name: "check_health",
        tag: "CGSV",
        doc: "Current server health check level (0..fall-1=DOWN, fall..rise-1=UP)",
        server: Some(|s| s.check.as_ref().map(|c| c.health).into()),
        ..NONE
    },
    Field {
        name: "agent_rise",
        tag: "CGSV",
        doc: "Number of successful agent checks before declaring a server UP (server 'rise' setting)",
        server: Some(|s| s.agent.as_ref().map(|c| c.rise).into()),
        ..NONE
    },
    Field {
        name: "agent_fall",
        tag: "CGSV",
        doc: "Number of failed agent checks before declaring a server DOWN (server 'fall' setting)",
        server: Some(|s| s.agent.as_ref().map(|c| c.fall).into()),
        ..NONE
    },
    Field {
        name: "agent_health",
        tag: "CGSV",
        doc: "Current server agent check level (0..fall-1=DOWN, fall..rise-1=UP)",
        server: Some(|s| s.agent.as_ref().map(|c| c.health).into()),
        ..NONE
    },
];
