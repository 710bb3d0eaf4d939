//! Playing one scenario with one pair of programs.

mod compare;
mod observe;
mod outside;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::capture::{Capture, now};
use super::scenario::{Host, Links, Scenario, Step, Target};
use crate::netns::{Cable, Lab, Node, Process, wait_until};

/// The programs of a pair.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Of `h1`.
    pub x: String,
    /// Of all others.
    pub y: String,
}

/// What one run measured: steps with a time, in order.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Label and seconds.
    pub times: Vec<(String, f64)>,
}

struct Stage<'a> {
    lab: Lab,
    nodes: BTreeMap<String, Node>,
    daemons: BTreeMap<String, Process>,
    marks: BTreeMap<String, (f64, BTreeMap<String, usize>)>,
    capture: Capture,
    scenario: &'a Scenario,
    pair: &'a Pair,
    directory: PathBuf,
    measured: Measured,
}

/// Plays a scenario; logs and captures stay in `directory`.
///
/// # Errors
/// The first step that did not come out as it should, with its number.
pub fn play(scenario: &Scenario, pair: &Pair, directory: &Path) -> Result<Measured> {
    fs::create_dir_all(directory)?;
    let mut stage = Stage::set(scenario, pair, directory)?;
    for (number, step) in scenario.steps.iter().enumerate() {
        stage.step(step).with_context(|| format!("step {}", number + 1))?;
    }
    Ok(stage.measured)
}

impl<'a> Stage<'a> {
    fn set(scenario: &'a Scenario, pair: &'a Pair, directory: &Path) -> Result<Self> {
        let lab = Lab::new(&scenario.id.to_lowercase())?;
        lab.bridge("br0")?;
        lab.bridge("br1")?;
        lab.switch().ip(&["link", "set", "br0", "type", "bridge", "mcast_snooping", "0"])?;
        let mut nodes = BTreeMap::new();
        for (name, host) in &scenario.hosts {
            nodes.insert(name.clone(), dress(&lab, name, host, scenario.links)?);
        }
        // Duplicate detection of link-local addresses takes a moment.
        std::thread::sleep(Duration::from_millis(1800));
        let capture = Capture::start(&lab, "br0", directory)?;
        ensure!(capture.pid() > 0, "tcpdump did not start");
        Ok(Self {
            lab,
            nodes,
            daemons: BTreeMap::new(),
            marks: BTreeMap::new(),
            capture,
            scenario,
            pair,
            directory: directory.to_owned(),
            measured: Measured::default(),
        })
    }

    fn node(&self, name: &str) -> Result<&Node> {
        if name == "switch" {
            return Ok(self.lab.switch());
        }
        self.nodes.get(name).ok_or_else(|| anyhow!("no host {name}"))
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Start(host) => self.start(host),
            Step::Sleep(seconds) => {
                std::thread::sleep(Duration::from_secs_f64(*seconds));
                Ok(())
            }
            Step::Mark(name) => {
                let logs = self.nodes.keys().map(|host| (host.clone(), self.log(host).len())).collect();
                self.marks.insert(name.clone(), (now(), logs));
                Ok(())
            }
            Step::Signal { host, to, signal } => self.signal(host, *to, signal),
            Step::Cable { host, link, plugged } => {
                let cable = if *plugged { Cable::In } else { Cable::Out };
                self.lab.cable(self.node(host)?, link, cable)
            }
            Step::Sh { host, run } => self.node(host)?.sh(&self.line(host, run)).map(drop),
            Step::Reload { host, config } => {
                self.node(host)?.write("/etc/keepalived/keepalived.conf", config)?;
                self.signal(host, Target::Parent, "HUP")
            }
            Step::Holds { host, address, within } => self.holding(host, address, *within, true),
            Step::Lacks { host, address, within } => self.holding(host, address, *within, false),
            Step::OneHolds { address, within } => {
                let holders = || self.nodes.values().filter(|node| node.holds(address)).count();
                let one = wait_until(Duration::from_secs_f64(*within), || holders() == 1);
                ensure!(one, "{} hosts hold {address}", holders());
                Ok(())
            }
            Step::Log { host, text, within, after } => {
                let found = wait_until(Duration::from_secs_f64(*within), || {
                    self.log_after(host, after.as_deref()).contains(text)
                });
                ensure!(found, "{host} never logged `{text}`");
                Ok(())
            }
            Step::NoLog { host, text, after } => {
                let found = self.log_after(host, after.as_deref()).contains(text);
                ensure!(!found, "{host} logged `{text}`");
                Ok(())
            }
            Step::Output { host, run, contains, lacks } => self.output(host, run, contains, lacks),
            Step::Exit { host, code, within } => {
                let daemon = self.daemons.get_mut(host).ok_or_else(|| anyhow!("{host} was never started"))?;
                let begin = now();
                let got = daemon.wait(Duration::from_secs_f64(*within));
                ensure!(got == Some(*code), "{host} ended with {got:?} instead of {code}");
                self.measured.times.push((format!("exit {host}"), now() - begin));
                Ok(())
            }
            Step::Advert { host, after, min, max, since_last_of, priority } => {
                self.advert(host, after, (*min, *max), since_last_of.as_deref(), *priority)
            }
            Step::NoAdvert { host, after, priority } => {
                let at = self.mark(after)?;
                let first = self.adverts(host, *priority)?.into_iter().find(|one| *one > at);
                ensure!(
                    first.is_none(),
                    "{host} sent an advert {:.3} s after {after}",
                    first.unwrap_or(at) - at
                );
                Ok(())
            }
            Step::Gap { host, after, max } => self.gap(host, after, *max),
            Step::Garp { address, after, min, max } => self.garps(address, after, *min, *max),
            Step::Spacing { address, after, min } => self.spacing(address, after, *min),
            Step::Takeover { host, after, addresses, max } => self.takeover(host, after, *addresses, *max),
            Step::Same { run, mask, lacks } => self.same(run, mask, lacks),
            Step::Exporter(hosts) => self.exporter(hosts),
            Step::Replug(host) => self.replug(host),
            Step::StartOutside(host) => self.start_outside(host),
        }
    }

    fn start(&mut self, host: &str) -> Result<()> {
        let about = self.scenario.hosts.get(host).ok_or_else(|| anyhow!("no host {host}"))?;
        let mut words = vec![self.program(host), "-n", "-l", "-D", "-G"];
        words.extend(about.args.iter().map(String::as_str));
        let daemon = self.node(host)?.spawn(&words, &self.log_path(host))?;
        self.daemons.insert(host.to_owned(), daemon);
        Ok(())
    }

    fn program(&self, host: &str) -> &str {
        if host == "h1" { &self.pair.x } else { &self.pair.y }
    }

    /// A shell line in which `{program}` stands for the host's daemon.
    fn line(&self, host: &str, run: &str) -> String {
        run.replace("{program}", self.program(host))
    }

    fn log_path(&self, host: &str) -> PathBuf {
        self.directory.join(format!("{host}.log"))
    }

    fn log(&self, host: &str) -> String {
        fs::read_to_string(self.log_path(host)).unwrap_or_default()
    }

    fn log_after(&self, host: &str, mark: Option<&str>) -> String {
        let log = self.log(host);
        let from = mark.and_then(|mark| self.marks.get(mark)?.1.get(host).copied()).unwrap_or(0);
        log.get(from..).unwrap_or_default().to_owned()
    }

    fn mark(&self, name: &str) -> Result<f64> {
        self.marks.get(name).map(|mark| mark.0).ok_or_else(|| anyhow!("no mark {name}"))
    }

    fn signal(&self, host: &str, to: Target, signal: &str) -> Result<()> {
        let signal = Signal::from_str(&format!("SIG{signal}"))?;
        let node = self.node(host)?;
        let pidfile = match to {
            Target::All => {
                let mut pids = node.pids("keepalived");
                ensure!(!pids.is_empty(), "{host} runs no keepalived");
                // Children first: one that sees its parent die would still say goodbye.
                pids.sort_unstable_by(|a, b| b.cmp(a));
                for pid in pids {
                    let _ = kill(Pid::from_raw(pid), signal);
                }
                return Ok(());
            }
            Target::Parent => "/run/keepalived.pid",
            Target::Vrrp => "/run/vrrp.pid",
        };
        let number = signal as i32;
        node.sh(&format!("kill -{number} $(cat {pidfile})")).map(drop)
    }

    fn holding(&mut self, host: &str, address: &str, within: f64, wanted: bool) -> Result<()> {
        let node = self.node(host)?;
        let begin = now();
        let came = wait_until(Duration::from_secs_f64(within), || node.holds(address) == wanted);
        let word = if wanted { "holds" } else { "lacks" };
        ensure!(came, "{host} never {word} {address}");
        self.measured.times.push((format!("{host} {word}"), now() - begin));
        Ok(())
    }

    fn output(&self, host: &str, run: &str, contains: &[String], lacks: &[String]) -> Result<()> {
        let node = self.node(host)?;
        let output = node.output(&["sh", "-c", &self.line(host, run)])?;
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for part in contains {
            ensure!(text.contains(part), "`{run}` on {host} lacks `{part}`: {text}");
        }
        for part in lacks {
            ensure!(!text.contains(part), "`{run}` on {host} has `{part}`: {text}");
        }
        Ok(())
    }
}

fn dress(lab: &Lab, name: &str, host: &Host, links: Links) -> Result<Node> {
    let node = lab.node(name, &["/run", "/tmp", "/etc/keepalived"])?;
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let (v4, v6) = (format!("192.0.2.{digits}/24"), format!("2001:db8::{digits}/64"));
    lab.plug(&node, "br0", "eth0", &[&v4, &v6])?;
    if links == Links::Two {
        lab.plug(&node, "br1", "eth1", &[&format!("198.51.100.{digits}/24")])?;
    }
    node.write("/etc/keepalived/keepalived.conf", &host.config)?;
    for (path, content) in &host.files {
        node.write(path, content)?;
        if content.starts_with("#!") {
            node.sh(&format!("chmod 755 {path}"))?;
        }
    }
    Ok(node)
}
