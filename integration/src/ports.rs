//! Ports for the programs under test.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// A port outside the range of ephemeral ports: nothing takes it before the program that is meant to listen there.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 200) as u16 * 100;
    for _ in 0..20_000 {
        let port = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        if (10_000..32_000).contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}

/// Whether all ports are in the LISTEN state: a look at the kernel's table makes no connection the subject would count.
pub fn listening(ports: &[u16]) -> bool {
    let table =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default()).concat();
    let open: BTreeSet<u16> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next()?;
            (fields.nth(1)? == "0A").then(|| u16::from_str_radix(local.rsplit(':').next()?, 16).ok())?
        })
        .collect();
    ports.iter().all(|port| open.contains(port))
}
