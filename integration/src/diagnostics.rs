//! Configurations with the exact messages and exit code they must give.
//!
//! A case is `name.cfg` with `name.expected` beside it in `diagnostics/`: the exit code, then standard output and standard
//! error, pids and versions masked. The program runs in that folder, so messages name the bare file. A first line
//! `# args: ...` replaces the arguments `-c -f name.cfg`. Ours may add lines (the source line, a caret) as long as they do
//! not begin with `[`. `pending.txt` names the cases that ours does not match yet; it only shrinks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use regex::Regex;

/// One configuration.
#[derive(Debug)]
pub struct Case {
    /// File name without its ending.
    pub name: String,
    /// Arguments of the program.
    pub arguments: Vec<String>,
    expected: PathBuf,
}

/// Every case of a folder.
pub fn cases(dir: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let file = entry?.path();
        if file.extension().is_none_or(|extension| extension != "cfg") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().display().to_string();
        let text = fs::read(&file)?;
        let first = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        let arguments = match first.strip_prefix("# args:") {
            Some(words) => words.split_whitespace().map(str::to_owned).collect(),
            None => ["-c", "-f"].map(str::to_owned).into_iter().chain([format!("{name}.cfg")]).collect(),
        };
        cases.push(Case { name, arguments, expected: file.with_extension("expected") });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// The names in `pending.txt`.
pub fn pending(dir: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(dir.join("pending.txt")).unwrap_or_default();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Writes `pending.txt` anew.
pub fn keep_pending<'a>(dir: &Path, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let head = "# Cases that ours does not match yet; UPDATE=1 takes off those that do.\n".to_owned();
    Ok(fs::write(dir.join("pending.txt"), names.fold(head, |text, name| text + name + "\n"))?)
}

impl Case {
    /// What the program says, in the form of the expectation.
    pub fn said_by(&self, program: &Path, dir: &Path) -> Result<String> {
        let output =
            Command::new(program).args(&self.arguments).current_dir(dir).stdin(Stdio::null()).output()?;
        let code = output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
        let (stdout, stderr) = (masked(&output.stdout)?, masked(&output.stderr)?);
        Ok(format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}"))
    }

    /// The expectation; empty if there is none yet.
    pub fn expected(&self) -> String {
        fs::read_to_string(&self.expected).unwrap_or_default()
    }

    /// Makes this the expectation.
    pub fn keep(&self, said: &str) -> Result<()> {
        Ok(fs::write(&self.expected, said)?)
    }
}

/// Pids and the two notices about the program itself say nothing about the configuration.
fn masked(bytes: &[u8]) -> Result<String> {
    let pid = Regex::new(r"^(\[[A-Z]+\] *)\(\d+\)")?;
    let lines = String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| pid.replace(line, "$1(PID)").into_owned())
        .collect::<Vec<_>>();
    let own = [": haproxy version is ", ": path to executable is "];
    Ok(lines
        .into_iter()
        .filter(|line| !own.iter().any(|notice| line.contains(notice)))
        .fold(String::new(), |text, line| text + &line + "\n"))
}

/// Why what was said does not meet the expectation, if so: every expected line in its order, and no other that begins with `[`.
pub fn mismatch(expected: &str, said: &str) -> Option<String> {
    let mut wanted = expected.lines().peekable();
    for line in said.lines() {
        if wanted.peek().is_some_and(|next| *next == line) {
            wanted.next();
        } else if line.starts_with('[') || line.starts_with("exit ") {
            return Some(match wanted.next() {
                Some(next) => format!("expected: {next}\n     got: {line}"),
                None => format!("not expected: {line}"),
            });
        }
    }
    wanted.next().map(|line| format!("not said: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_may_be_said_but_nothing_else() {
        let expected = "exit 1\n--- stderr\n[ALERT]    (PID) : a\n[ALERT]    (PID) : b\n";
        assert_eq!(
            mismatch(
                expected,
                "exit 1\n--- stderr\n[ALERT]    (PID) : a\n   | source\n   ^\n[ALERT]    (PID) : b\n"
            ),
            None
        );
        assert!(mismatch(expected, "exit 1\n--- stderr\n[ALERT]    (PID) : a\n").is_some());
        assert!(mismatch(expected, &format!("{expected}[WARNING]  (PID) : c\n")).is_some());
        assert!(mismatch(expected, &expected.replace("exit 1", "exit 0")).is_some());
        assert_eq!(
            masked(b"[NOTICE]   (12) : haproxy version is 2\n[ALERT]    (12) : x\n").unwrap(),
            "[ALERT]    (PID) : x\n"
        );
    }
}
