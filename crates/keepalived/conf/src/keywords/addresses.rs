//! Lines of address, route and rule blocks.

mod names;
mod route;
mod rule;

use std::net::{IpAddr, Ipv4Addr};

use crate::diag::Abort;
use crate::model::{IpAddress, PreferredLifetime, Prefix};
use crate::number;
use crate::parse::Ctx;
use crate::words::Words;

use super::instance_net::NAME_MAX;

pub use route::{FORM as ROUTE_FORM, parse as route};
pub use rule::{FORM as RULE_FORM, Preferences, parse as rule};

/// The form of an address line.
pub const FORM: &str = "ADDR[/LEN] [brd ADDR|+|-] [dev IF] [scope SCOPE] [label LABEL] [peer ADDR] [home] [-nodad] [mngtmpaddr] [noprefixroute] [autojoin] [preferred_lft SECS|forever] [use_vmac] [no_track] [track_group NAME]";

/// Where an address, route or rule belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To an instance.
    Virtual,
    /// To the machine.
    Static,
}

/// Complains if an interface does not exist and `dynamic_interfaces` was not given.
pub fn need_interface(ctx: &mut Ctx<'_>, interface: &str, complaint: impl FnOnce(&str) -> String) -> bool {
    if ctx.provider.has_interface(interface) {
        return true;
    }
    if ctx.draft.config.global.vrrp.dynamic_interfaces {
        return true;
    }
    // a VMAC that an instance creates will be there in time
    let created =
        ctx.draft.instances.iter().any(|instance| {
            instance.vmac.as_ref().is_some_and(|vmac| vmac.name.as_deref() == Some(interface))
        });
    if created {
        return true;
    }
    ctx.config(complaint(interface));
    ctx.sink.hint("create the interface first, or set dynamic_interfaces in global_defs");
    ctx.draft.missing_interface = true;
    false
}

/// An address with an optional prefix length; complains of either.
pub fn prefix(ctx: &mut Ctx<'_>, text: &str) -> Option<Prefix> {
    let (host, len) = match text.split_once('/') {
        Some((host, len)) => (host, Some(len)),
        None => (text, None),
    };
    let Ok(address) = host.parse::<IpAddr>() else {
        ctx.config(format!("VRRP parsed invalid IP {text}. skipping IP..."));
        return None;
    };
    let full: u8 = if address.is_ipv4() { 32 } else { 128 };
    let len = match len.filter(|len| !len.is_empty()) {
        None => full,
        Some(len) => match number::unsigned(&mut ctx.sink, len, 0, u32::from(full)) {
            Some(len) => u8::try_from(len).unwrap_or(full),
            None => {
                ctx.config(format!("Invalid address prefix len {len} for address {text} - using {full}"));
                full
            }
        },
    };
    Some(Prefix { address, len })
}

/// An address without prefix; complains.
pub fn host(ctx: &mut Ctx<'_>, text: &str) -> Option<IpAddr> {
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            ctx.config(format!("VRRP parsed invalid IP {text}. skipping IP..."));
            None
        }
    }
}

/// One address line; `None` if it is dropped.
pub fn parse(ctx: &mut Ctx<'_>, words: &Words, usage: Use) -> Result<Option<IpAddress>, Abort> {
    let shown = words.keyword();
    let Some(first) = prefix(ctx, shown) else { return Ok(None) };
    let address = IpAddress {
        address: first.address,
        prefix: first.len,
        peer: None,
        dev: None,
        scope: 0,
        broadcast: None,
        label: None,
        home: false,
        dad: false,
        mngtmpaddr: false,
        noprefixroute: false,
        autojoin: false,
        preferred_lft: PreferredLifetime::Default,
        use_vmac: false,
        no_track: false,
        track_group: None,
    };
    let mut line = AddressLine { words, shown, address, index: 1, usage };
    Ok(line.options(ctx).then_some(line.address))
}

struct AddressLine<'w> {
    words: &'w Words,
    shown: &'w str,
    address: IpAddress,
    index: usize,
    usage: Use,
}

/// An option word of an address: `false` drops the address.
struct AddressOption {
    name: &'static str,
    run: fn(&mut AddressLine<'_>, &mut Ctx<'_>) -> bool,
}

const OPTIONS: &[AddressOption] = &[
    AddressOption { name: "dev", run: dev },
    AddressOption { name: "scope", run: scope },
    AddressOption { name: "broadcast", run: broadcast },
    AddressOption { name: "brd", run: broadcast },
    AddressOption { name: "label", run: label },
    AddressOption { name: "peer", run: peer },
    AddressOption { name: "home", run: |line, _| on(&mut line.address.home) },
    AddressOption { name: "-nodad", run: |line, _| on(&mut line.address.dad) },
    AddressOption { name: "mngtmpaddr", run: |line, _| on(&mut line.address.mngtmpaddr) },
    AddressOption { name: "noprefixroute", run: |line, _| on(&mut line.address.noprefixroute) },
    AddressOption { name: "autojoin", run: |line, _| on(&mut line.address.autojoin) },
    AddressOption { name: "no_track", run: |line, _| on(&mut line.address.no_track) },
    AddressOption { name: "preferred_lft", run: preferred_lft },
];

const VIRTUAL_OPTIONS: &[AddressOption] =
    &[AddressOption { name: "use_vmac", run: |line, _| on(&mut line.address.use_vmac) }];

const STATIC_OPTIONS: &[AddressOption] = &[AddressOption { name: "track_group", run: track_group }];

impl<'w> AddressLine<'w> {
    fn options(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let own = if self.usage == Use::Virtual { VIRTUAL_OPTIONS } else { STATIC_OPTIONS };
        let mut keep = true;
        while let Some(word) = self.words.at(self.index) {
            match OPTIONS.iter().chain(own).find(|option| option.name == word) {
                Some(option) => keep &= (option.run)(self, ctx),
                None => {
                    ctx.config(format!("Unknown configuration entry '{word}' for ip address - ignoring"));
                    ctx.sink.hint("one address per line; see the options of `ip address add`");
                }
            }
            self.index += 1;
        }
        keep
    }

    fn value(&mut self, ctx: &mut Ctx<'_>) -> Option<&'w str> {
        let option = self.words.at(self.index).unwrap_or_default();
        let value = self.words.at(self.index + 1);
        match value {
            Some(_) => self.index += 1,
            None => ctx.config(format!("No {option} parameter specified for {}", self.shown)),
        }
        value
    }
}

fn on(flag: &mut bool) -> bool {
    *flag = true;
    true
}

fn dev(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(interface) = line.value(ctx) else { return true };
    let shown = line.shown;
    need_interface(ctx, interface, |name| {
        format!("WARNING - interface {name} for ip address {shown} doesn't exist")
    });
    line.address.dev = Some(interface.to_owned());
    true
}

fn scope(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(word) = line.value(ctx) else { return true };
    if line.address.address.is_ipv6() {
        ctx.config(format!("Cannot specify scope for IPv6 addresses ({}) - ignoring scope", line.shown));
        return true;
    }
    match names::SCOPES.find(ctx, word) {
        Some(scope) => line.address.scope = u8::try_from(scope).unwrap_or(0),
        None => ctx.config(format!("Invalid scope '{word}' specified for {} - ignoring", line.shown)),
    }
    true
}

fn broadcast(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let option = line.words.at(line.index).unwrap_or_default();
    let Some(word) = line.value(ctx) else { return true };
    let IpAddr::V4(address) = line.address.address else {
        ctx.config(format!(
            "VRRP is trying to assign a broadcast {option} to the IPv6 address {} !!?? WTF... skipping VIP...",
            line.shown
        ));
        return true;
    };
    let mask = u32::MAX.checked_shr(u32::from(line.address.prefix)).unwrap_or(0);
    line.address.broadcast = match word {
        "+" | "-" if line.address.prefix > 30 => {
            ctx.config(format!("Address prefix length {} too long for broadcast", line.address.prefix));
            return true;
        }
        "+" => Some(IpAddr::V4(Ipv4Addr::from(u32::from(address) | mask))),
        "-" => Some(IpAddr::V4(Ipv4Addr::from(u32::from(address) & !mask))),
        word => match word.parse::<Ipv4Addr>() {
            Ok(address) => Some(IpAddr::V4(address)),
            Err(_) => {
                ctx.config(format!("VRRP is trying to assign invalid broadcast {word}. skipping VIP..."));
                return true;
            }
        },
    };
    true
}

fn label(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(word) = line.value(ctx) else { return true };
    if line.address.address.is_ipv6() {
        ctx.config(format!("Cannot specify label for IPv6 addresses ({}) - ignoring label", line.shown));
        return true;
    }
    if word.len() > NAME_MAX {
        ctx.config(format!(
            "Address label {word} is longer than maximum length {NAME_MAX} - removing address"
        ));
        return false;
    }
    line.address.label = Some(word.to_owned());
    true
}

fn peer(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(word) = line.value(ctx) else { return true };
    match host(ctx, word) {
        None => ctx.config(format!("Invalid peer address {word}")),
        Some(peer) if peer.is_ipv4() != line.address.address.is_ipv4() => {
            ctx.config(format!("Peer address {word} does not match address family"));
            return false;
        }
        Some(peer) => line.address.peer = Some((peer, line.address.prefix)),
    }
    true
}

fn preferred_lft(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(word) = line.value(ctx) else { return true };
    if word == "forever" {
        line.address.preferred_lft = PreferredLifetime::Forever;
        return true;
    }
    match number::unsigned(&mut ctx.sink, word, 0, u32::MAX) {
        Some(seconds) => line.address.preferred_lft = PreferredLifetime::Seconds(seconds),
        None => ctx.config(format!("preferred_lft {word} is invalid")),
    }
    true
}

fn track_group(line: &mut AddressLine<'_>, ctx: &mut Ctx<'_>) -> bool {
    let Some(word) = line.value(ctx) else { return true };
    line.address.track_group = known_track_group(ctx, word);
    true
}

/// The name of a track group, if it was defined before.
pub fn known_track_group(ctx: &mut Ctx<'_>, name: &str) -> Option<String> {
    if ctx.draft.config.track_groups.iter().any(|group| group.name == name) {
        return Some(name.to_owned());
    }
    ctx.config(format!("track_group {name} not found"));
    ctx.sink.hint("define the track_group before it is used");
    None
}
