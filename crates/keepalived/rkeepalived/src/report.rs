//! The lines that tell a log reader where a run begins and ends.

use std::path::Path;

use common_logging::NOTICE;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::identity::VERSION;
use crate::usage;

/// `Starting Keepalived ...` to the command line.
pub fn starting(words: &[String]) {
    tracing::info!("Starting Keepalived {VERSION}");
    tracing::info!("Running on {}", usage::kernel());
    for line in usage::command_line(words) {
        tracing::info!("{line}");
    }
}

/// `max_auto_priority` is not set.
pub fn auto_priority_notice() {
    tracing::info!(
        target: NOTICE,
        "NOTICE: setting config option max_auto_priority should result in better keepalived performance"
    );
}

/// The last line of a child.
pub fn child_stopped() {
    let (own, children) = (of(UsageWho::RUSAGE_SELF), of(UsageWho::RUSAGE_CHILDREN));
    if children.0 == 0.0 && children.1 == 0.0 {
        tracing::info!("Stopped - used {:.6} user time, {:.6} system time", own.0, own.1);
    } else {
        tracing::info!(
            "Stopped - used (self/children) {:.6}/{:.6} user time, {:.6}/{:.6} system time",
            own.0,
            children.0,
            own.1,
            children.1
        );
    }
}

/// The last lines of the parent.
pub fn stopped() {
    let (own, children) = (of(UsageWho::RUSAGE_SELF), of(UsageWho::RUSAGE_CHILDREN));
    tracing::info!(
        "CPU usage (self/children) user: {:.6}/{:.6} system: {:.6}/{:.6}",
        own.0,
        children.0,
        own.1,
        children.1
    );
    tracing::info!("Stopped Keepalived {VERSION}");
}

/// A pidfile that a dead daemon left.
pub fn zombie(path: &Path) {
    tracing::info!("Remove a zombie pid file {}", path.display());
}

/// User and system time in seconds.
fn of(who: UsageWho) -> (f64, f64) {
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let read = |usage: Usage| (seconds(usage.user_time()), seconds(usage.system_time()));
    getrusage(who).map(read).unwrap_or((0.0, 0.0))
}
