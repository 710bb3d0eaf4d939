//! When the next probe is due (manual §5.2: `inter`, `fastinter`, `downinter`, `agent-inter`).

use haproxy_balance::report::CheckReport;

/// Intervals of one check, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// `inter`.
    pub inter_ms: u64,
    /// `fastinter`; `inter` when absent.
    pub fast_ms: Option<u64>,
    /// `downinter`; `inter` when absent.
    pub down_ms: Option<u64>,
    /// `timeout check`.
    pub timeout_check_ms: Option<u64>,
    /// `timeout connect`.
    pub timeout_connect_ms: Option<u64>,
}

impl Default for Intervals {
    fn default() -> Self {
        Intervals {
            inter_ms: 2000,
            fast_ms: None,
            down_ms: None,
            timeout_check_ms: None,
            timeout_connect_ms: None,
        }
    }
}

impl Intervals {
    /// Time to the next probe: fast while on the way up or down, `downinter` when fully down, else `inter`.
    pub fn next_ms(&self, report: &CheckReport) -> u64 {
        if report.health == 0 {
            return self.down_ms.unwrap_or(self.inter_ms);
        }
        let settled = report.health == report.health_max();
        if settled { self.inter_ms } else { self.fast_ms.unwrap_or(self.inter_ms) }
    }

    /// Time to connect: `timeout connect` within the interval.
    pub fn connect_ms(&self) -> u64 {
        match (self.timeout_check_ms, self.timeout_connect_ms) {
            (_, Some(connect)) => connect.min(self.inter_ms),
            (Some(_), None) => self.inter_ms,
            (None, None) => self.inter_ms,
        }
    }

    /// Time after connecting: `timeout check`; without it, what connecting has too.
    pub fn read_ms(&self) -> u64 {
        self.timeout_check_ms.unwrap_or_else(|| self.connect_ms())
    }
}

/// Part of the interval the first probe of check number `index` of `count` waits, so that all checks of a process do
/// not start together (manual: `spread-checks`).
pub fn first_ms(inter_ms: u64, index: u64, count: u64) -> u64 {
    inter_ms * index / count.max(1)
}

/// Interval changed at random by up to `spread` percent either way.
pub fn spread_ms(interval_ms: u64, spread_percent: u32, random: u32) -> u64 {
    let range = interval_ms * u64::from(spread_percent.min(50)) / 100;
    interval_ms - range + (2 * range * u64::from(random)) / u64::from(u32::MAX)
}
