//! The reload storm: one reload after the other under load, servers added and removed each time; what clients saw of it,
//! and what it left behind. The original goes through the same with its own way of reloading (`-x`, `-sf`).

mod server;
mod traffic;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::bench::program::kilobytes;
use crate::netns::wait_until;
use crate::ports::{free_port, listening};
pub use traffic::{Clients, Seen};

/// How a program takes a new configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// USR2: in the process that runs.
    Signal,
    /// A new process takes the sockets over (`-x`) and sends the old one away (`-sf`).
    Takeover,
}

/// One storm.
#[derive(Clone, Debug)]
pub struct Storm {
    /// Programs, by turns: the first one starts, each reload by takeover starts the next.
    pub programs: Vec<PathBuf>,
    /// How reloads are done.
    pub way: Way,
    /// How many.
    pub reloads: u32,
    /// Least time between two.
    pub pause: Duration,
    /// Load without reloads, before the storm.
    pub quiet: Duration,
    /// The load.
    pub clients: Clients,
    /// Servers besides those that change.
    pub servers: u32,
}

/// What a storm showed.
#[derive(Debug)]
pub struct Report {
    /// Load without reloads.
    pub quiet: Seen,
    /// Load during the storm.
    pub storm: Seen,
    /// Requests a second during the storm.
    pub rate: f64,
    /// Memory of all processes before the storm and after it, kB.
    pub memory_kb: (u64, u64),
    /// Most processes at once.
    pub processes_max: usize,
    /// Processes after the storm.
    pub processes: usize,
    /// Median time of a reload.
    pub reload: Duration,
}

/// How long a reload may take before the storm is given up.
const PATIENCE: Duration = Duration::from_secs(20);

impl Storm {
    /// Goes through it.
    pub fn run(&self) -> Result<Report> {
        let dir = std::env::temp_dir().join(format!("storm-{}-{}", std::process::id(), free_port()?));
        fs::create_dir_all(&dir)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let servers = runtime.block_on(server::start())?;
        let site = Site { http: free_port()?, tcp: free_port()?, servers, extra: self.servers, dir };
        let mut subject = Subject::start(self, &site)?;
        let outcome = self.go(&site, &mut subject, &runtime);
        drop(subject);
        runtime.shutdown_background();
        let _ = fs::remove_dir_all(&site.dir);
        outcome
    }

    fn go(&self, site: &Site, subject: &mut Subject, runtime: &tokio::runtime::Runtime) -> Result<Report> {
        let load = traffic::start(runtime, &self.clients, site.http, site.tcp);
        // pools and buffers grow to their size first
        std::thread::sleep(self.quiet / 2);
        load.take();
        std::thread::sleep(self.quiet);
        let quiet = load.take();
        let before_kb = subject.memory_kb();
        let mut times = Vec::new();
        let mut processes_max = 1;
        let began = Instant::now();
        for n in 1..=self.reloads {
            site.write(n)?;
            let started = Instant::now();
            subject.reload(self, site, n)?;
            times.push(started.elapsed());
            processes_max = processes_max.max(subject.alive());
            std::thread::sleep(self.pause.saturating_sub(started.elapsed()));
        }
        let storm = load.take();
        let rate = storm.requests as f64 / began.elapsed().as_secs_f64();
        // what leaves late shall have left
        std::thread::sleep(Duration::from_secs(2));
        let after_kb = subject.memory_kb();
        let processes = subject.alive();
        let late = load.stop(runtime);
        times.sort_unstable();
        let reload = times.get(times.len() / 2).copied().unwrap_or_default();
        let storm = Seen { failures: [storm.failures, late.failures].concat(), ..storm };
        Ok(Report { quiet, storm, rate, memory_kb: (before_kb, after_kb), processes_max, processes, reload })
    }
}

/// Where everything is.
struct Site {
    http: u16,
    tcp: u16,
    servers: server::Addresses,
    extra: u32,
    dir: PathBuf,
}

impl Site {
    fn config(&self) -> PathBuf {
        self.dir.join("haproxy.cfg")
    }

    fn socket(&self) -> PathBuf {
        self.dir.join("admin.sock")
    }

    /// Writes the configuration of reload `n`: it has servers that the ones around it have not.
    fn write(&self, n: u32) -> Result<()> {
        let server::Addresses { http, tcp } = self.servers;
        let mut text = format!(
            "global\n stats socket {} level admin expose-fd listeners\n nbthread 2\n maxconn 4000\n\
             defaults\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout tunnel 1h\n\
             frontend web\n mode http\n bind 127.0.0.1:{}\n default_backend app\n\
             backend app\n mode http\n server s1 {http}\n server s2 {http}\n server n{n} {http}\n server n{} {http}\n",
            self.socket().display(),
            self.http,
            n + 1
        );
        text.push_str(&format!("listen stream\n mode tcp\n bind 127.0.0.1:{}\n server t {tcp}\n", self.tcp));
        for b in 0..self.extra.div_ceil(5) {
            text.push_str(&format!("backend more{b}\n mode http\n"));
            (0..5).for_each(|s| text.push_str(&format!(" server s{s} {http}\n")));
        }
        Ok(fs::write(self.config(), text)?)
    }
}

/// The programs that run.
struct Subject {
    children: Vec<Child>,
    said: PathBuf,
}

impl Subject {
    fn start(storm: &Storm, site: &Site) -> Result<Subject> {
        site.write(0)?;
        let said = site.dir.join("said");
        let program = storm.programs.first().context("no program")?;
        let mut subject = Subject { children: Vec::new(), said };
        subject.spawn(program, site, &[])?;
        if !wait_until(PATIENCE, || listening(&[site.http, site.tcp])) {
            bail!("{} did not start: {}", program.display(), subject.output());
        }
        Ok(subject)
    }

    fn spawn(&mut self, program: &Path, site: &Site, arguments: &[String]) -> Result<()> {
        let said = File::options().create(true).append(true).open(&self.said)?;
        let mut command = Command::new(program);
        command.args(["-db", "-f"]).arg(site.config()).args(arguments);
        self.children.push(command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).spawn()?);
        Ok(())
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }

    fn newest(&self) -> u32 {
        self.children.last().map_or(0, Child::id)
    }

    fn reload(&mut self, storm: &Storm, site: &Site, n: u32) -> Result<()> {
        let done = match storm.way {
            Way::Signal => {
                kill(Pid::from_raw(self.newest() as i32), Signal::SIGUSR2)?;
                let answers = || self.output().matches("Loading success.").count();
                wait_until(PATIENCE, || answers() >= n as usize)
            }
            Way::Takeover => {
                let old = self.newest();
                let program = &storm.programs[n as usize % storm.programs.len()];
                let socket = site.socket().display().to_string();
                let arguments = ["-x".to_owned(), socket, "-sf".to_owned(), old.to_string()];
                self.spawn(program, site, &arguments)?;
                // the old one lets go of its sockets once it was told that the new one serves
                wait_until(PATIENCE, || !has_socket(old, site.http))
            }
        };
        if !done {
            bail!("reload {n} did not come to its end: {}", self.output());
        }
        Ok(())
    }

    /// Processes that live, ended ones reaped.
    fn alive(&mut self) -> usize {
        self.children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        self.children.len()
    }

    fn memory_kb(&mut self) -> u64 {
        self.alive();
        let rollups = self.children.iter().filter_map(|child| {
            let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id())).ok()?;
            kilobytes(&text, "Pss:")
        });
        rollups.sum()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a process has a socket that listens on the port.
fn has_socket(pid: u32, port: u16) -> bool {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
    let inodes: Vec<String> = table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let local = u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()?;
            let inode = fields.get(9)?;
            (local == port && *fields.get(3)? == "0A").then(|| format!("socket:[{inode}]"))
        })
        .collect::<Vec<_>>();
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str()))
}
