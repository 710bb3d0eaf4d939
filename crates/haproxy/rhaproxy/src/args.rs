//! The command line (management manual chapter 3): parsed into plain data, with nothing done yet.
//!
//! Flags are rows of [`flags::FLAGS`]; this file walks over the arguments. As in the original, arguments act in order:
//! `-v` and `-cc` answer at once, whatever follows them.

mod flags;
mod usage;

use std::ffi::OsString;

use haproxy_conf::{Environment, Facts, Source, evaluate_command_line};

pub use flags::{FLAGS, Flag, Value};
pub use usage::usage;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Load a configuration, then check it or run.
    Run(Box<Args>),
    /// Print a version text, exit 0.
    Version(VersionForm),
    /// Evaluate a condition, exit 0, 1 or 2.
    Condition(String),
    /// Say that no memory debugging is there, exit 0 (`-dMhelp`).
    MemoryHelp,
    /// List every keyword, exit 0 (`--dump-keywords`).
    Keywords,
    /// Print version and usage, after an alert if there is one; exit 1.
    Usage(Option<String>),
    /// Print an alert, exit 1.
    Refuse(String),
}

/// The texts of `-v` and its longer and shorter sisters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionForm {
    /// `-v`: four lines.
    Short,
    /// `-vv`: build options, features and libraries too.
    Full,
    /// `-vq`: the version alone.
    Number,
    /// `-vqs`: its numbers alone.
    Release,
    /// `-vqb`: the branch alone.
    Branch,
}

/// Whether a master watches the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MasterWorker {
    /// One process.
    #[default]
    Off,
    /// `-W`
    On,
    /// `-Ws`: a master that tells systemd when it is ready.
    Systemd,
}

/// The answer to a load, in the process's messages and life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// What the configuration says.
    #[default]
    Configured,
    /// `-D`: into the background.
    Daemon,
    /// `-db`: stay in the foreground.
    Foreground,
    /// `-d`: stay in the foreground and show traffic.
    Debug,
}

/// A class of `-dK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordClass {
    /// `acl`
    Acl,
    /// `cfg`
    Cfg,
    /// `cli`
    Cli,
    /// `cnv`
    Cnv,
    /// `flt`
    Flt,
    /// `smp`
    Smp,
    /// `svc`
    Svc,
}

impl KeywordClass {
    /// Names with what `-dKhelp` says of them, in the order of `-dKall`.
    pub const ALL: &'static [(&'static str, KeywordClass, &'static str)] = &[
        ("acl", KeywordClass::Acl, "ACL keywords"),
        ("cfg", KeywordClass::Cfg, "configuration keywords"),
        ("cli", KeywordClass::Cli, "CLI keywords"),
        ("cnv", KeywordClass::Cnv, "sample converter keywords"),
        ("flt", KeywordClass::Flt, "filter names"),
        ("smp", KeywordClass::Smp, "sample fetch functions"),
        ("svc", KeywordClass::Svc, "service names"),
    ];

    /// The text of `-dKhelp`.
    pub fn help() -> String {
        let mut out = String::from("# List of supported keyword classes:\nall: list all keywords\n");
        for (name, _, doc) in KeywordClass::ALL {
            out.push_str(&format!("{name}: {doc}\n"));
        }
        out
    }
}

/// What `-dK` lists, after the configuration is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DumpKeywords {
    /// Print the classes themselves.
    pub help: bool,
    /// The classes in the order asked.
    pub classes: Vec<KeywordClass>,
}

/// Switches without a value. Each is on when its flag was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Switches {
    /// `-c`: check and exit.
    pub check: bool,
    /// `-V`: wins over quiet.
    pub verbose: bool,
    /// `-q`: print nothing.
    pub quiet: bool,
    /// `-dW`: refuse to start after a warning.
    pub zero_warning: bool,
    /// `-dD`: remarks about what is suspicious.
    pub diagnostics: bool,
    /// `-dr`: start although server names do not resolve.
    pub ignore_resolution_failures: bool,
    /// `-dV`: do not verify servers' certificates.
    pub no_server_verify: bool,
    /// `-dR`: no SO_REUSEPORT.
    pub no_reuseport: bool,
    /// `-dS`: no splice.
    pub no_splice: bool,
    /// `-dF`: no fast forwarding, and no splice with it.
    pub no_fast_forward: bool,
    /// `-dZ`: no zero-copy forwarding, and no splice with it.
    pub no_zero_copy: bool,
    /// `-dG`: do not resolve names through the system's library.
    pub no_getaddrinfo: bool,
    /// `-dI`: children may be started.
    pub insecure_fork: bool,
    /// `-dL`: list loaded libraries after the load.
    pub dump_libraries: bool,
    /// `-4`: resolve to IPv4 only.
    pub ipv4_only: bool,
}

/// The command line as data. Numbers are `None` where the flag was not given.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Args {
    /// Files and directories of `-f` and `--`, in order, as given.
    pub sources: Vec<Source>,
    /// `-C`: where to go before loading.
    pub directory: Option<String>,
    /// Background or foreground.
    pub mode: Mode,
    /// Switches.
    pub switches: Switches,
    /// `-L`: the local peer's name.
    pub local_peer: Option<String>,
    /// `-n`: the process's maxconn; wins over the configuration.
    pub maxconn: Option<u32>,
    /// `-N`: the proxies' default maxconn.
    pub proxy_maxconn: Option<u32>,
    /// `-m`: megabytes of memory.
    pub memory_mb: Option<u32>,
    /// `-p`: wins over the configuration.
    pub pidfile: Option<String>,
    /// `-W`, `-Ws`.
    pub master_worker: MasterWorker,
    /// `-S`: address and bind options of the master's socket, separated by commas.
    pub master_socket: Option<String>,
    /// `-sf`: processes to finish once we serve.
    pub finish: Vec<i32>,
    /// `-st`: processes to terminate once we serve.
    pub terminate: Vec<i32>,
    /// Whether `-sf` or `-st` was given, even with no process.
    pub replaces: bool,
    /// `-x`: where to fetch listening sockets.
    pub inherit_from: Option<String>,
    /// `--compare`: the program to compare with, empty for the installed one.
    pub compare: Option<String>,
    /// `-dK`.
    pub dump_keywords: Option<DumpKeywords>,
    /// `-dC`: print the configuration.
    pub dump_configuration: bool,
    /// Warnings about the command line itself.
    pub warnings: Vec<String>,
    /// Notices about flags that change nothing here.
    pub notices: Vec<String>,
}

impl Args {
    /// Whether messages are printed at all: `-V` wins over `-q`, wherever it stands.
    pub fn is_silent(&self) -> bool {
        self.switches.quiet && !self.switches.verbose
    }

    /// Whether the process goes to the background, where `configured` is what the configuration says. The manager that
    /// `-Ws` is for keeps the process itself, so that the configuration's word does not count for it.
    pub fn goes_to_background(&self, configured: bool) -> bool {
        match self.mode {
            Mode::Daemon => true,
            Mode::Configured => configured && self.master_worker != MasterWorker::Systemd,
            Mode::Foreground | Mode::Debug => false,
        }
    }
}

/// Reads the arguments behind the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Command {
    let mut words = Vec::new();
    for argument in arguments {
        match argument.into_string() {
            Ok(word) => words.push(word),
            Err(raw) => {
                return Command::Refuse(format!("argument '{}' is not UTF-8.", raw.to_string_lossy()));
            }
        }
    }
    match walk(&words) {
        Ok(args) if args.sources.is_empty() => Command::Usage(None),
        Ok(args) => Command::Run(Box::new(args)),
        Err(command) => command,
    }
}

/// Evaluates the condition of `-cc`: the exit code, and the alert if there is one.
pub fn evaluate_condition(condition: &str, facts: &Facts, env: &Environment) -> (u8, Option<String>) {
    match evaluate_command_line(condition.as_bytes(), facts, env) {
        Ok(true) => (0, None),
        Ok(false) => (1, None),
        Err(alert) => (2, Some(format!("config : {alert}"))),
    }
}

fn walk(words: &[String]) -> Result<Args, Command> {
    let mut args = Args::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        let (flag, attached) = find(word).ok_or(Command::Usage(None))?;
        if let Some(why) = flag.no_effect {
            args.notices.push(format!("'{}' is accepted but has no effect: {why}.", flag.name));
        }
        match flag.value {
            Value::None => (flag.run)(&mut args, "")?,
            Value::Attached(_) => (flag.run)(&mut args, attached)?,
            Value::Word(_) => {
                let value = words.get(at).ok_or_else(|| missing_value(flag))?;
                at += 1;
                (flag.run)(&mut args, value)?;
            }
            Value::OptionalWord(_) => {
                let value = words.get(at).filter(|next| !next.starts_with('-'));
                at += usize::from(value.is_some());
                (flag.run)(&mut args, value.map_or("", String::as_str))?;
            }
            Value::WordsToDash(_) => {
                (flag.run)(&mut args, "")?;
                while let Some(value) = words.get(at).filter(|next| !next.starts_with('-')) {
                    at += 1;
                    (flag.run)(&mut args, value)?;
                }
            }
            Value::WordsToEnd(_) => {
                for value in &words[at..] {
                    (flag.run)(&mut args, value)?;
                }
                at = words.len();
            }
        }
    }
    if args.master_socket.is_some() && args.master_worker == MasterWorker::Off {
        let text = "a master CLI socket was defined, but master-worker mode (-W) is not enabled.";
        args.warnings.push(text.to_owned());
    }
    Ok(args)
}

/// The flag a word names, with what is attached to it.
fn find(word: &str) -> Option<(&'static Flag, &str)> {
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == word) {
        return Some((flag, ""));
    }
    let attached = FLAGS.iter().filter(|flag| matches!(flag.value, Value::Attached(_)));
    attached.filter_map(|flag| Some((flag, word.strip_prefix(flag.name)?))).next()
}

fn missing_value(flag: &Flag) -> Command {
    match flag.name {
        name if name == flags::CONDITION => Command::Usage(None),
        name => Command::Usage(Some(format!("missing argument to option '{name}'."))),
    }
}

#[cfg(test)]
mod tests;
