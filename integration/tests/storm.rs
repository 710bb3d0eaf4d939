//! The reload storm in short, and the way from the original to ours and back.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use integration::storm::{Clients, Report, Storm, Way};
use integration::subject;

fn storm(programs: &[&str], way: Way, reloads: u32, pause_ms: u64) -> Report {
    let find = |name: &&str| match *name {
        "haproxy" => subject::original(name),
        _ => subject::ours(name),
    };
    let programs = programs.iter().map(|name| find(name).unwrap()).collect();
    let pauses = (Duration::from_millis(5), Duration::from_millis(50));
    let clients = Clients { keep_alive: 8, one_each: 8, tcp: 8, tunnels: 8, pauses };
    let (pause, quiet) = (Duration::from_millis(pause_ms), Duration::from_secs(1));
    Storm { programs, way, reloads, pause, quiet, clients, servers: 20 }.run().unwrap()
}

fn failures(report: &Report) -> String {
    report.storm.failures.iter().take(5).map(|failure| format!("{failure}\n")).collect()
}

#[test]
fn fifty_reloads_in_place_are_not_noticed() {
    let report = storm(&["rhaproxy"], Way::Signal, 50, 50);
    assert_eq!(failures(&report), "");
    assert_eq!(report.storm.closed_idle, 0);
    assert!(report.storm.requests > 1000, "{}", report.storm.requests);
    assert_eq!((report.processes_max, report.processes), (1, 1));
    // an allocator's noise, not fifty configurations
    let (before, after) = report.memory_kb;
    assert!(after < before + before / 4 + 8192, "{before} kB before, {after} kB after");
}

#[test]
fn sockets_go_from_the_original_to_ours_and_back() {
    let report = storm(&["haproxy", "rhaproxy"], Way::Takeover, 6, 700);
    // long-lived connections end with nobody: their processes stay for them
    assert_eq!(failures(&report), "");
    assert!(report.storm.requests > 500, "{}", report.storm.requests);
}

#[test]
fn one_process_after_the_other_takes_over() {
    let report = storm(&["rhaproxy"], Way::Takeover, 5, 700);
    assert_eq!(failures(&report), "");
    assert_eq!(report.storm.closed_idle, 0, "who is asking is told before the connection ends");
}
