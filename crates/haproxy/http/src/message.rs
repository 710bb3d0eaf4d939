//! Requests and responses as rules and muxes see them: a start line and ordered fields.

use crate::fields::{Fields, Span};

/// Request methods that have a meaning to the proxy (RFC 9110 §9); others keep their text only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Method {
    /// OPTIONS
    Options,
    /// GET
    #[default]
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// TRACE
    Trace,
    /// CONNECT
    Connect,
    /// Any other token.
    Other,
}

impl Method {
    /// The method of an exact (case-sensitive) token.
    pub fn of(token: &[u8]) -> Method {
        match token {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"CONNECT" => Method::Connect,
            _ => Method::Other,
        }
    }
}

/// HTTP version of a start line as major and minor digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Digit before the dot.
    pub major: u8,
    /// Digit after the dot.
    pub minor: u8,
}

impl Version {
    /// HTTP/1.0
    pub const HTTP_10: Version = Version { major: 1, minor: 0 };
    /// HTTP/1.1
    pub const HTTP_11: Version = Version { major: 1, minor: 1 };
    /// HTTP/2.0
    pub const HTTP_20: Version = Version { major: 2, minor: 0 };
    /// HTTP/3.0
    pub const HTTP_30: Version = Version { major: 3, minor: 0 };
}

impl Default for Version {
    fn default() -> Self {
        Version::HTTP_11
    }
}

/// How the end of a body is known (RFC 9112 §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    #[default]
    None,
    /// Exactly so many bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`, with trailers.
    Chunked,
    /// Until the sender closes (responses only).
    UntilClose,
    /// No end: the connection became a tunnel (CONNECT, 101).
    Tunnel,
}

/// What the original's form of a start line takes besides its text.
const LINE_COST: usize = 20;
/// The mark behind the fields.
const END_COST: usize = 1;
/// A version is always kept in full, `HTTP/1.1`.
const VERSION_LEN: usize = 8;

/// A request's start line and fields.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Field lines, and the buffer that holds the start line too.
    pub fields: Fields,
    /// Version the client spoke.
    pub version: Version,
    /// How the body ends.
    pub framing: Framing,
    method: Method,
    method_text: Span,
    uri: Span,
}

impl Request {
    /// Empties the message, keeping its allocations.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.version = Version::HTTP_11;
        self.framing = Framing::None;
        self.method = Method::Get;
        self.method_text = Span::default();
        self.uri = Span::default();
    }

    /// Bytes the head counts in `%U`, `bin` and `req.len`: the original counts the form it keeps a message in ("some
    /// internal encoding overhead", manual §7.3.3 "req.bytes_in"), not what was on the wire.
    pub fn kept_len(&self) -> usize {
        let line = (self.method_text.len + self.uri.len) as usize + VERSION_LEN;
        LINE_COST + line + self.fields.text_len() + END_COST
    }

    /// The method as a number.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The method as sent.
    pub fn method_text(&self) -> &[u8] {
        self.fields.text(self.method_text)
    }

    /// The request target as sent (origin, absolute, authority or asterisk form).
    pub fn uri(&self) -> &[u8] {
        self.fields.text(self.uri)
    }

    /// Replaces the method.
    pub fn set_method(&mut self, token: &[u8]) {
        self.method = Method::of(token);
        self.method_text = self.fields.store(token);
    }

    /// Replaces the request target; the caller has checked its characters.
    pub fn set_uri(&mut self, uri: &[u8]) {
        self.uri = self.fields.store(uri);
    }

    /// Declares a start line that is already in the buffer (see `Fields::load`).
    pub fn place(&mut self, method: Span, uri: Span, version: Version) {
        self.method = Method::of(self.fields.text(method));
        self.method_text = method;
        self.uri = uri;
        self.version = version;
    }
}

/// A response's start line and fields.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Field lines, and the buffer that holds the reason phrase too.
    pub fields: Fields,
    /// Version the server spoke.
    pub version: Version,
    /// How the body ends.
    pub framing: Framing,
    /// Status code, 100 to 999.
    pub status: u16,
    reason: Span,
}

impl Response {
    /// Empties the message, keeping its allocations.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.version = Version::HTTP_11;
        self.framing = Framing::None;
        self.status = 0;
        self.reason = Span::default();
    }

    /// Bytes the head counts in `%B`, `bout` and `res.len` (see [`Request::kept_len`]).
    pub fn kept_len(&self) -> usize {
        let code = if self.status > 999 { 4 } else { 3 };
        LINE_COST + VERSION_LEN + code + self.reason.len as usize + self.fields.text_len() + END_COST
    }

    /// The reason phrase, possibly empty.
    pub fn reason(&self) -> &[u8] {
        self.fields.text(self.reason)
    }

    /// Replaces status and reason.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) {
        self.status = status;
        self.reason = self.fields.store(reason);
    }

    /// Declares a start line whose reason is already in the buffer (see `Fields::load`).
    pub fn place(&mut self, version: Version, status: u16, reason: Span) {
        self.version = version;
        self.status = status;
        self.reason = reason;
    }
}
