//! A program that is measured: started, pinned, its CPU time and memory read from the kernel.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::netns::wait_until;
use crate::ports::listening;

/// The cores: programs under test on the first, load and backend on the last.
#[derive(Clone, Debug)]
pub struct Cores {
    /// For `taskset -c`.
    pub subject: String,
    /// For `taskset -c`.
    pub load: String,
}

impl Cores {
    /// Of the cores this process may use.
    pub fn find() -> Result<Cores> {
        let status = fs::read_to_string("/proc/self/status")?;
        let list =
            status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("0").trim();
        let numbers: Vec<&str> = list.split([',', '-']).collect();
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { bail!("no core to run on") };
        Ok(Cores { subject: (*first).to_owned(), load: (*last).to_owned() })
    }

    /// Whether load and subject are apart: without that, latency and rates say little.
    pub fn apart(&self) -> bool {
        self.subject != self.load
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// How it is named in tables.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Whose configuration it reads.
    pub language: Language,
}

/// Whose configuration language a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// haproxy.cfg
    Haproxy,
    /// nginx.conf
    Nginx,
}

/// A running program; ends with its handle.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Program {
    /// Writes the configuration to `dir`, starts the program on a core and waits until it listens.
    pub fn start(&self, dir: &Path, config: &str, core: &str, ports: &[u16]) -> Result<Running> {
        fs::create_dir_all(dir)?;
        let file = dir.join("config");
        fs::write(&file, config)?;
        let log = File::create(dir.join("said"))?;
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(&self.path);
        match self.language {
            Language::Haproxy => command.arg("-db").arg("-f").arg(&file),
            Language::Nginx => command.arg("-p").arg(dir).arg("-c").arg(&file).args(["-e", "stderr"]),
        };
        let child =
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("taskset")?;
        let mut running = Running { child };
        let mut ended = false;
        let ready = wait_until(Duration::from_secs(10), || {
            ended = !matches!(running.child.try_wait(), Ok(None));
            ended || listening(ports)
        });
        if ended || !ready {
            bail!(
                "{} did not start: {}",
                self.path.display(),
                fs::read_to_string(dir.join("said")).unwrap_or_default()
            );
        }
        Ok(running)
    }
}

impl Running {
    fn pids(&self) -> Vec<u32> {
        let mut all = vec![self.child.id()];
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        all.extend(
            fs::read_to_string(children)
                .unwrap_or_default()
                .split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        all
    }

    /// CPU time of all threads of the program and its children so far, in nanoseconds.
    pub fn cpu_ns(&self) -> u64 {
        let threads = self
            .pids()
            .into_iter()
            .flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten());
        let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
        stats.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum()
    }

    /// Memory of the program and its children in bytes, shared pages by their part.
    pub fn memory(&self) -> u64 {
        let rollups = self
            .pids()
            .into_iter()
            .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok());
        rollups.filter_map(|text| kilobytes(&text, "Pss:")).sum::<u64>() * 1024
    }
}

/// The number of a line `Name:   123 kB`.
pub fn kilobytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM);
        if !wait_until(Duration::from_secs(5), || !matches!(self.child.try_wait(), Ok(None))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
