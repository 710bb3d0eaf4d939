//! Substitution, escaping and choice: `regsub`, `json`, `language`, `param`, `url_*`.

use std::sync::Arc;

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::{bytes_of, owned};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::pattern::regex::Pattern;
use crate::row::{Converter, opt, req};
use crate::value::{Type, Value};

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "regsub",
        &[req(ArgKind::Regex), req(ArgKind::Str), opt(ArgKind::Str)],
        Type::Str,
        Type::Str,
        regsub,
        "what a regex matches, replaced",
    )
    .checked(check_regsub),
    Converter::new("json", &[req(ArgKind::Str)], Type::Str, Type::Str, json, "text escaped for JSON")
        .checked(check_json),
    Converter::new(
        "language",
        &[req(ArgKind::Str), opt(ArgKind::Str)],
        Type::Str,
        Type::Str,
        language,
        "preferred language of a list",
    ),
    Converter::new("url_dec", &[opt(ArgKind::Int)], Type::Str, Type::Str, url_dec, "percent-encoding undone"),
    Converter::new("url_enc", &[req(ArgKind::Str)], Type::Str, Type::Str, url_enc, "percent-encoding done")
        .checked(check_url_enc),
    Converter::new(
        "param",
        &[req(ArgKind::Str), opt(ArgKind::Str)],
        Type::Str,
        Type::Str,
        param,
        "a name's value",
    )
    .checked(check_param),
];

fn check_regsub(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let flags = String::from_utf8_lossy(arg::text_at(args, 2)).into_owned();
    if let Some(bad) = flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        return Err(Fault::new(format!("invalid regex flag '{bad}', only 'i' and 'g' are supported")));
    }
    let text = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let regex = Pattern::compile(&text, flags.contains('i'), true)
        .map_err(|fault| fault.within(|fault| format!("error in regex '{text}' : {fault}")))?;
    args[0] = Arg::Regex(Arc::new(regex));
    args.truncate(2);
    args.push(Arg::Int(i64::from(flags.contains('g'))));
    Ok(())
}

fn regsub<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let Arg::Regex(regex) = arg::at(args, 0) else { return Got::Missing };
    let text = bytes_of(value);
    match substitute(regex, &text, arg::text_at(args, 1), arg::int_at(args, 2, 0) != 0) {
        Some(changed) => Got::Is(owned(changed)),
        None => Got::Is(Value::Str(text)),
    }
}

/// The text with the first match, or every one, replaced; None when nothing matches.
pub fn substitute(regex: &Pattern, text: &[u8], template: &[u8], every: bool) -> Option<Vec<u8>> {
    let mut groups = regex.locations();
    let mut found = regex.find(&mut groups, text, 0);
    found?;
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    while let Some((start, end)) = found {
        out.extend_from_slice(&text[done..start]);
        Pattern::expand(&groups, text, template, &mut out);
        done = end;
        let mut next = end;
        if start == end {
            // an empty match lets one byte pass
            out.extend(text.get(end));
            done = (end + 1).min(text.len());
            next = end + 1;
        }
        if !every || next > text.len() {
            break;
        }
        found = regex.find(&mut groups, text, next);
    }
    out.extend_from_slice(&text[done..]);
    Some(out)
}

/// How `json` reads its input.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Coding {
    utf8: bool,
    permissive: bool,
    silent: bool,
}

const CODINGS: [(&[u8], Coding); 6] = [
    (b"", Coding { utf8: false, permissive: false, silent: false }),
    (b"ascii", Coding { utf8: false, permissive: false, silent: false }),
    (b"utf8", Coding { utf8: true, permissive: false, silent: false }),
    (b"utf8s", Coding { utf8: true, permissive: false, silent: true }),
    (b"utf8p", Coding { utf8: true, permissive: true, silent: false }),
    (b"utf8ps", Coding { utf8: true, permissive: true, silent: true }),
];

fn check_json(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let Some(at) = CODINGS.iter().position(|(name, _)| *name == arg::text_at(args, 0)) else {
        return Err(Fault::new(
            "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'",
        ));
    };
    args[0] = Arg::Int(at as i64);
    Ok(())
}

fn json<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let coding = CODINGS.get(arg::int_at(args, 0, 0) as usize).map_or(CODINGS[0].1, |(_, coding)| *coding);
    let text = bytes_of(value);
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut at = 0;
    while at < text.len() {
        let (code, length) = if coding.utf8 { decode(&text[at..]) } else { (Code::Good(text[at].into()), 1) };
        at += length;
        match code {
            Code::Good(point) if point <= 0xffff => push_json(point, &mut out),
            Code::Overlong(point) if coding.permissive && point <= 0xffff => push_json(point, &mut out),
            _ if coding.silent => {}
            _ => return Got::Missing,
        }
    }
    Got::Is(owned(out))
}

enum Code {
    Good(u32),
    Overlong(u32),
    Bad,
}

/// One code point and the bytes it took.
fn decode(text: &[u8]) -> (Code, usize) {
    let first = text[0];
    let (wanted, bits) = match first {
        0..=0x7f => return (Code::Good(first.into()), 1),
        0xc0..=0xdf => (2, u32::from(first & 0x1f)),
        0xe0..=0xef => (3, u32::from(first & 0x0f)),
        0xf0..=0xf7 => (4, u32::from(first & 0x07)),
        0xf8..=0xfb => (5, u32::from(first & 0x03)),
        0xfc..=0xfd => (6, u32::from(first & 0x01)),
        _ => return (Code::Bad, 1),
    };
    let mut point = bits;
    for taken in 1..wanted {
        match text.get(taken) {
            Some(byte) if byte & 0xc0 == 0x80 => point = point << 6 | u32::from(byte & 0x3f),
            _ => return (Code::Bad, taken),
        }
    }
    let least: u32 = match wanted {
        2 => 0x80,
        3 => 0x800,
        4 => 0x1_0000,
        5 => 0x20_0000,
        _ => 0x400_0000,
    };
    if point < least {
        return (Code::Overlong(point), wanted);
    }
    if (0xd800..=0xdfff).contains(&point) || point == 0xfffe || point == 0xffff || point > 0x10_ffff {
        return (Code::Bad, wanted);
    }
    (Code::Good(point), wanted)
}

fn push_json(point: u32, out: &mut Vec<u8>) {
    match point {
        0x22 | 0x5c | 0x2f => out.extend_from_slice(&[b'\\', point as u8]),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0d => out.extend_from_slice(b"\\r"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x20..=0x7e => out.push(point as u8),
        other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
    }
}

/// Values of `Accept-Language` against a list (RFC 9110 §12.5.4).
fn language<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let mut best: Option<(u32, &'a [u8])> = None;
    for entry in text.split(|byte| *byte == b',') {
        let mut pieces = entry.split(|byte| *byte == b';');
        let name = pieces.next().unwrap_or_default().trim_ascii();
        let weight = pieces.find_map(|piece| piece.trim_ascii().strip_prefix(b"q=")).map_or(1000, quality);
        if best.is_some_and(|(known, _)| weight <= known) || weight == 0 {
            continue;
        }
        let base = name.split(|byte| *byte == b'-').next().unwrap_or_default();
        let wanted = arg::text_at(args, 0).split(|byte| *byte == b';');
        let listed = wanted
            .clone()
            .find(|known| *known == name)
            .or_else(|| wanted.clone().find(|known| *known == base));
        if let Some(listed) = listed {
            best = Some((weight, listed));
        }
    }
    match best {
        Some((_, name)) => Got::Is(Value::text(name)),
        None => arg::at(args, 1).text().map(Value::text).into(),
    }
}

/// `0.5` in thousandths.
fn quality(text: &[u8]) -> u32 {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let mut value = digits.next().unwrap_or(1) * 1000;
    for scale in [100, 10, 1] {
        value += digits.next().unwrap_or(0) * scale;
    }
    value.min(1000)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn url_dec<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let mut in_form = arg::int_at(args, 0, 0) != 0;
    if memchr::memchr2(b'%', b'+', &text).is_none() {
        return Got::Is(Value::Str(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if in_form => out.push(b' '),
            b'%' => {
                let pair =
                    (bytes.next().copied().and_then(hex_digit), bytes.next().copied().and_then(hex_digit));
                let (Some(high), Some(low)) = pair else { return Got::Missing };
                out.push(high << 4 | low);
            }
            other => {
                in_form |= *other == b'?';
                out.push(*other);
            }
        }
    }
    Got::Is(owned(out))
}

fn check_url_enc(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    match arg::text_at(args, 0) {
        b"" | b"query" => Ok(()),
        _ => Err(Fault::new("Unexpected encode type. Allowed value is 'query'")),
    }
}

fn url_enc<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let text = bytes_of(value);
    if text.iter().all(plain) {
        return Got::Is(Value::Str(text));
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for byte in text.iter() {
        if plain(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    Got::Is(owned(out))
}

fn check_param(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let delimiter = match arg::text_at(args, 1) {
        b"" => b'&',
        [one] => *one,
        [b'0', b'x' | b'X', high, low] => match (hex_digit(*high), hex_digit(*low)) {
            (Some(high), Some(low)) => high << 4 | low,
            _ => return Err(Fault::new("Invalid delimiter")),
        },
        _ => {
            return Err(Fault::new(
                "Delimiter must be a single character or its hexadecimal code in the form 0xHH",
            ));
        }
    };
    args.truncate(1);
    args.push(Arg::Int(delimiter.into()));
    Ok(())
}

fn param<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let (text, name) = (bytes_of(value), arg::text_at(args, 0));
    let delimiter = arg::int_at(args, 1, i64::from(b'&')) as u8;
    let mut start = 0;
    while start <= text.len() {
        let end = memchr::memchr(delimiter, &text[start..]).map_or(text.len(), |length| start + length);
        let equals = memchr::memchr(b'=', &text[start..end]).map_or(end, |length| start + length);
        if &text[start..equals] == name {
            return Got::Is(Value::Str(text.piece((equals + 1).min(end)..end)));
        }
        start = end + 1;
    }
    Got::Missing
}
