//! Values as JSON or CBOR (manual §8.2.6, flags `json` and `cbor`).

use crate::cast;
use crate::logformat::text::{Flags, Out};
use crate::value::{Type, Value};

/// An item encoded by itself.
pub fn field(flags: Flags, kind: Option<Type>, out: &mut Vec<u8>, write: impl FnOnce(&mut Out<'_>)) {
    if flags.has(Flags::JSON) {
        return write(&mut Out::encoding(out, flags, kind.unwrap_or(Type::Any)));
    }
    let mut bytes = Vec::new();
    write(&mut Out::encoding(&mut bytes, flags, kind.unwrap_or(Type::Any)));
    push_cbor(flags, &bytes, out);
}

/// An object under construction.
pub struct Object<'o> {
    flags: Flags,
    out: &'o mut Vec<u8>,
    cbor: Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Opens it.
    pub fn begin(flags: Flags, out: &'o mut Vec<u8>) -> Object<'o> {
        let mut cbor = Vec::new();
        if flags.has(Flags::JSON) {
            out.extend_from_slice(b"{");
        } else {
            // a map of indefinite length: RFC 8949 §3.2.2
            cbor.push(0xbf);
        }
        Object { flags, out, cbor, empty: true }
    }

    /// Adds a member.
    pub fn member(&mut self, name: &str, kind: Option<Type>, write: impl FnOnce(&mut Out<'_>)) {
        let kind = kind.unwrap_or(Type::Any);
        if self.flags.has(Flags::JSON) {
            self.out.extend_from_slice(if self.empty { b"\"" } else { b", \"" });
            escape_json(name.as_bytes(), self.out);
            self.out.extend_from_slice(b"\": ");
            write(&mut Out::encoding(self.out, self.flags, kind));
        } else {
            cbor_text(name.as_bytes(), &mut self.cbor);
            write(&mut Out::encoding(&mut self.cbor, self.flags, kind));
        }
        self.empty = false;
    }

    /// Closes it.
    pub fn end(mut self) {
        if self.flags.has(Flags::JSON) {
            self.out.push(b'}');
        } else {
            self.cbor.push(0xff);
            push_cbor(self.flags, &self.cbor, self.out);
        }
    }
}

/// CBOR is shown as hexadecimal digits unless `bin` asks for the bytes.
fn push_cbor(flags: Flags, bytes: &[u8], out: &mut Vec<u8>) {
    if flags.has(Flags::BINARY) {
        return out.extend_from_slice(bytes);
    }
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

pub(super) fn none(flags: Flags, _kind: Type, out: &mut Vec<u8>) {
    if flags.has(Flags::JSON) {
        out.extend_from_slice(b"null");
    } else {
        out.push(0xf6);
    }
}

pub(super) fn int(flags: Flags, kind: Type, number: i64, out: &mut Vec<u8>) {
    match kind {
        Type::Bool => boolean(flags, number != 0, out),
        Type::Str => string(flags, itoa::Buffer::new().format(number).as_bytes(), out),
        _ => number_of(flags, number, out),
    }
}

pub(super) fn text(flags: Flags, kind: Option<Type>, text: &[u8], out: &mut Vec<u8>) {
    match kind.unwrap_or(Type::Any) {
        Type::Sint => number_of(flags, cast::leading_int(text).unwrap_or(0), out),
        Type::Bool => boolean(flags, cast::leading_int(text).unwrap_or(0) != 0, out),
        _ if text.is_empty() => none(flags, Type::Any, out),
        _ => string(flags, text, out),
    }
}

pub(super) fn value(flags: Flags, kind: Option<Type>, value: &Value<'_>, out: &mut Vec<u8>) {
    match (kind.unwrap_or(Type::Any), value) {
        (Type::Any, Value::Bool(holds)) => boolean(flags, *holds, out),
        (wanted, Value::Int(number)) => int(flags, wanted, *number, out),
        (wanted, Value::Bool(holds)) => int(flags, wanted, i64::from(*holds), out),
        (Type::Any, Value::Bin(bytes)) if flags.has(Flags::CBOR) => {
            cbor_head(2, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        (wanted, Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(_, bytes)) => {
            text(flags, Some(wanted), bytes, out);
        }
        (wanted, address @ (Value::Ipv4(_) | Value::Ipv6(_))) => {
            let mut written = Vec::with_capacity(40);
            cast::write_text(address, &mut written);
            text(flags, Some(wanted), &written, out);
        }
    }
}

fn boolean(flags: Flags, holds: bool, out: &mut Vec<u8>) {
    match (flags.has(Flags::JSON), holds) {
        (true, true) => out.extend_from_slice(b"true"),
        (true, false) => out.extend_from_slice(b"false"),
        (false, true) => out.push(0xf5),
        (false, false) => out.push(0xf4),
    }
}

fn number_of(flags: Flags, number: i64, out: &mut Vec<u8>) {
    if flags.has(Flags::JSON) {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    } else if number < 0 {
        cbor_head(1, !(number as u64), out);
    } else {
        cbor_head(0, number as u64, out);
    }
}

fn string(flags: Flags, text: &[u8], out: &mut Vec<u8>) {
    if flags.has(Flags::JSON) {
        out.push(b'"');
        escape_json(text, out);
        out.push(b'"');
    } else {
        cbor_text(text, out);
    }
}

/// Escapes as RFC 8259 §7; bytes that are no UTF-8 stand as they are.
fn escape_json(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=31 | 127 => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            other => out.push(*other),
        }
    }
}

fn cbor_text(text: &[u8], out: &mut Vec<u8>) {
    cbor_head(3, text.len() as u64, out);
    out.extend_from_slice(text);
}

/// Major type and argument: RFC 8949 §3.
fn cbor_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}
