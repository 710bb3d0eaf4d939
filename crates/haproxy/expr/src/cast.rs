//! How a value of one type becomes another (what a converter or match takes from what a fetch gives).

use std::net::{IpAddr, Ipv6Addr};

use haproxy_http::Method;

use crate::address;
use crate::value::{Bytes, Type, Value};

/// True when values of type `from` can be asked for as `to`; some texts may still fail at run time.
pub const fn possible(from: Type, to: Type) -> bool {
    use Type::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Same, Sint, Str};
    match (from, to) {
        (_, Any | Same) | (Any | Same, _) => true,
        (Bool, Bool | Sint | Str | Bin) => true,
        (Sint, Bool | Sint | Addr | Ipv4 | Ipv6 | Str | Bin) => true,
        (Addr, Addr | Ipv4 | Ipv6 | Str | Bin) => true,
        (Ipv4, Sint | Addr | Ipv4 | Ipv6 | Str | Bin) => true,
        (Ipv6, Addr | Ipv4 | Ipv6 | Str | Bin) => true,
        (Str, _) => true,
        (Bin, Str | Bin) => true,
        (Meth, Str | Bin | Meth) => true,
        (Bool, Addr | Ipv4 | Ipv6 | Meth) => false,
        (Sint, Meth) => false,
        (Addr, Bool | Sint | Meth) => false,
        (Ipv4, Bool | Meth) => false,
        (Ipv6, Bool | Sint | Meth) => false,
        (Bin, Bool | Sint | Addr | Ipv4 | Ipv6 | Meth) => false,
        (Meth, Bool | Sint | Addr | Ipv4 | Ipv6) => false,
    }
}

/// The value as another type; None when this one cannot be.
pub fn cast(value: Value<'_>, to: Type) -> Option<Value<'_>> {
    match to {
        Type::Any | Type::Same => Some(value),
        Type::Bool => to_bool(value),
        Type::Sint => to_int(&value).map(Value::Int),
        Type::Addr => match value {
            Value::Ipv4(_) | Value::Ipv6(_) => Some(value),
            other => to_ip(&other).map(of_ip),
        },
        Type::Ipv4 => match to_ip(&value)? {
            IpAddr::V4(address) => Some(Value::Ipv4(address)),
            IpAddr::V6(address) => address.to_ipv4_mapped().map(Value::Ipv4),
        },
        Type::Ipv6 => match to_ip(&value)? {
            IpAddr::V4(address) => Some(Value::Ipv6(address.to_ipv6_mapped())),
            IpAddr::V6(address) => Some(Value::Ipv6(address)),
        },
        Type::Str => Some(Value::Str(match value {
            // text ends at a zero byte
            Value::Bin(bytes) => {
                let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
                bytes.piece(0..end)
            }
            other => to_text(other),
        })),
        Type::Bin => Some(Value::Bin(to_bytes(value))),
        Type::Meth => match value {
            Value::Meth(..) => Some(value),
            Value::Str(text) => Some(Value::Meth(Method::of(&text), text)),
            _ => None,
        },
    }
}

/// An address as a value.
pub fn of_ip(address: IpAddr) -> Value<'static> {
    match address {
        IpAddr::V4(address) => Value::Ipv4(address),
        IpAddr::V6(address) => Value::Ipv6(address),
    }
}

fn to_bool(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Bool(_) => Some(value),
        other => to_int(&other).map(|number| Value::Bool(number != 0)),
    }
}

/// The value as an integer.
pub fn to_int(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Int(value) => Some(*value),
        Value::Ipv4(address) => Some(i64::from(u32::from(*address))),
        Value::Str(text) => leading_int(text),
        Value::Ipv6(_) | Value::Bin(_) | Value::Meth(..) => None,
    }
}

/// The number at the head of a text as strtoll reads it: sign, digits, anything after; None for an empty text.
pub fn leading_int(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    let (negative, digits) = match text[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number: i64 = 0;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        number = number.saturating_mul(10);
        number = if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) };
    }
    Some(number)
}

/// A number as fetches of numbers read it (`hdr_val`, `cook_val`, `urlp_val`): 32 bits, up to the first byte above `9`;
/// what stands below `0` counts as a digit of that distance, as in the original. None for an empty text.
pub fn loose_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        _ => (false, text),
    };
    let digits =
        digits.iter().take_while(|byte| **byte <= b'9').map(|byte| i32::from(*byte) - i32::from(b'0'));
    let number = digits.fold(0i32, |number, digit| {
        let digit = if negative { -digit } else { digit };
        number.wrapping_mul(10).wrapping_add(digit)
    });
    Some(number.into())
}

fn to_ip(value: &Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Ipv4(address) => Some(IpAddr::V4(*address)),
        Value::Ipv6(address) => Some(IpAddr::V6(*address)),
        Value::Int(number) => Some(IpAddr::V4((*number as u32).into())),
        Value::Str(text) => address::parse_ip(text),
        Value::Bool(_) | Value::Bin(_) | Value::Meth(..) => None,
    }
}

/// The value's text form.
pub fn to_text(value: Value<'_>) -> Bytes<'_> {
    match value {
        Value::Str(text) | Value::Bin(text) | Value::Meth(_, text) => text,
        other => {
            let mut out = Vec::with_capacity(16);
            write_text(&other, &mut out);
            Bytes::Owned(out)
        }
    }
}

/// Appends the value's text form, without an allocation of its own.
pub fn write_text(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => out.push(if *value { b'1' } else { b'0' }),
        Value::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Value::Ipv4(address) => write_v4(*address, out),
        Value::Ipv6(address) => write_v6(*address, out),
        Value::Str(text) | Value::Bin(text) | Value::Meth(_, text) => out.extend_from_slice(text),
    }
}

/// Appends a dotted address.
pub fn write_v4(address: std::net::Ipv4Addr, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        out.extend_from_slice(buffer.format(octet).as_bytes());
    }
}

/// Appends an IPv6 address in its short form.
pub fn write_v6(address: Ipv6Addr, out: &mut Vec<u8>) {
    use std::io::Write;
    // writing to a Vec does not fail
    let _ = write!(out, "{address}");
}

fn to_bytes(value: Value<'_>) -> Bytes<'_> {
    match value {
        Value::Bool(value) => Bytes::Owned(i64::from(value).to_be_bytes().to_vec()),
        Value::Int(value) => Bytes::Owned(value.to_be_bytes().to_vec()),
        Value::Ipv4(address) => Bytes::Owned(address.octets().to_vec()),
        Value::Ipv6(address) => Bytes::Owned(address.octets().to_vec()),
        Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(_, bytes) => bytes,
    }
}
