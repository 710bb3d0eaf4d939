//! What statistics show of servers and backends.

use haproxy_stats::facts::{CheckFacts, SERVER_STATES, ServerFacts};

use std::sync::atomic::Ordering::Relaxed;

use crate::report::{CheckReport, CheckVerdict};
use crate::server::{Admin, Operational, Server};

/// The backend a server is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Name of the proxy.
    pub proxy: &'a str,
    /// Number of the proxy.
    pub iid: u32,
    /// `description` of the proxy.
    pub description: Option<&'a str>,
    /// Mode of the proxy.
    pub mode: &'static str,
    /// True in HTTP mode.
    pub http: bool,
    /// True when addresses, cookies and the algorithm may be shown.
    pub legends: bool,
    /// True when `observe` is in use.
    pub observed: bool,
}

impl Server {
    /// Everything statistics show of it at `now_ms`. `name` is its own name, kept by the caller.
    pub fn facts<'a>(&'a self, name: &'a str, shown: Shown<'a>, now_ms: u64) -> ServerFacts<'a> {
        let conf = self.conf();
        let check = self.check().clone();
        let agent = self.agent().clone();
        let limit = |n: u32| (n > 0).then_some(n);
        let load = |atomic: &std::sync::atomic::AtomicU32| atomic.load(Relaxed);
        let seconds = |ms: u64| (ms / 1000).min(u64::from(u32::MAX)) as u32;
        ServerFacts {
            proxy: shown.proxy,
            name,
            iid: shown.iid,
            sid: conf.puid,
            description: shown.description,
            mode: shown.mode,
            http: shown.http,
            status: self.status_text(),
            state: self.stat_state(),
            in_maintenance: self.admin().any(Admin::MAINT),
            current: self.current(),
            current_max: self.current_max(),
            session_limit: limit(self.maxconn()),
            queued: self.queue.now(),
            queued_max: self.queue.max(),
            queue_limit: limit(conf.maxqueue),
            weight: self.shown_weight(),
            user_weight: self.user_weight(),
            backup: conf.backup,
            last_change_s: seconds(now_ms.saturating_sub(self.last_change_ms())),
            down_s: seconds(self.down_ms(now_ms)),
            down_transitions: self.down_transitions(),
            throttle: (self.state() == Operational::Starting).then(|| self.throttle_percent()),
            tracked: self.tracked().map(|tracked| tracked.name.clone()),
            analyze_failures: (shown.observed && check.configured).then_some(check.analyze_failures),
            check: check_facts(check),
            agent: check_facts(agent),
            address: (shown.legends && !conf.address.is_empty()).then(|| conf.address.clone()),
            cookie: conf
                .cookie
                .as_ref()
                .filter(|_| shown.legends)
                .map(|c| String::from_utf8_lossy(c).into_owned()),
            revision: self.revision(),
            idle: load(self.idle_connections()) + load(self.safe_connections()),
            idle_limit: conf.pool_max_conn,
            unsafe_idle: load(self.idle_connections()),
            safe_idle: load(self.safe_connections()),
            private_idle: load(self.private_connections()),
            used: load(self.used_connections()),
            needed: load(self.needed_connections()),
            now_ms,
            counters: &self.counters,
        }
    }

    /// Its state as metrics see it: an index into [`SERVER_STATES`].
    pub fn stat_state(&self) -> usize {
        let name = match (self.admin(), self.state()) {
            (admin, _) if admin.any(Admin::MAINT) => "MAINT",
            (_, Operational::Stopped) => "DOWN",
            (admin, _) if admin.any(Admin::DRAIN) => "DRAIN",
            (_, Operational::Stopping) => "NOLB",
            (_, Operational::Starting | Operational::Running) => "UP",
        };
        SERVER_STATES.iter().position(|state| *state == name).unwrap_or(0)
    }
}

/// A check as statistics show it; none while it is off.
fn check_facts(report: CheckReport) -> Option<CheckFacts> {
    (report.configured && report.enabled).then(|| CheckFacts {
        status: report.status_text(),
        code: report.code,
        duration_ms: (report.status.verdict() != CheckVerdict::Neutral).then_some(report.duration_ms),
        description: report.status.description(),
        rise: report.rise,
        fall: report.fall,
        health: report.health,
        failures: report.failures,
        output: report.output,
    })
}

/// How many servers are in each state of [`SERVER_STATES`], and how many have each result of their last check.
pub fn aggregate<'a>(
    servers: impl Iterator<Item = &'a Server>,
) -> ([u32; SERVER_STATES.len()], Vec<(&'static str, u32)>) {
    let mut states = [0; SERVER_STATES.len()];
    let mut checks: Vec<(&'static str, u32)> = Vec::new();
    for server in servers {
        states[server.stat_state()] += 1;
        let check = server.check();
        if !check.configured || !check.enabled {
            continue;
        }
        let code = check.status.code();
        match checks.iter_mut().find(|(name, _)| *name == code) {
            Some((_, count)) => *count += 1,
            None => checks.push((code, 1)),
        }
    }
    (states, checks)
}
