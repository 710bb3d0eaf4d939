//! Parts of `Forwarded` fields (RFC 7239).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::cast;
use crate::conv::{bytes_of, owned};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{Converter, req};
use crate::value::{Type, Value};

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "rfc7239_is_valid",
        &[],
        Type::Str,
        Type::Bool,
        is_valid,
        "the field has the form of RFC 7239",
    ),
    Converter::new(
        "rfc7239_field",
        &[req(ArgKind::Str)],
        Type::Str,
        Type::Str,
        field,
        "value of a parameter",
    )
    .checked(check_field),
    Converter::new("rfc7239_n2nn", &[], Type::Str, Type::Any, node_name, "name of a node"),
    Converter::new("rfc7239_n2np", &[], Type::Str, Type::Any, node_port, "port of a node"),
    Converter::new("rfc7239_nn", &[], Type::Any, Type::Str, to_node_name, "a value as a node's name"),
    Converter::new("rfc7239_np", &[], Type::Any, Type::Str, to_node_port, "a value as a node's port"),
];

/// Parameters of RFC 7239 §5.
const FIELDS: [&str; 4] = ["proto", "host", "for", "by"];

fn check_field(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).to_ascii_lowercase();
    match FIELDS.iter().position(|known| *known == name) {
        Some(at) => {
            args[0] = Arg::Int(at as i64);
            Ok(())
        }
        None => Err(Fault::new(format!(
            "Unexpected field '{name}'. Supported fields are 'proto', 'host', 'for' and 'by'"
        ))),
    }
}

/// Values of the four parameters, without quotes; None when the text is not of the RFC's form.
fn parse(text: &[u8]) -> Option<[Option<&[u8]>; 4]> {
    let mut found = [None; 4];
    let mut rest = text.trim_ascii();
    loop {
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let index = FIELDS.iter().position(|name| rest[..equals].eq_ignore_ascii_case(name.as_bytes()))?;
        let (value, quoted, after) = value(&rest[equals + 1..])?;
        if found[index].is_some() || !fits(index, value, quoted) {
            return None;
        }
        found[index] = Some(value);
        rest = after.trim_ascii_start();
        match rest.split_first() {
            None => return Some(found),
            Some((b';', after)) => rest = after.trim_ascii_start(),
            Some(_) => return None,
        }
    }
}

/// A token or a quoted text, and what follows.
fn value(text: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    if let Some(inner) = text.strip_prefix(b"\"") {
        let end = inner.iter().position(|byte| *byte == b'"')?;
        return Some((&inner[..end], true, &inner[end + 1..]));
    }
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text.iter().position(|byte| !token(byte)).unwrap_or(text.len());
    (end > 0).then_some((&text[..end], false, &text[end..]))
}

fn fits(index: usize, value: &[u8], _quoted: bool) -> bool {
    match index {
        0 => value.eq_ignore_ascii_case(b"http") || value.eq_ignore_ascii_case(b"https"),
        1 => is_host(value),
        _ => Node::parse(value).is_some(),
    }
}

/// A host with or without port, as in a Host field.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| *byte == b':') {
        Some(at) if !text[at..].contains(&b']') => (&text[..at], &text[at + 1..]),
        _ => (text, &b""[..]),
    };
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let host_fits = match host.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")) {
        Some(inner) => v6(inner).is_some(),
        None => !host.is_empty() && host.iter().all(name),
    };
    host_fits && port.iter().all(u8::is_ascii_digit)
}

fn v6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// RFC 7239 §6.
struct Node<'t> {
    name: Name<'t>,
    port: Option<Port<'t>>,
}

enum Name<'t> {
    Address(IpAddr),
    Text(&'t [u8]),
}

enum Port<'t> {
    Number(i64),
    Text(&'t [u8]),
}

impl<'t> Node<'t> {
    fn parse(text: &'t [u8]) -> Option<Node<'t>> {
        let (name, rest) = if let Some(inner) = text.strip_prefix(b"[") {
            let end = inner.iter().position(|byte| *byte == b']')?;
            (Name::Address(IpAddr::V6(v6(&inner[..end])?)), &inner[end + 1..])
        } else {
            let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
            let name = &text[..end];
            let name = match v4(name) {
                Some(address) => Name::Address(IpAddr::V4(address)),
                None if name == b"unknown" || is_obfuscated(name) => Name::Text(name),
                None => return None,
            };
            (name, &text[end..])
        };
        let port = match rest.split_first() {
            None => None,
            Some((b':', port)) if is_obfuscated(port) => Some(Port::Text(port)),
            Some((b':', port)) => Some(Port::Number(port_number(port)?)),
            Some(_) => return None,
        };
        Some(Node { name, port })
    }
}

fn port_number(text: &[u8]) -> Option<i64> {
    let digits = (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    cast::leading_int(text).filter(|port| digits && *port <= 65_535)
}

fn is_obfuscated(text: &[u8]) -> bool {
    text.strip_prefix(b"_").is_some_and(|rest| !rest.is_empty() && rest.iter().all(is_obfuscated_byte))
}

fn is_obfuscated_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn is_valid<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Bool(parse(&bytes_of(value)).is_some()))
}

fn field<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let found =
        parse(&text).and_then(|fields| fields[arg::int_at(args, 0, 0) as usize & 3].map(<[u8]>::to_vec));
    found.map(owned).into()
}

fn node_name<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let Some(node) = Node::parse(&text) else { return Got::Missing };
    Got::Is(match node.name {
        Name::Address(address) => cast::of_ip(address),
        Name::Text(name) => owned(name.to_vec()),
    })
}

fn node_port<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    match Node::parse(&text).and_then(|node| node.port) {
        Some(Port::Number(port)) => Got::Is(Value::Int(port)),
        Some(Port::Text(port)) => Got::Is(owned(port.to_vec())),
        None => Got::Missing,
    }
}

fn obfuscated<'a>(text: &[u8]) -> Got<Value<'a>> {
    if text.iter().all(is_obfuscated_byte) { Got::Is(owned([b"_", text].concat())) } else { Got::Missing }
}

fn to_node_name<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    match value {
        Value::Ipv4(address) => Got::Is(owned(address.to_string().into_bytes())),
        Value::Ipv6(address) => Got::Is(owned(format!("[{address}]").into_bytes())),
        other => match &*bytes_of(other) {
            b"" => Got::Is(Value::text(b"unknown")),
            text => obfuscated(text),
        },
    }
}

fn to_node_port<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    match value {
        Value::Int(port) if (0..=65_535).contains(&port) => Got::Is(owned(port.to_string().into_bytes())),
        Value::Int(_) | Value::Ipv4(_) | Value::Ipv6(_) => Got::Missing,
        other => match &*bytes_of(other) {
            b"" => Got::Missing,
            text => obfuscated(text),
        },
    }
}
