//! The rhaproxy program.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use haproxy_conf::{Environment, Program};
use rhaproxy::answers::{Process, answer};
use rhaproxy::args::{self, Command, MasterWorker};
use rhaproxy::role::Role;
use rhaproxy::version::VERSION;

/// Signals the program answers to.
const SIGNALS: [i32; 9] = [
    nix::libc::SIGTERM,
    nix::libc::SIGINT,
    nix::libc::SIGUSR1,
    nix::libc::SIGUSR2,
    nix::libc::SIGHUP,
    nix::libc::SIGQUIT,
    nix::libc::SIGTTOU,
    nix::libc::SIGTTIN,
    nix::libc::SIGCHLD,
];

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // descriptors a master left open are taken before anything else is opened
    let role = Role::of_process();
    let mut arguments = std::env::args_os();
    let name =
        arguments.next().map_or_else(|| "haproxy".to_owned(), |name| name.to_string_lossy().into_owned());
    let process = describe(name);
    // a parent may have blocked signals for itself; they are the program's way to be told
    drop(common_os::signals::unblock(&SIGNALS));
    // scripts find the process by this name, whatever its file is called
    drop(common_os::process::set_name("haproxy"));
    let words: Vec<OsString> = arguments.collect();
    let command = match args::parse(words.iter().cloned()) {
        Command::Run(args) => {
            rhaproxy::messages::install();
            if let Some(program) = &args.compare {
                return rhaproxy::compare::run(program, &args, &process);
            }
            let wants_master = args.master_worker != MasterWorker::Off && !args.switches.check;
            return match role {
                Role::Alone if wants_master => rhaproxy::master::run(*args, &process, words),
                Role::Alone => rhaproxy::start::run(*args, &process, words),
                Role::Worker(ties) => rhaproxy::start::work(*args, &process, ties),
                Role::Reader(ties) => rhaproxy::handover::reader::run(&args, &process, ties),
            };
        }
        command => command,
    };
    let given = answer(&command, &process, &Environment::from_process()).unwrap_or_default();
    // a closed output changes nothing about the exit code
    let _ = std::io::stdout().write_all(given.out.as_bytes());
    let _ = std::io::stderr().write_all(given.err.as_bytes());
    ExitCode::from(given.code)
}

fn describe(name: String) -> Process {
    let path = common_os::process::executable_of_self();
    let path = path.map_or_else(|| name.clone(), |path| path.to_string_lossy().into_owned());
    let system = nix::sys::utsname::uname().map_or_else(
        |_| "unknown".to_owned(),
        |system| {
            [system.sysname(), system.release(), system.version(), system.machine()]
                .map(|part| part.to_string_lossy().into_owned())
                .join(" ")
        },
    );
    let threads = rhaproxy::load::default_threads() as usize;
    let program = Program { version: VERSION.to_owned(), path, pid: std::process::id() };
    Process { name, program, system, threads }
}
