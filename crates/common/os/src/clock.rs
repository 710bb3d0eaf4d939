//! The clocks of the machine as plain numbers.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Microseconds of CLOCK_MONOTONIC: the same scale for every process of the machine since boot.
pub fn monotonic_us() -> u64 {
    micros(ClockId::CLOCK_MONOTONIC)
}

/// Microseconds since 1970-01-01 UTC.
pub fn realtime_us() -> u64 {
    micros(ClockId::CLOCK_REALTIME)
}

/// Time since the machine was booted, suspension included.
pub fn uptime() -> Duration {
    Duration::from_micros(micros(ClockId::CLOCK_BOOTTIME))
}

/// A clock before its own origin reads as 0: no daemon of ours runs before 1970.
fn micros(clock: ClockId) -> u64 {
    let Ok(now) = clock_gettime(clock) else { return 0 };
    let seconds = u64::try_from(now.tv_sec()).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(u64::try_from(now.tv_nsec() / 1_000).unwrap_or(0))
}
