//! Waiting for a slot: a priority queue before a server or a whole backend, and how many slots a server has.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many wait, and how many waited at most: readable without the queue's lock.
#[derive(Debug, Default)]
pub struct QueueLength {
    now: AtomicU32,
    max: AtomicU32,
    total: AtomicU64,
}

impl QueueLength {
    /// How many wait now.
    #[inline]
    pub fn now(&self) -> u32 {
        self.now.load(Relaxed)
    }

    /// How many waited at most.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }

    /// How many came to wait so far.
    pub fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// Forgets the maximum, for `clear counters`.
    pub fn clear_max(&self) {
        self.max.store(self.now(), Relaxed);
    }
}

/// Who goes first: a lower class, then an earlier date, which `set-priority-offset` shifts (manual §4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority {
    /// `set-priority-class`, -2047 to 2047.
    pub class: i16,
    /// `set-priority-offset` in milliseconds, -524287 to 524287.
    pub offset_ms: i32,
}

/// Place in a queue, comparable between queues: the smallest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    class: i16,
    date_ms: i64,
    number: u64,
}

/// A queue of waiting streams. `E` is how the engine wakes one of them.
#[derive(Debug)]
pub struct Queue<E> {
    waiting: Mutex<Waiting<E>>,
    length: Arc<QueueLength>,
}

#[derive(Debug)]
struct Waiting<E> {
    entries: BTreeMap<Ticket, E>,
    next_number: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue::new(Arc::default())
    }
}

impl<E> Queue<E> {
    /// An empty queue that publishes its length in `length` (a server's is `Server::queue`).
    pub fn new(length: Arc<QueueLength>) -> Self {
        Queue { waiting: Mutex::new(Waiting { entries: BTreeMap::new(), next_number: 0 }), length }
    }

    /// How many wait.
    pub fn length(&self) -> &Arc<QueueLength> {
        &self.length
    }

    /// Adds `entry`, unless `limit` (0 for none) entries wait already: then it comes back.
    pub fn push(&self, priority: Priority, now_ms: u64, limit: u32, entry: E) -> Result<Ticket, E> {
        let mut waiting = self.lock();
        if limit != 0 && waiting.entries.len() >= limit as usize {
            return Err(entry);
        }
        let date_ms = (now_ms as i64).saturating_add(i64::from(priority.offset_ms));
        let ticket = Ticket { class: priority.class, date_ms, number: waiting.next_number };
        waiting.next_number += 1;
        waiting.entries.insert(ticket, entry);
        self.publish(&waiting);
        self.length.total.fetch_add(1, Relaxed);
        Ok(ticket)
    }

    /// Takes out one that gave up waiting; none when it was already woken.
    pub fn remove(&self, ticket: Ticket) -> Option<E> {
        let mut waiting = self.lock();
        let entry = waiting.entries.remove(&ticket);
        self.publish(&waiting);
        entry
    }

    /// How many entries would go before `ticket`: the position logs show.
    pub fn position(&self, ticket: Ticket) -> usize {
        self.lock().entries.range(..ticket).count()
    }

    /// The ticket that goes first.
    pub fn first(&self) -> Option<Ticket> {
        if self.length.now() == 0 {
            return None;
        }
        self.lock().entries.first_key_value().map(|(ticket, _)| *ticket)
    }

    /// Takes the one that goes first.
    pub fn pop(&self) -> Option<E> {
        if self.length.now() == 0 {
            return None;
        }
        let mut waiting = self.lock();
        let entry = waiting.entries.pop_first().map(|(_, entry)| entry);
        self.publish(&waiting);
        entry
    }

    /// Takes the one that goes first of this queue and `other`: a server with a free slot serves its own queue and
    /// its backend's by the same order.
    pub fn pop_before(&self, other: &Queue<E>) -> Option<E> {
        match (self.first(), other.first()) {
            (Some(own), Some(theirs)) if (theirs.class, theirs.date_ms) < (own.class, own.date_ms) => {
                other.pop().or_else(|| self.pop())
            }
            (Some(_), _) => self.pop().or_else(|| other.pop()),
            (None, _) => other.pop(),
        }
    }

    /// Takes all, in order: for a server that goes down with `redispatch`.
    pub fn drain(&self) -> Vec<E> {
        let mut waiting = self.lock();
        let all = std::mem::take(&mut waiting.entries).into_values().collect();
        self.publish(&waiting);
        all
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<E>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, waiting: &Waiting<E>) {
        let now = waiting.entries.len() as u32;
        self.length.now.store(now, Relaxed);
        self.length.max.fetch_max(now, Relaxed);
    }
}

/// Slots of a server: `maxconn`, or with `minconn` below it a ramp that reaches `maxconn` when the backend has
/// `fullconn` sessions; reduced by slow start; at least one. 0 is unlimited (manual: `minconn`, `fullconn`).
#[inline]
pub fn dynamic_maxconn(
    minconn: u32,
    maxconn: u32,
    sessions: u32,
    fullconn: u32,
    throttle_percent: u32,
) -> u32 {
    if maxconn == 0 {
        return 0;
    }
    let ramped = if minconn == 0 || minconn >= maxconn || fullconn == 0 || sessions >= fullconn {
        maxconn
    } else {
        minconn.max((u64::from(sessions) * u64::from(maxconn) / u64::from(fullconn)) as u32)
    };
    if throttle_percent >= 100 {
        return ramped;
    }
    (u64::from(ramped) * u64::from(throttle_percent)).div_ceil(100).max(1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(class: i16) -> Priority {
        Priority { class, offset_ms: 0 }
    }

    #[test]
    fn class_goes_before_date_and_offset_shifts_the_date() {
        let queue = Queue::default();
        queue.push(class(1), 10, 0, 'a').unwrap();
        queue.push(class(0), 30, 0, 'b').unwrap();
        queue.push(class(0), 20, 0, 'c').unwrap();
        queue.push(Priority { class: 0, offset_ms: -25 }, 40, 0, 'd').unwrap();
        assert_eq!(queue.drain(), ['d', 'c', 'b', 'a']);
        assert_eq!((queue.length().now(), queue.length().max(), queue.length().total()), (0, 4, 4));
    }

    #[test]
    fn a_full_queue_gives_the_entry_back() {
        let queue = Queue::default();
        let ticket = queue.push(class(0), 0, 1, 'a').unwrap();
        assert_eq!(queue.push(class(0), 0, 1, 'b'), Err('b'));
        assert_eq!(queue.remove(ticket), Some('a'));
        assert_eq!(queue.remove(ticket), None);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn two_queues_are_served_by_one_order() {
        let (server, backend) = (Queue::default(), Queue::default());
        server.push(class(0), 20, 0, "server 20").unwrap();
        backend.push(class(0), 10, 0, "backend 10").unwrap();
        backend.push(class(0), 20, 0, "backend 20").unwrap();
        let order: Vec<_> = std::iter::from_fn(|| server.pop_before(&backend)).collect();
        assert_eq!(order, ["backend 10", "server 20", "backend 20"]);
    }

    #[test]
    fn maxconn_ramps_from_minconn() {
        assert_eq!(dynamic_maxconn(0, 0, 5, 100, 100), 0);
        assert_eq!(dynamic_maxconn(0, 50, 5, 100, 100), 50);
        assert_eq!(dynamic_maxconn(10, 50, 5, 100, 100), 10);
        assert_eq!(dynamic_maxconn(10, 50, 40, 100, 100), 20);
        assert_eq!(dynamic_maxconn(10, 50, 100, 100, 100), 50);
        assert_eq!(dynamic_maxconn(0, 50, 0, 0, 10), 5);
    }
}
