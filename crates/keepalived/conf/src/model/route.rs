//! Routes to install, with every option word of `ip route`.

use std::net::IpAddr;

use serde::Serialize;

use super::Family;

/// An address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Prefix {
    /// The address; host bits as written.
    pub address: IpAddr,
    /// Prefix length.
    pub len: u8,
}

/// A value the kernel may not change by itself if `locked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lockable {
    /// The value.
    pub value: u32,
    /// `lock` stood before it.
    pub locked: bool,
}

/// One line of `virtual_routes` or `static_routes`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IpRoute {
    /// Family of the route.
    pub family: Family,
    /// `unicast`, `blackhole` ...
    pub kind: RouteKind,
    /// Destination (`default` is length 0).
    pub destination: Prefix,
    /// `from` (IPv6 source routing).
    pub from: Option<Prefix>,
    /// `src`: preferred source address.
    pub src: Option<IpAddr>,
    /// `via` or `gw`; may be of the other family.
    pub via: Option<IpAddr>,
    /// `dev` or `oif`.
    pub dev: Option<String>,
    /// `table` as its number.
    pub table: Option<u32>,
    /// `tos` or `dsfield`.
    pub tos: u8,
    /// `protocol` as its number; keepalived's own is 18.
    pub protocol: Option<u8>,
    /// `scope` as the kernel's number.
    pub scope: Option<u8>,
    /// `metric`, `priority` or `preference`.
    pub metric: Option<u32>,
    /// `onlink` for the single hop.
    pub onlink: bool,
    /// Metrics of the route.
    pub metrics: RouteMetrics,
    /// `pref` (IPv6).
    pub pref: Option<RoutePreference>,
    /// `realms`: from in the high half, to in the low half.
    pub realms: Option<u32>,
    /// `ttl-propagate`.
    pub ttl_propagate: Option<bool>,
    /// `expires` in seconds (IPv6).
    pub expires_s: Option<u32>,
    /// `encap`.
    pub encap: Option<Encap>,
    /// `nexthop` groups; empty for a single hop.
    pub nexthops: Vec<NextHop>,
    /// `add`, `prepend` or `append`.
    pub insert: RouteInsert,
    /// `vrf`.
    pub vrf: Option<String>,
    /// `no_track`.
    pub no_track: bool,
    /// `track_group` (static routes only).
    pub track_group: Option<String>,
}

/// RTAX metrics of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RouteMetrics {
    /// `mtu [lock]`.
    pub mtu: Option<Lockable>,
    /// `window`.
    pub window: Option<u32>,
    /// `rtt` in milliseconds times 8, as the kernel takes it.
    pub rtt: Option<Lockable>,
    /// `rttvar` in milliseconds times 4.
    pub rttvar: Option<Lockable>,
    /// `ssthresh`.
    pub ssthresh: Option<Lockable>,
    /// `cwnd`.
    pub cwnd: Option<Lockable>,
    /// `advmss`.
    pub advmss: Option<u32>,
    /// `reordering`.
    pub reordering: Option<Lockable>,
    /// `hoplimit`.
    pub hoplimit: Option<u8>,
    /// `initcwnd`.
    pub initcwnd: Option<u32>,
    /// `initrwnd`.
    pub initrwnd: Option<u32>,
    /// `features` bits (1 is ecn).
    pub features: u32,
    /// `rto_min` in milliseconds.
    pub rto_min_ms: Option<Lockable>,
    /// `quickack`.
    pub quickack: Option<bool>,
    /// `congctl [lock]`.
    pub congctl: Option<(String, bool)>,
    /// `fastopen_no_cookie`.
    pub fastopen_no_cookie: Option<bool>,
}

/// Types of routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum RouteKind {
    /// `unicast`, also without a word.
    #[default]
    Unicast = 1,
    /// `local`.
    Local = 2,
    /// `broadcast`.
    Broadcast = 3,
    /// `anycast`.
    Anycast = 4,
    /// `multicast`.
    Multicast = 5,
    /// `blackhole`.
    Blackhole = 6,
    /// `unreachable`.
    Unreachable = 7,
    /// `prohibit`.
    Prohibit = 8,
    /// `throw`.
    Throw = 9,
    /// `nat`.
    Nat = 10,
    /// `xresolve`.
    Xresolve = 11,
}

/// Where a new route goes among equal ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum RouteInsert {
    /// `prepend`, the default: before matching routes.
    #[default]
    Prepend,
    /// `add`: only if none matches.
    Add,
    /// `append`: after matching routes.
    Append,
}

/// `pref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RoutePreference {
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
}

/// One `nexthop` of a multipath route.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NextHop {
    /// `via`.
    pub via: Option<IpAddr>,
    /// `dev`.
    pub dev: Option<String>,
    /// `weight` 1 to 256.
    pub weight: u16,
    /// `onlink`.
    pub onlink: bool,
    /// `as [to]` (2.4).
    pub as_to: Option<IpAddr>,
    /// `realms`.
    pub realms: Option<u32>,
    /// `encap`.
    pub encap: Option<Encap>,
}

/// `encap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Encap {
    /// `mpls LABEL/LABEL...`.
    Mpls(Vec<u32>),
    /// `ip` or `ip6`.
    Ip {
        /// Family of the tunnel.
        family: Family,
        /// `id`.
        id: Option<u64>,
        /// `dst`.
        dst: Option<IpAddr>,
        /// `src`.
        src: Option<IpAddr>,
        /// `tos` or `tc`.
        tos: Option<u8>,
        /// `ttl` or `hoplimit`.
        ttl: Option<u8>,
        /// `flags`.
        flags: u16,
    },
    /// `ila LOCATOR`.
    Ila(u64),
}
