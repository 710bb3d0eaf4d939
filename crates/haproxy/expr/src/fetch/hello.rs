//! The first TLS message of a stream that is passed through: what a ClientHello says before anything is encrypted
//! (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301). Only the first record of a stream is looked at.

use crate::arg::Arg;
use crate::at::Use;
use crate::cx::{Cx, Direction};
use crate::fetch::payload::input;
use crate::got::Got;
use crate::row::{Fetch, FetchFn, Walk};
use crate::value::{Bytes, Type, Value};

const REQUEST: Use = Use::REQUEST_BUFFER;
const RESPONSE: Use = Use::RESPONSE_BUFFER;

const fn row(name: &'static str, out: Type, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], out, at, run, doc)
}

/// Rows of this file.
pub const FETCHES: &[Fetch] = &[
    row("req.ssl_sni", Type::Str, REQUEST, sni, "server name in the client's hello"),
    row("req_ssl_sni", Type::Str, REQUEST, sni, "server name in the client's hello"),
    row("req.ssl_alpn", Type::Str, REQUEST, alpn, "protocols in the client's hello, one after the other"),
    row("req.ssl_hello_type", Type::Sint, REQUEST, request_type, "type of the hello: 1 is a client's"),
    row("req_ssl_hello_type", Type::Sint, REQUEST, request_type, "type of the hello: 1 is a client's"),
    row("res.ssl_hello_type", Type::Sint, RESPONSE, response_type, "type of the hello: 2 is a server's"),
    row("rep_ssl_hello_type", Type::Sint, RESPONSE, response_type, "type of the hello: 2 is a server's"),
    row("req.ssl_ver", Type::Sint, REQUEST, version, "version in the hello, major * 65536 + minor"),
    row("req_ssl_ver", Type::Sint, REQUEST, version, "version in the hello, major * 65536 + minor"),
    row("req.ssl_ec_ext", Type::Bool, REQUEST, groups_there, "true if the hello names elliptic curves"),
    row("req.ssl_st_ext", Type::Sint, REQUEST, ticket, "session ticket: 0 none, 1 empty, 2 with one"),
    row("req.ssl_cipherlist", Type::Bin, Use::CLIENT_ADDRESS, ciphers, "ciphers in the hello"),
    row("req.ssl_sigalgs", Type::Bin, Use::CLIENT_ADDRESS, sigalgs, "signature algorithms in the hello"),
    row("req.ssl_supported_groups", Type::Bin, Use::CLIENT_ADDRESS, groups, "groups in the hello"),
    row("req.ssl_keyshare_groups", Type::Bin, Use::CLIENT_ADDRESS, keyshares, "groups of the key shares"),
];

/// Content types of records: the hello's type and version are read whatever the record says it is.
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=23;
/// Content type of a handshake record.
const HANDSHAKE: u8 = 22;
/// Least major version: SSL 3.
const MAJOR: u8 = 3;
/// Bytes of a record's head: type, version, length.
const RECORD_HEAD: usize = 5;
/// Handshake type of a client's hello.
const CLIENT_HELLO: usize = 1;
/// Bytes of a handshake message's length.
const LENGTH_BYTES: usize = 3;
/// The version of SSL 3.
const SSL3: usize = 0x0300;
/// Random bytes behind the version.
const RANDOM_BYTES: usize = 32;

const EXT_SERVER_NAME: u16 = 0;
const EXT_GROUPS: u16 = 10;
const EXT_SIGNATURE_ALGORITHMS: u16 = 13;
const EXT_ALPN: u16 = 16;
const EXT_SESSION_TICKET: u16 = 35;
const EXT_KEY_SHARE: u16 = 51;

/// A reader over big-endian fields; every read fails where bytes are missing.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// A vector whose length stands before it.
    fn vector(&mut self, length_bytes: usize) -> Option<Fields<'a>> {
        let length = self.number(length_bytes)?;
        self.take(length).map(Fields)
    }
}

/// The first record of a stream.
struct Record<'a> {
    kind: u8,
    /// Bytes it is said to have.
    length: usize,
    /// What is there of them.
    content: Fields<'a>,
}

/// The first record; `whole` wants all of it.
fn record<'a>(cx: &Cx<'a>, direction: Direction, whole: bool) -> Got<Record<'a>> {
    let Some(bytes) = input(cx, Some(direction)) else { return Got::Missing };
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    let Some(&[kind, major, _, high, low]) = bytes.first_chunk::<RECORD_HEAD>() else {
        let wrong = bytes.first().is_some_and(|kind| !CONTENT_TYPES.contains(kind));
        return if wrong { Got::Missing } else { absent };
    };
    if !CONTENT_TYPES.contains(&kind) || major < MAJOR {
        return Got::Missing;
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    let content = &bytes[RECORD_HEAD..];
    if whole && content.len() < length {
        return absent;
    }
    Got::Is(Record { kind, length, content: Fields(&content[..length.min(content.len())]) })
}

/// The type of the handshake message in a record that holds all of it.
fn hello_type<'a>(cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    record(cx, direction, true).and_then(|Record { mut content, .. }| {
        let kind = content.number(1);
        content.vector(3).and(kind).map(|kind| Value::Int(kind as i64)).into()
    })
}

/// A client's hello.
struct Hello<'a> {
    ciphers: &'a [u8],
    extensions: Option<Fields<'a>>,
}

impl<'a> Hello<'a> {
    /// What is there of it: its end may be missing.
    fn of(cx: &Cx<'a>) -> Got<Hello<'a>> {
        record(cx, Direction::Request, false).and_then(|record| {
            let cut = record.content.0.len() < record.length && !cx.input.complete;
            match (Hello::parse(record), cut) {
                (Some(hello), _) => Got::Is(hello),
                (None, true) => Got::Pending,
                (None, false) => Got::Missing,
            }
        })
    }

    fn parse(Record { kind, length, mut content }: Record<'a>) -> Option<Hello<'a>> {
        let is_hello = kind == HANDSHAKE && content.number(1)? == CLIENT_HELLO;
        let fits = 1 + LENGTH_BYTES + content.number(LENGTH_BYTES)? <= length;
        // SSL 3 has no extensions
        let has_extensions = content.number(2)? > SSL3;
        if !(is_hello && fits && has_extensions) {
            return None;
        }
        content.take(RANDOM_BYTES)?;
        content.vector(1)?;
        let ciphers = content.vector(2).filter(|ciphers| ciphers.0.len() >= 2)?.0;
        content.vector(1)?;
        let extensions = content.number(2).map(|length| Fields(&content.0[..length.min(content.0.len())]));
        Some(Hello { ciphers, extensions })
    }

    /// The first extension of a kind, `Err` where the list ends in the middle of one.
    fn extension(&self, wanted: u16) -> Result<Option<Fields<'a>>, Cut> {
        let mut left = self.extensions.ok_or(Cut)?;
        while !left.0.is_empty() {
            let kind = left.number(2).ok_or(Cut)?;
            let body = left.vector(2).ok_or(Cut)?;
            if kind == usize::from(wanted) {
                return Ok(Some(body));
            }
        }
        Ok(None)
    }
}

/// A list of extensions is not all there.
struct Cut;

fn of_extension<'a>(
    cx: &Cx<'a>,
    wanted: u16,
    read: impl FnOnce(Fields<'a>) -> Option<Value<'a>>,
) -> Got<Value<'a>> {
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    Hello::of(cx).and_then(|hello| match hello.extension(wanted) {
        Ok(found) => found.and_then(read).into(),
        Err(Cut) => absent,
    })
}

fn request_type<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    hello_type(cx, Direction::Request)
}

fn response_type<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    hello_type(cx, Direction::Response)
}

/// The version in the hello, behind its type and length.
fn version<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    record(cx, Direction::Request, true).and_then(|Record { mut content, .. }| {
        let version = content.take(1 + LENGTH_BYTES).and_then(|_| content.take(2));
        version.map(|part| Value::Int(i64::from(part[0]) << 16 | i64::from(part[1]))).into()
    })
}

/// The first name, if it is a host name.
fn sni<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_SERVER_NAME, |mut body| {
        let mut names = body.vector(2)?;
        let kind = names.number(1)?;
        let name = names.vector(2)?;
        (kind == 0).then_some(Value::text(name.0))
    })
}

/// One protocol after the other.
fn alpn<'a>(_: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_ALPN, |mut body| {
        let mut protocols = body.vector(2)?;
        protocols.take(walk.offset as usize)?;
        let protocol = protocols.vector(1)?;
        walk.offset += 1 + protocol.0.len() as u32;
        walk.more = walk.all && !protocols.0.is_empty();
        Some(Value::text(protocol.0))
    })
}

fn groups_there<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_GROUPS, |_| Some(Value::Bool(true)))
}

fn ticket<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    Hello::of(cx).and_then(|hello| match hello.extension(EXT_SESSION_TICKET) {
        Ok(ticket) => Got::Is(Value::Int(ticket.map_or(0, |ticket| if ticket.0.is_empty() { 1 } else { 2 }))),
        Err(Cut) => absent,
    })
}

fn ciphers<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    Hello::of(cx).map(|hello| Value::Bin(Bytes::Ref(hello.ciphers)))
}

fn list(mut body: Fields<'_>) -> Option<Value<'_>> {
    body.vector(2).map(|list| Value::Bin(Bytes::Ref(list.0)))
}

fn sigalgs<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_SIGNATURE_ALGORITHMS, list)
}

fn groups<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_GROUPS, list)
}

/// The group numbers of the shares, without the keys.
fn keyshares<'a>(_: &'a [Arg], cx: &Cx<'a>, _: &mut Walk) -> Got<Value<'a>> {
    of_extension(cx, EXT_KEY_SHARE, |mut body| {
        let mut shares = body.vector(2)?;
        let mut groups = Vec::new();
        while !shares.0.is_empty() {
            groups.extend_from_slice(shares.take(2)?);
            shares.vector(2)?;
        }
        Some(Value::Bin(Bytes::from(groups)))
    })
}
