//! From what was written to what is meant: defaults, names, contradictions.

mod groups;
mod instance;
mod lvs;
mod scripts;
mod tracking;
mod vrrp;

use std::net::IpAddr;

use crate::model::*;
use crate::parse::Ctx;
use crate::role::Roles;

/// Works the draft out. What cannot work is complained of and taken out.
pub fn resolve(ctx: &mut Ctx<'_>) -> Config {
    ctx.sink.place = None;
    let roles = ctx.sink.roles;
    global(ctx);
    if roles.meets(Roles::PARENT) {
        scripts::parent(ctx);
    }
    if roles.meets(Roles::VRRP) {
        vrrp::resolve(ctx);
    }
    if roles.meets(Roles::CHECKER) {
        lvs::resolve(ctx);
    }
    bfd(ctx);
    std::mem::take(&mut ctx.draft.config)
}

/// Defaults of `global_defs` that hang on each other.
fn global(ctx: &mut Ctx<'_>) {
    let own = ctx.provider.own_user();
    let keepalived = ctx.provider.user("keepalived_script").map(|user| user.ids);
    let draft = &ctx.draft.global;
    let global = &mut ctx.draft.config.global;
    global.scripts.script_user = draft.script_user.or(keepalived).unwrap_or(own);
    let garp = &mut global.vrrp.garp;
    if global.vrrp.min_garp {
        garp.master_repeat = 1;
        garp.master_delay_s = 0;
    }
    garp.lower_prio_delay_s = draft.lower_prio_delay_s.unwrap_or(garp.master_delay_s);
    garp.lower_prio_repeat = draft.lower_prio_repeat.unwrap_or(garp.master_repeat);
}

fn bfd(ctx: &mut Ctx<'_>) {
    for bfd in std::mem::take(&mut ctx.draft.bfds) {
        let Some(neighbor_ip) = bfd.neighbor_ip else { continue };
        let both = bfd.vrrp == bfd.checker;
        ctx.draft.config.bfd.push(BfdInstance {
            name: bfd.name,
            neighbor_ip,
            source_ip: bfd.source_ip,
            min_rx_us: bfd.min_rx_us,
            min_tx_us: bfd.min_tx_us,
            idle_tx_us: bfd.idle_tx_us,
            multiplier: bfd.multiplier,
            passive: bfd.passive,
            ttl: bfd.ttl.unwrap_or(if neighbor_ip.is_ipv4() { 255 } else { 64 }),
            max_hops: bfd.max_hops,
            multihop: bfd.multihop,
            weight: bfd.weight,
            reverse: bfd.reverse,
            vrrp: both || bfd.vrrp,
            checker: both || bfd.checker,
        });
    }
}

/// The protocol as log lines name a server.
pub fn protocol_name(protocol: Option<LvsProtocol>) -> &'static str {
    match protocol {
        Some(LvsProtocol::Tcp) => "tcp",
        Some(LvsProtocol::Udp) => "udp",
        Some(LvsProtocol::Sctp) => "sctp",
        None => "none",
    }
}

/// A server as log lines name it: `[10.0.0.1]:tcp:80`.
pub fn server_name(address: IpAddr, protocol: Option<LvsProtocol>, port: u16) -> String {
    format!("[{address}]:{}:{port}", protocol_name(protocol))
}
