//! `keepalived -t` against ours: Debian's sample files and configurations mutated from them.
//!
//! Runs in a network namespace of its own with two veth interfaces, `eth0` and `eth1`. For each configuration the exit
//! code and the set of messages must be equal, apart from a reviewed list of reasons. Needs root and the installed
//! keepalived; exits with 1 if a difference has no reason.
//!
//! usage: `keepalived-diff [--count N] [--seed N] [--show] [--excused] [FILE...]`; `--show` prints the files, `--excused`
//! also the differences that have a reason.

mod mutate;
mod reasons;
mod unknown_blocks;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use keepalived_conf::provider::System;
use keepalived_conf::{Options, check};

/// Where Debian keeps the samples.
const SAMPLES: &str = "/usr/share/doc/keepalived/samples";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse()?;
    if Command::new("keepalived").arg("-v").output().is_err() {
        println!("keepalived is not installed: nothing to compare with");
        return Ok(());
    }
    let directory = std::env::temp_dir().join(format!("keepalived-diff.{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    namespace().context("a network namespace of our own (root is needed)")?;
    let result = compare_all(&arguments, &directory);
    std::fs::remove_dir_all(&directory)?;
    let unexplained = result?;
    if unexplained > 0 {
        std::process::exit(1);
    }
    Ok(())
}

struct Arguments {
    count: usize,
    seed: u64,
    show: bool,
    excused: bool,
    files: Vec<PathBuf>,
}

impl Arguments {
    fn parse() -> anyhow::Result<Self> {
        let mut parsed = Self { count: 300, seed: 1, show: false, excused: false, files: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().context("a number is missing");
            match word.as_str() {
                "--count" => parsed.count = value()?.parse()?,
                "--seed" => parsed.seed = value()?.parse()?,
                "--show" => parsed.show = true,
                "--excused" => parsed.excused = true,
                other if other.starts_with('-') => bail!("unknown option {other}"),
                file => parsed.files.push(PathBuf::from(file)),
            }
        }
        if parsed.files.is_empty() {
            for entry in std::fs::read_dir(SAMPLES).context(SAMPLES)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with("keepalived.conf") {
                    parsed.files.push(path);
                }
            }
            parsed.files.sort();
        }
        Ok(parsed)
    }
}

/// Enters a new network namespace with the interfaces that the samples name.
fn namespace() -> anyhow::Result<()> {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET)?;
    for line in [
        "link set lo up",
        "link add eth0 type veth peer name peer0",
        "link add eth1 type veth peer name peer1",
        "link set eth0 up",
        "link set eth1 up",
        "addr add 192.0.2.1/24 dev eth0",
        "addr add 198.51.100.1/24 dev eth1",
    ] {
        let status = Command::new("ip").args(line.split(' ')).status()?;
        if !status.success() {
            bail!("ip {line}: {status}");
        }
    }
    Ok(())
}

/// What one program said.
pub struct Answer {
    /// Exit code, or the negative number of the signal that killed it.
    pub code: i32,
    /// Its messages.
    pub messages: BTreeSet<String>,
}

fn compare_all(arguments: &Arguments, directory: &Path) -> anyhow::Result<usize> {
    let mut samples = Vec::new();
    for file in &arguments.files {
        samples.push(std::fs::read_to_string(file).with_context(|| file.display().to_string())?);
    }
    let mut cases: Vec<(String, String)> = Vec::new();
    for (file, text) in arguments.files.iter().zip(&samples) {
        cases.push((file.display().to_string(), text.clone()));
    }
    let mut random = mutate::Random::new(arguments.seed);
    for index in 0..arguments.count {
        let which = index % samples.len().max(1);
        let text = mutate::mutated(&samples[which], &mut random);
        cases.push((format!("{} mutated #{index}", arguments.files[which].display()), text));
    }
    let mut table: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut unexplained = 0;
    let path = directory.join("keepalived.conf");
    for (name, text) in &cases {
        std::fs::write(&path, text)?;
        let original = original(&path)?;
        let ours = ours(&path);
        let judged = reasons::judge(&original, &ours, text, || {
            std::fs::write(&path, unknown_blocks::without(text, &ours))?;
            self::original(&path)
        })?;
        let outcome = judged.outcome;
        *table.entry(outcome.label()).or_default() += 1;
        let excused = matches!(outcome, reasons::Outcome::Reason(_)) && arguments.excused;
        unexplained += usize::from(outcome == reasons::Outcome::Unexplained);
        if excused || outcome == reasons::Outcome::Unexplained {
            report(name, text, judged.second.as_ref().unwrap_or(&original), &ours, arguments.show);
        }
    }
    println!("\n{:>6}  outcome of {} configurations", "count", cases.len());
    for (label, count) in &table {
        println!("{count:>6}  {label}");
    }
    Ok(unexplained)
}

fn report(name: &str, text: &str, original: &Answer, ours: &Answer, show: bool) {
    println!("--- {name}: exit {} / {}", original.code, ours.code);
    for line in original.messages.difference(&ours.messages) {
        println!("  original only: {line}");
    }
    for line in ours.messages.difference(&original.messages) {
        println!("  ours only:     {line}");
    }
    if show {
        for (number, line) in text.lines().enumerate() {
            println!("  {:>4} {line}", number + 1);
        }
    }
}

fn original(path: &Path) -> anyhow::Result<Answer> {
    let output = Command::new("keepalived").arg("-t").arg("-f").arg(path).output()?;
    let status = output.status;
    let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    Ok(Answer { code, messages: lines(&text) })
}

fn ours(path: &Path) -> Answer {
    let outcome = check(&System, &path.to_string_lossy(), &Options::default());
    let text: Vec<String> = outcome.messages.iter().map(ToString::to_string).collect();
    Answer { code: i32::from(outcome.exit_code), messages: lines(&text.join("\n")) }
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}
