//! `max_auto_priority`: real-time priority that grows when timers are served late.

use common_base::time::Micros;
use common_os::limits;
use keepalived_conf::model::Global;

/// Lateness that counts unless `min_auto_priority_delay` says otherwise.
const DELAY: Micros = Micros(1_000_000);

/// The priority so far, and how far it may go.
#[derive(Debug)]
pub struct Urgency {
    now: i32,
    max: i32,
    delay: Micros,
}

impl Urgency {
    /// Nothing grows with a configured real-time priority or without `max_auto_priority`.
    pub fn new(global: &Global) -> Self {
        let fixed = global.vrrp_process.rt_priority.is_some();
        let max = if fixed { 0 } else { global.auto_priority.max.unwrap_or(0).max(0) };
        let delay = global.auto_priority.min_delay_us.map_or(DELAY, |us| Micros(u64::from(us)));
        Self { now: 0, max: max.min(limits::realtime_max()), delay }
    }

    /// A timer was served so late.
    pub fn late(&mut self, by: Micros) {
        if self.now >= self.max || by < self.delay {
            return;
        }
        match limits::set_realtime(self.now + 1) {
            Ok(()) => {
                self.now += 1;
                tracing::info!("A timer was {by} seconds late - real-time priority is now {}", self.now);
            }
            Err(error) => {
                self.max = self.now;
                tracing::warn!("Unable to raise the real-time priority: {error}");
            }
        }
    }
}
