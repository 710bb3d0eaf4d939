//! The typed configuration: plain, comparable data with names checked and defaults applied.
//!
//! Two values are equal exactly if they ask for the same behaviour, so a reload is a comparison. Nothing here remembers
//! lines or files. A duration carries its unit in its name; a field is an `Option` only where "not configured" means
//! something at run time.

mod address;
mod bfd;
mod checker;
mod global;
mod group;
mod instance;
mod lvs;
mod route;
mod rule;
mod script;
mod track;

use serde::Serialize;

pub use address::*;
pub use bfd::*;
pub use checker::*;
pub use global::*;
pub use group::*;
pub use instance::*;
pub use lvs::*;
pub use route::*;
pub use rule::*;
pub use script::*;
pub use track::*;

/// Everything one keepalived.conf (with its includes) asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    /// Settings that stand outside every block.
    pub root: Root,
    /// `global_defs`, defaults applied.
    pub global: Global,
    /// `static_ipaddress`, in the order of the file.
    pub static_addresses: Vec<IpAddress>,
    /// `static_routes`, in the order of the file.
    pub static_routes: Vec<IpRoute>,
    /// `static_rules`, in the order of the file.
    pub static_rules: Vec<IpRule>,
    /// `track_group` blocks: which instances follow static objects.
    pub track_groups: Vec<TrackGroup>,
    /// `vrrp_script` blocks that at least one instance or group tracks.
    pub scripts: Vec<VrrpScript>,
    /// `track_file` (and `vrrp_track_file`) blocks.
    pub track_files: Vec<TrackFile>,
    /// `vrrp_track_process` blocks.
    pub track_processes: Vec<TrackProcess>,
    /// `vrrp_instance` blocks, in the order of the file.
    pub instances: Vec<VrrpInstance>,
    /// `vrrp_sync_group` blocks, in the order of the file; every member exists.
    pub sync_groups: Vec<SyncGroup>,
    /// `garp_group` blocks.
    pub garp_groups: Vec<GarpGroup>,
    /// `linkbeat_interfaces`.
    pub linkbeat_interfaces: Vec<LinkbeatInterface>,
    /// `interface_up_down_delays`.
    pub interface_up_down_delays: Vec<InterfaceDelay>,
    /// `bfd_instance` blocks.
    pub bfd: Vec<BfdInstance>,
    /// `virtual_server` blocks.
    pub virtual_servers: Vec<VirtualServer>,
    /// `virtual_server_group` blocks.
    pub virtual_server_groups: Vec<VirtualServerGroup>,
    /// The `SSL` block for `SSL_GET`.
    pub ssl: Option<Ssl>,
}

/// Settings outside every block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Root {
    /// `net_namespace`: network namespace to run in.
    pub net_namespace: Option<String>,
    /// `net_namespace_ipvs`: namespace of the IPVS configuration; an empty name is the default namespace.
    pub net_namespace_ipvs: Option<String>,
    /// `namespace_with_ipsets`.
    pub namespace_with_ipsets: bool,
    /// `instance`: part of the pidfile and syslog names.
    pub instance: Option<String>,
    /// `use_pid_dir`: pidfiles in /run/keepalived.
    pub use_pid_dir: bool,
    /// `child_wait_time`: seconds the parent waits for its children at the stop.
    pub child_wait_time_s: u32,
    /// `linkbeat_use_polling` for all interfaces.
    pub linkbeat_use_polling: bool,
}

impl Default for Root {
    fn default() -> Self {
        Self {
            net_namespace: None,
            net_namespace_ipvs: None,
            namespace_with_ipsets: false,
            instance: None,
            use_pid_dir: false,
            child_wait_time_s: 5,
            linkbeat_use_polling: false,
        }
    }
}

/// Address family of an instance, address, route or rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Family {
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
}

impl Family {
    /// The family an address belongs to.
    pub fn of(address: std::net::IpAddr) -> Self {
        if address.is_ipv4() { Self::Inet } else { Self::Inet6 }
    }

    /// `IPv4` or `IPv6`, as log lines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inet => "IPv4",
            Self::Inet6 => "IPv6",
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
