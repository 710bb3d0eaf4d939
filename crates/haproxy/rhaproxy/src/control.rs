//! The control loop: signals, checks, the runtime API, reloads. It runs beside the data threads on the first thread.

use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use haproxy_admin::cli::Context;
use haproxy_engine::run::Running;
use haproxy_model::settings::BindSettings;
use socket2::Socket;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Args;
use crate::handover::receiver::{Bound, Fresh};
use crate::load::Lasting;
use crate::pages::{DoorKeys, Doors};
use crate::reload::{self, Reload};
use crate::role::Ties;
use crate::stop::Stop;
use crate::worker::{Describe, Wish};
use crate::{tell, worker};

/// What the control loop owns.
pub struct Control {
    /// The command line, for reloads.
    pub args: Args,
    /// What outlives one configuration.
    pub lasting: Lasting,
    /// The data plane.
    pub running: Rc<Running>,
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
    Pause,
    Resume,
    Drained,
    Loaded(Box<Result<Fresh, Vec<String>>>),
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
    let (wishes, mut wished) = tokio::sync::mpsc::unbounded_channel();
    let has_master = control.ties.is_some();
    if let Some(ties) = control.ties.take() {
        let describe = describe(&control, doors.keys());
        worker::start(ties, &control.context, describe, wishes.clone())?;
    }
    tokio::task::spawn_local(haproxy_engine::health::run(Arc::clone(&process)));
    let stop = Stop::default();
    let mut reload = Reload::default();
    loop {
        let event = tokio::select! {
            event = signals.next() => event,
            Some(wish) = wished.recv() => Event::Configuration(Box::new(wish)),
            loaded = reload.finished() => Event::Loaded(Box::new(loaded)),
            () = stop.drained(&process) => Event::Drained,
        };
        match event {
            Event::Terminate(signal) => return Ok(Ending::Killed(signal)),
            Event::SoftStop => stop.begin(&control.running),
            Event::Drained => {
                control.running.join();
                return Ok(Ending::Clean);
            }
            Event::Hangup => tell::servers(&process),
            Event::Quit => tell::memory(&process),
            Event::Pause => tell::paused(&process, || control.running.pause()),
            Event::Resume => tell::resumed(&process, || control.running.resume()),
            // a worker gets its configurations from its master
            Event::Reload if has_master || stop.has_begun() => {}
            Event::Reload => reload.begin(&control, doors.keys()),
            Event::Loaded(loaded) => {
                let outcome = (*loaded).and_then(|fresh| reload::apply(&control, fresh, &mut doors));
                reload::tell(outcome);
                reload.go_on(&control, doors.keys());
            }
            Event::Configuration(wish) => {
                let (fresh, done) = *wish;
                let refused = if stop.has_begun() {
                    Some("The worker is ending.".to_owned())
                } else {
                    reload::apply(&control, fresh, &mut doors).err().map(|faults| faults.join("\n"))
                };
                // the reader may have been killed
                drop(done.send(refused));
            }
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

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Terminate(nix::libc::SIGTERM),
            _ = self.interrupt.recv() => Event::Terminate(nix::libc::SIGINT),
            _ = self.soft_stop.recv() => Event::SoftStop,
            _ = self.hangup.recv() => Event::Hangup,
            _ = self.quit.recv() => Event::Quit,
            _ = self.reload.recv() => Event::Reload,
            _ = self.pause.recv() => Event::Pause,
            _ = self.resume.recv() => Event::Resume,
        }
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

/// What a reader is told of the process at the time it asks.
pub fn describe(control: &Control, doors: DoorKeys) -> Describe {
    let (args, lasting) = (control.args.clone(), control.lasting.clone());
    let process = Arc::clone(&control.running.process);
    Arc::new(move || Bound {
        args: args.clone(),
        lasting: lasting.clone(),
        host: process.hostname.clone(),
        old: process.snapshot.load_full(),
        open: process.doors.all(),
        stats: doors.list(),
    })
}
