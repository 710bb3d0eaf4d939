//! `make differential`: the installed original and ours (or `SUBJECT`), same configuration, same bytes.
//!
//! Environment: `SUBJECT`, `ORIGINAL` (/usr/sbin/haproxy), `CASE` (part of a case's name). Arguments: `--short` fails only
//! for differences that are not in `known-differences.txt`; `--bless` writes that list anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use integration::differential::case::{Case, Difference, read_all};
use integration::differential::compare::{Known, Mismatch, Outcome, compare};
use integration::differential::play::Stage;
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

    let (mut passed, mut failed, mut expected, mut lines) = (0, 0, 0, Vec::new());
    for (name, case) in read_all(&dir.join("cases"), &std::env::var("CASE").unwrap_or_default())? {
        let differs = if same { &[][..] } else { &case.differs };
        let outcome = one(&name, &case, differs, &original, &ours);
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
        lines.extend(Known::lines(&name, &outcome));
    }
    if has("--bless") {
        let head = "# Checks that ours does not pass yet (`make differential BLESS=1` writes this list).\n";
        fs::write(&list, lines.iter().fold(head.to_owned(), |text, line| text + line + "\n"))?;
    }
    println!("known differences: {expected}");
    println!("differential: {passed} passed, {failed} failed");
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A subject that cannot even be started differs in everything.
fn one(name: &str, case: &Case, differs: &[Difference], original: &Path, ours: &Path) -> Outcome {
    let play = || -> Result<Outcome> {
        let stage = Stage::new(name, case)?;
        let expected = stage.play(original).context("the original")?;
        let seen = stage.play(ours)?;
        Ok(compare(name, &expected, &seen, differs))
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
