//! The log line of a connection that ends before its first stream (manual §8.2.5).

use std::io::Write;

use haproxy_expr::cx::{ConnectionFault, Cx, Direction, Input};

use super::Connection;
use crate::clock;
use crate::log::{Envelope, level};

/// Logs the connection's fault: in the frontend's `error-log-format`, or in the old form.
pub fn log(conn: &Connection, fault: ConnectionFault) {
    let fe = conn.frontend();
    let settings = &fe.settings;
    let global = &conn.snapshot.global;
    let shared = if settings.log_global { global.logs.as_slice() } else { &[] };
    if settings.logs.is_empty() && shared.is_empty() {
        return;
    }
    let mut text = conn.thread.text();
    let world = conn.world();
    let cx = Cx {
        session: &conn.session,
        txn: None,
        world: &world,
        direction: Direction::Request,
        input: Input { bytes: &[], complete: true },
        date: clock::date(),
        now_ms: conn.thread.now_ms(),
        check_vars: None,
    };
    match &settings.error_log_line {
        Some(format) => format.write(&cx, &mut text),
        None => {
            crate::formats::session_fault().write(&cx, &mut text);
            let bind = conn.snapshot.listener(conn.session.listener);
            // writing to a vector cannot fail
            let _ = match &bind.settings.name {
                Some(name) => write!(text, "/{}: {}", String::from_utf8_lossy(name), fault.text),
                None => write!(text, "/{}: {}", bind.luid, fault.text),
            };
        }
    }
    let process = &conn.thread.process;
    let envelope = Envelope {
        date: clock::date(),
        level: if settings.options.log_separate_errors { level::ERR } else { level::INFO },
        tag: settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or(b"haproxy"),
        hostname: global.log_send_hostname.as_deref().unwrap_or_default().as_bytes(),
        pid: process.pid,
        structured: &[],
    };
    for target in settings.logs.iter().chain(shared) {
        process.log.send(target, &envelope, &text);
    }
    conn.thread.give_text(text);
}
