//! Root lists: static addresses, routes and rules, link polling, interface delays.

use crate::model::{InterfaceDelay, LinkbeatInterface, LinkbeatMethod};
use crate::number::Decimal;
use crate::parse::Ctx;
use crate::registry::{GO, List, Outcome, done};
use crate::words::Words;

use super::addresses::{self, Use};

/// `static_ipaddress`.
pub static STATIC_ADDRESSES: List = List {
    entry_args: addresses::FORM,
    whole: false,
    entry: |ctx, words| {
        if let Some(address) = addresses::parse(ctx, words, Use::Static)? {
            ctx.draft.config.static_addresses.push(address);
        }
        GO
    },
    end: done,
};

/// `static_routes`.
pub static STATIC_ROUTES: List = List {
    entry_args: addresses::ROUTE_FORM,
    whole: false,
    entry: |ctx, words| {
        if let Some(route) = addresses::route(ctx, words, Use::Static)? {
            ctx.draft.config.static_routes.push(route);
        }
        GO
    },
    end: done,
};

/// `static_rules`.
pub static STATIC_RULES: List = List {
    entry_args: addresses::RULE_FORM,
    whole: false,
    entry: |ctx, words| {
        if let Some(rule) = addresses::rule(ctx, words, Use::Static)? {
            ctx.draft.config.static_rules.push(rule);
        }
        GO
    },
    end: done,
};

/// `linkbeat_interfaces`.
pub static LINKBEAT: List =
    List { entry_args: "IF [MII|ETHTOOL|IOCTL]", whole: false, entry: linkbeat, end: done };

fn linkbeat(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let interface = words.keyword();
    if !ctx.provider.has_interface(interface) && !ctx.draft.config.global.vrrp.dynamic_interfaces {
        ctx.config(format!("unknown interface {interface} specified for linkbeat interface"));
        return GO;
    }
    let method = match words.at(1) {
        Some("MII") => Some(LinkbeatMethod::Mii),
        Some("ETHTOOL") => Some(LinkbeatMethod::Ethtool),
        Some("IOCTL") => Some(LinkbeatMethod::Ioctl),
        _ => None,
    };
    let extra = words.at(if method.is_some() { 2 } else { 1 });
    if let Some(extra) = extra {
        let shown = if method.is_some() { words.at(1).unwrap_or(extra) } else { extra };
        ctx.config(format!("extra characters {shown} in linkbeat interface"));
    }
    ctx.draft.config.linkbeat_interfaces.push(LinkbeatInterface { interface: interface.to_owned(), method });
    GO
}

/// `interface_up_down_delays`.
pub static DELAYS: List =
    List { entry_args: "IF DOWN_DELAY [UP_DELAY]", whole: false, entry: delays, end: done };

fn delays(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let interface = words.keyword();
    if !ctx.provider.has_interface(interface) && !ctx.draft.config.global.vrrp.dynamic_interfaces {
        ctx.config(format!("unknown interface {interface} specified for up/down delay"));
        return GO;
    }
    let form = Decimal::seconds(0, 255_000_000);
    let Some(down) = words.at(1) else { return GO };
    let Some(down_delay_us) = form.read(&mut ctx.sink, down) else { return GO };
    let up_delay_us = match words.at(2) {
        Some(up) => form.read(&mut ctx.sink, up).unwrap_or(down_delay_us),
        None => down_delay_us,
    };
    let delays = &mut ctx.draft.config.interface_up_down_delays;
    delays.retain(|known| known.interface != interface);
    delays.push(InterfaceDelay { interface: interface.to_owned(), down_delay_us, up_delay_us });
    GO
}
