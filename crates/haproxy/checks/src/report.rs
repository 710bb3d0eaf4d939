//! The log lines of checks and transitions, word for word (manual §8.1; levels are those of syslog).

use haproxy_balance::balancer::Totals;
use haproxy_balance::report::{CheckReport, CheckVerdict};
use haproxy_balance::server::{Admin, Operational, Server};

use crate::health::{Cause, Change, Source, Transition};
use crate::outcome::Outcome;

/// Syslog level `emerg`.
pub const EMERG: u8 = 0;
/// Syslog level `alert`.
pub const ALERT: u8 = 1;
/// Syslog level `notice`.
pub const NOTICE: u8 = 5;

/// A line and its syslog level.
pub type Line = (u8, String);

/// What became of a server's sessions when it changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Sessions it still serves.
    pub active: u32,
    /// Sessions sent to other servers from its queue.
    pub requeued: u32,
    /// Sessions left in the backend's queue.
    pub queued: u32,
}

/// The line of one probe for `option log-health-checks`.
pub fn probe_line(backend: &str, server: &Server, source: Source, outcome: &Outcome) -> Line {
    let conf = server.conf();
    let kind = match source {
        Source::Check => "Health",
        Source::Agent => "Agent",
    };
    let report = match source {
        Source::Check => server.check().clone(),
        Source::Agent => server.agent().clone(),
    };
    let verdict = match outcome.status.verdict() {
        CheckVerdict::Conditional => "conditionally succeeded",
        CheckVerdict::Passed => "succeeded",
        CheckVerdict::Neutral | CheckVerdict::Failed => "failed",
    };
    let backup = if conf.backup { "backup " } else { "" };
    let line = format!(
        "{kind} check for {backup}server {backend}/{} {verdict}, {}, status: {}.",
        conf.name,
        reason(outcome),
        health(&report)
    );
    (NOTICE, line)
}

fn health(report: &CheckReport) -> String {
    if report.is_up() {
        format!("{}/{} UP", report.health - report.rise + 1, report.fall)
    } else {
        format!("{}/{} DOWN", report.health, report.rise)
    }
}

/// `reason: Layer7 wrong status, code: 503, info: "...", check duration: 1ms`.
fn reason(outcome: &Outcome) -> String {
    let mut text = format!("reason: {}", outcome.status.description());
    if let Some(code) = outcome.code {
        text.push_str(&format!(", code: {code}"));
    }
    if !outcome.info.is_empty() {
        text.push_str(&format!(", info: \"{}\"", outcome.info));
    }
    text.push_str(&format!(", check duration: {}ms", outcome.duration_ms));
    text
}

/// Whether probes have lines of their own, so that transitions need not repeat the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbesLogged {
    /// `option log-health-checks`.
    Yes,
    /// Without it.
    No,
}

/// The lines of a transition. `totals` are those after the balancer's refresh.
pub fn transition_lines(
    backend: &str,
    transition: &Transition,
    totals: Totals,
    moved: Moved,
    probes: ProbesLogged,
) -> Vec<Line> {
    let conf = transition.server.conf();
    let backup = if conf.backup { "Backup " } else { "" };
    let name = format!("{backup}Server {backend}/{}", conf.name);
    let admin = transition.server.admin();
    let why = cause_text(&transition.cause, probes);
    let via = match &transition.cause {
        Cause::Via(name) => format!(" via {name}"),
        Cause::Outcome(_) | Cause::Cli | Cause::Unsaid => String::new(),
    };
    let on_backup = if totals.active == 0 && totals.backup > 0 { " Running on backup." } else { "" };
    let servers = format!("{} active and {} backup servers", totals.active, totals.backup);
    let left = format!(
        "{servers} left.{on_backup} {} sessions active, {} requeued, {} remaining in queue.",
        moved.active, moved.requeued, moved.queued
    );
    let online = format!(
        "{servers} online.{on_backup} {} sessions requeued, {} total in queue.",
        moved.requeued, moved.queued
    );
    let draining = admin.any(Admin::DRAIN);
    let down_level = if draining { NOTICE } else { ALERT };
    let mut lines = vec![match transition.change {
        Change::Down => (down_level, format!("{name} is DOWN{why}. {left}")),
        Change::Up => (NOTICE, format!("{name} is UP{why}. {online}")),
        Change::Stopping => (NOTICE, format!("{name} is stopping{why}. {online}")),
        Change::EnterMaint => {
            (down_level, format!("{name} is going DOWN for maintenance{}. {left}", maint_via(&via, admin)))
        }
        Change::LeaveMaint | Change::LeaveMaintDown => (NOTICE, leave_maint_line(&name, transition)),
        Change::EnterDrain => (NOTICE, format!("{name} enters drain state{via}. {online}")),
        Change::LeaveDrain => {
            let state = if transition.server.state() == Operational::Stopped { "DOWN" } else { "UP" };
            (NOTICE, format!("{name} is {state} (leaving forced drain)."))
        }
    }];
    let stays = !matches!(transition.change, Change::EnterDrain | Change::LeaveDrain | Change::EnterMaint);
    if stays && admin.any(Admin::FORCED_DRAIN) {
        lines.push((NOTICE, format!("{name} remains in forced drain mode.")));
    } else if stays && draining {
        lines.push((NOTICE, format!("{name} is leaving forced drain but remains in drain mode{via}.")));
    }
    lines
}

fn maint_via(via: &str, admin: Admin) -> String {
    if admin.any(Admin::RESOLVER_MAINT) { " (DNS resolution status)".to_owned() } else { via.to_owned() }
}

fn leave_maint_line(name: &str, transition: &Transition) -> String {
    let up = transition.change == Change::LeaveMaint;
    let state = match (up, transition.server.admin().any(Admin::DRAIN)) {
        (true, true) => "UP/DRAIN",
        (true, false) => "UP/READY",
        (false, true) => "DOWN/DRAIN",
        (false, false) => "DOWN/READY",
    };
    match transition.cause {
        Cause::Via(_) => format!("{name} is {state} (leaving maintenance)."),
        Cause::Outcome(_) | Cause::Cli | Cause::Unsaid => {
            format!("{name} is {state} (leaving forced maintenance).")
        }
    }
}

fn cause_text(cause: &Cause, probes: ProbesLogged) -> String {
    match (cause, probes) {
        (Cause::Outcome(outcome), ProbesLogged::No) => format!(", {}", reason(outcome)),
        (Cause::Outcome(_), ProbesLogged::Yes) | (Cause::Unsaid, _) => String::new(),
        (Cause::Cli, _) => ", changed from CLI".to_owned(),
        (Cause::Via(name), _) => format!(" via {name}"),
    }
}

/// The line of a proxy that lost its last server; `kind` is `backend`, or `proxy` for a `listen` section.
pub fn no_server_line(kind: &str, name: &str) -> Line {
    (EMERG, format!("{kind} {name} has no server available!"))
}

#[cfg(test)]
mod tests;
