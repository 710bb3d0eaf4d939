//! Changes an operator makes to servers and frontends, through page or CLI: the state, the log lines, the followers.

use std::sync::Arc;

use haproxy_checks::health::{self, Cause, Transition};
use haproxy_engine::clock;
use haproxy_engine::health::index::Index;
use haproxy_engine::health::transition::perform;
use haproxy_engine::log::Envelope;
use haproxy_engine::process::Process;
use haproxy_model::snapshot::{Proxy, Server, Snapshot};

/// An administrative state to put a server in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Take sessions again.
    Ready,
    /// No new sessions but persistent ones.
    Drain,
    /// Out of service.
    Maint,
}

/// Puts a server in an administrative state.
pub fn set_admin(process: &Process, snapshot: &Arc<Snapshot>, server: &Server, wish: Wish) {
    let now_ms = process.clock.now_ms();
    let transitions = match wish {
        Wish::Ready => health::set_ready(&server.live, Cause::Cli, now_ms),
        Wish::Drain => health::set_drain(&server.live, Cause::Cli, now_ms),
        Wish::Maint => health::set_maint(&server.live, Cause::Cli, now_ms),
    };
    spread(process, snapshot, transitions);
}

/// Makes changes of servers known: balancing, log lines, waiting requests, servers that track them.
pub fn spread(process: &Process, snapshot: &Arc<Snapshot>, transitions: Vec<Transition>) {
    if transitions.is_empty() {
        return;
    }
    let index = process.health.index().unwrap_or_else(|| Arc::new(Index::new(Arc::clone(snapshot))));
    perform(process, &index, transitions);
}

/// Logs a change of state where the backend logs.
pub fn log(process: &Process, snapshot: &Snapshot, px: &Proxy, level: u8, line: &str) {
    let global = &snapshot.global;
    let settings = &px.settings;
    let envelope = Envelope {
        date: clock::date(),
        level,
        tag: settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or(b"haproxy"),
        hostname: global.log_send_hostname.as_deref().unwrap_or(&process.hostname).as_bytes(),
        pid: process.pid,
        structured: &[],
    };
    let shared = if settings.log_global { global.logs.as_slice() } else { &[] };
    for target in settings.logs.iter().chain(shared) {
        process.log.send(target, &envelope, line.as_bytes());
    }
}
