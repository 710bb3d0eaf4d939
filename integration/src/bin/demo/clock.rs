//! The demo's time line, and its end by ctrl-C.

use std::fmt::Display;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::sys::signal::{SigSet, Signal};

/// Seconds since the start stand before each line.
pub struct Clock {
    began: Instant,
    interrupted: Arc<AtomicBool>,
}

impl Clock {
    /// Takes SIGINT and SIGTERM over: they end the waits, so that what was started is dropped in order. Call it before any
    /// thread is made; programs started later have the signals as usual.
    pub fn start() -> Result<Clock> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        thread::spawn(move || {
            if signals.wait().is_ok() {
                flag.store(true, Ordering::Relaxed);
            }
        });
        Ok(Clock { began: Instant::now(), interrupted })
    }

    /// Whether ctrl-C was pressed.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// A line of the time line.
    pub fn say(&self, line: impl Display) {
        println!("{:6.1} s  {line}", self.began.elapsed().as_secs_f64());
    }

    /// Waits until it is so, at most so long; whether it was. An error if interrupted.
    pub fn wait(&self, limit: Duration, mut done: impl FnMut() -> bool) -> Result<bool> {
        let end = Instant::now() + limit;
        loop {
            if self.interrupted() {
                bail!("interrupted");
            }
            if done() {
                return Ok(true);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) -> Result<()> {
        self.wait(time, || false).map(drop)
    }

    /// At a terminal: leaves everything running until Enter is pressed.
    pub fn linger(&self) -> Result<()> {
        if !std::io::stdin().is_terminal() {
            return Ok(());
        }
        println!("\nEverything is still running: look around, Enter ends it.");
        let pressed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&pressed);
        thread::spawn(move || {
            let _ = std::io::stdin().lock().read_line(&mut String::new());
            flag.store(true, Ordering::Relaxed);
        });
        self.wait(Duration::from_secs(600), || pressed.load(Ordering::Relaxed)).map(drop)
    }
}
