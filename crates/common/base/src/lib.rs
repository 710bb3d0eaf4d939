//! Ground both daemons stand on: durations, sizes, addresses, hashes, frequency counters, typed ids.
//! No IO and no clock: time is always an argument.

pub mod address;
pub mod duration;
pub mod freq;
pub mod hash;
pub mod ids;
pub mod size;
pub mod time;
