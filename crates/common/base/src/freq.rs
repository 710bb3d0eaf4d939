//! Event rates over a sliding period, from two numbers: the events of the running period and those of the one before.
//! The rate is what the running period has, plus the share of the last one that still lies in the window.

/// A counter of events per period. Times are milliseconds on any monotonic scale; the period is the caller's and must
/// stay the same for one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FreqCounter {
    start_ms: u64,
    current: u32,
    previous: u32,
}

/// The period of rates "per second".
pub const SECOND_MS: u32 = 1000;

impl FreqCounter {
    /// A counter without events.
    pub const fn new() -> Self {
        FreqCounter { start_ms: 0, current: 0, previous: 0 }
    }

    /// Counts events and returns those of the running period.
    pub fn add(&mut self, now_ms: u64, period_ms: u32, events: u32) -> u32 {
        *self = self.at(now_ms, period_ms);
        self.current = self.current.saturating_add(events);
        self.current
    }

    /// Events in the last period, rounded up: a rate above zero never reads as zero.
    pub fn read(&self, now_ms: u64, period_ms: u32) -> u32 {
        let period = u64::from(period_ms.max(1));
        u32::try_from(self.weighted(now_ms, period_ms).div_ceil(period)).unwrap_or(u32::MAX)
    }

    /// How many events may still happen now without passing `limit` per period; `pending` ones are counted in.
    pub fn remaining(&self, now_ms: u64, period_ms: u32, limit: u32, pending: u32) -> u32 {
        let period = u64::from(period_ms.max(1));
        // rounded down here, so that a limit of one event per period is not eaten by the remainder of the last one
        let rate = self.weighted(now_ms, period_ms) / period + u64::from(pending);
        u32::try_from(u64::from(limit).saturating_sub(rate)).unwrap_or(u32::MAX)
    }

    /// Milliseconds until the next event fits below `limit` per period: 0 for at once, at least 1 otherwise.
    pub fn next_event_delay(&self, now_ms: u64, period_ms: u32, limit: u32, pending: u32) -> u32 {
        let period = u64::from(period_ms.max(1));
        let rate = self.weighted(now_ms, period_ms) / period + u64::from(pending);
        if rate < u64::from(limit) {
            return 0;
        }
        // events leave the window evenly over one period, so one leaves every period / rate
        let wait = period / rate.max(1);
        wait.clamp(1, period) as u32
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = FreqCounter::new();
    }

    /// Events times milliseconds of the window.
    fn weighted(&self, now_ms: u64, period_ms: u32) -> u64 {
        let counter = self.at(now_ms, period_ms);
        let period = u64::from(period_ms.max(1));
        let left = period - now_ms.saturating_sub(counter.start_ms).min(period);
        // a single past event would flap between 0 and 1 for the readers of slow rates: it counts to the end
        if counter.previous <= 1 && counter.current == 0 {
            return u64::from(counter.previous) * period;
        }
        u64::from(counter.current) * period + u64::from(counter.previous) * left
    }

    /// The counter with its periods moved up to now.
    fn at(&self, now_ms: u64, period_ms: u32) -> Self {
        let period = u64::from(period_ms.max(1));
        let elapsed = now_ms.saturating_sub(self.start_ms);
        match elapsed / period {
            0 => *self,
            1 => FreqCounter { start_ms: self.start_ms + period, current: 0, previous: self.current },
            // aligned to whole periods, as counters of one clock then turn together
            _ => FreqCounter { start_ms: now_ms - now_ms % period, current: 0, previous: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_period_fades_out_of_the_window() {
        let mut counter = FreqCounter::new();
        for _ in 0..100 {
            counter.add(10_000, SECOND_MS, 1);
        }
        let reads: Vec<u32> = [10_000, 10_999, 11_000, 11_250, 11_500, 11_999, 12_000]
            .map(|now| counter.read(now, SECOND_MS))
            .into();
        assert_eq!(reads, [100, 100, 100, 75, 50, 1, 0]);
        assert_eq!(counter.remaining(11_500, SECOND_MS, 60, 0), 10);
        assert_eq!(counter.remaining(11_500, SECOND_MS, 60, 20), 0);
    }

    #[test]
    fn one_event_counts_for_its_whole_window() {
        let mut counter = FreqCounter::new();
        counter.add(500, 10_000, 1);
        assert_eq!(counter.read(9_999, 10_000), 1);
        assert_eq!(counter.read(19_999, 10_000), 1);
        assert_eq!(counter.read(20_000, 10_000), 0);
    }

    #[test]
    fn the_delay_is_the_time_until_an_event_fits() {
        let mut counter = FreqCounter::new();
        assert_eq!(counter.next_event_delay(5_000, SECOND_MS, 10, 0), 0);
        counter.add(5_000, SECOND_MS, 10);
        assert_eq!(counter.next_event_delay(5_000, SECOND_MS, 10, 0), 100);
        assert!(counter.next_event_delay(6_500, SECOND_MS, 10, 0) == 0);
        assert_eq!(counter.next_event_delay(5_000, SECOND_MS, 0, 0), 100);
    }

    proptest! {
        #[test]
        fn a_rate_never_exceeds_two_periods_of_events(
            events in proptest::collection::vec((0u64..5_000, 0u32..50), 0..50), period in 1u32..20_000,
        ) {
            let mut counter = FreqCounter::new();
            let (mut now, mut total) = (0, 0);
            for (step, count) in events {
                now += step;
                counter.add(now, period, count);
                total += count;
                prop_assert!(counter.read(now, period) <= total);
                prop_assert!(counter.read(now, period) >= count);
            }
            prop_assert_eq!(counter.read(now + 2 * u64::from(period), period), 0);
        }
    }
}
