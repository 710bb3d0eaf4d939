//! `vrrp_instance`: its lists of peers, addresses, routes, rules and tracked things.

use std::net::IpAddr;

use crate::draft::InstanceDraft;
use crate::model::{Family, IpAddress, Tracked, UnicastPeer};
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, List, Outcome, done, line, list};
use crate::words::Words;

use super::addresses::{self, Use};
use super::instance::{current, name, set};
use super::track_objects::{self, Kind};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    list("unicast_peer", &PEERS, "send adverts to these addresses"),
    list("virtual_ipaddress", &VIPS, "addresses of the virtual router, carried in adverts"),
    list("virtual_ipaddress_excluded", &EXCLUDED, "addresses that move along without being in adverts"),
    line("no_virtual_ipaddress", "", |c, _| set(c, |i| i.no_vips = true), "no address is meant so"),
    line(
        "promote_secondaries",
        "",
        |c, _| set(c, |i| i.promote_secondaries = true),
        "keep secondary addresses when the primary goes",
    ),
    list("virtual_routes", &ROUTES, "routes of the master"),
    list("virtual_rules", &RULES, "rules of the master"),
    list("track_interface", &TRACK_INTERFACE, "interfaces that must be up"),
    list("track_script", &TRACK_SCRIPT, "scripts that must succeed"),
    list("track_file", &TRACK_FILE, "files whose number counts"),
    list("track_process", &TRACK_PROCESS, "processes that must run"),
    list("track_bfd", &TRACK_BFD, "BFD instances that must be up"),
];

static PEERS: List = List {
    entry_args: "ADDR [min_ttl N] [max_ttl N]",
    whole: false,
    entry: peer,
    end: |ctx| {
        let _ = set(ctx, |instance| instance.unicast = true);
    },
};

fn peer(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let word = words.keyword();
    let Ok(address) = word.parse::<IpAddr>() else {
        ctx.config(format!(
            "Configuration error: VRRP instance[{name}] malformed unicast peer address[{word}]. Skipping..."
        ));
        return GO;
    };
    let Some(instance) = current(ctx) else { return GO };
    instance.unicast = true;
    let family = *instance.family.get_or_insert(Family::of(address));
    if family != Family::of(address) {
        ctx.config(format!(
            "Configuration error: VRRP instance[{name}] and unicast peer address[{word}] MUST be of the same family !!! Skipping..."
        ));
        return GO;
    }
    let mut peer = UnicastPeer { address, min_ttl: 0, max_ttl: 255 };
    let mut index = 1;
    while let Some(option) = words.at(index) {
        match option {
            "min_ttl" | "max_ttl" => {
                let text = words.need(index + 1, &mut ctx.sink)?;
                let ttl =
                    number::unsigned(&mut ctx.sink, text, 0, 255).and_then(|ttl| u8::try_from(ttl).ok());
                match ttl {
                    Some(ttl) if option == "min_ttl" => peer.min_ttl = ttl,
                    Some(ttl) => peer.max_ttl = ttl,
                    None => ctx.config(format!(
                        "({name}) unicast peer {word} has invalid {option} '{text}' - ignoring"
                    )),
                }
                let _ = set(ctx, |instance| instance.check_unicast_src = Some(true));
                index += 2;
            }
            other => {
                ctx.config(format!("({name}) unknown unicast peer option '{other}' - ignoring"));
                index += 1;
            }
        }
    }
    set(ctx, |instance| instance.peers.push(peer))
}

static VIPS: List =
    List { entry_args: addresses::FORM, whole: false, entry: |ctx, words| vip(ctx, words, true), end: done };
static EXCLUDED: List =
    List { entry_args: addresses::FORM, whole: false, entry: |ctx, words| vip(ctx, words, false), end: done };

fn vip(ctx: &mut Ctx<'_>, words: &Words, advertised: bool) -> Outcome {
    let Some(address) = addresses::parse(ctx, words, Use::Virtual)? else { return GO };
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return GO };
    if advertised {
        let family = *instance.family.get_or_insert(Family::of(address.address));
        if family != Family::of(address.address) {
            ctx.config(format!(
                "({name}): address family must match VRRP instance [{}] - ignoring",
                words.keyword()
            ));
            return GO;
        }
    }
    push_address(if advertised { &mut instance.vips } else { &mut instance.excluded }, address);
    GO
}

fn push_address(list: &mut Vec<IpAddress>, address: IpAddress) {
    list.push(address);
}

static ROUTES: List = List {
    entry_args: crate::keywords::addresses::ROUTE_FORM,
    whole: false,
    entry: |ctx, words| match super::addresses::route(ctx, words, Use::Virtual)? {
        Some(route) => set(ctx, |instance| instance.routes.push(route)),
        None => GO,
    },
    end: done,
};

static RULES: List = List {
    entry_args: crate::keywords::addresses::RULE_FORM,
    whole: false,
    entry: |ctx, words| match super::addresses::rule(ctx, words, Use::Virtual)? {
        Some(rule) => set(ctx, |instance| instance.rules.push(rule)),
        None => GO,
    },
    end: done,
};

static TRACK_INTERFACE: List = List {
    entry_args: "IF [weight N [reverse]]",
    whole: false,
    entry: |c, w| track(c, w, Kind::Interface),
    end: done,
};
static TRACK_SCRIPT: List = List {
    entry_args: "NAME [weight N [reverse|noreverse]]",
    whole: false,
    entry: |c, w| track(c, w, Kind::Script),
    end: done,
};
static TRACK_FILE: List = List {
    entry_args: "NAME [weight N [reverse|noreverse]]",
    whole: false,
    entry: |c, w| track(c, w, Kind::File),
    end: done,
};
static TRACK_PROCESS: List = List {
    entry_args: "NAME [weight N [reverse|noreverse]]",
    whole: false,
    entry: |c, w| track(c, w, Kind::Process),
    end: done,
};
static TRACK_BFD: List = List {
    entry_args: "NAME [weight N [reverse|noreverse]]",
    whole: false,
    entry: |c, w| track(c, w, Kind::Bfd),
    end: done,
};

fn tracked_list(instance: &mut InstanceDraft, kind: Kind) -> &mut Vec<Tracked> {
    match kind {
        Kind::Interface => &mut instance.track_interfaces,
        Kind::Script => &mut instance.track_scripts,
        Kind::File => &mut instance.track_files,
        Kind::Process => &mut instance.track_processes,
        Kind::Bfd => &mut instance.track_bfds,
    }
}

fn track(ctx: &mut Ctx<'_>, words: &Words, kind: Kind) -> Outcome {
    let name = name(ctx);
    let mut list =
        current(ctx).map(|instance| std::mem::take(tracked_list(instance, kind))).unwrap_or_default();
    track_objects::track(ctx, words, kind, &name, &mut list);
    set(ctx, |instance| *tracked_list(instance, kind) = list)
}
