//! From `main` to the running parent.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common_logging::{Detail, Facility, Logger, install, keepalived_console};
use common_os::pidfile::{self, Holder, Pidfile};
use common_os::sdnotify::Notifier;
use common_os::signals::SignalQueue;
use common_os::{daemon, limits, memory, netns, process};
use keepalived_conf::model::Config;
use keepalived_daemon::heartbeat::Heartbeat;
use keepalived_daemon::options::{AtStop, Options};
use keepalived_notify::processes::ProcessMonitor;
use nix::sys::stat::{Mode, umask};

use crate::args::{self, Action, Args};
use crate::config::{self, Loaded};
use crate::identity::{COMM, VERSION, exit};
use crate::parent::{self, Parent};
use crate::pidfiles::Paths;
use crate::{client, report, usage};

/// Files are for the daemon's user alone unless `umask` or `-u` says otherwise.
const UMASK: u32 = 0o177;

/// The program; `words` begin with its own name.
pub fn main(words: &[String]) -> ExitCode {
    ExitCode::from(run(words))
}

fn run(words: &[String]) -> u8 {
    // Whatever the file is called: scripts look for this name.
    let _ = process::set_name(COMM);
    memory::keep_small();
    let program = words.first().map_or("keepalived", String::as_str);
    let rest = words.get(1..).unwrap_or_default();
    if let Some(code) = client::run(rest) {
        return code;
    }
    let args = match args::parse(rest) {
        Ok(args) => Args { random_seed: common_os::clock::realtime_us(), ..args },
        Err(text) => {
            eprintln!("{text}");
            return exit::FATAL;
        }
    };
    if !args.stray.is_empty() {
        println!("Unexpected argument(s): {} ", args.stray.join(" "));
    }
    for complaint in &args.complaints {
        eprintln!("{complaint}");
    }
    match &args.action {
        Action::Version => eprint!("{}", usage::version()),
        Action::Help => eprint!("{}", usage::help(program)),
        Action::Signum(number) => println!("{number}"),
        Action::Genhash => {
            eprintln!("genhash is not part of this version");
            return exit::FATAL;
        }
        Action::Test(file) => return test(&args, file.as_deref()),
        Action::Explain => return config::explain(&args),
        Action::DumpKeywords => print!("{}", config::keywords()),
        Action::Run => return start(args, words),
    }
    exit::OK
}

/// `-t`.
fn test(args: &Args, file: Option<&Path>) -> u8 {
    let (text, code) = config::test(args);
    let written = match file {
        None => io::stderr().write_all(text.as_bytes()),
        Some(path) => fs::write(path, text),
    };
    if let Err(error) = written {
        eprintln!("{error}");
    }
    code
}

fn start(args: Args, words: &[String]) -> u8 {
    let logger = open_log(&args);
    report::starting(words);
    let code = match enter(args, &logger) {
        Ok(Ended::Ran(code)) => code,
        Ok(Ended::AlreadyRunning) => return exit::OK,
        Err(error) => {
            tracing::error!("{error}");
            exit::FATAL
        }
    };
    report::stopped();
    code
}

/// How a start came out.
enum Ended {
    Ran(u8),
    AlreadyRunning,
}

fn enter(args: Args, logger: &Logger) -> io::Result<Ended> {
    let mut loaded = config::load(&args);
    let namespace = namespace(&args, &loaded.config);
    // The kernel tells of processes only to listeners of the first namespace.
    let processes = open_processes(&loaded.config);
    if let Some(name) = &namespace {
        let target =
            netns::open(name).map_err(|error| named(&format!("network namespace {name}"), &error))?;
        netns::enter(&target)?;
        // Interfaces were looked for in the wrong place.
        loaded = config::load(&args);
    }
    config::log(&loaded);
    if let Some(code) = loaded.fatal_code() {
        return Ok(Ended::Ran(code));
    }
    let parts = [namespace.clone(), loaded.config.root.instance.clone()];
    let suffix: String = parts.into_iter().flatten().map(|part| format!("_{part}")).collect();
    if !suffix.is_empty() {
        tracing::info!("Changing syslog ident to Keepalived{suffix}");
    }
    logger.set_ident(&format!("Keepalived{suffix}"));
    let Some((parent, pidfile)) = prepare(args, loaded, logger.clone(), suffix, namespace, processes)? else {
        return Ok(Ended::AlreadyRunning);
    };
    let code = parent.run();
    pidfile.remove();
    Ok(Ended::Ran(code))
}

fn open_log(args: &Args) -> Logger {
    let logger = Logger::new("Keepalived");
    if args.console {
        logger.set_console(Some(keepalived_console));
    }
    if !args.no_syslog {
        logger.set_syslog(Some(args.facility.unwrap_or(Facility::DAEMON)));
    }
    logger.set_file(args.log_file.as_deref(), keepalived_console);
    let detail = match args.detail {
        0 => Detail::Normal,
        1 => Detail::More,
        _ => Detail::All,
    };
    install(logger.clone(), detail);
    for (option, why) in &args.without_effect {
        tracing::warn!("--{option} has no effect: {why}");
    }
    logger
}

fn namespace(args: &Args, config: &Config) -> Option<String> {
    args.namespace.clone().or_else(|| config.root.net_namespace.clone())
}

/// Everything up to the first child. `None` if another daemon is running.
fn prepare(
    args: Args,
    loaded: Loaded,
    logger: Logger,
    suffix: String,
    namespace: Option<String>,
    processes: Option<ProcessMonitor>,
) -> io::Result<Option<(Parent, Pidfile)>> {
    let known = loaded.known();
    let config = loaded.into_config();
    let paths = Paths::new(&args, &config.root, namespace.as_deref());
    if let Some(directory) = &paths.directory {
        fs::create_dir_all(directory)?;
        if let Some(name) = namespace.as_ref().filter(|_| args.pid.is_none()) {
            let own = directory.join(name);
            fs::create_dir_all(&own)?;
            netns::privatise(directory, &own)?;
        }
    }
    match pidfile::holder(&paths.parent, &[COMM, "rkeepalived"]) {
        Holder::Running(_) => {
            tracing::info!("daemon is already running");
            return Ok(None);
        }
        Holder::Stale => report::zombie(&paths.parent),
        Holder::Nobody => {}
    }
    if config.global.auto_priority.max.is_none() {
        report::auto_priority_notice();
    }
    if !args.foreground {
        daemon::daemonise()?;
    }
    umask(Mode::from_bits_truncate(args.umask.or(config.global.files.umask).unwrap_or(UMASK)));
    core_dumps(&args);
    let pidfile = Pidfile::create(&paths.parent)
        .map_err(|error| named(&format!("pidfile {}", paths.parent.display()), &error))?;
    process::adopt_orphans()?;
    let _ = process::set_name(config.global.names.parent.as_deref().unwrap_or(COMM));
    let options = Options {
        at_stop: if args.keep_vrrp { AtStop::Keep } else { AtStop::Release },
        report_addresses: args.report_addresses,
        detail: args.detail > 0,
        dump_conf: args.dump_conf,
        namespace,
        dump_dir: std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from),
        version: VERSION,
    };
    let parent = Parent {
        queue: SignalQueue::new(&parent::signals())?,
        manager: manager(),
        heartbeat: Heartbeat::new()?,
        children: HashMap::new(),
        waiting: HashMap::new(),
        delays: HashMap::new(),
        args,
        config,
        known,
        logger,
        suffix,
        paths,
        options,
        processes,
    };
    Ok(Some((parent, pidfile)))
}

fn open_processes(config: &Config) -> Option<ProcessMonitor> {
    if config.track_processes.is_empty() {
        return None;
    }
    ProcessMonitor::open()
        .map_err(|error| {
            let code = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0));
            let (number, text) = (code as i32, code.desc());
            tracing::error!("Failed to set/clear process event listen - errno {number} - {text}");
        })
        .ok()
}

/// Only a service manager that started us waits for news.
fn manager() -> Option<Notifier> {
    if nix::unistd::getppid().as_raw() != 1 {
        return None;
    }
    Notifier::open(&std::env::var_os("NOTIFY_SOCKET")?).ok()
}

fn core_dumps(args: &Args) {
    if !args.core_dump {
        return;
    }
    if let Err(error) = limits::allow_core() {
        tracing::warn!("Unable to allow core dumps: {error}");
    }
    if let Some(pattern) = &args.core_pattern {
        let written = File::options().write(true).open("/proc/sys/kernel/core_pattern");
        if let Err(error) = written.and_then(|mut file| file.write_all(pattern.as_bytes())) {
            tracing::warn!("Unable to set the core pattern: {error}");
        }
    }
}

fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
