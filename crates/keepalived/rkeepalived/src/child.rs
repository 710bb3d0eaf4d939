//! The life of a child process, from the fork to its exit code.

use std::net::SocketAddr;
use std::path::PathBuf;

use common_logging::Logger;
use common_os::pidfile::Pidfile;
use common_os::{daemon, limits, process, signals};
use keepalived_conf::model::{Config, ProcessScheduling};
use keepalived_daemon::heartbeat::Heartbeat;
use keepalived_daemon::options::Options;
use keepalived_daemon::{idle, vrrp};
use keepalived_notify::processes::ProcessMonitor;
use nix::libc;
use nix::sys::signal::Signal;

use crate::identity::{COMM, Role, exit};
use crate::report;

/// What a child takes from its parent.
pub struct Kit {
    /// What it is.
    pub role: Role,
    /// The configuration.
    pub config: Config,
    /// The command line.
    pub options: Options,
    /// How it reads the configuration again.
    pub reread: vrrp::Reread,
    /// Where it logs.
    pub logger: Logger,
    /// Under which name.
    pub ident: String,
    /// Its pidfile.
    pub pidfile: PathBuf,
    /// What its predecessor left.
    pub heartbeat: Heartbeat,
    /// Events of processes.
    pub processes: Option<ProcessMonitor>,
    /// Where the control socket is.
    pub control: PathBuf,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// The parent's pid.
    pub parent: i32,
}

/// Lives as a child; never returns. Signals are still blocked.
pub fn live(kit: Kit) -> ! {
    let code = run(kit);
    report::child_stopped();
    daemon::exit_now(i32::from(code))
}

fn run(kit: Kit) -> u8 {
    kit.logger.set_ident(&kit.ident);
    // The parent may have died before the request for its signal.
    let _ = process::die_with_parent(Signal::SIGTERM);
    if nix::unistd::getppid().as_raw() != kit.parent {
        return exit::OK;
    }
    let global = &kit.config.global;
    let (name, scheduling) = match kit.role {
        Role::Vrrp => (&global.names.vrrp, &global.vrrp_process),
        Role::Check => (&global.names.checker, &global.checker_process),
        Role::Bfd => (&global.names.bfd, &global.bfd_process),
    };
    let _ = process::set_name(name.as_deref().unwrap_or(COMM));
    schedule(scheduling);
    let pidfile = Pidfile::create(&kit.pidfile);
    if let Err(error) = &pidfile {
        tracing::warn!("Unable to write pidfile {}: {error}", kit.pidfile.display());
    }
    let code = match kit.role {
        Role::Vrrp => run_vrrp(kit),
        Role::Check | Role::Bfd => match idle::run() {
            Ok(()) => exit::OK,
            Err(error) => {
                tracing::error!("{error}");
                exit::FATAL
            }
        },
    };
    if let Ok(pidfile) = pidfile {
        pidfile.remove();
    }
    code
}

fn run_vrrp(kit: Kit) -> u8 {
    // The runtime reaps scripts by this signal; the others stay blocked until it takes them.
    let _ = signals::unblock(&[libc::SIGCHLD]);
    let setup = vrrp::Setup {
        config: kit.config,
        options: kit.options,
        reread: kit.reread,
        heartbeat: kit.heartbeat,
        processes: kit.processes,
        control: Some(kit.control),
        metrics: kit.metrics,
    };
    match vrrp::run(setup) {
        vrrp::Exit::Stopped => exit::OK,
        vrrp::Exit::Fatal => exit::FATAL,
        vrrp::Exit::Config => exit::CONFIG,
        vrrp::Exit::NotPermitted => exit::MISSING_PERMISSION,
    }
}

/// Each setting by itself: what is not permitted is told and left.
fn schedule(wanted: &ProcessScheduling) {
    let told = |what: &str, result: std::io::Result<()>| {
        if let Err(error) = result {
            tracing::warn!("Unable to set {what}: {error}");
        }
    };
    if let Some(nice) = wanted.priority {
        told("process priority", limits::set_nice(nice));
    }
    if wanted.no_swap {
        told("no_swap", limits::lock_memory());
    }
    if !wanted.cpu_affinity.is_empty() {
        told("CPU affinity", limits::set_affinity(&wanted.cpu_affinity));
    }
    if let Some(priority) = wanted.rt_priority.and_then(|priority| i32::try_from(priority).ok()) {
        if let Some(micros) = wanted.rlimit_rttime_us {
            told("rlimit_rttime", limits::set_rttime(u64::from(micros)));
        }
        told("real-time priority", limits::set_realtime(priority.min(limits::realtime_max())));
    }
}
