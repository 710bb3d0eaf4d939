//! `make check-scripts`: the ways in which people let keepalived watch haproxy, with the originals and with ours.
//!
//! What the original pair does is what ours must do: who holds the address, what runs, after each event. The gaps a client
//! sees stand beside it. `HAPROXY`, `KEEPALIVED` name other programs for ours; `CASE` narrows. Needs root.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use integration::backend::Backend;
use integration::netns::{Lab, allowed, wait_until};
use integration::pair::{Balancer, CHECK, Instance, Programs, Setup, haproxy_config, keepalived_config};
use integration::probe::Probe;
use integration::subject;
use nix::sys::signal::Signal;
use serde::Deserialize;

const VIP: &str = "10.90.0.100";

/// How long after an event the pair must have settled: three intervals of the script, the down interval, a reserve.
const SETTLE: Duration = Duration::from_secs(12);

/// How many variants run at a time: each has four namespaces that mostly wait.
const JOBS: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    script: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    options: Vec<String>,
}

/// What a variant came to: the same words for the same behaviour, and the gaps in milliseconds.
struct Outcome {
    words: Vec<String>,
    gaps_ms: Vec<u128>,
}

fn main() -> Result<ExitCode> {
    if !allowed() {
        bail!("the check scripts run in namespaces: this needs root");
    }
    let file = subject::root().join("integration/scenarios/check-scripts.yaml");
    let mut variants: Vec<Variant> = serde_yaml::from_str(&fs::read_to_string(file)?)?;
    let narrow = std::env::var("CASE").unwrap_or_default();
    variants.retain(|variant| variant.name.contains(&narrow));
    let (originals, ours) = (Programs::originals()?, Programs::chosen()?);
    let work: Vec<(&Variant, &Programs)> =
        variants.iter().flat_map(|v| [(v, &originals), (v, &ours)]).collect();
    let mut results = Vec::new();
    for batch in work.chunks(JOBS) {
        thread::scope(|scope| {
            let running: Vec<_> =
                batch.iter().map(|(variant, programs)| scope.spawn(|| play(variant, programs))).collect();
            results.extend(running.into_iter().map(|r| r.join().unwrap_or_else(|_| bail!("panicked"))));
        });
    }
    let (mut passed, mut failed) = (0, 0);
    for (variant, pair) in variants.iter().zip(results.chunks(2)) {
        let shown = pair.iter().map(text).collect::<Vec<_>>();
        let agree = matches!(pair, [Ok(a), Ok(b)] if a.words == b.words);
        if agree {
            passed += 1
        } else {
            failed += 1
        }
        println!(
            "{:<10}{}\n          original {}\n          ours     {}",
            if agree { "same" } else { "DIFFERENT" },
            variant.name,
            shown[0],
            shown[1]
        );
    }
    println!("check-scripts: {passed} passed, {failed} failed");
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(outcome: &Result<Outcome>) -> String {
    match outcome {
        Ok(outcome) => {
            let events = outcome.words.iter().zip(&outcome.gaps_ms);
            events.map(|(words, gap)| format!("{words} ({gap} ms)")).collect::<Vec<_>>().join(" | ")
        }
        Err(error) => format!("{error:#}"),
    }
}

struct Pair {
    a: Balancer,
    b: Balancer,
    probe: Probe,
}

fn play(variant: &Variant, programs: &Programs) -> Result<Outcome> {
    let logs =
        std::env::temp_dir().join(format!("checks-{}-{:?}", std::process::id(), thread::current().id()));
    let outcome = play_in(variant, programs, &logs);
    let _ = fs::remove_dir_all(&logs);
    outcome
}

fn play_in(variant: &Variant, programs: &Programs, logs: &Path) -> Result<Outcome> {
    let lab = Lab::new("checks")?;
    lab.bridge("br0")?;
    let web = lab.node("web", &[])?;
    lab.plug(&web, "br0", "eth0", &["10.90.0.21/24"])?;
    let _server = Backend::start(web.in_net(|| TcpListener::bind("10.90.0.21:80"))??, "web")?;
    let a = balancer(&lab, programs, variant, "a", logs)?;
    let b = balancer(&lab, programs, variant, "b", logs)?;
    // Asked from the server's node: a client like any other.
    let target: SocketAddr = format!("{VIP}:80").parse()?;
    if !wait_until(Duration::from_secs(15), || a.node.holds(VIP) && !b.node.holds(VIP)) {
        bail!("a never took the address: {}", a.messages());
    }
    let probe = Probe::start(Some(&web), target, Duration::from_millis(20))?;
    wait_until(Duration::from_secs(5), || probe.last().is_some());
    let mut pair = Pair { a, b, probe };
    // The first runs of the script have to be over: a result must not come late from before the event.
    thread::sleep(Duration::from_secs(3));

    let mut outcome = Outcome { words: Vec::new(), gaps_ms: Vec::new() };
    pair.event(&mut outcome, "killed", |pair| {
        pair.a.node.signal("haproxy", Signal::SIGKILL);
        Ok(())
    })?;
    pair.event(&mut outcome, "started", |pair| {
        if pair.a.node.pids("haproxy").is_empty() {
            pair.a.start_haproxy()?;
        }
        if pair.a.node.pids("keepalived").is_empty() {
            pair.a.start_keepalived()?;
        }
        Ok(())
    })?;
    pair.event(&mut outcome, "broken", |pair| {
        pair.a.node.write("/etc/haproxy/haproxy.cfg", "global\n    this is nonsense\n")?;
        pair.a.node.signal("haproxy", Signal::SIGKILL);
        Ok(())
    })?;
    Ok(outcome)
}

impl Pair {
    fn event(
        &mut self,
        outcome: &mut Outcome,
        name: &str,
        happen: impl FnOnce(&mut Pair) -> Result<()>,
    ) -> Result<()> {
        let from = Instant::now();
        happen(self).context(name.to_owned())?;
        thread::sleep(SETTLE);
        let owner = match (self.a.node.holds(VIP), self.b.node.holds(VIP)) {
            (true, false) => "a",
            (false, true) => "b",
            (true, true) => "both",
            (false, false) => "nobody",
        };
        let runs = |comm: &str| if self.a.node.pids(comm).is_empty() { "gone" } else { "runs" };
        outcome.words.push(format!(
            "{name}: owner {owner}, haproxy {}, keepalived {}",
            runs("haproxy"),
            runs("keepalived")
        ));
        outcome.gaps_ms.push(self.probe.since(from).gap.as_millis());
        Ok(())
    }
}

/// Stands in for systemd, which no namespace has: units are what their pid files say.
const SYSTEMCTL: &str = r#"#!/bin/sh
for word; do case $word in -*) ;; *) if [ -z "$verb" ]; then verb=$word; else unit=${word%.service}; fi ;; esac; done
pid=$(cat "/run/$unit.pid" 2>/dev/null)
case $verb in
    is-active|status) [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null ;;
    stop) [ -n "$pid" ] && kill "$pid" ;;
    start|restart) [ -n "$pid" ] && kill "$pid" 2>/dev/null; haproxy -f /etc/haproxy/haproxy.cfg ;;
esac
"#;

fn balancer(lab: &Lab, programs: &Programs, variant: &Variant, name: &str, logs: &Path) -> Result<Balancer> {
    let (state, priority, address) =
        if name == "a" { ("MASTER", 100, "10.90.0.11/24") } else { ("BACKUP", 90, "10.90.0.12/24") };
    let mut keepalived =
        keepalived_config(&Instance { state, priority, router_id: 74, vip: VIP, script: &variant.script });
    for option in &variant.options {
        let keyword = option.split(' ').next().unwrap_or_default();
        let default = ["    interval 2\n", "    weight -20\n"]
            .into_iter()
            .find(|line| line.trim_start().starts_with(keyword));
        keepalived = match default {
            Some(line) => keepalived.replace(line, &format!("    {option}\n")),
            None => keepalived.replace("    interval 2\n", &format!("    interval 2\n    {option}\n")),
        };
    }
    let setup = Setup {
        name: name.to_owned(),
        address: address.to_owned(),
        haproxy: haproxy_config(name, &[("web", "10.90.0.21:80")]),
        keepalived,
        check: variant.file.clone().unwrap_or_else(|| CHECK.to_owned()),
    };
    let mut balancer = Balancer::new(lab, programs, &setup, logs)?;
    executable(&balancer.node.path("/usr/local/sbin/systemctl"), SYSTEMCTL)?;
    if let (Some(path), Some(content)) = (&variant.path, &variant.file) {
        executable(&balancer.node.path(path), content)?;
    }
    balancer.start_haproxy()?;
    balancer.start_keepalived()?;
    Ok(balancer)
}

fn executable(path: &PathBuf, content: &str) -> Result<()> {
    fs::write(path, content)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
