//! The command line: one row an option.

use std::net::SocketAddr;
use std::path::PathBuf;

use common_logging::Facility;

#[cfg(test)]
mod tests;

/// Which child processes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `-P` was given.
    pub vrrp_only: bool,
    /// `-C` was given.
    pub check_only: bool,
    /// `-B` was given.
    pub no_bfd: bool,
    /// `--all`: also without configuration.
    pub all: bool,
}

/// What to do instead of running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Run the daemon.
    #[default]
    Run,
    /// `-v`.
    Version,
    /// `-h`.
    Help,
    /// `--signum`: print a number.
    Signum(i32),
    /// `-t`, to standard error or a file.
    Test(Option<PathBuf>),
    /// `--explain`.
    Explain,
    /// `--dump-keywords`.
    DumpKeywords,
    /// `-T`.
    Genhash,
}

/// The command line as read.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// What to do.
    pub action: Action,
    /// `-f`.
    pub file: Option<String>,
    /// Which processes.
    pub wanted: Wanted,
    /// `-l`.
    pub console: bool,
    /// `-D`, counted.
    pub detail: u8,
    /// `-S`.
    pub facility: Option<Facility>,
    /// `-g`.
    pub log_file: Option<PathBuf>,
    /// `-G`.
    pub no_syslog: bool,
    /// `-u`.
    pub umask: Option<u32>,
    /// `-V`.
    pub keep_vrrp: bool,
    /// `-R`.
    pub no_respawn: bool,
    /// `-n`.
    pub foreground: bool,
    /// `-d`.
    pub dump_conf: bool,
    /// `-p`.
    pub pid: Option<PathBuf>,
    /// `-r`.
    pub vrrp_pid: Option<PathBuf>,
    /// `-c`.
    pub checkers_pid: Option<PathBuf>,
    /// `-b`.
    pub bfd_pid: Option<PathBuf>,
    /// `-a`.
    pub report_addresses: bool,
    /// `-s`.
    pub namespace: Option<String>,
    /// `-m`.
    pub core_dump: bool,
    /// `-M`.
    pub core_pattern: Option<String>,
    /// `-i`.
    pub config_id: Option<String>,
    /// Seed of `${_RANDOM}`, the same for every process.
    pub random_seed: u64,
    /// `--metrics`.
    pub metrics: Option<SocketAddr>,
    /// Words that are no options.
    pub stray: Vec<String>,
    /// Complaints that do not stop the start.
    pub complaints: Vec<String>,
    /// Options that are taken without effect, with the reason.
    pub without_effect: Vec<(&'static str, &'static str)>,
}

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    None,
    Needed,
    Possible,
}

/// One option.
pub(crate) struct Row {
    short: Option<char>,
    long: &'static str,
    value: Value,
    /// Text of `-h` after the option.
    pub(crate) help: &'static str,
    run: fn(&mut Args, &str) -> Result<(), String>,
}

const fn row(
    short: Option<char>,
    long: &'static str,
    value: Value,
    run: fn(&mut Args, &str) -> Result<(), String>,
    help: &'static str,
) -> Row {
    Row { short, long, value, help, run }
}

use Value::{Needed, None as Bare, Possible};

const NO_LVS: &str = "LVS is not part of this version";
const NO_SNMP: &str = "SNMP is not part of this version";
const NO_BUILD: &str = "the option only steers the original's own debugging";

/// Every option, in the order of `-h`.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[Row] = &[
    row(Some('f'), "use-file", Needed, |a, v| { a.file = Some(v.to_owned()); Ok(()) }, "=FILE          Use the specified configuration file\n                                default '/etc/keepalived/keepalived.conf'"),
    row(Some('P'), "vrrp", Bare, |a, _| { a.wanted.vrrp_only = true; Ok(()) }, "                   Only run with VRRP subsystem"),
    row(Some('C'), "check", Bare, |a, _| { a.wanted.check_only = true; Ok(()) }, "                  Only run with Health-checker subsystem"),
    row(Some('B'), "no_bfd", Bare, |a, _| { a.wanted.no_bfd = true; Ok(()) }, "                 Don't run BFD subsystem"),
    row(None, "all", Bare, |a, _| { a.wanted.all = true; Ok(()) }, "                    Force all child processes to run, even if have no configuration"),
    row(Some('l'), "log-console", Bare, |a, _| { a.console = true; Ok(()) }, "            Log messages to local console"),
    row(Some('D'), "log-detail", Bare, |a, _| { a.detail = a.detail.saturating_add(1); Ok(()) }, "             Detailed log messages"),
    row(Some('S'), "log-facility", Needed, facility, "=([0-7]|local[0-7]|user|daemon)\n                               Set syslog facility to LOG_LOCAL[0-7], user or daemon (default)"),
    row(Some('G'), "no-syslog", Bare, |a, _| { a.no_syslog = true; Ok(()) }, "              Don't log via syslog"),
    row(Some('g'), "log-file", Possible, |a, v| { a.log_file = Some(PathBuf::from(if v.is_empty() { "/tmp/keepalived.log" } else { v })); Ok(()) }, "=FILE          Also log to FILE (default /tmp/keepalived.log)"),
    row(None, "flush-log-file", Bare, |_, _| Ok(()), "         Flush log file on write (it always is)"),
    row(Some('u'), "umask", Needed, umask, "=MASK             umask for file creation (in numeric form)"),
    row(Some('X'), "release-vips", Bare, |_, _| Ok(()), "           Drop VIP on transition from signal."),
    row(Some('V'), "dont-release-vrrp", Bare, |a, _| { a.keep_vrrp = true; Ok(()) }, "      Don't remove VRRP VIPs and VROUTEs on daemon stop"),
    row(Some('I'), "dont-release-ipvs", Bare, |a, _| idle(a, "dont-release-ipvs", NO_LVS), "      Don't remove IPVS topology on daemon stop"),
    row(Some('R'), "dont-respawn", Bare, |a, _| { a.no_respawn = true; Ok(()) }, "           Don't respawn child processes"),
    row(Some('n'), "dont-fork", Bare, |a, _| { a.foreground = true; Ok(()) }, "              Don't fork the daemon process"),
    row(Some('d'), "dump-conf", Bare, |a, _| { a.dump_conf = true; Ok(()) }, "              Dump the configuration data"),
    row(Some('p'), "pid", Needed, |a, v| { a.pid = Some(PathBuf::from(v)); Ok(()) }, "=FILE               Use specified pidfile for parent process"),
    row(Some('r'), "vrrp_pid", Needed, |a, v| { a.vrrp_pid = Some(PathBuf::from(v)); Ok(()) }, "=FILE          Use specified pidfile for VRRP child process"),
    row(Some('T'), "genhash", Bare, |a, _| { a.action = Action::Genhash; Ok(()) }, "                Enter into genhash utility mode (this should be the first option used)."),
    row(Some('c'), "checkers_pid", Needed, |a, v| { a.checkers_pid = Some(PathBuf::from(v)); Ok(()) }, "=FILE      Use specified pidfile for checkers child process"),
    row(Some('a'), "address-monitoring", Bare, |a, _| { a.report_addresses = true; Ok(()) }, "     Report all address additions/deletions notified via netlink"),
    row(Some('b'), "bfd_pid", Needed, |a, v| { a.bfd_pid = Some(PathBuf::from(v)); Ok(()) }, "=FILE           Use specified pidfile for BFD child process"),
    row(Some('x'), "snmp", Bare, |a, _| idle(a, "snmp", NO_SNMP), "                   Enable SNMP subsystem"),
    row(Some('A'), "snmp-agent-socket", Needed, |a, _| idle(a, "snmp-agent-socket", NO_SNMP), "=FILE Use the specified socket for master agent"),
    row(Some('s'), "namespace", Needed, |a, v| { a.namespace = Some(v.to_owned()); Ok(()) }, "=NAME         Run in network namespace NAME (overrides config)"),
    row(Some('m'), "core-dump", Bare, |a, _| { a.core_dump = true; Ok(()) }, "              Produce core dump if terminate abnormally"),
    row(Some('M'), "core-dump-pattern", Possible, |a, v| { a.core_dump = true; a.core_pattern = Some(String::from(if v.is_empty() { "core" } else { v })); Ok(()) }, "=PATN Also set /proc/sys/kernel/core_pattern to PATN (default 'core')"),
    row(Some('e'), "all-config", Bare, |a, _| idle(a, "all-config", "a missing file is always told"), "             Error if any configuration file missing (same as includet)"),
    row(Some('i'), "config-id", Needed, |a, v| { a.config_id = Some(v.to_owned()); Ok(()) }, " id           Skip any configuration lines beginning '@' that don't match id\n                                or any lines beginning @^ that do match.\n                                The config-id defaults to the node name if option not used"),
    row(None, "signum", Needed, signum, "=SIGFUNC         Return signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON"),
    row(Some('t'), "config-test", Possible, |a, v| { a.action = Action::Test((!v.is_empty()).then(|| PathBuf::from(v))); Ok(()) }, "[=LOG_FILE] Check the configuration for obvious errors, output to\n                                stderr by default"),
    row(None, "perf", Possible, |a, _| idle(a, "perf", NO_BUILD), "                   Taken without effect"),
    row(None, "no-mem-check", Bare, |a, _| idle(a, "no-mem-check", NO_BUILD), "           Taken without effect"),
    row(None, "debug", Possible, |a, _| idle(a, "debug", NO_BUILD), "                  Taken without effect"),
    row(None, "metrics", Needed, metrics, "=ADDR:PORT      Serve Prometheus metrics and /healthz"),
    row(None, "explain", Bare, |a, _| { a.action = Action::Explain; Ok(()) }, "                Explain the configuration: who wins the election, and common mistakes"),
    row(None, "dump-keywords", Bare, |a, _| { a.action = Action::DumpKeywords; Ok(()) }, "          List every keyword of the configuration"),
    row(Some('v'), "version", Bare, |a, _| { a.action = Action::Version; Ok(()) }, "                Display the version number"),
    row(Some('h'), "help", Bare, |a, _| { a.action = Action::Help; Ok(()) }, "                   Display this help message"),
];

/// `--signum` names with their numbers.
pub(crate) fn signal_of(name: &str) -> Option<i32> {
    use common_os::signals::{rtmax, rtmin};
    Some(match name {
        "STOP" => nix::libc::SIGTERM,
        "RELOAD" => nix::libc::SIGHUP,
        "DATA" => nix::libc::SIGUSR1,
        "STATS" => nix::libc::SIGUSR2,
        "STATS_CLEAR" => rtmax(1),
        "JSON" => rtmin(2),
        _ => return None,
    })
}

impl Row {
    /// `  -f, --use-file=FILE ...`
    pub(crate) fn line(&self) -> String {
        match self.short {
            Some(short) => format!("  -{short}, --{}{}", self.long, self.help),
            None => format!("      --{}{}", self.long, self.help),
        }
    }
}

/// Reads the words after the program's name as getopt_long(3) does: options and other words in any order, long names
/// may be cut as long as they are unique, `--` ends the options. The error is the text for standard error.
pub fn parse(words: &[String]) -> Result<Args, String> {
    let mut args = Args::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            args.stray.extend(words.cloned());
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            long_option(&mut args, long, &mut words)?;
        } else if word.len() > 1 && word.starts_with('-') {
            short_options(&mut args, &word[1..], &mut words)?;
        } else {
            args.stray.push(word.clone());
        }
    }
    Ok(args)
}

fn long_option<'a>(
    args: &mut Args,
    text: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), String> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let exact = OPTIONS.iter().find(|row| row.long == name);
    let mut near = OPTIONS.iter().filter(|row| row.long.starts_with(name));
    let row = exact.or_else(|| near.next().filter(|_| near.next().is_none()));
    let Some(row) = row else { return Err(format!("Unknown option --{text}")) };
    match (row.value, value) {
        (Value::None, Some(_)) => Err(format!("Option --{} takes no parameter", row.long)),
        (Needed, None) => {
            let value = rest.next().ok_or_else(|| format!("Missing parameter for option --{}", row.long))?;
            (row.run)(args, value)
        }
        (_, value) => (row.run)(args, value.unwrap_or("")),
    }
}

fn short_options<'a>(
    args: &mut Args,
    text: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), String> {
    for (at, letter) in text.char_indices() {
        let Some(row) = OPTIONS.iter().find(|row| row.short == Some(letter)) else {
            return Err(format!("Unknown option -{letter}"));
        };
        let after = &text[at + letter.len_utf8()..];
        match row.value {
            Value::None => (row.run)(args, "")?,
            Possible => return (row.run)(args, after),
            Needed if !after.is_empty() => return (row.run)(args, after),
            Needed => {
                let value = rest.next().ok_or_else(|| format!("Missing parameter for option -{letter}"))?;
                return (row.run)(args, value);
            }
        }
    }
    Ok(())
}

fn idle(args: &mut Args, name: &'static str, why: &'static str) -> Result<(), String> {
    args.without_effect.push((name, why));
    Ok(())
}

fn facility(args: &mut Args, value: &str) -> Result<(), String> {
    let digit = value.strip_prefix("local").unwrap_or(value);
    args.facility = match value {
        "user" => Some(Facility::USER),
        "daemon" => Some(Facility::DAEMON),
        _ => digit.parse().ok().and_then(Facility::local),
    };
    if args.facility.is_none() {
        args.complaints.push(format!("Invalid log facility '{value}'"));
    }
    Ok(())
}

/// A number as C writes it: 0x for hexadecimal, 0 for octal.
fn umask(args: &mut Args, value: &str) -> Result<(), String> {
    let number = if let Some(hex) = value.strip_prefix("0x") {
        u32::from_str_radix(hex, 16)
    } else if let Some(octal) = value.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        u32::from_str_radix(octal, 8)
    } else {
        value.parse()
    };
    match number {
        Ok(mask) if mask <= 0o777 => args.umask = Some(mask),
        _ => args.complaints.push(format!("Invalid --umask option {value}")),
    }
    Ok(())
}

fn signum(args: &mut Args, value: &str) -> Result<(), String> {
    args.action = Action::Signum(signal_of(value).ok_or_else(|| format!("Unknown sigfunc {value}"))?);
    Ok(())
}

fn metrics(args: &mut Args, value: &str) -> Result<(), String> {
    let address = value.strip_prefix(':').map_or_else(|| value.to_owned(), |port| format!("0.0.0.0:{port}"));
    args.metrics = Some(address.parse().map_err(|_| format!("Invalid --metrics address {value}"))?);
    Ok(())
}
