//! The soft stop: `grace`, letting go of the sockets, waiting for the last connection, `hard-stop-after`.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use haproxy_engine::process::Process;
use haproxy_engine::run::Running;
use tokio::sync::Notify;

use crate::tell;

/// How a process is called that only ends old connections: whoever looks for the service by its name must not find it.
const DRAINING_NAME: &str = "haproxy-drain";

/// How often the last connection is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    Grace,
    Draining,
}

/// Where the soft stop is.
pub struct Stop {
    phase: Rc<Cell<Phase>>,
    draining: Rc<Notify>,
}

impl Default for Stop {
    fn default() -> Self {
        Stop { phase: Rc::new(Cell::new(Phase::Serving)), draining: Rc::default() }
    }
}

impl Stop {
    /// True once it was asked for.
    pub fn has_begun(&self) -> bool {
        self.phase.get() != Phase::Serving
    }

    /// Begins it; asking again changes nothing. Within a `LocalSet`.
    pub fn begin(&self, running: &Rc<Running>) {
        if self.has_begun() {
            return;
        }
        self.phase.set(Phase::Grace);
        let process = &running.process;
        process.stopping.store(true, Ordering::Relaxed);
        let (phase, draining) = (Rc::clone(&self.phase), Rc::clone(&self.draining));
        tokio::task::spawn_local(go(phase, draining, Rc::clone(running)));
    }

    /// Ends with the last connection of a process that drains, else never.
    pub async fn drained(&self, process: &Process) {
        if self.phase.get() != Phase::Draining {
            self.draining.notified().await;
        }
        while process.connections.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn go(phase: Rc<Cell<Phase>>, draining: Rc<Notify>, running: Rc<Running>) {
    let process = &running.process;
    let snapshot = process.snapshot.load_full();
    if let Some(ms) = snapshot.global.grace_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    drop(common_os::process::rename(DRAINING_NAME));
    tell::stopped(process);
    running.soft_stop(snapshot.global.close_spread_ms.unwrap_or(0));
    phase.set(Phase::Draining);
    draining.notify_one();
    if let Some(ms) = snapshot.global.hard_stop_after_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        tell::hard_stopped(process);
        running.cut(u64::MAX);
    }
}
