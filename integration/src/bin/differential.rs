//! `make differential`: the installed original and ours (or `SUBJECT`), same configuration, same bytes.
//!
//! Environment: `SUBJECT`, `ORIGINAL` (/usr/sbin/haproxy), `CASE` (part of a case's name), `SHOW` (print
//! what the original does). Arguments: `--short` fails only
//! for differences that are not in `known-differences.txt`; `--bless` writes that list anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};
use integration::differential::case::{Case, Change, read_all};
use integration::differential::compare::{Known, Mismatch, Outcome, compare};
use integration::differential::play::Stage;
use integration::differential::versions::{self, Changes};
use integration::subject;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|a| a == word);
    let dir = subject::root().join("integration/differential");
    let list = dir.join("known-differences.txt");
    let known = Known::read(&fs::read_to_string(&list).unwrap_or_default());
    let original = program("ORIGINAL", || subject::original("haproxy"))?;
    let ours = program("SUBJECT", || subject::ours("rhaproxy"))?;
    let same = version(&original)? == version(&ours)?;
    let common = versions::read(&dir.join("versions.yaml"))?;

    let (mut passed, mut failed, mut expected, mut lines) = (0, 0, 0, Vec::new());
    let mut cases = read_all(&dir.join("cases"), &std::env::var("CASE").unwrap_or_default())?;
    cases.retain(|(name, _)| !has("--short") || !known.has_all(name));
    let jobs = std::env::var("JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(2);
    let outcomes = in_parallel(&cases, jobs, |(name, case)| {
        one(name, case, (!same).then_some(common.as_slice()), &original, &ours)
    });
    for ((name, _), outcome) in cases.iter().zip(&outcomes) {
        let (old, new): (Vec<&Mismatch>, Vec<&Mismatch>) =
            outcome.mismatches.iter().partition(|m| known.has(m));
        println!("{name:<28}{:>6} agree{:>6} differ{:>6} known", outcome.agreed, new.len(), old.len());
        let shown = if has("--short") { &new } else { &outcome.mismatches.iter().collect() };
        for mismatch in shown {
            println!("{}\n{}", mismatch.name, mismatch.text.trim_end());
        }
        passed += outcome.agreed;
        failed += new.len();
        expected += old.len();
        lines.extend(Known::lines(name, outcome));
    }
    if has("--bless") {
        let head = "# Checks that ours does not pass yet (`make differential BLESS=1` writes this list).\n";
        fs::write(&list, lines.iter().fold(head.to_owned(), |text, line| text + line + "\n"))?;
    }
    let rows: usize = cases.iter().map(|(_, case)| case.count()).sum();
    println!("known differences: {expected}");
    println!("cases: {rows} exchanges and rows with an input each, {} checks", passed + failed + expected);
    println!("differential: {passed} passed, {failed} failed");
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Does the work for all items, so many at a time; the results stand in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], jobs: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some((index, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?)))
                {
                    let result = work(item);
                    if let Ok(mut all) = results.lock() {
                        all.push((index, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A subject that cannot even be started differs in everything. `common`: the changes between versions, if there are two.
fn one(name: &str, case: &Case, common: Option<&[Change]>, original: &Path, ours: &Path) -> Outcome {
    let play = || -> Result<Outcome> {
        let mut stage = Stage::new(name, case)?;
        // What ours cannot read at all is one difference for each line; the rest is compared without it.
        let struck = stage.strike(ours)?;
        let mut expected = stage.play(original).context("the original")?;
        if std::env::var_os("SHOW").is_some() {
            for check in &expected {
                println!("{name} :: {} :: {:?}\n  {}", check.name, check.aspect, check.seen.escape_ascii());
            }
        }
        let seen = stage.play(ours)?;
        if let Some(common) = common {
            Changes::new(common.iter().chain(&case.versions))?.apply(&mut expected);
        }
        let differs = if common.is_some() { case.differs.as_slice() } else { &[] };
        let mut outcome = compare(name, &expected, &seen, differs);
        outcome.mismatches.extend(struck.into_iter().map(|words| Mismatch {
            name: format!("{name} :: {} :: line", words.split(": ").next().unwrap_or_default()),
            text: format!("  ours: {words}\n"),
        }));
        Ok(outcome)
    };
    play().unwrap_or_else(|error| Outcome {
        agreed: 0,
        mismatches: vec![Mismatch {
            name: format!("{name} :: play :: answer"),
            text: format!("  {error:#}\n"),
        }],
    })
}

fn program(variable: &str, default: impl Fn() -> Result<PathBuf>) -> Result<PathBuf> {
    match std::env::var_os(variable) {
        Some(path) => fs::canonicalize(&path).with_context(|| format!("{variable}={}", path.display())),
        None => default(),
    }
}

fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("-v").output().with_context(|| program.display().to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
