//! `global_defs`: firewall.

use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, accepted, line};
use crate::words::Words;

use super::values::{self, flag};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line("vrrp_iptables", "[IN [OUT]]", iptables, "use iptables; nftables is used in its place"),
    accepted(
        line(
            "vrrp_ipsets",
            "[NAMES]",
            |c, w| {
                c.draft.config.global.firewall.ipsets = Some(w.from(1).to_vec());
                GO
            },
            "names of ipsets for iptables",
        ),
        "the firewall is nftables, which has its own sets",
    ),
    line(
        "nftables",
        "[TABLE]",
        |c, w| {
            c.draft.config.global.firewall.nftables = Some(w.at(1).unwrap_or("keepalived").to_owned());
            GO
        },
        "use nftables, in this table",
    ),
    line("nftables_priority", "PRIORITY", |c, w| chain_priority(c, w, false), "priority of the base chains"),
    line(
        "nftables_ifindex",
        "",
        |c, _| flag(&mut c.draft.config.global.firewall.nftables_ifindex),
        "sets hold interface numbers",
    ),
    line(
        "nftables_counters",
        "",
        |c, _| flag(&mut c.draft.config.global.firewall.nftables_counters),
        "rules count",
    ),
    line(
        "nftables_ipvs",
        "[TABLE]",
        |c, w| {
            c.draft.config.global.firewall.nftables_ipvs =
                Some(w.at(1).unwrap_or("keepalived_ipvs").to_owned());
            GO
        },
        "mark the packets of virtual server groups with nftables",
    ),
    line(
        "nftables_ipvs_priority",
        "PRIORITY",
        |c, w| chain_priority(c, w, true),
        "priority of the IPVS chains",
    ),
    line("nftables_ipvs_start_fwmark", "NUMBER", start_fwmark, "first mark to use"),
];

fn iptables(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    ctx.config("iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option");
    let nftables = &mut ctx.draft.config.global.firewall.nftables;
    nftables.get_or_insert_with(|| String::from("keepalived"));
    GO
}

fn chain_priority(ctx: &mut Ctx<'_>, words: &Words, ipvs: bool) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let value = number::signed(&mut ctx.sink, word, i32::MIN, i32::MAX);
    let firewall = &mut ctx.draft.config.global.firewall;
    match (value, ipvs) {
        (Some(value), true) => firewall.nftables_ipvs_priority = Some(value),
        (Some(value), false) => firewall.nftables_priority = Some(value),
        (None, true) => ctx.config(format!("invalid ipvs nftables chain priority '{word}'")),
        (None, false) => ctx.config(format!("invalid nftables chain priority '{word}'")),
    }
    GO
}

fn start_fwmark(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("invalid ipvs nftables start_fwmark priority '{word}'");
    if let Some(mark) = values::number(ctx, words, (1, u32::MAX), complaint)? {
        ctx.draft.config.global.firewall.nftables_ipvs_start_fwmark = Some(mark);
    }
    GO
}
