//! The cache of small objects (manual §6): what may be kept, for how long, for whom; and the objects themselves.
//!
//! `cache-use` asks ([`Work::ask`]), `cache-store` keeps ([`Work::store`]); the body is collected by a filter ([`Collector`]).

mod encodings;
mod object;
mod request;
mod response;
mod shared;
mod work;

pub use object::{Collector, Object, Pending};
pub use shared::{Cache, Listed, blocks_of_megabytes};
pub use work::{Answer, Asked, Hit, Work};

/// A `cache` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `total-max-size`, in blocks.
    pub blocks: u32,
    /// `max-object-size`; a 256th of the whole when not given.
    pub object_max_bytes: u64,
    /// `max-age`, seconds.
    pub age_max_s: u32,
    /// `process-vary`
    pub vary: bool,
    /// `max-secondary-entries`
    pub secondary_max: u32,
}

/// Bytes of one block, the unit in which space is given.
pub const BLOCK_BYTES: u64 = 1024;

impl Default for Settings {
    fn default() -> Self {
        Settings { blocks: 0, object_max_bytes: 0, age_max_s: 60, vary: false, secondary_max: 10 }
    }
}

#[cfg(test)]
mod tests;
