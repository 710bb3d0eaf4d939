//! From outcomes to the state of a server: rise and fall, agents, passive observation, operators, tracking.
//!
//! Each function changes the server and gives back what changed as data; [`crate::report`] words it. The caller
//! refreshes the balancer, logs, moves sessions, and asks every server that tracks this one to [`follow`].

use std::sync::Arc;

use haproxy_balance::report::{CheckReport, CheckStatus, CheckVerdict};
use haproxy_balance::server::{Admin, Operational, Server};

use crate::agent::{AgentAdmin, AgentReport};
use crate::outcome::Outcome;

/// Which check of a server spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The health check.
    Check,
    /// The agent.
    Agent,
}

/// A change of a server's state or maintenance.
#[derive(Clone, Debug)]
pub struct Transition {
    /// The server.
    pub server: Arc<Server>,
    /// What changed.
    pub change: Change,
    /// Why.
    pub cause: Cause,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It went down.
    Down,
    /// It came up.
    Up,
    /// It takes persistent sessions only.
    Stopping,
    /// It entered maintenance; true when it served before.
    EnterMaint,
    /// It left maintenance and is up, or draining when drain flags remain.
    LeaveMaint,
    /// It left maintenance and waits for its checks, down.
    LeaveMaintDown,
    /// It began to drain.
    EnterDrain,
    /// It ended draining.
    LeaveDrain,
}

/// Why a server changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// An outcome of a check or agent.
    Outcome(Outcome),
    /// An operator through the CLI.
    Cli,
    /// The server it tracks, by its shown name.
    Via(String),
    /// An agent's word, or the end of slow start: nothing is said.
    Unsaid,
}

/// What [`apply`] did with an outcome.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// True when the result or the health counter changed: what `option log-health-checks` logs.
    pub notable: bool,
    /// Changes of the server's state, in order.
    pub transitions: Vec<Transition>,
}

/// Takes the outcome of a finished probe into account.
pub fn apply(server: &Arc<Server>, source: Source, outcome: &Outcome, now_ms: u64) -> Applied {
    let mut applied = Applied::default();
    if let Some(agent) = &outcome.agent {
        applied.transitions = obey(server, agent, now_ms);
    }
    let (health_before, health_after, status_changed) = {
        let mut report = report_of(server, source);
        let status_changed = report.status != outcome.status || report.code != outcome.code;
        let before = report.health;
        store(&mut report, outcome);
        count(&mut report, outcome, source);
        (before, report.health, status_changed)
    };
    let verdict = outcome.status.verdict();
    applied.notable = verdict != CheckVerdict::Neutral && (status_changed || health_before != health_after);
    if source == Source::Agent && outcome.agent.is_none() {
        return applied;
    }
    let change = match verdict {
        CheckVerdict::Neutral => None,
        CheckVerdict::Failed => (health_after == 0).then_some(Operational::Stopped),
        CheckVerdict::Passed if healthy(server) => Some(Operational::Running),
        CheckVerdict::Conditional if healthy(server) && server.state() != Operational::Stopped => {
            Some(Operational::Stopping)
        }
        CheckVerdict::Passed | CheckVerdict::Conditional => None,
    };
    if let Some(state) = change {
        applied.transitions.extend(change_state(server, state, Cause::Outcome(outcome.clone()), now_ms));
    }
    applied
}

/// Marks a probe as under way.
pub fn begin(server: &Server, source: Source) {
    report_of(server, source).running = true;
}

fn report_of(server: &Server, source: Source) -> std::sync::MutexGuard<'_, CheckReport> {
    match source {
        Source::Check => server.check(),
        Source::Agent => server.agent(),
    }
}

fn store(report: &mut CheckReport, outcome: &Outcome) {
    report.running = false;
    report.status = outcome.status;
    report.code = outcome.code;
    report.duration_ms = outcome.duration_ms;
    report.output.clone_from(&outcome.info);
}

/// Moves the health counter. An agent that could not be asked leaves health alone (manual §5.2).
fn count(report: &mut CheckReport, outcome: &Outcome, source: Source) {
    if source == Source::Agent && outcome.agent.is_none() {
        return;
    }
    match outcome.status.verdict() {
        CheckVerdict::Neutral => {}
        CheckVerdict::Passed | CheckVerdict::Conditional => {
            report.health = (report.health + 1).min(report.health_max());
            if report.is_up() {
                report.health = report.health_max();
            }
        }
        CheckVerdict::Failed => {
            if report.is_up() {
                report.failures += 1;
            }
            report.health = if report.health > report.rise { report.health - 1 } else { 0 };
        }
    }
}

/// True when neither check nor agent says down.
fn healthy(server: &Server) -> bool {
    let up = |report: &CheckReport| !report.configured || !report.enabled || report.is_up();
    up(&server.check()) && up(&server.agent())
}

/// Does what an agent asks for besides health.
fn obey(server: &Arc<Server>, agent: &AgentReport, now_ms: u64) -> Vec<Transition> {
    if let Some(percent) = agent.weight_percent {
        let weight = u64::from(server.initial_weight()) * u64::from(percent) / 100;
        server.set_user_weight(weight.min(256) as u32);
    }
    if let Some(maxconn) = agent.maxconn {
        server.set_maxconn(maxconn);
    }
    match agent.admin {
        None => Vec::new(),
        Some(AgentAdmin::Ready) => set_ready(server, Cause::Unsaid, now_ms),
        Some(AgentAdmin::Drain) => set_drain(server, Cause::Unsaid, now_ms),
        Some(AgentAdmin::Maint) => set_maint(server, Cause::Unsaid, now_ms),
    }
}

/// Changes the operational state, unless it is so already. In maintenance the state stays; the counters tell what to
/// do when it ends.
pub fn change_state(
    server: &Arc<Server>,
    state: Operational,
    cause: Cause,
    now_ms: u64,
) -> Option<Transition> {
    if server.admin().any(Admin::MAINT) {
        return None;
    }
    server.set_state(state, now_ms)?;
    let change = match state {
        Operational::Stopped => Change::Down,
        Operational::Starting | Operational::Running => Change::Up,
        Operational::Stopping => Change::Stopping,
    };
    Some(Transition { server: Arc::clone(server), change, cause })
}

/// Puts a server in maintenance (`disable server`, `set server state maint`, an agent's `maint`).
pub fn set_maint(server: &Arc<Server>, cause: Cause, now_ms: u64) -> Vec<Transition> {
    enter_maint(server, Admin::FORCED_MAINT, cause, now_ms).into_iter().collect()
}

/// Lets a server drain (`set server state drain`, an agent's `drain`). Ends forced maintenance.
pub fn set_drain(server: &Arc<Server>, cause: Cause, now_ms: u64) -> Vec<Transition> {
    let mut transitions = Vec::new();
    let drained = server.admin().any(Admin::DRAIN);
    server.set_admin(Admin::FORCED_DRAIN);
    let left =
        leave_maint(server, Admin(Admin::FORCED_MAINT.0 | Admin::CONFIG_MAINT.0), cause.clone(), now_ms);
    if left.is_none() && !drained && !server.admin().any(Admin::MAINT) {
        transitions.push(Transition { server: Arc::clone(server), change: Change::EnterDrain, cause });
    }
    transitions.extend(left);
    transitions
}

/// Makes a server take sessions again (`enable server`, `set server state ready`, an agent's `ready`).
pub fn set_ready(server: &Arc<Server>, cause: Cause, now_ms: u64) -> Vec<Transition> {
    let drained = server.admin().any(Admin::FORCED_DRAIN);
    server.clear_admin(Admin::FORCED_DRAIN);
    let left =
        leave_maint(server, Admin(Admin::FORCED_MAINT.0 | Admin::CONFIG_MAINT.0), cause.clone(), now_ms);
    let ends_drain = left.is_none() && drained && !server.admin().any(Admin(Admin::DRAIN.0 | Admin::MAINT.0));
    let drain =
        ends_drain.then(|| Transition { server: Arc::clone(server), change: Change::LeaveDrain, cause });
    left.into_iter().chain(drain).collect()
}

/// Takes a server out because its name does not resolve, or back in.
pub fn set_resolved(server: &Arc<Server>, resolved: bool, now_ms: u64) -> Vec<Transition> {
    let change = match resolved {
        true => leave_maint(server, Admin::RESOLVER_MAINT, Cause::Unsaid, now_ms),
        false => enter_maint(server, Admin::RESOLVER_MAINT, Cause::Unsaid, now_ms),
    };
    change.into_iter().collect()
}

fn enter_maint(server: &Arc<Server>, flag: Admin, cause: Cause, now_ms: u64) -> Option<Transition> {
    let before = server.admin();
    server.set_admin(flag);
    if before.any(Admin::MAINT) {
        return None;
    }
    server.set_state(Operational::Stopped, now_ms);
    Some(Transition { server: Arc::clone(server), change: Change::EnterMaint, cause })
}

/// Removes reasons for maintenance. When none remains, a server with checks gets the benefit of the doubt of one
/// failure, as at start; one that tracks takes what the tracked server is.
fn leave_maint(server: &Arc<Server>, flags: Admin, cause: Cause, now_ms: u64) -> Option<Transition> {
    if !server.admin().any(Admin::MAINT) {
        return None;
    }
    server.clear_admin(flags);
    if server.admin().any(Admin::MAINT) {
        return None;
    }
    let tracked_state = server.tracked().map(|tracked| tracked.server.state());
    let state = match tracked_state {
        Some(state) => state,
        None => {
            let mut check = server.check();
            if check.configured && check.enabled {
                check.health = check.rise;
            }
            let agent = server.agent();
            if agent.configured && agent.enabled && !agent.is_up() {
                Operational::Stopped
            } else {
                Operational::Running
            }
        }
    };
    server.set_state(state, now_ms);
    let change = if state == Operational::Stopped { Change::LeaveMaintDown } else { Change::LeaveMaint };
    Some(Transition { server: Arc::clone(server), change, cause })
}

/// Brings a server in line with the one it tracks, after that one changed.
pub fn follow(server: &Arc<Server>, now_ms: u64) -> Vec<Transition> {
    let Some(tracked) = server.tracked() else { return Vec::new() };
    let via = || Cause::Via(tracked.name.clone());
    let (admin, own) = (tracked.server.admin(), server.admin());
    let mut transitions = Vec::new();
    let drains = admin.any(Admin::DRAIN);
    if drains {
        server.set_admin(Admin::INHERITED_DRAIN);
    } else {
        server.clear_admin(Admin::INHERITED_DRAIN);
    }
    let was_maint = own.any(Admin::MAINT);
    if admin.any(Admin::MAINT) {
        transitions.extend(enter_maint(server, Admin::INHERITED_MAINT, via(), now_ms));
    } else if own.any(Admin::INHERITED_MAINT) {
        transitions.extend(leave_maint(server, Admin::INHERITED_MAINT, via(), now_ms));
    }
    let in_maint = was_maint || server.admin().any(Admin::MAINT);
    let drain_before = own.any(Admin::DRAIN);
    if !in_maint && drains != drain_before {
        let change = if drains { Change::EnterDrain } else { Change::LeaveDrain };
        transitions.push(Transition { server: Arc::clone(server), change, cause: via() });
    }
    transitions.extend(change_state(server, settled(tracked.server.state()), via(), now_ms));
    transitions
}

/// The state a follower takes: a server in slow start counts as up.
fn settled(state: Operational) -> Operational {
    match state {
        Operational::Starting | Operational::Running => Operational::Running,
        Operational::Stopped => Operational::Stopped,
        Operational::Stopping => Operational::Stopping,
    }
}

/// Sets health by hand (`set server health`).
pub fn set_health(server: &Arc<Server>, state: Operational, now_ms: u64) -> Option<Transition> {
    {
        let mut check = server.check();
        check.health = match state {
            Operational::Stopped => 0,
            Operational::Starting | Operational::Running | Operational::Stopping => check.health_max(),
        };
    }
    change_state(server, state, Cause::Cli, now_ms)
}

/// Which traffic `observe` watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Observe {
    /// None.
    #[default]
    None,
    /// Connections.
    Layer4,
    /// Answers.
    Layer7,
}

/// What to do when `error-limit` errors came in a row (`on-error`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Probe at `fastinter`.
    FastInter,
    /// Count a failed probe.
    #[default]
    FailCheck,
    /// Leave one failure to the end.
    SuddenDeath,
    /// Down at once.
    MarkDown,
}

/// What traffic said about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A connection or answer as it should be.
    Good,
    /// An error, and its words.
    Bad(&'static str),
}

/// What an observation led to.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The next probe is to come at `fastinter`.
    pub probe_soon: bool,
    /// What counts as a failed probe, when `error-limit` was reached.
    pub outcome: Option<Outcome>,
    /// What that did.
    pub applied: Applied,
}

/// Takes an observation of traffic into account.
pub fn observe(server: &Arc<Server>, seen: Seen, limit: u32, on_error: OnError, now_ms: u64) -> Observation {
    let words = match seen {
        Seen::Good => {
            server.check().consecutive_errors = 0;
            return Observation::default();
        }
        Seen::Bad(words) => words,
    };
    let errors = {
        let mut check = server.check();
        check.consecutive_errors += 1;
        check.analyze_failures += 1;
        if check.consecutive_errors < limit.max(1) {
            return Observation::default();
        }
        std::mem::take(&mut check.consecutive_errors)
    };
    match on_error {
        OnError::FastInter => return Observation { probe_soon: true, ..Observation::default() },
        OnError::FailCheck => {}
        OnError::SuddenDeath => {
            let mut check = server.check();
            check.health = check.health.min(check.rise + 1);
        }
        OnError::MarkDown => {
            let mut check = server.check();
            check.health = check.health.min(check.rise);
        }
    }
    let info = format!("Detected {errors} consecutive errors, last one was: {words}");
    let outcome = Outcome { status: CheckStatus::Analyze, info, ..Outcome::default() };
    let applied = apply(server, Source::Check, &outcome, now_ms);
    Observation { probe_soon: true, outcome: Some(outcome), applied }
}

#[cfg(test)]
mod tests;
