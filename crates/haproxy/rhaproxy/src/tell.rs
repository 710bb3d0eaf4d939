//! What a running process tells on signals, on standard error and in the logs of the proxies concerned.

use std::sync::atomic::Ordering;

use haproxy_conf::Severity;
use haproxy_engine::process::Process;
use haproxy_model::snapshot::{Proxy, Snapshot};

use crate::messages;

/// Levels of log lines.
const WARNING: u8 = 4;
const NOTICE: u8 = 5;

/// A line about a proxy.
fn say(process: &Process, snapshot: &Snapshot, px: &Proxy, level: u8, text: &str) {
    messages::print(Severity::Warning, text);
    haproxy_admin::control::log(process, snapshot, px, level, text);
}

fn name(px: &Proxy) -> String {
    String::from_utf8_lossy(&px.name).into_owned()
}

/// A soft stop begins.
pub fn stopped(process: &Process) {
    let snapshot = process.snapshot.load();
    for px in &snapshot.proxies {
        let text = format!(
            "Proxy {} stopped (cumulated conns: FE: {}, BE: {}).",
            name(px),
            px.live.frontend.sum(|c| c.connections.load()),
            px.live.backend.sum(|c| c.upstream.sessions.load())
        );
        say(process, &snapshot, px, WARNING, &text);
    }
}

/// A soft stop took too long: what is left is ended.
pub fn hard_stopped(process: &Process) {
    messages::print(Severity::Warning, "soft-stop running for too long, performing a hard-stop.");
    let snapshot = process.snapshot.load();
    for px in &snapshot.proxies {
        let left = px.live.frontend_sessions.load(Ordering::Relaxed);
        if left > 0 {
            let text = format!("Proxy {} hard-stopped ({left} remaining conns will be closed).", name(px));
            say(process, &snapshot, px, WARNING, &text);
        }
    }
}

/// TTOU: listening stops for a while.
pub fn paused(process: &Process, act: impl FnOnce()) {
    frontends(process, "Paused");
    act();
}

/// TTIN: listening goes on.
pub fn resumed(process: &Process, act: impl FnOnce()) {
    act();
    frontends(process, "Resumed");
}

fn frontends(process: &Process, what: &str) {
    let snapshot = process.snapshot.load();
    for px in snapshot.proxies.iter().filter(|px| !px.listeners.is_empty()) {
        say(process, &snapshot, px, WARNING, &format!("{what} frontend {}.", name(px)));
    }
}

/// HUP: a line for each server and each proxy.
pub fn servers(process: &Process) {
    let snapshot = process.snapshot.load();
    messages::print(Severity::Warning, "SIGHUP received, dumping servers states.");
    for px in &snapshot.proxies {
        for server in &px.servers {
            let live = &server.live;
            let text = format!(
                "SIGHUP: Server {}/{} is {}. Conn: {} act, {} pend, {} tot.",
                name(px),
                server.settings.balance.name,
                if live.usable() { "UP" } else { "DOWN" },
                live.current(),
                server.queue.length().now(),
                live.counters.sum(|c| c.upstream.sessions.load())
            );
            say(process, &snapshot, px, NOTICE, &text);
        }
        say(process, &snapshot, px, NOTICE, &format!("SIGHUP: Proxy {} {}", name(px), availability(px)));
    }
}

fn availability(px: &Proxy) -> String {
    let live = &px.live;
    let unassigned = live.queue.length().now();
    let pending = unassigned + px.servers.iter().map(|server| server.queue.length().now()).sum::<u32>();
    let sessions = format!(
        "Conn: act(FE+BE): {}+{}, {pending} pend ({unassigned} unass), tot(FE+BE): {}+{}.",
        live.frontend_sessions.load(Ordering::Relaxed),
        live.backend_sessions.load(Ordering::Relaxed),
        live.frontend.sum(|c| c.connections.load()),
        live.backend.sum(|c| c.upstream.sessions.load())
    );
    let totals = px.balancer.totals();
    if px.servers.is_empty() {
        format!("has no servers. {sessions}")
    } else if px.balancer.usable_count() == 0 {
        format!("has no server available ! {sessions}")
    } else {
        let (active, backup) = (totals.active, totals.backup);
        format!("has {active} active servers and {backup} backup servers available. {sessions}")
    }
}

/// QUIT: what there is to tell about memory.
pub fn memory(process: &Process) {
    let text = format!(
        "Dumping pools usage. {} client connections; memory is managed per thread.",
        process.connections.load(Ordering::Relaxed)
    );
    messages::print(Severity::Notice, &text);
}
