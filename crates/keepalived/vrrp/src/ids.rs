//! Names and numbers of the things in a router. A number stays with its thing over reloads and is never given twice.

use std::sync::Arc;

/// A name from the configuration, shared and never changed.
pub type Name = Arc<str>;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
    )*};
}

ids! {
    /// A `vrrp_instance`.
    InstanceId
    /// A `vrrp_sync_group`.
    GroupId
    /// A `vrrp_script`.
    ScriptId
    /// A `track_file`.
    FileId
    /// A `vrrp_track_process`.
    ProcessId
    /// A `bfd_instance` that is tracked.
    BfdId
}
