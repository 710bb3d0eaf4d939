//! Notify scripts, in order for each subject.
//!
//! The original starts them at once and lets them overtake each other. Here the scripts of one instance or group run
//! one after the other, and those of different ones side by side. A script that takes longer than [`PATIENCE`] no
//! longer holds up its successors; it is left to run, as in the original.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use keepalived_conf::model::Script;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::script::{self, Groups};

/// How long a successor waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// One script to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The script.
    pub script: Script,
    /// Arguments after its own.
    pub more: Vec<String>,
}

/// The queues. Must live on a `LocalSet`.
#[derive(Debug, Default)]
pub struct Queues {
    lanes: HashMap<String, mpsc::UnboundedSender<Job>>,
    open: Rc<Open>,
    groups: Groups,
}

/// Jobs that wait or run.
#[derive(Debug, Default)]
struct Open {
    count: Cell<usize>,
    none: Notify,
}

impl Queues {
    /// Empty queues; `groups` counts for every script.
    pub fn new(groups: Groups) -> Self {
        Self { groups, ..Self::default() }
    }

    /// Runs `job` after the earlier ones of the same `lane` (such as `INSTANCE VI_1`).
    pub fn push(&mut self, lane: &str, job: Job) {
        self.open.count.set(self.open.count.get() + 1);
        let groups = self.groups;
        let open = &self.open;
        let sender = self.lanes.entry(lane.to_owned()).or_insert_with(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            spawn_local(work(receiver, Rc::clone(open), groups));
            sender
        });
        // The worker ends only with its sender.
        let _ = sender.send(job);
    }

    /// Waits until nothing waits or runs, at most so long.
    pub async fn drain(&self, limit: Duration) {
        let _ = timeout(limit, async {
            while self.open.count.get() > 0 {
                self.open.none.notified().await;
            }
        })
        .await;
    }
}

async fn work(mut jobs: mpsc::UnboundedReceiver<Job>, open: Rc<Open>, groups: Groups) {
    while let Some(job) = jobs.recv().await {
        match script::start(&job.script, &job.more, groups) {
            Ok(mut running) => {
                if timeout(PATIENCE, running.ended()).await.is_err() {
                    let name = job.script.command_line();
                    tracing::warn!("Script {name} still runs after {} seconds", PATIENCE.as_secs());
                    spawn_local(async move { running.ended().await });
                }
            }
            Err(error) => {
                let name = job.script.command_line();
                tracing::warn!("Unable to run script {name}: {error}");
            }
        }
        open.count.set(open.count.get() - 1);
        open.none.notify_waiters();
    }
}
