//! Fields of the first MQTT packets: CONNECT and CONNACK of versions 3.1, 3.1.1 and 5.0.

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::bytes_of;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{Converter, req};
use crate::value::{Bytes, Type, Value};

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "mqtt_is_valid",
        &[],
        Type::Bin,
        Type::Bool,
        is_valid,
        "the bytes are a CONNECT or CONNACK packet",
    ),
    Converter::new(
        "mqtt_field_value",
        &[req(ArgKind::Str), req(ArgKind::Str)],
        Type::Bin,
        Type::Str,
        field_value,
        "field or property of a CONNECT or CONNACK packet",
    )
    .checked(check_field),
];

const CONNECT: u8 = 1;
const CONNACK: u8 = 2;

/// Fields of both packets; a number is a property (MQTT 5.0 §2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Field {
    Flags,
    ProtocolName,
    ProtocolVersion,
    ClientIdentifier,
    WillTopic,
    WillPayload,
    Username,
    Password,
    KeepAlive,
    ReasonCode,
}

const CONNECT_FIELDS: &[(&str, Field)] = &[
    ("flags", Field::Flags),
    ("protocol_name", Field::ProtocolName),
    ("protocol_version", Field::ProtocolVersion),
    ("client_identifier", Field::ClientIdentifier),
    ("will_topic", Field::WillTopic),
    ("will_payload", Field::WillPayload),
    ("username", Field::Username),
    ("password", Field::Password),
    ("keepalive", Field::KeepAlive),
];
const CONNACK_FIELDS: &[(&str, Field)] = &[
    ("flags", Field::Flags),
    ("protocol_version", Field::ProtocolVersion),
    ("reason_code", Field::ReasonCode),
];
const CONNECT_PROPERTIES: &[i64] = &[17, 33, 39, 34, 25, 23, 21, 22, 18, 1, 2, 3, 8, 9];
const CONNACK_PROPERTIES: &[i64] = &[17, 33, 36, 37, 39, 18, 34, 31, 40, 41, 42, 19, 26, 28, 21, 22];

/// A property's number is kept beyond all fields.
const PROPERTY: i64 = 1000;

fn check_field(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let packet = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let name = String::from_utf8_lossy(arg::text_at(args, 1)).into_owned();
    let (kind, fields, properties) = match packet.to_ascii_lowercase().as_str() {
        "connect" | "1" => (CONNECT, CONNECT_FIELDS, CONNECT_PROPERTIES),
        "connack" | "2" => (CONNACK, CONNACK_FIELDS, CONNACK_PROPERTIES),
        _ => return Err(Fault::new(format!("Unknown MQTT type '{packet}'"))),
    };
    let field = fields
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(&name))
        .map(|(_, field)| *field as i64)
        .or_else(|| name.parse().ok().filter(|id| properties.contains(id)).map(|id| PROPERTY + id));
    let Some(field) = field else {
        return Err(Fault::new(format!("Unknown MQTT field name '{name}' for packet type '{packet}'")));
    };
    *args = smallvec::smallvec![Arg::Int(kind.into()), Arg::Int(field)];
    Ok(())
}

/// Reads a packet's body.
struct Reader<'t> {
    bytes: &'t [u8],
}

impl<'t> Reader<'t> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'t [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn text(&mut self) -> Option<&'t [u8]> {
        let length = self.short()?;
        self.take(length.into())
    }

    /// Up to four bytes of seven bits (MQTT 5.0 §1.5.5).
    fn varint(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn properties(&mut self) -> Option<&'t [u8]> {
        let length = self.varint()?;
        self.take(length)
    }
}

/// A packet taken apart; texts point into it.
#[derive(Default)]
struct Packet<'t> {
    flags: u8,
    name: &'t [u8],
    version: u8,
    keep_alive: u16,
    reason: u8,
    properties: &'t [u8],
    will_properties: &'t [u8],
    client: &'t [u8],
    will_topic: Option<&'t [u8]>,
    will_payload: Option<&'t [u8]>,
    username: Option<&'t [u8]>,
    password: Option<&'t [u8]>,
}

/// The packet when it is whole and of the kind; `Pending` when bytes are missing.
fn parse(bytes: &[u8], kind: u8) -> Got<Packet<'_>> {
    let mut reader = Reader { bytes };
    let Some(first) = reader.byte() else { return Got::Pending };
    if first != kind << 4 {
        return Got::Missing;
    }
    let length = match reader.varint() {
        Some(length) => length,
        None if bytes.len() < 5 => return Got::Pending,
        None => return Got::Missing,
    };
    let Some(body) = reader.take(length) else { return Got::Pending };
    let body = Reader { bytes: body };
    if kind == CONNECT { connect(body).into() } else { connack(body).into() }
}

/// MQTT 5.0 §3.1.
fn connect(mut reader: Reader<'_>) -> Option<Packet<'_>> {
    let mut packet = Packet { name: reader.text()?, version: reader.byte()?, ..Packet::default() };
    match (packet.name, packet.version) {
        (b"MQIsdp", 3) | (b"MQTT", 4 | 5) => {}
        _ => return None,
    }
    packet.flags = reader.byte()?;
    if packet.flags & 1 != 0 {
        return None;
    }
    packet.keep_alive = reader.short()?;
    if packet.version == 5 {
        packet.properties = reader.properties()?;
        each_property(packet.properties, |_, _| {})?;
    }
    packet.client = reader.text()?;
    if packet.flags & 4 != 0 {
        if packet.version == 5 {
            packet.will_properties = reader.properties()?;
            each_property(packet.will_properties, |_, _| {})?;
        }
        packet.will_topic = Some(reader.text()?);
        packet.will_payload = Some(reader.text()?);
    }
    if packet.flags & 0x80 != 0 {
        packet.username = Some(reader.text()?);
    }
    if packet.flags & 0x40 != 0 {
        packet.password = Some(reader.text()?);
    }
    reader.bytes.is_empty().then_some(packet)
}

/// MQTT 5.0 §3.2; without properties the version cannot be told from 3.1.1.
fn connack(mut reader: Reader<'_>) -> Option<Packet<'_>> {
    let mut packet =
        Packet { flags: reader.byte()?, reason: reader.byte()?, version: 4, ..Packet::default() };
    if packet.flags & 0xfe != 0 {
        return None;
    }
    if !reader.bytes.is_empty() {
        packet.version = 5;
        packet.properties = reader.properties()?;
        each_property(packet.properties, |_, _| {})?;
    }
    reader.bytes.is_empty().then_some(packet)
}

/// A property's value.
enum Property<'t> {
    Number(u32),
    Text(&'t [u8]),
}

/// Calls `visit` with each property; None when they are malformed.
fn each_property<'t>(properties: &'t [u8], mut visit: impl FnMut(i64, Property<'t>)) -> Option<()> {
    let mut reader = Reader { bytes: properties };
    while let Some(id) = reader.byte() {
        let value = match id {
            1 | 23 | 25 | 36 | 37 | 40 | 41 | 42 => Property::Number(reader.byte()?.into()),
            19 | 33 | 34 | 35 => Property::Number(reader.short()?.into()),
            2 | 17 | 24 | 39 => {
                let bytes = reader.take(4)?;
                Property::Number(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            }
            11 => Property::Number(reader.varint()? as u32),
            3 | 8 | 9 | 18 | 21 | 22 | 26 | 28 | 31 => Property::Text(reader.text()?),
            38 => {
                reader.text()?;
                Property::Text(reader.text()?)
            }
            _ => return None,
        };
        // 24 is the will's delay; the manual lists it under 18 for CONNECT
        visit(if id == 24 { 18 } else { id.into() }, value);
    }
    Some(())
}

fn is_valid<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let kind = bytes.first().map_or(CONNECT, |first| first >> 4);
    if kind != CONNECT && kind != CONNACK {
        return Got::Is(Value::Bool(false));
    }
    match parse(&bytes, kind) {
        Got::Pending => Got::Pending,
        found => Got::Is(Value::Bool(matches!(found, Got::Is(_)))),
    }
}

fn field_value<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let wanted = arg::int_at(args, 1, 0);
    parse(&bytes, arg::int_at(args, 0, 0) as u8)
        .and_then(|packet| pick(&packet, wanted).map(|text| Value::Str(Bytes::Owned(text))).into())
}

fn pick(packet: &Packet<'_>, wanted: i64) -> Option<Vec<u8>> {
    let number = |number: u32| number.to_string().into_bytes();
    if wanted >= PROPERTY {
        let mut found = None;
        for properties in [packet.properties, packet.will_properties] {
            each_property(properties, |id, value| {
                if id == wanted - PROPERTY && found.is_none() {
                    found = Some(match value {
                        Property::Number(value) => number(value),
                        Property::Text(text) => text.to_vec(),
                    });
                }
            })?;
        }
        return found;
    }
    let all = CONNECT_FIELDS.iter().chain(CONNACK_FIELDS);
    let field = all.map(|(_, field)| *field).find(|field| *field as i64 == wanted)?;
    match field {
        Field::Flags => Some(number(packet.flags.into())),
        Field::ProtocolName => Some(packet.name.to_vec()),
        Field::ProtocolVersion => Some(number(packet.version.into())),
        Field::ClientIdentifier => Some(packet.client.to_vec()),
        Field::WillTopic => packet.will_topic.map(<[u8]>::to_vec),
        Field::WillPayload => packet.will_payload.map(<[u8]>::to_vec),
        Field::Username => packet.username.map(<[u8]>::to_vec),
        Field::Password => packet.password.map(<[u8]>::to_vec),
        Field::KeepAlive => Some(number(packet.keep_alive.into())),
        Field::ReasonCode => Some(number(packet.reason.into())),
    }
}
