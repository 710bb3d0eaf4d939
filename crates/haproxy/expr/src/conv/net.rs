//! Addresses, and the headers of a saved SYN packet.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::arg::{self, Arg, ArgKind};
use crate::conv::bytes_of;
use crate::cx::Cx;
use crate::got::Got;
use crate::row::{ConvertFn, Converter, opt, req};
use crate::value::{Bytes, Type, Value};

const fn bin(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, &[], Type::Bin, Type::Bin, run, doc)
}

const fn int(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, &[], Type::Bin, Type::Sint, run, doc)
}

const fn addr(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, &[], Type::Bin, Type::Addr, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "ipmask",
        &[req(ArgKind::Mask4), opt(ArgKind::Mask6)],
        Type::Addr,
        Type::Addr,
        ipmask,
        "address with its host bits cleared",
    ),
    bin("eth.data", |v, _, _| part(v, |b| Some(ether(b)?.1..b.len())), "what follows the Ethernet header"),
    bin("eth.dst", |v, _, _| part(v, |b| (b.len() >= 14).then_some(0..6)), "destination hardware address"),
    bin("eth.hdr", |v, _, _| part(v, |b| Some(0..ether(b)?.1)), "Ethernet header with its VLANs"),
    int("eth.proto", |v, _, _| number(v, |b| Some(ether(b)?.0)), "protocol above Ethernet"),
    bin("eth.src", |v, _, _| part(v, |b| (b.len() >= 14).then_some(6..12)), "source hardware address"),
    int("eth.vlan", |v, _, _| number(v, |b| ether(b)?.2), "last VLAN"),
    bin("ip.data", |v, _, _| part(v, |b| Some(transport(b)?..b.len())), "what follows the IP header"),
    int("ip.df", |v, _, _| number(v, do_not_fragment), "don't-fragment flag"),
    addr("ip.dst", |v, _, _| address_at(v, 16, 24), "destination address"),
    Converter::new(
        "ip.fp",
        &[opt(ArgKind::Int)],
        Type::Bin,
        Type::Bin,
        fingerprint,
        "fingerprint of the sender's stack",
    ),
    bin("ip.hdr", |v, _, _| part(v, |b| Some(0..transport(b)?)), "IP header with its options"),
    int("ip.proto", |v, _, _| number(v, |b| Some(protocol(b)?.0.into())), "protocol above IP"),
    addr("ip.src", |v, _, _| address_at(v, 12, 8), "source address"),
    int("ip.tos", |v, _, _| number(v, tos), "type of service"),
    int("ip.ttl", |v, _, _| number(v, |b| Some(ttl(b)?.into())), "time to live"),
    int("ip.ver", |v, _, _| number(v, |b| Some(version(b)?.into())), "version"),
    int("tcp.dst", |v, _, _| number(v, |b| word(b, 2)), "destination port"),
    int("tcp.flags", |v, _, _| number(v, |b| b.get(13).map(|byte| (*byte).into())), "flags"),
    int(
        "tcp.options.mss",
        |v, _, _| number(v, |b| Some(option(b, 2)?.and_then(|o| word(o, 0)).unwrap_or(0))),
        "maximum segment size, or 0",
    ),
    int(
        "tcp.options.sack",
        |v, _, _| number(v, |b| Some(option(b, 4)?.is_some().into())),
        "selective acknowledgement is offered",
    ),
    int(
        "tcp.options.tsopt",
        |v, _, _| number(v, |b| Some(option(b, 8)?.is_some().into())),
        "timestamps are offered",
    ),
    int("tcp.options.tsval", |v, _, _| number(v, |b| long(option(b, 8)??, 0)), "timestamp"),
    int(
        "tcp.options.wscale",
        |v, _, _| number(v, |b| Some(window_scale(b)?.unwrap_or(0).into())),
        "window scale, or 0",
    ),
    int(
        "tcp.options.wsopt",
        |v, _, _| number(v, |b| Some(window_scale(b)?.is_some().into())),
        "window scaling is offered",
    ),
    bin("tcp.options_list", |v, _, _| options_list(v), "kinds of all options"),
    int("tcp.seq", |v, _, _| number(v, |b| long(b, 4)), "sequence number"),
    int("tcp.src", |v, _, _| number(v, |b| word(b, 0)), "source port"),
    int("tcp.win", |v, _, _| number(v, |b| word(b, 14)), "window"),
];

fn ipmask<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let v4 = match value {
        Value::Ipv4(address) => Some(address),
        Value::Ipv6(address) => address.to_ipv4_mapped(),
        _ => return Got::Missing,
    };
    match (v4, value, arg::at(args, 0), arg::at(args, 1)) {
        (Some(address), _, Arg::Ipv4(mask), _) => {
            Got::Is(Value::Ipv4(Ipv4Addr::from(u32::from(address) & u32::from(*mask))))
        }
        (None, Value::Ipv6(address), _, Arg::Ipv6(mask)) => {
            Got::Is(Value::Ipv6(Ipv6Addr::from(u128::from(address) & u128::from(*mask))))
        }
        _ => Got::Missing,
    }
}

fn part<'a>(value: Value<'a>, find: fn(&[u8]) -> Option<std::ops::Range<usize>>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let range = find(&bytes).filter(|range| range.start <= range.end && range.end <= bytes.len());
    range.map(|range| Value::Bin(bytes.piece(range))).into()
}

fn number<'a>(value: Value<'a>, find: fn(&[u8]) -> Option<i64>) -> Got<Value<'a>> {
    find(&bytes_of(value)).map(Value::Int).into()
}

fn word(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn long(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)))
}

/// Protocol, length of the header with VLAN tags, last VLAN.
fn ether(bytes: &[u8]) -> Option<(i64, usize, Option<i64>)> {
    let mut at = 12;
    let mut vlan = None;
    loop {
        let kind = word(bytes, at)?;
        if kind != 0x8100 && kind != 0x88a8 {
            return Some((kind, at + 2, vlan));
        }
        vlan = Some(word(bytes, at + 2)? & 0xfff);
        at += 4;
    }
}

fn version(bytes: &[u8]) -> Option<u8> {
    match bytes.first()? >> 4 {
        4 if bytes.len() >= 20 => Some(4),
        6 if bytes.len() >= 40 => Some(6),
        _ => None,
    }
}

/// Transport protocol and where its header begins; IPv6 extension headers are walked (RFC 8200 §4).
fn protocol(bytes: &[u8]) -> Option<(u8, usize)> {
    if version(bytes)? == 4 {
        let length = usize::from(bytes[0] & 15) * 4;
        return (20..=bytes.len()).contains(&length).then_some((bytes[9], length));
    }
    let mut next = bytes[6];
    let mut at = 40;
    while matches!(next, 0 | 43 | 44 | 51 | 60) {
        let (after, units) = (*bytes.get(at)?, usize::from(*bytes.get(at + 1)?));
        at += match next {
            44 => 8,
            51 => (units + 2) * 4,
            _ => (units + 1) * 8,
        };
        next = after;
    }
    (at <= bytes.len()).then_some((next, at))
}

fn transport(bytes: &[u8]) -> Option<usize> {
    protocol(bytes).map(|(_, at)| at)
}

fn do_not_fragment(bytes: &[u8]) -> Option<i64> {
    Some(if version(bytes)? == 6 { 1 } else { i64::from(bytes[6] >> 6 & 1) })
}

fn tos(bytes: &[u8]) -> Option<i64> {
    Some(if version(bytes)? == 4 { bytes[1].into() } else { word(bytes, 0)? >> 4 & 0xff })
}

fn ttl(bytes: &[u8]) -> Option<u8> {
    bytes.get(if version(bytes)? == 4 { 8 } else { 7 }).copied()
}

fn address_at<'a>(value: Value<'a>, at_v4: usize, at_v6: usize) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let find = || {
        if version(&bytes)? == 4 {
            return Some(Value::Ipv4(Ipv4Addr::from(
                <[u8; 4]>::try_from(bytes.get(at_v4..at_v4 + 4)?).ok()?,
            )));
        }
        Some(Value::Ipv6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(at_v6..at_v6 + 16)?).ok()?)))
    };
    find().into()
}

/// Options of a TCP header as kind and value; stops where they are malformed.
fn options(bytes: &[u8]) -> Option<impl Iterator<Item = (u8, &[u8])>> {
    let length = usize::from(bytes.get(12)? >> 4) * 4;
    let mut rest = bytes.get(20..length.min(bytes.len())).unwrap_or_default();
    Some(std::iter::from_fn(move || {
        let (kind, after) = rest.split_first()?;
        match kind {
            0 => None,
            1 => {
                rest = after;
                Some((1, &after[..0]))
            }
            _ => {
                let size = usize::from(*after.first()?);
                let value = rest.get(2..size)?;
                rest = &rest[size..];
                Some((*kind, value))
            }
        }
    }))
}

/// Value of an option; the outer None means that there is no TCP header.
fn option(bytes: &[u8], wanted: u8) -> Option<Option<&[u8]>> {
    Some(options(bytes)?.find(|(kind, _)| *kind == wanted).map(|(_, value)| value))
}

fn window_scale(bytes: &[u8]) -> Option<Option<u8>> {
    Some(option(bytes, 3)?.and_then(|value| value.first().copied()))
}

fn options_list<'a>(value: Value<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let kinds: Option<Vec<u8>> = options(&bytes).map(|all| all.map(|(kind, _)| kind).collect());
    kinds.map(|kinds| Value::Bin(Bytes::Owned(kinds))).into()
}

/// Eight bytes of invariants, and by mode TTL (1), option kinds (2), source address (4) (manual §7.3.1, `ip.fp`).
fn fingerprint<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    fingerprint_of(&bytes, arg::int_at(args, 0, 0)).map(|out| Value::Bin(Bytes::Owned(out))).into()
}

fn fingerprint_of(bytes: &[u8], mode: i64) -> Option<Vec<u8>> {
    let (kind, at) = protocol(bytes)?;
    let tcp = bytes.get(at..).filter(|tcp| kind == 6 && tcp.len() >= 20)?;
    let six = version(bytes)? == 6;
    let header = usize::from(tcp[12] >> 4) * 4;
    let distance = match ttl(bytes)? {
        0..=32 => 0,
        33..=64 => 1,
        65..=128 => 2,
        129..=255 => 3,
    };
    let has_options = if six { at > 40 } else { at > 20 };
    let flags = u8::from(six) << 7
        | (do_not_fragment(bytes)? as u8) << 6
        | distance << 4
        | u8::from(has_options) << 3
        | u8::from(tcp.len() > header) << 2
        // CWR and ECE are the two highest flags of TCP
        | tcp[13] >> 6;
    let scale = window_scale(tcp)?.map_or(0, |scale| scale.min(14) + 1);
    let mss = option(tcp, 2)?.and_then(|value| word(value, 0)).unwrap_or(0) as u16;
    let kinds: Vec<u8> = options(tcp)?.map(|(kind, _)| kind).collect();
    let present = kinds.iter().fold(0u8, |bits, kind| match kind {
        2..=8 => bits | 1 << (kind - 2),
        9..=255 => bits | 0x80,
        0 | 1 => bits,
    });
    let mut out = vec![tos(bytes)? as u8, flags, (tcp[12] & 0xf0) | scale, tcp[14], tcp[15]];
    out.extend_from_slice(&mss.to_be_bytes());
    out.push(present);
    if mode & 1 != 0 {
        out.push(ttl(bytes)?);
    }
    if mode & 2 != 0 {
        out.extend_from_slice(&kinds);
    }
    if mode & 4 != 0 {
        out.extend_from_slice(if six { bytes.get(8..24)? } else { bytes.get(12..16)? });
    }
    Some(out)
}
