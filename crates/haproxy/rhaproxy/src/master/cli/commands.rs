//! The master's own commands.

use std::fmt::Write as _;
use std::os::fd::OwnedFd;

use haproxy_admin::cli::Level;
use tokio::sync::oneshot;

use super::Post;
use super::session::Modes;
use crate::master::procs::{self, now_s};
use crate::master::supervise::{Event, How};
use crate::master::waiting::{Report, Waiting};
use crate::version::VERSION;

/// All of them by name, with usage and documentation, for listings.
pub fn listed() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let switches = SWITCHES.iter().map(|row| (row.name.to_owned(), row.usage, row.doc));
    switches.chain(COMMANDS.iter().map(|row| (row.words.join(" "), row.usage, row.doc)))
}

/// A command of the connection itself, valid whomever the commands go to. It answers nothing unless asked.
pub struct Switch {
    name: &'static str,
    usage: &'static str,
    doc: &'static str,
    /// Runs it on the words behind its name.
    pub run: fn(&mut Modes, &[String]) -> String,
}

/// Commands of the connection.
const SWITCHES: &[Switch] = &[
    Switch {
        name: "prompt",
        usage: "prompt [help | n | i | p | timed]*",
        doc: "toggle interactive mode with prompt",
        run: prompt,
    },
    Switch { name: "quit", usage: "quit", doc: "disconnect", run: quit },
    Switch {
        name: "operator",
        usage: "operator",
        doc: "lower the level of the current CLI session to operator",
        run: |modes, _| lower(modes, Level::Operator),
    },
    Switch {
        name: "user",
        usage: "user",
        doc: "lower the level of the current CLI session to user",
        run: |modes, _| lower(modes, Level::User),
    },
    Switch {
        name: "expert-mode",
        usage: "expert-mode [on|off]",
        doc: "change expert mode",
        run: |modes, words| flag(modes, words, "expert-mode", |modes| &mut modes.expert),
    },
    Switch {
        name: "experimental-mode",
        usage: "experimental-mode [on|off]",
        doc: "change experimental mode",
        run: |modes, words| flag(modes, words, "experimental-mode", |modes| &mut modes.experimental),
    },
    Switch {
        name: "mcli-debug-mode",
        usage: "mcli-debug-mode [on|off]",
        doc: "change the debug mode of the master",
        run: |modes, words| flag(modes, words, "mcli-debug-mode", |modes| &mut modes.debug),
    },
];

/// A command that the master itself answers.
struct Command {
    words: &'static [&'static str],
    usage: &'static str,
    doc: &'static str,
    level: Level,
    /// Valid in debug mode only.
    debug: bool,
    act: Act,
}

/// How a command is answered.
enum Act {
    /// With a text.
    Text(fn(&Post, &Modes, &[String]) -> String),
    /// With what a reload comes to; the connection ends.
    Reload(How),
}

/// Commands of the master.
const COMMANDS: &[Command] = &[
    Command {
        words: &["hard-reload"],
        usage: "hard-reload",
        doc: "reload haproxy with a new worker, and end the old one at once",
        level: Level::Operator,
        debug: false,
        act: Act::Reload(How::Hard),
    },
    Command {
        words: &["help"],
        usage: "help [<command>]",
        doc: "list matching or all commands",
        level: Level::User,
        debug: false,
        act: Act::Text(|_, modes, words| {
            help("The following commands are valid at this level:", modes, words)
        }),
    },
    Command {
        words: &["reload"],
        usage: "reload",
        doc: "reload haproxy",
        level: Level::Operator,
        debug: false,
        act: Act::Reload(How::Soft),
    },
    Command {
        words: &["show", "cli", "level"],
        usage: "show cli level",
        doc: "display the level of the current CLI session",
        level: Level::User,
        debug: false,
        act: Act::Text(|_, modes, _| format!("{}\n", modes.level.name())),
    },
    Command {
        words: &["show", "cli", "sockets"],
        usage: "show cli sockets",
        doc: "dump list of cli sockets",
        level: Level::Operator,
        debug: false,
        act: Act::Text(sockets),
    },
    Command {
        words: &["show", "env"],
        usage: "show env [var]",
        doc: "dump environment variables known to the process",
        level: Level::Operator,
        debug: true,
        act: Act::Text(environment),
    },
    Command {
        words: &["show", "proc"],
        usage: "show proc [debug]",
        doc: "show processes status",
        level: Level::User,
        debug: false,
        act: Act::Text(processes),
    },
    Command {
        words: &["show", "startup-logs"],
        usage: "show startup-logs",
        doc: "report logs emitted during HAProxy startup",
        level: Level::User,
        debug: false,
        act: Act::Text(|post, _, _| post.voice.latest()),
    },
    Command {
        words: &["show", "version"],
        usage: "show version",
        doc: "show version of the current process",
        level: Level::User,
        debug: false,
        act: Act::Text(|_, _, _| format!("{VERSION}\n")),
    },
];

/// Prefixes, for the help.
const PREFIXES: &[(&str, &str)] = &[
    ("@!<pid>", "send a command to the <pid> process"),
    ("@<relative pid>", "send a command to the <relative pid> process"),
    ("@@<[!]pid> [command...]", "enter the process, with the whole line if there is one"),
    ("@master", "send a command to the master process"),
];

/// Commands at the end of every list.
const ALWAYS: &[&str] = &["help", "prompt", "quit"];

/// Width of the usage column.
const USAGE_WIDTH: usize = 39;

/// The switch a command names.
pub fn find_switch(words: &[String]) -> Option<&'static Switch> {
    let name = words.first()?;
    SWITCHES.iter().find(|switch| switch.name == name)
}

/// Runs a command of the master; the answer ends with an empty line.
///
/// `connection` is a second descriptor of it, for a master that becomes another program while it reloads.
pub async fn run(post: &Post, modes: &mut Modes, words: &[String], connection: Option<OwnedFd>) -> String {
    let fits = |command: &&Command| {
        command.words.len() <= words.len() && command.words.iter().zip(words).all(|(own, word)| own == word)
    };
    let found = COMMANDS.iter().filter(|command| !command.debug || modes.debug).find(fits);
    let text = match found {
        None if words.is_empty() => {
            help("Unknown command. Please enter one of the following commands only:", modes, words)
        }
        None => unknown(modes, words),
        Some(command) if modes.level < command.level => "Permission denied\n".to_owned(),
        Some(Command { act: Act::Text(run), words: own, .. }) => run(post, modes, &words[own.len()..]),
        Some(Command { act: Act::Reload(how), .. }) => {
            modes.closing = true;
            return reload(post, *how, connection).await;
        }
    };
    text + "\n"
}

async fn reload(post: &Post, how: How, connection: Option<OwnedFd>) -> String {
    let (waiting, report) = oneshot::channel();
    drop(post.events.send(Event::Reload(how, Waiting::Session(waiting, connection))));
    // without a report the master is ending
    let none = Report { success: false, log: String::new() };
    report.await.unwrap_or(none).text()
}

fn prompt(modes: &mut Modes, words: &[String]) -> String {
    if words.is_empty() {
        modes.prompt = !modes.prompt;
    }
    for word in words {
        match word.as_str() {
            // a master's connection is always interactive
            "n" | "i" => modes.prompt = false,
            "p" => modes.prompt = true,
            "timed" => {
                modes.prompt = true;
                modes.timed = !modes.timed;
            }
            _ => {
                return "Usage: prompt [help | n | i | p | timed]*\n  n, i : no prompt\n  p : prompt\n  timed : toggle \
                        the time in the prompt\n\n"
                    .to_owned();
            }
        }
    }
    String::new()
}

fn quit(modes: &mut Modes, _: &[String]) -> String {
    modes.closing = true;
    String::new()
}

fn lower(modes: &mut Modes, level: Level) -> String {
    if modes.level < level {
        modes.closing = true;
        return "Permission denied!\n".to_owned();
    }
    modes.level = level;
    String::new()
}

fn flag(modes: &mut Modes, words: &[String], name: &str, flag: fn(&mut Modes) -> &mut bool) -> String {
    if modes.level < Level::Admin {
        return "Permission denied\n\n".to_owned();
    }
    let flag = flag(modes);
    match words.first() {
        None => format!("{name} is {}\n\n", if *flag { "ON" } else { "OFF" }),
        Some(word) => {
            *flag = word == "on";
            String::new()
        }
    }
}

fn processes(post: &Post, _: &Modes, words: &[String]) -> String {
    let family = post.family.borrow();
    procs::show(&family.own, &family.children, now_s(), words.first().is_some_and(|word| word == "debug"))
}

fn sockets(post: &Post, _: &Modes, _: &[String]) -> String {
    let mut out = String::from("# socket lvl processes\n");
    for (place, level) in post.sockets.iter() {
        // writing to a string cannot fail
        let _ = writeln!(out, "{place} {} all", level.name());
    }
    out
}

fn environment(post: &Post, _: &Modes, words: &[String]) -> String {
    let wanted = words.first();
    let mut out = String::new();
    for (name, value) in
        post.environment.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name))
    {
        let _ = writeln!(out, "{name}={value}");
    }
    if out.is_empty() { "Variable not found\n".to_owned() } else { out }
}

/// All lines of the help with their usage, those at the end of every list last.
fn lines(modes: &Modes) -> Vec<(&'static str, &'static str)> {
    let commands =
        COMMANDS.iter().filter(|command| command.level <= modes.level && (!command.debug || modes.debug));
    let mut lines: Vec<_> = commands.map(|command| (command.usage, command.doc)).collect();
    lines.extend(SWITCHES.iter().map(|switch| (switch.usage, switch.doc)));
    lines.extend(PREFIXES);
    let is_last = |usage: &str| ALWAYS.iter().any(|name| usage.split(' ').next() == Some(name));
    lines.sort_by_key(|(usage, _)| (is_last(usage), *usage));
    lines
}

fn list(out: &mut String, lines: impl IntoIterator<Item = (&'static str, &'static str)>) {
    for (usage, doc) in lines {
        let _ = writeln!(out, "  {usage:USAGE_WIDTH$} : {doc}");
    }
}

fn help(title: &str, modes: &Modes, words: &[String]) -> String {
    let typed = words.join(" ");
    let mut out = format!("{title}\n");
    let is_last = |usage: &str| ALWAYS.iter().any(|name| usage.split(' ').next() == Some(name));
    list(&mut out, lines(modes).into_iter().filter(|(usage, _)| usage.starts_with(&typed) || is_last(usage)));
    out
}

/// How much nearer a command is for each word it shares with what was typed.
const SHARED_WORD: i64 = 20;

/// Most commands suggested for an unknown one.
const SUGGESTIONS_MAX: usize = 5;

fn unknown(modes: &Modes, words: &[String]) -> String {
    let typed = words.join(" ");
    let mut out =
        format!("Unknown command: '{typed}', but maybe one of the following ones is a better match:\n");
    let is_last = |usage: &str| ALWAYS.iter().any(|name| usage.split(' ').next() == Some(name));
    let (last, mut near): (Vec<_>, Vec<_>) = lines(modes).into_iter().partition(|(usage, _)| is_last(usage));
    near.sort_by_key(|(usage, _)| {
        let same = words.iter().zip(usage.split(' ')).take_while(|(word, own)| word == own).count();
        strsim::levenshtein(usage, &typed) as i64 - same as i64 * SHARED_WORD
    });
    list(&mut out, near.into_iter().take(SUGGESTIONS_MAX));
    list(&mut out, last);
    out
}
