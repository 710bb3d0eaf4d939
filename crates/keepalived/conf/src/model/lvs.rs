//! Virtual and real servers.

use std::net::IpAddr;

use serde::Serialize;

use super::{Checker, Family, Script};

/// What a virtual server stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum VirtualServerId {
    /// Address and port (0: all ports, persistent only).
    Address {
        /// Virtual address.
        address: IpAddr,
        /// Virtual port.
        port: u16,
    },
    /// Firewall mark.
    FwMark(u32),
    /// Name of a `virtual_server_group`.
    Group(String),
}

/// One `virtual_server` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VirtualServer {
    /// Address, mark or group.
    pub id: VirtualServerId,
    /// Family of the service (`ip_family`, else from addresses and real servers).
    pub family: Option<Family>,
    /// `protocol`; `None` for a mark.
    pub protocol: Option<LvsProtocol>,
    /// `lvs_sched` or `lb_algo`, default wlc.
    pub scheduler: String,
    /// `hashed`.
    pub hashed: bool,
    /// `ops`: one-packet scheduling.
    pub ops: bool,
    /// `flag-1`, `flag-2`, `flag-3` or their names (`sh-fallback`, `sh-port`, `mh-fallback`, `mh-port`).
    pub flags: [bool; 3],
    /// `lvs_method` or `lb_kind`, default NAT.
    pub method: LvsMethod,
    /// `persistence_engine`.
    pub persistence_engine: Option<String>,
    /// `persistence_timeout` in seconds; 0 is no persistence.
    pub persistence_timeout_s: u32,
    /// `persistence_granularity`: mask (IPv4) or prefix length (IPv6).
    pub persistence_granularity: Option<u32>,
    /// `ha_suspend`.
    pub ha_suspend: bool,
    /// `alpha`: real servers start down.
    pub alpha: bool,
    /// `omega`: run the down scripts at the stop.
    pub omega: bool,
    /// `inhibit_on_failure` for all real servers.
    pub inhibit_on_failure: bool,
    /// `weight` for all real servers.
    pub weight: i64,
    /// `quorum`, default 1.
    pub quorum: u32,
    /// `hysteresis`, default 0.
    pub hysteresis: u32,
    /// `quorum_up`.
    pub quorum_up: Option<Script>,
    /// `quorum_down`.
    pub quorum_down: Option<Script>,
    /// `sorry_server`.
    pub sorry_server: Option<SorryServer>,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `snmp_name`.
    pub snmp_name: Option<String>,
    /// Real servers in the order of the file.
    pub real_servers: Vec<RealServer>,
}

/// The server of last resort.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SorryServer {
    /// Address.
    pub address: IpAddr,
    /// Port; 0 is the virtual server's.
    pub port: u16,
    /// `sorry_server_inhibit`.
    pub inhibit: bool,
    /// `sorry_server_lvs_method`, else the virtual server's.
    pub method: LvsMethod,
}

/// One `real_server` block, the virtual server's defaults applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RealServer {
    /// Address.
    pub address: IpAddr,
    /// Port; 0 is the virtual server's.
    pub port: u16,
    /// `weight`, default 1; 0 is allowed.
    pub weight: i64,
    /// `lvs_method`.
    pub method: LvsMethod,
    /// `uthreshold`: most connections, 0 for no limit.
    pub uthreshold: u32,
    /// `lthreshold`: connections below which it takes new ones again.
    pub lthreshold: u32,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// `alpha`: starts down.
    pub alpha: bool,
    /// `notify_up`.
    pub notify_up: Option<Script>,
    /// `notify_down`.
    pub notify_down: Option<Script>,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `snmp_name`.
    pub snmp_name: Option<String>,
    /// Its checkers in the order of the file.
    pub checkers: Vec<Checker>,
}

/// `protocol` of a virtual server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum LvsProtocol {
    /// TCP.
    Tcp,
    /// UDP, also without the keyword.
    #[default]
    Udp,
    /// SCTP.
    Sctp,
}

/// Forwarding method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum LvsMethod {
    /// NAT.
    #[default]
    Nat,
    /// Direct routing.
    Dr,
    /// Tunnel.
    Tun(Tunnel),
}

/// Options of `lvs_method TUN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tunnel {
    /// `type`.
    pub kind: TunnelKind,
    /// Checksum option.
    pub checksum: TunnelChecksum,
}

/// `type` of a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum TunnelKind {
    /// IP in IP.
    #[default]
    IpIp,
    /// Generic UDP encapsulation to this port.
    Gue {
        /// Destination port.
        port: u16,
    },
    /// GRE.
    Gre,
}

/// Checksum option of a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum TunnelChecksum {
    /// `nocsum`.
    #[default]
    None,
    /// `csum`.
    Checksum,
    /// `remcsum` (GUE only).
    Remote,
}

/// One `virtual_server_group` block.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VirtualServerGroup {
    /// Name of the block.
    pub name: String,
    /// Addresses and ranges in the order of the file.
    pub addresses: Vec<GroupRange>,
    /// Firewall marks in the order of the file.
    pub fwmarks: Vec<GroupMark>,
}

/// A range of addresses with one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GroupRange {
    /// First address.
    pub first: IpAddr,
    /// Last address, included; equal to `first` for one address.
    pub last: IpAddr,
    /// Port; 0 if none was written.
    pub port: u16,
}

/// A firewall mark of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GroupMark {
    /// The mark.
    pub fwmark: u32,
    /// `inet` or `inet6` after it.
    pub family: Option<Family>,
}

/// The `SSL` block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ssl {
    /// `password` of the key.
    pub password: Option<String>,
    /// `ca` file.
    pub ca: Option<String>,
    /// `certificate` file.
    pub certificate: Option<String>,
    /// `key` file.
    pub key: Option<String>,
}
