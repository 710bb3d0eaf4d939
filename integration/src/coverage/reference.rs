//! The originals' keyword lists beside our tables.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Keyword, State};

/// A keyword of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Family as in our dump.
    pub family: String,
    /// Where the original takes it.
    pub place: String,
    /// The word or words.
    pub name: String,
}

/// A keyword, or several with one beginning, that has no row here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Its family.
    pub family: String,
    /// The name; a `*` at the end stands for anything.
    pub name: String,
    /// Why there is no row.
    pub why: String,
}

/// The lists of the folder `coverage`.
#[derive(Debug)]
pub struct Lists {
    /// Names of HAProxy 3.5.
    pub haproxy: Vec<Listed>,
    /// Those without a row.
    pub absent: Vec<Absent>,
    /// Reasons that put a fetch, converter, criterion or action out of the present scope.
    pub out_of_scope: Vec<String>,
}

impl Lists {
    /// Reads them.
    pub fn read(dir: &Path) -> Result<Lists> {
        let haproxy = columns(&dir.join("haproxy-keywords.tsv"))?
            .into_iter()
            .map(|[family, place, name]| Listed { family, place, name })
            .collect();
        let absent = columns(&dir.join("absent.tsv"))?
            .into_iter()
            .map(|[family, name, why]| Absent { family, name, why })
            .collect();
        let scope = dir.join("out-of-scope.txt");
        let text = fs::read_to_string(&scope).with_context(|| scope.display().to_string())?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Lists { haproxy, absent, out_of_scope: lines.map(str::to_owned).collect() })
    }

    /// The rows of a keyword in our tables. Empty if there is none.
    pub fn rows<'k>(&self, listed: &Listed, ours: &'k [Keyword]) -> Vec<&'k Keyword> {
        let place_counts = listed.family == "action";
        let own = ours.iter().filter(|row| row.family == listed.family);
        own.filter(|row| (!place_counts || row.place == listed.place) && names(&row.name, &listed.name))
            .collect()
    }

    /// Why a keyword has no row.
    pub fn absence(&self, listed: &Listed) -> Option<&Absent> {
        self.absent
            .iter()
            .find(|absent| absent.family == listed.family && matches(&absent.name, &listed.name))
    }

    /// Whether a row is refused for a reason that is out of the present scope.
    pub fn is_out_of_scope(&self, row: &Keyword) -> bool {
        row.state == State::Refused && self.out_of_scope.iter().any(|reason| row.note.contains(reason))
    }
}

/// Whether a row covers a keyword: the same words, a family of words (`tune.ssl.*`), or where one of them stands for the
/// other with its further words (`compression` for `compression algo`).
fn names(row: &str, keyword: &str) -> bool {
    let begins = |short: &str, long: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '));
    matches(row, keyword) || begins(keyword, row) || begins(row, keyword)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// Rows of a table with a head line; lines that begin with `#` are remarks.
fn columns(path: &Path) -> Result<Vec<[String; 3]>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
            <[String; 3]>::try_from(columns).map_err(|_| anyhow::anyhow!("{}: {line}", path.display()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_covers_its_words() {
        assert!(names("compression algo", "compression") && names("tune.ssl.*", "tune.ssl.lifetime"));
        assert!(names("stick", "stick on") && !names("compressions", "compression"));
        assert!(matches("set-var*", "set-var*") && !matches("set-var", "set-var-fmt"));
    }
}
