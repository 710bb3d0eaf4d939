//! One timer for a task that has many deadlines, moved lazily.
//!
//! Timeouts are pushed back by every byte. Re-arming a timer each time would cost more than the byte, so the timer stays
//! where it was armed and looks, when it fires, whether the deadline has moved on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline in milliseconds of the process's clock; `NEVER` is none.
pub const NEVER: u64 = u64::MAX;

/// How far off "never" is armed.
const FAR: Duration = Duration::from_secs(30 * 24 * 3600);

/// A lazily moved timer.
#[derive(Debug)]
pub struct Deadline {
    origin: Instant,
    armed_ms: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// A timer that counts from the process's clock origin. Costs nothing until it is first polled with a deadline.
    pub fn new(origin: Instant) -> Self {
        Deadline { origin, armed_ms: NEVER, sleep: None }
    }

    /// Ready when `deadline_ms` has passed. Deadlines may differ from call to call.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline_ms: u64) -> Poll<()> {
        if deadline_ms == NEVER {
            return Poll::Pending;
        }
        let origin = self.origin;
        let at = |ms: u64| origin.checked_add(Duration::from_millis(ms)).unwrap_or_else(|| origin + FAR);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if deadline_ms < self.armed_ms {
                    sleep.as_mut().reset(at(deadline_ms));
                    self.armed_ms = deadline_ms;
                }
                sleep
            }
            None => {
                self.armed_ms = deadline_ms;
                self.sleep.insert(Box::pin(sleep_until(at(deadline_ms))))
            }
        };
        loop {
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now_ms = origin.elapsed().as_millis() as u64;
            if now_ms >= deadline_ms {
                // a later call must arm it again
                self.armed_ms = NEVER;
                self.sleep = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at(deadline_ms));
            self.armed_ms = deadline_ms;
        }
    }

    /// Waits until the deadline.
    pub async fn wait(&mut self, deadline_ms: u64) {
        std::future::poll_fn(|cx| self.poll(cx, deadline_ms)).await;
    }
}
