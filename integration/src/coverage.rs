//! How far each keyword goes: what the programs say of their own tables, beside the originals' keyword lists.
//!
//! `coverage/haproxy-keywords.tsv` holds the names of HAProxy 3.5 (`-dKall` and its manual's tables), `absent.tsv` those
//! that have no row here and why, `lines.yaml` what no table lists. [`document`] makes `docs/COMPATIBILITY.md` of it all.

pub mod document;
pub mod lines;
pub mod reference;
mod table;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// How far a keyword goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It does what the manual says.
    Supported,
    /// A form of older versions: it works, with a warning.
    Legacy,
    /// It is read, changes nothing, and one notice says why.
    Accepted,
    /// It is refused with file, line and reason.
    Refused,
}

impl State {
    /// All, from good to bad.
    pub const ALL: [State; 4] = [State::Supported, State::Legacy, State::Accepted, State::Refused];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            State::Supported => "supported",
            State::Legacy => "legacy",
            State::Accepted => "accepted",
            State::Refused => "refused",
        }
    }
}

/// One keyword of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The table it belongs to; for keepalived the block.
    pub family: String,
    /// Where it is valid.
    pub place: String,
    /// The word or words; a `*` at the end stands for anything.
    pub name: String,
    /// Its arguments.
    pub args: String,
    /// How far it goes.
    pub state: State,
    /// Why, or the modern form.
    pub note: String,
    /// One line of documentation.
    pub doc: String,
}

/// What `rhaproxy --dump-keywords` says.
pub fn of_rhaproxy(program: &Path) -> Result<Vec<Keyword>> {
    let text = dump(program)?;
    text.lines().skip(1).map(|line| rhaproxy_line(line).with_context(|| line.to_owned())).collect()
}

/// What `rkeepalived --dump-keywords` says.
pub fn of_rkeepalived(program: &Path) -> Result<Vec<Keyword>> {
    dump(program)?.lines().map(|line| rkeepalived_line(line).with_context(|| line.to_owned())).collect()
}

fn dump(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--dump-keywords").output()?;
    if !output.status.success() {
        bail!("{} --dump-keywords: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn rhaproxy_line(line: &str) -> Result<Keyword> {
    let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
    let [family, place, name, args, state, note, doc] = <[String; 7]>::try_from(columns)
        .map_err(|columns| anyhow::anyhow!("{} columns instead of 7", columns.len()))?;
    let state = State::ALL.into_iter().find(|known| known.name() == state).context("unknown status")?;
    Ok(Keyword { family, place, name, args, state, note, doc })
}

fn rkeepalived_line(line: &str) -> Result<Keyword> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [block, form, status, doc] = columns[..] else { bail!("{} columns instead of 4", columns.len()) };
    let (name, args) = form.split_once(' ').unwrap_or((form, ""));
    let (state, note) = match status.split_once(": ") {
        None => (State::Supported, ""),
        Some(("refused", why)) => (State::Refused, why),
        Some((_, why)) => (State::Accepted, why),
    };
    Ok(Keyword {
        family: block.to_owned(),
        place: String::new(),
        name: name.to_owned(),
        args: args.to_owned(),
        state,
        note: note.to_owned(),
        doc: doc.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_dumps_are_read() {
        let row = rhaproxy_line("bind\t\tssl\t\trefused\tno TLS\tTLS").unwrap();
        assert_eq!((row.family.as_str(), row.state, row.note.as_str()), ("bind", State::Refused, "no TLS"));
        assert!(rhaproxy_line("bind\tssl").is_err());
        let row = rkeepalived_line("global_defs\trouter_id STRING\tsupported\tname").unwrap();
        assert_eq!((row.name.as_str(), row.args.as_str()), ("router_id", "STRING"));
        let row = rkeepalived_line("a\tb\taccepted without effect: why\tdoc").unwrap();
        assert_eq!((row.state, row.note.as_str()), (State::Accepted, "why"));
    }
}
