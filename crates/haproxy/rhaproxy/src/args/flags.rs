//! Every flag, one row each.

use super::{Args, Command, DumpKeywords, KeywordClass, MasterWorker, Mode, VersionForm};
use haproxy_conf::Source;

/// What follows a flag. The text is its name in the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    None,
    /// One word, whatever it begins with.
    Word(&'static str),
    /// One word, unless the next one is a flag.
    OptionalWord(&'static str),
    /// The rest of the flag's own word.
    Attached(&'static str),
    /// Words up to the next flag.
    WordsToDash(&'static str),
    /// All words that follow.
    WordsToEnd(&'static str),
}

impl Value {
    /// Its name, empty for a flag without one.
    pub const fn shown(self) -> &'static str {
        match self {
            Value::None => "",
            Value::Word(name)
            | Value::OptionalWord(name)
            | Value::Attached(name)
            | Value::WordsToDash(name)
            | Value::WordsToEnd(name) => name,
        }
    }
}

/// One flag.
#[derive(Debug)]
pub struct Flag {
    /// As written, dash included.
    pub name: &'static str,
    /// What follows it.
    pub value: Value,
    /// Why it changes nothing here, for those that do not.
    pub no_effect: Option<&'static str>,
    /// Takes it, with its value or `""`. `Err` answers at once.
    pub run: fn(&mut Args, &str) -> Result<(), Command>,
    /// A few words for the usage.
    pub doc: &'static str,
}

/// The flag of a condition; without one it prints the usage and no alert.
pub(super) const CONDITION: &str = "-cc";

const EPOLL: &str = "the event loop is built on epoll";
const POOLS: &str = "memory comes from the allocator and is never shown before it is written";

const fn switch(
    name: &'static str,
    run: fn(&mut Args, &str) -> Result<(), Command>,
    doc: &'static str,
) -> Flag {
    Flag { name, value: Value::None, no_effect: None, run, doc }
}

const fn with(
    name: &'static str,
    value: Value,
    run: fn(&mut Args, &str) -> Result<(), Command>,
    doc: &'static str,
) -> Flag {
    Flag { name, value, no_effect: None, run, doc }
}

/// A switch that only `enabled()` of conditions sees.
const fn seen(
    name: &'static str,
    why: &'static str,
    run: fn(&mut Args, &str) -> Result<(), Command>,
    doc: &'static str,
) -> Flag {
    Flag { name, value: Value::None, no_effect: Some(why), run, doc }
}

const fn idle(name: &'static str, why: &'static str, doc: &'static str) -> Flag {
    Flag { name, value: Value::None, no_effect: Some(why), run: nothing, doc }
}

/// All flags. A flag with an attached value stands behind those whose names begin like it.
pub const FLAGS: &[Flag] = &[
    with("-f", Value::Word("<cfgfile|cfgdir>"), source, "loads a file, or the *.cfg files of a directory"),
    with("--", Value::WordsToEnd("<cfgfile>*"), source, "loads all files that follow"),
    with("-C", Value::Word("<dir>"), directory, "changes to <dir> before loading files"),
    switch("-c", |args, _| on(&mut args.switches.check), "checks the configuration and exits"),
    with(CONDITION, Value::Word("<condition>"), condition, "evaluates a condition and exits with 0, 1 or 2"),
    switch("-v", |_, _| Err(Command::Version(VersionForm::Short)), "shows the version"),
    switch(
        "-vv",
        |_, _| Err(Command::Version(VersionForm::Full)),
        "shows the version and the build's features",
    ),
    switch("-vq", |_, _| Err(Command::Version(VersionForm::Number)), "shows the version alone"),
    switch("-vqs", |_, _| Err(Command::Version(VersionForm::Release)), "shows its three numbers"),
    switch("-vqb", |_, _| Err(Command::Version(VersionForm::Branch)), "shows its branch"),
    switch(
        "--dump-keywords",
        |_, _| Err(Command::Keywords),
        "lists every keyword with what it does here, a line each",
    ),
    with(
        "--compare",
        Value::OptionalWord("<program>"),
        |args, program| {
            args.compare = Some(program.to_owned());
            Ok(())
        },
        "tells what would change if this program took the place of the installed one",
    ),
    switch("-V", |args, _| on(&mut args.switches.verbose), "enters verbose mode (disables quiet mode)"),
    switch("-q", |args, _| on(&mut args.switches.quiet), "enters quiet mode: prints no message"),
    switch("-D", |args, _| mode(args, Mode::Daemon), "goes into the background"),
    switch("-W", |args, _| master(args, MasterWorker::On), "runs a master that watches the worker"),
    switch("-Ws", |args, _| master(args, MasterWorker::Systemd), "the same with notifications to systemd"),
    with("-S", Value::Word("<bind>[,<bind options>...]"), master_socket, "binds the master's command socket"),
    with("-p", Value::Word("<pidfile>"), pidfile, "writes the pids of all children to this file"),
    with("-n", Value::Word("<maxconn>"), maxconn, "sets the process's maximum of connections"),
    with("-N", Value::Word("<maxpconn>"), proxy_maxconn, "sets the proxies' default maximum of connections"),
    with("-m", Value::Word("<max megs>"), memory, "limits the usable memory (in megabytes)"),
    with("-L", Value::Word("<name>"), local_peer, "sets the local peer's name (default: the host's)"),
    with("-sf", Value::WordsToDash("<pid>*"), finish, "lets old processes finish once this one serves"),
    with("-st", Value::WordsToDash("<pid>*"), terminate, "terminates old processes once this one serves"),
    with(
        "-x",
        Value::OptionalWord("<unix_socket>"),
        inherit,
        "fetches listening sockets from an old process",
    ),
    switch("-4", |args, _| on(&mut args.switches.ipv4_only), "resolves names to IPv4 addresses only"),
    switch("-d", |args, _| mode(args, Mode::Debug), "enters debug mode"),
    switch("-db", |args, _| mode(args, Mode::Foreground), "stays in the foreground"),
    switch("-dD", |args, _| on(&mut args.switches.diagnostics), "warns about suspicious statements"),
    switch("-dW", |args, _| on(&mut args.switches.zero_warning), "fails if any warning is emitted"),
    switch(
        "-dr",
        |args, _| on(&mut args.switches.ignore_resolution_failures),
        "ignores server names that do not resolve",
    ),
    seen(
        "-dV",
        "there is no TLS to servers",
        |args, _| on(&mut args.switches.no_server_verify),
        "does not verify servers' certificates",
    ),
    switch("-dR", |args, _| on(&mut args.switches.no_reuseport), "does not use SO_REUSEPORT"),
    switch("-dS", |args, _| on(&mut args.switches.no_splice), "does not use splice"),
    switch("-dF", |args, _| on(&mut args.switches.no_fast_forward), "does not fast-forward data"),
    switch("-dZ", |args, _| on(&mut args.switches.no_zero_copy), "does not forward without copying"),
    seen(
        "-dG",
        "names are always resolved by the system's library",
        |args, _| on(&mut args.switches.no_getaddrinfo),
        "does not use getaddrinfo()",
    ),
    switch("-dI", |args, _| on(&mut args.switches.insecure_fork), "allows starting children"),
    switch("-dL", |args, _| on(&mut args.switches.dump_libraries), "lists loaded libraries after the load"),
    idle("-dc", "threads are not bound to CPUs unless cpu-map says so", "tells which CPUs are used"),
    idle("-de", EPOLL, "does not use epoll"),
    idle("-dp", EPOLL, "does not use poll"),
    idle("-dk", EPOLL, "does not use kqueue"),
    idle("-dv", EPOLL, "does not use event ports"),
    idle("-dT", "TLS is not handed to the kernel", "does not use kernel TLS"),
    Flag {
        name: "-dt",
        value: Value::OptionalWord("<trace>,..."),
        no_effect: Some("there are no trace sources"),
        run: nothing,
        doc: "traces events to standard error",
    },
    with(
        "-dK",
        Value::Attached("<class>[,...]"),
        dump_keywords,
        "lists keywords (use 'help' for the classes)",
    ),
    with("-dC", Value::Attached("[0]"), dump_configuration, "prints the configuration as it was understood"),
    Flag {
        name: "-dA",
        value: Value::Attached("[<file>]"),
        no_effect: Some("'-dL' lists the libraries, which tar can archive"),
        run: nothing,
        doc: "archives the loaded libraries",
    },
    Flag {
        name: "-dM",
        value: Value::Attached("[<byte>,help,...]"),
        no_effect: Some(POOLS),
        run: memory_debug,
        doc: "debugs memory",
    },
];

fn nothing(_: &mut Args, _: &str) -> Result<(), Command> {
    Ok(())
}

fn on(switch: &mut bool) -> Result<(), Command> {
    *switch = true;
    Ok(())
}

/// `-d` and `-db` keep the process in the foreground even where `-D` stands after them.
fn mode(args: &mut Args, mode: Mode) -> Result<(), Command> {
    let rank = |mode| match mode {
        Mode::Configured => 0,
        Mode::Daemon => 1,
        Mode::Foreground => 2,
        Mode::Debug => 3,
    };
    if rank(mode) > rank(args.mode) {
        args.mode = mode;
    }
    Ok(())
}

fn master(args: &mut Args, master: MasterWorker) -> Result<(), Command> {
    args.master_worker = master;
    Ok(())
}

fn source(args: &mut Args, path: &str) -> Result<(), Command> {
    args.sources.push(Source::new(path));
    Ok(())
}

fn directory(args: &mut Args, path: &str) -> Result<(), Command> {
    args.directory = Some(path.to_owned());
    Ok(())
}

fn condition(_: &mut Args, condition: &str) -> Result<(), Command> {
    Err(Command::Condition(condition.to_owned()))
}

fn master_socket(args: &mut Args, socket: &str) -> Result<(), Command> {
    args.master_socket = Some(socket.to_owned());
    Ok(())
}

fn pidfile(args: &mut Args, path: &str) -> Result<(), Command> {
    args.pidfile = Some(path.to_owned());
    Ok(())
}

fn local_peer(args: &mut Args, name: &str) -> Result<(), Command> {
    args.local_peer = Some(name.to_owned());
    Ok(())
}

fn maxconn(args: &mut Args, value: &str) -> Result<(), Command> {
    args.maxconn = Some(number("-n", value)?);
    Ok(())
}

fn proxy_maxconn(args: &mut Args, value: &str) -> Result<(), Command> {
    args.proxy_maxconn = Some(number("-N", value)?);
    Ok(())
}

fn memory(args: &mut Args, value: &str) -> Result<(), Command> {
    args.memory_mb = Some(number("-m", value)?);
    Ok(())
}

fn number(flag: &str, value: &str) -> Result<u32, Command> {
    value.parse().map_err(|_| Command::Refuse(format!("{flag} option: '{value}' is not a valid number")))
}

fn finish(args: &mut Args, pid: &str) -> Result<(), Command> {
    args.replaces = true;
    push_pid(&mut args.finish, "-sf", pid)
}

fn terminate(args: &mut Args, pid: &str) -> Result<(), Command> {
    args.replaces = true;
    push_pid(&mut args.terminate, "-st", pid)
}

fn push_pid(pids: &mut Vec<i32>, flag: &str, word: &str) -> Result<(), Command> {
    if word.is_empty() {
        return Ok(());
    }
    match word.parse() {
        Ok(pid) if pid > 0 => pids.push(pid),
        Ok(_) => return Err(Command::Usage(None)),
        Err(_) => {
            return Err(Command::Refuse(format!(
                "{flag} option: some bytes unconsumed in PID list {{{word}}}"
            )));
        }
    }
    Ok(())
}

fn inherit(args: &mut Args, socket: &str) -> Result<(), Command> {
    if socket.is_empty() {
        return Err(Command::Usage(Some("Unix socket path expected with the -x flag\n".to_owned())));
    }
    if args.inherit_from.is_some() {
        args.warnings.push("-x option already set, overwriting the value".to_owned());
    }
    args.inherit_from = Some(socket.to_owned());
    Ok(())
}

fn dump_keywords(args: &mut Args, classes: &str) -> Result<(), Command> {
    let dump = args.dump_keywords.get_or_insert_with(DumpKeywords::default);
    for class in classes.split(',').filter(|class| !class.is_empty()) {
        let known = KeywordClass::ALL.iter().find(|(name, ..)| *name == class);
        match (class, known) {
            ("help", _) => dump.help = true,
            ("all", _) => dump.classes.extend(KeywordClass::ALL.iter().map(|(_, class, _)| *class)),
            (_, Some((_, class, _))) => dump.classes.push(*class),
            (_, None) => args.warnings.push(format!("-dK: unknown keyword class '{class}'")),
        }
    }
    Ok(())
}

fn dump_configuration(args: &mut Args, key: &str) -> Result<(), Command> {
    if !key.is_empty() && number("-dC", key)? != 0 {
        let text = "-dC option: the anonymised form is not available in this version, '-dC' alone is.";
        return Err(Command::Refuse(text.to_owned()));
    }
    args.dump_configuration = true;
    Ok(())
}

fn memory_debug(_: &mut Args, options: &str) -> Result<(), Command> {
    if options.split(',').any(|option| option == "help") {
        return Err(Command::MemoryHelp);
    }
    Ok(())
}
