//! The demo's time line, and its end by ctrl-C.

use std::fmt::Display;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Seconds since the start stand before each line.
pub struct Clock {
    began: Instant,
    interrupted: Arc<AtomicBool>,
}

impl Clock {
    /// Takes SIGINT and SIGTERM over: they end the waits, so that what was started is dropped in order. Handlers, not a
    /// blocked mask: the programs started later would inherit the mask.
    pub fn start() -> Result<Clock> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut int, mut term) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = int.recv() => {}
                    _ = term.recv() => {}
                }
            });
            flag.store(true, Ordering::Relaxed);
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
