//! The process's clock: monotonic milliseconds from its start, and the wall clock's date; and each thread's view of it.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use haproxy_expr::cx::Date;
use tokio::time::Instant;

/// Monotonic milliseconds since the process began.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The moment that is zero.
    pub origin: Instant,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        // one second in the past, so that no moment of the process is zero
        let now = Instant::now();
        Clock { origin: now.checked_sub(std::time::Duration::from_secs(1)).unwrap_or(now) }
    }

    /// Milliseconds now.
    pub fn now_ms(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }
}

/// How long a thread computes dates from the monotonic clock before it asks for the wall clock's again, microseconds.
const DATE_KEPT_US: u64 = 50_000;

/// A thread's view of the clock: read once for each turn of a task, since all that a turn does happens at one moment.
#[derive(Debug)]
pub struct ThreadClock {
    origin: std::time::Instant,
    now_us: Cell<u64>,
    /// The wall clock in microseconds, and the moment it was read.
    date_read: Cell<(i64, u64)>,
}

impl ThreadClock {
    /// A view of the process's clock, read now.
    pub fn new(clock: Clock) -> Self {
        let clock = ThreadClock {
            origin: clock.origin.into_std(),
            now_us: Cell::new(0),
            date_read: Cell::new((0, 0)),
        };
        clock.tick();
        clock.read_date();
        clock
    }

    /// Reads the clock. Whoever begins a turn calls it; within the turn time stands still.
    pub fn tick(&self) {
        let elapsed = self.origin.elapsed();
        self.now_us.set(elapsed.as_secs() * 1_000_000 + u64::from(elapsed.subsec_micros()));
        if self.now_us.get() - self.date_read.get().1 >= DATE_KEPT_US {
            self.read_date();
        }
    }

    /// The moment that is zero.
    pub fn origin(&self) -> std::time::Instant {
        self.origin
    }

    /// Milliseconds at the last tick.
    pub fn now_ms(&self) -> u64 {
        self.now_us.get() / 1000
    }

    /// The date at the last tick.
    pub fn date(&self) -> Date {
        let (read_us, at_us) = self.date_read.get();
        let now_us = read_us + (self.now_us.get() - at_us) as i64;
        Date { secs: now_us.div_euclid(1_000_000), micros: now_us.rem_euclid(1_000_000) as u32 }
    }

    fn read_date(&self) {
        let date = date();
        self.date_read.set((date.secs * 1_000_000 + i64::from(date.micros), self.now_us.get()));
    }
}

/// Milliseconds of CPU the calling thread has used.
pub fn thread_cpu_ms() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let used = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    used.map_or(0, |time| std::time::Duration::from(time).as_millis() as u64)
}

/// The date now.
pub fn date() -> Date {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Date { secs: since.as_secs() as i64, micros: since.subsec_micros() },
        Err(_) => Date::default(),
    }
}
