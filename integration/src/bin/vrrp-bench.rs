//! `vrrp-bench`: many instances that are all master and send an advert a second, ours beside the original.
//!
//! Memory is the proportional share of all processes together, CPU their time over ten seconds. Environment:
//! `INSTANCES` (1000), `PROGRAM` (ours), `KEEPALIVED` (the original). Needs root. Ends with 1 if ours needs more of either.

use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use integration::netns::{Lab, Node, allowed, wait_until};
use nix::sys::signal::Signal;

/// VRIDs of one interface.
const PER_LINK: usize = 250;
/// Time over which CPU is counted.
const SPAN: Duration = Duration::from_secs(10);

/// What one program needs.
#[derive(Clone, Copy, Debug)]
struct Needs {
    /// KiB after all have become master.
    memory: u64,
    /// KiB after a reload.
    reloaded: u64,
    /// Clock ticks over [`SPAN`].
    ticks: u64,
}

fn main() -> Result<ExitCode> {
    if !allowed() {
        bail!("namespaces need root");
    }
    let count: usize = std::env::var("INSTANCES").ok().map_or(Ok(1000), |text| text.parse())?;
    let beside = std::env::current_exe()?.with_file_name("rkeepalived").display().to_string();
    let original = std::env::var("KEEPALIVED").unwrap_or_else(|_| String::from("/usr/sbin/keepalived"));
    let ours = std::env::var("PROGRAM").unwrap_or(beside);
    let (a, r) = (measure(&original, count)?, measure(&ours, count)?);
    println!("{count} instances at one advert a second    original      ours     ratio");
    let mut good = true;
    for (what, a, r) in [
        ("memory of all processes, KiB", a.memory, r.memory),
        ("the same after a reload, KiB", a.reloaded, r.reloaded),
        ("CPU over 10 s, ticks of 10 ms", a.ticks, r.ticks),
    ] {
        good &= r <= a;
        println!("{what:<40} {a:>8} {r:>9} {:>9.2}", r as f64 / a.max(1) as f64);
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(program: &str, count: usize) -> Result<Needs> {
    let lab = Lab::new("vrrp-bench")?;
    let node = lab.node("h1", &["/run", "/tmp", "/etc/keepalived"])?;
    for link in 0..count.div_ceil(PER_LINK) {
        let bridge = format!("br{link}");
        lab.bridge(&bridge)?;
        lab.plug(&node, &bridge, &format!("eth{link}"), &[&format!("192.0.{link}.1/24")])?;
    }
    node.write("/etc/keepalived/keepalived.conf", configuration(count))?;
    let log = std::env::temp_dir().join(format!("vrrp-bench-{}.log", std::process::id()));
    let _daemon = node.spawn(&[program, "-n", "-G"], &log)?;
    let last = format!("10.{}.{}.1", (count - 1) / PER_LINK, (count - 1) % PER_LINK + 1);
    ensure!(wait_until(Duration::from_secs(20), || node.holds(&last)), "{program} never became master");
    thread::sleep(Duration::from_secs(6));
    let (memory, before) = (memory(&node)?, ticks(&node)?);
    thread::sleep(SPAN);
    let ticks = ticks(&node)? - before;
    node.sh("kill -HUP $(cat /run/keepalived.pid)")?;
    thread::sleep(Duration::from_secs(3));
    let needs = Needs { memory, reloaded: self::memory(&node)?, ticks };
    node.signal("keepalived", Signal::SIGTERM);
    wait_until(Duration::from_secs(5), || node.pids("keepalived").is_empty());
    let _ = fs::remove_file(log);
    Ok(needs)
}

fn configuration(count: usize) -> String {
    (0..count)
        .map(|number| {
            let (link, vrid) = (number / PER_LINK, number % PER_LINK + 1);
            format!(
                "vrrp_instance V{number} {{\n interface eth{link}\n state BACKUP\n virtual_router_id {vrid}\n \
                 priority 150\n advert_int 1\n virtual_ipaddress {{\n  10.{link}.{vrid}.1/32 dev eth{link}\n }}\n}}\n"
            )
        })
        .collect()
}

/// Proportional share in KiB.
fn memory(node: &Node) -> Result<u64> {
    let mut sum = 0;
    for pid in node.pids("keepalived") {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
        sum += line.split_whitespace().next().unwrap_or("0").parse::<u64>()?;
    }
    Ok(sum)
}

/// User and system time.
fn ticks(node: &Node) -> Result<u64> {
    let mut sum = 0;
    for pid in node.pids("keepalived") {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        for field in fields.get(11..13).unwrap_or_default() {
            sum += field.parse::<u64>()?;
        }
    }
    Ok(sum)
}
