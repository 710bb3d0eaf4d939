//! Fields of protocol buffer, gRPC, FIX and MQTT messages.

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::bytes_of;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Converter, opt, req};
use crate::value::{Bytes, Type, Value};

const PROTOBUF: &[ArgSpec] = &[req(ArgKind::Protobuf), opt(ArgKind::Str)];

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "protobuf",
        PROTOBUF,
        Type::Bin,
        Type::Bin,
        protobuf,
        "field of a protocol buffer message",
    )
    .checked(check_kind),
    Converter::new("ungrpc", PROTOBUF, Type::Bin, Type::Bin, ungrpc, "field of a gRPC message")
        .checked(check_kind),
    Converter::new("fix_is_valid", &[], Type::Bin, Type::Bool, fix_is_valid, "the bytes are a FIX message"),
    Converter::new(
        "fix_tag_value",
        &[req(ArgKind::Str)],
        Type::Bin,
        Type::Bin,
        fix_tag_value,
        "value of a FIX tag",
    )
    .checked(check_tag),
];

/// Types of protocol buffer fields: wire type, and how its bits become a number.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    wire: u64,
    number: fn(u64) -> i64,
}

const fn kind(name: &'static str, wire: u64, number: fn(u64) -> i64) -> Kind {
    Kind { name, wire, number }
}

const KINDS: &[Kind] = &[
    kind("int32", 0, |bits| i64::from(bits as i32)),
    kind("uint32", 0, |bits| i64::from(bits as u32)),
    kind("sint32", 0, zigzag),
    kind("int64", 0, |bits| bits as i64),
    kind("uint64", 0, |bits| bits as i64),
    kind("sint64", 0, zigzag),
    kind("bool", 0, |bits| i64::from(bits != 0)),
    kind("enum", 0, |bits| bits as i64),
    kind("fixed64", 1, |bits| bits as i64),
    kind("sfixed64", 1, |bits| bits as i64),
    kind("double", 1, |bits| f64::from_bits(bits) as i64),
    kind("fixed32", 5, |bits| i64::from(bits as u32)),
    kind("sfixed32", 5, |bits| i64::from(bits as u32 as i32)),
    kind("float", 5, |bits| f32::from_bits(bits as u32) as i64),
];

fn zigzag(bits: u64) -> i64 {
    (bits >> 1) as i64 ^ -((bits & 1) as i64)
}

fn check_kind(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 1).is_empty() {
        args.truncate(1);
        return Ok(());
    }
    let name = String::from_utf8_lossy(arg::text_at(args, 1)).into_owned();
    match KINDS.iter().position(|kind| kind.name == name) {
        Some(at) => {
            args[1] = Arg::Int(at as i64);
            Ok(())
        }
        None => Err(Fault::new(format!("Wrong protocol buffer type '{name}'"))),
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A field's wire type, its bits when it is a number, and the bytes it takes.
struct Field {
    wire: u64,
    bits: u64,
    range: std::ops::Range<usize>,
}

/// The first field of a number (protocol buffers' encoding: key, then a value by wire type).
fn find(bytes: &[u8], wanted: u64) -> Option<Field> {
    let mut at = 0;
    while at < bytes.len() {
        let key = varint(bytes, &mut at)?;
        let start = at;
        let wire = key & 7;
        let (bits, range) = match wire {
            0 => {
                let bits = varint(bytes, &mut at)?;
                (bits, start..at)
            }
            1 => {
                at += 8;
                (u64::from_le_bytes(bytes.get(start..at)?.try_into().ok()?), start..at)
            }
            2 => {
                let length = usize::try_from(varint(bytes, &mut at)?).ok()?;
                let from = at;
                at = at.checked_add(length).filter(|end| *end <= bytes.len())?;
                (0, from..at)
            }
            5 => {
                at += 4;
                (u32::from_le_bytes(bytes.get(start..at)?.try_into().ok()?).into(), start..at)
            }
            _ => return None,
        };
        if key >> 3 == wanted {
            return Some(Field { wire, bits, range });
        }
    }
    None
}

/// Follows field numbers through nested messages.
fn follow(bytes: &[u8], path: &[u64]) -> Option<Field> {
    let (first, rest) = path.split_first()?;
    let field = find(bytes, *first)?;
    if rest.is_empty() {
        return Some(field);
    }
    let start = field.range.start;
    let mut inner = follow(bytes.get(field.range).filter(|_| field.wire == 2)?, rest)?;
    inner.range = inner.range.start + start..inner.range.end + start;
    Some(inner)
}

fn extract<'a>(bytes: Bytes<'a>, args: &'a [Arg]) -> Got<Value<'a>> {
    let Arg::Path(path) = arg::at(args, 0) else { return Got::Missing };
    let Some(field) = follow(&bytes, path) else { return Got::Missing };
    match arg::at(args, 1).int().and_then(|at| KINDS.get(at as usize)) {
        None => Got::Is(Value::Bin(bytes.piece(field.range))),
        Some(kind) if kind.wire == field.wire => Got::Is(Value::Int((kind.number)(field.bits))),
        Some(_) => Got::Missing,
    }
}

fn protobuf<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    extract(bytes_of(value), args)
}

/// A compressed flag and a length stand before each gRPC message.
const GRPC_HEADER_BYTES: usize = 5;

fn ungrpc<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let Arg::Path(path) = arg::at(args, 0) else { return Got::Missing };
    let bytes = bytes_of(value);
    let mut start = 0;
    while let Some(head) = bytes.get(start..start + GRPC_HEADER_BYTES) {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let from = start + GRPC_HEADER_BYTES;
        let to = from.saturating_add(length).min(bytes.len());
        if follow(&bytes[from..to], path).is_some() {
            return extract(bytes.piece(from..to), args);
        }
        start = from.saturating_add(length);
    }
    Got::Missing
}

const FIX_DELIMITER: u8 = 1;
const FIX_TAGS: [(&str, &str); 6] = [
    ("BeginString", "8"),
    ("BodyLength", "9"),
    ("MsgType", "35"),
    ("SenderCompID", "49"),
    ("TargetCompID", "56"),
    ("CheckSum", "10"),
];
const FIX_VERSIONS: [&[u8]; 6] = [b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];

fn check_tag(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let number =
        FIX_TAGS.iter().find(|(known, _)| *known == name).map_or(name.as_str(), |(_, number)| number);
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::new(format!("Tag '{name}' not found")));
    }
    args[0] = Arg::Str(number.as_bytes().into());
    Ok(())
}

/// Tag, value, and where the field begins. A field without its delimiter is not there yet.
fn fix_fields(bytes: &[u8]) -> impl Iterator<Item = Option<(&[u8], &[u8], usize)>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let from = start;
        let Some(length) = memchr::memchr(FIX_DELIMITER, &bytes[from..]) else {
            start = bytes.len();
            return Some(None);
        };
        start = from + length + 1;
        let field = &bytes[from..from + length];
        let equals = memchr::memchr(b'=', field)?;
        Some(Some((&field[..equals], &field[equals + 1..], from)))
    })
}

fn fix_tag_value<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let wanted = arg::text_at(args, 0);
    let mut end = false;
    let range = fix_fields(&bytes).find_map(|field| match field {
        None => {
            end = true;
            None
        }
        Some((tag, text, from)) => {
            let start = from + tag.len() + 1;
            (tag == wanted).then_some(start..start + text.len())
        }
    });
    match range {
        Some(range) => Got::Is(Value::Bin(bytes.piece(range))),
        None if end => Got::Pending,
        None => Got::Missing,
    }
}

fn fix_is_valid<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    match fix_check(&bytes) {
        Got::Pending => Got::Pending,
        found => Got::Is(Value::Bool(found == Got::Is(()))),
    }
}

/// BeginString, BodyLength and MsgType first, CheckSum last, all of them right.
fn fix_check(bytes: &[u8]) -> Got<()> {
    let mut body_start = 0;
    for (index, field) in fix_fields(bytes).enumerate() {
        let Some((tag, text, from)) = field else { return Got::Pending };
        if tag.is_empty() || text.is_empty() || !tag.iter().all(u8::is_ascii_digit) {
            return Got::Missing;
        }
        let number = crate::cast::leading_int(text).unwrap_or(-1);
        match (index, tag) {
            (0, b"8") if FIX_VERSIONS.contains(&text) => {}
            (1, b"9") => body_start = from + tag.len() + 1 + text.len() + 1,
            (2, b"35") => {}
            (0..=2, _) => return Got::Missing,
            (_, b"10") => {
                let sum = bytes[..from].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                let length = fix_fields(bytes)
                    .flatten()
                    .nth(1)
                    .and_then(|(_, text, _)| crate::cast::leading_int(text));
                let fits = number == i64::from(sum) && length == Some((from - body_start) as i64);
                return if fits { Got::Is(()) } else { Got::Missing };
            }
            _ => {}
        }
    }
    Got::Pending
}
