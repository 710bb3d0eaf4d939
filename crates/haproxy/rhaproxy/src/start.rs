//! What happens between a good load and the first connection: limits, sockets, background, rights.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use common_os::daemon::{self, Fork};
use haproxy_admin::cli::Variables;
use haproxy_conf::{Environment, Severity, Show};
use haproxy_engine::log::LogOutput;
use haproxy_engine::run::{self, Machine};
use haproxy_expr::pattern::store::PatternRef;
use haproxy_model::snapshot::Snapshot;

use crate::answers::Process;
use crate::args::{Args, MasterWorker};
use crate::control::{self, Control};
use crate::load::{self, Lasting, Loaded};
use crate::messages;
use crate::pages::{Told, shown_place};
use crate::role::Ties;
use crate::{sockets, takeover};

/// Loads the configuration and runs it, or only checks it. `words` are the arguments, for a master that the
/// configuration asks for.
pub fn run(args: Args, process: &Process, words: Vec<OsString>) -> ExitCode {
    if let Some(directory) = &args.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        messages::print(Severity::Alert, &format!("Could not change to directory {directory} : {error}"));
        return ExitCode::from(1);
    }
    let lasting = Lasting::default();
    let Some(ready) = prepare(&args, process, &lasting) else { return ExitCode::from(1) };
    if let Some(asked) = &args.dump_keywords {
        print!("{}", crate::keywords::listing(asked));
    }
    if args.dump_configuration {
        print!("{}", load::document(&args).dump());
    }
    if args.switches.dump_libraries {
        // without /proc there is nothing to list
        print!(
            "{}",
            crate::libraries::listing(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default())
        );
    }
    if args.switches.check {
        return check(&ready.snapshot, ready.warned, ready.quiet);
    }
    if ready.snapshot.global.master_worker {
        let args = Args { master_worker: MasterWorker::On, directory: None, ..args };
        return crate::master::run(args, process, words);
    }
    finish(serve(args, ready, lasting, process, None))
}

/// Loads the configuration and runs it as the worker of a master.
pub fn work(mut args: Args, process: &Process, mut ties: Ties) -> ExitCode {
    // they are the master's business; the arguments only show whom this worker follows
    args.finish.clear();
    args.terminate.clear();
    if args.inherit_from.take().is_some_and(|path| path == takeover::NOWHERE) {
        ties.former = None;
    }
    // the configuration may have asked for the master
    if args.master_worker == MasterWorker::Off {
        args.master_worker = MasterWorker::On;
    }
    let lasting = Lasting::default();
    let Some(ready) = prepare(&args, process, &lasting) else { return ExitCode::from(1) };
    if let Some(asked) = &args.dump_keywords {
        print!("{}", crate::keywords::listing(asked));
    }
    finish(serve(args, ready, lasting, process, Some(ties)))
}

fn finish(outcome: Result<ExitCode, String>) -> ExitCode {
    outcome.unwrap_or_else(|text| {
        messages::print(Severity::Alert, &text);
        ExitCode::from(1)
    })
}

/// The machine's name.
pub fn host_name() -> String {
    nix::unistd::gethostname()
        .map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A configuration that may be started.
struct Ready {
    snapshot: Snapshot,
    patterns: Vec<Arc<PatternRef>>,
    host: String,
    warned: bool,
    quiet: bool,
    told: Told,
}

/// Loads and tells what there is to tell; `None` when it must not be started.
fn prepare(args: &Args, process: &Process, lasting: &Lasting) -> Option<Ready> {
    let mut env = Environment::from_process();
    let host = host_name();
    if let Err(error) = crate::environment::before_reading(&mut env, args, &host) {
        messages::print(Severity::Alert, &error.to_string());
        return None;
    }
    let loaded = load::load(args, &mut env, load::machine_files(), lasting, None);
    let quiet = args.is_silent() || (loaded.quiet && !args.switches.verbose);
    let startup_logs = show(&loaded, args, process, quiet);
    let warned = loaded.diags.counts().warnings > 0;
    if !may_start(&loaded, args) {
        return None;
    }
    let environment = listed(env, &loaded);
    let told = Told { startup_logs, environment };
    Some(Ready { snapshot: loaded.snapshot?, patterns: loaded.patterns, host, warned, quiet, told })
}

/// The environment after a load, as `show env` lists it.
pub fn listed(mut env: Environment, loaded: &Loaded) -> Variables {
    let sockets = loaded.snapshot.as_ref().map(|snapshot| snapshot.global.stats_sockets.as_slice());
    let places: Vec<String> = sockets.unwrap_or_default().iter().map(shown_place).collect();
    if let Err(error) = crate::environment::after_reading(&mut env, &loaded.sources, &places) {
        messages::print(Severity::Warning, &error.to_string());
    }
    env.unset(crate::role::VARIABLE.as_bytes()).ok();
    env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Whether a load without errors may be started: warnings are forbidden where `zero-warning` is set.
pub fn may_start(loaded: &Loaded, args: &Args) -> bool {
    let forbidden = args.switches.zero_warning || loaded.zero_warning;
    if loaded.snapshot.is_some() && forbidden && loaded.diags.counts().warnings > 0 {
        messages::print(Severity::Alert, "Some warnings were found and 'zero-warning' is set. Aborting.");
        return false;
    }
    loaded.snapshot.is_some()
}

/// What is said of a configuration that listens nowhere.
pub fn no_listener(process: &Process) -> String {
    format!("[{}.main()] No enabled listener found (check for 'bind' directives) ! Exiting.", process.name)
}

/// Prints the load's messages, and gives them back. Silence never hides errors.
pub fn show(loaded: &Loaded, args: &Args, process: &Process, quiet: bool) -> String {
    let least = match (quiet, args.switches.diagnostics) {
        (true, _) => Severity::Alert,
        (false, true) => Severity::Diag,
        (false, false) => Severity::Notice,
    };
    let text = loaded.diags.render(&process.program, Show { least, carets: true });
    eprint!("{text}");
    text
}

/// `-c`: the verdict on standard output.
fn check(snapshot: &Snapshot, warned: bool, quiet: bool) -> ExitCode {
    let mut lines = Vec::new();
    if warned {
        lines.push("Warnings were found.");
    }
    if !has_listener(snapshot) {
        lines.push("Configuration file has no error but will not start (no listener) => exit(2).");
    } else {
        lines.push("Configuration file is valid");
    }
    if !quiet {
        println!("{}", lines.join("\n"));
    }
    ExitCode::from(if has_listener(snapshot) { 0 } else { 2 })
}

/// A socket of the runtime API is a listener too.
pub fn has_listener(snapshot: &Snapshot) -> bool {
    !snapshot.listeners.is_empty() || !snapshot.global.stats_sockets.is_empty()
}

fn serve(
    args: Args,
    ready: Ready,
    lasting: Lasting,
    process: &Process,
    mut ties: Option<Ties>,
) -> Result<ExitCode, String> {
    let Ready { snapshot, patterns, host, quiet, told, .. } = ready;
    if !has_listener(&snapshot) {
        return Err(no_listener(process));
    }
    crate::saved::restore(&snapshot, &*load::machine_files());
    raise_limits(&snapshot)?;
    let former = ties.as_mut().and_then(|ties| ties.former.take());
    let mut supply = takeover::supply(&args, former, process)?;
    let opened = sockets::open(&snapshot, &mut supply, |_| true)
        .and_then(|opened| Ok((opened, sockets::open_stats(&snapshot, &mut supply, |_| true)?)));
    let (opened, stats) = opened.map_err(|faults| {
        supply.give_back();
        not_bound(faults, process)
    })?;
    // what was handed over and is not wanted must not keep clients waiting
    drop(supply);
    let log = LogOutput::default();
    log.open_early(&snapshot.global.logs);
    for px in &snapshot.proxies {
        log.open_early(&px.settings.logs);
    }
    let background = args.goes_to_background(snapshot.global.daemon);
    // a worker is where its master is
    if ties.is_none() {
        go_to_background(background, &snapshot, process)?;
    }
    let no_null = |error| format!("[{}.main()] Cannot use /dev/null: {error}", process.name);
    // `quiet` and `-q` keep everything but errors from the terminal
    let null = if background || quiet { Some(daemon::null().map_err(no_null)?) } else { None };
    enter_jail(&snapshot, process)?;
    // nothing can go wrong any more that an older process should serve on for
    takeover::relieve(&args);
    drop_rights(&snapshot, process)?;
    if let Some(null) = null {
        daemon::silence(&null).map_err(no_null)?;
        if let Some(ties) = &mut ties {
            ties.stderr = io::stderr().as_fd().try_clone_to_owned().map_err(no_null)?;
        }
    }
    let machine = Machine { hostname: host, pid: std::process::id() };
    let services = Arc::new(crate::pages::services());
    let idle = Arc::clone(&services.idle);
    let snapshot = Arc::new(snapshot);
    let listening = sockets::for_snapshot(&snapshot, opened);
    let running = run::start(snapshot, listening, log, services, machine)
        .map_err(|error| format!("[{}.main()] Cannot start threads: {error}", process.name))?;
    let running = Rc::new(running);
    let context =
        crate::pages::context(&running.process, idle, Arc::clone(&lasting.vars), patterns, &stats, told);
    let control = Control { args, lasting, running, stats, context: Arc::new(context), ties };
    control::run(control).map_err(|error| format!("[{}.main()] {error}", process.name))
}

/// Tells what could not be bound.
fn not_bound(faults: Vec<String>, process: &Process) -> String {
    for fault in &faults {
        messages::print(Severity::Alert, fault);
    }
    format!("[{}.main()] Some protocols failed to start their listeners! Exiting.", process.name)
}

fn raise_limits(snapshot: &Snapshot) -> Result<(), String> {
    let Some(wanted) = snapshot.global.ulimit_n else { return Ok(()) };
    let Ok((soft, hard)) = common_os::limits::open_files() else { return Ok(()) };
    if wanted <= soft {
        return Ok(());
    }
    if common_os::limits::set_open_files(wanted, hard.max(wanted)).is_ok() {
        return Ok(());
    }
    // as much as is allowed
    drop(common_os::limits::set_open_files(hard, hard));
    let text = format!("[haproxy.main()] Cannot raise FD limit to {wanted}, limit is {hard}.");
    if snapshot.global.strict_limits {
        return Err(text);
    }
    messages::print(Severity::Warning, &text);
    Ok(())
}

fn go_to_background(background: bool, snapshot: &Snapshot, process: &Process) -> Result<(), String> {
    let fault = |what: &str, error: io::Error| format!("[{}.main()] {what}: {error}", process.name);
    if background && let Fork::Parent(child) = daemon::fork().map_err(|error| fault("Cannot fork", error))? {
        // the parent writes the child's pid, so that who waits for it can read the file at once
        if let Some(path) = &snapshot.global.pidfile {
            write_pidfile(path, child.as_raw()).map_err(|error| fault("Cannot create pidfile", error))?;
        }
        daemon::exit_now(0);
    }
    if background {
        nix::unistd::setsid().map_err(|error| fault("Cannot start a session", error.into()))?;
    } else if let Some(path) = &snapshot.global.pidfile {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        write_pidfile(path, pid)
            .map_err(|error| fault(&format!("Cannot create pidfile {}", path.display()), error))?;
    }
    Ok(())
}

fn write_pidfile(path: &Path, pid: i32) -> io::Result<()> {
    std::fs::write(path, format!("{pid}\n"))
}

fn enter_jail(snapshot: &Snapshot, process: &Process) -> Result<(), String> {
    let global = &snapshot.global;
    let name = &process.name;
    if let Some(root) = &global.chroot {
        if root.as_os_str() != OsStr::new("/") {
            nix::unistd::chroot(root.as_path()).map_err(|error| {
                format!("[{name}.main()] Cannot chroot({}): {}.", root.display(), error.desc())
            })?;
        }
        nix::unistd::chdir("/")
            .map_err(|error| format!("[{name}.main()] Cannot chdir(/): {}.", error.desc()))?;
    }
    Ok(())
}

fn drop_rights(snapshot: &Snapshot, process: &Process) -> Result<(), String> {
    let global = &snapshot.global;
    let name = &process.name;
    let gid = global.gid.filter(|gid| *gid != 0);
    let uid = global.uid.filter(|uid| *uid != 0);
    if gid.is_none() && uid.is_none() {
        return Ok(());
    }
    if !nix::unistd::geteuid().is_root() {
        // without rights there are none to drop
        return Ok(());
    }
    let gid = gid.unwrap_or_else(|| nix::unistd::getgid().as_raw());
    let uid = uid.unwrap_or(0);
    common_os::users::become_user(uid, gid, &[])
        .map_err(|error| format!("[{name}.main()] Cannot set gid {gid} and uid {uid}: {error}."))
}
