//! The processes that read the configuration, each for its own blocks.

use serde::Serialize;

/// A set of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Roles(u8);

impl Roles {
    /// The parent: root settings and `global_defs`.
    pub const PARENT: Self = Self(1);
    /// The vrrp process.
    pub const VRRP: Self = Self(2);
    /// The checker process.
    pub const CHECKER: Self = Self(4);
    /// The bfd process.
    pub const BFD: Self = Self(8);
    /// All of them.
    pub const ALL: Self = Self(15);
    /// None of them.
    pub const NONE: Self = Self(0);
    /// The order in which `-t` reads for each.
    pub const EACH: [Self; 4] = [Self::PARENT, Self::CHECKER, Self::VRRP, Self::BFD];

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets share a process.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
