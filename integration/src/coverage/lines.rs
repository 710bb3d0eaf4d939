//! Words inside lines: each line of `lines.yaml` is loaded in a small configuration.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::State;

/// Lines of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they are about.
    pub title: String,
    /// Where they stand.
    #[serde(rename = "in")]
    pub place: Place,
    /// Lines that 2.6 takes.
    #[serde(default)]
    pub lines: Vec<String>,
    /// Lines of later versions.
    #[serde(default)]
    pub newer: Vec<String>,
    /// 2.6 takes none of them any more.
    #[serde(default)]
    pub old: bool,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In `global`.
    Global,
    /// In `defaults`.
    Defaults,
    /// In a frontend.
    Frontend,
    /// In a backend.
    Backend,
    /// Behind `bind`.
    Address,
    /// Behind `server s`.
    ServerAddress,
    /// Behind `server s 127.0.0.1:80`.
    Server,
}

/// What a program says of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How far it goes.
    pub state: State,
    /// The message, without file and line.
    pub note: String,
}

/// The groups of `lines.yaml`.
pub fn read(dir: &Path) -> Result<Vec<Group>> {
    let text = fs::read_to_string(dir.join("lines.yaml")).context("lines.yaml")?;
    Ok(serde_yaml::from_str(&text)?)
}

impl Group {
    /// All its lines.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().chain(&self.newer).map(String::as_str)
    }
}

/// A configuration with the line in its place and nothing else to complain of.
pub fn configuration(place: Place, line: &str) -> String {
    // a block of several lines is written with `\n` between blanks, as nothing inside a line is
    let line = line.replace("\\n.", "\n.");
    let at = |wanted: Place| if place == wanted { line.as_str() } else { "" };
    let bind = if place == Place::Address { line.as_str() } else { "127.0.0.1:8000" };
    let address = if place == Place::ServerAddress { line.as_str() } else { "127.0.0.1:80" };
    format!(
        "global\n log 127.0.0.1 local0\n{}\n\
         defaults\n mode http\n log global\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n{}\n\
         frontend f\n bind {bind}\n{}\n default_backend b\n\
         backend b\n{}{}\n server s {address} {}\n server t 127.0.0.1:81 check\n\
         backend t\n{} server t 127.0.0.1:82\n",
        at(Place::Global),
        at(Place::Defaults),
        at(Place::Frontend),
        context(&line),
        at(Place::Backend),
        at(Place::Server),
        if line.contains("table t") { " stick-table type ip size 1m\n" } else { "" },
    )
}

/// What a line needs before it to be complete.
fn context(line: &str) -> &'static str {
    let needs = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if needs(&["http-check"]) {
        " option httpchk\n"
    } else if needs(&["tcp-check"]) {
        " option tcp-check\n"
    } else {
        ""
    }
}

/// Loads the line with a program's `-c`.
pub fn load(program: &Path, place: Place, line: &str) -> Result<Verdict> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("coverage-{}-{number}.cfg", std::process::id()));
    fs::write(&file, configuration(place, line))?;
    let output = Command::new(program).arg("-c").arg("-f").arg(&file).stdin(Stdio::null()).output()?;
    fs::remove_file(&file)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let messages = |level: &str| {
        let lines = text.lines().filter(|message| message.starts_with(level));
        lines.map(bare).find(|message| !is_about_the_program(message))
    };
    let first = |levels: &[&str]| levels.iter().find_map(|level| messages(level)).unwrap_or_default();
    match output.status.code() {
        Some(0) => {
            let note = first(&["[WARNING]", "[NOTICE]"]);
            let state = match (note.contains("no effect"), note.is_empty()) {
                (true, _) => State::Accepted,
                (false, true) => State::Supported,
                (false, false) => State::Legacy,
            };
            Ok(Verdict { state, note })
        }
        Some(1) => Ok(Verdict { state: State::Refused, note: first(&["[ALERT]"]) }),
        _ => bail!("{} -c ended with {:?} for: {line}\n{text}", program.display(), output.status),
    }
}

/// A message without level, pid, file and line.
fn bare(message: &str) -> String {
    let text = message.split_once(") : ").map_or(message, |(_, text)| text);
    let text = text.strip_prefix("config : ").unwrap_or(text);
    match text.strip_prefix("parsing [").and_then(|text| text.split_once("] : ").or(text.split_once("]: "))) {
        Some((_, text)) => text.to_owned(),
        None => text.to_owned(),
    }
}

fn is_about_the_program(message: &str) -> bool {
    message.starts_with("haproxy version is") || message.starts_with("path to executable is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_in_its_place() {
        let text = configuration(Place::Global, ".if a\\n.endif");
        assert!(text.starts_with("global\n log 127.0.0.1 local0\n.if a\n.endif\ndefaults\n"), "{text}");
        assert!(configuration(Place::ServerAddress, "[::1]:80").contains("server s [::1]:80 \n"));
        assert!(
            configuration(Place::Backend, "tcp-check send x\\r\\n").contains("option tcp-check\ntcp-check")
        );
    }

    #[test]
    fn messages_are_bare() {
        assert_eq!(bare("[ALERT]    (9) : config : parsing [/tmp/x:3] : no such word."), "no such word.");
        assert_eq!(bare("[WARNING]  (9) : missing timeouts."), "missing timeouts.");
    }
}
