//! From a [`Request`] or [`Response`] to the bytes of its head. Names go out in lower case unless a [`CaseMap`] says otherwise.

use std::collections::HashMap;

use crate::fields::{Field, Fields};
use crate::message::{Request, Response, Version};
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
}

/// Appends a request's head with its empty line.
pub fn write_request_head(request: &Request, options: WriteOptions<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(request.method_text());
    out.push(b' ');
    out.extend_from_slice(request.uri());
    out.push(b' ');
    version(request.version, out);
    out.extend_from_slice(b"\r\n");
    // TE is hop-by-hop; of its members only `trailers` is what this proxy can promise (RFC 9110 §10.1.4).
    let te = request.fields.contains(FieldId::Te);
    fields(&request.fields, options, out, |field| {
        if te && field.id == FieldId::Te { te_value(field.value) } else { Some(field.value) }
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
    fields(&response.fields, options, out, |field| Some(field.value));
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
    out: &mut Vec<u8>,
    value: impl Fn(Field<'a>) -> Option<&'a [u8]>,
) {
    for field in all.iter() {
        if let Some(value) = value(field) {
            one(field.name, value, options, out);
        }
    }
    match options.announce {
        Announce::Nothing => {}
        Announce::Close => one(b"connection", b"close", options, out),
        Announce::KeepAlive => one(b"connection", b"keep-alive", options, out),
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
