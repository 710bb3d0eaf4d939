//! What a program says of a configuration.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::args::Args;

/// Weight of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `[NOTICE]`
    Notice,
    /// `[WARNING]`
    Warning,
    /// `[ALERT]`
    Alert,
}

const LEVELS: &[(&str, Level)] =
    &[("[NOTICE]", Level::Notice), ("[WARNING]", Level::Warning), ("[ALERT]", Level::Alert)];

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its weight.
    pub level: Level,
    /// `file:line`, empty without one.
    pub place: String,
    /// The rest, with the lines that continue it.
    pub text: String,
}

/// The outcome of `-c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Messages in order, without those about the program itself.
    pub messages: Vec<Message>,
}

/// What the program says of the configuration the arguments name.
pub fn of(program: &Path, args: &Args) -> io::Result<Said> {
    let mut command = Command::new(program);
    // `quiet` in the file would hide everything
    command.args(["-c", "-V"]);
    if let Some(directory) = &args.directory {
        command.args(["-C", directory]);
    }
    for source in &args.sources {
        command.args(["-f", &source.path]);
    }
    let output = command.stdin(Stdio::null()).output()?;
    let messages = messages(&String::from_utf8_lossy(&output.stderr));
    Ok(Said { code: output.status.code().unwrap_or(-1), messages })
}

/// The messages in a text: lines that begin with a level, each with the `   | ` lines behind it.
pub fn messages(text: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for line in text.lines() {
        match LEVELS.iter().find(|(name, _)| line.starts_with(name)) {
            Some((_, level)) => messages.extend(message(*level, line)),
            // the line of the file and the caret under it are for eyes
            None => {
                if let (Some(rest), Some(last)) = (line.strip_prefix("   | "), messages.last_mut())
                    && last.place.is_empty()
                {
                    last.text.push(' ');
                    last.text.push_str(rest.trim());
                }
            }
        }
    }
    messages
}

/// Lines that say nothing of the configuration.
const ABOUT_ITSELF: &[&str] = &[
    "haproxy version is",
    "path to executable is",
    "Error(s) found in configuration file",
    "Fatal errors found in configuration",
];

fn message(level: Level, line: &str) -> Option<Message> {
    let (_, text) = line.split_once(") : ")?;
    let text = text.strip_prefix("config : ").unwrap_or(text);
    if ABOUT_ITSELF.iter().any(|own| text.starts_with(own)) {
        return None;
    }
    let start = text.find('[').filter(|start| text[..*start].to_ascii_lowercase().trim_end() == "parsing");
    let placed = start.and_then(|start| {
        let (place, rest) = text[start + 1..].split_once(']')?;
        Some((place.to_owned(), rest.trim_start_matches([' ', ':']).to_owned()))
    });
    let (place, text) = placed.unwrap_or((String::new(), text.to_owned()));
    Some(Message { level, place, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_place() {
        let said = messages(
            "[NOTICE]   (7) : haproxy version is 2\n\
             [ALERT]    (7) : config : parsing [a.cfg:3] : unknown keyword 'x'.\n   |  x\n   |  ^\n\
             [WARNING]  (7) : config : missing timeouts for frontend 'f'.\n   | While it is\n   | not invalid.\n\
             [WARNING]  (7) : parsing [a.cfg:4]: 'y'.\n\
             [ALERT]    (7) : config : Fatal errors found in configuration.\n",
        );
        let brief: Vec<_> = said.iter().map(|m| (m.level, m.place.as_str(), m.text.as_str())).collect();
        assert_eq!(
            brief,
            [
                (Level::Alert, "a.cfg:3", "unknown keyword 'x'."),
                (Level::Warning, "", "missing timeouts for frontend 'f'. While it is not invalid."),
                (Level::Warning, "a.cfg:4", "'y'."),
            ]
        );
    }
}
