//! Routes with every option word.

use std::net::IpAddr;

use keepalived_conf::model::{
    Encap, Family, IpRoute, Lockable, NextHop, Prefix, RouteInsert, RouteKind, RouteMetrics, RoutePreference,
};

use crate::nl::{self, Message};

/// Bytes of struct rtmsg.
const HEAD_LEN: usize = 12;
/// keepalived's number in /etc/iproute2/rt_protos.
const PROTOCOL: u8 = 18;
const RTA_VIA: u16 = 18;
const RTA_PREF: u16 = 20;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const RTA_EXPIRES: u16 = 23;
const RTA_TTL_PROPAGATE: u16 = 26;
const RTNH_F_ONLINK: u32 = 4;

/// Numbers of struct rtmsg's RTAX_* metrics.
mod rtax {
    pub const LOCK: u16 = 1;
    pub const MTU: u16 = 2;
    pub const WINDOW: u16 = 3;
    pub const RTT: u16 = 4;
    pub const RTTVAR: u16 = 5;
    pub const SSTHRESH: u16 = 6;
    pub const CWND: u16 = 7;
    pub const ADVMSS: u16 = 8;
    pub const REORDERING: u16 = 9;
    pub const HOPLIMIT: u16 = 10;
    pub const INITCWND: u16 = 11;
    pub const FEATURES: u16 = 12;
    pub const RTO_MIN: u16 = 13;
    pub const INITRWND: u16 = 14;
    pub const QUICKACK: u16 = 15;
    pub const CC_ALGO: u16 = 16;
    pub const FASTOPEN_NO_COOKIE: u16 = 17;
}

/// Lightweight tunnels (LWTUNNEL_ENCAP_*).
mod lwtunnel {
    pub const MPLS: u16 = 1;
    pub const IP: u16 = 2;
    pub const ILA: u16 = 3;
    pub const IP6: u16 = 4;
}

/// Turns an interface name into its number; `None` for an interface that does not exist.
pub type IndexOf<'a> = &'a dyn Fn(&str) -> Option<u32>;

/// Sets a route. `None` if an interface it names does not exist.
pub fn add(route: &IpRoute, index_of: IndexOf<'_>) -> Option<Message> {
    let how = match route.insert {
        RouteInsert::Prepend => libc::NLM_F_CREATE,
        RouteInsert::Add => libc::NLM_F_CREATE | libc::NLM_F_EXCL,
        RouteInsert::Append => libc::NLM_F_CREATE | libc::NLM_F_APPEND,
    };
    build(libc::RTM_NEWROUTE, how, route, index_of)
}

/// Removes a route.
pub fn delete(route: &IpRoute, index_of: IndexOf<'_>) -> Option<Message> {
    build(libc::RTM_DELROUTE, 0, route, index_of)
}

fn build(kind: u16, flags: i32, route: &IpRoute, index_of: IndexOf<'_>) -> Option<Message> {
    let vrf_table = None;
    let table = route.table.or(vrf_table).unwrap_or(u32::from(libc::RT_TABLE_MAIN));
    let mut message = Message::new(kind, flags | libc::NLM_F_ACK);
    message.fixed(&head(kind, route, table));
    if table > 255 {
        message.u32(libc::RTA_TABLE, table);
    }
    if route.destination.len > 0 {
        message.ip(libc::RTA_DST, route.destination.address);
    }
    if let Some(from) = route.from {
        message.ip(libc::RTA_SRC, from.address);
    }
    if let Some(src) = route.src {
        message.ip(libc::RTA_PREFSRC, src);
    }
    if let Some(via) = route.via {
        gateway(&mut message, route.family, via);
    }
    if let Some(dev) = &route.dev {
        message.u32(libc::RTA_OIF, index_of(dev)?);
    }
    if let Some(metric) = route.metric {
        message.u32(libc::RTA_PRIORITY, metric);
    }
    if let Some(realms) = route.realms {
        message.u32(libc::RTA_FLOW, realms);
    }
    if kind == libc::RTM_NEWROUTE {
        options(&mut message, route);
    }
    if !route.nexthops.is_empty() {
        let indices: Option<Vec<u32>> =
            route.nexthops.iter().map(|hop| hop.dev.as_deref().map_or(Some(0), index_of)).collect();
        multipath(&mut message, route, &indices?);
    }
    Some(message)
}

/// What the kernel does not look at when it removes a route.
fn options(message: &mut Message, route: &IpRoute) {
    metrics(message, &route.metrics);
    if let Some(pref) = route.pref {
        // ICMPv6 router preference, RFC 4191 §2.1
        let value = match pref {
            RoutePreference::Medium => 0,
            RoutePreference::High => 1,
            RoutePreference::Low => 3,
        };
        message.u8(RTA_PREF, value);
    }
    if let Some(seconds) = route.expires_s {
        message.u32(RTA_EXPIRES, seconds);
    }
    if let Some(on) = route.ttl_propagate {
        message.u8(RTA_TTL_PROPAGATE, u8::from(on));
    }
    if let Some(encap) = &route.encap {
        encapsulate(message, encap);
    }
}

/// struct rtmsg.
fn head(kind: u16, route: &IpRoute, table: u32) -> [u8; HEAD_LEN] {
    let family = family(route.family);
    let from = route.from.map_or(0, |from| from.len);
    let table = u8::try_from(table).unwrap_or(libc::RT_TABLE_UNSPEC);
    let scope = route.scope.unwrap_or_else(|| default_scope(kind, route));
    let mut head = [0; HEAD_LEN];
    head[..8].copy_from_slice(&[
        family,
        route.destination.len,
        from,
        route.tos,
        table,
        route.protocol.unwrap_or(PROTOCOL),
        scope,
        route.kind as u8,
    ]);
    if route.onlink {
        head[8..].copy_from_slice(&RTNH_F_ONLINK.to_ne_bytes());
    }
    head
}

/// As `ip route` chooses it: the narrower, the nearer the destination. A removal matches any scope.
fn default_scope(kind: u16, route: &IpRoute) -> u8 {
    if route.family == Family::Inet6 {
        return libc::RT_SCOPE_UNIVERSE;
    }
    if kind == libc::RTM_DELROUTE {
        return libc::RT_SCOPE_NOWHERE;
    }
    match route.kind {
        RouteKind::Local | RouteKind::Nat => libc::RT_SCOPE_HOST,
        RouteKind::Broadcast | RouteKind::Multicast | RouteKind::Anycast => libc::RT_SCOPE_LINK,
        RouteKind::Unicast if route.via.is_none() && route.nexthops.iter().all(|hop| hop.via.is_none()) => {
            libc::RT_SCOPE_LINK
        }
        RouteKind::Unicast
        | RouteKind::Blackhole
        | RouteKind::Unreachable
        | RouteKind::Prohibit
        | RouteKind::Throw
        | RouteKind::Xresolve => libc::RT_SCOPE_UNIVERSE,
    }
}

pub(crate) fn family(family: Family) -> u8 {
    let number = match family {
        Family::Inet => libc::AF_INET,
        Family::Inet6 => libc::AF_INET6,
    };
    u8::try_from(number).unwrap_or(0)
}

/// A gateway of the route's own family, or of the other one.
fn gateway(message: &mut Message, of: Family, via: IpAddr) {
    if Family::of(via) == of {
        message.ip(libc::RTA_GATEWAY, via);
        return;
    }
    let mut value = u16::from(family(Family::of(via))).to_ne_bytes().to_vec();
    value.extend(nl::octets(via));
    message.attr(RTA_VIA, &value);
}

fn metrics(message: &mut Message, metrics: &RouteMetrics) {
    let lockable = [
        (rtax::MTU, metrics.mtu),
        (rtax::RTT, metrics.rtt),
        (rtax::RTTVAR, metrics.rttvar),
        (rtax::SSTHRESH, metrics.ssthresh),
        (rtax::CWND, metrics.cwnd),
        (rtax::REORDERING, metrics.reordering),
        (rtax::RTO_MIN, metrics.rto_min_ms),
    ];
    let plain = [
        (rtax::WINDOW, metrics.window),
        (rtax::ADVMSS, metrics.advmss),
        (rtax::HOPLIMIT, metrics.hoplimit.map(u32::from)),
        (rtax::INITCWND, metrics.initcwnd),
        (rtax::INITRWND, metrics.initrwnd),
        (rtax::FEATURES, (metrics.features != 0).then_some(metrics.features)),
        (rtax::QUICKACK, metrics.quickack.map(u32::from)),
        (rtax::FASTOPEN_NO_COOKIE, metrics.fastopen_no_cookie.map(u32::from)),
    ];
    let mut all: Vec<(u16, u32)> = lockable
        .iter()
        .filter_map(|(kind, value)| value.map(|Lockable { value, .. }| (*kind, value)))
        .chain(plain.iter().filter_map(|(kind, value)| value.map(|value| (*kind, value))))
        .collect();
    let mut lock = lockable
        .iter()
        .filter(|(_, value)| value.is_some_and(|value| value.locked))
        .fold(0, |all, (kind, _)| all | 1 << kind);
    if metrics.congctl.as_ref().is_some_and(|(_, locked)| *locked) {
        lock |= 1 << rtax::CC_ALGO;
    }
    if lock != 0 {
        all.push((rtax::LOCK, lock));
    }
    if all.is_empty() && metrics.congctl.is_none() {
        return;
    }
    all.sort_unstable();
    message.nest_plain(libc::RTA_METRICS, |inner| {
        for (kind, value) in all {
            inner.u32(kind, value);
        }
        if let Some((name, _)) = &metrics.congctl {
            inner.text(rtax::CC_ALGO, name);
        }
    });
}

fn multipath(message: &mut Message, route: &IpRoute, indices: &[u32]) {
    message.nest_plain(libc::RTA_MULTIPATH, |paths| {
        for (hop, index) in route.nexthops.iter().zip(indices) {
            let flags = if hop.onlink { 4 } else { 0 };
            // The kernel counts from 0.
            let hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
            let mut head = vec![flags, hops];
            head.extend(index.to_ne_bytes());
            paths.counted(&head, |path| next_hop(path, route.family, hop));
        }
    });
}

fn next_hop(path: &mut Message, family: Family, hop: &NextHop) {
    if let Some(via) = hop.via {
        gateway(path, family, via);
    }
    if let Some(realms) = hop.realms {
        path.u32(libc::RTA_FLOW, realms);
    }
    if let Some(encap) = &hop.encap {
        encapsulate(path, encap);
    }
}

fn encapsulate(message: &mut Message, encap: &Encap) {
    let kind = match encap {
        Encap::Mpls(_) => lwtunnel::MPLS,
        Encap::Ip { family: Family::Inet, .. } => lwtunnel::IP,
        Encap::Ip { family: Family::Inet6, .. } => lwtunnel::IP6,
        Encap::Ila(_) => lwtunnel::ILA,
    };
    message.attr(RTA_ENCAP_TYPE, &kind.to_ne_bytes());
    message.nest_plain(RTA_ENCAP, |inner| match encap {
        Encap::Mpls(labels) => {
            let last = labels.len().saturating_sub(1);
            // RFC 3032 §2.1: label, bottom-of-stack bit
            let stack: Vec<u8> = labels
                .iter()
                .enumerate()
                .flat_map(|(at, label)| (label << 12 | u32::from(at == last) << 8).to_be_bytes())
                .collect();
            inner.attr(1, &stack);
        }
        Encap::Ila(locator) => {
            inner.attr(1, &locator.to_be_bytes());
        }
        Encap::Ip { id, dst, src, tos, ttl, flags, .. } => {
            // LWTUNNEL_IP_ID, _DST, _SRC, _TTL, _TOS, _FLAGS; the order of TTL and TOS is the kernel's, and for
            // IPv6 HOPLIMIT and TC stand in the same places
            if let Some(id) = id {
                inner.attr(1, &id.to_be_bytes());
            }
            if let Some(dst) = dst {
                inner.ip(2, *dst);
            }
            if let Some(src) = src {
                inner.ip(3, *src);
            }
            if let Some(ttl) = ttl {
                inner.u8(4, *ttl);
            }
            if let Some(tos) = tos {
                inner.u8(5, *tos);
            }
            if *flags != 0 {
                inner.attr(6, &flags.to_be_bytes());
            }
        }
    });
}

/// What identifies a route in a notification.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteKey {
    /// AF_INET or AF_INET6.
    pub family: u8,
    /// Destination with host bits cleared; `None` is default.
    pub destination: Option<IpAddr>,
    /// Its prefix length.
    pub prefix: u8,
    /// Table.
    pub table: u32,
    /// TOS.
    pub tos: u8,
    /// Metric; the kernel's default for IPv6 is 1024.
    pub metric: u32,
}

impl RouteKey {
    /// The key of a configured route.
    pub fn of(route: &IpRoute) -> Self {
        let default_metric = if route.family == Family::Inet6 { 1024 } else { 0 };
        let Prefix { address, len } = route.destination;
        Self {
            family: family(route.family),
            destination: (len > 0).then_some(address),
            prefix: len,
            table: route.table.unwrap_or(u32::from(libc::RT_TABLE_MAIN)),
            tos: route.tos,
            metric: route.metric.filter(|metric| *metric != 0).unwrap_or(default_metric),
        }
    }

    /// Reads an RTM_NEWROUTE or RTM_DELROUTE. Routes the kernel made for itself (caches) have no key.
    pub fn read(body: &[u8]) -> Option<Self> {
        let flags = nl::u32_at(body, 8)?;
        if flags & libc::RTM_F_CLONED != 0 {
            return None;
        }
        let mut key = Self {
            family: body[0],
            destination: None,
            prefix: body[1],
            table: u32::from(body[4]),
            tos: body[3],
            metric: 0,
        };
        for (kind, value) in nl::attrs(body, HEAD_LEN) {
            match kind {
                libc::RTA_DST => key.destination = nl::ip_of(value),
                libc::RTA_TABLE => key.table = nl::u32_at(value, 0)?,
                libc::RTA_PRIORITY => key.metric = nl::u32_at(value, 0)?,
                _ => {}
            }
        }
        if key.prefix == 0 {
            key.destination = None;
        }
        Some(key)
    }
}

/// Asks for all routes.
pub fn list() -> Message {
    let mut message = Message::new(libc::RTM_GETROUTE, libc::NLM_F_DUMP);
    message.fixed(&[0; HEAD_LEN]);
    message
}
