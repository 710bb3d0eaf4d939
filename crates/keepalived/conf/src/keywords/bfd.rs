//! `bfd_instance`.

use std::net::IpAddr;

use crate::draft::BfdDraft;
use crate::model::Family;
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Outcome, line};
use crate::words::Words;

use super::global::SKIP;
use super::values;

/// Longest name of a BFD instance.
const NAME_MAX: usize = 32;

/// The block.
pub static BFD_INSTANCE: Block = Block {
    name: "bfd_instance",
    tables: &[&[
        line("source_ip", "ADDR", source_ip, "own address"),
        line("neighbor_ip", "ADDR", neighbor_ip, "address of the neighbour"),
        line("neighbour_ip", "ADDR", neighbor_ip, "same as neighbor_ip"),
        line(
            "min_rx",
            "MILLISECONDS",
            |c, w| interval(c, w, 1, |b, v| b.min_rx_us = v),
            "required receive interval",
        ),
        line(
            "min_tx",
            "MILLISECONDS",
            |c, w| interval(c, w, 1, |b, v| b.min_tx_us = v),
            "desired transmit interval",
        ),
        line(
            "idle_tx",
            "MILLISECONDS",
            |c, w| interval(c, w, 1000, |b, v| b.idle_tx_us = v),
            "transmit interval while down",
        ),
        line("multiplier", "1-255", multiplier, "missed packets until the session is down"),
        line("passive", "", |c, _| with(c, |b| b.passive = true), "wait for the neighbour to begin"),
        line("ttl", "1-255", ttl, "TTL of what is sent"),
        line("hoplimit", "1-255", ttl, "same as ttl"),
        line("max_hops", "-1-255", max_hops, "how far the received TTL may have fallen"),
        line("multihop", "", |c, _| with(c, |b| b.multihop = true), "session over several hops"),
        line("weight", "-253-253 [reverse]", weight, "default weight of track_bfd"),
        line("vrrp", "", |c, _| with(c, |b| b.vrrp = true), "events for the vrrp process only"),
        line("checker", "", |c, _| with(c, |b| b.checker = true), "events for the checker process only"),
    ]],
    end,
};

/// The head line.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    if name.len() >= NAME_MAX {
        ctx.config(format!("BFD name {name} too long"));
        ctx.config(format!("Configuration error: BFD instance {name} name too long (maximum length is {} characters) - ignoring", NAME_MAX - 1));
        return SKIP;
    }
    if ctx.draft.bfds.iter().any(|bfd| bfd.name == name) {
        ctx.config(format!("BFD {name} already specified"));
        return SKIP;
    }
    ctx.draft.bfds.push(BfdDraft {
        name: name.to_owned(),
        neighbor_ip: None,
        source_ip: None,
        min_rx_us: 10_000,
        min_tx_us: 10_000,
        idle_tx_us: 1_000_000,
        multiplier: 5,
        passive: false,
        ttl: None,
        max_hops: 0,
        multihop: false,
        weight: 0,
        reverse: false,
        vrrp: false,
        checker: false,
        malformed: false,
    });
    GO
}

fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut BfdDraft)) -> Outcome {
    if let Some(bfd) = ctx.draft.bfds.last_mut() {
        record(bfd);
    }
    GO
}

fn name(ctx: &Ctx<'_>) -> String {
    ctx.draft.bfds.last().map(|bfd| bfd.name.clone()).unwrap_or_default()
}

fn source_ip(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let Ok(address) = word.parse::<IpAddr>() else {
        ctx.config(format!(
            "Configuration error: BFD instance {name} has malformed source address {word}, ignoring"
        ));
        return GO;
    };
    with(ctx, |bfd| bfd.source_ip = Some(address))
}

fn neighbor_ip(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let Ok(address) = word.parse::<IpAddr>() else {
        ctx.config(format!(
            "Configuration error: BFD instance {name} has malformed neighbor address {word}, ignoring instance"
        ));
        return with(ctx, |bfd| bfd.malformed = true);
    };
    with(ctx, |bfd| bfd.neighbor_ip = Some(address))
}

fn interval(ctx: &mut Ctx<'_>, words: &Words, min_ms: u64, record: fn(&mut BfdDraft, u32)) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let form = Decimal { min: min_ms * 1000, max: 4_294_967_000, places: 3 };
    let complaint = |word: &str| {
        format!(
            "Configuration error: BFD instance {name} {keyword} value {word} is not valid (must be in range [{min_ms}-4294967]), ignoring"
        )
    };
    match values::decimal(ctx, words, form, complaint)?.and_then(|value| u32::try_from(value).ok()) {
        Some(value) => with(ctx, |bfd| record(bfd, value)),
        None => GO,
    }
}

fn multiplier(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| {
        format!(
            "Configuration error: BFD instance {name} multiplier value {word} not valid (must be in range [1-255]), ignoring"
        )
    };
    match values::number(ctx, words, (1, 255), complaint)?.and_then(|value| u8::try_from(value).ok()) {
        Some(value) => with(ctx, |bfd| bfd.multiplier = value),
        None => GO,
    }
}

fn ttl(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| {
        format!(
            "Configuration error: BFD instance {name} ttl/hoplimit value {word} not valid (must be in range [1-255]), ignoring"
        )
    };
    match values::number(ctx, words, (1, 255), complaint)?.and_then(|value| u8::try_from(value).ok()) {
        Some(value) => with(ctx, |bfd| bfd.ttl = Some(value)),
        None => GO,
    }
}

fn max_hops(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let word = words.need(1, &mut ctx.sink)?;
    match number::signed(&mut ctx.sink, word, -1, 255) {
        Some(value) => with(ctx, |bfd| bfd.max_hops = u8::try_from(value).unwrap_or(255)),
        None => {
            ctx.config(format!(
                "Configuration error: BFD instance {name} max_hops value {word} not valid (must be in range [-1-255]), ignoring"
            ));
            GO
        }
    }
}

fn weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let word = words.need(1, &mut ctx.sink)?;
    let Some(weight) = number::signed(&mut ctx.sink, word, -253, 253) else {
        ctx.config(format!(
            "Configuration error: BFD instance {name} weight value {word} not valid (must be in range [-253-253]), ignoring"
        ));
        return GO;
    };
    let reverse = words.at(2) == Some("reverse");
    if let Some(other) = words.at(2).filter(|word| *word != "reverse") {
        ctx.config(format!("Configuration error: BFD instance {name} unknown weight option {other}"));
    }
    with(ctx, |bfd| (bfd.weight, bfd.reverse) = (weight, reverse))
}

/// A block that cannot work is taken out again.
fn end(ctx: &mut Ctx<'_>) {
    let Some((bfd, others)) = ctx.draft.bfds.split_last_mut() else { return };
    let name = bfd.name.clone();
    let mut said = Vec::new();
    let mut keep = !bfd.malformed;
    match (bfd.neighbor_ip, bfd.source_ip) {
        (None, _) if bfd.malformed => {}
        (None, _) => {
            keep = false;
            said.push(format!(
                "Configuration error: BFD instance {name} has no neighbor address set, disabling instance"
            ));
        }
        (Some(neighbor), _) if others.iter().any(|other| other.neighbor_ip == Some(neighbor)) => {
            keep = false;
            said.push(format!(
                "Configuration error: BFD instance {name} has duplicate neighbor address {neighbor}, ignoring instance"
            ));
        }
        (Some(neighbor), Some(source)) if Family::of(neighbor) != Family::of(source) => {
            keep = false;
            // the original names the source address twice
            said.push(format!(
                "Configuration error: BFD instance {name} source address {source} and neighbor address {source} are not of the same family, disabling instance"
            ));
        }
        (Some(neighbor), _) => {
            let default = if neighbor.is_ipv4() { 255 } else { 64 };
            let ttl = bfd.ttl.unwrap_or(default);
            if bfd.max_hops != 255 && bfd.max_hops > ttl {
                bfd.max_hops = ttl;
                said.push(format!(
                    "BFD instance {name}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit"
                ));
            }
        }
    }
    for text in said {
        ctx.config(text);
    }
    if !keep {
        ctx.draft.bfds.pop();
    }
}
