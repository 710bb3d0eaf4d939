//! Numbers written by one thread and read by any.
//!
//! A writer loads and stores, relaxed, without a read-modify-write: each instance has one writing thread. Objects
//! keep one instance per thread ([`PerThread`]) and the reader adds them up.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A sum that only grows (until `clear counters`).
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`; only the owning thread may call it.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Adds one; only the owning thread may call it.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// The sum so far.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Sets it, for counters restored from a file and for `clear counters`.
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }
}

/// A number that goes up and down; one thread's part may be negative when another thread ends what this one began.
#[derive(Debug, Default)]
pub struct Level(AtomicI64);

impl Level {
    /// Adds `n`, which may be negative; only the owning thread may call it.
    #[inline]
    pub fn add(&self, n: i64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// One more.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// One less.
    #[inline]
    pub fn dec(&self) {
        self.add(-1);
    }

    /// This thread's part.
    #[inline]
    pub fn load(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// The largest value seen.
#[derive(Debug, Default)]
pub struct MaxCounter(AtomicU64);

impl MaxCounter {
    /// Keeps `n` if it is larger than what was seen; only the owning thread may call it.
    #[inline]
    pub fn raise(&self, n: u64) {
        if n > self.0.load(Relaxed) {
            self.0.store(n, Relaxed);
        }
    }

    /// The largest value so far.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Sets it, for `clear counters`.
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }
}

/// Length of a rate's period in milliseconds: rates are per second.
const PERIOD_MS: u64 = 1000;

/// Events per second over a window that slides across the running and the last period.
#[derive(Debug, Default)]
pub struct Rate {
    /// Start of the running period, monotonic milliseconds.
    start_ms: AtomicU64,
    /// Events of the running period.
    running: AtomicU32,
    /// Events of the period before it.
    last: AtomicU32,
    /// Largest rate read after an update.
    max: AtomicU32,
}

impl Rate {
    /// Counts `n` events at `now_ms` and gives the rate after them; only the owning thread may call it.
    #[inline]
    pub fn update(&self, now_ms: u64, n: u32) -> u32 {
        let passed = now_ms.saturating_sub(self.start_ms.load(Relaxed));
        if passed >= PERIOD_MS {
            let last = if passed < 2 * PERIOD_MS { self.running.load(Relaxed) } else { 0 };
            self.last.store(last, Relaxed);
            self.running.store(n, Relaxed);
            self.start_ms.store(now_ms - passed % PERIOD_MS, Relaxed);
        } else {
            self.running.store(self.running.load(Relaxed).wrapping_add(n), Relaxed);
        }
        let rate = self.read(now_ms);
        if rate > self.max.load(Relaxed) {
            self.max.store(rate, Relaxed);
        }
        rate
    }

    /// Events per second at `now_ms`; a low rate does not fade within its period.
    pub fn read(&self, now_ms: u64) -> u32 {
        let passed = now_ms.saturating_sub(self.start_ms.load(Relaxed));
        let (running, last) = (self.running.load(Relaxed), self.last.load(Relaxed));
        if passed >= 2 * PERIOD_MS {
            return 0;
        }
        let (running, last, age) =
            if passed >= PERIOD_MS { (0, running, passed - PERIOD_MS) } else { (running, last, passed) };
        if running == 0 && last <= 1 {
            return last;
        }
        running.saturating_add((u64::from(last) * (PERIOD_MS - age) / PERIOD_MS) as u32)
    }

    /// The largest rate of this thread's part.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }

    /// Forgets the largest rate, for `clear counters`.
    pub fn clear_max(&self) {
        self.max.store(0, Relaxed);
    }
}

/// Requests an average looks back on (manual of the statistics: "over the 1024 last requests").
const AVERAGE_SAMPLES: u64 = 1024;

/// Sliding average of a time over the last requests, with the largest seen.
#[derive(Debug, Default)]
pub struct Average {
    sum: AtomicU64,
    samples: AtomicU64,
    max: AtomicU64,
}

impl Average {
    /// Adds one sample in milliseconds; only the owning thread may call it.
    #[inline]
    pub fn add(&self, value_ms: u64) {
        let (sum, samples) = (self.sum.load(Relaxed), self.samples.load(Relaxed));
        if samples < AVERAGE_SAMPLES {
            self.sum.store(sum + value_ms, Relaxed);
            self.samples.store(samples + 1, Relaxed);
        } else {
            self.sum.store(sum - sum.div_ceil(AVERAGE_SAMPLES) + value_ms, Relaxed);
        }
        if value_ms > self.max.load(Relaxed) {
            self.max.store(value_ms, Relaxed);
        }
    }

    /// Sum of the samples looked back on, and how many they are: parts of several threads add up.
    pub fn parts(&self) -> (u64, u64) {
        (self.sum.load(Relaxed), self.samples.load(Relaxed))
    }

    /// The largest sample in milliseconds.
    pub fn max(&self) -> u64 {
        self.max.load(Relaxed)
    }

    /// Forgets the largest sample, for `clear counters`.
    pub fn clear_max(&self) {
        self.max.store(0, Relaxed);
    }
}

/// Two cache lines: the neighbour-line prefetcher of common processors pulls lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// One instance of `T` for each thread, no two on one cache line.
#[derive(Debug)]
pub struct PerThread<T>(Box<[Padded<T>]>);

impl<T: Default> PerThread<T> {
    /// Instances for `threads` threads, at least one. Who counts from outside the data threads (checks, CLI)
    /// adds one for itself.
    pub fn new(threads: usize) -> Self {
        PerThread((0..threads.max(1)).map(|_| Padded(T::default())).collect())
    }
}

impl<T> PerThread<T> {
    /// The instance of a thread, numbered from 0. A number beyond the last shares the last one.
    #[inline]
    pub fn at(&self, thread: usize) -> &T {
        &self.0[thread.min(self.0.len() - 1)].0
    }

    /// How many instances there are.
    pub fn threads(&self) -> usize {
        self.0.len()
    }

    /// Sum over all threads of what `part` reads.
    pub fn sum(&self, part: impl Fn(&T) -> u64) -> u64 {
        self.iter().map(part).fold(0, u64::wrapping_add)
    }

    /// Sum over all threads of a level, never below zero.
    pub fn level(&self, part: impl Fn(&T) -> i64) -> u64 {
        self.iter().map(part).sum::<i64>().max(0) as u64
    }

    /// Largest over all threads of what `part` reads.
    pub fn max(&self, part: impl Fn(&T) -> u64) -> u64 {
        self.iter().map(part).max().unwrap_or(0)
    }

    /// Average over all threads, each weighted by its samples, in milliseconds rounded up.
    pub fn average(&self, part: impl Fn(&T) -> &Average) -> u64 {
        let (sum, samples) = self.iter().map(|t| part(t).parts()).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        if samples == 0 { 0 } else { sum.div_ceil(samples) }
    }

    /// All instances.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }
}

#[cfg(test)]
mod tests;
