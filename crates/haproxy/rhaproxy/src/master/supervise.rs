//! The master's loop: signals, the ends of children, the start of new ones. All that acts on children is here and in
//! [`super::reload`], which is the other half of the same state.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use common_os::{daemon, signals};
use haproxy_conf::{Environment, Severity};
use haproxy_model::global::Global;
use haproxy_model::settings::BindSettings;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use socket2::Socket;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::exits::{Exit, combine};
use super::invocation::Invocation;
use super::log::Log;
use super::notify::Manager;
use super::procs::{Child, Kind, Own};
use super::reload::Start;
use super::voice::Voice;
use super::waiting::Waiting;
use super::{Launcher, cli, spawn};
use crate::pages::shown_place;
use crate::start;

/// What a master begins with.
pub struct Plan {
    /// How to call this program again.
    pub invocation: Invocation,
    /// The settings of the configuration that concern a master.
    pub global: Global,
    /// Reads them again.
    pub discover: Box<dyn Fn() -> Global>,
    /// The master's own sockets.
    pub sockets: Vec<(BindSettings, Socket)>,
    /// Who waits for the first start, if the master went to the background.
    pub launcher: Option<Launcher>,
    /// The service manager.
    pub manager: Manager,
    /// The master's own numbers.
    pub own: Own,
    /// Children of the master whose place this one took.
    pub children: Vec<Child>,
    /// The environment, as `show env` lists it.
    pub env: Environment,
    /// What to begin with.
    pub first: First,
}

/// What a master begins with.
#[derive(Debug)]
pub struct First {
    /// Start a worker.
    pub worker: bool,
    /// Who waits for it.
    pub waiting: Waiting,
}

/// How the processes before shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With their last connection.
    Soft,
    /// At once; a new worker is started even if the old one could go on.
    Hard,
}

/// What happens to a master.
#[derive(Debug)]
pub enum Event {
    /// A signal came.
    Signal(i32),
    /// A child may have ended.
    Children,
    /// A worker serves.
    Ready(i32),
    /// The child that is starting says something.
    Said(Vec<u8>),
    /// The child that is starting has said all.
    Silent(i32),
    /// Someone asks for a reload.
    Reload(How, Waiting),
}

/// The family as all parts of the master see it.
#[derive(Debug)]
pub struct Family {
    /// The master.
    pub own: Own,
    /// Its children, the oldest first.
    pub children: Vec<Child>,
}

impl Family {
    /// The worker that serves.
    pub fn worker(&self) -> Option<&Child> {
        self.children.iter().find(|child| child.kind == Kind::Worker && !child.leaving)
    }
}

/// The master at work.
pub(super) struct Supervisor {
    pub(super) invocation: Invocation,
    pub(super) global: Global,
    pub(super) discover: Box<dyn Fn() -> Global>,
    pub(super) launcher: Option<Launcher>,
    pub(super) manager: Rc<Manager>,
    pub(super) voice: Rc<Voice>,
    pub(super) log: Log,
    pub(super) family: Rc<RefCell<Family>>,
    pub(super) events: UnboundedSender<Event>,
    pub(super) starting: Option<Start>,
    pub(super) waiting: VecDeque<(How, Waiting)>,
    pub(super) ending: bool,
    code: i32,
}

/// Signals a master answers to.
const SIGNALS: &[i32] = &[
    nix::libc::SIGTERM,
    nix::libc::SIGINT,
    nix::libc::SIGUSR1,
    nix::libc::SIGUSR2,
    nix::libc::SIGHUP,
    nix::libc::SIGQUIT,
    nix::libc::SIGTTOU,
    nix::libc::SIGTTIN,
];

/// Supervises until the last child has ended; the code to end with.
pub fn run(plan: Plan, voice: &Rc<Voice>) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let code = local.block_on(&runtime, serve(plan, Rc::clone(voice)))?;
    Ok(u8::try_from(code).unwrap_or(1))
}

async fn serve(plan: Plan, voice: Rc<Voice>) -> io::Result<i32> {
    let (events, arriving) = unbounded_channel();
    listen_to_signals(&events)?;
    let family = Rc::new(RefCell::new(Family { own: plan.own, children: plan.children }));
    let manager = Rc::new(plan.manager);
    super::watchdog::start(&manager, &family);
    let post = cli::Post {
        family: Rc::clone(&family),
        voice: Rc::clone(&voice),
        events: events.clone(),
        sockets: plan.sockets.iter().map(|(bind, _)| (shown_place(bind), cli::level(bind))).collect(),
        environment: plan.env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
    };
    cli::serve(&post, plan.sockets)?;
    let mut supervisor = Supervisor {
        invocation: plan.invocation,
        global: plan.global,
        discover: plan.discover,
        launcher: plan.launcher,
        manager,
        voice,
        log: Log::new(start::host_name()),
        family,
        events,
        starting: None,
        waiting: VecDeque::new(),
        ending: false,
        code: 0,
    };
    supervisor.begin(plan.first);
    Ok(supervisor.attend(arriving).await)
}

fn listen_to_signals(events: &UnboundedSender<Event>) -> io::Result<()> {
    for number in SIGNALS {
        let mut stream = signal(SignalKind::from_raw(*number))?;
        let events = events.clone();
        tokio::task::spawn_local(async move {
            while stream.recv().await.is_some() {
                // without a receiver the master is ending
                drop(events.send(Event::Signal(*number)));
            }
        });
    }
    let mut children = signal(SignalKind::child())?;
    let events = events.clone();
    tokio::task::spawn_local(async move {
        while children.recv().await.is_some() {
            drop(events.send(Event::Children));
        }
    });
    Ok(())
}

impl Supervisor {
    async fn attend(&mut self, mut arriving: UnboundedReceiver<Event>) -> i32 {
        // those who ended before the first signal could be heard
        self.reap();
        while !self.is_alone() {
            let Some(event) = arriving.recv().await else { break };
            match event {
                Event::Signal(number) => self.signal(number),
                Event::Children => self.reap(),
                Event::Ready(pid) => self.started(pid),
                Event::Said(text) => self.voice.pass_on(&String::from_utf8_lossy(&text)),
                Event::Silent(pid) => self.silent(pid),
                Event::Reload(how, waiting) => self.reload(how, waiting),
            }
        }
        self.voice.say(Severity::Warning, &format!("All workers exited. Exiting... ({})", self.code));
        self.release_launcher(u8::try_from(self.code).unwrap_or(1));
        self.code
    }

    fn is_alone(&self) -> bool {
        self.starting.is_none() && self.family.borrow().children.is_empty()
    }

    /// Lets the process that started this one end; from then on nobody sees what this one writes.
    pub(super) fn release_launcher(&mut self, code: u8) {
        if let Some(launcher) = self.launcher.take() {
            launcher.release(code);
            // what cannot be redirected stays where it is
            let _ = daemon::null().and_then(|null| daemon::silence(&null));
        }
    }

    fn signal(&mut self, number: i32) {
        match number {
            nix::libc::SIGUSR2 | nix::libc::SIGHUP => self.reload(How::Soft, Waiting::Nobody),
            nix::libc::SIGTERM | nix::libc::SIGINT | nix::libc::SIGUSR1 => self.end(number),
            // they concern processes that serve
            _ => self.send_all(number),
        }
    }

    /// Ends children and, with the last of them, the master.
    fn end(&mut self, number: i32) {
        if !std::mem::replace(&mut self.ending, true) {
            self.manager.stopping();
            self.voice.say(Severity::Warning, "Exiting Master process...");
        }
        self.send_all(number);
    }

    /// Sends a signal to all children.
    fn send_all(&self, number: i32) {
        let starting = self.starting.as_ref().map(|start| start.pid);
        for pid in starting.into_iter().chain(self.family.borrow().children.iter().map(|child| child.pid)) {
            signals::send(pid, number);
        }
    }

    fn reap(&mut self) {
        while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            match Exit::of(status) {
                Some((pid, exit)) => self.exited(pid, exit),
                None if status == nix::sys::wait::WaitStatus::StillAlive => break,
                None => {}
            }
        }
    }

    fn exited(&mut self, pid: i32, exit: Exit) {
        let Some(exit) = self.ended_at_start(pid, exit) else { return };
        let at = self.family.borrow().children.iter().position(|child| child.pid == pid);
        // others are orphans that init left to us
        let Some(at) = at else { return };
        let child = self.family.borrow_mut().children.remove(at);
        let (state, severity) = match (child.leaving, &child.kind, exit.code) {
            (true, ..) => ("Former", Severity::Warning),
            (false, Kind::Worker, 0) => ("Current", Severity::Warning),
            (false, ..) => ("Current", Severity::Alert),
        };
        let text = format!("{state} {} exited with code {} ({})", child.shown(), exit.code, exit.how);
        self.voice.say(severity, &text);
        if child.leaving {
            return;
        }
        self.code = combine(self.code, &exit);
        if exit.is_failure() {
            self.log.alert(&self.global, &text);
            if self.global.exit_on_failure {
                self.fail();
            }
        }
    }

    /// One child's failure ends all: who restarts services starts this one anew.
    fn fail(&mut self) {
        self.ending = true;
        self.voice.say(Severity::Alert, "exit-on-failure: killing every processes with SIGTERM");
        self.send_all(nix::libc::SIGTERM);
    }

    /// The first start failed: there is nothing to go on with.
    pub(super) fn give_up(&mut self, code: i32) {
        self.ending = true;
        self.code = code;
        self.send_all(nix::libc::SIGTERM);
    }

    /// Starts the programs that are to run beside a new worker; those before them end.
    pub(super) fn start_programs(&mut self, first: bool) {
        let named = |name: &String| self.global.programs.iter().any(|program| program.name == *name);
        self.leave(|child| matches!(&child.kind, Kind::Program(name) if !named(name)), How::Soft);
        for program in &self.global.programs {
            let running = self.family.borrow().children.iter().any(|child| {
                !child.leaving && matches!(&child.kind, Kind::Program(name) if *name == program.name)
            });
            if !first && running && !program.start_on_reload {
                continue;
            }
            self.leave(
                |child| matches!(&child.kind, Kind::Program(name) if *name == program.name),
                How::Soft,
            );
            match spawn::program(program) {
                Ok(pid) => {
                    let child = Child::program(pid, &program.name);
                    let text = format!("New program '{}' ({pid}) forked", program.name);
                    self.voice.say(Severity::Notice, &text);
                    self.family.borrow_mut().children.push(child);
                }
                Err(error) => {
                    let text = format!("Cannot start program '{}': {error}", program.name);
                    self.voice.say(Severity::Alert, &text);
                    self.code = combine(self.code, &Exit { code: 1, how: "Exit".to_owned() });
                    if self.global.exit_on_failure {
                        self.ending = true;
                    }
                }
            }
        }
        if self.ending {
            self.fail();
        }
    }

    /// Tells current children to end, and counts what they survive from now on.
    pub(super) fn leave(&self, wanted: impl Fn(&Child) -> bool, how: How) {
        for child in
            self.family.borrow_mut().children.iter_mut().filter(|child| !child.leaving && wanted(child))
        {
            child.leaving = true;
            child.reloads += 1;
            let signal = match how {
                How::Soft => nix::libc::SIGUSR1,
                How::Hard => nix::libc::SIGTERM,
            };
            signals::send(child.pid, signal);
        }
    }

    /// Takes up a new worker that serves.
    pub(super) fn adopt(&self, pid: i32, link: OwnedFd) {
        self.family.borrow_mut().children.push(Child::worker(pid, link));
    }
}
