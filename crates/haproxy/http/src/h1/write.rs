//! From a [`Request`] or [`Response`] to the bytes of its head. Names go out in lower case unless a [`CaseMap`] says otherwise.

use std::collections::HashMap;

use crate::fields::{Field, Fields};
use crate::message::{Framing, Request, Response, Version};
use crate::name::FieldId;
use crate::status;

/// Spellings for names that old clients or servers insist on (`h1-case-adjust`).
#[derive(Clone, Debug, Default)]
pub struct CaseMap {
    names: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl CaseMap {
    /// Has `name` (any case) written as `spelling`; false when that name already has one.
    pub fn add(&mut self, name: &[u8], spelling: &[u8]) -> bool {
        self.names.insert(name.to_ascii_lowercase().into(), spelling.into()).is_none()
    }

    /// True when no name is respelled.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn spelled<'a>(&'a self, name: &'a [u8]) -> &'a [u8] {
        self.names.get(name).map_or(name, |spelling| spelling)
    }
}

/// The `Connection` field the writer adds at the end, beside tokens the message itself carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announce {
    /// Nothing: the version says it.
    #[default]
    Nothing,
    /// `connection: close`
    Close,
    /// `connection: keep-alive`
    KeepAlive,
}

/// How a head is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions<'a> {
    /// Close or keep-alive to announce.
    pub announce: Announce,
    /// Spellings of names, if the peer needs them.
    pub case: Option<&'a CaseMap>,
    /// A field behind all others (`http-send-name-header`).
    pub last: Option<(&'a [u8], &'a [u8])>,
}

/// Appends a request's head with its empty line.
pub fn write_request_head(request: &Request, options: WriteOptions<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(request.method_text());
    out.push(b' ');
    out.extend_from_slice(request.uri());
    out.push(b' ');
    version(request.version, out);
    out.extend_from_slice(b"\r\n");
    let framing = Announced::of(&request.fields, request.framing, request.framing == Framing::None);
    fields(&request.fields, options, framing, out, |field| match field.id {
        // TE is hop-by-hop; of its members only `trailers` is what this proxy can promise (RFC 9110 §10.1.4).
        FieldId::Te => te_value(field.value),
        _ => Some(field.value),
    });
}

/// Appends a response's head with its empty line.
pub fn write_response_head(response: &Response, options: WriteOptions<'_>, out: &mut Vec<u8>) {
    version(response.version, out);
    out.push(b' ');
    let mut digits = [0u8; 5];
    out.extend_from_slice(decimal(response.status, &mut digits));
    out.push(b' ');
    out.extend_from_slice(response.reason());
    out.extend_from_slice(b"\r\n");
    let framing = Announced::of(&response.fields, response.framing, false);
    fields(&response.fields, options, framing, out, |field| Some(field.value));
}

/// What the fields say of the body's end, held against what is true: rules may have changed either field, and two readers
/// must never see two ends (RFC 9112 §11.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    /// The fields are true, or there is no body they could be wrong about.
    True,
    /// The fields must go.
    Nothing,
    /// `content-length` with this number instead.
    Length(u64),
    /// `transfer-encoding: chunked` instead.
    Chunked,
}

impl Announced {
    fn of(fields: &Fields, framing: Framing, bodyless: bool) -> Announced {
        let length = fields.first(FieldId::ContentLength);
        let coding = fields.first(FieldId::TransferEncoding);
        match framing {
            Framing::None if bodyless && (length.is_some() || coding.is_some()) => Announced::Nothing,
            Framing::Length(n) if coding.is_some() || length.and_then(number) != Some(n) => {
                Announced::Length(n)
            }
            Framing::Chunked if length.is_some() || coding.is_none() => Announced::Chunked,
            Framing::UntilClose if length.is_some() => Announced::Nothing,
            Framing::None | Framing::Length(_) | Framing::Chunked | Framing::UntilClose | Framing::Tunnel => {
                Announced::True
            }
        }
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Appends the head of an interim response without fields, such as `HTTP/1.1 100 Continue`.
pub fn write_interim(code: u16, out: &mut Vec<u8>) {
    let mut digits = [0u8; 5];
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(decimal(code, &mut digits));
    out.push(b' ');
    out.extend_from_slice(status::reason(code).as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
}

/// 1.1 and above are spoken as 1.1, older ones as they came.
fn version(version: Version, out: &mut Vec<u8>) {
    match version {
        v if v >= Version::HTTP_11 => out.extend_from_slice(b"HTTP/1.1"),
        Version { major, minor } => {
            out.extend_from_slice(&[
                b'H',
                b'T',
                b'T',
                b'P',
                b'/',
                b'0' + major.min(9),
                b'.',
                b'0' + minor.min(9),
            ]);
        }
    }
}

fn fields<'a>(
    all: &'a Fields,
    options: WriteOptions<'_>,
    framing: Announced,
    out: &mut Vec<u8>,
    value: impl Fn(Field<'a>) -> Option<&'a [u8]>,
) {
    for field in all.iter() {
        let frames = matches!(field.id, FieldId::ContentLength | FieldId::TransferEncoding);
        if frames && framing != Announced::True {
            continue;
        }
        if let Some(value) = value(field) {
            one(field.name, value, options, out);
        }
    }
    match framing {
        Announced::True | Announced::Nothing => {}
        Announced::Length(n) => one(b"content-length", n.to_string().as_bytes(), options, out),
        Announced::Chunked => one(b"transfer-encoding", b"chunked", options, out),
    }
    match options.announce {
        Announce::Nothing => {}
        Announce::Close => one(b"connection", b"close", options, out),
        Announce::KeepAlive => one(b"connection", b"keep-alive", options, out),
    }
    if let Some((name, value)) = options.last {
        one(name, value, options, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn one(name: &[u8], value: &[u8], options: WriteOptions<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(options.case.map_or(name, |map| map.spelled(name)));
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn te_value(value: &[u8]) -> Option<&'static [u8]> {
    let trailers = |member: &[u8]| super::line::trim(member).eq_ignore_ascii_case(b"trailers");
    value.split(|byte| *byte == b',').any(trailers).then_some(b"trailers")
}

fn decimal(mut number: u16, digits: &mut [u8; 5]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests;
