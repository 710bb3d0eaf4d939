//! `make scenario`: the RabbitMQ pair with its virtual addresses survives whatever happens to a node.
//!
//! `scenarios/rabbitmq.yaml` says what happens. Environment: `PAIR` is `ours` (default), `original`, `mixed` (first node
//! ours, second the original) or `mixed-back`; `HAPROXY` and `KEEPALIVED` name other programs for ours. `--short` runs the
//! short form. Needs root and rabbitmq-server (`integration/scripts/deps.sh --scenario`).

mod broker;
mod faults;
mod sites;
mod traffic;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use faults::Fault;
use integration::netns::{allowed, wait_until};
use integration::subject;
use serde::Deserialize;
use sites::{Sites, Which};
use traffic::{PATHS, Traffic};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    full: Plan,
    short: Plan,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    messages: u32,
    slot_s: u64,
    drain_s: u64,
    faults: Vec<Strike>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strike {
    site: Which,
    fault: Fault,
}

fn main() -> ExitCode {
    let logs = std::env::temp_dir().join(format!("scenario-{}", std::process::id()));
    match play(&logs) {
        Ok(true) => {
            let _ = fs::remove_dir_all(&logs);
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!("messages of the programs: {}", logs.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("scenario: {error:#}\nmessages of the programs: {}", logs.display());
            ExitCode::FAILURE
        }
    }
}

/// Whether every confirmed message arrived and each address has one owner.
fn play(logs: &Path) -> Result<bool> {
    if !allowed() {
        bail!("the scenario runs in namespaces: this needs root");
    }
    let file = subject::root().join("integration/scenarios/rabbitmq.yaml");
    let forms: Forms = serde_yaml::from_str(&fs::read_to_string(file)?)?;
    let plan = if std::env::args().any(|a| a == "--short") { forms.short } else { forms.full };
    let began = Instant::now();
    let say = |line: &str| println!("{:6.1} s  {line}", began.elapsed().as_secs_f64());

    let mut sites = Sites::build(logs)?;
    say("both sites are up: brokers, balancers, federation and shovel through the virtual addresses");
    let struck = Duration::from_secs(plan.slot_s) * (plan.faults.len() as u32 + 1);
    let traffic = Traffic::start(&sites, plan.messages, struck)?;
    if !wait_until(Duration::from_secs(20), || PATHS.iter().all(|path| traffic.arrived(path) > 0)) {
        bail!("no message came through: {}", traffic.counts());
    }
    say(&format!("messages flow on all three paths: {}", traffic.counts()));

    let mut table = vec![format!("{:<28}{:>16}{:>16}", "fault", "publisher gap", "consumer gap")];
    for Strike { site, fault } in &plan.faults {
        std::thread::sleep(Duration::from_secs(plan.slot_s) / 4);
        let from = Instant::now();
        let undo = sites.strike(*site, *fault).with_context(|| format!("{fault} at {site}"))?;
        std::thread::sleep(Duration::from_secs(plan.slot_s) / 2);
        sites.undo(*site, undo)?;
        std::thread::sleep(Duration::from_secs(plan.slot_s) / 4);
        let (confirms, arrivals) = traffic.gaps(from);
        let name = format!("{site}: {fault}");
        say(&format!("{name}: publisher waited {confirms} ms, consumer {arrivals} ms; {}", traffic.counts()));
        table.push(format!("{name:<28}{confirms:>13} ms{arrivals:>13} ms"));
    }
    wait_until(struck + Duration::from_secs(plan.drain_s), || traffic.published());
    wait_until(Duration::from_secs(plan.drain_s), || traffic.lost() == 0);

    println!("\n{}", table.join("\n"));
    println!("{:<28}{}", "programs", sites.programs());
    println!("{:<28}{}", "confirmed, arrived", traffic.counts());
    println!("{:<28}{}", "arrived more than once", traffic.duplicates());
    println!("{:<28}{}", "confirmed but lost", traffic.lost());
    let owners = [Which::A, Which::B].map(|site| (site, sites.owners(site)));
    for (site, owners) in &owners {
        println!("{:<28}{}", format!("owner of address {site}"), owners.join(" and "));
    }
    let finished = traffic.published();
    if !finished {
        println!("not all messages could be published");
    }
    Ok(finished && traffic.lost() == 0 && owners.iter().all(|(_, owners)| owners.len() == 1))
}
