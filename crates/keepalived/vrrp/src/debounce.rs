//! `interface_up_down_delays`: a change of an interface counts when it lasted.

use std::collections::HashMap;

use common_base::time::{Instant, Micros};

use crate::{config::DebounceConfig, event::Link, ids::Name};

/// All interfaces ever mentioned.
#[derive(Debug, Default)]
pub(crate) struct Links {
    known: HashMap<Name, Known>,
    delays: HashMap<Name, (Micros, Micros)>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    settled: Link,
    change: Option<(Link, Instant)>,
    /// Whether it was last told to be up.
    told_up: bool,
}

impl Links {
    /// With the delays of a configuration.
    pub fn configure(&mut self, delays: &[DebounceConfig]) {
        self.delays = delays.iter().map(|d| (d.interface.clone(), (d.down, d.up))).collect();
    }

    /// The state that counts; an interface that was never mentioned is up.
    pub fn state(&self, interface: &Name) -> Link {
        self.known.get(interface).map_or(Link::Up, |known| known.settled)
    }

    /// Whether an interface is up, if that is another answer than the last one.
    pub fn news(&mut self, interface: &Name) -> Option<bool> {
        let known = self.known.get_mut(interface)?;
        let up = known.settled == Link::Up;
        (std::mem::replace(&mut known.told_up, up) != up).then_some(up)
    }

    /// Takes a report; `true` if what counts changed at once. A delay is never longer than `limit`, or a silent
    /// master would be noticed by others first.
    pub fn report(&mut self, interface: &Name, link: Link, now: Instant, limit: Option<Micros>) -> bool {
        let (down, up) = self.delays.get(interface).copied().unwrap_or_default();
        let delay = match link {
            Link::Up => up,
            Link::Down => down,
            Link::Gone => Micros::ZERO,
        };
        let delay = limit.map_or(delay, |limit| delay.min(limit));
        let known = self.known.entry(interface.clone()).or_insert(Known {
            settled: Link::Up,
            change: None,
            told_up: true,
        });
        if known.settled == link {
            known.change = None;
            return false;
        }
        if delay.is_zero() {
            *known = Known { settled: link, change: None, ..*known };
            return true;
        }
        // a repeated report does not begin the wait anew
        if known.change.is_none_or(|(to, _)| to != link) {
            known.change = Some((link, now + delay));
        }
        false
    }

    /// Settles what lasted; the interfaces whose state changed by that, by name.
    pub fn settle(&mut self, now: Instant) -> Vec<Name> {
        let mut changed = Vec::new();
        for (name, known) in &mut self.known {
            if let Some((link, at)) = known.change
                && at <= now
            {
                *known = Known { settled: link, change: None, ..*known };
                changed.push(name.clone());
            }
        }
        changed.sort();
        changed
    }

    /// When the next wait ends.
    pub fn next(&self) -> Option<Instant> {
        self.known.values().filter_map(|known| known.change.map(|(_, at)| at)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant(millis * 1_000)
    }

    #[test]
    fn only_what_lasts_counts() {
        let eth0: Name = "eth0".into();
        let mut links = Links::default();
        links.configure(&[DebounceConfig {
            interface: eth0.clone(),
            down: Micros::from_millis(100),
            up: Micros::from_millis(300),
        }]);
        assert!(!links.report(&eth0, Link::Down, at(0), None));
        assert_eq!(links.next(), Some(at(100)));
        assert!(!links.report(&eth0, Link::Up, at(50), None), "back in time");
        assert_eq!(links.next(), None);
        links.report(&eth0, Link::Down, at(200), None);
        links.report(&eth0, Link::Down, at(250), None);
        assert_eq!(links.settle(at(299)), [] as [Name; 0]);
        assert_eq!(links.settle(at(300)), std::slice::from_ref(&eth0));
        assert_eq!(links.state(&eth0), Link::Down);
        links.report(&eth0, Link::Up, at(400), Some(Micros::from_millis(200)));
        assert_eq!(links.next(), Some(at(600)), "the limit shortens the delay");
        assert!(links.report(&"eth1".into(), Link::Down, at(400), None), "no delay configured");
    }
}
