//! What an instance watches, and what that makes of it.

use std::collections::BTreeSet;

use crate::{
    config::{GroupConfig, InstanceConfig, RouterConfig, Track},
    event::Link,
    ids::Name,
    instance::Standing,
    state::FaultCause,
};

/// The largest change of priority by one weight; ±254 of older configurations counts as that.
const WEIGHT_MAX: i32 = 253;

/// How things stand outside, as far as an instance may watch it.
pub(crate) trait World {
    /// State of an interface.
    fn link(&self, interface: &Name) -> Link;
    /// Whether a script succeeds; `None` = not known yet.
    fn script(&self, name: &Name) -> Option<bool>;
    /// The number in a file.
    fn file(&self, name: &Name) -> i64;
    /// Whether a process quorum holds.
    fn process(&self, name: &Name) -> bool;
    /// Whether a BFD session is up.
    fn bfd(&self, name: &Name) -> bool;
}

/// All trackers of one instance, those of its group included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    pub interfaces: Vec<Track>,
    pub scripts: Vec<Track>,
    pub files: Vec<Track>,
    pub processes: Vec<Track>,
    pub bfds: Vec<Track>,
}

impl Watch {
    /// The trackers that count. For an owner, and within a sync group without `sync_group_tracking_weight`, no
    /// weight can count: a weighted interface then means FAULT, everything else weighted is left out.
    pub fn new(instance: &InstanceConfig, group: Option<&GroupConfig>) -> Self {
        let weighted = !instance.is_owner() && group.is_none_or(|group| group.tracking_weight);
        let join = |own: &[Track], of_group: Option<&Vec<Track>>| -> Vec<Track> {
            let mut all = own.to_vec();
            for track in of_group.into_iter().flatten() {
                if !all.iter().any(|known| known.name == track.name) {
                    all.push(track.clone());
                }
            }
            all
        };
        let keep = |tracks: Vec<Track>| -> Vec<Track> {
            tracks.into_iter().filter(|track| weighted || track.weight == 0).collect()
        };
        let mut interfaces = join(&instance.track_interfaces, group.map(|g| &g.track_interfaces));
        if !weighted {
            for track in &mut interfaces {
                track.weight = 0;
            }
        }
        Self {
            interfaces,
            scripts: keep(join(&instance.track_scripts, group.map(|g| &g.track_scripts))),
            files: keep(join(&instance.track_files, group.map(|g| &g.track_files))),
            processes: keep(join(&instance.track_processes, group.map(|g| &g.track_processes))),
            bfds: keep(join(&instance.track_bfds, group.map(|g| &g.track_bfds))),
        }
    }

    /// Where the instance stands, its source address and group aside.
    pub fn standing(&self, config: &InstanceConfig, world: &impl World) -> Standing {
        let mut standing = Standing { causes: own_interfaces(config, world), ..Standing::default() };
        if config.fault_no_peer {
            standing.causes.insert(FaultCause::NoPeer);
        }
        for track in &self.interfaces {
            let up = world.link(&track.name) == Link::Up;
            standing.add(effect(track, up), || FaultCause::TrackedInterface(track.name.clone()));
        }
        for track in &self.scripts {
            match world.script(&track.name) {
                Some(good) => standing.add(effect(track, good), || FaultCause::Script(track.name.clone())),
                None => standing.pending |= track.weight == 0,
            }
        }
        for track in &self.files {
            let value = world.file(&track.name);
            standing.add(file_effect(track, value), || FaultCause::File(track.name.clone()));
        }
        for track in &self.processes {
            let holds = world.process(&track.name);
            standing.add(effect(track, holds), || FaultCause::Process(track.name.clone()));
        }
        for track in &self.bfds {
            let up = world.bfd(&track.name);
            standing.add(effect(track, up), || FaultCause::Bfd(track.name.clone()));
        }
        standing
    }

    /// Every interface that matters to the instance.
    pub fn minds_interface(&self, config: &InstanceConfig, interface: &Name) -> bool {
        config.interface == *interface
            || config.base_interface == *interface
            || self.interfaces.iter().any(|track| track.name == *interface)
    }
}

/// The instance each group member belongs to, by name.
pub(crate) fn group_of<'a>(config: &'a RouterConfig, instance: &Name) -> Option<&'a GroupConfig> {
    config.groups.iter().find(|group| group.members.contains(instance))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Fault,
    Add(i32),
}

impl Standing {
    fn add(&mut self, effect: Effect, cause: impl FnOnce() -> FaultCause) {
        match effect {
            Effect::Fault => {
                self.causes.insert(cause());
            }
            Effect::Add(weight) => self.weight = self.weight.saturating_add(weight),
        }
    }
}

fn own_interfaces(config: &InstanceConfig, world: &impl World) -> BTreeSet<FaultCause> {
    [&config.interface, &config.base_interface]
        .into_iter()
        .filter_map(|name| match world.link(name) {
            Link::Up => None,
            Link::Gone => Some(FaultCause::InterfaceGone(name.clone())),
            Link::Down if config.dont_track_primary => None,
            Link::Down => Some(FaultCause::InterfaceDown(name.clone())),
        })
        .collect()
}

/// A positive weight is added while all is well, a negative one while it is not; `reverse` turns the sign round,
/// and without weight the meaning.
fn effect(track: &Track, good: bool) -> Effect {
    let weight = track.weight.clamp(-WEIGHT_MAX, WEIGHT_MAX);
    let signed = if track.reverse { -weight } else { weight };
    match (weight, good) {
        (0, good) if good == track.reverse => Effect::Fault,
        (1.., true) | (..=-1, false) => Effect::Add(signed),
        (..=-1 | 0 | 1.., true | false) => Effect::Add(0),
    }
}

/// Value times weight is added; -254 and less is FAULT, as is any number but 0 without weight.
fn file_effect(track: &Track, value: i64) -> Effect {
    if track.weight == 0 {
        return if (value == 0) == track.reverse { Effect::Fault } else { Effect::Add(0) };
    }
    let weight = i64::from(if track.reverse { -track.weight } else { track.weight });
    let total = value.saturating_mul(weight);
    match i32::try_from(total.clamp(-254, i64::from(WEIGHT_MAX))) {
        Ok(..=-254) => Effect::Fault,
        Ok(weight) => Effect::Add(weight),
        Err(_) => Effect::Add(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(weight: i32, reverse: bool) -> Track {
        Track { name: "x".into(), weight, reverse }
    }

    #[test]
    fn weights() {
        use Effect::{Add, Fault};
        for (weight, reverse, good, bad) in [
            (0, false, Add(0), Fault),
            (0, true, Fault, Add(0)),
            (20, false, Add(20), Add(0)),
            (20, true, Add(-20), Add(0)),
            (-20, false, Add(0), Add(-20)),
            (-20, true, Add(0), Add(20)),
            (254, false, Add(253), Add(0)),
            (-254, false, Add(0), Add(-253)),
        ] {
            let track = track(weight, reverse);
            assert_eq!((effect(&track, true), effect(&track, false)), (good, bad), "{weight} {reverse}");
        }
    }

    #[test]
    fn file_values() {
        use Effect::{Add, Fault};
        for (weight, reverse, value, expected) in [
            (0, false, 0, Add(0)),
            (0, false, 7, Fault),
            (0, true, 0, Fault),
            (0, true, 7, Add(0)),
            (2, false, -30, Add(-60)),
            (2, true, -30, Add(60)),
            (1, false, -253, Add(-253)),
            (1, false, -254, Fault),
            (1, false, 1000, Add(253)),
            (254, false, i64::MIN, Fault),
            (-1, false, 300, Fault),
        ] {
            assert_eq!(file_effect(&track(weight, reverse), value), expected, "{weight} {reverse} {value}");
        }
    }
}
