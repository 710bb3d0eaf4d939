//! The runner of health checks: one task per check of a server, on the control runtime.
//!
//! [`run`] keeps the tasks in line with the live snapshot. A task ([`task`]) walks the sans-io `Check` over a socket
//! ([`probe`]) and hands what came of it to [`transition`], which also serves everybody else who changes a server's
//! state: the command line, observers of traffic ([`observe`]), slow start.

mod external;
mod host;
pub mod index;
pub mod observe;
mod probe;
mod task;
pub mod transition;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use haproxy_balance::Server;
use haproxy_checks::health::{self, Cause, Change, Source, Transition};
use haproxy_checks::schedule;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use haproxy_model::snapshot::Snapshot;

use crate::process::Process;
use index::Index;
use observe::Observed;

/// Observations of traffic that may wait for the runner; more are dropped: the errors that matter come again.
const OBSERVED_MAX: usize = 1024;

/// How often slow start advances.
const SLOW_START_EVERY: Duration = Duration::from_secs(1);

/// Where the process and the runner of its checks meet.
#[derive(Debug)]
pub struct Hub {
    renewed: Notify,
    index: ArcSwapOption<Index>,
    observed: mpsc::Sender<Observed>,
    inbox: Mutex<Option<mpsc::Receiver<Observed>>>,
}

impl Default for Hub {
    fn default() -> Self {
        let (observed, inbox) = mpsc::channel(OBSERVED_MAX);
        Hub {
            renewed: Notify::new(),
            index: ArcSwapOption::empty(),
            observed,
            inbox: Mutex::new(Some(inbox)),
        }
    }
}

impl Hub {
    /// Tells the runner that the process's snapshot was replaced. From now on servers are found in the new one.
    pub fn adopt(&self, snapshot: Arc<Snapshot>) {
        if self.index().is_some() {
            self.index.store(Some(Arc::new(Index::new(snapshot))));
        }
        self.renewed.notify_one();
    }

    /// Servers of the snapshot the runner works with; none before it runs.
    pub fn index(&self) -> Option<Arc<Index>> {
        self.index.load_full()
    }
}

/// Runs all health checks of the process, and those of each snapshot that replaces the first, until it is dropped.
pub async fn run(process: Arc<Process>) {
    let inbox = process.health.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut inbox) = inbox else {
        tracing::error!("the checks of this process run already");
        return;
    };
    let mut tasks = Tasks::default();
    let mut second = tokio::time::interval(SLOW_START_EVERY);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tasks.renew(&process);
    loop {
        tokio::select! {
            () = process.health.renewed.notified() => tasks.renew(&process),
            Some(observed) = inbox.recv() => {
                if let Some(server) = observe::judge(&process, &observed) {
                    tasks.hurry(&server);
                }
            }
            _ = second.tick() => tick(&process),
        }
    }
}

/// Advances slow start where a server is starting.
fn tick(process: &Process) {
    let Some(index) = process.health.index() else { return };
    let now_ms = process.clock.now_ms();
    let ended = |server| Transition { server, change: Change::Up, cause: Cause::Unsaid };
    for px in &index.snapshot.proxies {
        let transitions = px.balancer.tick(now_ms).into_iter().map(ended).collect();
        transition::perform(process, &index, transitions);
    }
}

/// The tasks that run, by the live server and the kind of check.
#[derive(Default)]
struct Tasks {
    running: HashMap<(usize, bool), Running>,
}

struct Running {
    abort: AbortHandle,
    soon: Arc<Notify>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

impl Tasks {
    /// Ends the tasks of servers that vanished or are no longer checked, starts those of new ones; the others go on.
    fn renew(&mut self, process: &Arc<Process>) {
        let snapshot = process.snapshot.load_full();
        let index = Arc::new(Index::new(Arc::clone(&snapshot)));
        process.health.index.store(Some(Arc::clone(&index)));
        let wanted = index.checks();
        let keys: HashMap<(usize, bool), usize> =
            wanted.iter().enumerate().map(|(at, (server, source))| (key(server, *source), at)).collect();
        self.running.retain(|key, task| keys.contains_key(key) && !task.abort.is_finished());
        let count = wanted.len() as u64;
        let spread_max_ms = snapshot.global.max_spread_checks_ms.unwrap_or(u64::MAX);
        for (at, (server, source)) in wanted.into_iter().enumerate() {
            let key = key(&server, source);
            if self.running.contains_key(&key) {
                continue;
            }
            let inter_ms = index.intervals(&server, source).inter_ms;
            let first_ms = schedule::first_ms(inter_ms.min(spread_max_ms), at as u64, count);
            let soon = Arc::new(Notify::new());
            let (of_task, knock) = (Arc::clone(process), Arc::clone(&soon));
            let task = restarted(Arc::clone(process), inter_ms, move |again_ms| {
                let wait_ms = again_ms.unwrap_or(first_ms);
                task::attend(Arc::clone(&of_task), Arc::clone(&server), source, wait_ms, Arc::clone(&knock))
            });
            self.running.insert(key, Running { abort: tokio::spawn(task).abort_handle(), soon });
        }
        align_followers(process, &index);
    }

    /// Makes a server's check come at its fast interval.
    fn hurry(&self, server: &Arc<Server>) {
        if let Some(task) = self.running.get(&key(server, Source::Check)) {
            task.soon.notify_one();
        }
    }
}

/// Runs a check's task; one that ends by a defect of the program is begun again after `inter_ms`.
async fn restarted<F>(process: Arc<Process>, inter_ms: u64, mut begin: impl FnMut(Option<u64>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut again_ms = None;
    loop {
        // a set ends its tasks when it is dropped, as this one is with the check
        let mut task = JoinSet::new();
        task.spawn(begin(again_ms));
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                process.panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!("a health check ended by a defect of the program; it begins again");
                again_ms = Some(inter_ms.max(1));
            }
            Some(_) | None => return,
        }
    }
}

fn key(server: &Arc<Server>, source: Source) -> (usize, bool) {
    (Arc::as_ptr(server) as usize, source == Source::Agent)
}

/// Servers that track another one begin in its state, without a word.
fn align_followers(process: &Process, index: &Index) {
    let now_ms = process.clock.now_ms();
    for px in &index.snapshot.proxies {
        let mut changed = false;
        for server in &px.servers {
            changed |= !health::follow(&server.live, now_ms).is_empty();
        }
        if changed {
            px.balancer.refresh(now_ms);
        }
    }
}

#[cfg(test)]
mod tests;
