//! `interop [--original PATH] [--ours PATH] [--pairs AA,RA,AR,RR] [--keep DIR] [SCENARIO...]`: plays the VRRP scenarios.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use integration::interop::play::{Pair, play};
use integration::interop::report::{Outcome, Row};
use integration::interop::scenario;

struct Args {
    original: String,
    ours: String,
    pairs: Vec<String>,
    keep: PathBuf,
    only: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let args = read(std::env::args().skip(1))?;
    if !integration::netns::allowed() {
        bail!("the scenarios need root: they make network namespaces");
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/vrrp");
    let mut good = true;
    for scenario in scenario::load(&directory)? {
        if !args.only.is_empty() && !args.only.contains(&scenario.id) {
            continue;
        }
        let mut row = Row {
            name: format!("{} {}", scenario.id, scenario.title),
            original_fails: scenario.original_fails.clone(),
            ..Row::default()
        };
        for letters in &args.pairs {
            let program = |at: usize| match letters.as_bytes().get(at) {
                Some(b'R') => args.ours.clone(),
                _ => args.original.clone(),
            };
            let pair = Pair { x: program(0), y: program(1) };
            let place = args.keep.join(format!("{}-{letters}", scenario.id));
            let _ = std::fs::remove_dir_all(&place);
            let outcome = match play(&scenario, &pair, &place) {
                Ok(measured) => Outcome::Passed(measured),
                Err(error) => Outcome::Failed(format!("{error:#}")),
            };
            row.runs.insert(letters.clone(), outcome);
        }
        print!("{}", row.lines());
        good &= row.is_good();
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Args> {
    let beside = std::env::current_exe()?.with_file_name("rkeepalived");
    let mut args = Args {
        original: String::from("/usr/sbin/keepalived"),
        ours: beside.display().to_string(),
        pairs: ["AA", "RA", "AR", "RR"].map(String::from).to_vec(),
        keep: std::env::temp_dir().join(format!("interop-{}", std::process::id())),
        only: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| anyhow::anyhow!("{word} needs a value"));
        match word.as_str() {
            "--original" => args.original = value()?,
            "--ours" => args.ours = value()?,
            "--pairs" => args.pairs = value()?.split(',').map(String::from).collect(),
            "--keep" => args.keep = PathBuf::from(value()?),
            other if other.starts_with('-') => bail!("unknown option {other}"),
            _ => args.only.push(word),
        }
    }
    Ok(args)
}
