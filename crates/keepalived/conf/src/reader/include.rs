//! The six includes and what each demands of its files.

use std::path::Path;

use super::{DEPTH_MAX, Reader, glob};
use crate::diag::{Rank, Sink};
use crate::provider::FileKind;
use crate::role::Roles;

/// `include_check`: which missing files are an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncludeCheck {
    /// A match that cannot be read.
    pub readable: bool,
    /// No file matches a name without wildcards.
    pub matches: bool,
    /// No file matches a name with wildcards.
    pub wildcard: bool,
    /// A brace alternative matches nothing.
    pub brace: bool,
}

impl IncludeCheck {
    /// Every check (`includea`, and `include_check` without words).
    pub const ALL: Self = Self { readable: true, matches: true, wildcard: true, brace: true };

    /// Each check that one of both has.
    pub fn and(self, other: Self) -> Self {
        Self {
            readable: self.readable || other.readable,
            matches: self.matches || other.matches,
            wildcard: self.wildcard || other.wildcard,
            brace: self.brace || other.brace,
        }
    }
}

const NONE: IncludeCheck = IncludeCheck { readable: false, matches: false, wildcard: false, brace: false };

/// The include keywords; they are seen before conditions and definitions.
pub const INCLUDES: &[(&str, IncludeCheck, &str)] = &[
    ("include", NONE, "read the files that match; what is missing is only said"),
    ("includer", IncludeCheck { readable: true, ..NONE }, "as include; a match must be readable"),
    (
        "includem",
        IncludeCheck { readable: true, matches: true, ..NONE },
        "as include; a name without wildcards must match",
    ),
    (
        "includew",
        IncludeCheck { readable: true, matches: true, wildcard: true, ..NONE },
        "as include; something must match",
    ),
    (
        "includeb",
        IncludeCheck { readable: true, matches: true, brace: true, ..NONE },
        "as include; each brace alternative must match",
    ),
    ("includea", IncludeCheck::ALL, "as include with all checks"),
];

impl Reader<'_> {
    /// Opens the files of an include line; `false` if the line is none.
    pub(super) fn include(&mut self, line: &str, sink: &mut Sink) -> bool {
        let line = super::define::without_comment(line);
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else { return false };
        let Some((_, check, _)) = INCLUDES.iter().find(|(name, ..)| *name == word) else { return false };
        let pattern = line.trim_start()[word.len()..].trim().trim_matches('"');
        if pattern.is_empty() {
            sink.config(format!("{word} without a file name - ignoring"));
            return true;
        }
        self.open_matching(pattern, self.include_check.and(*check), sink);
        true
    }

    fn open_matching(&mut self, pattern: &str, check: IncludeCheck, sink: &mut Sink) {
        if self.files.len() >= DEPTH_MAX {
            self.complain(
                sink,
                Rank::Config,
                format!("includes nested too deeply at '{pattern}' - ignoring"),
            );
            return;
        }
        let directory = self.files.last().map(|file| file.directory.clone()).unwrap_or_default();
        let alternatives = glob::braces(pattern);
        let mut found = Vec::new();
        let mut brace_missing = false;
        for alternative in &alternatives {
            let matches = glob::expand(self.provider, &directory, alternative);
            brace_missing |= matches.is_empty();
            found.extend(matches);
        }
        if found.is_empty() || brace_missing && check.brace && alternatives.len() > 1 {
            let wild = glob::has_wildcard(pattern);
            let wrong = if wild { check.wildcard } else { check.matches }
                || check.brace && brace_missing && alternatives.len() > 1;
            let text =
                if wild && check.wildcard { "No config files matched" } else { "Config files missing" };
            let rank = if wrong { Rank::Security } else { Rank::Note };
            self.complain(sink, rank, format!("{text} '{pattern}'."));
            if self.roles.meets(Roles::PARENT) {
                sink.hint(format!("relative names begin at {}", directory.display()));
            }
        }
        // the last pushed file is read first
        for name in found.into_iter().rev() {
            self.open_one(&directory, &name, check, sink);
        }
    }

    fn open_one(&mut self, directory: &Path, name: &str, check: IncludeCheck, sink: &mut Sink) {
        let rank = if check.readable { Rank::Security } else { Rank::Note };
        let full = directory.join(name);
        match self.provider.stat(&full).map(|stat| (stat.kind, stat.mode)) {
            Ok((FileKind::Directory, _)) => {
                return self.complain(
                    sink,
                    rank,
                    format!("Configuration file '{name}' is a directory - skipping"),
                );
            }
            Ok((FileKind::Other, _)) => {
                return self.complain(
                    sink,
                    rank,
                    format!("Configuration file '{name}' is not a regular non-executable file - skipping"),
                );
            }
            Ok((FileKind::File, mode)) if mode & 0o111 != 0 => {
                return self.complain(
                    sink,
                    rank,
                    format!("Configuration file '{name}' is not a regular non-executable file - skipping"),
                );
            }
            Ok((FileKind::File, _)) | Err(_) => {}
        }
        if let Err(error) = self.push_file(&full, name, true) {
            let text = format!("Configuration file '{name}' open problem ({error}) - skipping");
            self.complain(sink, rank, text);
        }
    }

    /// Only the first reader speaks of missing files: the others read its copy.
    fn complain(&self, sink: &mut Sink, rank: Rank, text: String) {
        if self.roles.meets(Roles::PARENT) {
            sink.say(rank, text);
        }
    }
}
