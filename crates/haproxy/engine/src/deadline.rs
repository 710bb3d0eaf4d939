//! One timer for a task that has many deadlines, moved lazily.
//!
//! Timeouts are pushed back by every byte. Re-arming a timer each time would cost more than the byte, so the timer stays
//! where it was armed and looks, when it fires, whether the deadline has moved on.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock::ThreadClock;

/// A deadline in milliseconds of the process's clock; `NEVER` is none.
pub const NEVER: u64 = u64::MAX;

/// How far off "never" is armed.
const FAR: Duration = Duration::from_secs(30 * 24 * 3600);

/// A lazily moved timer of one task. All its polls come from that task.
#[derive(Debug)]
pub struct Deadline {
    clock: Rc<ThreadClock>,
    /// When the task will be woken; `NEVER` while the timer is not armed.
    armed_ms: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// A timer on the thread's clock. Costs nothing until it is first polled with a deadline.
    pub fn new(clock: Rc<ThreadClock>) -> Self {
        Deadline { clock, armed_ms: NEVER, sleep: None }
    }

    /// Ready when `deadline_ms` has passed. Deadlines may differ from call to call.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline_ms: u64) -> Poll<()> {
        if deadline_ms == NEVER {
            return Poll::Pending;
        }
        let now_ms = self.clock.now_ms();
        // armed early enough, and not fired yet: the task is woken in time
        if self.armed_ms <= deadline_ms && now_ms < self.armed_ms {
            return Poll::Pending;
        }
        if now_ms >= deadline_ms {
            self.armed_ms = NEVER;
            return Poll::Ready(());
        }
        self.arm(cx, deadline_ms)
    }

    /// Has the task woken at `deadline_ms`, which is to come.
    fn arm(&mut self, cx: &mut Context<'_>, deadline_ms: u64) -> Poll<()> {
        let origin = self.clock.origin();
        let at = origin.checked_add(Duration::from_millis(deadline_ms)).unwrap_or_else(|| origin + FAR);
        let at = Instant::from_std(at);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                sleep.as_mut().reset(at);
                sleep
            }
            None => self.sleep.insert(Box::pin(sleep_until(at))),
        };
        self.armed_ms = deadline_ms;
        if sleep.as_mut().poll(cx).is_ready() {
            // the moment came between the turn's begin and now
            self.armed_ms = NEVER;
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Waits until the deadline.
    pub async fn wait(&mut self, deadline_ms: u64) {
        std::future::poll_fn(|cx| self.poll(cx, deadline_ms)).await;
    }
}
