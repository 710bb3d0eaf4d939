//! `interop [--original PATH] [--ours PATH] [--pairs AA,RA,AR,RR] [--keep DIR] [--short] [SCENARIO...]`: plays the VRRP
//! scenarios. The pairs of one scenario are played side by side, each in its own laboratory; what fails is played once
//! more by itself, because others may use the machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, bail};
use integration::interop::play::{Pair, play};
use integration::interop::report::{Outcome, Row};
use integration::interop::scenario::{self, Scenario};

struct Args {
    original: String,
    ours: String,
    pairs: Vec<String>,
    keep: PathBuf,
    short: bool,
    only: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let args = read(std::env::args().skip(1))?;
    if !integration::netns::allowed() {
        if args.short {
            println!("skipped: the scenarios need root, they make network namespaces");
            return Ok(ExitCode::SUCCESS);
        }
        bail!("the scenarios need root: they make network namespaces");
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/vrrp");
    let mut all = scenario::load(&directory)?;
    all.retain(|scenario| args.only.is_empty() || args.only.contains(&scenario.id));
    all.retain(|scenario| !args.short || scenario.short);
    let mut good = true;
    let mut show = |row: Row| {
        print!("{}", row.lines());
        good &= row.is_good();
    };
    if args.short {
        // Only whether it works: all at once.
        let rows: Vec<Row> = thread::scope(|scope| {
            let runs: Vec<_> = all.iter().map(|one| scope.spawn(|| row(one, &args))).collect();
            runs.into_iter().filter_map(|run| run.join().ok()).collect()
        });
        rows.into_iter().for_each(&mut show);
    } else {
        all.iter().for_each(|scenario| show(row(scenario, &args)));
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All pairs of one scenario.
fn row(scenario: &Scenario, args: &Args) -> Row {
    let mut row = Row {
        name: format!("{} {}", scenario.id, scenario.title),
        original_fails: scenario.original_fails.clone(),
        ..Row::default()
    };
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let runs: Vec<_> =
            args.pairs.iter().map(|pair| scope.spawn(|| outcome(scenario, pair, args))).collect();
        let died = || Outcome::Failed(String::from("the play panicked"));
        runs.into_iter().map(|run| run.join().unwrap_or_else(|_| died())).collect()
    });
    for (letters, first) in args.pairs.iter().zip(outcomes) {
        let again = matches!(first, Outcome::Failed(_)) && !row.knows(letters);
        let last = if again { outcome(scenario, letters, args) } else { first };
        row.runs.insert(letters.clone(), last);
    }
    row
}

fn outcome(scenario: &Scenario, letters: &str, args: &Args) -> Outcome {
    let program = |at: usize| match letters.as_bytes().get(at) {
        Some(b'R') => args.ours.clone(),
        _ => args.original.clone(),
    };
    let pair = Pair { x: program(0), y: program(1) };
    let place = args.keep.join(format!("{}-{letters}", scenario.id));
    let _ = std::fs::remove_dir_all(&place);
    match play(scenario, &pair, &place) {
        Ok(measured) => Outcome::Passed(measured),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Args> {
    let beside = std::env::current_exe()?.with_file_name("rkeepalived");
    let mut args = Args {
        original: String::from("/usr/sbin/keepalived"),
        ours: beside.display().to_string(),
        pairs: ["AA", "RA", "AR", "RR"].map(String::from).to_vec(),
        keep: std::env::temp_dir().join(format!("interop-{}", std::process::id())),
        short: false,
        only: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| anyhow::anyhow!("{word} needs a value"));
        match word.as_str() {
            "--original" => args.original = value()?,
            "--ours" => args.ours = value()?,
            "--pairs" => args.pairs = value()?.split(',').map(String::from).collect(),
            "--keep" => args.keep = PathBuf::from(value()?),
            "--short" => args.short = true,
            other if other.starts_with('-') => bail!("unknown option {other}"),
            _ => args.only.push(word),
        }
    }
    Ok(args)
}
