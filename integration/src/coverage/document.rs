//! `docs/COMPATIBILITY.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::lines::{self, Group};
use super::reference::{Listed, Lists};
use super::table::{code, plain, table};
use super::{Keyword, State};

/// Families of rhaproxy's dump with their titles, in the document's order.
const FAMILIES: &[(&str, &str)] = &[
    ("section", "Sections"),
    ("keyword", "Keywords of sections"),
    ("part", "Keywords of sections that are refused"),
    ("bind", "Options of `bind`"),
    ("server", "Options of `server`"),
    ("action", "Actions of rules"),
    ("fetch", "Sample fetches"),
    ("converter", "Converters"),
    ("acl", "ACL criteria"),
    ("alias", "Aliases of log formats"),
    ("filter", "Filters"),
    ("cli", "Commands of the runtime API"),
    ("service", "Services"),
    ("flag", "Command line"),
];

const HEAD: &str = "\
# Compatibility

Made by `make compatibility` from the programs' own keyword tables; do not edit. The reference is the keyword list of HAProxy 3.5
and of keepalived 2.4.3.

- **supported**: it does what the manual says.
- **legacy**: a form of older versions that today's HAProxy refuses; it works, with a warning that names the modern form.
- **accepted**: it is read and checked, changes nothing, and one notice says why.
- **refused**: the configuration is refused with file, line and this reason. Nothing is ever ignored in silence.

Rows without a mark in the column *3.5* are words that version no longer has.

";

/// Everything the document is made of.
pub struct Sources {
    /// What rhaproxy lists.
    pub rhaproxy: Vec<Keyword>,
    /// What rkeepalived lists.
    pub rkeepalived: Vec<Keyword>,
    /// The originals' lists.
    pub lists: Lists,
    /// Lines to load.
    pub groups: Vec<Group>,
}

impl Sources {
    /// From the two programs and the folder `coverage`.
    pub fn read(rhaproxy: &Path, rkeepalived: &Path, dir: &Path) -> Result<Sources> {
        Ok(Sources {
            rhaproxy: super::of_rhaproxy(rhaproxy)?,
            rkeepalived: super::of_rkeepalived(rkeepalived)?,
            lists: Lists::read(dir)?,
            groups: lines::read(dir)?,
        })
    }
}

/// The document. `program` is rhaproxy, to load the lines with.
pub fn document(sources: &Sources, program: &Path) -> Result<String> {
    let mut text = String::from(HEAD);
    let rows: Vec<(&str, &str, Vec<Keyword>)> = FAMILIES
        .iter()
        .map(|(family, title)| (*family, *title, with_absent(family, sources)))
        .filter(|(_, _, rows)| !rows.is_empty())
        .collect();
    text.push_str("## rhaproxy in numbers\n\n");
    let mut head = vec!["family"];
    head.extend(State::ALL.map(State::name));
    let mut counts: Vec<Vec<String>> =
        rows.iter().map(|(_, title, rows)| count(title, rows.iter().map(|row| row.state))).collect();
    let words = words(sources, program)?;
    counts.push(count("Words inside lines", words.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.1))));
    text.push_str(&table(&head, &counts));
    for (family, title, rows) in &rows {
        let _ = write!(text, "## {title}\n\n");
        text.push_str(&table(&heads(family), &cells(family, rows, sources)));
    }
    text.push_str("## Words inside lines\n\nEach line is loaded by rhaproxy as it stands here.\n\n");
    for (title, rows) in &words {
        let _ = write!(text, "### {title}\n\n");
        let rows: Vec<_> = rows
            .iter()
            .map(|(line, state, note)| vec![code(line), state.name().to_owned(), plain(note)])
            .collect();
        text.push_str(&table(&["line", "status", "message"], &rows));
    }
    text.push_str(&keepalived(sources));
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    Ok(text)
}

fn count(title: &str, states: impl Iterator<Item = State>) -> Vec<String> {
    let states: Vec<State> = states.collect();
    let mut row = vec![title.to_owned()];
    row.extend(State::ALL.map(|state| states.iter().filter(|own| **own == state).count().to_string()));
    row
}

/// The rows of a family with the keywords of the original that have none.
fn with_absent(family: &str, sources: &Sources) -> Vec<Keyword> {
    let mut rows: Vec<Keyword> =
        sources.rhaproxy.iter().filter(|row| row.family == family).cloned().collect();
    for listed in sources.lists.haproxy.iter().filter(|listed| listed.family == family) {
        if !sources.lists.rows(listed, &sources.rhaproxy).is_empty() {
            continue;
        }
        let why = sources.lists.absence(listed).map_or("not known here", |absent| absent.why.as_str());
        rows.push(Keyword {
            family: family.to_owned(),
            place: listed.place.clone(),
            name: listed.name.clone(),
            args: String::new(),
            state: State::Refused,
            note: why.to_owned(),
            doc: String::new(),
        });
    }
    rows
}

fn heads(family: &str) -> Vec<&'static str> {
    match family {
        "keyword" | "part" => {
            vec!["keyword", "arguments", "sections", "3.5", "status", "why, or the modern form"]
        }
        "action" => vec!["action", "arguments", "rules", "3.5", "status", "why"],
        "fetch" => vec!["fetch", "arguments", "type", "3.5", "status", "why"],
        "converter" => vec!["converter", "arguments", "types", "3.5", "status", "why"],
        "cli" => vec!["command", "arguments", "level", "3.5", "status", "why"],
        "acl" => vec!["criterion", "is", "", "3.5", "status", "why"],
        "flag" => vec!["flag", "argument", "", "", "status", "what it does, or why it does nothing"],
        _ => vec!["name", "arguments", "", "3.5", "status", "why"],
    }
}

fn cells(family: &str, rows: &[Keyword], sources: &Sources) -> Vec<Vec<String>> {
    let names = |row: &Keyword| sources.lists.haproxy.iter().any(|listed| lists(listed, row, sources));
    let mut rows: Vec<&Keyword> = rows.iter().collect();
    rows.sort_by_key(|row| (&row.name, &row.place));
    rows.iter()
        .map(|row| {
            let known = if family != "flag" && names(row) { "x" } else { "" };
            let note = if family == "flag" && row.note.is_empty() { &row.doc } else { &row.note };
            vec![
                code(&row.name),
                code(&row.args),
                plain(&row.place),
                known.to_owned(),
                row.state.name().to_owned(),
                plain(note),
            ]
        })
        .collect()
}

fn lists(listed: &Listed, row: &Keyword, sources: &Sources) -> bool {
    listed.family == row.family
        && (listed.name == row.name
            || sources.lists.rows(listed, std::slice::from_ref(row)).first().is_some_and(|_| true))
}

type Said = Vec<(String, State, String)>;

fn words<'s>(sources: &'s Sources, program: &Path) -> Result<Vec<(&'s str, Said)>> {
    let mut words = Vec::new();
    for group in &sources.groups {
        let mut rows = Vec::new();
        for line in group.all() {
            let verdict = lines::load(program, group.place, line)?;
            rows.push((line.to_owned(), verdict.state, verdict.note));
        }
        words.push((group.title.as_str(), rows));
    }
    Ok(words)
}

fn keepalived(sources: &Sources) -> String {
    let mut text = String::from("## rkeepalived\n\n");
    let mut blocks: Vec<&str> = Vec::new();
    for row in &sources.rkeepalived {
        if !blocks.contains(&row.family.as_str()) {
            blocks.push(&row.family);
        }
    }
    let all = sources.rkeepalived.iter().map(|row| row.state);
    let mut head = vec!["block"];
    head.extend(State::ALL.map(State::name));
    text.push_str(&table(&head, &[count("all", all)]));
    for block in blocks {
        let _ = write!(text, "### {block}\n\n");
        let own = sources.rkeepalived.iter().filter(|row| row.family == block);
        let rows: Vec<_> = own
            .map(|row| {
                let note = if row.note.is_empty() { &row.doc } else { &row.note };
                vec![code(&row.name), code(&row.args), row.state.name().to_owned(), plain(note)]
            })
            .collect();
        text.push_str(&table(
            &["keyword", "arguments", "status", "what it is, or why it has no effect"],
            &rows,
        ));
    }
    text
}
