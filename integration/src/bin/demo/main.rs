//! `make demo`: a look at the programs at work in less than a minute.
//!
//! As root: two balancer nodes with a virtual address, two servers and a client, in namespaces of their own; the active
//! proxy is killed, then the active node. Without root (or with `DEMO=alone`): the proxy alone on loopback, a server fails
//! and comes back. `HAPROXY` and `KEEPALIVED` name other programs to show, for example the originals.

mod alone;
mod clock;
mod door;
mod together;

use std::process::ExitCode;

use anyhow::Result;
use integration::netns;

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn show() -> Result<()> {
    let clock = clock::Clock::start()?;
    let alone = std::env::var("DEMO").is_ok_and(|form| form == "alone");
    let result = if netns::allowed() && !alone {
        together::run(&clock)
    } else {
        if !alone {
            println!("The whole pair needs root (namespaces); this shows the proxy alone.\n");
        }
        alone::run(&clock)
    };
    match result {
        Err(_) if clock.interrupted() => {
            println!("\ninterrupted: everything that was started is gone");
            Ok(())
        }
        other => other,
    }
}
