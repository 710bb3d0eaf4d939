//! The parent: starts children, starts them again, passes signals on, and ends last.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use common_logging::Logger;
use common_os::daemon::{self, Fork};
use common_os::memory;
use common_os::sdnotify::Notifier;
use common_os::signals::{self, SignalQueue};
use keepalived_conf::model::{Config, Script};
use keepalived_daemon::heartbeat::Heartbeat;
use keepalived_daemon::options::Options;
use keepalived_notify::processes::ProcessMonitor;
use keepalived_notify::script::{self, Ended, Groups};
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::args::Args;
use crate::child::{self, Kit};
use crate::config::{self, Known, Loaded};
use crate::identity::{Role, exit};
use crate::pidfiles::Paths;

/// A child that ran longer than this starts without delay the next time.
const STABLE: Duration = Duration::from_secs(60);
/// Longest delay before a new start, in seconds.
const DELAY_MAX: u64 = 60;

/// The parent process.
pub struct Parent {
    /// The command line.
    pub args: Args,
    /// The live configuration.
    pub config: Config,
    /// Complaints about it.
    pub known: Known,
    /// Where it logs.
    pub logger: Logger,
    /// What comes after `Keepalived_vrrp` in log names.
    pub suffix: String,
    /// Where the pidfiles are.
    pub paths: Paths,
    /// For the children.
    pub options: Options,
    /// What outlives a vrrp process.
    pub heartbeat: Heartbeat,
    /// Events of processes, opened in the first namespace.
    pub processes: Option<ProcessMonitor>,
    /// The service manager.
    pub manager: Option<Notifier>,
    /// Signals.
    pub queue: SignalQueue,
    /// The children that live.
    pub children: HashMap<Role, Alive>,
    /// Those that are to be started again.
    pub waiting: HashMap<Role, Instant>,
    /// How long the next start of each is delayed.
    pub delays: HashMap<Role, u64>,
}

/// A child that lives.
#[derive(Clone, Copy, Debug)]
pub struct Alive {
    pid: Pid,
    since: Instant,
}

/// Whether the parent goes on.
enum Next {
    Go,
    Stop(u8),
}

/// Signals the parent takes.
pub fn signals() -> Vec<i32> {
    let mut all = keepalived_daemon::vrrp::signals();
    all.push(libc::SIGCHLD);
    all
}

/// Which processes a configuration needs.
pub fn roles(args: &Args, config: &Config) -> Vec<Role> {
    let only = args.wanted.vrrp_only || args.wanted.check_only;
    let wanted = |role: Role| {
        let (allowed, configured) = match role {
            Role::Vrrp => (!only || args.wanted.vrrp_only, has_vrrp(config)),
            Role::Check => (!only || args.wanted.check_only, !config.virtual_servers.is_empty()),
            Role::Bfd => (!args.wanted.no_bfd, !config.bfd.is_empty()),
        };
        allowed && (configured || args.wanted.all)
    };
    Role::ALL.into_iter().filter(|role| wanted(*role)).collect()
}

fn has_vrrp(config: &Config) -> bool {
    !config.instances.is_empty()
        || !config.static_addresses.is_empty()
        || !config.static_routes.is_empty()
        || !config.static_rules.is_empty()
}

impl Parent {
    /// Runs until a signal or a permanent error; the result is the exit code.
    pub fn run(mut self) -> u8 {
        let scripts = self.config.global.scripts.clone();
        self.run_script("startup", scripts.startup_script.as_ref(), scripts.startup_script_timeout_s);
        let roles = roles(&self.args, &self.config);
        if roles.is_empty() {
            tracing::warn!("Warning - keepalived has no configuration to run");
        }
        for role in roles {
            self.start(role);
        }
        self.tell_manager(&format!("READY=1\nMAINPID={}", std::process::id()));
        memory::forget_code();
        loop {
            if let Err(error) = self.wait() {
                tracing::error!("poll: {error}");
                return self.stop(exit::FATAL);
            }
            match self.take_signals() {
                Next::Go => self.start_waiting(),
                Next::Stop(code) => return self.stop(code),
            }
        }
    }

    fn wait(&self) -> io::Result<()> {
        let due = self.waiting.values().min();
        let timeout = match due {
            None => PollTimeout::NONE,
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
            }
        };
        let mut fds = [PollFd::new(self.queue.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn take_signals(&mut self) -> Next {
        while let Ok(Some(arrived)) = self.queue.next() {
            match arrived.signal {
                libc::SIGTERM | libc::SIGINT => return Next::Stop(exit::OK),
                libc::SIGCHLD => {
                    if let Next::Stop(code) = self.reap() {
                        return Next::Stop(code);
                    }
                }
                libc::SIGHUP => self.reload(),
                libc::SIGUSR1 => {
                    tracing::info!("Printing parent data for process({}) on signal", std::process::id());
                    let dump = keepalived_daemon::dump::parent(&self.config, &self.options);
                    if let Err(error) = dump {
                        tracing::warn!("Unable to write the parent's data: {error}");
                    }
                    self.forward(arrived.signal);
                }
                other => self.forward(other),
            }
        }
        Next::Go
    }

    /// Starts a child.
    fn start(&mut self, role: Role) {
        let about = role.about();
        let parent = i32::try_from(std::process::id()).unwrap_or(0);
        match daemon::fork() {
            Ok(Fork::Parent(pid)) => {
                tracing::info!("Starting {} child process, pid={pid}", about.title);
                self.children.insert(role, Alive { pid, since: Instant::now() });
            }
            Ok(Fork::Child) => child::live(self.kit(role, parent)),
            Err(error) => {
                tracing::error!("{} child process: fork error({error})", about.title);
                self.delay(role);
            }
        }
    }

    /// What the child takes along; only called in the child, which owns all of this from now on.
    fn kit(&mut self, role: Role, parent: i32) -> Kit {
        let ident = format!("{}{}", role.about().ident, self.suffix);
        let args = self.args.clone();
        let heartbeat = self.heartbeat.try_clone();
        let Ok(heartbeat) = heartbeat else { daemon::exit_now(i32::from(exit::FATAL)) };
        Kit {
            role,
            // Moved, not copied: the pages stay shared with the parent as long as nobody writes to them.
            config: std::mem::take(&mut self.config),
            options: self.options.clone(),
            reread: Box::new(move || config::reread(&args)),
            logger: self.logger.clone(),
            ident,
            pidfile: self.paths.of(role).to_owned(),
            heartbeat,
            processes: self.processes.take(),
            control: self.paths.control(),
            metrics: self.args.metrics,
            parent,
        }
    }

    /// Takes the exit codes of children, and of orphans that came to us.
    fn reap(&mut self) -> Next {
        loop {
            let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(_) => return Next::Go,
                Ok(status) => status,
            };
            let Some(pid) = status.pid() else { continue };
            let role = self.children.iter().find(|(_, child)| child.pid == pid).map(|(role, _)| *role);
            if let Some(role) = role
                && let Next::Stop(code) = self.died(role, pid, status)
            {
                return Next::Stop(code);
            }
        }
    }

    fn died(&mut self, role: Role, pid: Pid, status: WaitStatus) -> Next {
        let about = role.about();
        let Some(child) = self.children.remove(&role) else { return Next::Go };
        match status {
            WaitStatus::Exited(_, code) => {
                let code = u8::try_from(code).unwrap_or(exit::FATAL);
                let name = match code {
                    exit::FATAL => Some("FATAL"),
                    exit::CONFIG => Some("CONFIG"),
                    exit::MISSING_PERMISSION => Some("MISSING PERMISSION"),
                    _ => None,
                };
                if let Some(name) = name {
                    tracing::error!("pid {pid} exited with permanent error {name}. Terminating");
                    return Next::Stop(code);
                }
                tracing::error!("pid {pid} exited with status {code}");
            }
            WaitStatus::Signaled(_, signal, _) => {
                let hint = if signal == Signal::SIGKILL { " - has rlimit_rttime been exceeded?" } else { "" };
                let text = signal_text(signal);
                tracing::error!("pid {pid} exited due to signal {} ({text}){hint}", signal as i32);
            }
            _ => {}
        }
        if self.args.no_respawn {
            tracing::error!("{} child process({pid}) died: Exiting", about.title);
            return Next::Stop(exit::OK);
        }
        if child.since.elapsed() > STABLE {
            self.delays.remove(&role);
        }
        tracing::error!("{} child process({pid}) died: Respawning", about.title);
        self.delay(role);
        Next::Go
    }

    /// The first new start is at once, the next ones after 1, 2, 4 ... 60 seconds.
    fn delay(&mut self, role: Role) {
        let seconds = self.delays.get(&role).copied().unwrap_or(0);
        let short = if role == Role::Vrrp { "VRRP" } else { role.about().short };
        tracing::info!("Restart of {short} process delayed {seconds} seconds to limit respawn rate");
        self.delays.insert(role, (seconds * 2).clamp(1, DELAY_MAX));
        self.waiting.insert(role, Instant::now() + Duration::from_secs(seconds));
        if seconds == 0 {
            self.start_waiting();
        }
    }

    fn start_waiting(&mut self) {
        let now = Instant::now();
        let due: Vec<Role> =
            self.waiting.iter().filter(|(_, at)| **at <= now).map(|(role, _)| *role).collect();
        for role in due {
            self.waiting.remove(&role);
            self.start(role);
        }
    }

    fn reload(&mut self) {
        tracing::info!("Reloading ...");
        self.tell_manager(&format!("RELOADING=1\nMONOTONIC_USEC={}", common_os::clock::monotonic_us()));
        let loaded = config::load(&self.args);
        config::log(&loaded);
        if let Some(reason) = loaded.refusal(&self.known) {
            tracing::error!("The new configuration is refused, nothing changes: {reason}");
        } else {
            self.take_over(loaded);
        }
        self.tell_manager("READY=1");
    }

    /// Passes a new configuration on; processes it needs no longer are stopped, new ones started.
    fn take_over(&mut self, loaded: Loaded) {
        if loaded.config.root.net_namespace != self.config.root.net_namespace
            || loaded.config.root.instance != self.config.root.instance
        {
            tracing::warn!("net_namespace and instance cannot change at a reload - the old ones stay");
        }
        self.known = loaded.known();
        self.config = loaded.into_config();
        // What the old configuration held, and the code that read the new one.
        memory::trim();
        memory::forget_code();
        if self.processes.is_none() && !self.config.track_processes.is_empty() {
            self.processes = ProcessMonitor::open().ok();
        }
        let wanted = roles(&self.args, &self.config);
        for role in Role::ALL {
            match (wanted.contains(&role), self.children.get(&role)) {
                (true, Some(child)) => drop(kill(child.pid, Signal::SIGHUP)),
                (true, None) if !self.waiting.contains_key(&role) => self.start(role),
                (false, Some(child)) => {
                    let child = *child;
                    self.children.remove(&role);
                    let _ = kill(child.pid, Signal::SIGTERM);
                }
                (true, None) | (false, None) => {}
            }
        }
    }

    fn forward(&self, signal: i32) {
        for child in self.children.values() {
            signals::send(child.pid.as_raw(), signal);
        }
    }

    fn tell_manager(&self, state: &str) {
        if let Some(manager) = &self.manager {
            let _ = manager.send(state);
        }
    }

    /// Stops the children and waits for them.
    fn stop(mut self, code: u8) -> u8 {
        tracing::info!("Stopping");
        self.tell_manager("STOPPING=1");
        self.forward(libc::SIGTERM);
        let patience = Duration::from_secs(u64::from(self.config.root.child_wait_time_s));
        let deadline = Instant::now() + patience;
        while !self.children.is_empty() && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let _ = poll(&mut [PollFd::new(self.queue.as_fd(), PollFlags::POLLIN)], timeout);
            while let Ok(Some(_)) = self.queue.next() {}
            self.reap_at_stop();
        }
        for (role, child) in &self.children {
            tracing::error!("{} process failed to die - forcing termination", role.about().short);
            let _ = kill(child.pid, Signal::SIGKILL);
        }
        for child in self.children.values() {
            let _ = waitpid(child.pid, None);
        }
        let scripts = &self.config.global.scripts;
        self.run_script("shutdown", scripts.shutdown_script.as_ref(), scripts.shutdown_script_timeout_s);
        code
    }

    /// `startup_script` and `shutdown_script`: the daemon waits for them.
    fn run_script(&self, what: &str, script: Option<&Script>, timeout_s: u32) {
        let Some(script) = script else { return };
        let all = self.config.global.scripts.set_supplementary_groups;
        let groups = if all { Groups::Supplementary } else { Groups::Single };
        tracing::info!("Running {what} script {}", script.command_line());
        match script::run_blocking(script, groups, Duration::from_secs(u64::from(timeout_s))) {
            Ok(Some(Ended::Exited(0))) => {}
            Ok(Some(Ended::Exited(code))) => tracing::warn!("The {what} script exited with status {code}"),
            Ok(Some(Ended::Signalled(signal))) => tracing::warn!("The {what} script died of signal {signal}"),
            Ok(None) => tracing::warn!("The {what} script timed out"),
            Err(error) => tracing::warn!("Unable to run the {what} script: {error}"),
        }
    }

    fn reap_at_stop(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let Some(pid) = status.pid() else { return };
            self.children.retain(|_, child| child.pid != pid);
        }
    }
}

/// The C library's words for the signals that end a process most often; the name for others.
fn signal_text(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGKILL => "Killed",
        Signal::SIGTERM => "Terminated",
        Signal::SIGSEGV => "Segmentation fault",
        Signal::SIGABRT => "Aborted",
        Signal::SIGXCPU => "CPU time limit exceeded",
        other => other.as_str(),
    }
}
