//! Lines of `virtual_routes` and `static_routes`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Use, host, known_track_group, names, need_interface, prefix};
use crate::diag::Abort;
use crate::model::*;
use crate::number;
use crate::parse::Ctx;
use crate::words::Words;

mod encap;
mod nexthop;

use nexthop::{nexthops, old_or};

/// The form of a route line.
pub const FORM: &str = "[TYPE] [to] DEST [via [inet|inet6] ADDR] [dev IF] [table T] [src ADDR] [from PREFIX] [tos T] [protocol P] [scope S] [metric N] [metrics...] [encap ...] [nexthop via ADDR dev IF weight N onlink]... [add|prepend|append] [vrf IF] [no_track] [track_group NAME]";

/// One route line; `None` if it is dropped.
pub fn parse(ctx: &mut Ctx<'_>, words: &Words, usage: Use) -> Result<Option<IpRoute>, Abort> {
    let mut line = RouteLine {
        words,
        index: 0,
        usage,
        family: None,
        destination: None,
        shown: String::new(),
        route: IpRoute {
            family: Family::Inet,
            kind: RouteKind::Unicast,
            destination: Prefix { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), len: 0 },
            from: None,
            src: None,
            via: None,
            dev: None,
            table: None,
            tos: 0,
            protocol: None,
            scope: None,
            metric: None,
            onlink: false,
            metrics: RouteMetrics::default(),
            pref: None,
            realms: None,
            ttl_propagate: None,
            expires_s: None,
            encap: None,
            nexthops: Vec::new(),
            insert: RouteInsert::Prepend,
            vrf: None,
            no_track: false,
            track_group: None,
        },
    };
    Ok(line.read(ctx)?.then_some(line.route))
}

struct RouteLine<'w> {
    words: &'w Words,
    index: usize,
    usage: Use,
    family: Option<Family>,
    destination: Option<Prefix>,
    shown: String,
    route: IpRoute,
}

/// Whether the route stays.
type Keep = Result<bool, Abort>;

struct RouteOption {
    name: &'static str,
    run: fn(&mut RouteLine<'_>, &mut Ctx<'_>) -> Keep,
}

const fn option(name: &'static str, run: fn(&mut RouteLine<'_>, &mut Ctx<'_>) -> Keep) -> RouteOption {
    RouteOption { name, run }
}

const OPTIONS: &[RouteOption] = &[
    option("inet", |line, ctx| line.set_family(ctx, Family::Inet)),
    option("inet6", |line, ctx| line.set_family(ctx, Family::Inet6)),
    option("src", src),
    option("as", as_to),
    option("to", to),
    option("via", via),
    option("gw", |line, ctx| {
        ctx.config("\"gw\" for routes is deprecated. Please use \"via\"");
        via(line, ctx)
    }),
    option("from", from),
    option("dev", dev),
    option("oif", dev),
    option("tos", tos),
    option("dsfield", tos),
    option("table", table),
    option("protocol", protocol),
    option("scope", scope),
    option("metric", metric),
    option("priority", metric),
    option("preference", metric),
    option("mtu", |line, ctx| line.metric(ctx, "MTU", |metrics, value| metrics.mtu = Some(value))),
    option("hoplimit", hoplimit),
    option("advmss", |line, ctx| {
        line.metric(ctx, "advmss", |metrics, value| metrics.advmss = Some(value.value))
    }),
    option("rtt", |line, ctx| line.time(ctx, "rtt", 8, |metrics, value| metrics.rtt = Some(value))),
    option("rttvar", |line, ctx| line.time(ctx, "rttvar", 4, |metrics, value| metrics.rttvar = Some(value))),
    option("reordering", |line, ctx| {
        line.metric(ctx, "reordering", |metrics, value| metrics.reordering = Some(value))
    }),
    option("window", |line, ctx| {
        line.metric(ctx, "window", |metrics, value| metrics.window = Some(value.value))
    }),
    option("cwnd", |line, ctx| line.metric(ctx, "cwnd", |metrics, value| metrics.cwnd = Some(value))),
    option("ssthresh", |line, ctx| {
        line.metric(ctx, "ssthresh", |metrics, value| metrics.ssthresh = Some(value))
    }),
    option("realms", realms),
    option("rto_min", |line, ctx| {
        line.time(ctx, "rto_min", 1, |metrics, value| metrics.rto_min_ms = Some(value))
    }),
    option("initcwnd", |line, ctx| {
        line.metric(ctx, "initcwnd", |metrics, value| metrics.initcwnd = Some(value.value))
    }),
    option("initrwnd", |line, ctx| {
        line.metric(ctx, "initrwnd", |metrics, value| metrics.initrwnd = Some(value.value))
    }),
    option("features", features),
    option("quickack", |line, ctx| {
        line.zero_or_one(ctx, "quickack", "value", |route, value| route.metrics.quickack = Some(value))
    }),
    option("congctl", congctl),
    option("pref", pref),
    option("ttl-propagate", ttl_propagate),
    option("fastopen_no_cookie", |line, ctx| {
        line.zero_or_one(ctx, "fastopen_no_cookie", "value", |route, value| {
            route.metrics.fastopen_no_cookie = Some(value)
        })
    }),
    option("expires", expires),
    option("encap", |line, ctx| {
        let encap = line.encap(ctx)?;
        line.route.encap = encap;
        Ok(line.route.encap.is_some())
    }),
    option("or", old_or),
    option("onlink", |line, _| {
        line.route.onlink = true;
        Ok(true)
    }),
    option("nexthop", nexthops),
    option("add", |line, _| line.insert(RouteInsert::Add)),
    option("prepend", |line, _| line.insert(RouteInsert::Prepend)),
    option("append", |line, _| line.insert(RouteInsert::Append)),
    option("vrf", vrf),
    option("no_track", |line, _| {
        line.route.no_track = true;
        Ok(true)
    }),
];

const STATIC_OPTIONS: &[RouteOption] = &[option("track_group", |line, ctx| {
    let name = line.value(ctx)?;
    line.route.track_group = known_track_group(ctx, name);
    Ok(true)
})];

const KINDS: &[(&str, RouteKind)] = &[
    ("unicast", RouteKind::Unicast),
    ("local", RouteKind::Local),
    ("broadcast", RouteKind::Broadcast),
    ("anycast", RouteKind::Anycast),
    ("multicast", RouteKind::Multicast),
    ("throw", RouteKind::Throw),
    ("unreachable", RouteKind::Unreachable),
    ("prohibit", RouteKind::Prohibit),
    ("blackhole", RouteKind::Blackhole),
    ("nat", RouteKind::Nat),
    ("xresolve", RouteKind::Xresolve),
];

impl<'w> RouteLine<'w> {
    fn read(&mut self, ctx: &mut Ctx<'_>) -> Keep {
        while let Some(word) = self.words.at(self.index) {
            let own = if self.usage == Use::Static { STATIC_OPTIONS } else { &[] };
            let keep = if let Some(option) = OPTIONS.iter().chain(own).find(|option| option.name == word) {
                (option.run)(self, ctx)?
            } else if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == word) {
                self.route.kind = *kind;
                to(self, ctx)?
            } else if let Ok(number) = word.parse::<u8>() {
                // a type may be written as the kernel's number
                self.numbered_kind(ctx, number) && to(self, ctx)?
            } else {
                self.destination(ctx, word)
            };
            if !keep {
                return Ok(false);
            }
            self.index += 1;
        }
        Ok(self.finish(ctx))
    }

    fn numbered_kind(&mut self, ctx: &mut Ctx<'_>, number: u8) -> bool {
        match KINDS.iter().find(|(_, kind)| *kind as u8 == number) {
            Some((_, kind)) => self.route.kind = *kind,
            None => ctx.config(format!("Unknown route type {number}")),
        }
        KINDS.iter().any(|(_, kind)| *kind as u8 == number)
    }

    fn unknown(&self, ctx: &mut Ctx<'_>, word: &str) -> bool {
        ctx.config(format!("VRRP parsed invalid IP {word}. skipping IP..."));
        ctx.config(format!("unknown route keyword {word}"));
        ctx.sink.hint("see the options of `ip route add`");
        false
    }

    fn destination(&mut self, ctx: &mut Ctx<'_>, word: &str) -> bool {
        let any4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let any6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let destination = match word {
            "default" | "any" | "all" => {
                let address = if self.family == Some(Family::Inet6) { any6 } else { any4 };
                Prefix { address, len: 0 }
            }
            "default6" => Prefix { address: any6, len: 0 },
            word if word.split('/').next().is_some_and(|host| host.parse::<IpAddr>().is_ok()) => {
                match prefix(ctx, word) {
                    Some(prefix) => prefix,
                    None => return false,
                }
            }
            word => return self.unknown(ctx, word),
        };
        self.shown = word.to_owned();
        self.destination = Some(destination);
        let is_default = destination.len == 0 && matches!(word, "default" | "any" | "all");
        is_default || self.destination_fits(ctx, destination.address, word)
    }

    fn destination_fits(&mut self, ctx: &mut Ctx<'_>, address: IpAddr, word: &str) -> bool {
        let again = self.family.is_some();
        let fits = *self.family.get_or_insert(Family::of(address)) == Family::of(address);
        if !fits && again {
            ctx.config(format!("Cannot mix IPv4 and IPv6 addresses for route ({word})"));
        }
        fits
    }

    /// Whether an address is of the route's family, which the first one decides.
    fn fits(&mut self, ctx: &mut Ctx<'_>, address: IpAddr) -> bool {
        let family = *self.family.get_or_insert(Family::of(address));
        if family == Family::of(address) {
            return true;
        }
        ctx.config("Cannot mix IPv4 and IPv6 addresses for route");
        false
    }

    fn set_family(&mut self, ctx: &mut Ctx<'_>, family: Family) -> Keep {
        let fits = *self.family.get_or_insert(family) == family;
        if !fits {
            ctx.config("Cannot mix IPv4 and IPv6 addresses for route");
        }
        Ok(fits)
    }

    fn value(&mut self, ctx: &mut Ctx<'_>) -> Result<&'w str, Abort> {
        self.index += 1;
        self.words.need(self.index, &mut ctx.sink)
    }

    fn insert(&mut self, insert: RouteInsert) -> Keep {
        self.route.insert = insert;
        Ok(true)
    }

    /// `[lock] VALUE`.
    fn lockable(&mut self, ctx: &mut Ctx<'_>) -> Result<(bool, &'w str), Abort> {
        let first = self.value(ctx)?;
        if first == "lock" { Ok((true, self.value(ctx)?)) } else { Ok((false, first)) }
    }

    fn metric(&mut self, ctx: &mut Ctx<'_>, what: &str, set: fn(&mut RouteMetrics, Lockable)) -> Keep {
        let (locked, word) = self.lockable(ctx)?;
        let Some(value) = number::unsigned(&mut ctx.sink, word, 0, u32::MAX) else {
            ctx.config(format!("Invalid {what} {word} specified for route"));
            return Ok(false);
        };
        set(&mut self.route.metrics, Lockable { value, locked });
        Ok(true)
    }

    /// A time in milliseconds (`s` and `ms` may follow), scaled.
    fn time(
        &mut self,
        ctx: &mut Ctx<'_>,
        what: &str,
        scale: u32,
        set: fn(&mut RouteMetrics, Lockable),
    ) -> Keep {
        let (locked, word) = self.lockable(ctx)?;
        let (digits, unit) = match (word.strip_suffix("ms"), word.strip_suffix('s')) {
            (Some(digits), _) => (digits, 1),
            (None, Some(digits)) => (digits, 1000),
            (None, None) => (word, 1),
        };
        let value = digits.parse::<u32>().ok().and_then(|value| value.checked_mul(unit)?.checked_mul(scale));
        let Some(value) = value else {
            ctx.config(format!("Invalid {what} {word} specified for route"));
            return Ok(false);
        };
        set(&mut self.route.metrics, Lockable { value, locked });
        Ok(true)
    }

    fn zero_or_one(
        &mut self,
        ctx: &mut Ctx<'_>,
        what: &str,
        noun: &str,
        set: fn(&mut IpRoute, bool),
    ) -> Keep {
        let word = self.value(ctx)?;
        let Some(value) = number::unsigned(&mut ctx.sink, word, 0, 1) else {
            ctx.config(format!("Invalid {what} {noun} {word} specified for route"));
            return Ok(false);
        };
        set(&mut self.route, value == 1);
        Ok(true)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Some(mut destination) = self.destination else {
            ctx.config("Route must have a destination");
            return false;
        };
        let family = self.family.unwrap_or(Family::of(destination.address));
        if destination.len == 0 && family != Family::of(destination.address) {
            destination.address = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        self.route.destination = destination;
        self.route.family = family;
        if family == Family::Inet {
            for (given, what) in
                [(self.route.pref.is_some(), "pref"), (self.route.expires_s.is_some(), "expires")]
            {
                if given {
                    ctx.config(format!("{what} is only valid for IPv6"));
                    return false;
                }
            }
        }
        let ours = names::PROTOCOLS.find(ctx, "keepalived").unwrap_or(18);
        if !self.route.no_track && self.route.dev.is_none() {
            ctx.config(format!(
                "Warning - cannot track route {} with no interface specified, not tracking",
                self.shown
            ));
            ctx.sink.hint("add dev IF, or no_track");
            self.route.no_track = true;
        } else if !self.route.no_track
            && self.route.protocol.is_some_and(|protocol| u32::from(protocol) != ours)
        {
            ctx.config(
                "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol",
            );
            self.route.protocol = None;
        }
        true
    }
}

fn src(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let Some(address) = host(ctx, word) else {
        ctx.config(format!("invalid route src address {word}"));
        return Ok(false);
    };
    line.route.src = Some(address);
    Ok(line.fits(ctx, address))
}

fn as_to(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let mut word = line.value(ctx)?;
    if word == "to" {
        word = line.value(ctx)?;
    }
    let address = host(ctx, word);
    if address.is_none() {
        ctx.config(format!("invalid route as address {word}"));
    }
    Ok(address.is_some())
}

fn to(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    Ok(line.destination(ctx, word))
}

fn via(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let mut word = line.value(ctx)?;
    let mut explicit = None;
    if let Some(family) = family_word(word) {
        explicit = Some(family);
        word = line.value(ctx)?;
    }
    let Some(address) = host(ctx, word) else {
        ctx.config(format!("invalid route via address {word}"));
        return Ok(false);
    };
    line.route.via = Some(address);
    Ok(explicit == Some(Family::of(address)) || line.fits(ctx, address))
}

fn family_word(word: &str) -> Option<Family> {
    match word {
        "inet" => Some(Family::Inet),
        "inet6" => Some(Family::Inet6),
        _ => None,
    }
}

fn from(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let Some(from) = prefix(ctx, word) else {
        ctx.config(format!("invalid route from address {word}"));
        return Ok(false);
    };
    if from.address.is_ipv4() {
        ctx.config(format!("route from address only supported with IPv6 ({word})"));
        return Ok(false);
    }
    line.route.from = Some(from);
    Ok(line.fits(ctx, from.address))
}

fn dev(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    if !need_interface(ctx, word, |name| {
        format!("WARNING - interface {name} for VROUTE nexthop doesn't exist")
    }) {
        return Ok(false);
    }
    line.route.dev = Some(word.to_owned());
    Ok(true)
}

fn tos(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    match names::TOS.find(ctx, word).and_then(|tos| u8::try_from(tos).ok()) {
        Some(tos) => line.route.tos = tos,
        None => {
            ctx.config(format!("TOS value {word} is invalid"));
            return Ok(false);
        }
    }
    Ok(true)
}

fn table(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.table = names::TABLES.find(ctx, word);
    if line.route.table.is_none() {
        ctx.config(format!("Routing table {word} not found for route"));
    }
    Ok(line.route.table.is_some())
}

fn protocol(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.protocol = names::PROTOCOLS.find(ctx, word).and_then(|protocol| u8::try_from(protocol).ok());
    if line.route.protocol.is_none() {
        ctx.config(format!("Protocol {word} not found or invalid for route"));
    }
    Ok(line.route.protocol.is_some())
}

fn scope(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.scope = names::SCOPES.find(ctx, word).and_then(|scope| u8::try_from(scope).ok());
    if line.route.scope.is_none() {
        ctx.config(format!("Scope {word} not found or invalid for route"));
    }
    Ok(line.route.scope.is_some())
}

fn metric(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.metric = number::unsigned(&mut ctx.sink, word, 0, u32::MAX);
    if line.route.metric.is_none() {
        ctx.config(format!("Invalid metric {word} specified for route"));
    }
    Ok(line.route.metric.is_some())
}

fn hoplimit(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let value = number::unsigned(&mut ctx.sink, word, 0, 255).and_then(|value| u8::try_from(value).ok());
    if value.is_none() {
        ctx.config(format!("Invalid hoplimit {word} specified for route"));
    }
    line.route.metrics.hoplimit = value;
    Ok(value.is_some())
}

fn realms(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.realms = names::realms(ctx, word);
    if line.route.realms.is_none() {
        ctx.config(format!("Invalid realms {word} for route"));
    }
    Ok(line.route.realms.is_some())
}

fn features(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    if word != "ecn" {
        ctx.config(format!("feature {word} not supported"));
        return Ok(true);
    }
    line.route.metrics.features |= 1;
    Ok(true)
}

fn congctl(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let (locked, word) = line.lockable(ctx)?;
    line.route.metrics.congctl = Some((word.to_owned(), locked));
    Ok(true)
}

fn pref(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.route.pref = match word {
        "low" => Some(RoutePreference::Low),
        "medium" => Some(RoutePreference::Medium),
        "high" => Some(RoutePreference::High),
        _ if line.family != Some(Family::Inet6) => Some(RoutePreference::Medium),
        other => {
            ctx.config(format!("Invalid IPv6 router preference {other} for route"));
            return Ok(false);
        }
    };
    Ok(true)
}

fn ttl_propagate(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    line.route.ttl_propagate = match line.value(ctx)? {
        "enabled" => Some(true),
        "disabled" => Some(false),
        other => {
            ctx.config(format!("Invalid ttl-propagate value {other} for route"));
            return Ok(false);
        }
    };
    Ok(true)
}

fn expires(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    if line.family == Some(Family::Inet) {
        ctx.config("expires is only valid for IPv6");
        return Ok(false);
    }
    line.route.expires_s = number::unsigned(&mut ctx.sink, word, 0, u32::MAX);
    if line.route.expires_s.is_none() {
        ctx.config(format!("Invalid expires time {word} specified for route"));
    }
    Ok(line.route.expires_s.is_some())
}

fn vrf(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    if !ctx.provider.is_vrf(word) {
        ctx.config(format!("Route specified VRF {word} is not a VRF"));
        return Ok(false);
    }
    line.route.vrf = Some(word.to_owned());
    Ok(true)
}
