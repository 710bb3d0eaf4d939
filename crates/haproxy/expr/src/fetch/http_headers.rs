//! Header fields of both messages (manual §7.3.6).

use haproxy_http::{Field, FieldId, Fields};

use crate::address;
use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cast;
use crate::cx::{Cx, Direction};
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{Fetch, Walk, opt};
use crate::value::{Bytes, Type, Value};

const NAME: &[crate::row::ArgSpec] = &[opt(ArgKind::Str)];
const NAME_AND_NUMBER: &[crate::row::ArgSpec] = &[opt(ArgKind::Str), opt(ArgKind::Int)];
const REQ: Use = Use::REQUEST_HEADERS;
const RES: Use = Use::RESPONSE_HEADERS;

const fn row(
    name: &'static str,
    args: &'static [crate::row::ArgSpec],
    out: Type,
    at: Use,
    run: crate::row::FetchFn,
    doc: &'static str,
) -> Fetch {
    Fetch::new(name, args, out, at, run, doc).checked(check_name)
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    row("req.hdr", NAME_AND_NUMBER, Type::Str, REQ, hdr::<Req>, "value of a request header, split on commas"),
    row("hdr", NAME_AND_NUMBER, Type::Str, REQ.or(RES), hdr::<Either>, "value of a header, split on commas"),
    row(
        "res.hdr",
        NAME_AND_NUMBER,
        Type::Str,
        RES,
        hdr::<Res>,
        "value of a response header, split on commas",
    ),
    row("shdr", NAME_AND_NUMBER, Type::Str, RES, hdr::<Res>, "value of a response header, split on commas"),
    row("req.fhdr", NAME_AND_NUMBER, Type::Str, REQ, fhdr::<Req>, "whole value of a request header"),
    row("res.fhdr", NAME_AND_NUMBER, Type::Str, RES, fhdr::<Res>, "whole value of a response header"),
    row("req.hdr_cnt", NAME, Type::Sint, REQ, hdr_cnt::<Req>, "number of values of a request header"),
    row("hdr_cnt", NAME, Type::Sint, REQ, hdr_cnt::<Req>, "number of values of a request header"),
    row("res.hdr_cnt", NAME, Type::Sint, RES, hdr_cnt::<Res>, "number of values of a response header"),
    row("shdr_cnt", NAME, Type::Sint, RES, hdr_cnt::<Res>, "number of values of a response header"),
    row("req.fhdr_cnt", NAME, Type::Sint, REQ, fhdr_cnt::<Req>, "number of lines of a request header"),
    row("res.fhdr_cnt", NAME, Type::Sint, RES, fhdr_cnt::<Res>, "number of lines of a response header"),
    row("req.hdr_ip", NAME_AND_NUMBER, Type::Addr, REQ, hdr_ip::<Req>, "address in a request header"),
    row("hdr_ip", NAME_AND_NUMBER, Type::Addr, REQ, hdr_ip::<Req>, "address in a request header"),
    row("res.hdr_ip", NAME_AND_NUMBER, Type::Addr, RES, hdr_ip::<Res>, "address in a response header"),
    row("shdr_ip", NAME_AND_NUMBER, Type::Addr, RES, hdr_ip::<Res>, "address in a response header"),
    row("req.hdr_val", NAME_AND_NUMBER, Type::Sint, REQ, hdr_val::<Req>, "number in a request header"),
    row("hdr_val", NAME_AND_NUMBER, Type::Sint, REQ, hdr_val::<Req>, "number in a request header"),
    row("res.hdr_val", NAME_AND_NUMBER, Type::Sint, RES, hdr_val::<Res>, "number in a response header"),
    row("shdr_val", NAME_AND_NUMBER, Type::Sint, RES, hdr_val::<Res>, "number in a response header"),
    Fetch::new("req.hdr_names", NAME, Type::Str, REQ, hdr_names::<Req>, "names of all request headers"),
    Fetch::new("res.hdr_names", NAME, Type::Str, RES, hdr_names::<Res>, "names of all response headers"),
    Fetch::new(
        "req.hdrs",
        &[],
        Type::Bin,
        REQ,
        hdrs::<Req>,
        "all request headers as text, with the empty line",
    ),
    Fetch::new(
        "res.hdrs",
        &[],
        Type::Bin,
        RES,
        hdrs::<Res>,
        "all response headers as text, with the empty line",
    ),
    Fetch::new(
        "req.hdrs_bin",
        &[],
        Type::Bin,
        REQ,
        hdrs_bin::<Req>,
        "all request headers as length-prefixed pairs",
    ),
    Fetch::new(
        "res.hdrs_bin",
        &[],
        Type::Bin,
        RES,
        hdrs_bin::<Res>,
        "all response headers as length-prefixed pairs",
    ),
];

/// Which message a row looks at.
pub(crate) trait Side {
    /// True for responses, false for requests, None when the rule set decides.
    const RESPONSE: Option<bool>;
    /// The message's fields, once its head is there.
    fn fields<'a>(cx: &Cx<'a>) -> Got<&'a Fields>;
}

/// The request.
pub(crate) struct Req;
/// The response.
pub(crate) struct Res;
/// The message the rule set looks at.
pub(crate) struct Either;

impl Side for Req {
    const RESPONSE: Option<bool> = Some(false);

    fn fields<'a>(cx: &Cx<'a>) -> Got<&'a Fields> {
        match cx.txn {
            Some(txn) if txn.has_request => Got::Is(&txn.request.fields),
            Some(_) if !cx.input.complete => Got::Pending,
            _ => Got::Missing,
        }
    }
}

impl Side for Res {
    const RESPONSE: Option<bool> = Some(true);

    fn fields<'a>(cx: &Cx<'a>) -> Got<&'a Fields> {
        match cx.txn {
            Some(txn) if txn.has_response => Got::Is(&txn.response.fields),
            Some(_) if cx.direction == Direction::Response && !cx.input.complete => Got::Pending,
            _ => Got::Missing,
        }
    }
}

impl Side for Either {
    const RESPONSE: Option<bool> = None;

    fn fields<'a>(cx: &Cx<'a>) -> Got<&'a Fields> {
        match cx.direction {
            Direction::Request => Req::fields(cx),
            Direction::Response => Res::fields(cx),
        }
    }
}

/// The greatest occurrence counted from the end: the original keeps so many.
const OCCURRENCES_MAX: i64 = 10;

pub(crate) fn check_name(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if let Some(name) = args.first().and_then(Arg::text) {
        let name = name.to_ascii_lowercase();
        args[0] = Arg::Field(FieldId::of(&name), name.into());
    }
    let occurrence = arg::int_at(args, 1, 0);
    if occurrence < -OCCURRENCES_MAX {
        return Err(Fault::new(format!("header occurrence must be >= {}", -OCCURRENCES_MAX)));
    }
    Ok(())
}

/// Fields of the wanted name, from field `from` on; an empty name means every field.
fn wanted<'a>(
    fields: &'a Fields,
    args: &'a [Arg],
    from: u32,
) -> impl DoubleEndedIterator<Item = Field<'a>> + Clone {
    let (id, name): (FieldId, &[u8]) = match arg::at(args, 0) {
        Arg::Field(id, name) => (*id, name),
        _ => (FieldId::Other, b""),
    };
    (from as usize..fields.len()).filter_map(move |index| fields.at(index)).filter(move |field| {
        name.is_empty() || (field.id == id && (id != FieldId::Other || field.name == name))
    })
}

/// The part of `value` at `offset` up to an unquoted comma, and where the next part begins.
fn part(value: &[u8], offset: usize) -> (&[u8], Option<usize>) {
    let mut quoted = false;
    let mut at = offset;
    while at < value.len() {
        match value[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b',' if !quoted => return (value[offset..at].trim_ascii(), Some(at + 1)),
            _ => {}
        }
        at += 1;
    }
    (value[offset.min(value.len())..].trim_ascii(), None)
}

/// All comma-separated values of a name, in order.
fn values<'a>(fields: &'a Fields, args: &'a [Arg]) -> impl Iterator<Item = &'a [u8]> {
    wanted(fields, args, 0).flat_map(|field| {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let (value, after) = part(field.value, next?);
            next = after;
            Some(value)
        })
    })
}

fn nth<'a>(mut values: impl Iterator<Item = &'a [u8]> + Clone, occurrence: i64) -> Option<&'a [u8]> {
    if occurrence > 0 {
        return values.nth(usize::try_from(occurrence - 1).ok()?);
    }
    let back = usize::try_from(-occurrence.min(-1)).ok()?;
    let count = values.clone().count();
    values.nth(count.checked_sub(back)?)
}

fn hdr<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).and_then(|fields| value_of(fields, args, walk).map(Value::text).into())
}

/// One value of a name: the walk's next one, the numbered one, or the last.
fn value_of<'a>(fields: &'a Fields, args: &'a [Arg], walk: &mut Walk) -> Option<&'a [u8]> {
    let occurrence = arg::int_at(args, 1, 0);
    if walk.all && occurrence == 0 {
        let field = wanted(fields, args, walk.field).next()?;
        let start = if field.index == walk.field as usize { walk.offset } else { 0 };
        let (value, after) = part(field.value, start as usize);
        match after {
            Some(after) => (walk.field, walk.offset) = (field.index as u32, after as u32),
            None => (walk.field, walk.offset) = (field.index as u32 + 1, 0),
        }
        walk.more = true;
        return Some(value);
    }
    if occurrence <= 0 {
        // from the end: the last line first, and within it the last part
        let mut left = -occurrence.min(-1);
        for field in wanted(fields, args, 0).rev() {
            let parts = count_parts(field.value);
            if left <= parts {
                let mut at = 0;
                for _ in 0..parts - left {
                    at = part(field.value, at).1?;
                }
                return Some(part(field.value, at).0);
            }
            left -= parts;
        }
        return None;
    }
    values(fields, args).nth(usize::try_from(occurrence - 1).ok()?)
}

fn count_parts(value: &[u8]) -> i64 {
    let mut count = 1;
    let mut at = 0;
    while let Some(after) = part(value, at).1 {
        count += 1;
        at = after;
    }
    count
}

fn fhdr<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).and_then(|fields| {
        let occurrence = arg::int_at(args, 1, 0);
        if walk.all && occurrence == 0 {
            let Some(field) = wanted(fields, args, walk.field).next() else { return Got::Missing };
            walk.field = field.index as u32 + 1;
            walk.more = true;
            return Got::Is(Value::text(field.value.trim_ascii()));
        }
        nth(wanted(fields, args, 0).map(|field| field.value.trim_ascii()), occurrence).map(Value::text).into()
    })
}

fn hdr_cnt<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).map(|fields| Value::Int(values(fields, args).count() as i64))
}

fn fhdr_cnt<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).map(|fields| Value::Int(wanted(fields, args, 0).count() as i64))
}

/// Values that are no address are passed over while walking.
fn hdr_ip<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).and_then(|fields| {
        loop {
            let Some(text) = value_of(fields, args, walk) else { return Got::Missing };
            if let Some(address) = address_in(text) {
                return Got::Is(address);
            }
            if !walk.all || arg::int_at(args, 1, 0) != 0 {
                return Got::Missing;
            }
        }
    })
}

/// An address as RFC 7239 writes it: an IPv6 one may stand in brackets, an IPv4 one may have a port.
fn address_in(text: &[u8]) -> Option<Value<'static>> {
    if let Some(address) = address::parse_ip(text) {
        return Some(cast::of_ip(address));
    }
    if let Some(inner) = text.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")) {
        return address::parse_ip(inner).filter(std::net::IpAddr::is_ipv6).map(cast::of_ip);
    }
    let colon = text.iter().position(|byte| *byte == b':')?;
    let port = std::str::from_utf8(&text[colon + 1..]).ok()?;
    port.parse::<u16>().ok()?;
    address::parse_ip(&text[..colon]).filter(std::net::IpAddr::is_ipv4).map(cast::of_ip)
}

fn hdr_val<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).and_then(|fields| {
        let text = value_of(fields, args, walk);
        text.map(|text| Value::Int(cast::loose_int(text).unwrap_or(0))).into()
    })
}

fn hdr_names<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).map(|fields| {
        let separator = arg::at(args, 0).text().and_then(|text| text.first()).copied().unwrap_or(b',');
        let mut out = Vec::new();
        for field in fields.iter() {
            if !out.is_empty() {
                out.push(separator);
            }
            out.extend_from_slice(field.name);
        }
        Value::Str(Bytes::Owned(out))
    })
}

fn hdrs<'a, S: Side>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).map(|fields| {
        let mut out = Vec::new();
        fields.write(&mut out);
        out.extend_from_slice(b"\r\n");
        Value::Bin(Bytes::Owned(out))
    })
}

/// Each name and value after its length (SPOP's variable-length integer), then two empty texts.
fn hdrs_bin<'a, S: Side>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    S::fields(cx).map(|fields| {
        let mut out = Vec::new();
        for field in fields.iter() {
            for text in [field.name, field.value] {
                push_varint(text.len() as u64, &mut out);
                out.extend_from_slice(text);
            }
        }
        out.extend_from_slice(&[0, 0]);
        Value::Bin(Bytes::Owned(out))
    })
}

/// SPOP's variable-length integer: below 240 one byte, else the low four bits and seven bits per further byte.
fn push_varint(number: u64, out: &mut Vec<u8>) {
    if number < 240 {
        return out.push(number as u8);
    }
    out.push(number as u8 | 240);
    let mut rest = (number - 240) >> 4;
    while rest >= 128 {
        out.push(rest as u8 | 128);
        rest = (rest - 128) >> 7;
    }
    out.push(rest as u8);
}
