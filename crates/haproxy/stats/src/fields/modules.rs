//! The column `-` and those behind it, whose presence and order are not promised.

use crate::fields::{Field, NONE, level, sum, text};

/// The column `-` and those behind it.
pub(super) const MODULES: &[Field] = &[
    Field {
        name: "-",
        tag: "MCPV",
        doc: "",
        frontend: Some(|_| text("-")),
        listener: Some(|_| text("-")),
        backend: Some(|_| text("-")),
        server: Some(|_| text("-")),
    },
    Field {
        name: "ssl_sess",
        tag: "MCPV",
        doc: "Total number of ssl sessions established",
        frontend: Some(|f| sum(f.counters, |t| &t.tls.sessions)),
        listener: Some(|l| sum(l.counters, |t| &t.tls.sessions)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.tls.sessions)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.tls.sessions)),
    },
    Field {
        name: "ssl_reused_sess",
        tag: "MCPV",
        doc: "Total number of ssl sessions reused",
        frontend: Some(|f| sum(f.counters, |t| &t.tls.reused)),
        listener: Some(|l| sum(l.counters, |t| &t.tls.reused)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.tls.reused)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.tls.reused)),
    },
    Field {
        name: "ssl_failed_handshake",
        tag: "MCPV",
        doc: "Total number of failed handshake",
        frontend: Some(|f| sum(f.counters, |t| &t.tls.failed_handshakes)),
        listener: Some(|l| sum(l.counters, |t| &t.tls.failed_handshakes)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.tls.failed_handshakes)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.tls.failed_handshakes)),
    },
    Field {
        name: "ssl_ocsp_staple",
        tag: "MCPV",
        doc: "Total number of OCSP responses stapled",
        frontend: Some(|f| sum(f.counters, |t| &t.tls.ocsp_staple)),
        listener: Some(|l| sum(l.counters, |t| &t.tls.ocsp_staple)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.tls.ocsp_staple)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.tls.ocsp_staple)),
    },
    Field {
        name: "ssl_failed_ocsp_staple",
        tag: "MCPV",
        doc: "Total number of OCSP responses that could not be stapled",
        frontend: Some(|f| sum(f.counters, |t| &t.tls.failed_ocsp_staple)),
        listener: Some(|l| sum(l.counters, |t| &t.tls.failed_ocsp_staple)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.tls.failed_ocsp_staple)),
        server: Some(|s| sum(s.counters, |t| &t.upstream.tls.failed_ocsp_staple)),
    },
    Field {
        name: "h2_headers_rcvd",
        tag: "MCPV",
        doc: "Total number of received HEADERS frames",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.headers_rcvd)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.headers_rcvd)),
        ..NONE
    },
    Field {
        name: "h2_data_rcvd",
        tag: "MCPV",
        doc: "Total number of received DATA frames",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.data_rcvd)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.data_rcvd)),
        ..NONE
    },
    Field {
        name: "h2_settings_rcvd",
        tag: "MCPV",
        doc: "Total number of received SETTINGS frames",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.settings_rcvd)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.settings_rcvd)),
        ..NONE
    },
    Field {
        name: "h2_rst_stream_rcvd",
        tag: "MCPV",
        doc: "Total number of received RST_STREAM frames",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.rst_stream_rcvd)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.rst_stream_rcvd)),
        ..NONE
    },
    Field {
        name: "h2_goaway_rcvd",
        tag: "MCPV",
        doc: "Total number of received GOAWAY frames",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.goaway_rcvd)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.goaway_rcvd)),
        ..NONE
    },
    Field {
        name: "h2_detected_conn_protocol_errors",
        tag: "MCPV",
        doc: "Total number of connection protocol errors",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.connection_errors)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.connection_errors)),
        ..NONE
    },
    Field {
        name: "h2_detected_strm_protocol_errors",
        tag: "MCPV",
        doc: "Total number of stream protocol errors",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.stream_errors)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.stream_errors)),
        ..NONE
    },
    Field {
        name: "h2_rst_stream_resp",
        tag: "MCPV",
        doc: "Total number of RST_STREAM sent on detected error",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.rst_stream_resp)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.rst_stream_resp)),
        ..NONE
    },
    Field {
        name: "h2_goaway_resp",
        tag: "MCPV",
        doc: "Total number of GOAWAY sent on detected error",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.goaway_resp)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.goaway_resp)),
        ..NONE
    },
    Field {
        name: "h2_open_connections",
        tag: "MGPV",
        doc: "Count of currently open connections",
        frontend: Some(|f| level(f.counters, |t| &t.h2.open_connections)),
        backend: Some(|b| level(b.counters, |t| &t.upstream.h2.open_connections)),
        ..NONE
    },
    Field {
        name: "h2_backend_open_streams",
        tag: "MGPV",
        doc: "Count of currently open streams",
        frontend: Some(|f| level(f.counters, |t| &t.h2.open_streams)),
        backend: Some(|b| level(b.counters, |t| &t.upstream.h2.open_streams)),
        ..NONE
    },
    Field {
        name: "h2_total_connections",
        tag: "MCPV",
        doc: "Total number of connections",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.total_connections)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.total_connections)),
        ..NONE
    },
    Field {
        name: "h2_backend_total_streams",
        tag: "MCPV",
        doc: "Total number of streams",
        frontend: Some(|f| sum(f.counters, |t| &t.h2.total_streams)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h2.total_streams)),
        ..NONE
    },
    Field {
        name: "h1_open_connections",
        tag: "MGPV",
        doc: "Count of currently open connections",
        frontend: Some(|f| level(f.counters, |t| &t.h1.open_connections)),
        backend: Some(|b| level(b.counters, |t| &t.upstream.h1.open_connections)),
        ..NONE
    },
    Field {
        name: "h1_open_streams",
        tag: "MGPV",
        doc: "Count of currently open streams",
        frontend: Some(|f| level(f.counters, |t| &t.h1.open_streams)),
        backend: Some(|b| level(b.counters, |t| &t.upstream.h1.open_streams)),
        ..NONE
    },
    Field {
        name: "h1_total_connections",
        tag: "MCPV",
        doc: "Total number of connections",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.total_connections)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.total_connections)),
        ..NONE
    },
    Field {
        name: "h1_total_streams",
        tag: "MCPV",
        doc: "Total number of streams",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.total_streams)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.total_streams)),
        ..NONE
    },
    Field {
        name: "h1_bytes_in",
        tag: "MCPV",
        doc: "Total number of bytes received",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.bytes_in)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.bytes_in)),
        ..NONE
    },
    Field {
        name: "h1_bytes_out",
        tag: "MCPV",
        doc: "Total number of bytes sent",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.bytes_out)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.bytes_out)),
        ..NONE
    },
    Field {
        name: "h1_spliced_bytes_in",
        tag: "MCPV",
        doc: "Total number of bytes received using kernel splicing",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.spliced_in)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.spliced_in)),
        ..NONE
    },
    Field {
        name: "h1_spliced_bytes_out",
        tag: "MCPV",
        doc: "Total number of bytes sent using kernel splicing",
        frontend: Some(|f| sum(f.counters, |t| &t.h1.spliced_out)),
        backend: Some(|b| sum(b.counters, |t| &t.upstream.h1.spliced_out)),
        ..NONE
    },
];
