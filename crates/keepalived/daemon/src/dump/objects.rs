//! Addresses, routes and rules as the dumps write them.

use std::fmt::Write;
use std::net::IpAddr;

use keepalived_conf::model::{
    Family, IpAddress, IpRoute, IpRule, NextHop, PreferredLifetime, Prefix, RouteInsert, RouteKind,
    RuleAction,
};

/// An address on `interface` (`vrrp.51@eth0` for a vmac); `set` if it is in the kernel, `firewall` if traffic to it
/// is dropped.
pub fn address(address: &IpAddress, interface: &str, set: bool, firewall: bool) -> String {
    let mut text = address.address.to_string();
    let v6 = address.address.is_ipv6();
    if let Some((peer, prefix)) = address.peer {
        add(&mut text, format_args!(" peer {peer}/{prefix}"));
    } else if address.prefix != if v6 { 128 } else { 32 } {
        add(&mut text, format_args!("/{}", address.prefix));
    }
    if let Some(broadcast) = address.broadcast {
        add(&mut text, format_args!(" brd {broadcast}"));
    }
    add(&mut text, format_args!(" dev {interface} scope {}", scope(address.scope)));
    if let Some(label) = &address.label {
        add(&mut text, format_args!(" label {label}"));
    }
    match address.preferred_lft {
        PreferredLifetime::Seconds(0) => text.push_str(" deprecated"),
        PreferredLifetime::Default if v6 && address.prefix == 128 => text.push_str(" deprecated"),
        PreferredLifetime::Seconds(seconds) if v6 => add(&mut text, format_args!(" preferred_lft {seconds}")),
        PreferredLifetime::Forever if v6 => text.push_str(" preferred_lft forever"),
        PreferredLifetime::Seconds(_) | PreferredLifetime::Forever => {}
        PreferredLifetime::Default if v6 => text.push_str(" preferred_lft forever"),
        PreferredLifetime::Default => {}
    }
    let words = [
        (v6 && address.dad, " -nodad"),
        (address.home, " home"),
        (address.mngtmpaddr, " mngtmpaddr"),
        (address.noprefixroute, " noprefixroute"),
        (address.autojoin, " autojoin"),
        (address.no_track, " no_track"),
    ];
    text.extend(words.iter().filter(|(on, _)| *on).map(|(_, word)| *word));
    if let Some(group) = &address.track_group {
        add(&mut text, format_args!(" track_group {group}"));
    }
    let words = [(set, " set"), (firewall, " nftable_set")];
    text.extend(words.iter().filter(|(on, _)| *on).map(|(_, word)| *word));
    text
}

/// A route.
pub fn route(route: &IpRoute) -> String {
    let mut text = String::from(match route.insert {
        RouteInsert::Prepend if route.dev.is_none() && route.nexthops.is_empty() && route.via.is_none() => {
            "add"
        }
        RouteInsert::Prepend => "prepend",
        RouteInsert::Add => "add",
        RouteInsert::Append => "append",
    });
    if route.kind != RouteKind::Unicast {
        add(&mut text, format_args!(" {}", kind(route.kind)));
    }
    match route.destination {
        Prefix { address, len: 0 } => add(&mut text, format_args!(" {address}/0")),
        other => add(&mut text, format_args!(" {}", prefix(other))),
    }
    if let Some(from) = route.from {
        add(&mut text, format_args!(" from {}", prefix(from)));
    }
    if let Some(src) = route.src {
        add(&mut text, format_args!(" src {src}"));
    }
    if let Some(via) = route.via {
        add(&mut text, format_args!(" via {} {via}", family(via)));
    }
    if let Some(dev) = &route.dev {
        add(&mut text, format_args!(" dev {dev}"));
    }
    if let Some(table) = route.table {
        add(&mut text, format_args!(" table {table}"));
    }
    if route.tos != 0 {
        add(&mut text, format_args!(" tos {:#x}", route.tos));
    }
    add(&mut text, format_args!(" proto {}", route.protocol.unwrap_or(18)));
    if let Some(number) = route.scope {
        add(&mut text, format_args!(" scope {number}"));
    }
    if let Some(metric) = route.metric {
        add(&mut text, format_args!(" metric {metric}"));
    }
    if route.onlink {
        text.push_str(" onlink");
    }
    metrics(&mut text, route);
    for hop in &route.nexthops {
        next_hop(&mut text, hop);
    }
    if route.no_track || (route.dev.is_none() && route.nexthops.is_empty() && route.via.is_none()) {
        text.push_str(" no_track");
    }
    if let Some(group) = &route.track_group {
        add(&mut text, format_args!(" track_group {group}"));
    }
    text
}

fn metrics(text: &mut String, route: &IpRoute) {
    let all = &route.metrics;
    let lockable = [
        ("mtu", all.mtu),
        ("rtt", all.rtt),
        ("rttvar", all.rttvar),
        ("reordering", all.reordering),
        ("cwnd", all.cwnd),
        ("ssthresh", all.ssthresh),
        ("rto_min", all.rto_min_ms),
    ];
    for (word, value) in lockable {
        if let Some(value) = value {
            let lock = if value.locked { "lock " } else { "" };
            add(text, format_args!(" {word} {lock}{}", value.value));
        }
    }
    let plain = [
        ("advmss", all.advmss),
        ("window", all.window),
        ("initcwnd", all.initcwnd),
        ("initrwnd", all.initrwnd),
        ("hoplimit", all.hoplimit.map(u32::from)),
        ("expires", route.expires_s),
    ];
    for (word, value) in plain {
        if let Some(value) = value {
            add(text, format_args!(" {word} {value}"));
        }
    }
}

fn next_hop(text: &mut String, hop: &NextHop) {
    text.push_str(" nexthop");
    if let Some(via) = hop.via {
        add(text, format_args!(" via {} {via}", family(via)));
    }
    if let Some(dev) = &hop.dev {
        add(text, format_args!(" dev {dev}"));
    }
    add(text, format_args!(" weight {}", hop.weight));
    if hop.onlink {
        text.push_str(" onlink");
    }
}

/// A rule.
pub fn rule(rule: &IpRule) -> String {
    let mut text = String::new();
    if rule.not {
        text.push_str("not ");
    }
    text.push_str("from ");
    text.push_str(&rule.from.map_or_else(|| String::from("all"), prefix));
    if let Some(to) = rule.to {
        add(&mut text, format_args!(" to {}", prefix(to)));
    }
    add(&mut text, format_args!(" priority {} tos {:#x}", rule.preference, rule.tos));
    if let Some(mark) = rule.fwmark {
        add(&mut text, format_args!(" fwmark {:#x}", mark.value));
        if mark.mask != u32::MAX {
            add(&mut text, format_args!("/{:#x}", mark.mask));
        }
    }
    for (word, name) in [("iif", &rule.iif), ("oif", &rule.oif)] {
        if let Some(name) = name {
            add(&mut text, format_args!(" {word} {name}"));
        }
    }
    if let Some((first, last)) = rule.uidrange {
        add(&mut text, format_args!(" uidrange {first}-{last}"));
    }
    if rule.l3mdev {
        text.push_str(" l3mdev");
    }
    for (word, range) in [("sport", rule.sport), ("dport", rule.dport)] {
        if let Some((first, last)) = range {
            add(&mut text, format_args!(" {word} {first}-{last}"));
        }
    }
    add(&mut text, format_args!(" protocol {}", rule.protocol.unwrap_or(18)));
    match rule.action {
        RuleAction::Table(table) => add(&mut text, format_args!(" lookup {table}")),
        RuleAction::Goto(target) => add(&mut text, format_args!(" type goto {target}")),
        RuleAction::Nop => text.push_str(" type nop"),
        RuleAction::Blackhole => text.push_str(" type blackhole"),
        RuleAction::Unreachable => text.push_str(" type unreachable"),
        RuleAction::Prohibit => text.push_str(" type prohibit"),
        RuleAction::Default => {}
    }
    if rule.no_track {
        text.push_str(" no_track");
    }
    text
}

/// Writing into a String cannot fail.
fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

fn prefix(prefix: Prefix) -> String {
    if prefix.len == 0 {
        return String::from("default");
    }
    let full = if prefix.address.is_ipv4() { 32 } else { 128 };
    if prefix.len == full { prefix.address.to_string() } else { format!("{}/{}", prefix.address, prefix.len) }
}

fn family(address: IpAddr) -> &'static str {
    match Family::of(address) {
        Family::Inet => "inet",
        Family::Inet6 => "inet6",
    }
}

/// Scopes of /etc/iproute2/rt_scopes.
fn scope(number: u8) -> String {
    match number {
        0 => String::from("global"),
        200 => String::from("site"),
        253 => String::from("link"),
        254 => String::from("host"),
        255 => String::from("nowhere"),
        other => other.to_string(),
    }
}

fn kind(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Unicast => "unicast",
        RouteKind::Local => "local",
        RouteKind::Broadcast => "broadcast",
        RouteKind::Anycast => "anycast",
        RouteKind::Multicast => "multicast",
        RouteKind::Blackhole => "blackhole",
        RouteKind::Unreachable => "unreachable",
        RouteKind::Prohibit => "prohibit",
        RouteKind::Throw => "throw",
        RouteKind::Nat => "nat",
        RouteKind::Xresolve => "xresolve",
    }
}
