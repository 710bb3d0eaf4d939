//! Runs tests beside each other, each in namespaces of its own where that is allowed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::suite::Test;
use crate::netns;

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `varnishtest` ended with 0.
    Passed,
    /// It ended with anything else.
    Failed,
    /// It did not end in time.
    TimedOut,
    /// The test asks for a feature the subject says it has not, by a tag or by `feature cmd`.
    Skipped,
}

/// One line of a result.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The test's name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// The first complaint in the output of a test that did not pass.
    pub why: Option<String>,
}

/// How to run.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The program under test.
    pub subject: &'a Path,
    /// How many at a time.
    pub jobs: usize,
    /// The time `varnishtest` gives one test.
    pub limit: Duration,
    /// Where the outputs of the tests go, one file each.
    pub logs: &'a Path,
}

impl Plan<'_> {
    fn log_of(&self, test: &Test) -> PathBuf {
        self.logs.join(test.name.replace('/', "__")).with_extension("log")
    }
}

/// A refused configuration says more than what follows from it: its first alert, else the test's own last word.
fn complaint(log: &Path) -> Option<String> {
    let bytes = fs::read(log).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let found = text
        .lines()
        .find_map(|line| line.split_once("[ALERT]").map(|(_, alert)| alert))
        .or_else(|| text.lines().find_map(|line| line.split_once("panicked at").map(|(_, place)| place)))
        .or_else(|| text.lines().find_map(|line| line.strip_prefix("---- ")))?;
    // The folder of the run says nothing; the line in the test's configuration does.
    let words = found
        .split_whitespace()
        .map(|word| word.rsplit_once("/cfg:").map_or(word.to_owned(), |(_, line)| format!("[{line}")));
    Some(
        words
            .skip_while(|word| word.starts_with('(') || *word == ":" || *word == "config")
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// `varnishtest` enforces the limit itself; if it hangs too, everything of the test is killed this much later.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the tests; the verdicts stand in the order of the tests. `seen` is called as each one ends.
pub fn run(plan: &Plan<'_>, tests: &[&Test], seen: impl Fn(&Verdict) + Sync) -> Result<Vec<Verdict>> {
    fs::create_dir_all(plan.logs)?;
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![None; tests.len()]);
    let work = || -> Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(index) else { return Ok(()) };
            let began = Instant::now();
            let outcome = one(plan, test).with_context(|| test.name.clone())?;
            let took = began.elapsed();
            let bad = matches!(outcome, Outcome::Failed | Outcome::TimedOut);
            let why = if bad { complaint(&plan.log_of(test)) } else { None };
            let verdict = Verdict { name: test.name.clone(), outcome, took, why };
            seen(&verdict);
            if let Ok(mut all) = verdicts.lock() {
                all[index] = Some(verdict);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?)
    })?;
    Ok(verdicts.into_inner().unwrap_or_default().into_iter().flatten().collect())
}

/// The shell is the reaper of the namespace: a daemon that ended must not stay as a zombie the test waits for.
const ISOLATED: &str = r#"ip link set lo up; "$@"; exit $?"#;

fn one(plan: &Plan<'_>, test: &Test) -> Result<Outcome> {
    let log = File::create(plan.log_of(test))?;
    let scratch = Scratch::new()?;
    let limit = plan.limit.as_secs().to_string();
    let mut command = if netns::allowed() {
        let mut command = Command::new("unshare");
        command.args([
            "--net",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "bash",
            "-c",
            ISOLATED,
            "init",
        ]);
        command.arg("varnishtest");
        command
    } else {
        Command::new("varnishtest")
    };
    let bin = scratch.0.join("bin");
    fs::create_dir(&bin)?;
    std::os::unix::fs::symlink(plan.subject, bin.join("haproxy"))?;
    let path = std::env::join_paths(
        std::iter::once(bin.clone())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let mut child = command
        .args(["-b", "2M", "-v", "-t", &limit])
        .arg(&test.file)
        .env("HAPROXY_PROGRAM", bin.join("haproxy"))
        .env("HAPROXY_ARGS", "-dM")
        .env("PATH", path)
        .env("TMPDIR", &scratch.0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("varnishtest (package varnish) and unshare are needed")?;
    let mut status = None;
    netns::wait_until(plan.limit + GRACE, || {
        status = child.try_wait().ok().flatten();
        status.is_some()
    });
    let Some(status) = status else {
        child.kill()?;
        child.wait()?;
        return Ok(Outcome::TimedOut);
    };
    let text = || fs::read(plan.log_of(test)).unwrap_or_default();
    Ok(match status.code() {
        Some(0) => Outcome::Passed,
        Some(77) => Outcome::Skipped,
        _ if String::from_utf8_lossy(&text()).contains("TIMED OUT") => Outcome::TimedOut,
        _ => Outcome::Failed,
    })
}

/// A folder for the files of one test, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Scratch> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("conf-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir)?;
        Ok(Scratch(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
