//! Ending the sessions a server has (`on-marked-down shutdown-sessions`, `on-marked-up shutdown-backup-sessions`).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// Why sessions are ended; the first character of their termination code (manual §8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionCause {
    /// The server went down.
    ServerDown,
    /// The server is a backup, and an active one came up.
    ActiveUp,
    /// An operator asked for it.
    Operator,
}

impl EvictionCause {
    /// `D`, `U`, `K`.
    pub fn code(self) -> u8 {
        match self {
            EvictionCause::ServerDown => b'D',
            EvictionCause::ActiveUp => b'U',
            EvictionCause::Operator => b'K',
        }
    }
}

/// Streams of one server that want to know when they are to end.
#[derive(Debug, Default)]
pub struct Evictions {
    /// Number of evictions so far: what a stream compares, without the lock.
    epoch: AtomicU32,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    cause: Option<EvictionCause>,
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Evictions {
    /// Ends all sessions that watch.
    pub fn evict(&self, cause: EvictionCause) {
        let mut waiting = self.lock();
        waiting.cause = Some(cause);
        self.epoch.fetch_add(1, Relaxed);
        for waker in &mut waiting.wakers {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
    }

    /// Begins to watch.
    pub fn watch(&self) -> Watch {
        let mut waiting = self.lock();
        let place = waiting.free.pop().unwrap_or_else(|| {
            waiting.wakers.push(None);
            waiting.wakers.len() - 1
        });
        Watch { place, epoch: self.epoch.load(Relaxed) }
    }

    /// The cause once the session is to end; until then `cx` is woken when it is.
    pub fn poll(&self, watch: &Watch, cx: &Context<'_>) -> Option<EvictionCause> {
        if self.epoch.load(Relaxed) != watch.epoch {
            return self.lock().cause;
        }
        let mut waiting = self.lock();
        if self.epoch.load(Relaxed) != watch.epoch {
            return waiting.cause;
        }
        let slot = &mut waiting.wakers[watch.place];
        if !slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *slot = Some(cx.waker().clone());
        }
        None
    }

    /// Ends to watch.
    pub fn unwatch(&self, watch: &Watch) {
        let mut waiting = self.lock();
        waiting.wakers[watch.place] = None;
        waiting.free.push(watch.place);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One session that watches.
#[derive(Debug)]
pub struct Watch {
    place: usize,
    epoch: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_learn_the_cause_once_and_later_ones_do_not() {
        let evictions = Evictions::default();
        let cx = Context::from_waker(Waker::noop());
        let early = evictions.watch();
        assert_eq!(evictions.poll(&early, &cx), None);
        evictions.evict(EvictionCause::ServerDown);
        let late = evictions.watch();
        assert_eq!(evictions.poll(&early, &cx), Some(EvictionCause::ServerDown));
        assert_eq!(evictions.poll(&late, &cx), None);
        evictions.unwatch(&early);
        evictions.unwatch(&late);
        assert_eq!(evictions.watch().place, 1);
    }
}
