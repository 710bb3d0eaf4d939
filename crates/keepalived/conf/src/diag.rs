//! Complaints: rank, place, the original's words, and what to do.

use std::fmt;
use std::sync::Arc;

use crate::role::Roles;

/// How bad a complaint is; the highest rank decides the exit code of `-t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Worth saying, no mistake (exit 0).
    Note,
    /// The service cannot run: a file or an interface is missing (exit 4).
    Missing,
    /// A mistake; a real start goes on (exit 5).
    Config,
    /// Scripts run without `enable_script_security`, or a required include is missing (exit 6).
    Security,
    /// A keyword without its parameter: everything stops at once (exit 2).
    Abort,
}

impl Rank {
    /// The exit code of `-t` if this is the highest rank.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Note => 0,
            Self::Missing => 4,
            Self::Config => 5,
            Self::Security => 6,
            Self::Abort => 2,
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Path as it was opened.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Whether the text names the file: included files, and all files for the child processes.
    pub with_file: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.with_file {
            write!(f, "({}: Line {})", self.file, self.line)
        } else {
            write!(f, "(Line {})", self.line)
        }
    }
}

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its rank.
    pub rank: Rank,
    /// Where, if it belongs to a line.
    pub place: Option<Place>,
    /// The original's words, without the place.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The process (or processes) that says it.
    pub roles: Roles,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place} {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl Message {
    /// The complaint with file, line and advice, for people.
    pub fn extended(&self) -> String {
        let mut text = String::new();
        if let Some(place) = &self.place {
            text.push_str(&format!("{}:{}: ", place.file, place.line));
        }
        text.push_str(&self.text);
        if let Some(hint) = &self.hint {
            text.push_str("\n    ");
            text.push_str(hint);
        }
        text
    }
}

/// Collects complaints and knows the line being read.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    /// What was said so far.
    pub messages: Vec<Message>,
    /// The line being read, `None` after the last one.
    pub place: Option<Place>,
    /// Who is reading.
    pub roles: Roles,
}

impl Sink {
    /// Records a complaint about the line being read.
    pub fn say(&mut self, rank: Rank, text: impl Into<String>) {
        let (place, roles) = (self.place.clone(), self.roles);
        self.messages.push(Message { rank, place, text: text.into(), hint: None, roles });
    }

    /// Records a mistake in the line being read.
    pub fn config(&mut self, text: impl Into<String>) {
        self.say(Rank::Config, text);
    }

    /// Gives the last complaint its advice.
    pub fn hint(&mut self, hint: impl Into<String>) {
        if let Some(last) = self.messages.last_mut() {
            last.hint = Some(hint.into());
        }
    }

    /// The exit code that the complaints make.
    pub fn exit_code(&self) -> u8 {
        exit_code(&self.messages)
    }
}

/// The exit code of `-t`: the highest rank decides.
pub fn exit_code(messages: &[Message]) -> u8 {
    messages.iter().map(|message| message.rank).max().map_or(0, Rank::exit_code)
}

/// The configuration cannot be read on: a keyword lacks its parameter. The complaint is already recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort;
