//! The case files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// One case file: a configuration, what is sent, what the servers behind answer, and what is compared.
///
/// In `config`, `${name}` stands for: `${dir}` the folder of `files` and sockets, `${log}` the address of the log
/// collector, `${cli}` the path for the stats socket, a name of `servers` that server's port, any other lower-case
/// name a free port for the subject to listen on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case is about, in a sentence.
    pub about: String,
    /// The configuration; a table's lines take the place of the line `#TABLE`.
    pub config: String,
    /// Files beside the configuration, by name.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Servers behind the proxy.
    #[serde(default)]
    pub servers: BTreeMap<String, Server>,
    /// What the client does, one after the other.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// Many exchanges from few lines.
    pub table: Option<Table>,
    /// What is compared.
    #[serde(default = "default_compare")]
    pub compare: Vec<Aspect>,
    /// Regular expressions whose matches are no difference.
    #[serde(default)]
    pub mask: Vec<String>,
    /// What the servers got is compared as a set: checks come in any order, and again and again.
    #[serde(default)]
    pub any_order: bool,
    /// Where ours differs on purpose.
    #[serde(default)]
    pub differs: Vec<Difference>,
    /// What the original says in other words than 3.4, in this case alone (see [`super::versions`]).
    #[serde(default)]
    pub versions: Vec<Change>,
}

impl Case {
    /// Exchanges, and rows times inputs.
    pub fn count(&self) -> usize {
        let rows = self.table.as_ref().map_or(0, |table| table.all_rows().len() * table.inputs.len());
        self.exchanges.len() + rows
    }
}

fn default_compare() -> Vec<Aspect> {
    vec![Aspect::Answer, Aspect::Received]
}

/// What can be compared.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// The bytes the client got, and whether the connection was closed.
    Answer,
    /// The bytes the servers got.
    Received,
    /// The log lines.
    Log,
    /// `show stat`: the original's columns, volatile ones masked.
    Csv,
    /// `/metrics` on `${metrics}`: families, types, labels and steady values.
    Metrics,
}

/// A server behind the proxy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Sent as soon as a connection is accepted (for TCP).
    pub greet: Option<Text>,
    /// Sends back what comes, instead of speaking HTTP.
    pub echo: bool,
    /// Answers to requests: the first whose `to` the request begins with; without one, a plain 200.
    pub replies: Vec<Reply>,
}

/// One scripted answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// How the request begins, for example `GET /slow`; empty for any.
    #[serde(default)]
    pub to: String,
    /// The whole answer.
    pub send: Text,
    /// Closes the connection after it.
    #[serde(default)]
    pub close: bool,
}

/// What one client does on one connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Unique within the case.
    pub name: String,
    /// The port's name (default `fe`), or `cli` for the stats socket.
    #[serde(default = "default_port")]
    pub to: String,
    /// The bytes sent.
    pub send: Text,
    /// What it waits for.
    #[serde(default)]
    pub until: Until,
    /// Shuts its sending side down after the bytes.
    #[serde(default)]
    pub half_close: bool,
    /// How many log lines it makes, if logs are compared.
    #[serde(default = "one")]
    pub logs: usize,
}

fn default_port() -> String {
    "fe".to_owned()
}

fn one() -> usize {
    1
}

/// When an exchange is over (at most [`super::client::LIMIT`] anyway).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// So many complete responses, interim ones counted too.
    Responses(usize),
    /// The other side has closed.
    Closed,
    /// So many bytes.
    Bytes(usize),
}

impl Default for Until {
    fn default() -> Until {
        Until::Responses(1)
    }
}

/// Bytes: a string, or pieces. A character below U+0100 is that one byte (`"\xff"` is one byte), others are UTF-8.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// All at once.
    Whole(String),
    /// One after the other.
    Pieces(Vec<Piece>),
}

/// A piece of what is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Bytes.
    Plain(String),
    /// The same many times.
    Repeat {
        /// What.
        repeat: String,
        /// How often.
        times: usize,
    },
    /// Time to let what went before arrive.
    Pause {
        /// Milliseconds.
        pause_ms: u64,
    },
}

impl Text {
    /// Runs of bytes, each with the pause in milliseconds that comes before it.
    pub fn runs(&self) -> Vec<(u64, Vec<u8>)> {
        let Text::Pieces(pieces) = self else {
            let Text::Whole(text) = self else { return Vec::new() };
            return vec![(0, bytes(text))];
        };
        let mut runs = vec![(0, Vec::new())];
        for piece in pieces {
            match (piece, runs.last_mut()) {
                (Piece::Plain(text), Some((_, run))) => run.extend(bytes(text)),
                (Piece::Repeat { repeat, times }, Some((_, run))) => run.extend(bytes(repeat).repeat(*times)),
                (Piece::Pause { pause_ms }, _) => runs.push((*pause_ms, Vec::new())),
                (_, None) => {}
            }
        }
        runs
    }

    /// All bytes, without the pauses.
    pub fn bytes(&self) -> Vec<u8> {
        self.runs().into_iter().flat_map(|(_, run)| run).collect()
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// Every row with every input makes an exchange.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Configuration lines for a row: `EXPR` is the row's text, `N` in `{N}` its number. With `${row}` in it, the row has a
    /// port of its own; without, the input carries the header `x-case: N` after its first line.
    pub line: String,
    /// The rows.
    pub rows: Vec<String>,
    /// Rows made of every `a` before every `b`.
    #[serde(default)]
    pub products: Vec<Product>,
    /// What is sent, by name.
    pub inputs: BTreeMap<String, Text>,
}

/// `each` of the fronts followed by `each` of the backs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// For example fetches.
    pub fronts: Vec<String>,
    /// For example converters, with their comma.
    pub backs: Vec<String>,
}

impl Table {
    /// All rows.
    pub fn all_rows(&self) -> Vec<String> {
        let products = self
            .products
            .iter()
            .flat_map(|p| p.fronts.iter().flat_map(|a| p.backs.iter().map(move |b| format!("{a}{b}"))));
        self.rows.iter().cloned().chain(products).collect()
    }
}

/// What 2.6 says and 3.4 says otherwise: every match of `original` in what the original says becomes `ours`, and that is
/// what ours must say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where it shows.
    pub aspects: Vec<Aspect>,
    /// A regular expression on the masked bytes.
    pub original: String,
    /// What takes its place; `${1}` is a group.
    pub ours: String,
    /// Why, with the manual's section.
    pub reason: String,
}

/// A difference on purpose: ours must give `ours` there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The name of the exchange; a `*` stands for anything. Empty: all (for csv and metrics).
    #[serde(default)]
    pub exchange: String,
    /// Further ones with the same difference.
    #[serde(default)]
    pub exchanges: Vec<String>,
    /// What differs.
    pub aspect: Aspect,
    /// What ours says instead, masked; none if it is not fixed.
    pub ours: Option<String>,
    /// Why.
    pub reason: String,
}

/// Reads every `*.yaml` of a folder whose name contains `narrow`: (name, case).
pub fn read_all(dir: &Path, narrow: &str) -> Result<Vec<(String, Case)>> {
    let mut files: Vec<_> =
        fs::read_dir(dir).with_context(|| dir.display().to_string())?.flatten().map(|e| e.path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
        let name = file.file_stem().unwrap_or_default().display().to_string();
        if name.contains(narrow) {
            let case: Case = serde_yaml::from_str(&fs::read_to_string(file)?)
                .with_context(|| file.display().to_string())?;
            if case.exchanges.is_empty() && case.table.is_none() {
                bail!("{}: neither exchanges nor a table", file.display());
            }
            cases.push((name, case));
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bytes() {
        let text: Text =
            serde_yaml::from_str(r#"["a\xff", {pause_ms: 5}, {repeat: "xy", times: 2}, "€"]"#).unwrap();
        assert_eq!(text.runs(), [(0, b"a\xff".to_vec()), (5, b"xyxy\xe2\x82\xac".to_vec())]);
    }

    #[test]
    fn every_case_file_is_read() {
        let dir = crate::subject::root().join("integration/differential/cases");
        assert!(!read_all(&dir, "").unwrap().is_empty());
    }
}
