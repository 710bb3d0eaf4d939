//! Sync groups and GARP rate groups.

use serde::Serialize;

use super::{NotifyScripts, Tracked};

/// One `vrrp_sync_group` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncGroup {
    /// Name of the block.
    pub name: String,
    /// Names of its members; each exists and is in no other group.
    pub instances: Vec<String>,
    /// `track_interface`.
    pub track_interfaces: Vec<Tracked>,
    /// `track_script`.
    pub track_scripts: Vec<Tracked>,
    /// `track_file`.
    pub track_files: Vec<Tracked>,
    /// `track_process`.
    pub track_processes: Vec<Tracked>,
    /// `track_bfd`.
    pub track_bfds: Vec<Tracked>,
    /// The notify scripts.
    pub notify: NotifyScripts,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `sync_group_tracking_weight`: members may keep weighted trackers.
    pub sync_group_tracking_weight: bool,
}

/// One `garp_group` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GarpGroup {
    /// `garp_interval` in microseconds.
    pub garp_interval_us: Option<u64>,
    /// `gna_interval` in microseconds.
    pub gna_interval_us: Option<u64>,
    /// `interface` or `interfaces`.
    pub interfaces: Vec<String>,
    /// Whether the delay counts over all interfaces together (`interfaces`).
    pub aggregated: bool,
}
