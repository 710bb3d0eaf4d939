//! What follows from a change of a server's state: balancing, queues, sessions, followers, log lines.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_balance::Server as Live;
use haproxy_balance::eviction::EvictionCause;
use haproxy_checks::Outcome;
use haproxy_checks::health::{self, Applied, Change, Source, Transition};
use haproxy_checks::report::{self, Line, Moved, ProbesLogged};
use haproxy_model::snapshot::{Proxy, Waiter};

use super::index::{Index, Place};
use crate::clock;
use crate::log::Envelope;
use crate::process::{Process, ThreadMessage};
use crate::stream::slot::serve_queues;

/// Takes up what a finished probe of `server` led to: its own log line, and the transitions.
pub fn probed(
    process: &Process,
    index: &Index,
    server: &Arc<Live>,
    source: Source,
    outcome: &Outcome,
    applied: Applied,
) {
    let Some(place) = index.place(server) else { return };
    if applied.notable && place.px.settings.options.log_health_checks {
        say(process, index, place.px, report::probe_line(&place.backend(), server, source, outcome));
    }
    if outcome.agent.is_some() && applied.transitions.is_empty() {
        // an agent may have changed weight or maxconn
        place.px.balancer.refresh(process.clock.now_ms());
        serve_all(place.px);
    }
    perform(process, index, applied.transitions);
}

/// Carries out changes that were made to servers, and those of the servers that track them.
pub fn perform(process: &Process, index: &Index, transitions: Vec<Transition>) {
    let mut pending = VecDeque::from(transitions);
    while let Some(transition) = pending.pop_front() {
        if let Some(place) = index.place(&transition.server) {
            perform_one(process, index, place, &transition);
        }
        let now_ms = process.clock.now_ms();
        for follower in index.followers(&transition.server) {
            pending.extend(health::follow(follower, now_ms));
        }
    }
}

fn perform_one(process: &Process, index: &Index, place: Place<'_>, transition: &Transition) {
    let px = place.px;
    let had = px.balancer.totals();
    px.balancer.refresh(process.clock.now_ms());
    let totals = px.balancer.totals();
    let moved = move_sessions(place, transition.change);
    let probes = if px.settings.options.log_health_checks { ProbesLogged::Yes } else { ProbesLogged::No };
    let backend = place.backend();
    for line in report::transition_lines(&backend, transition, totals, moved, probes) {
        say(process, index, px, line);
    }
    let (before, after) = (had.active + had.backup, totals.active + totals.backup);
    if (before == 0) != (after == 0) {
        let now_s = u64::try_from(clock::date().secs).unwrap_or(0);
        px.live.last_change_s.store(now_s, Relaxed);
        if after == 0 {
            let kind = if px.role.is_frontend() { "proxy" } else { "backend" };
            px.live.down_count.fetch_add(1, Relaxed);
            // the terminal has the name in quotes, the log has not
            tracing::error!("{kind} '{backend}' has no server available!");
            log(process, index, px, &report::no_server_line(kind, &backend));
        }
    }
    end_sessions(place, transition.change);
    if matches!(transition.change, Change::Down | Change::EnterMaint) {
        // nothing that is idle will be of use again
        process.tell(|| ThreadMessage::Forget(Arc::clone(&place.server().live)));
    }
}

/// Ends sessions as `on-marked-down` and `on-marked-up` say.
fn end_sessions(place: Place<'_>, change: Change) {
    let (px, server) = (place.px, place.server());
    match change {
        Change::Down | Change::EnterMaint if server.settings.shutdown_on_down => {
            server.live.evictions.evict(EvictionCause::ServerDown);
        }
        Change::Up | Change::LeaveMaint
            if server.settings.shutdown_backups_on_up && !server.settings.balance.backup =>
        {
            let backups = px.servers.iter().filter(|other| other.settings.balance.backup);
            backups.for_each(|other| other.live.evictions.evict(EvictionCause::ActiveUp));
        }
        Change::Down
        | Change::Up
        | Change::Stopping
        | Change::EnterMaint
        | Change::LeaveMaint
        | Change::LeaveMaintDown
        | Change::EnterDrain
        | Change::LeaveDrain => {}
    }
}

/// Sessions and queues after a change.
fn move_sessions(place: Place<'_>, change: Change) -> Moved {
    let (px, server) = (place.px, place.server());
    let requeued = match change {
        Change::Down | Change::EnterMaint | Change::Stopping | Change::EnterDrain => redistribute(place),
        Change::Up | Change::LeaveMaint | Change::LeaveDrain => {
            let waiting = px.live.queue.length().now();
            serve_queues(place.at as u32, &server.live, &server.queue, &px.live, &px.balancer);
            waiting.saturating_sub(px.live.queue.length().now())
        }
        Change::LeaveMaintDown => 0,
    };
    Moved { active: server.live.current(), requeued, queued: server.queue.length().now() }
}

/// Sends those who wait for a server elsewhere, if its backend allows it (`option redispatch` without `option persist`).
/// The number of sessions sent.
fn redistribute(place: Place<'_>) -> u32 {
    let options = &place.px.settings.options;
    if options.redispatch.is_none_or(|interval| interval == 0) || options.persist {
        return 0;
    }
    let mut sent = 0;
    for Waiter(wake) in place.server().queue.drain() {
        sent += u32::from(wake(None));
    }
    sent
}

/// Gives free slots of all servers of a backend to those who wait.
fn serve_all(px: &Proxy) {
    for (at, server) in px.servers.iter().enumerate() {
        serve_queues(at as u32, &server.live, &server.queue, &px.live, &px.balancer);
    }
}

/// Says a line on standard error and in the backend's logs.
fn say(process: &Process, index: &Index, px: &Proxy, line: Line) {
    tracing::warn!("{}", line.1);
    log(process, index, px, &line);
}

fn log(process: &Process, index: &Index, px: &Proxy, (level, text): &Line) {
    let global = &index.snapshot.global;
    let envelope = Envelope {
        date: clock::date(),
        level: *level,
        tag: px.settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or(b"haproxy"),
        hostname: global.log_send_hostname.as_deref().unwrap_or_default().as_bytes(),
        pid: process.pid,
        structured: &[],
    };
    let inherited = if px.settings.log_global { global.logs.as_slice() } else { &[] };
    for target in px.settings.logs.iter().chain(inherited) {
        process.log.send(target, &envelope, text.as_bytes());
    }
}
