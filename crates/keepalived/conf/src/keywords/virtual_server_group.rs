//! `virtual_server_group`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::*;
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, List, Outcome};
use crate::words::Words;

use super::global::SKIP;

/// `virtual_server_group`.
pub static GROUP: List = List {
    entry_args: "ADDR[-END|/LEN] [PORT] | fwmark N [inet|inet6]",
    whole: false,
    entry: group_entry,
    end: end_group,
};

/// The head line of a group.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    if ctx.draft.config.virtual_server_groups.iter().any(|group| group.name == name) {
        ctx.sink.say(crate::diag::Rank::Note, format!("virtual server group {name} already defined"));
        return SKIP;
    }
    let group = VirtualServerGroup { name: name.to_owned(), ..VirtualServerGroup::default() };
    ctx.draft.config.virtual_server_groups.push(group);
    GO
}

fn group_entry(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name =
        ctx.draft.config.virtual_server_groups.last().map(|group| group.name.clone()).unwrap_or_default();
    if words.keyword() == "fwmark" {
        let text = words.need(1, &mut ctx.sink)?;
        let Some(fwmark) = number::unsigned(&mut ctx.sink, text, 0, u32::MAX) else {
            ctx.config(format!("({name}): fwmark '{text}' must be in [0, 4294967295] - ignoring"));
            return GO;
        };
        let family = match words.at(2) {
            None => None,
            Some("inet") => Some(Family::Inet),
            Some("inet6") => Some(Family::Inet6),
            Some(other) => {
                ctx.config(format!("({name}): fwmark '{text}' family {other} unknown - ignoring"));
                return GO;
            }
        };
        if let Some(group) = ctx.draft.config.virtual_server_groups.last_mut() {
            group.fwmarks.push(GroupMark { fwmark, family });
        }
        return GO;
    }
    if let Some(range) = group_range(ctx, words)
        && let Some(group) = ctx.draft.config.virtual_server_groups.last_mut()
    {
        group.addresses.push(range);
    }
    GO
}

fn group_range(ctx: &mut Ctx<'_>, words: &Words) -> Option<GroupRange> {
    let text = words.keyword();
    let (start, end) = match (text.split_once('-'), text.split_once('/')) {
        (Some((start, end)), _) => (start, Some((false, end))),
        (None, Some((start, len))) => (start, Some((true, len))),
        (None, None) => (text, None),
    };
    let port = match words.at(1) {
        None | Some("0") => Some(0),
        Some(word) => {
            number::unsigned(&mut ctx.sink, word, 1, 65535).and_then(|port| u16::try_from(port).ok())
        }
    };
    let (Ok(first), Some(port)) = (start.parse::<IpAddr>(), port) else {
        let given = words.at(1).filter(|_| port != Some(0));
        let port = given.map(|port| format!("/port/{port}")).unwrap_or_default();
        ctx.config(format!("Invalid virtual server group IP address {text} {port} - skipping"));
        return None;
    };
    let (first, last) = match end {
        None => (first, first),
        Some((true, len)) => network(first, len).or_else(|| {
            ctx.config(format!("Invalid netmask - {text} - skipping"));
            None
        })?,
        Some((false, end)) => (first, range_end(ctx, text, first, end)?),
    };
    Some(GroupRange { first, last, port })
}

fn network(address: IpAddr, len: &str) -> Option<(IpAddr, IpAddr)> {
    let len: u32 = len.parse().ok()?;
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(len).unwrap_or(0);
            let address = u32::from(address);
            let ends = |address: u32| IpAddr::V4(Ipv4Addr::from(address));
            (len <= 32).then(|| (ends(address & !host), ends(address | host)))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(len).unwrap_or(0);
            let address = u128::from(address);
            let ends = |address: u128| IpAddr::V6(Ipv6Addr::from(address));
            (len <= 128).then(|| (ends(address & !host), ends(address | host)))
        }
    }
}

/// The end of `A.B.C.D-E` or `A.B.C.D-E.F.G.H`, IPv6 likewise.
fn range_end(ctx: &mut Ctx<'_>, text: &str, first: IpAddr, end: &str) -> Option<IpAddr> {
    let last = match (end.parse::<IpAddr>(), first) {
        (Ok(last), _) => last,
        (Err(_), IpAddr::V4(first)) => {
            let number: u32 = end.parse().ok()?;
            let Ok(last) = u8::try_from(number) else {
                ctx.config(format!("Virtual server group range '{text}' end '{end}' too large"));
                return None;
            };
            let [a, b, c, _] = first.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, last))
        }
        (Err(_), IpAddr::V6(first)) => {
            let Ok(last) = u16::from_str_radix(end, 16) else {
                ctx.config(format!("Virtual server group range '{text}' end '{end}' too large"));
                return None;
            };
            let mut segments = first.segments();
            segments[7] = last;
            IpAddr::V6(Ipv6Addr::from(segments))
        }
    };
    if last <= first || last.is_ipv4() != first.is_ipv4() {
        ctx.config(format!("Address range end is not greater than address range start - {text} - skipping"));
        return None;
    }
    Some(last)
}

fn end_group(ctx: &mut Ctx<'_>) {
    let Some(group) = ctx.draft.config.virtual_server_groups.last() else { return };
    let name = group.name.clone();
    let has = |family| group.addresses.iter().any(|range| Family::of(range.first) == family);
    let unknown = group.fwmarks.iter().any(|mark| mark.family.is_none());
    let complaint = if group.addresses.is_empty() && group.fwmarks.is_empty() {
        Some(format!("virtual server group {name} has no entries - removing"))
    } else if has(Family::Inet) && has(Family::Inet6) && unknown {
        Some(format!(
            "virtual server group {name} cannot have IPv4, IPv6 and fwmark without family - removing"
        ))
    } else {
        None
    };
    if let Some(complaint) = complaint {
        ctx.config(complaint);
        ctx.draft.config.virtual_server_groups.pop();
    }
}
