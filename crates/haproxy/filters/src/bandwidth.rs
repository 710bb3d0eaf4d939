//! Bandwidth limits of one stream (manual §9.7).

use crate::chain::{Filter, Flow, Passed};

/// `filter bwlim-in` or `bwlim-out`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What rules call it.
    pub name: String,
    /// A number that tells it from all others of the configuration.
    pub id: u32,
    /// Which way it limits.
    pub direction: Direction,
    /// `default-limit`, bytes.
    pub limit_bytes: u64,
    /// `default-period`, milliseconds.
    pub period_ms: u64,
    /// `min-size`, bytes passed at a time at least, but for the last.
    pub min_bytes: u64,
}

/// Which way a filter limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    In,
    /// From the server to the client.
    Out,
}

/// A stream asks for less than this part of the limit at a time only for its last bytes: waking up for single bytes would
/// cost more than they are worth.
const SHARE_MIN: u64 = 64;

/// The filter on one body: as many bytes in a sliding period as the limit says.
#[derive(Debug)]
pub struct Limiter {
    limit_bytes: u64,
    period_ms: u64,
    min_bytes: u64,
    /// When the running period began.
    start_ms: u64,
    running: u64,
    last: u64,
}

impl Limiter {
    /// A filter with a limit that rules may have changed.
    pub fn new(settings: &Settings, limit_bytes: Option<u64>, period_ms: Option<u64>, now_ms: u64) -> Self {
        Limiter {
            limit_bytes: limit_bytes.unwrap_or(settings.limit_bytes).max(1),
            period_ms: period_ms.unwrap_or(settings.period_ms).max(1),
            min_bytes: settings.min_bytes,
            start_ms: now_ms,
            running: 0,
            last: 0,
        }
    }

    /// Bytes that may pass now.
    fn allowed(&mut self, now_ms: u64) -> u64 {
        let passed_ms = now_ms.saturating_sub(self.start_ms);
        if passed_ms >= self.period_ms {
            self.last = if passed_ms < 2 * self.period_ms { self.running } else { 0 };
            self.running = 0;
            self.start_ms = now_ms - passed_ms % self.period_ms;
        }
        let left_ms = self.period_ms - now_ms.saturating_sub(self.start_ms).min(self.period_ms);
        let faded = u128::from(self.last) * u128::from(left_ms) / u128::from(self.period_ms);
        self.limit_bytes.saturating_sub(self.running).saturating_sub(faded as u64)
    }

    /// When `wanted` bytes may pass, if nothing does until then.
    fn time_for(&self, wanted: u64, allowed: u64, now_ms: u64) -> u64 {
        let end_ms = self.start_ms + self.period_ms;
        if self.last == 0 {
            return end_ms.max(now_ms + 1);
        }
        let missing = u128::from(wanted.saturating_sub(allowed));
        let wait_ms = (missing * u128::from(self.period_ms)).div_ceil(u128::from(self.last)) as u64;
        (now_ms + wait_ms.max(1)).min(end_ms.max(now_ms + 1))
    }
}

impl Filter for Limiter {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        let available = input.len() as u64;
        let allowed = self.allowed(flow.now_ms);
        let worth =
            self.min_bytes.max(self.limit_bytes / SHARE_MIN).clamp(1, self.limit_bytes).min(available);
        let taken = if allowed < worth { 0 } else { allowed.min(available) as usize };
        flow.out.extend_from_slice(&input[..taken]);
        self.running += taken as u64;
        if taken == input.len() {
            return Passed::all(input);
        }
        let left = worth.min(available - taken as u64);
        let again_ms = self.time_for(left, allowed - taken as u64, flow.now_ms);
        Passed { taken, again_ms: Some(again_ms) }
    }
}

#[cfg(test)]
mod tests;
