//! Two to five routers over a network that loses, delays and parts, with stalls, clock jumps, crashes, restarts,
//! failing interfaces, lost addresses, changing priorities and maintenance.
//!
//! What must hold at every moment, for each virtual router:
//!
//! 1. Never two masters that hear each other for longer than one interval and the network's delay.
//! 2. Never no master for longer than the master-down time of a router that could lead, and the delay.
//! 3. A router holds the addresses exactly while it is master.
//! 4. When all is calm again there is one master, all others follow it, and with preemption it is the best one.
//!
//! `SIM_HOURS` sets how many hours are simulated (the short form is eighty), `SIM_SEED` runs one seed only.
//! A seed that fails prints what happened last.

mod node;
mod rng;
mod world;

use std::time::Instant as Wall;

use world::World;

/// Simulated hours without `SIM_HOURS`: some seconds in a debug build.
const HOURS_SHORT: f64 = 80.0;
/// Lines of the trace that a failure prints.
const TRACE_LINES: usize = 250;

#[test]
fn masters_are_one_and_not_none() {
    let number = |name| std::env::var(name).ok().and_then(|value: String| value.parse::<f64>().ok());
    if let Some(seed) = number("SIM_SEED") {
        run(seed as u64);
        return;
    }
    let hours = number("SIM_HOURS").unwrap_or(HOURS_SHORT);
    let begun = Wall::now();
    let (mut done, mut seed, mut events) = (0.0, 0, 0);
    while done < hours {
        seed += 1;
        let (simulated, steps) = run(seed);
        done += simulated;
        events += steps;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{seed} seeds, {done:.0} hours, {events} events in {seconds:.1} s");
}

/// Simulated hours and events of one seed.
fn run(seed: u64) -> (f64, u64) {
    let mut world = World::new(seed);
    match world.run() {
        Ok(()) => (world.hours(), world.steps()),
        Err(why) => {
            let mut again = World::new(seed);
            again.trace();
            let _ = again.run();
            let trace = again.traced();
            for line in &trace[trace.len().saturating_sub(TRACE_LINES)..] {
                println!("{line}");
            }
            panic!("SIM_SEED={seed}: {why}\n{}", world.describe());
        }
    }
}
