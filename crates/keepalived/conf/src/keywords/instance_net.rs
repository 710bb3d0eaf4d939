//! `vrrp_instance`: interfaces, addresses of adverts, unicast, VMAC.

use std::net::IpAddr;

use crate::model::{Family, Ipvlan, IpvlanMode, OldChecksum, Vmac};
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, accepted, line};
use crate::words::Words;

use super::instance::{current, name, set};
use super::values;

/// Longest interface name.
pub const NAME_MAX: usize = 15;

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line("interface", "IF", interface, "interface of the adverts"),
    accepted(
        line("vrf", "IF", vrf, "VRF of an instance without interface"),
        "VRFs are not part of this version",
    ),
    line("native_ipv6", "", native_ipv6, "use IPv6 (the addresses decide without it)"),
    line(
        "dont_track_primary",
        "",
        |c, _| set(c, |i| i.dont_track_primary = true),
        "no FAULT when the own interface is down",
    ),
    accepted(
        line("linkbeat_use_polling", "", linkbeat, "poll the link of the own interface"),
        "links are watched through netlink",
    ),
    line("mcast_src_ip", "ADDR", |c, w| source_ip(c, w, false), "source address of multicast adverts"),
    line("unicast_src_ip", "ADDR", |c, w| source_ip(c, w, true), "source address of unicast adverts"),
    line("mcast_dst_ip", "ADDR", mcast_dst_ip, "group of the adverts"),
    line(
        "track_src_ip",
        "",
        |c, _| set(c, |i| i.track_src_ip = true),
        "FAULT while the source address is missing",
    ),
    line("unicast_ttl", "0-255", unicast_ttl, "TTL of unicast adverts"),
    line(
        "unicast_fault_no_peer",
        "",
        |c, _| set(c, |i| i.unicast_fault_no_peer = true),
        "FAULT instead of multicast without a peer",
    ),
    line(
        "check_unicast_src",
        "",
        |c, _| {
            set(c, |i| {
                i.unicast = true;
                i.check_unicast_src = Some(true);
            })
        },
        "adverts must come from a peer",
    ),
    line("old_unicast_checksum", "[never]", old_checksum, "checksum of very old versions"),
    line("use_vmac", "[NAME] [MAC]", use_vmac, "run on a macvlan with the virtual MAC address"),
    line(
        "use_vmac_addr",
        "",
        |c, _| set(c, |i| i.use_vmac_addr = true),
        "a macvlan for each address on another interface",
    ),
    line(
        "vmac_xmit_base",
        "",
        |c, _| set(c, |i| i.vmac_xmit_base = true),
        "adverts through the underlying interface",
    ),
    accepted(
        line("use_ipvlan", "[NAME] [ADDR] [bridge|private|vepa]", use_ipvlan, "run on an ipvlan"),
        "ipvlan is not part of this version",
    ),
];

fn interface(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let instance = name(ctx);
    super::addresses::need_interface(ctx, word, |interface| {
        format!("WARNING - interface {interface} for vrrp_instance {instance} doesn't exist")
    });
    if ctx.provider.is_loopback(word) {
        ctx.config(format!("({instance}) cannot use a loopback interface ({word}) for vrrp - ignoring"));
        ctx.sink.hint("name the interface that the other routers are reached through");
        return GO;
    }
    set(ctx, |instance| instance.interface = Some(word.to_owned()))
}

fn vrf(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return GO };
    if instance.interface.is_some() {
        ctx.config(format!("({name}) Cannot specify VRF interface and interface - ignoring"));
    } else {
        instance.vrf = Some(word.to_owned());
    }
    GO
}

fn native_ipv6(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return GO };
    if instance.family == Some(Family::Inet) {
        ctx.config(format!("({name}) Cannot specify native_ipv6 with IPv4 addresses"));
    } else {
        instance.family = Some(Family::Inet6);
        instance.native_ipv6 = true;
    }
    GO
}

fn linkbeat(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let text = format!(
        "({}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block",
        name(ctx)
    );
    ctx.config(text);
    set(ctx, |instance| instance.linkbeat = true)
}

fn source_ip(ctx: &mut Ctx<'_>, words: &Words, unicast: bool) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let address = word.parse::<IpAddr>().ok();
    let Some(instance) = current(ctx) else { return GO };
    instance.unicast |= unicast;
    let Some(address) = address else {
        ctx.config(format!(
            "Configuration error: VRRP instance[{name}] malformed src address[{word}]. Skipping..."
        ));
        return GO;
    };
    let family = *instance.family.get_or_insert(Family::of(address));
    if family == Family::of(address) {
        instance.source_ip = Some(address);
    } else {
        ctx.config(format!(
            "Configuration error: VRRP instance[{name}] and src address[{word}] MUST be of the same family !!! Skipping..."
        ));
    }
    GO
}

fn mcast_dst_ip(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return GO };
    match word.parse::<IpAddr>() {
        Err(_) => ctx.config(format!("({name}) malformed mcast dest address {word}. Skipping...")),
        Ok(group) if !group.is_multicast() => {
            ctx.config(format!("({name}) mcast_dst_ip {word} not multicast. Skipping..."));
        }
        Ok(group) if instance.family.is_some_and(|family| family != Family::of(group)) => {
            ctx.config(format!(
                "({name}) address family must match VRRP instance - ignoring mcast_dst_ip {word}"
            ));
        }
        Ok(group) => {
            instance.family = Some(Family::of(group));
            instance.mcast_dst_ip = Some(group);
        }
    }
    GO
}

fn unicast_ttl(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): TTL '{word}' not valid - must be between 0 & 255");
    let ttl = values::number(ctx, words, (0, 255), complaint)?.and_then(|ttl| u8::try_from(ttl).ok());
    set(ctx, |instance| instance.unicast_ttl = ttl)
}

fn old_checksum(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let checksum = match words.at(1) {
        None => OldChecksum::Always,
        Some("never") => OldChecksum::Never,
        Some(other) => {
            let text = format!("({}) Unknown old_unicast_chksum mode {other} - ignoring", name(ctx));
            ctx.config(text);
            OldChecksum::Auto
        }
    };
    set(ctx, |instance| {
        instance.unicast = true;
        instance.old_unicast_checksum = checksum;
    })
}

fn use_vmac(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let own = name(ctx);
    let mut vmac = current(ctx).and_then(|instance| instance.vmac.take());
    let vrid = current(ctx).and_then(|instance| instance.vrid);
    let vmac_new = vmac.get_or_insert_with(|| Vmac { name: None, mac: None, options: Vec::new() });
    for word in words.from(1) {
        if word.contains(':') {
            vmac_address(ctx, word, vrid, vmac_new);
        } else {
            vmac_name(ctx, word, &own, vmac_new);
        }
    }
    set(ctx, |instance| instance.vmac = vmac)
}

fn vmac_name(ctx: &mut Ctx<'_>, word: &str, own: &str, vmac: &mut Vmac) {
    if vmac.name.is_some() {
        ctx.config("VMAC interface name already specified");
        return;
    }
    if word.len() > NAME_MAX || word.contains('/') {
        ctx.config(format!("VMAC interface name '{word}' too long or invalid characters - ignoring"));
        ctx.sink.hint(format!("an interface name has at most {NAME_MAX} characters"));
        return;
    }
    let other = ctx.draft.instances.iter().find(|other| {
        other.name != own && other.vmac.as_ref().is_some_and(|vmac| vmac.name.as_deref() == Some(word))
    });
    if let Some(other) = other {
        let text = format!("({own}) VRRP instance {} is already using {word} - ignoring name", other.name);
        ctx.config(text);
        return;
    }
    if ctx.provider.has_interface(word) && !ctx.provider.is_vmac(word) {
        ctx.config(format!(
            "({own}) interface {word} already exists and is not a private macvlan; ignoring vmac if_name"
        ));
        return;
    }
    vmac.name = Some(word.to_owned());
}

fn vmac_address(ctx: &mut Ctx<'_>, word: &str, vrid: Option<u8>, vmac: &mut Vmac) {
    let octets: Option<Vec<u8>> = word.split(':').map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
    let mac: Option<[u8; 6]> = octets.and_then(|mut octets| {
        if octets.len() == 5 {
            octets.push(vrid.unwrap_or(0));
        }
        octets.try_into().ok()
    });
    match mac {
        None => ctx.config(format!("VMAC invalid MAC address {word}")),
        Some([first, ..]) if first & 1 != 0 => {
            ctx.config(format!("VMAC MAC address is multicast {word} - ignoring"))
        }
        Some([0, 0, 0x5e, 0, 1 | 2, _]) => {
            ctx.config(format!("VMAC MAC address not allowed to be RFC5798 address ({word}) - ignoring"));
        }
        Some(mac) => vmac.mac = Some(mac),
    }
}

fn use_ipvlan(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let mut ipvlan = Ipvlan { name: None, address: None, mode: IpvlanMode::Bridge };
    for word in words.from(1) {
        let (host, prefix) = word.split_once('/').unwrap_or((word, ""));
        match (word.as_str(), host.parse::<IpAddr>()) {
            ("bridge", _) => ipvlan.mode = IpvlanMode::Bridge,
            ("private", _) => ipvlan.mode = IpvlanMode::Private,
            ("vepa", _) => ipvlan.mode = IpvlanMode::Vepa,
            (_, Ok(address)) => {
                let full = if address.is_ipv4() { 32 } else { 128 };
                ipvlan.address = Some((address, prefix.parse().unwrap_or(full)));
            }
            (word, Err(_)) if word.len() > NAME_MAX => {
                ctx.config(format!("ipvlan interface name '{word}' too long - ignoring"));
            }
            (word, Err(_)) => ipvlan.name = Some(word.to_owned()),
        }
    }
    set(ctx, |instance| instance.ipvlan = Some(ipvlan))
}
