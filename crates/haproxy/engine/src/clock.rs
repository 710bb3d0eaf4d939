//! The process's clock: monotonic milliseconds from its start, and the wall clock's date.

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
