//! Changes an operator makes to servers and frontends, through page or CLI: the state, the log lines, the followers.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_checks::health::{self, Cause, Transition};
use haproxy_checks::report::{self, Moved, ProbesLogged};
use haproxy_engine::clock;
use haproxy_engine::log::Envelope;
use haproxy_engine::process::Process;
use haproxy_model::snapshot::{Proxy, Server, Snapshot};

use crate::source::text;

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
pub fn set_admin(process: &Process, snapshot: &Snapshot, px: &Proxy, server: &Server, wish: Wish) {
    let now_ms = process.clock.now_ms();
    let transitions = match wish {
        Wish::Ready => health::set_ready(&server.live, Cause::Cli, now_ms),
        Wish::Drain => health::set_drain(&server.live, Cause::Cli, now_ms),
        Wish::Maint => health::set_maint(&server.live, Cause::Cli, now_ms),
    };
    spread(process, snapshot, px, server, transitions);
}

/// Makes a change of a server's state known: balancing, log lines, waiting requests, servers that track it.
pub fn spread(
    process: &Process,
    snapshot: &Snapshot,
    px: &Proxy,
    server: &Server,
    transitions: Vec<Transition>,
) {
    if transitions.is_empty() {
        return;
    }
    let now_ms = process.clock.now_ms();
    let was_up = px.balancer.usable_count() > 0;
    px.balancer.refresh(now_ms);
    let moved = Moved {
        active: server.live.current(),
        requeued: requeue(px, server),
        queued: px.live.queue.length().now(),
    };
    let probes = if px.settings.options.log_health_checks { ProbesLogged::Yes } else { ProbesLogged::No };
    let name = text(&px.name);
    for transition in &transitions {
        for (level, line) in report::transition_lines(&name, transition, px.balancer.totals(), moved, probes)
        {
            log(process, snapshot, px, level, &line);
        }
    }
    let is_up = px.balancer.usable_count() > 0;
    if was_up != is_up {
        px.live.last_change_s.store(clock::date().secs.max(0) as u64, Relaxed);
    }
    if was_up && !is_up {
        px.live.down_count.fetch_add(1, Relaxed);
        let (level, line) = report::no_server_line(&name);
        log(process, snapshot, px, level, &line);
    }
    followers(process, snapshot, server);
}

/// Hands what waits for a server that left to any other.
fn requeue(px: &Proxy, server: &Server) -> u32 {
    if server.live.willing() {
        return 0;
    }
    let others = px.balancer.usable_count() > 0;
    if !others || px.settings.options.redispatch.is_none() {
        return 0;
    }
    server.queue.drain().into_iter().filter_map(|waiter| (waiter.0)(None).then_some(())).count() as u32
}

/// Brings servers that track this one in line, and those that track them.
fn followers(process: &Process, snapshot: &Snapshot, changed: &Server) {
    for px in &snapshot.proxies {
        for server in &px.servers {
            let Some(tracked) = server.live.tracked() else { continue };
            if Arc::ptr_eq(&tracked.server, &changed.live) {
                let transitions = health::follow(&server.live, process.clock.now_ms());
                spread(process, snapshot, px, server, transitions);
            }
        }
    }
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
