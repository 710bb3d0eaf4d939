//! `global_defs`: defaults of instances and behaviour of the vrrp process.

use crate::model::{Garp, RxBufsPolicy};
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, accepted, line};
use crate::words::Words;

use super::global::INTERVAL;
use super::values::{self, flag, global_bool, terse_bool};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line("dynamic_interfaces", "[allow_if_changes]", dynamic_interfaces, "interfaces may appear and vanish"),
    line("default_interface", "IF", default_interface, "interface of static addresses that name none"),
    accepted(
        line(
            "disable_local_igmp",
            "",
            |c, _| flag(&mut c.draft.config.global.vrrp.disable_local_igmp),
            "no IGMP for local groups",
        ),
        "the kernel joins the groups",
    ),
    line(
        "v3_checksum_as_v2",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.vrrp.v3_checksum_as_v2 = v),
        "VRRPv3 checksum without pseudo header",
    ),
    line("vrrp_mcast_group4", "ADDR", mcast_group4, "IPv4 group of adverts"),
    line("vrrp_mcast_group6", "ADDR", mcast_group6, "IPv6 group of adverts"),
    line("vrrp_version", "2|3", version, "default version"),
    line(
        "vrrp_garp_master_delay",
        "SECONDS",
        |c, w| garp(c, w, "{} '{}' invalid - ignoring", |g, v| g.master_delay_s = v),
        "delay of the second GARP block",
    ),
    line(
        "vrrp_garp_master_repeat",
        "NUMBER",
        |c, w| repeat(c, w, |g, v| g.master_repeat = v),
        "messages per GARP block",
    ),
    line(
        "vrrp_garp_master_refresh",
        "SECONDS",
        |c, w| garp(c, w, "Invalid {} '{}' - ignoring", |g, v| g.master_refresh_s = v),
        "GARP refresh while MASTER",
    ),
    line(
        "vrrp_garp_master_refresh_repeat",
        "NUMBER",
        |c, w| repeat(c, w, |g, v| g.master_refresh_repeat = v),
        "messages per refresh",
    ),
    line(
        "vrrp_garp_lower_prio_delay",
        "SECONDS",
        lower_prio_delay,
        "delay of the second block after a lower-priority advert",
    ),
    line(
        "vrrp_garp_lower_prio_repeat",
        "NUMBER",
        lower_prio_repeat,
        "messages after a lower-priority advert",
    ),
    line("vrrp_down_timer_adverts", "1-100", down_timer_adverts, "missed adverts until the master is down"),
    line(
        "vrrp_garp_interval",
        "SECONDS",
        |c, w| interval(c, w, |c, v| c.draft.config.global.vrrp.garp_interval_us = v),
        "time between GARPs of an interface",
    ),
    line(
        "vrrp_gna_interval",
        "SECONDS",
        |c, w| interval(c, w, |c, v| c.draft.config.global.vrrp.gna_interval_us = v),
        "time between NAs of an interface",
    ),
    line(
        "vrrp_min_garp",
        "[BOOL]",
        |c, w| terse_bool(c, w, |g, v| g.vrrp.min_garp = v),
        "one GARP and no second block",
    ),
    line("vrrp_garp_extra_if", "[all] SECONDS", extra_if, "periodic GARP on other interfaces"),
    line("vrrp_vmac_garp_intvl", "[all] SECONDS", vmac_garp_intvl, "old form of vrrp_garp_extra_if"),
    line(
        "vrrp_lower_prio_no_advert",
        "[BOOL]",
        |c, w| terse_bool(c, w, |g, v| g.vrrp.lower_prio_no_advert = v),
        "no advert in answer to a lower priority",
    ),
    line(
        "vrrp_higher_prio_send_advert",
        "[BOOL]",
        |c, w| terse_bool(c, w, |g, v| g.vrrp.higher_prio_send_advert = v),
        "a last advert on seeing a higher priority",
    ),
    line(
        "vrrp_check_unicast_src",
        "",
        |c, _| flag(&mut c.draft.config.global.vrrp.check_unicast_src),
        "unicast adverts must come from a peer",
    ),
    line("vrrp_skip_check_adv_addr", "[BOOL]", skip_check, "do not compare the addresses of each advert"),
    line("vrrp_strict", "", |c, _| flag(&mut c.draft.config.global.vrrp.strict), "keep strictly to the RFC"),
    line(
        "vrrp_notify_priority_changes",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.vrrp.notify_priority_changes = v),
        "tell FIFOs of priority changes",
    ),
    accepted(
        line("vrrp_rx_bufs_policy", "MTU|ADVERT|NUMBER", rx_bufs_policy, "size of receive buffers"),
        "receive buffers keep the system's size in this version",
    ),
    line("vrrp_rx_bufs_multiplier", "NUMBER", rx_bufs_multiplier, "packets per receive buffer"),
    line("vrrp_startup_delay", "SECONDS", startup_delay, "wait after the start"),
    line("vrrp_delay_after_boot", "SECONDS", delay_after_boot, "wait until this long after boot"),
    line(
        "log_unknown_vrids",
        "",
        |c, _| flag(&mut c.draft.config.global.vrrp.log_unknown_vrids),
        "log adverts of unknown VRIDs",
    ),
    line(
        "vrrp_owner_ignore_adverts",
        "",
        |c, _| flag(&mut c.draft.config.global.vrrp.owner_ignore_adverts),
        "an address owner ignores adverts",
    ),
    line("vmac_prefix", "STRING", vmac_prefix, "begin of VMAC names"),
    line("vmac_addr_prefix", "STRING", vmac_addr_prefix, "begin of VMAC names of single addresses"),
];

fn dynamic_interfaces(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.draft.config.global.vrrp.dynamic_interfaces = true;
    match words.at(1) {
        None => {}
        Some("allow_if_changes") => ctx.draft.config.global.vrrp.allow_if_changes = true,
        Some(other) => ctx.config(format!("Unknown dynamic_interfaces option '{other}'")),
    }
    GO
}

fn default_interface(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(name) => ctx.draft.config.global.vrrp.default_interface = Some(name.to_owned()),
        None => ctx.config("default_interface requires interface name"),
    }
    GO
}

fn mcast_group4(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    match word.parse() {
        Ok(group) => ctx.draft.config.global.vrrp.mcast_group4 = group,
        Err(_) => ctx.config(format!("Can't parse vrrp_mcast_group4 [{word}]. Skipping")),
    }
    GO
}

fn mcast_group6(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    match word.parse() {
        Ok(group) => ctx.draft.config.global.vrrp.mcast_group6 = group,
        Err(_) => ctx.config(format!("Can't parse vrrp_mcast_group6 [{word}]. Skipping")),
    }
    GO
}

fn version(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    match number::signed(&mut ctx.sink, word, 2, 3).and_then(|version| u8::try_from(version).ok()) {
        Some(version) => ctx.draft.config.global.vrrp.version = Some(version),
        None => ctx.config("VRRP Error: Version must be either 2 or 3"),
    }
    GO
}

/// A number with the complaint `form`, whose `{}` are the keyword and the word.
fn formatted(
    ctx: &mut Ctx<'_>,
    words: &Words,
    range: (u32, u32),
    form: &str,
) -> Result<Option<u32>, crate::diag::Abort> {
    let keyword = words.keyword();
    values::number(ctx, words, range, |word| form.replacen("{}", keyword, 1).replacen("{}", word, 1))
}

fn garp(ctx: &mut Ctx<'_>, words: &Words, form: &str, set: fn(&mut Garp, u32)) -> Outcome {
    if let Some(value) = formatted(ctx, words, (0, u32::MAX), form)? {
        set(&mut ctx.draft.config.global.vrrp.garp, value);
    }
    GO
}

fn repeat(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Garp, u32)) -> Outcome {
    match formatted(ctx, words, (0, u32::MAX), "{} '{}' invalid - ignoring")? {
        Some(0) => {
            ctx.config(format!("{} must be greater than 0, setting to 1", words.keyword()));
            set(&mut ctx.draft.config.global.vrrp.garp, 1);
        }
        Some(value) => set(&mut ctx.draft.config.global.vrrp.garp, value),
        None => {}
    }
    GO
}

fn lower_prio_delay(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = formatted(ctx, words, (0, u32::MAX), "{} '{}' invalid - ignoring")?;
    ctx.draft.global.lower_prio_delay_s = value.or(ctx.draft.global.lower_prio_delay_s);
    GO
}

fn lower_prio_repeat(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = formatted(ctx, words, (0, i32::MAX as u32), "Invalid {} '{}'")?;
    ctx.draft.global.lower_prio_repeat = value.or(ctx.draft.global.lower_prio_repeat);
    GO
}

fn down_timer_adverts(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = formatted(ctx, words, (1, 100), "Invalid {} [1:100] '{}'")?;
    if let Some(value) = value.and_then(|value| u8::try_from(value).ok()) {
        ctx.draft.config.global.vrrp.down_timer_adverts = value;
    }
    GO
}

fn interval(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Ctx<'_>, u64)) -> Outcome {
    let keyword = words.keyword();
    if let Some(value) =
        values::decimal(ctx, words, INTERVAL, |word| format!("{keyword} '{word}' is invalid"))?
    {
        set(ctx, value);
    }
    GO
}

fn vmac_garp_intvl(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.config("Keyword \"vrrp_vmac_garp_intvl\" is deprecated - please use \"vrrp_garp_extra_if\"");
    extra_if(ctx, words)
}

fn extra_if(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let keyword = words.keyword();
    let (all, word) = match words.at(1) {
        Some("all") => (true, words.at(2)),
        other => (false, other),
    };
    let Some(word) = word else {
        ctx.config(format!("{keyword} specified without time - ignoring"));
        return GO;
    };
    match number::unsigned(&mut ctx.sink, word, 1, 86400) {
        Some(seconds) => {
            ctx.draft.config.global.vrrp.garp.extra_if_s = seconds;
            ctx.draft.config.global.vrrp.garp.extra_if_all = all;
        }
        None => ctx.config(format!("{keyword} '{word}' invalid - ignoring")),
    }
    GO
}

/// The original takes any word as "on"; `off` is what it says here.
fn skip_check(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = words.at(1).and_then(number::boolean).unwrap_or(true);
    ctx.draft.config.global.vrrp.skip_check_adv_addr = value;
    GO
}

fn rx_bufs_policy(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if words.len() == 1 {
        ctx.config("vrrp_rx_bufs_policy missing");
        return GO;
    }
    for word in words.from(1) {
        let policy = match word.to_ascii_uppercase().as_str() {
            "MTU" => Some(RxBufsPolicy::Mtu),
            "ADVERT" => Some(RxBufsPolicy::Advert),
            _ => number::unsigned(&mut ctx.sink, word, 0, u32::MAX).map(RxBufsPolicy::Size),
        };
        match policy {
            Some(policy) => ctx.draft.config.global.vrrp.rx_bufs_policy = policy,
            None => ctx.config(format!("Invalid vrrp_rx_bufs_policy {word}")),
        }
    }
    GO
}

fn rx_bufs_multiplier(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let [word] = words.from(1) else {
        ctx.config("Invalid vrrp_rx_bufs_multiplier");
        return GO;
    };
    match number::unsigned(&mut ctx.sink, word, 1, u32::MAX) {
        Some(value) => ctx.draft.config.global.vrrp.rx_bufs_multiplier = value,
        None => ctx.config(format!("Invalid vrrp_rx_bufs_multiplier {word}")),
    }
    GO
}

fn startup_delay(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let form = Decimal::seconds(1000, 4_294_967_295);
    if let Some(value) =
        values::decimal(ctx, words, form, |word| format!("vrrp_startup_delay '{word}' is invalid"))?
    {
        ctx.draft.config.global.vrrp.startup_delay_us = value;
    }
    GO
}

fn delay_after_boot(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let form = Decimal::seconds(1000, 4_294_967_295);
    let value =
        values::decimal(ctx, words, form, |word| format!("vrrp_delay_after_boot '{word}' is invalid"))?;
    if let Some(value) = value {
        ctx.draft.config.global.vrrp.delay_after_boot_us = value;
    }
    GO
}

fn vmac_prefix(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.draft.config.global.vrrp.vmac_prefix = words.need(1, &mut ctx.sink)?.to_owned();
    GO
}

fn vmac_addr_prefix(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.draft.config.global.vrrp.vmac_addr_prefix = Some(words.need(1, &mut ctx.sink)?.to_owned());
    GO
}
