//! All timers of an instance in one table.

use common_base::time::Instant;

/// What an instance can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Backup: nobody was heard for the master-down time, or the skew time after priority 0.
    MasterDown,
    /// Backup: `preempt_delay` is over.
    PreemptDelay,
    /// Master: the next advert is due.
    Advert,
    /// Master: second block of gratuitous ARPs after the transition.
    GarpSecond,
    /// Master: second block after a lower-priority advert.
    GarpLower,
    /// Master: `garp_master_refresh`.
    GarpRefresh,
    /// Master: `garp_extra_if`.
    GarpExtra,
}

const COUNT: usize = 7;
const ALL: [Timer; COUNT] = [
    Timer::MasterDown,
    Timer::PreemptDelay,
    Timer::Advert,
    Timer::GarpSecond,
    Timer::GarpLower,
    Timer::GarpRefresh,
    Timer::GarpExtra,
];

/// Deadlines by timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers([Instant; COUNT]);

/// Of a timer that does not run.
const UNSET: Instant = Instant(u64::MAX);

impl Default for Timers {
    fn default() -> Self {
        Self([UNSET; COUNT])
    }
}

impl Timers {
    /// Starts a timer, or moves it.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = at;
    }

    /// Stops a timer.
    pub fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = UNSET;
    }

    /// Stops them all.
    pub fn clear(&mut self) {
        self.0 = [UNSET; COUNT];
    }

    /// When a timer ends, if it runs.
    #[must_use]
    pub fn at(&self, timer: Timer) -> Option<Instant> {
        Some(self.0[timer as usize]).filter(|at| *at != UNSET)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().min().copied().filter(|at| *at != UNSET)
    }

    /// Takes the earliest timer that is due.
    pub fn pop(&mut self, now: Instant) -> Option<(Timer, Instant)> {
        let (timer, at) = ALL
            .into_iter()
            .filter_map(|timer| self.at(timer).map(|at| (timer, at)))
            .filter(|(_, at)| *at <= now)
            .min_by_key(|(_, at)| *at)?;
        self.stop(timer);
        Some((timer, at))
    }
}
