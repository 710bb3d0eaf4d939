//! Keywords of the `global` section.

use std::path::PathBuf;

use haproxy_conf::{Context, Cursor, EnvError, Environment, Line, ParseError, Sections, Status};

use super::{Keyword, accept, text};
use crate::draft::Draft;

const GLOBAL: Sections = Sections::GLOBAL;
const NO_TLS: Status = Status::Accepted("TLS is not part of this version");
const NO_LUA: Status = Status::Refused("Lua is not part of this version");
const OWN_MEMORY: Status = Status::Accepted("memory is managed per thread here");
const OWN_SCHEDULER: Status = Status::Accepted("the scheduler needs no such setting here");

macro_rules! row {
    ($name:literal, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: GLOBAL, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// `global` keywords.
pub const KEYWORDS: &[Keyword] = &[
    row!("daemon", "", Status::Supported, daemon, "go to the background after a good start"),
    row!(
        "debug",
        "",
        Status::Legacy { modern: "haproxy -d" },
        accept,
        "debug mode, today a command line option"
    ),
    row!("quiet", "", Status::Supported, quiet, "no messages but errors"),
    row!("zero-warning", "", Status::Supported, zero_warning, "refuse a configuration with warnings"),
    row!("maxconn", "<number>", Status::Supported, maxconn, "connections of the process at most"),
    row!("ulimit-n", "<number>", Status::Supported, ulimit_n, "file descriptors at most"),
    row!(
        "fd-hard-limit",
        "<number>",
        Status::Supported,
        fd_hard_limit,
        "upper bound of the descriptor limit"
    ),
    row!("strict-limits", "", Status::Supported, strict_limits, "fail when a limit cannot be raised"),
    row!("nbthread", "<number>", Status::Supported, nbthread, "number of data threads"),
    row!(
        "nbproc",
        "<number>",
        Status::Legacy { modern: "nbthread" },
        nbproc,
        "number of processes, gone since 2.5"
    ),
    row!("pidfile", "<path>", Status::Supported, pidfile, "file to write process ids to"),
    row!("chroot", "<dir>", Status::Supported, chroot, "root directory after start"),
    row!("uid", "<number>", Status::Supported, uid, "user id after start"),
    row!("gid", "<number>", Status::Supported, gid, "group id after start"),
    row!("user", "<name>", Status::Supported, user, "user after start"),
    row!("group", "<name>", Status::Supported, group, "group after start"),
    row!("node", "<name>", Status::Supported, node, "name of this node in statistics"),
    row!("description", "<text>", Status::Supported, description, "text shown in statistics"),
    row!(
        "log",
        "<target> [...] <facility> [max [min]]",
        Status::Supported,
        super::proxy::log::global_log,
        "target for log lines"
    ),
    row!("log-tag", "<tag>", Status::Supported, log_tag, "program name in log lines"),
    row!("log-send-hostname", "[<name>]", Status::Supported, log_send_hostname, "host name in log lines"),
    row!(
        "stats socket",
        "<address> [options]",
        Status::Supported,
        stats_socket,
        "address of the runtime API"
    ),
    row!("stats timeout", "<time>", Status::Supported, stats_timeout, "idle time of the runtime API"),
    row!("stats maxconn", "<number>", Status::Supported, stats_maxconn, "connections to the runtime API"),
    row!(
        "stats bind-process",
        "<set>",
        Status::Legacy { modern: "nothing: there is one process" },
        accept,
        "gone since 2.7"
    ),
    row!("hard-stop-after", "<time>", Status::Supported, hard_stop_after, "longest time of a soft stop"),
    row!("grace", "<time>", Status::Supported, grace, "time between soft stop and closing listeners"),
    row!(
        "close-spread-time",
        "<time>",
        Status::Supported,
        close_spread,
        "time over which idle connections are closed"
    ),
    row!("spread-checks", "<percent>", Status::Supported, spread_checks, "jitter of health checks"),
    row!(
        "max-spread-checks",
        "<time>",
        Status::Supported,
        max_spread_checks,
        "longest spread of first checks"
    ),
    row!("maxconnrate", "<number>", Status::Supported, maxconnrate, "new connections a second at most"),
    row!("maxsessrate", "<number>", Status::Supported, maxsessrate, "new sessions a second at most"),
    row!("maxsslconn", "<number>", NO_TLS, accept, "TLS connections at most"),
    row!("maxsslrate", "<number>", NO_TLS, accept, "TLS handshakes a second at most"),
    row!("maxcomprate", "<number>", Status::Supported, maxcomprate, "compressed kilobytes a second at most"),
    row!(
        "maxcompcpuusage",
        "<number>",
        Status::Supported,
        maxcompcpuusage,
        "CPU use beyond which nothing is compressed"
    ),
    row!("maxpipes", "<number>", Status::Supported, maxpipes, "pipes for splicing"),
    row!("nosplice", "", Status::Supported, nosplice, "no kernel splicing"),
    row!("noreuseport", "", Status::Supported, noreuseport, "no SO_REUSEPORT"),
    row!("noepoll", "", OWN_SCHEDULER, accept, "another poller"),
    row!("nopoll", "", OWN_SCHEDULER, accept, "another poller"),
    row!("noevports", "", OWN_SCHEDULER, accept, "another poller"),
    row!("nokqueue", "", OWN_SCHEDULER, accept, "another poller"),
    row!(
        "nogetaddrinfo",
        "",
        Status::Accepted("names are resolved by the system"),
        accept,
        "another resolver"
    ),
    row!("noalpn", "", NO_TLS, accept, "no ALPN"),
    row!(
        "master-worker",
        "[no-exit-on-failure]",
        Status::Supported,
        master_worker,
        "a master watches the worker"
    ),
    row!("mworker-max-reloads", "<number>", Status::Supported, max_reloads, "reloads a worker survives"),
    row!(
        "expose-experimental-directives",
        "",
        Status::Supported,
        experimental,
        "allow experimental keywords"
    ),
    row!("expose-deprecated-directives", "", Status::Supported, deprecated, "allow deprecated keywords"),
    row!(
        "server-state-base",
        "<dir>",
        Status::Supported,
        server_state_base,
        "directory of server-state files"
    ),
    row!("server-state-file", "<file>", Status::Supported, server_state_file, "file with server states"),
    row!("localpeer", "<name>", Status::Accepted("there are no peers yet"), localpeer, "name of this peer"),
    row!(
        "set-dumpable",
        "",
        Status::Accepted("whether cores are dumped is left to the system"),
        set_dumpable,
        "allow core dumps"
    ),
    row!("insecure-fork-wanted", "", Status::Supported, insecure_fork, "allow forks"),
    row!(
        "insecure-setuid-wanted",
        "",
        Status::Accepted("set-uid programs are not run"),
        accept,
        "allow set-uid programs"
    ),
    row!("external-check", "", Status::Supported, external_check, "allow external checks"),
    row!(
        "cpu-map",
        "<threads> <cpus>",
        Status::Accepted("threads are not bound to CPUs yet"),
        cpu_map,
        "CPUs of threads"
    ),
    row!("cpu-policy", "<word>", OWN_SCHEDULER, accept, "choice of CPUs"),
    row!("cpu-set", "<words>", OWN_SCHEDULER, accept, "CPUs to use"),
    row!("numa-cpu-mapping", "", OWN_SCHEDULER, accept, "one NUMA node only"),
    row!("thread-groups", "<number>", OWN_SCHEDULER, accept, "groups of threads"),
    row!("thread-group", "<group> <threads>", OWN_SCHEDULER, accept, "members of a group"),
    row!("busy-polling", "", OWN_SCHEDULER, accept, "poll without sleep"),
    row!(
        "unix-bind",
        "[prefix <p>] [mode <m>] ...",
        Status::Accepted("give the options on each bind line"),
        accept,
        "defaults of unix sockets"
    ),
    row!("h1-case-adjust", "<from> <to>", Status::Supported, h1_case_adjust, "spelling of a header name"),
    row!(
        "h1-accept-payload-with-any-method",
        "",
        Status::Accepted("the safe behaviour is kept"),
        accept,
        "bodies on any method"
    ),
    row!(
        "h1-do-not-close-on-insecure-transfer-encoding",
        "",
        Status::Accepted("the safe behaviour is kept"),
        accept,
        "keep such connections"
    ),
    row!(
        "h2-workaround-bogus-websocket-clients",
        "",
        Status::Accepted("HTTP/2 is not part of this version"),
        accept,
        "no extended CONNECT"
    ),
    row!("default-path", "<policy> [<path>]", Status::Supported, default_path, "where relative paths start"),
    row!("ca-base", "<dir>", NO_TLS, accept, "directory of CA files"),
    row!("crt-base", "<dir>", NO_TLS, accept, "directory of certificates"),
    row!("key-base", "<dir>", NO_TLS, accept, "directory of keys"),
    row!("ssl-*", "...", NO_TLS, accept, "TLS defaults"),
    row!("issuers-chain-path", "<dir>", NO_TLS, accept, "issuer certificates"),
    row!("ocsp-update.*", "...", NO_TLS, accept, "OCSP updates"),
    row!(
        "httpclient.*",
        "...",
        Status::Accepted("there is no internal client in this version"),
        accept,
        "internal client"
    ),
    row!("lua-load", "<file>", NO_LUA, super::refuse, "Lua script"),
    row!("lua-load-per-thread", "<file>", NO_LUA, super::refuse, "Lua script"),
    row!("lua-prepend-path", "<path>", NO_LUA, super::refuse, "Lua search path"),
    row!(
        "pp2-never-send-local",
        "",
        Status::Accepted("checks send the addresses already"),
        accept,
        "PROXY header of checks"
    ),
    row!("prealloc-fd", "", OWN_MEMORY, accept, "memory in advance"),
    row!(
        "wurfl-*",
        "...",
        Status::Refused("device detection is not part of this product"),
        super::refuse,
        "device detection"
    ),
    row!(
        "51degrees-*",
        "...",
        Status::Refused("device detection is not part of this product"),
        super::refuse,
        "device detection"
    ),
    row!(
        "deviceatlas-*",
        "...",
        Status::Refused("device detection is not part of this product"),
        super::refuse,
        "device detection"
    ),
    row!("set-var", "<name> <expression>", Status::Supported, set_var, "variable of scope proc"),
    row!(
        "set-var-fmt",
        "<name> <format>",
        Status::Supported,
        set_var_fmt,
        "variable of scope proc, from a format"
    ),
    row!("anonkey", "<key>", Status::Accepted("dumps are not scrambled"), accept, "key for scrambled dumps"),
    row!("profiling.*", "...", Status::Accepted("use the system's profilers"), accept, "profiling"),
];

/// A keyword that changes the environment while the file is read, so that the lines behind it see the change.
pub struct EnvironmentRow {
    /// The word.
    pub name: &'static str,
    /// Its arguments.
    pub args: &'static str,
    /// Carries it out.
    pub run: fn(&mut Environment, &[&[u8]]) -> Result<(), EnvError>,
    /// One line of documentation.
    pub doc: &'static str,
}

/// All of them.
pub const ENVIRONMENT: &[EnvironmentRow] = &[
    EnvironmentRow {
        name: "setenv",
        args: "<name> <value>",
        run: |env, words| env.set(word(words, 0), word(words, 1)),
        doc: "set an environment variable",
    },
    EnvironmentRow {
        name: "presetenv",
        args: "<name> <value>",
        run: |env, words| env.preset(word(words, 0), word(words, 1)),
        doc: "set an environment variable that is not set yet",
    },
    EnvironmentRow {
        name: "unsetenv",
        args: "<name> ...",
        run: |env, words| words.iter().try_for_each(|name| env.unset(name)),
        doc: "remove environment variables",
    },
    EnvironmentRow {
        name: "resetenv",
        args: "[<name> ...]",
        run: |env, words| {
            env.reset(words.iter().copied());
            Ok(())
        },
        doc: "keep these environment variables only",
    },
];

fn word<'a>(words: &[&'a [u8]], at: usize) -> &'a [u8] {
    words.get(at).copied().unwrap_or_default()
}

/// Runs a line of [`ENVIRONMENT`]. True when the line was one.
pub fn environment(cx: &mut Context<'_>, line: &Line) -> bool {
    let Some((first, rest)) = line.words.split_first() else { return false };
    let Some(row) = ENVIRONMENT.iter().find(|row| row.name == first.as_str()) else { return false };
    let words: Vec<&[u8]> = rest.iter().map(|word| word.as_bytes()).collect();
    if let Err(error) = (row.run)(cx.env, &words) {
        cx.diags.parse_error(line, ParseError::new(error.to_string()));
    }
    true
}

type Outcome = Result<(), ParseError>;

fn daemon(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.daemon = true;
    cursor.finish()
}

fn master_worker(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.master_worker = true;
    if cursor.take_if("no-exit-on-failure") {
        draft.global.exit_on_failure = false;
    } else if cursor.at_end() {
        cursor.warn("'master-worker' is a form of older versions. Use 'haproxy -W' instead.");
    } else {
        return Err(cursor.error("'master-worker' only supports 'no-exit-on-failure' option"));
    }
    cursor.finish()
}

fn max_reloads(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.max_reloads = cursor.integer()?;
    cursor.finish()
}

fn quiet(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.quiet = true;
    cursor.finish()
}

fn zero_warning(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.zero_warning = true;
    cursor.finish()
}

fn maxconn(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.maxconn = Some(cursor.integer()?);
    cursor.finish()
}

fn ulimit_n(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.ulimit_n = Some(cursor.integer()?);
    cursor.finish()
}

fn fd_hard_limit(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.fd_hard_limit = Some(cursor.integer()?);
    cursor.finish()
}

pub(super) fn negated(cursor: &Cursor<'_>) -> bool {
    cursor.negation() == haproxy_conf::Negation::No
}

fn strict_limits(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.strict_limits = !negated(cursor);
    cursor.finish()
}

fn nbthread(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let threads: u32 = cursor.integer()?;
    if !(1..=1024).contains(&threads) {
        return Err(cursor.error_before(format!(
            "'nbthread' : Invalid value. Must be between 1 and 1024 (was {threads})."
        )));
    }
    draft.global.threads = threads;
    cursor.finish()
}

fn nbproc(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let processes: u32 = cursor.integer()?;
    // several processes become as many threads
    draft.global.threads = processes.clamp(1, 1024);
    cursor.finish()
}

fn pidfile(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.pidfile = Some(PathBuf::from(text(cursor, "a file name as an argument")?));
    cursor.finish()
}

fn chroot(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.chroot = Some(PathBuf::from(text(cursor, "a directory as an argument")?));
    cursor.finish()
}

fn uid(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.uid = Some(cursor.integer()?);
    cursor.finish()
}

fn gid(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.gid = Some(cursor.integer()?);
    cursor.finish()
}

fn user(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = text(cursor, "a user name")?;
    match user_id(draft, &name) {
        Some(id) => draft.global.uid = Some(id),
        None => return Err(cursor.error_before(format!("cannot find user id for '{name}' (0:Success)"))),
    }
    cursor.finish()
}

fn group(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = text(cursor, "a group name")?;
    match group_id(draft, &name) {
        Some(id) => draft.global.gid = Some(id),
        None => return Err(cursor.error_before(format!("cannot find group id for '{name}' (0:Success)"))),
    }
    cursor.finish()
}

/// Id of a user, from the system's user file.
pub fn user_id(draft: &Draft, name: &str) -> Option<u32> {
    id_in(draft, "/etc/passwd", name)
}

/// Id of a group, from the system's group file.
pub fn group_id(draft: &Draft, name: &str) -> Option<u32> {
    id_in(draft, "/etc/group", name)
}

fn id_in(draft: &Draft, file: &str, name: &str) -> Option<u32> {
    let content = draft.files.read(file).ok()?;
    let text = String::from_utf8_lossy(&content).into_owned();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        fields.nth(1)?.parse().ok()
    })
}

fn node(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.node = Some(text(cursor, "a name")?);
    cursor.finish()
}

fn description(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_bstr().to_string()).collect();
    if words.is_empty() {
        return Err(cursor.error("'description' expects a string argument."));
    }
    draft.global.description = Some(words.join(" "));
    Ok(())
}

fn log_tag(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.log_tag = Some(text(cursor, "a tag for use in syslog")?.into_bytes());
    cursor.finish()
}

fn log_send_hostname(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = cursor.next_word().map(|word| word.as_bstr().to_string());
    draft.global.log_send_hostname = Some(name.unwrap_or_default());
    cursor.finish()
}

fn stats_socket(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let address = text(cursor, "an address or a path to a UNIX socket")?;
    let sockets = super::bind::settings(draft, &address, Some(cursor))?;
    draft.global.stats_sockets.extend(sockets);
    cursor.finish()
}

fn stats_timeout(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.stats_timeout_ms = u64::from(cursor.duration_ms()?);
    cursor.finish()
}

fn stats_maxconn(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.stats_maxconn = cursor.integer()?;
    cursor.finish()
}

fn hard_stop_after(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.hard_stop_after_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn grace(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.grace_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn close_spread(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.take_if("infinite") {
        draft.global.close_spread_ms = Some(u64::MAX);
        return cursor.finish();
    }
    draft.global.close_spread_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn spread_checks(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let percent: i32 = cursor.integer()?;
    if !(0..=50).contains(&percent) {
        return Err(cursor.error_before("'spread-checks' needs a positive value in range 0..50."));
    }
    draft.global.spread_checks = percent as u32;
    cursor.finish()
}

fn max_spread_checks(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.max_spread_checks_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn maxconnrate(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.maxconnrate = Some(cursor.integer()?);
    cursor.finish()
}

fn maxcomprate(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let keyword = cursor.keyword();
    let word = cursor.expect_or(|| format!("'{keyword}' expects an integer argument in kb/s."))?;
    let kilobytes: u32 = word
        .as_str()
        .parse()
        .map_err(|_| cursor.error_before(format!("'{keyword}' expects an integer argument in kb/s.")))?;
    draft.global.compression.rate_max_bytes = u64::from(kilobytes) * 1024;
    cursor.finish()
}

fn maxcompcpuusage(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let text = format!("'{}' expects an integer argument between 0 and 100.", cursor.keyword());
    let word = cursor.expect_or(|| text.clone())?;
    let percent: Option<u32> = word.as_str().parse().ok().filter(|percent| *percent <= 100);
    draft.global.compression.cpu_max_percent = percent.ok_or_else(|| cursor.error_before(text))?;
    cursor.finish()
}

fn maxsessrate(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.maxsessrate = Some(cursor.integer()?);
    cursor.finish()
}

fn maxpipes(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.maxpipes = Some(cursor.integer()?);
    cursor.finish()
}

fn nosplice(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.nosplice = true;
    cursor.finish()
}

fn noreuseport(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.noreuseport = true;
    cursor.finish()
}

fn experimental(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.experimental = true;
    cursor.finish()
}

fn deprecated(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.deprecated = true;
    cursor.finish()
}

fn server_state_base(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.server_state_base = Some(PathBuf::from(text(cursor, "one argument: a directory path")?));
    cursor.finish()
}

fn server_state_file(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.server_state_file = Some(PathBuf::from(text(cursor, "one argument: a file path")?));
    cursor.finish()
}

fn localpeer(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.localpeer = Some(text(cursor, "a name")?);
    cursor.finish()
}

fn set_dumpable(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.set_dumpable = !negated(cursor) && !cursor.take_if("off");
    cursor.take_if("on");
    cursor.take_if("libs");
    cursor.finish()
}

fn insecure_fork(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.insecure_fork_wanted = !negated(cursor);
    cursor.finish()
}

fn external_check(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.external_check = true;
    cursor.take_if("preserve-env");
    cursor.finish()
}

fn cpu_map(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let threads = text(cursor, "a thread set")?;
    let mut cpus = Vec::new();
    for word in cursor.take_rest() {
        for part in word.as_str().split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.parse::<usize>(), last.parse::<usize>()) {
                (Ok(first), Ok(last)) if first <= last && last < 4096 => cpus.extend(first..=last),
                _ => return Err(cursor.error_before(format!("'cpu-map' : '{part}' is not a CPU range."))),
            }
        }
    }
    if cpus.is_empty() {
        return Err(cursor.error("'cpu-map' expects a thread number and a list of CPU ranges."));
    }
    draft.global.cpu_map.push((threads, cpus));
    Ok(())
}

fn h1_case_adjust(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let from = text(cursor, "<from> and <to> as argument")?;
    let to = text(cursor, "<from> and <to> as argument")?;
    if !from.eq_ignore_ascii_case(&to) {
        return Err(
            cursor.error_before(format!("'h1-case-adjust' : '{from}' and '{to}' differ by more than case."))
        );
    }
    if !draft.global.h1_case_adjust.add(from.as_bytes(), to.as_bytes()) {
        return Err(cursor.error_before(format!("'h1-case-adjust' : duplicate header name '{from}'.")));
    }
    cursor.finish()
}

fn default_path(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let policy = text(cursor, "a policy: 'current', 'config', 'parent', 'origin'")?;
    match policy.as_str() {
        "current" => draft.global.default_path = None,
        "config" | "parent" => {
            let file = PathBuf::from(&*draft.place.file);
            let directory = file.parent().map(PathBuf::from);
            let parent = directory.as_ref().and_then(|d| d.parent()).map(PathBuf::from);
            draft.global.default_path = if policy == "config" { directory } else { parent };
        }
        "origin" => draft.global.default_path = Some(PathBuf::from(text(cursor, "a directory")?)),
        other => {
            return Err(cursor.error_before(format!(
                "'default-path' : unknown policy '{other}', only 'current', 'config', 'parent', and 'origin' are supported."
            )));
        }
    }
    cursor.finish()
}

fn set_var(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    super::proxy::rules::global_variable(draft, cursor, false)
}

fn set_var_fmt(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    super::proxy::rules::global_variable(draft, cursor, true)
}
