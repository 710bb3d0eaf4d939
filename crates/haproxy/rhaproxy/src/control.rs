//! The control loop: signals, checks, the runtime API, reloads. It runs beside the data threads on the first thread.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use haproxy_admin::cli::Context;
use haproxy_conf::{Environment, Severity, Show};
use haproxy_engine::run::Running;
use haproxy_model::settings::BindSettings;
use haproxy_model::snapshot::Snapshot;
use socket2::Socket;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Args;
use crate::handover::fixed;
use crate::handover::receiver::{Bound, Fresh};
use crate::load::{self, Lasting};
use crate::pages::{DoorKeys, Doors};
use crate::role::Ties;
use crate::worker::{Describe, Wish};
use crate::{messages, sockets, worker};

/// What the control loop owns.
pub struct Control {
    /// The command line, for reloads.
    pub args: Args,
    /// What outlives one configuration.
    pub lasting: Lasting,
    /// The data plane.
    pub running: Running,
    /// Sockets of the runtime API.
    pub stats: Vec<(BindSettings, Socket)>,
    /// What its commands work on.
    pub context: Arc<Context>,
    /// The tie to a master, if there is one.
    pub ties: Option<Ties>,
}

/// Signals the program answers to (management manual §4).
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    soft_stop: Signal,
    hangup: Signal,
    quit: Signal,
    reload: Signal,
    pause: Signal,
    resume: Signal,
}

/// What happened.
enum Event {
    Terminate(i32),
    SoftStop,
    Hangup,
    Quit,
    Reload,
    Ignored,
    Drained,
    Configuration(Box<Wish>),
}

/// Runs until the process shall end.
pub fn run(control: Control) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let ending = local.block_on(&runtime, serve(control))?;
    match ending {
        Ending::Clean => Ok(ExitCode::SUCCESS),
        Ending::Killed(signal) => {
            // the parent shall see which signal it was
            drop(runtime);
            die_of(signal)
        }
    }
}

enum Ending {
    Clean,
    Killed(i32),
}

async fn serve(mut control: Control) -> io::Result<Ending> {
    let mut doors = Doors::default();
    doors.open(&control.context, std::mem::take(&mut control.stats))?;
    let process = Arc::clone(&control.running.process);
    let mut signals = Signals::new()?;
    let mut stopping = false;
    let (wishes, mut wished) = tokio::sync::mpsc::unbounded_channel();
    let has_master = control.ties.is_some();
    if let Some(ties) = control.ties.take() {
        let describe = describe(&control, doors.keys());
        worker::start(ties, &control.context, describe, wishes.clone())?;
    }
    tokio::task::spawn_local(haproxy_engine::health::run(Arc::clone(&process)));
    loop {
        let event = tokio::select! {
            event = signals.next(&process, stopping) => event,
            Some(wish) = wished.recv() => Event::Configuration(Box::new(wish)),
        };
        match event {
            Event::Terminate(signal) => return Ok(Ending::Killed(signal)),
            Event::SoftStop if !stopping => {
                stopping = true;
                tell_stopped(&process.snapshot.load());
                control.running.soft_stop();
                if let Some(ms) = process.snapshot.load().global.hard_stop_after_ms {
                    tokio::task::spawn_local(async move {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                        messages::print(
                            Severity::Warning,
                            "soft-stop running for too long, performing a hard-stop.",
                        );
                        std::process::exit(0);
                    });
                }
            }
            Event::Drained => {
                control.running.join();
                return Ok(Ending::Clean);
            }
            Event::Hangup => tell_servers(&process.snapshot.load()),
            Event::Quit => tell_memory(&process),
            // a worker gets its configurations from its master
            Event::Reload if has_master => {}
            Event::Reload => reload(&control),
            Event::Configuration(wish) => {
                let (fresh, done) = *wish;
                let refused = if stopping {
                    Some("The worker is ending.".to_owned())
                } else {
                    apply(&control, fresh, &mut doors).err()
                };
                // the reader may have been killed
                drop(done.send(refused));
            }
            Event::SoftStop | Event::Ignored => {}
        }
    }
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            soft_stop: signal(SignalKind::user_defined1())?,
            hangup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            reload: signal(SignalKind::user_defined2())?,
            pause: signal(SignalKind::from_raw(nix::libc::SIGTTOU))?,
            resume: signal(SignalKind::from_raw(nix::libc::SIGTTIN))?,
        })
    }

    async fn next(&mut self, process: &haproxy_engine::process::Process, stopping: bool) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Terminate(nix::libc::SIGTERM),
            _ = self.interrupt.recv() => Event::Terminate(nix::libc::SIGINT),
            _ = self.soft_stop.recv() => Event::SoftStop,
            _ = self.hangup.recv() => Event::Hangup,
            _ = self.quit.recv() => Event::Quit,
            _ = self.reload.recv() => Event::Reload,
            _ = self.pause.recv() => Event::Ignored,
            _ = self.resume.recv() => Event::Ignored,
            () = drained(process), if stopping => Event::Drained,
        }
    }
}

async fn drained(process: &haproxy_engine::process::Process) {
    while process.connections.load(Ordering::Relaxed) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Ends by the signal's own action.
fn die_of(signal: i32) -> io::Result<ExitCode> {
    common_os::signals::reset_all();
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    common_os::signals::send(own, signal);
    std::thread::sleep(Duration::from_millis(200));
    Ok(ExitCode::from((128 + signal) as u8))
}

fn tell_stopped(snapshot: &Snapshot) {
    for px in &snapshot.proxies {
        let text = format!(
            "Proxy {} stopped (cumulated conns: FE: {}, BE: {}).",
            String::from_utf8_lossy(&px.name),
            px.live.frontend.sum(|c| c.connections.load()),
            px.live.backend.sum(|c| c.upstream.sessions.load())
        );
        messages::print(Severity::Warning, &text);
    }
}

/// HUP: one line per server.
fn tell_servers(snapshot: &Snapshot) {
    for px in snapshot.proxies.iter().filter(|px| px.role.is_backend()) {
        for server in &px.servers {
            let live = &server.live;
            let text = format!(
                "SIGHUP: Server {}/{} is {}. Conn: {} act, {} pend, {} tot.",
                String::from_utf8_lossy(&px.name),
                server.settings.balance.name,
                if live.usable() { "UP" } else { "DOWN" },
                live.current(),
                server.queue.length().now(),
                live.counters.sum(|c| c.upstream.sessions.load())
            );
            messages::print(Severity::Warning, &text);
        }
    }
}

/// QUIT: what there is to tell about memory.
fn tell_memory(process: &haproxy_engine::process::Process) {
    let text = format!(
        "Dumping pools usage. {} client connections; memory is managed per thread.",
        process.connections.load(Ordering::Relaxed)
    );
    messages::print(Severity::Notice, &text);
}

/// What a reader is told of the process at the time it asks.
fn describe(control: &Control, doors: DoorKeys) -> Describe {
    let (args, lasting) = (control.args.clone(), control.lasting.clone());
    let process = Arc::clone(&control.running.process);
    Arc::new(move || Bound {
        args: args.clone(),
        lasting: lasting.clone(),
        host: process.hostname.clone(),
        old: process.snapshot.load_full(),
        stats: doors.list(),
    })
}

/// Puts a configuration in force whose sockets are all there.
fn apply(control: &Control, fresh: Fresh, doors: &mut Doors) -> Result<(), String> {
    doors.renew(&control.context, &fresh.snapshot, fresh.stats).map_err(|error| error.to_string())?;
    control.running.replace(Arc::new(fresh.snapshot));
    control.context.patterns.store(Arc::new(fresh.patterns));
    control.context.environment.store(Arc::new(fresh.environment));
    control.running.listen(fresh.listening);
    Ok(())
}

/// USR2: a new snapshot beside the running one; refused as a whole when anything is wrong with it.
fn reload(control: &Control) {
    let process = &control.running.process;
    let old = process.snapshot.load_full();
    let mut env = Environment::from_process();
    let _ = crate::environment::before_reading(&mut env, &control.args, &process.hostname);
    let loaded = load::load(&control.args, &mut env, load::machine_files(), &control.lasting, Some(&old));
    let program = haproxy_conf::Program {
        version: crate::version::VERSION.to_owned(),
        path: String::new(),
        pid: process.pid,
    };
    eprint!("{}", loaded.diags.render(&program, Show { least: Severity::Warning, carets: true }));
    let environment = crate::start::listed(env, &loaded);
    let Some(snapshot) = loaded.snapshot else {
        messages::print(Severity::Alert, "Reload refused: the old configuration goes on.");
        return;
    };
    if let Some(change) = fixed::difference(&fixed::list(&old.global), &fixed::list(&snapshot.global)) {
        let text = format!("Reload refused: {change}, which a running process cannot do.");
        messages::print(Severity::Alert, &text);
        return;
    }
    let stays = |index: usize| {
        let listener = snapshot.listeners[index].id;
        haproxy_engine::accept::same_listener(&snapshot, listener, &old).is_some()
    };
    match sockets::open(&snapshot, |index| !stays(index)) {
        Ok(opened) => {
            control.running.replace(Arc::new(snapshot));
            control.context.patterns.store(Arc::new(loaded.patterns));
            control.context.environment.store(Arc::new(environment));
            control.running.listen(opened);
            messages::print(Severity::Notice, "Loading success.");
        }
        Err(faults) => {
            for fault in faults {
                messages::print(Severity::Alert, &fault);
            }
            messages::print(Severity::Alert, "Reload refused: the old configuration goes on.");
        }
    }
}
