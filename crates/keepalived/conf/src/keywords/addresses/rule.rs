//! Lines of `virtual_rules` and `static_rules`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Use, known_track_group, names, need_interface, prefix};
use crate::diag::Abort;
use crate::model::*;
use crate::number;
use crate::parse::Ctx;
use crate::words::Words;

/// The form of a rule line.
pub const FORM: &str = "[not] [from PREFIX] [to PREFIX] [table T|goto N|nop|blackhole|unreachable|prohibit] [preference N] [tos T] [fwmark N[/MASK]] [realms R] [suppress_prefixlength N] [suppress_ifgroup G] [iif IF] [oif IF] [tunnel-id N] [uidrange A-B] [l3mdev] [protocol P] [ipproto P] [sport A[-B]] [dport A[-B]] [no_track] [track_group NAME]";

/// First preference given to rules that have none; each further one is less.
const FIRST_PREFERENCE: u32 = 16384;

/// Numbers already given to rules without preference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preferences {
    inet: u32,
    inet6: u32,
}

/// One rule line; `None` if it is dropped.
pub fn parse(ctx: &mut Ctx<'_>, words: &Words, usage: Use) -> Result<Option<IpRule>, Abort> {
    let mut line = RuleLine {
        words,
        index: 0,
        usage,
        family: None,
        preference: None,
        rule: IpRule {
            family: Family::Inet,
            not: false,
            from: None,
            to: None,
            preference: 0,
            tos: 0,
            fwmark: None,
            realms: None,
            suppress_prefixlength: None,
            suppress_ifgroup: None,
            iif: None,
            oif: None,
            tunnel_id: None,
            uidrange: None,
            l3mdev: false,
            protocol: None,
            ip_protocol: None,
            sport: None,
            dport: None,
            action: RuleAction::Default,
            no_track: false,
            track_group: None,
        },
    };
    Ok(line.read(ctx)?.then_some(line.rule))
}

struct RuleLine<'w> {
    words: &'w Words,
    index: usize,
    usage: Use,
    family: Option<Family>,
    preference: Option<u32>,
    rule: IpRule,
}

/// Whether the rule stays.
type Keep = Result<bool, Abort>;

struct RuleOption {
    name: &'static str,
    run: fn(&mut RuleLine<'_>, &mut Ctx<'_>) -> Keep,
}

const fn option(name: &'static str, run: fn(&mut RuleLine<'_>, &mut Ctx<'_>) -> Keep) -> RuleOption {
    RuleOption { name, run }
}

const OPTIONS: &[RuleOption] = &[
    option("inet", |line, ctx| Ok(line.fits(ctx, Family::Inet))),
    option("inet6", |line, ctx| Ok(line.fits(ctx, Family::Inet6))),
    option("not", |line, _| on(&mut line.rule.not)),
    option("from", |line, ctx| line.address(ctx, "from", |rule, prefix| rule.from = prefix)),
    option("to", |line, ctx| line.address(ctx, "to", |rule, prefix| rule.to = prefix)),
    option("table", table),
    option("lookup", table),
    option("preference", preference),
    option("order", preference),
    option("priority", preference),
    option("tos", tos),
    option("dsfield", tos),
    option("fwmark", fwmark),
    option("realms", realms),
    option("suppress_prefixlength", suppress_prefixlength),
    option("sup_pl", suppress_prefixlength),
    option("suppress_ifgroup", suppress_ifgroup),
    option("sup_group", suppress_ifgroup),
    option("iif", |line, ctx| line.interface(ctx, |rule, name| rule.iif = Some(name))),
    option("dev", |line, ctx| line.interface(ctx, |rule, name| rule.iif = Some(name))),
    option("oif", |line, ctx| line.interface(ctx, |rule, name| rule.oif = Some(name))),
    option("tunnel-id", tunnel_id),
    option("uidrange", uidrange),
    option("l3mdev", |line, _| on(&mut line.rule.l3mdev)),
    option("protocol", protocol),
    option("ipproto", ip_protocol),
    option("sport", |line, ctx| line.ports(ctx, "sport", |rule, range| rule.sport = range)),
    option("dport", |line, ctx| line.ports(ctx, "dport", |rule, range| rule.dport = range)),
    option("goto", goto),
    option("nop", |line, ctx| Ok(line.action(ctx, RuleAction::Nop))),
    option("blackhole", |line, ctx| Ok(line.action(ctx, RuleAction::Blackhole))),
    option("unreachable", |line, ctx| Ok(line.action(ctx, RuleAction::Unreachable))),
    option("prohibit", |line, ctx| Ok(line.action(ctx, RuleAction::Prohibit))),
    option("type", |line, ctx| {
        let word = line.value(ctx)?;
        Ok(line.typed(ctx, word))
    }),
    option("no_track", |line, _| on(&mut line.rule.no_track)),
];

const STATIC_OPTIONS: &[RuleOption] = &[option("track_group", |line, ctx| {
    let name = line.value(ctx)?;
    line.rule.track_group = known_track_group(ctx, name);
    Ok(true)
})];

const TYPES: &[(&str, RuleAction)] = &[
    ("blackhole", RuleAction::Blackhole),
    ("unreachable", RuleAction::Unreachable),
    ("prohibit", RuleAction::Prohibit),
    ("nop", RuleAction::Nop),
];

fn on(flag: &mut bool) -> Keep {
    *flag = true;
    Ok(true)
}

impl<'w> RuleLine<'w> {
    fn read(&mut self, ctx: &mut Ctx<'_>) -> Keep {
        while let Some(word) = self.words.at(self.index) {
            let own = if self.usage == Use::Static { STATIC_OPTIONS } else { &[] };
            let Some(option) = OPTIONS.iter().chain(own).find(|option| option.name == word) else {
                if TYPES.iter().any(|(name, _)| *name == word)
                    || is_route_type(word)
                    || word.parse::<u8>().is_ok()
                {
                    ctx.config(format!("Invalid rule action {word}"));
                } else {
                    ctx.config(format!("Unknown rule option {word}"));
                    ctx.sink.hint("see the options of `ip rule add`");
                }
                return Ok(false);
            };
            if !(option.run)(self, ctx)? {
                return Ok(false);
            }
            self.index += 1;
        }
        Ok(self.finish(ctx))
    }

    fn value(&mut self, ctx: &mut Ctx<'_>) -> Result<&'w str, Abort> {
        self.index += 1;
        self.words.need(self.index, &mut ctx.sink)
    }

    fn fits(&mut self, ctx: &mut Ctx<'_>, family: Family) -> bool {
        let fits = *self.family.get_or_insert(family) == family;
        if !fits {
            ctx.config("rule specification has mixed IPv4 and IPv6");
        }
        fits
    }

    fn typed(&mut self, ctx: &mut Ctx<'_>, word: &str) -> bool {
        match TYPES.iter().find(|(name, _)| *name == word) {
            Some((_, action)) => self.action(ctx, *action),
            None => {
                ctx.config(format!("Unknown rule option {word}"));
                false
            }
        }
    }

    fn action(&mut self, ctx: &mut Ctx<'_>, action: RuleAction) -> bool {
        if self.rule.action != RuleAction::Default {
            ctx.config(
                "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule",
            );
            return false;
        }
        self.rule.action = action;
        true
    }

    fn address(&mut self, ctx: &mut Ctx<'_>, what: &str, set: fn(&mut IpRule, Option<Prefix>)) -> Keep {
        let word = self.value(ctx)?;
        if matches!(word, "default" | "any" | "all") {
            set(&mut self.rule, None);
            return Ok(true);
        }
        let Some(prefix) = prefix(ctx, word) else {
            ctx.config(format!("Invalid rule {what} address {word}"));
            return Ok(false);
        };
        set(&mut self.rule, Some(prefix));
        Ok(self.fits(ctx, Family::of(prefix.address)))
    }

    fn interface(&mut self, ctx: &mut Ctx<'_>, set: fn(&mut IpRule, String)) -> Keep {
        let word = self.value(ctx)?;
        set(&mut self.rule, word.to_owned());
        Ok(need_interface(ctx, word, |name| format!("WARNING - interface {name} for rule doesn't exist")))
    }

    fn ports(&mut self, ctx: &mut Ctx<'_>, what: &str, set: fn(&mut IpRule, Option<(u16, u16)>)) -> Keep {
        let word = self.value(ctx)?;
        let range = match word.split_once('-') {
            Some((low, high)) => low.parse::<u16>().ok().zip(high.parse::<u16>().ok()),
            None => word.parse::<u16>().ok().map(|port| (port, port)),
        };
        if range.is_none() || !word.contains('-') {
            ctx.config(format!("invalid {what} range {word}"));
            if range.is_none() {
                return Ok(false);
            }
        }
        set(&mut self.rule, range);
        Ok(true)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let family = self.family.unwrap_or(Family::Inet);
        self.rule.family = family;
        if self.rule.action == RuleAction::Default && !self.rule.l3mdev {
            ctx.config("No action specified for rule - ignoring");
            return false;
        }
        if let RuleAction::Goto(target) = self.rule.action {
            match self.preference {
                None => {
                    ctx.config(format!("Invalid rule - goto target {target} specified without preference"));
                    return false;
                }
                Some(preference) if preference >= target => {
                    ctx.config(format!("Invalid rule - preference {preference} >= goto target {target}"));
                    return false;
                }
                Some(_) => {}
            }
        }
        if !self.rule.no_track && self.rule.protocol.is_some_and(|protocol| protocol != 18) {
            ctx.config("Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol");
            self.rule.protocol = None;
        }
        if family == Family::Inet6 {
            // nothing selected means everything of that family
            let any = Prefix { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), len: 0 };
            self.rule.from = self.rule.from.or(Some(any).filter(|_| self.rule.to.is_none()));
        } else if self.rule.from.is_none() && self.rule.to.is_none() {
            self.rule.from = Some(Prefix { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), len: 0 });
        }
        self.rule.preference = match self.preference {
            Some(preference) => preference,
            None => {
                let given = &mut ctx.draft.rule_preferences;
                let count = if family == Family::Inet { &mut given.inet } else { &mut given.inet6 };
                let preference = FIRST_PREFERENCE.saturating_sub(*count);
                *count += 1;
                ctx.config(format!(
                    "Rule has no preference specified - setting to {preference}. This is probably not what you want."
                ));
                ctx.sink
                    .hint("give each rule a preference, so that the order does not depend on who is master");
                preference
            }
        };
        true
    }
}

fn is_route_type(word: &str) -> bool {
    matches!(word, "unicast" | "local" | "broadcast" | "anycast" | "multicast" | "throw" | "nat" | "xresolve")
}

fn table(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    match names::TABLES.find(ctx, word) {
        Some(table) => Ok(line.action(ctx, RuleAction::Table(table))),
        None => {
            ctx.config(format!("Routing table {word} not found for rule"));
            Ok(false)
        }
    }
}

fn preference(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let keyword = line.words.at(line.index).unwrap_or_default();
    let word = line.value(ctx)?;
    line.preference = number::unsigned(&mut ctx.sink, word, 0, u32::MAX);
    if line.preference.is_none() {
        ctx.config(format!("Invalid rule preference {keyword} specified"));
    }
    Ok(line.preference.is_some())
}

fn tos(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    match names::TOS.find(ctx, word).and_then(|tos| u8::try_from(tos).ok()) {
        Some(tos) => line.rule.tos = tos,
        None => {
            ctx.config(format!("TOS value {word} is invalid"));
            return Ok(false);
        }
    }
    Ok(true)
}

fn fwmark(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let (value, mask) = match word.split_once('/') {
        Some((value, mask)) => (names::number(value), names::number(mask)),
        None => (names::number(word), Some(u32::MAX)),
    };
    let Some((value, mask)) = value.zip(mask) else {
        ctx.config(format!("Invalid rule fwmark {word} specified"));
        return Ok(false);
    };
    line.rule.fwmark = Some(Masked { value, mask });
    Ok(true)
}

fn realms(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.rule.realms = names::realms(ctx, word);
    if line.rule.realms.is_none() {
        ctx.config(format!("invalid realms {word} for rule"));
    }
    Ok(line.rule.realms.is_some())
}

fn suppress_prefixlength(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let keyword = line.words.at(line.index).unwrap_or_default();
    let word = line.value(ctx)?;
    line.rule.suppress_prefixlength = number::unsigned(&mut ctx.sink, word, 0, i32::MAX.unsigned_abs());
    if line.rule.suppress_prefixlength.is_none() {
        ctx.config(format!("Invalid suppress_prefixlength {keyword} specified"));
    }
    Ok(line.rule.suppress_prefixlength.is_some())
}

fn suppress_ifgroup(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    line.rule.suppress_ifgroup = names::GROUPS.find(ctx, word);
    if line.rule.suppress_ifgroup.is_none() {
        ctx.config(format!("suppress_group {word} is invalid"));
    }
    Ok(line.rule.suppress_ifgroup.is_some())
}

fn tunnel_id(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let keyword = line.words.at(line.index).unwrap_or_default();
    let word = line.value(ctx)?;
    line.rule.tunnel_id = number::unsigned(&mut ctx.sink, word, 0, u32::MAX).map(u64::from);
    if line.rule.tunnel_id.is_none() {
        ctx.config(format!("Invalid tunnel-id {keyword} specified"));
    }
    Ok(line.rule.tunnel_id.is_some())
}

fn uidrange(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let keyword = line.words.at(line.index).unwrap_or_default();
    let word = line.value(ctx)?;
    let range =
        word.split_once('-').and_then(|(low, high)| low.parse::<u32>().ok().zip(high.parse::<u32>().ok()));
    if range.is_none() {
        ctx.config(format!("Invalid uidrange {keyword} specified"));
    }
    line.rule.uidrange = range;
    Ok(range.is_some())
}

fn protocol(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let value = number::unsigned(&mut ctx.sink, word, 0, 255).and_then(|value| u8::try_from(value).ok());
    if value.is_none() {
        ctx.config(format!("Invalid protocol {word}"));
    }
    line.rule.protocol = value;
    Ok(true)
}

/// Protocols by name, as /etc/protocols has the ones that carry ports.
const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("gre", 47),
    ("ipv6-icmp", 58),
    ("sctp", 132),
    ("udplite", 136),
];

fn ip_protocol(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let word = line.value(ctx)?;
    let lower = word.to_ascii_lowercase();
    let named = IP_PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    line.rule.ip_protocol = named.or_else(|| word.parse().ok());
    if line.rule.ip_protocol.is_none() {
        ctx.config(format!("Invalid ipproto {word}"));
    }
    Ok(true)
}

fn goto(line: &mut RuleLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    let keyword = line.words.at(line.index).unwrap_or_default();
    let word = line.value(ctx)?;
    match number::unsigned(&mut ctx.sink, word, 0, u32::MAX) {
        Some(target) => Ok(line.action(ctx, RuleAction::Goto(target))),
        None => {
            ctx.config(format!("Invalid target {keyword} specified"));
            Ok(false)
        }
    }
}
