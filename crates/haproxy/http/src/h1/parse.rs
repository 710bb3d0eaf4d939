//! From received bytes to a [`Request`] or [`Response`]: one pass over the head, one copy of it, no allocation once warm.
//!
//! What is accepted follows HAProxy 3.4: the RFC's strict reading, plus bare LF, leading empty lines and folded values.

use memchr::memchr;

use super::error::{H1Error, H1ErrorKind};
use super::line::{self, FieldLines, LineRules, Noticed, is_blank, span};
use super::sanitize;
use crate::message::{Framing, Method, Request, Response, Version};

/// How much a head may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes received before the head must be complete: the buffer's size (`tune.bufsize`).
    pub raw_max: usize,
    /// Space a head may take once parsed (`tune.bufsize` less `tune.maxrewrite`), counted as HAProxy counts:
    /// 85, the start line's words and, for each field, name and value and 8.
    pub parsed_max: usize,
    /// Lines of a head, the first one included (`tune.http.maxhdr`).
    pub lines_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { raw_max: 16384, parsed_max: 16384 - 1024, lines_max: 101 }
    }
}

/// Which faults are let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relax {
    /// `option accept-unsafe-violations-in-http-request` or `-response`.
    pub unsafe_violations: bool,
    /// `h1-accept-payload-with-any-method`.
    pub payload_any_method: bool,
}

/// What a partial head has shown so far; hand the same value in with the longer buffer, and a fresh one for a new message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Bytes of the buffer that have been looked at.
    scanned: usize,
    /// The first line was complete.
    past_first_line: bool,
}

/// Outcome of a look at the received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The head is not complete; `Resume` remembers how far it was seen.
    Partial,
    /// The head is in `out`.
    Complete {
        /// Bytes of the buffer the head took, leading empty lines included.
        head_len: usize,
        /// What the connection's owner must know.
        flags: ConnFlags,
    },
}

/// Facts about connection and protocol that were found in the head. Tokens `close` and `keep-alive` are taken out of the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnFlags(u16);

impl ConnFlags {
    /// The sender closes or wants a close after this message (`close`, or HTTP/1.0 without `keep-alive`).
    pub const CLOSE: ConnFlags = ConnFlags(1);
    /// The token `keep-alive` was present.
    pub const KEEP_ALIVE: ConnFlags = ConnFlags(1 << 1);
    /// `Connection: upgrade` with a protocol in `Upgrade`.
    pub const UPGRADE: ConnFlags = ConnFlags(1 << 2);
    /// The upgrade is to `websocket`.
    pub const WEBSOCKET: ConnFlags = ConnFlags(1 << 3);
    /// `Expect: 100-continue` on HTTP/1.1.
    pub const EXPECT_100: ConnFlags = ConnFlags(1 << 4);
    /// Content-Length stood beside Transfer-Encoding, or a coding in HTTP/1.0: the connection must close after the
    /// answer (RFC 9112 §6.1) unless `h1-do-not-close-on-insecure-transfer-encoding`.
    pub const INSECURE_FRAMING: ConnFlags = ConnFlags(1 << 5);
    /// A Host field was present.
    pub const HOST: ConnFlags = ConnFlags(1 << 6);
    /// The token `close` itself was present.
    pub const CLOSE_TOKEN: ConnFlags = ConnFlags(1 << 7);

    /// True when all of `other` are set.
    pub fn has(self, other: ConnFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets all of `other`.
    pub fn set(&mut self, other: ConnFlags) {
        self.0 |= other.0;
    }

    /// Clears all of `other`.
    pub fn unset(&mut self, other: ConnFlags) {
        self.0 &= !other.0;
    }
}

impl std::ops::BitOr for ConnFlags {
    type Output = ConnFlags;
    fn bitor(self, other: ConnFlags) -> ConnFlags {
        ConnFlags(self.0 | other.0)
    }
}

/// What a response answers: its framing depends on it (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyTo {
    /// Method of the request.
    pub method: Method,
    /// The request asked for an upgrade, so a 101 may come.
    pub upgrade: bool,
    /// The request was a WebSocket handshake, so its 101 needs `sec-websocket-accept`.
    pub websocket: bool,
}

/// Bytes every parsed head costs besides its text.
const HEAD_COST: usize = 85;
/// Bytes the version costs, whatever it is.
const VERSION_COST: usize = 8;
/// Bytes each field costs besides its text.
const FIELD_COST: usize = 8;

/// Reads a request head at the start of `buf`. `out` is overwritten in any case.
pub fn parse_request(
    buf: &[u8],
    resume: &mut Resume,
    limits: &Limits,
    relax: Relax,
    out: &mut Request,
) -> Result<Parsed, H1Error> {
    let Some(start) = worth_parsing(buf, resume, limits, relax, Side::Request)? else {
        return Ok(Parsed::Partial);
    };
    out.clear();
    let Some(first) = request_line(buf, start, relax)? else {
        return partial(buf, resume, limits, false);
    };
    let line_text = first.method.len as usize + first.uri.len as usize;
    let mut noticed = Noticed::default();
    let rules = rules(limits, relax);
    let lines = line::field_lines(buf, first.next, start, rules, &mut out.fields, &mut noticed)?;
    let FieldLines::Complete(end) = lines else {
        return partial(buf, resume, limits, true);
    };
    if HEAD_COST + line_text + VERSION_COST > limits.parsed_max {
        return Err(H1Error::new(H1ErrorKind::TargetTooLong, start));
    }
    if HEAD_COST + line_text + VERSION_COST + noticed.text + noticed.lines * FIELD_COST > limits.parsed_max {
        return Err(H1Error::new(H1ErrorKind::HeadTooLarge, start));
    }
    out.fields.adopt(&buf[start..end]);
    out.place(first.method, first.uri, first.version);
    if noticed.folded {
        line::unfold(&mut out.fields);
    }
    let flags = sanitize::request(out, noticed, relax).map_err(|kind| H1Error::new(kind, start))?;
    Ok(Parsed::Complete { head_len: end, flags })
}

/// Reads a response head at the start of `buf`. `out` is overwritten in any case; every error is a bad gateway.
pub fn parse_response(
    buf: &[u8],
    resume: &mut Resume,
    limits: &Limits,
    relax: Relax,
    reply_to: ReplyTo,
    out: &mut Response,
) -> Result<Parsed, H1Error> {
    let Some(start) = worth_parsing(buf, resume, limits, relax, Side::Response)? else {
        return Ok(Parsed::Partial);
    };
    out.clear();
    let Some(first) = status_line(buf, start, relax)? else {
        return partial(buf, resume, limits, false);
    };
    let mut noticed = Noticed::default();
    let rules = rules(limits, relax);
    let lines = line::field_lines(buf, first.next, start, rules, &mut out.fields, &mut noticed)?;
    let FieldLines::Complete(end) = lines else {
        return partial(buf, resume, limits, true);
    };
    let cost =
        HEAD_COST + VERSION_COST + 3 + first.reason.len as usize + noticed.text + noticed.lines * FIELD_COST;
    if cost > limits.parsed_max {
        return Err(H1Error::new(H1ErrorKind::HeadTooLarge, start));
    }
    out.fields.adopt(&buf[start..end]);
    out.place(first.version, first.status, first.reason);
    if noticed.folded {
        line::unfold(&mut out.fields);
    }
    let flags =
        sanitize::response(out, noticed, relax, reply_to).map_err(|kind| H1Error::new(kind, start))?;
    Ok(Parsed::Complete { head_len: end, flags })
}

/// Bytes of empty lines at the start of `buf`, which may precede any message (RFC 9112 §2.2).
pub fn leading_empty_lines(buf: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &buf[at..] {
            [b'\n', ..] => at += 1,
            [b'\r', b'\n', ..] => at += 2,
            _ => return at,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

fn rules(limits: &Limits, relax: Relax) -> LineRules {
    LineRules { relaxed: relax.unsafe_violations, fields_max: limits.lines_max.saturating_sub(1) }
}

/// Decides whether a parse can tell anything new; where the message starts if so. Each byte is looked at once per line end,
/// and there are at most `lines_max` of them, so slow senders stay cheap.
fn worth_parsing(
    buf: &[u8],
    resume: &mut Resume,
    limits: &Limits,
    relax: Relax,
    side: Side,
) -> Result<Option<usize>, H1Error> {
    let start = leading_empty_lines(buf);
    let seen = resume.scanned.clamp(start, buf.len().max(start));
    if memchr(b'\n', &buf[seen..]).is_some() {
        return Ok(Some(start));
    }
    if !resume.past_first_line && side == Side::Request {
        first_line_so_far(buf, start, seen, relax)?;
    }
    partial(buf, resume, limits, resume.past_first_line)?;
    Ok(None)
}

fn partial(
    buf: &[u8],
    resume: &mut Resume,
    limits: &Limits,
    past_first_line: bool,
) -> Result<Parsed, H1Error> {
    resume.scanned = buf.len();
    resume.past_first_line = past_first_line;
    if buf.len() >= limits.raw_max {
        let kind = if past_first_line { H1ErrorKind::HeadTooLarge } else { H1ErrorKind::TargetTooLong };
        return Err(H1Error::new(kind, buf.len()));
    }
    Ok(Parsed::Partial)
}

/// Finds at once what cannot become a request line, such as a TLS handshake on a clear port.
fn first_line_so_far(buf: &[u8], start: usize, seen: usize, relax: Relax) -> Result<(), H1Error> {
    // A lone CR may still become an empty line.
    if buf[start..] == *b"\r" {
        return Ok(());
    }
    let method = buf[start..].iter().take_while(|byte| line::is_token(**byte)).count();
    let method_end = start + method;
    match buf.get(method_end) {
        Some(byte) if !is_blank(*byte) || method == 0 => {
            return Err(H1Error::new(H1ErrorKind::Method, method_end));
        }
        Some(_) => {}
        None => return Ok(()),
    }
    let from = seen.max(method_end);
    match buf[from..]
        .iter()
        .position(|byte| !target_character(*byte, relax) && !is_blank(*byte) && *byte != b'\r')
    {
        Some(bad) => Err(H1Error::new(H1ErrorKind::TargetCharacter, from + bad)),
        None => Ok(()),
    }
}

fn target_character(byte: u8, relax: Relax) -> bool {
    match byte {
        b'#' | 0x80..=0xff => relax.unsafe_violations,
        0x21..=0x7e => true,
        _ => false,
    }
}

struct RequestLine {
    method: crate::fields::Span,
    uri: crate::fields::Span,
    version: Version,
    next: usize,
}

/// The request line at `start`; spans are relative to it.
fn request_line(buf: &[u8], start: usize, relax: Relax) -> Result<Option<RequestLine>, H1Error> {
    let Some((text, next)) = first_line(buf, start) else { return Ok(None) };
    let method_len = text.iter().take_while(|byte| line::is_token(**byte)).count();
    if method_len == 0 || !text.get(method_len).is_some_and(|byte| is_blank(*byte)) {
        return Err(H1Error::new(H1ErrorKind::Method, start + method_len));
    }
    let uri_at = method_len + blanks(&text[method_len..]);
    let uri_len = text[uri_at..].iter().take_while(|byte| target_character(**byte, relax)).count();
    let uri_end = uri_at + uri_len;
    match text.get(uri_end) {
        Some(byte) if !is_blank(*byte) => {
            return Err(H1Error::new(H1ErrorKind::TargetCharacter, start + uri_end));
        }
        _ if uri_len == 0 => return Err(H1Error::new(H1ErrorKind::TargetForm, start + uri_at)),
        _ => {}
    }
    let version_at = uri_end + blanks(&text[uri_end..]);
    let version = if version_at == text.len() && relax.unsafe_violations && text.starts_with(b"GET") {
        Version { major: 0, minor: 9 }
    } else {
        version(&text[version_at..], relax).ok_or(H1Error::new(H1ErrorKind::Version, start + version_at))?
    };
    Ok(Some(RequestLine { method: span(0, method_len), uri: span(uri_at, uri_len), version, next }))
}

struct StatusLine {
    version: Version,
    status: u16,
    reason: crate::fields::Span,
    next: usize,
}

/// The status line at `start`; the reason's span is relative to it.
fn status_line(buf: &[u8], start: usize, relax: Relax) -> Result<Option<StatusLine>, H1Error> {
    let Some((text, next)) = first_line(buf, start) else { return Ok(None) };
    let version_len = text.iter().take_while(|byte| !is_blank(**byte)).count();
    let version = version(&text[..version_len], relax).ok_or(H1Error::new(H1ErrorKind::Version, start))?;
    let status_at = version_len + blanks(&text[version_len..]);
    let digits = text[status_at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let status_end = status_at + digits;
    let bad_status = H1Error::new(H1ErrorKind::Status, start + status_at);
    if digits < 3 || (digits > 3 && !relax.unsafe_violations) {
        return Err(bad_status);
    }
    let status: u16 = std::str::from_utf8(&text[status_at..status_end])
        .ok()
        .and_then(|s| s.parse().ok())
        .ok_or(bad_status)?;
    if status < 100 || text.get(status_end).is_some_and(|byte| !is_blank(*byte)) {
        return Err(bad_status);
    }
    let reason_at = status_end + blanks(&text[status_end..]);
    Ok(Some(StatusLine { version, status, reason: span(reason_at, text.len() - reason_at), next }))
}

/// The text of the first line without its end, and the offset of the next line.
fn first_line(buf: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let length = memchr(b'\n', &buf[start..])?;
    let text = &buf[start..start + length];
    Some((text.strip_suffix(b"\r").unwrap_or(text), start + length + 1))
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_blank(**byte)).count()
}

/// `HTTP/` digit `.` digit; relaxed: any protocol name and any number of digits.
fn version(text: &[u8], relax: Relax) -> Option<Version> {
    if let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] = text
        && major.is_ascii_digit()
        && minor.is_ascii_digit()
    {
        return Some(Version { major: major - b'0', minor: minor - b'0' });
    }
    if !relax.unsafe_violations {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let (name, numbers) = text.split_once('/')?;
    let (major, minor) = numbers.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.len() <= 5 && s.bytes().all(|b| b.is_ascii_digit());
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase()) || !digits(major) || !digits(minor) {
        return None;
    }
    let small = |s: &str| s.parse::<u32>().map_or(u8::MAX, |n| n.min(255) as u8);
    Some(Version { major: small(major), minor: small(minor) })
}

/// The framing of a response by status and request (RFC 9112 §6.3), before its own fields are looked at.
pub(crate) fn bodyless(status: u16, reply_to: ReplyTo) -> Option<Framing> {
    match status {
        101 => Some(Framing::Tunnel),
        200..=299 if reply_to.method == Method::Connect => Some(Framing::Tunnel),
        100..=199 | 204 | 304 => Some(Framing::None),
        _ if reply_to.method == Method::Head => Some(Framing::None),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
