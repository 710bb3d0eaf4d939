//! The table per folder, the names of the failures, and the difference to the former run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::run::{Outcome, Verdict};

/// What the run says, with the tests that are excused (name, reason).
#[derive(Debug)]
pub struct Report<'a> {
    /// Every test that was looked at.
    pub verdicts: &'a [Verdict],
    /// Tests of what only 2.6 does.
    pub exceptions: &'a [(String, String)],
}

#[derive(Default)]
struct Row {
    passed: usize,
    failed: usize,
    excused: usize,
    skipped: usize,
}

impl Report<'_> {
    fn excuse(&self, name: &str) -> Option<&str> {
        self.exceptions.iter().find(|(excused, _)| excused == name).map(|(_, reason)| reason.as_str())
    }

    /// Tests that ran, were not excused, and did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|v| {
            matches!(v.outcome, Outcome::Failed | Outcome::TimedOut) && self.excuse(&v.name).is_none()
        })
    }

    /// How many passed.
    pub fn passed(&self) -> usize {
        self.verdicts.iter().filter(|v| v.outcome == Outcome::Passed).count()
    }

    /// The table, then the failures by name.
    pub fn text(&self) -> String {
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        let mut total = Row::default();
        for verdict in self.verdicts {
            let row = rows.entry(verdict.name.split('/').next().unwrap_or_default()).or_default();
            for row in [row, &mut total] {
                match verdict.outcome {
                    Outcome::Passed => row.passed += 1,
                    Outcome::Skipped => row.skipped += 1,
                    _ if self.excuse(&verdict.name).is_some() => row.excused += 1,
                    _ => row.failed += 1,
                }
            }
        }
        let mut text =
            format!("{:<18}{:>8}{:>8}{:>9}{:>9}\n", "folder", "passed", "failed", "excused", "skipped");
        for (name, row) in rows.iter().map(|(name, row)| (*name, row)).chain([("total", &total)]) {
            let _ = writeln!(
                text,
                "{name:<18}{:>8}{:>8}{:>9}{:>9}",
                row.passed, row.failed, row.excused, row.skipped
            );
        }
        for verdict in self.verdicts {
            let word = match verdict.outcome {
                Outcome::Failed => "failed",
                Outcome::TimedOut => "timed out",
                Outcome::Passed | Outcome::Skipped => continue,
            };
            match self.excuse(&verdict.name) {
                Some(reason) => _ = writeln!(text, "excused    {}  ({reason})", verdict.name),
                None => {
                    _ = writeln!(
                        text,
                        "{word:<10} {:<58} {}",
                        verdict.name,
                        verdict.why.as_deref().unwrap_or_default()
                    )
                }
            }
        }
        text
    }
}

/// Compares with the results kept in `file` (tests of both runs only), then keeps these there beside the older ones.
pub fn compare_and_keep(file: &Path, verdicts: &[Verdict]) -> Result<String> {
    let mut kept: BTreeMap<String, String> = fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
        .collect();
    let (mut better, mut worse) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        let now = format!("{:?}", verdict.outcome);
        if let Some(before) = kept.insert(verdict.name.clone(), now.clone()) {
            match (before == "Passed", now == "Passed") {
                (false, true) => better.push(verdict.name.as_str()),
                (true, false) => worse.push(verdict.name.as_str()),
                _ => {}
            }
        }
    }
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(
        file,
        kept.iter().fold(String::new(), |text, (name, outcome)| format!("{text}{name}\t{outcome}\n")),
    )?;
    let mut text = String::new();
    for (title, names) in [("newly passing", better), ("NO LONGER PASSING", worse)] {
        if !names.is_empty() {
            let _ = writeln!(text, "{title}: {}", names.join(" "));
        }
    }
    Ok(text)
}
