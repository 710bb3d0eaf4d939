//! The one registry: every keyword is a row, every block names its rows.
//!
//! The rows drive the parser, the suggestions, `--dump-keywords` and the compatibility table.

use crate::diag::Abort;
use crate::parse::Ctx;
use crate::role::Roles;
use crate::words::Words;

/// One keyword.
pub struct Keyword {
    /// The word as it is written.
    pub name: &'static str,
    /// Its arguments, as the manual writes them.
    pub args: &'static str,
    /// What follows the line.
    pub body: Body,
    /// How far it works.
    pub status: Status,
    /// Records (or refuses) what was written.
    pub run: Run,
    /// One line for people.
    pub doc: &'static str,
}

/// Records what a line says.
pub type Run = fn(&mut Ctx<'_>, &Words) -> Outcome;

/// Whether to go on with the block, or that everything stops.
pub type Outcome = Result<Flow, Abort>;

/// What to do with a block after its head line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Read it.
    Go,
    /// Skip it.
    Skip,
}

/// The outcome of nearly every line.
pub const GO: Outcome = Ok(Flow::Go);

/// What follows a keyword's line.
#[derive(Clone, Copy)]
pub enum Body {
    /// Nothing.
    Line,
    /// A block of keywords.
    Block(&'static Block),
    /// A block of entries, one or more a line.
    List(&'static List),
}

/// A block of keywords.
pub struct Block {
    /// Name for `--dump-keywords`.
    pub name: &'static str,
    /// Its rows.
    pub tables: &'static [&'static [Keyword]],
    /// Called at the closing brace.
    pub end: fn(&mut Ctx<'_>),
}

/// A block of entries.
pub struct List {
    /// The form of an entry.
    pub entry_args: &'static str,
    /// The words of all lines are one list; else each line is an entry.
    pub whole: bool,
    /// Called for each line.
    pub entry: Run,
    /// Called at the closing brace.
    pub end: fn(&mut Ctx<'_>),
}

/// How far a keyword works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what the manual says.
    Supported,
    /// Taken with one notice that says why it has no effect.
    Accepted(&'static str),
    /// Not taken, and why.
    Refused(&'static str),
}

/// A root keyword and the processes it concerns.
pub struct RootKeyword {
    /// The row.
    pub keyword: Keyword,
    /// Who reads it and complains.
    pub roles: Roles,
    /// Who needs its values but leaves complaining to others.
    pub quiet: Roles,
}

/// A keyword that works, on one line.
pub const fn line(name: &'static str, args: &'static str, run: Run, doc: &'static str) -> Keyword {
    Keyword { name, args, body: Body::Line, status: Status::Supported, run, doc }
}

/// A keyword that opens a block of keywords.
pub const fn block(
    name: &'static str,
    args: &'static str,
    block: &'static Block,
    run: Run,
    doc: &'static str,
) -> Keyword {
    Keyword { name, args, body: Body::Block(block), status: Status::Supported, run, doc }
}

/// A keyword that opens a list of entries.
pub const fn list(name: &'static str, list: &'static List, doc: &'static str) -> Keyword {
    Keyword { name, args: "", body: Body::List(list), status: Status::Supported, run: go, doc }
}

/// The same row, taken without effect.
pub const fn accepted(mut keyword: Keyword, why: &'static str) -> Keyword {
    keyword.status = Status::Accepted(why);
    keyword
}

/// Nothing to record.
pub fn go(_: &mut Ctx<'_>, _: &Words) -> Outcome {
    GO
}

/// Nothing to do at the closing brace.
pub fn done(_: &mut Ctx<'_>) {}

impl Block {
    /// The row of a keyword.
    pub fn find(&self, name: &str) -> Option<&'static Keyword> {
        self.tables.iter().flat_map(|table| table.iter()).find(|row| row.name == name)
    }

    /// The known word closest to an unknown one.
    pub fn suggest(&self, name: &str) -> Option<&'static str> {
        closest(name, self.tables.iter().flat_map(|table| table.iter()).map(|row| row.name))
    }
}

/// The word that is nearest, if it is near at all.
pub fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match name.len() {
        0..=2 => return None,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    let distances = known.map(|word| (strsim::damerau_levenshtein(name, word), word));
    distances
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Root keywords whose blocks are read and checked by the configuration test but run by no process of this version; the
/// daemon says so once when it starts.
const NOT_RUN: &[(&str, &str)] = &[
    ("virtual_server", NO_LVS),
    ("virtual_server_group", NO_LVS),
    ("SSL", NO_LVS),
    ("bfd_instance", "it is checked, but there are no BFD sessions in this version"),
];

const NO_LVS: &str = "it is checked, but LVS is not run in this version";

/// One line of the keyword dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Blocks from the root, joined by `/`; `(root)` for the root.
    pub block: String,
    /// The keyword.
    pub name: &'static str,
    /// Its arguments.
    pub args: &'static str,
    /// How far it works.
    pub status: Status,
    /// One line for people.
    pub doc: &'static str,
}

/// Every keyword with its block, in the order of the tables.
pub fn all() -> Vec<Listed> {
    let mut found = Vec::new();
    for (name, _, doc) in crate::reader::INCLUDES {
        found.push(Listed { block: "(any)".into(), name, args: "FILE", status: Status::Supported, doc });
    }
    for row in crate::keywords::root() {
        walk("", &row.keyword, &mut found);
    }
    found
}

fn walk(path: &str, row: &Keyword, found: &mut Vec<Listed>) {
    let block = if path.is_empty() { String::from("(root)") } else { path.to_owned() };
    let root = path.split('/').next().filter(|root| !root.is_empty()).unwrap_or(row.name);
    let status = match (row.status, NOT_RUN.iter().find(|(name, _)| *name == root)) {
        (Status::Supported, Some((_, why))) => Status::Accepted(why),
        (status, _) => status,
    };
    found.push(Listed { block, name: row.name, args: row.args, status, doc: row.doc });
    if let Body::Block(block) = row.body {
        let path = if path.is_empty() { row.name.to_owned() } else { format!("{path}/{}", row.name) };
        for inner in block.tables.iter().flat_map(|table| table.iter()) {
            walk(&path, inner, found);
        }
    }
}

/// The text of `--dump-keywords`: a line per keyword with block, arguments, status and meaning.
pub fn dump_keywords() -> String {
    let mut text = String::new();
    for row in all() {
        let status = match row.status {
            Status::Supported => String::from("supported"),
            Status::Accepted(why) => format!("accepted without effect: {why}"),
            Status::Refused(why) => format!("refused: {why}"),
        };
        let args = if row.args.is_empty() { String::new() } else { format!(" {}", row.args) };
        text.push_str(&format!("{}\t{}{args}\t{status}\t{}\n", row.block, row.name, row.doc));
    }
    text
}
