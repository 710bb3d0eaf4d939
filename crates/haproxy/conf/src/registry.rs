//! The keyword registry: rows that stand above the functions they name, and the index over all crates' tables.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::BitOr;

use crate::cursor::Cursor;
use crate::diagnostics::{Diagnostics, ParseError, Severity};
use crate::suggest::did_you_mean_suffix;
use crate::word::{Line, Word};

/// A set of section kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Sections(u32);

impl Sections {
    /// No section.
    pub const NONE: Sections = Sections(0);
    /// `global`
    pub const GLOBAL: Sections = Sections(1);
    /// `defaults`
    pub const DEFAULTS: Sections = Sections(1 << 1);
    /// `listen`
    pub const LISTEN: Sections = Sections(1 << 2);
    /// `frontend`
    pub const FRONTEND: Sections = Sections(1 << 3);
    /// `backend`
    pub const BACKEND: Sections = Sections(1 << 4);
    /// `userlist`
    pub const USERLIST: Sections = Sections(1 << 5);
    /// `peers`
    pub const PEERS: Sections = Sections(1 << 6);
    /// `mailers`
    pub const MAILERS: Sections = Sections(1 << 7);
    /// `resolvers`
    pub const RESOLVERS: Sections = Sections(1 << 8);
    /// `cache`
    pub const CACHE: Sections = Sections(1 << 9);
    /// `http-errors`
    pub const HTTP_ERRORS: Sections = Sections(1 << 10);
    /// `ring`
    pub const RING: Sections = Sections(1 << 11);
    /// `log-forward`
    pub const LOG_FORWARD: Sections = Sections(1 << 12);
    /// `log-profile`
    pub const LOG_PROFILE: Sections = Sections(1 << 13);
    /// `fcgi-app`
    pub const FCGI_APP: Sections = Sections(1 << 14);
    /// `crt-store`
    pub const CRT_STORE: Sections = Sections(1 << 15);
    /// `acme`
    pub const ACME: Sections = Sections(1 << 16);
    /// `healthcheck`
    pub const HEALTHCHECK: Sections = Sections(1 << 17);
    /// `traces`
    pub const TRACES: Sections = Sections(1 << 18);
    /// `namespace_list`
    pub const NAMESPACE_LIST: Sections = Sections(1 << 19);
    /// `program`
    pub const PROGRAM: Sections = Sections(1 << 20);
    /// `defaults`, `listen`, `frontend` and `backend`.
    pub const PROXY: Sections = Sections(0b11110);
    /// What has a client side: `defaults`, `listen`, `frontend`.
    pub const FRONT: Sections = Sections(0b01110);
    /// What has a server side: `defaults`, `listen`, `backend`.
    pub const BACK: Sections = Sections(0b10110);
    /// The three proxies without `defaults`.
    pub const NAMED_PROXY: Sections = Sections(0b11100);

    /// Every kind with the keyword that opens it, in the order listings show them.
    pub const ALL: &'static [(Sections, &'static str)] = &[
        (Sections::GLOBAL, "global"),
        (Sections::DEFAULTS, "defaults"),
        (Sections::LISTEN, "listen"),
        (Sections::FRONTEND, "frontend"),
        (Sections::BACKEND, "backend"),
        (Sections::USERLIST, "userlist"),
        (Sections::PEERS, "peers"),
        (Sections::MAILERS, "mailers"),
        (Sections::RESOLVERS, "resolvers"),
        (Sections::CACHE, "cache"),
        (Sections::HTTP_ERRORS, "http-errors"),
        (Sections::RING, "ring"),
        (Sections::LOG_FORWARD, "log-forward"),
        (Sections::LOG_PROFILE, "log-profile"),
        (Sections::FCGI_APP, "fcgi-app"),
        (Sections::CRT_STORE, "crt-store"),
        (Sections::ACME, "acme"),
        (Sections::HEALTHCHECK, "healthcheck"),
        (Sections::TRACES, "traces"),
        (Sections::NAMESPACE_LIST, "namespace_list"),
        (Sections::PROGRAM, "program"),
    ];

    /// The kind a section keyword opens.
    pub fn of_keyword(keyword: &str) -> Option<Sections> {
        Sections::ALL.iter().find(|(_, name)| *name == keyword).map(|(kind, _)| *kind)
    }

    /// Whether the sets share a kind.
    pub const fn intersects(self, other: Sections) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every kind of `other` is in this set.
    pub const fn contains(self, other: Sections) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together, for `const` tables.
    pub const fn and(self, other: Sections) -> Sections {
        Sections(self.0 | other.0)
    }

    /// The keyword of the first kind in the set, `""` for none.
    pub fn name(self) -> &'static str {
        Sections::ALL.iter().find(|(kind, _)| self.intersects(*kind)).map_or("", |(_, name)| name)
    }
}

impl BitOr for Sections {
    type Output = Sections;
    fn bitor(self, other: Sections) -> Sections {
        self.and(other)
    }
}

/// How far a keyword goes. There is no keyword that is read and then forgotten without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what the manual says.
    Supported,
    /// It is read and checked but changes nothing; one notice says why.
    Accepted(&'static str),
    /// It is refused with this text.
    Refused(&'static str),
    /// A form of older versions: it works, with a warning that names today's.
    Legacy {
        /// What to write instead.
        modern: &'static str,
    },
}

/// One keyword. A name may have several words (`timeout client`); one that ends in `*` is a family of words with that
/// beginning.
pub struct Row<C: ?Sized + 'static> {
    /// The word or words.
    pub name: &'static str,
    /// Where it is valid.
    pub sections: Sections,
    /// Its arguments, as listings and documentation show them.
    pub args: &'static str,
    /// How far it goes.
    pub status: Status,
    /// Reads the arguments; the cursor stands behind the name.
    pub run: fn(&mut C, &mut Cursor<'_>) -> Result<(), ParseError>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl<C: ?Sized> std::fmt::Debug for Row<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("name", &self.name).field("sections", &self.sections).finish()
    }
}

/// What the registry knows about a line's first words.
#[derive(Debug)]
pub enum Lookup<'r, C: ?Sized + 'static> {
    /// A row valid here, and how many words its name takes.
    Found(&'r Row<C>, usize),
    /// A row that is valid in other sections only.
    Elsewhere(&'r Row<C>, usize),
    /// The first word begins names of several words, but what follows is none of them. Holds the possible next words.
    Incomplete(Vec<&'static str>),
    /// No row begins so.
    Unknown,
}

/// All rows of several tables, indexed by their first word.
pub struct Registry<C: ?Sized + 'static> {
    rows: Vec<&'static Row<C>>,
    by_word: HashMap<&'static str, Vec<usize>>,
    families: Vec<usize>,
}

impl<C: ?Sized + 'static> Registry<C> {
    /// Indexes tables; where a name stands twice for the same section, the earlier table wins.
    pub fn new(tables: &[&'static [Row<C>]]) -> Self {
        let rows: Vec<&'static Row<C>> = tables.iter().flat_map(|table| table.iter()).collect();
        let mut by_word: HashMap<&'static str, Vec<usize>> = HashMap::new();
        let mut families = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            match row.name.split(' ').next() {
                Some(word) if !row.name.ends_with('*') || row.name.contains(' ') => {
                    by_word.entry(word).or_default().push(at);
                }
                _ => families.push(at),
            }
        }
        for (_, list) in by_word.iter_mut() {
            // longer names first; the sort keeps the tables' order among equals
            list.sort_by_key(|&at| std::cmp::Reverse(rows[at].name.split(' ').count()));
        }
        Registry { rows, by_word, families }
    }

    /// All rows in the order of the tables.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row<C>> + '_ {
        self.rows.iter().copied()
    }

    /// Finds the row with the longest name that the words begin with.
    pub fn lookup(&self, words: &[Word], section: Sections) -> Lookup<'static, C> {
        let first = words.first().map_or("", Word::as_str);
        let listed = self.by_word.get(first).map_or(&[][..], Vec::as_slice);
        let family = self.families.iter().copied().filter(|&at| is_family_of(self.rows[at].name, first));
        let mut elsewhere = None;
        for row in listed.iter().copied().chain(family).map(|at| self.rows[at]) {
            let Some(used) = matched_words(row.name, words) else { continue };
            if row.sections.intersects(section) {
                return Lookup::Found(row, used);
            }
            elsewhere.get_or_insert((row, used));
        }
        if let Some((row, used)) = elsewhere {
            return Lookup::Elsewhere(row, used);
        }
        let next: Vec<&'static str> = listed
            .iter()
            .map(|&at| self.rows[at])
            .filter(|row| row.sections.intersects(section))
            .filter_map(|row| row.name.split(' ').nth(1))
            .collect();
        if next.is_empty() { Lookup::Unknown } else { Lookup::Incomplete(next) }
    }

    /// First words of the rows valid in a section, each once, for suggestions.
    pub fn first_words(&self, section: Sections) -> Vec<&'static str> {
        let mut words: Vec<&'static str> = self
            .rows
            .iter()
            .filter(|row| row.sections.intersects(section))
            .filter_map(|row| row.name.split(' ').next())
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Looks a line's keyword up and runs it; what it returns and what its status says goes to `diags`. `Err` tells
    /// that an error was reported which ends the reading.
    pub fn dispatch(
        &self,
        target: &mut C,
        line: &Line,
        section: Sections,
        diags: &mut Diagnostics,
    ) -> Result<(), Aborted> {
        let (row, used) = match self.lookup(&line.words, section) {
            Lookup::Found(row, used) => (row, used),
            Lookup::Elsewhere(..) | Lookup::Incomplete(_) | Lookup::Unknown => {
                diags.parse_error(line, self.unknown(line, section));
                return Ok(());
            }
        };
        self.run_row(row, used, target, line, diags)
    }

    /// The error for a line no row takes: `unknown keyword 'x' in 'global' section`, with a suggestion.
    pub fn unknown(&self, line: &Line, section: Sections) -> ParseError {
        let word = &line.words[0];
        let suffix = did_you_mean_suffix(word.as_str(), self.first_words(section));
        ParseError::new(format!("unknown keyword '{word}' in '{}' section{suffix}", section.name())).at(word)
    }

    /// Runs a row found by [`Registry::lookup`].
    pub fn run_row(
        &self,
        row: &Row<C>,
        used: usize,
        target: &mut C,
        line: &Line,
        diags: &mut Diagnostics,
    ) -> Result<(), Aborted> {
        let word = &line.words[0];
        match row.status {
            Status::Supported => {}
            Status::Accepted(why) => {
                let text = format!("'{}' is accepted but has no effect: {why}.", row.name);
                diags.report(Severity::Notice, line, ParseError::new(text).at(word));
            }
            Status::Refused(text) => {
                diags.parse_error(line, ParseError::new(text).at(word));
                return Ok(());
            }
            Status::Legacy { modern } => {
                let text = format!("'{}' is a form of older versions. Use '{modern}' instead.", row.name);
                diags.parse_warning(line, ParseError::new(text).at(word));
            }
        }
        let mut cursor = Cursor::new(line, used);
        let result = (row.run)(target, &mut cursor);
        cursor.flush_warnings(diags);
        match result {
            Ok(()) => Ok(()),
            Err(error) => {
                let abort = error.abort;
                diags.parse_error(line, error);
                if abort { Err(Aborted) } else { Ok(()) }
            }
        }
    }

    /// The listing of `-dKcfg`: sections with their keywords indented by a tab, names in order.
    pub fn listing(&self) -> String {
        let mut out = String::new();
        for (kind, name) in Sections::ALL {
            let mut names: Vec<&str> = self
                .rows
                .iter()
                .filter(|row| row.sections.intersects(*kind) && !matches!(row.status, Status::Refused(_)))
                .map(|row| row.name)
                .collect();
            if names.is_empty() {
                continue;
            }
            names.sort_unstable();
            names.dedup();
            let _ = writeln!(out, "{name}");
            for name in names {
                let _ = writeln!(out, "\t{name}");
            }
        }
        out
    }
}

/// An error was reported after which reading makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading aborted")]
pub struct Aborted;

fn is_family_of(name: &str, word: &str) -> bool {
    name.strip_suffix('*').is_some_and(|beginning| word.starts_with(beginning))
}

/// How many words a row's name takes, if the words begin with it.
fn matched_words(name: &str, words: &[Word]) -> Option<usize> {
    let mut used = 0;
    for part in name.split(' ') {
        let word = words.get(used)?;
        if word != part && !is_family_of(part, word.as_str()) {
            return None;
        }
        used += 1;
    }
    Some(used)
}

#[cfg(test)]
mod tests;
