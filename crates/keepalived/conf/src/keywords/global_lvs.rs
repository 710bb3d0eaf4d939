//! `global_defs`: LVS.

use crate::model::{FlushOnStop, SyncDaemon};
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, line};
use crate::words::Words;

use super::values::{flag, global_bool, terse_bool};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line("lvs_timeouts", "[tcp SECS] [tcpfin SECS] [udp SECS]", lvs_timeouts, "IPVS connection timeouts"),
    line(
        "lvs_flush",
        "",
        |c, _| flag(&mut c.draft.config.global.lvs.flush),
        "remove all IPVS entries at the start",
    ),
    line(
        "lvs_flush_on_stop",
        "[VS]",
        flush_on_stop,
        "remove all IPVS entries (or our virtual servers) at the stop",
    ),
    line("lvs_flush_onstop", "[VS]", flush_on_stop, "same as lvs_flush_on_stop"),
    line(
        "lvs_sync_daemon",
        "IF [[inst] VRRP_INSTANCE] [id ID] [maxlen N] [port N] [ttl N] [group ADDR]",
        sync_daemon,
        "IPVS connection synchronisation",
    ),
    line(
        "checker_log_all_failures",
        "[BOOL]",
        |c, w| terse_bool(c, w, |g, v| g.lvs.checker_log_all_failures = v),
        "log each failed check",
    ),
    line(
        "rs_init_notifies",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.lvs.rs_init_notifies = v),
        "run notify scripts for the first state of real servers",
    ),
];

fn lvs_timeouts(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if words.len() < 3 {
        ctx.config("lvs_timeouts requires at least one option");
        return GO;
    }
    let mut index = 1;
    while let Some(word) = words.at(index) {
        let lvs = &mut ctx.draft.config.global.lvs;
        let target = match word {
            "tcp" => Some(&mut lvs.tcp_timeout_s),
            "tcpfin" => Some(&mut lvs.tcpfin_timeout_s),
            "udp" => Some(&mut lvs.udp_timeout_s),
            _ => None,
        };
        let Some(target) = target else {
            ctx.config(format!("Unknown option {word} specified for lvs_timeouts"));
            index += 1;
            continue;
        };
        let Some(text) = words.at(index + 1) else {
            ctx.config(format!("No value specified for lvs_timout {word} - ignoring"));
            return GO;
        };
        match number::unsigned(&mut ctx.sink, text, 0, 2_678_400) {
            Some(value) => *target = value,
            None => ctx.config(format!("Invalid lvs_timeout {word} ({text}) - ignoring")),
        }
        index += 2;
    }
    GO
}

fn flush_on_stop(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        None => ctx.draft.config.global.lvs.flush_on_stop = FlushOnStop::All,
        Some("VS") => ctx.draft.config.global.lvs.flush_on_stop = FlushOnStop::VirtualServers,
        Some(other) => ctx.config(format!("Unknown lvs_flush_on_stop type {other}")),
    }
    GO
}

fn sync_daemon(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(interface) = words.at(1) else {
        ctx.config("lvs_sync_daemon requires interface");
        return GO;
    };
    let mut daemon = SyncDaemon {
        interface: interface.to_owned(),
        instance: None,
        id: None,
        maxlen: None,
        port: None,
        ttl: None,
        group: None,
    };
    let mut index = 2;
    while let Some(word) = words.at(index) {
        let value = words.at(index + 1);
        match (word, value) {
            ("id", Some(text)) => daemon.id = sync_number(ctx, text, 0, 255, "syncid"),
            ("maxlen", Some(text)) => daemon.maxlen = sync_number(ctx, text, 1, 65507, "sync_maxlen"),
            ("port", Some(text)) => daemon.port = sync_number(ctx, text, 1, 65535, "sync port"),
            ("ttl", Some(text)) => daemon.ttl = sync_number(ctx, text, 1, 255, "sync ttl"),
            ("inst", Some(text)) => daemon.instance = Some(text.to_owned()),
            ("group", Some(text)) => match text.parse() {
                Ok(group) => daemon.group = Some(group),
                Err(_) => ctx.config(format!("Invalid sync group ({text}) - ignoring")),
            },
            (other, _) if index == 2 => {
                daemon.instance = Some(other.to_owned());
                index += 1;
                continue;
            }
            (other, None) if index == 3 => {
                daemon.id = sync_number(ctx, other, 0, 255, "syncid");
            }
            (other, _) => ctx.config(format!("Unknown option {other} specified for lvs_sync_daemon")),
        }
        index += 2;
    }
    let target = &mut ctx.draft.config.global.lvs.sync_daemon;
    if target.is_some() {
        ctx.config("lvs_sync_daemon has already been specified as - ignoring");
    } else {
        *target = Some(daemon);
    }
    GO
}

fn sync_number<T: TryFrom<u32>>(ctx: &mut Ctx<'_>, text: &str, min: u32, max: u32, what: &str) -> Option<T> {
    let value = number::unsigned(&mut ctx.sink, text, min, max);
    if value.is_none() {
        let end = if what == "syncid" { "defaulting to vrid" } else { "ignoring" };
        ctx.config(format!("Invalid {what} ({text}) - {end}"));
    }
    value.and_then(|value| T::try_from(value).ok())
}
