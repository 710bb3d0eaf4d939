//! Bytes as text and back: base64, hexadecimal, binary, decimal.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::{bytes_of, owned};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Converter, opt, req};
use crate::value::{Bytes, Type, Value};

const CHUNKS: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Int), opt(ArgKind::Int)];

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new("base64", &[], Type::Bin, Type::Str, base64, "bytes as base64"),
    Converter::new("b64dec", &[], Type::Str, Type::Bin, b64dec, "base64 undone"),
    Converter::new("ub64enc", &[], Type::Bin, Type::Str, ub64enc, "bytes as base64url without padding"),
    Converter::new("ub64dec", &[], Type::Str, Type::Bin, ub64dec, "base64url undone"),
    Converter::new("hex", &[], Type::Bin, Type::Str, hex, "bytes as hexadecimal digits"),
    Converter::new("hex2i", &[], Type::Str, Type::Sint, hex2i, "hexadecimal digits as a number"),
    Converter::new("base2", &[], Type::Bin, Type::Str, base2, "bytes as binary digits"),
    Converter::new("be2hex", CHUNKS, Type::Bin, Type::Str, be2hex, "bytes as hexadecimal digits in groups")
        .checked(check_be2hex),
    Converter::new(
        "be2dec",
        CHUNKS,
        Type::Bin,
        Type::Str,
        be2dec,
        "groups of bytes as numbers, high byte first",
    )
    .checked(check_2dec),
    Converter::new(
        "le2dec",
        CHUNKS,
        Type::Bin,
        Type::Str,
        le2dec,
        "groups of bytes as numbers, low byte first",
    )
    .checked(check_2dec),
];

const STANDARD: GeneralPurpose = base64::engine::general_purpose::STANDARD;
const URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
const STANDARD_LOOSE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Decodes standard base64 with padding.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD_LOOSE.decode(text).ok()
}

/// Decodes base64url, with or without padding.
pub(crate) fn decode_base64url(text: &[u8]) -> Option<Vec<u8>> {
    URL.decode(text).ok()
}

/// Encodes as base64 with padding.
pub(crate) fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    STANDARD.encode(bytes).into_bytes()
}

fn base64<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(owned(encode_base64(&bytes_of(value))))
}

fn b64dec<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    decode_base64(&bytes_of(value)).map(|bytes| Value::Bin(Bytes::Owned(bytes))).into()
}

fn ub64enc<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(owned(URL.encode(&*bytes_of(value)).into_bytes()))
}

fn ub64dec<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    decode_base64url(&bytes_of(value)).map(|bytes| Value::Bin(Bytes::Owned(bytes))).into()
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn push_hex(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn hex<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let mut out = Vec::with_capacity(bytes.len() * 2);
    bytes.iter().for_each(|byte| push_hex(*byte, &mut out));
    Got::Is(owned(out))
}

/// Digits beyond 64 bits push the first ones out.
fn hex2i<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let mut number = 0u64;
    for byte in bytes_of(value).iter() {
        let Some(digit) = char::from(*byte).to_digit(16) else { return Got::Missing };
        number = number << 4 | u64::from(digit);
    }
    Got::Is(Value::Int(number as i64))
}

fn base2<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let mut out = Vec::with_capacity(bytes.len() * 8);
    for byte in bytes.iter() {
        out.extend((0..8).rev().map(|bit| b'0' + (byte >> bit & 1)));
    }
    Got::Is(owned(out))
}

fn check_be2hex(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let (separator, chunk) = (arg::text_at(args, 0), arg::int_at(args, 1, 1));
    if chunk < 1 && !(args.len() < 2 || separator.is_empty()) {
        return Err(Fault::new(format!("chunk_size needs to be positive ({chunk})")));
    }
    Ok(())
}

fn check_2dec(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let chunk = arg::int_at(args, 1, 0);
    if !(1..=8).contains(&chunk) {
        return Err(Fault::new(format!("chunk_size out of [1..8] range ({chunk})")));
    }
    match arg::int_at(args, 2, 0) {
        0 | 1 => Ok(()),
        other => Err(Fault::new(format!("Unsupported truncate value ({other})"))),
    }
}

/// Groups of bytes written one after the other, the separator between them.
fn grouped(bytes: &[u8], args: &[Arg], mut write: impl FnMut(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let size = usize::try_from(arg::int_at(args, 1, 1)).unwrap_or(1).max(1);
    let truncate = arg::int_at(args, 2, 0) != 0;
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for chunk in bytes.chunks(size).take_while(|chunk| !truncate || chunk.len() == size) {
        if !out.is_empty() {
            out.extend_from_slice(arg::text_at(args, 0));
        }
        write(chunk, &mut out);
    }
    out
}

fn be2hex<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let write = |chunk: &[u8], out: &mut Vec<u8>| chunk.iter().for_each(|byte| push_hex(*byte, out));
    Got::Is(owned(grouped(&bytes_of(value), args, write)))
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn be2dec<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let write = |chunk: &[u8], out: &mut Vec<u8>| {
        push_number(chunk.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), out);
    };
    Got::Is(owned(grouped(&bytes_of(value), args, write)))
}

fn le2dec<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let write = |chunk: &[u8], out: &mut Vec<u8>| {
        push_number(chunk.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)), out);
    };
    Got::Is(owned(grouped(&bytes_of(value), args, write)))
}
