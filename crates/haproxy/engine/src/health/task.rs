//! One check of one server: waits, probes, reports, again and again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use haproxy_balance::Server;
use haproxy_balance::report::CheckReport;
use haproxy_balance::server::Admin;
use haproxy_checks::health::{self, Source};
use haproxy_checks::schedule::{self, Intervals};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::index::Index;
use super::{external, probe, transition};
use crate::process::Process;

/// Checks `server` until the live snapshot no longer has it. `soon` brings the next probe forward to the fast interval.
pub async fn attend(
    process: Arc<Process>,
    server: Arc<Server>,
    source: Source,
    first_ms: u64,
    soon: Arc<Notify>,
) {
    let mut intervals = Intervals::default();
    let mut wait_ms = first_ms;
    loop {
        rest(wait_ms, intervals.fast_ms, &soon).await;
        let Some(index) = process.health.index() else { return };
        let Some(place) = index.place(&server) else { return };
        if !index.wants(place, source) {
            return;
        }
        intervals = index.intervals(&server, source);
        if is_due(&server, source) {
            probe_once(&process, &index, &server, source, intervals).await;
        }
        let interval_ms = intervals.next_ms(&report(&server, source));
        let random = RandomState::new().build_hasher().finish() as u32;
        wait_ms = schedule::spread_ms(interval_ms, index.snapshot.global.spread_checks, random);
    }
}

/// Sleeps; a notice shortens the rest of the sleep to the fast interval.
async fn rest(wait_ms: u64, fast_ms: Option<u64>, soon: &Notify) {
    let until = Instant::now() + Duration::from_millis(wait_ms);
    tokio::select! {
        () = tokio::time::sleep_until(until) => return,
        () = soon.notified() => {}
    }
    let fast = Instant::now() + Duration::from_millis(fast_ms.unwrap_or(wait_ms));
    tokio::time::sleep_until(until.min(fast)).await;
}

/// False while the check is switched off, or the server is in maintenance: only its agent goes on then, because it may
/// end it.
fn is_due(server: &Server, source: Source) -> bool {
    let enabled = report(server, source).enabled;
    enabled && (source == Source::Agent || !server.admin().any(Admin::MAINT))
}

fn report(server: &Server, source: Source) -> CheckReport {
    match source {
        Source::Check => server.check().clone(),
        Source::Agent => server.agent().clone(),
    }
}

async fn probe_once(
    process: &Arc<Process>,
    index: &Arc<Index>,
    server: &Arc<Server>,
    source: Source,
    intervals: Intervals,
) {
    health::begin(server, source);
    let Some(place) = index.place(server) else { return };
    let outcome = if source == Source::Check && place.px.settings.options.external_check {
        Box::pin(external::run(process, index, place, intervals)).await
    } else {
        Box::pin(probe::run(process, index, server, source, intervals)).await
    };
    if server.admin().any(Admin::MAINT) && source == Source::Check {
        // maintenance began meanwhile: the result no longer counts
        server.check().running = false;
        return;
    }
    let applied = health::apply(server, source, &outcome, process.clock.now_ms());
    // a reload may have come meanwhile
    let Some(index) = process.health.index() else { return };
    transition::probed(process, &index, server, source, &outcome, applied);
}
