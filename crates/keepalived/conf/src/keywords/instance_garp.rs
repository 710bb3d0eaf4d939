//! `vrrp_instance`: gratuitous ARP and NA.

use crate::draft::GarpDraft;
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, line};
use crate::words::Words;

use super::instance::{name, set};
use super::values;

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line(
        "garp_master_delay",
        "SECONDS",
        |c, w| plain(c, w, |g, v| g.master_delay_s = Some(v)),
        "delay of the second block, 0 for none",
    ),
    line(
        "garp_master_repeat",
        "NUMBER",
        |c, w| repeat(c, w, |g, v| g.master_repeat = Some(v)),
        "messages per block",
    ),
    line("garp_master_refresh", "SECONDS", refresh, "refresh while MASTER, 0 for none"),
    line(
        "garp_master_refresh_repeat",
        "NUMBER",
        |c, w| repeat(c, w, |g, v| g.master_refresh_repeat = Some(v)),
        "messages per refresh",
    ),
    line(
        "garp_lower_prio_delay",
        "SECONDS",
        |c, w| plain(c, w, |g, v| g.lower_prio_delay_s = Some(v)),
        "delay of the second block after a lower priority",
    ),
    line("garp_lower_prio_repeat", "NUMBER", lower_prio_repeat, "messages after a lower priority"),
    line("garp_extra_if", "[all] SECONDS", extra_if, "periodic GARP on other interfaces, 0 for none"),
    line("vmac_garp_intvl", "[all] SECONDS", vmac_garp_intvl, "old form of garp_extra_if"),
];

fn plain(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut GarpDraft, u32)) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let complaint = |word: &str| format!("({name}): {keyword} '{word}' invalid - ignoring");
    match values::number(ctx, words, (0, u32::MAX), complaint)? {
        Some(value) => set(ctx, |instance| record(&mut instance.garp, value)),
        None => GO,
    }
}

fn repeat(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut GarpDraft, u32)) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let complaint = |word: &str| format!("({name}): {keyword} '{word}' invalid - ignoring");
    match values::number(ctx, words, (0, u32::MAX), complaint)? {
        Some(0) => {
            ctx.config(format!("({name}): {keyword} must be greater than 0, setting to 1"));
            set(ctx, |instance| record(&mut instance.garp, 1))
        }
        Some(value) => set(ctx, |instance| record(&mut instance.garp, value)),
        None => GO,
    }
}

fn refresh(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): Invalid garp_master_refresh '{word}' - ignoring");
    match values::number(ctx, words, (0, u32::MAX), complaint)? {
        Some(value) => set(ctx, |instance| instance.garp.master_refresh_s = Some(value)),
        None => GO,
    }
}

fn lower_prio_repeat(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): Invalid garp_lower_prio_repeat '{word}'");
    match values::number(ctx, words, (0, i32::MAX.unsigned_abs()), complaint)? {
        Some(value) => set(ctx, |instance| instance.garp.lower_prio_repeat = Some(value)),
        None => GO,
    }
}

fn vmac_garp_intvl(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.config("Keyword \"vmac_garp_intvl\" is deprecated - please use \"garp_extra_if\"");
    extra_if(ctx, words)
}

fn extra_if(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let (all, word) = match words.at(1) {
        Some("all") => (true, words.at(2)),
        other => (false, other),
    };
    let Some(word) = word else {
        ctx.config(format!("({name}): {keyword} specified without time - ignoring"));
        return GO;
    };
    match number::unsigned(&mut ctx.sink, word, 0, 86400) {
        Some(seconds) => set(ctx, |instance| instance.garp.extra_if = Some((seconds, all))),
        None => {
            ctx.config(format!("({name}): {keyword} '{word}' invalid - ignoring"));
            GO
        }
    }
}
