//! Parts and forms of texts.

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::{bytes_of, int_arg, owned, to_int_or_var};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, ConvertFn, Converter, opt, req};
use crate::value::{Bytes, Type, Value};

const CHARS: &[ArgSpec] = &[req(ArgKind::Str)];
const PLACE: &[ArgSpec] = &[req(ArgKind::Int), req(ArgKind::Str), opt(ArgKind::Int)];

const fn text(name: &'static str, args: &'static [ArgSpec], run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, args, Type::Str, Type::Str, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    text("lower", &[], lower, "letters become small"),
    text("upper", &[], upper, "letters become capital"),
    Converter::new("length", &[], Type::Str, Type::Sint, length, "number of bytes"),
    text("ltrim", CHARS, ltrim, "characters removed from the start"),
    text("rtrim", CHARS, rtrim, "characters removed from the end"),
    text("cut_crlf", &[], cut_crlf, "text up to the first line end"),
    text("field", PLACE, field, "parts between delimiters").checked(check_place),
    text("word", PLACE, word, "parts between runs of delimiters").checked(check_place),
    Converter::new(
        "bytes",
        &[req(ArgKind::Str), opt(ArgKind::Str)],
        Type::Bin,
        Type::Bin,
        bytes,
        "some of the bytes",
    )
    .checked(check_bytes),
    text("reverse", &[], reverse, "bytes in opposite order"),
    text("reverse_dom", &[], reverse_dom, "labels of a host name in opposite order"),
    text("host_only", &[], host_only, "host of a Host header, in small letters"),
    Converter::new(
        "port_only",
        &[],
        Type::Str,
        Type::Sint,
        port_only,
        "port of a Host header, 0 without one",
    ),
    Converter::new(
        "has_ctl",
        &[opt(ArgKind::Str)],
        Type::Bin,
        Type::Bool,
        has_ctl,
        "control characters are present",
    )
    .checked(check_mask),
    Converter::new(
        "iif",
        &[req(ArgKind::Str), req(ArgKind::Str)],
        Type::Bool,
        Type::Str,
        iif,
        "one of two texts",
    ),
];

fn lower<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Str(small(bytes_of(value))))
}

/// Small letters; no copy when they are small already.
fn small(text: Bytes<'_>) -> Bytes<'_> {
    if !text.iter().any(u8::is_ascii_uppercase) {
        return text;
    }
    let mut text = text.into_vec();
    text.make_ascii_lowercase();
    Bytes::Owned(text)
}

fn upper<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    if !text.iter().any(u8::is_ascii_lowercase) {
        return Got::Is(Value::Str(text));
    }
    let mut text = text.into_vec();
    text.make_ascii_uppercase();
    Got::Is(owned(text))
}

fn length<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Int(bytes_of(value).len() as i64))
}

fn ltrim<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let (text, chars) = (bytes_of(value), arg::text_at(args, 0));
    let start = text.iter().position(|byte| !chars.contains(byte)).unwrap_or(text.len());
    let end = text.len();
    Got::Is(Value::Str(text.piece(start..end)))
}

fn rtrim<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let (text, chars) = (bytes_of(value), arg::text_at(args, 0));
    let end = text.iter().rposition(|byte| !chars.contains(byte)).map_or(0, |last| last + 1);
    Got::Is(Value::Str(text.piece(0..end)))
}

fn cut_crlf<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let end = memchr::memchr2(b'\r', b'\n', &text).unwrap_or(text.len());
    Got::Is(Value::Str(text.piece(0..end)))
}

fn check_place(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::int_at(args, 0, 0) == 0 {
        return Err(Fault::new("Unexpected value 0 for index"));
    }
    if arg::text_at(args, 1).is_empty() {
        return Err(Fault::new("Empty separators list"));
    }
    Ok(())
}

/// Counts what is delimited, or finds the ends of one of them.
fn parts(text: &[u8], delimiters: &[u8], skip_empty: bool, mut visit: impl FnMut(usize, usize)) {
    let mut start = 0;
    for (index, byte) in text.iter().enumerate() {
        if delimiters.contains(byte) {
            if !skip_empty || index > start {
                visit(start, index);
            }
            start = index + 1;
        }
    }
    if !skip_empty || start < text.len() {
        visit(start, text.len());
    }
}

/// Bytes of `count` parts from the one at `index` on; to the left when the index counts from the end.
fn select(text: &[u8], args: &[Arg], skip_empty: bool) -> Option<std::ops::Range<usize>> {
    let (index, delimiters, count) =
        (arg::int_at(args, 0, 1), arg::text_at(args, 1), arg::int_at(args, 2, 1));
    let mut total = 0i64;
    parts(text, delimiters, skip_empty, |_, _| total += 1);
    let (first, last) = match (index > 0, count <= 0) {
        (true, true) => (index - 1, i64::MAX),
        (true, false) => (index - 1, index.saturating_add(count) - 2),
        (false, true) => (i64::MIN, total + index),
        (false, false) => ((total + index).saturating_sub(count - 1), total + index),
    };
    if first >= total || last < 0 {
        return None;
    }
    // an open end takes the delimiters beyond it along
    let (mut start, mut end) = (0, text.len());
    let mut number = 0;
    parts(text, delimiters, skip_empty, |from, to| {
        if number == first || (number == 0 && first < 0 && first != i64::MIN) {
            start = from;
        }
        if number == last || (number == total - 1 && last >= total && last != i64::MAX) {
            end = to;
        }
        number += 1;
    });
    Some(start..end)
}

fn field<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    select(&text, args, false).map(|range| Value::Str(text.piece(range))).into()
}

fn word<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    select(&text, args, true).map(|range| Value::Str(text.piece(range))).into()
}

fn check_bytes(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    (0..args.len()).try_for_each(|index| to_int_or_var(args, index, cx))
}

fn bytes<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let empty = Got::Is(Value::Bin(Bytes::Ref(b"")));
    let Some(Ok(start)) = int_arg(args, 0, cx).map(usize::try_from) else { return empty };
    if start >= bytes.len() {
        return empty;
    }
    let length = match arg::at(args, 1) {
        Arg::None => bytes.len() - start,
        _ => match int_arg(args, 1, cx).map(usize::try_from) {
            Some(Ok(length)) => length.min(bytes.len() - start),
            _ => return empty,
        },
    };
    Got::Is(Value::Bin(bytes.piece(start..start + length)))
}

fn reverse<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let mut text = bytes_of(value).into_vec();
    text.reverse();
    Got::Is(owned(text))
}

fn reverse_dom<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let name = text.strip_suffix(b".").unwrap_or(&text);
    let mut out = Vec::with_capacity(name.len());
    for label in name.rsplit(|byte| *byte == b'.') {
        if label.is_empty() {
            return Got::Missing;
        }
        if !out.is_empty() {
            out.push(b'.');
        }
        out.extend_from_slice(label);
    }
    Got::Is(owned(out))
}

/// Where the port's colon stands; an IPv6 address has its colons between brackets.
fn port_colon(host: &[u8]) -> Option<usize> {
    let after = memchr::memrchr(b']', host).map_or(0, |at| at + 1);
    memchr::memrchr(b':', &host[after..]).map(|at| after + at)
}

fn host_only<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let end = port_colon(&text).unwrap_or(text.len());
    Got::Is(Value::Str(small(text.piece(0..end))))
}

fn port_only<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    // every byte counts as a digit, as in the original: who wants to know whether it is one asks with a regex
    let port = port_colon(&text).map_or(&b""[..], |at| &text[at + 1..]).iter().fold(0u32, |port, byte| {
        port.wrapping_mul(10).wrapping_add(u32::from(*byte)).wrapping_sub(u32::from(b'0'))
    });
    Got::Is(Value::Int(port.into()))
}

/// All control characters but the tab.
const CONTROLS: i64 = 0x1_FFFF_FDFF;

fn check_mask(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let Some(text) = args.first().and_then(Arg::text) else { return Ok(()) };
    let text = String::from_utf8_lossy(text).into_owned();
    let mask = match text.as_str() {
        "" => CONTROLS,
        "any" => 0x1_FFFF_FFFF,
        "http" => 0x2401,
        other => {
            let parsed = match other.strip_prefix("0x") {
                Some(digits) => i64::from_str_radix(digits, 16),
                None => other.parse(),
            };
            match parsed {
                Ok(mask) if (0..=0x1_FFFF_FFFF).contains(&mask) => mask,
                _ => return Err(Fault::new(format!("invalid control character mask '{other}'"))),
            }
        }
    };
    args[0] = Arg::Int(mask);
    Ok(())
}

fn has_ctl<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let mask = arg::int_at(args, 0, CONTROLS);
    let wanted = |byte: &u8| match byte {
        0..=31 => mask >> byte & 1 == 1,
        127 => mask >> 32 & 1 == 1,
        _ => false,
    };
    Got::Is(Value::Bool(bytes_of(value).iter().any(wanted)))
}

fn iif<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let index = usize::from(!matches!(value, Value::Bool(true)));
    Got::Is(Value::text(arg::text_at(args, index)))
}
