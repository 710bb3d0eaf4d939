//! The master (`-W`, `-Ws`): it starts a worker and watches it, takes commands on its own socket, and reloads. It serves
//! no traffic and keeps its rights; what a worker without rights cannot do is done here, or by a reader started here.
//!
//! [`supervise`] is the only file that acts on children; [`cli`] asks it through events.

pub mod cli;
mod discover;
mod exits;
mod invocation;
mod log;
mod notify;
mod procs;
mod reload;
mod sockets;
mod spawn;
mod supervise;
mod voice;
mod waiting;
mod watchdog;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;

use common_os::daemon::{self, Fork};
use common_os::inherit;
use haproxy_conf::{Environment, Severity};

use crate::answers::Process;
use crate::args::{Args, MasterWorker};
use crate::pages::shown_place;
use crate::{environment, load, start};

use invocation::Invocation;
use notify::Manager;
use procs::{Child, Own};
use supervise::{First, Plan};
use voice::Voice;
use waiting::Waiting;

/// Set for a master that took the place of another by exec.
const AGAIN: &str = "HAPROXY_MWORKER_REEXEC";

/// Set by the original for one that shall only watch the children it finds.
const ONLY_WATCH: &str = "HAPROXY_MWORKER_WAIT_ONLY";

/// Variables that are for a master's successor alone.
const FOR_A_SUCCESSOR: &[&str] = &[AGAIN, ONLY_WATCH, procs::VARIABLE, waiting::VARIABLE];

/// Runs the master until its last child has ended.
pub fn run(args: Args, process: &Process, words: Vec<OsString>) -> ExitCode {
    let voice = Rc::new(Voice::new(process.program.clone()));
    match prepare(args, process, words, &voice).and_then(|plan| supervise(plan, &voice, &process.name)) {
        Ok(code) => ExitCode::from(code),
        Err(text) => {
            voice.say(Severity::Alert, &text);
            ExitCode::from(1)
        }
    }
}

fn supervise(plan: Plan, voice: &Rc<Voice>, name: &str) -> Result<u8, String> {
    supervise::run(plan, voice).map_err(|error| format!("[{name}.main()] {error}"))
}

/// Everything before the first child: settings, sockets, background.
fn prepare(args: Args, process: &Process, words: Vec<OsString>, voice: &Rc<Voice>) -> Result<Plan, String> {
    let name = &process.name;
    let former = former_family();
    let again = former.is_some();
    let mut env = Environment::from_process();
    environment::before_reading(&mut env, &args, &start::host_name()).map_err(|error| error.to_string())?;
    if let Some(directory) = args.directory.as_ref().filter(|_| !again) {
        std::env::set_current_dir(directory)
            .map_err(|error| format!("Could not change to directory {directory} : {error}"))?;
    }
    let invocation = Invocation::of_process(name.into(), words, again);
    let discover = {
        let (args, env) = (args.clone(), env.clone());
        Box::new(move || discover::global(&args, &mut env.clone(), load::machine_files()))
    };
    let global = discover();
    let sockets = match &args.master_socket {
        Some(text) => sockets::open(text, &env, voice)?,
        None => Vec::new(),
    };
    environment::of_master(&mut env, &sockets.iter().map(|(bind, _)| shown_place(bind)).collect::<Vec<_>>())
        .map_err(|error| error.to_string())?;
    if args.is_silent() || (global.quiet && !args.switches.verbose) {
        voice.say_only_alerts();
    }
    let launcher = if !again && args.goes_to_background(global.daemon) {
        Some(go_to_background().map_err(|error| format!("[{name}.main()] Cannot fork: {error}"))?)
    } else {
        None
    };
    // after the fork the process has another number
    voice.renumber();
    let manager = match args.master_worker {
        MasterWorker::Systemd => Manager::of_environment(),
        MasterWorker::On | MasterWorker::Off => Manager::default(),
    };
    let (own, children) = former.unwrap_or_else(|| (Own::new(), Vec::new()));
    let first = First {
        worker: !again || std::env::var_os(ONLY_WATCH).is_none(),
        waiting: Waiting::of_environment(),
    };
    Ok(Plan { invocation, global, discover, sockets, launcher, manager, own, children, env, first })
}

/// The numbers and children of the master whose place this one took, if it did.
fn former_family() -> Option<(Own, Vec<Child>)> {
    std::env::var_os(AGAIN)?;
    let (own, found) = procs::from_variable(&std::env::var(procs::VARIABLE).ok()?)?;
    let adopt = |(child, fd): (Child, i32)| {
        let link = inherit::take(fd).ok().map(Rc::new);
        Child { link, ..child }
    };
    Some((own, found.into_iter().map(adopt).collect()))
}

/// What the starting process waits for: one byte, the code to end with.
#[derive(Debug)]
pub struct Launcher(UnixStream);

impl Launcher {
    /// Lets the starting process end.
    pub fn release(mut self, code: u8) {
        // it may have been killed
        let _ = self.0.write_all(&[code]);
    }
}

/// Goes on in the background. The starting process stays until the first worker serves or has failed.
fn go_to_background() -> std::io::Result<Launcher> {
    let (mut waiting, launcher) = UnixStream::pair()?;
    if let Fork::Parent(_) = daemon::fork()? {
        drop(launcher);
        let mut code = [1];
        // no byte: the master has died, and 1 stays
        let _ = waiting.read_exact(&mut code);
        daemon::exit_now(i32::from(code[0]));
    }
    nix::unistd::setsid()?;
    Ok(Launcher(launcher))
}
