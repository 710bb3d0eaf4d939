//! `make conformance`: HAProxy's regression tests against ours (or `SUBJECT`).
//!
//! Environment: `SUBJECT` (a program), `FOLDER` (words that narrow: a folder, a file, a piece of a name), `JOBS` (2),
//! `LIMIT` (seconds for a test, 20). Arguments: `--short` runs the tests of `must-pass.txt` alone and fails if one
//! does not pass; `--bless` adds what passed to that list.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use integration::conformance::report::{Report, compare_and_keep};
use integration::conformance::run::{Outcome, Plan, Verdict, run};
use integration::conformance::suite::{Abilities, Test, discover, list};
use integration::subject;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let short = arguments.iter().any(|a| a == "--short");
    let root = subject::root();
    let lists = root.join("integration/conformance");
    let must_pass = list(&lists.join("must-pass.txt"))?;
    if short && must_pass.is_empty() {
        println!("conformance: 0 passed, 0 failed");
        return Ok(ExitCode::SUCCESS);
    }
    let program = match std::env::var_os("SUBJECT") {
        Some(path) => fs::canonicalize(&path).with_context(|| format!("SUBJECT={}", path.display()))?,
        None => subject::ours("rhaproxy")?,
    };
    let abilities = Abilities::of(&program)?;
    let tests = fetch(&root)?;
    let wanted: Vec<&Test> =
        tests.iter().filter(|t| !short || must_pass.iter().any(|(name, _)| *name == t.name)).collect();
    let (skipped, runnable): (Vec<&Test>, Vec<&Test>) =
        wanted.into_iter().partition(|test| !short && test.skip_reason(&abilities).is_some());

    let name = program.file_name().map(|n| n.display().to_string()).unwrap_or_default();
    let results = root.join(".results/conformance").join(&name);
    let limit = Duration::from_secs(number("LIMIT").unwrap_or(20));
    let plan = Plan {
        subject: &program,
        jobs: number("JOBS").unwrap_or(2) as usize,
        limit,
        logs: &results.join("logs"),
    };
    let mut verdicts = run(&plan, &runnable, |verdict| {
        if matches!(verdict.outcome, Outcome::Failed | Outcome::TimedOut) {
            println!("{:>6.1} s  {:?}  {}", verdict.took.as_secs_f64(), verdict.outcome, verdict.name);
        }
    })?;
    if short {
        // on a busy machine a test can miss its time: what failed is played once more, alone and with twice the time
        let failed = |test: &&&Test| {
            let bad = |v: &Verdict| v.outcome != Outcome::Passed && v.outcome != Outcome::Skipped;
            verdicts.iter().any(|v| v.name == test.name && bad(v))
        };
        let again: Vec<&Test> = runnable.iter().filter(failed).copied().collect();
        let alone = Plan { subject: &program, jobs: 1, limit: limit * 2, logs: plan.logs };
        for second in run(&alone, &again, |_| {})? {
            println!("{} again: {:?}", second.name, second.outcome);
            verdicts.retain(|v| v.name != second.name);
            verdicts.push(second);
        }
    }
    verdicts.extend(skipped.iter().map(|test| Verdict {
        name: test.name.clone(),
        outcome: Outcome::Skipped,
        took: Duration::ZERO,
        why: None,
    }));
    verdicts.sort_by(|a, b| a.name.cmp(&b.name));

    let exceptions = list(&lists.join("exceptions.txt"))?;
    let report = Report { verdicts: &verdicts, exceptions: &exceptions };
    print!("\n{}", report.text());
    print!("{}", compare_and_keep(&results.join("outcomes.tsv"), &verdicts)?);
    println!("outputs: {}", plan.logs.display());
    if arguments.iter().any(|a| a == "--bless") {
        bless(&lists.join("must-pass.txt"), &verdicts)?;
    }
    let failed = if short {
        // In the short form nothing is excused, and a test that is skipped does not pass either.
        must_pass.len() - report.passed()
    } else {
        report.failures().count()
    };
    println!("conformance: {} passed, {failed} failed", report.passed());
    Ok(if short && failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The tests, downloaded on first use.
fn fetch(root: &std::path::Path) -> Result<Vec<Test>> {
    let dir: PathBuf = root.join("target/regtests");
    let status = Command::new(root.join("integration/scripts/regtests.sh")).arg(&dir).status()?;
    ensure!(status.success(), "the regression tests could not be fetched: {status}");
    let narrow: Vec<String> =
        std::env::var("FOLDER").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    discover(&dir.join("reg-tests"), &narrow)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Adds what passed to the list, which keeps its comment at the top.
fn bless(file: &std::path::Path, verdicts: &[Verdict]) -> Result<()> {
    let old = fs::read_to_string(file)?;
    let comments: Vec<&str> = old.lines().take_while(|line| line.starts_with('#')).collect();
    let mut names: BTreeSet<String> = list(file)?.into_iter().map(|(name, _)| name).collect();
    names.extend(verdicts.iter().filter(|v| v.outcome == Outcome::Passed).map(|v| v.name.clone()));
    let lines: Vec<&str> = comments.into_iter().chain(names.iter().map(String::as_str)).collect();
    fs::write(file, lines.join("\n") + "\n")?;
    Ok(())
}
