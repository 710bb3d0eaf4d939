//! What can be wrong with a received head, where, and how it is answered.

use std::fmt;

/// Why a head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum H1ErrorKind {
    /// The method, or the place where it should stand, holds a character that no token has.
    Method,
    /// A character that no request target may hold.
    TargetCharacter,
    /// The target's form does not fit the method (RFC 9112 §3.2).
    TargetForm,
    /// The version is missing or is not `HTTP/` digit `.` digit.
    Version,
    /// The status code is not three digits.
    Status,
    /// A field name is empty, has a bad character, or is followed by no colon.
    FieldName,
    /// A field value holds CR or NUL.
    FieldValue,
    /// The first field line begins with a blank.
    FoldedFirst,
    /// More field lines than allowed.
    TooManyFields,
    /// The start line alone fills the space for a head.
    TargetTooLong,
    /// The head does not fit its space.
    HeadTooLarge,
    /// Host fields differ, hold a forbidden character, or contradict the target's authority.
    Host,
    /// A content length that is no number, or several different ones.
    ContentLength,
    /// Transfer codings that are empty, repeated or do not end in `chunked`.
    TransferEncoding,
    /// Well-formed transfer codings besides `chunked`, which the proxy does not undo.
    UnsupportedCoding,
    /// A body on a method that has none in HTTP/1.0.
    PayloadWithoutMeaning,
    /// A WebSocket handshake without its key.
    WebSocketKey,
    /// A 101 that nobody asked for or that names no protocol.
    Upgrade,
}

impl H1ErrorKind {
    /// A short reason for logs and `show errors`.
    pub fn reason(self) -> &'static str {
        match self {
            H1ErrorKind::Method => "invalid method",
            H1ErrorKind::TargetCharacter => "invalid character in request target",
            H1ErrorKind::TargetForm => "invalid request target",
            H1ErrorKind::Version => "invalid HTTP version",
            H1ErrorKind::Status => "invalid status code",
            H1ErrorKind::FieldName => "invalid header name",
            H1ErrorKind::FieldValue => "invalid character in header value",
            H1ErrorKind::FoldedFirst => "first header line begins with a blank",
            H1ErrorKind::TooManyFields => "too many headers",
            H1ErrorKind::TargetTooLong => "request target too long",
            H1ErrorKind::HeadTooLarge => "headers too large",
            H1ErrorKind::Host => "invalid or contradictory host",
            H1ErrorKind::ContentLength => "invalid content-length",
            H1ErrorKind::TransferEncoding => "invalid transfer-encoding",
            H1ErrorKind::UnsupportedCoding => "unsupported transfer-encoding",
            H1ErrorKind::PayloadWithoutMeaning => "payload not expected for this method in HTTP/1.0",
            H1ErrorKind::WebSocketKey => "missing websocket key",
            H1ErrorKind::Upgrade => "unexpected protocol upgrade",
        }
    }

    /// The status a request with this fault is answered with (a response with any fault is a 502).
    pub fn status(self) -> u16 {
        match self {
            H1ErrorKind::TargetTooLong => 414,
            H1ErrorKind::HeadTooLarge => 431,
            H1ErrorKind::PayloadWithoutMeaning => 413,
            H1ErrorKind::UnsupportedCoding => 422,
            H1ErrorKind::Method
            | H1ErrorKind::TargetCharacter
            | H1ErrorKind::TargetForm
            | H1ErrorKind::Version
            | H1ErrorKind::Status
            | H1ErrorKind::FieldName
            | H1ErrorKind::FieldValue
            | H1ErrorKind::FoldedFirst
            | H1ErrorKind::TooManyFields
            | H1ErrorKind::Host
            | H1ErrorKind::ContentLength
            | H1ErrorKind::TransferEncoding
            | H1ErrorKind::WebSocketKey
            | H1ErrorKind::Upgrade => 400,
        }
    }
}

/// A refused head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct H1Error {
    /// What is wrong.
    pub kind: H1ErrorKind,
    /// Offset in the given bytes at which it shows.
    pub at: usize,
}

impl H1Error {
    pub(crate) fn new(kind: H1ErrorKind, at: usize) -> H1Error {
        H1Error { kind, at }
    }

    /// The status a request with this fault is answered with.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// A short reason for logs.
    pub fn reason(&self) -> &'static str {
        self.kind.reason()
    }
}

impl fmt::Display for H1Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at position {}", self.kind.reason(), self.at)
    }
}

impl std::error::Error for H1Error {}
