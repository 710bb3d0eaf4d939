//! `make storm`: reloads in a row under load, ours and the original side by side.
//!
//! Environment: `RELOADS` (1000), `PAUSE` between two in milliseconds (20), `QUIET` seconds of load before (5), `CLIENTS`
//! of each asking kind (24), `SERVERS` besides those that change (0), `RHAPROXY`, `ONLY=ours|original`.

use std::time::Duration;

use anyhow::Result;
use integration::storm::{Clients, Report, Storm, Way};
use integration::subject;

fn main() -> Result<()> {
    let clients = number("CLIENTS", 24);
    let storm = Storm {
        programs: vec![subject::ours("rhaproxy")?],
        way: Way::Signal,
        reloads: number("RELOADS", 1000),
        pause: Duration::from_millis(u64::from(number("PAUSE", 20))),
        quiet: Duration::from_secs(u64::from(number("QUIET", 5))),
        clients: Clients {
            keep_alive: clients,
            one_each: clients,
            tcp: 50,
            tunnels: 50,
            pauses: (Duration::from_millis(2), Duration::from_millis(50)),
        },
        servers: number("SERVERS", 0),
    };
    let only = std::env::var("ONLY").unwrap_or_default();
    println!("{} reloads, at least {} ms apart", storm.reloads, storm.pause.as_millis());
    if only != "original" {
        show("ours, USR2", &storm.run()?);
    }
    if only != "ours" {
        let original =
            Storm { programs: vec![subject::original("haproxy")?], way: Way::Takeover, ..storm.clone() };
        show("the original, -x -sf", &original.run()?);
    }
    Ok(())
}

fn show(name: &str, report: &Report) {
    let (quiet, storm) = (&report.quiet, &report.storm);
    println!("\n{name}");
    println!("  requests            {} ({:.0}/s during the storm)", storm.requests, report.rate);
    println!("  failed              {} (quiet: {})", storm.failures.len(), quiet.failures.len());
    println!("  closed while idle   {} (quiet: {})", storm.closed_idle, quiet.closed_idle);
    for percent in [50.0, 99.0, 99.9] {
        println!(
            "  p{percent:<4} us            {} (quiet: {})",
            storm.percentile_us(percent),
            quiet.percentile_us(percent)
        );
    }
    println!("  memory kB           {} before, {} after", report.memory_kb.0, report.memory_kb.1);
    println!("  processes           {} at most, {} at the end", report.processes_max, report.processes);
    println!("  a reload            {:.1} ms (median)", report.reload.as_secs_f64() * 1e3);
    for failure in storm.failures.iter().take(5) {
        println!("    {failure}");
    }
}

fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
