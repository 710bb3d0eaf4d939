//! The list of commands: looking one up, helping with the rest.

use std::fmt::Write;

use super::{
    Answer, Call, Level, Session, backends, caches, dynamic, errors, general, internals, limits, patterns,
    servers, sessions, show, state, variables,
};

/// One command.
pub struct Command {
    /// Its words.
    pub words: &'static [&'static str],
    /// How it is written, as the help shows it; empty for what is not for people.
    pub usage: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Who may run it.
    pub level: Level,
    /// True when it needs `experimental-mode on`.
    pub experimental: bool,
    /// Runs it.
    pub run: fn(&mut Call<'_>) -> Answer,
}

/// All commands, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Command> {
    let tables = [
        patterns::COMMANDS,
        servers::COMMANDS,
        dynamic::COMMANDS,
        backends::COMMANDS,
        sessions::COMMANDS,
        errors::COMMANDS,
        internals::COMMANDS,
        variables::COMMANDS,
        limits::COMMANDS,
        show::COMMANDS,
        caches::COMMANDS,
        state::COMMANDS,
        general::COMMANDS,
    ];
    tables.into_iter().flatten()
}

/// The command a line begins with, and how many words it has; the longest that fits.
pub(super) fn find(words: &[String], _session: &Session) -> Option<(&'static Command, usize)> {
    let fits = |command: &&Command| {
        command.words.len() <= words.len() && command.words.iter().zip(words).all(|(own, word)| own == word)
    };
    all().filter(fits).max_by_key(|command| command.words.len()).map(|command| (command, command.words.len()))
}

/// Commands for people.
fn listed() -> impl Iterator<Item = &'static Command> {
    all().filter(|command| !command.usage.is_empty())
}

/// Width of the usage column.
const USAGE_WIDTH: usize = 39;

/// Commands at the end of every list.
const ALWAYS: &[&str] = &["help", "prompt", "quit"];

fn line(out: &mut String, command: &Command) {
    let _ = writeln!(out, "  {:USAGE_WIDTH$} : {}", command.usage, command.doc);
}

fn allowed(command: &Command, session: &Session) -> bool {
    command.level <= session.level && (!command.experimental || session.experimental)
}

/// The commands that begin with `words`, for `help`.
pub(super) fn help(words: &[String], session: &Session) -> String {
    let begins = |command: &&Command| {
        allowed(command, session)
            && words.iter().zip(command.words).all(|(word, own)| own.starts_with(word.as_str()))
    };
    let mut out = String::from("The following commands are valid at this level:\n");
    let mut listed: Vec<&Command> =
        listed().filter(begins).filter(|c| !ALWAYS.contains(&c.words[0])).collect();
    listed.sort_by_key(|command| command.words);
    listed.into_iter().for_each(|command| line(&mut out, command));
    all().filter(|command| ALWAYS.contains(&command.words[0])).for_each(|command| line(&mut out, command));
    out
}

/// How much nearer a command is for each word it shares with what was typed.
const SHARED_WORD: i64 = 20;

/// Most commands suggested for an unknown one.
const SUGGESTIONS_MAX: usize = 5;

/// What is said of a line that is no command: commands that share its first word, else those written most alike.
pub(super) fn unknown(words: &[String], session: &Session) -> String {
    let typed = words.join(" ");
    let mut near: Vec<(i64, &Command)> = listed()
        .filter(|command| allowed(command, session))
        .map(|command| {
            let same = words.iter().zip(command.words).take_while(|(word, own)| word == own).count();
            let own = command.words.join(" ");
            (strsim::levenshtein(&own, &typed) as i64 - same as i64 * SHARED_WORD, command)
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let mut out =
        format!("Unknown command: '{typed}', but maybe one of the following ones is a better match:\n");
    let suggested = near.iter().filter(|(_, c)| !ALWAYS.contains(&c.words[0])).take(SUGGESTIONS_MAX);
    suggested.for_each(|(_, command)| line(&mut out, command));
    all().filter(|command| ALWAYS.contains(&command.words[0])).for_each(|command| line(&mut out, command));
    out
}
