//! What the fields of a head mean for framing, connection and authority; contradictions are refused or taken out.

use super::error::H1ErrorKind;
use super::line::{Noticed, trim};
use super::parse::{ConnFlags, Relax, ReplyTo, bodyless};
use crate::fields::{Fields, Span};
use crate::message::{Framing, Method, Request, Response, Version};
use crate::name::FieldId;
use crate::uri::{self, Target};

/// Checks a request whose fields are in place; decides its framing and normalises authority and Host.
pub(crate) fn request(out: &mut Request, noticed: Noticed, relax: Relax) -> Result<ConnFlags, H1ErrorKind> {
    let mut flags = ConnFlags::default();
    host_fields(out, noticed, relax, &mut flags)?;
    target(out, relax, flags)?;
    let codings = framing(&mut out.fields, noticed, out.version, relax, Side::Request, &mut flags)?;
    out.framing = match codings {
        Some(framing) => framing,
        None => Framing::None,
    };
    if out.method() == Method::Connect {
        out.fields.remove_known(FieldId::ContentLength);
        out.fields.remove_known(FieldId::TransferEncoding);
        out.framing = Framing::None;
    }
    let no_body_in_1_0 = matches!(out.method(), Method::Get | Method::Head | Method::Delete);
    if out.version < Version::HTTP_11
        && no_body_in_1_0
        && !relax.payload_any_method
        && !matches!(out.framing, Framing::None | Framing::Length(0))
    {
        return Err(H1ErrorKind::PayloadWithoutMeaning);
    }
    connection(&mut out.fields, noticed, out.version, &mut flags);
    upgrade(&mut out.fields, noticed, &mut flags);
    if flags.has(ConnFlags::WEBSOCKET) && !noticed.has(FieldId::SecWebsocketKey) && !relax.unsafe_violations {
        return Err(H1ErrorKind::WebSocketKey);
    }
    if noticed.has(FieldId::Expect) && out.version >= Version::HTTP_11 {
        let continues = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
        if out.fields.first(FieldId::Expect).is_some_and(continues) {
            flags.set(ConnFlags::EXPECT_100);
        }
    }
    Ok(flags)
}

/// Checks a response whose fields are in place; decides its framing.
pub(crate) fn response(
    out: &mut Response,
    noticed: Noticed,
    relax: Relax,
    reply_to: ReplyTo,
) -> Result<ConnFlags, H1ErrorKind> {
    let mut flags = ConnFlags::default();
    connection(&mut out.fields, noticed, out.version, &mut flags);
    let codings = framing(&mut out.fields, noticed, out.version, relax, Side::Response, &mut flags)?;
    match bodyless(out.status, reply_to) {
        Some(framing) => {
            // 1xx and 204 have no content, so a length or coding says nothing (RFC 9110 §8.6).
            if out.status < 200 || out.status == 204 {
                out.fields.remove_known(FieldId::ContentLength);
                out.fields.remove_known(FieldId::TransferEncoding);
            }
            out.framing = framing;
        }
        None => out.framing = codings.unwrap_or(Framing::UntilClose),
    }
    if out.status == 101 {
        upgrade(&mut out.fields, noticed, &mut flags);
        if !reply_to.upgrade || !flags.has(ConnFlags::UPGRADE) {
            return Err(H1ErrorKind::Upgrade);
        }
        let accepted = noticed.has(FieldId::SecWebsocketAccept) || relax.unsafe_violations;
        if reply_to.websocket && flags.has(ConnFlags::WEBSOCKET) && !accepted {
            return Err(H1ErrorKind::WebSocketKey);
        }
    }
    Ok(flags)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

/// Content-Length and Transfer-Encoding: which of them says where the body ends, if any.
fn framing(
    fields: &mut Fields,
    noticed: Noticed,
    version: Version,
    relax: Relax,
    side: Side,
    flags: &mut ConnFlags,
) -> Result<Option<Framing>, H1ErrorKind> {
    let length = match noticed.has(FieldId::ContentLength) {
        true => Some(content_length(fields)?),
        false => None,
    };
    if !noticed.has(FieldId::TransferEncoding) {
        return Ok(length.map(Framing::Length));
    }
    let chunked = transfer_encoding(fields, side, relax)?;
    if length.is_some() {
        fields.remove_known(FieldId::ContentLength);
        flags.set(ConnFlags::INSECURE_FRAMING);
    }
    if version < Version::HTTP_11 {
        flags.set(ConnFlags::INSECURE_FRAMING);
    }
    Ok(match chunked {
        true => Some(Framing::Chunked),
        false => None,
    })
}

/// The one length all fields and list elements agree on; further fields are removed.
fn content_length(fields: &mut Fields) -> Result<u64, H1ErrorKind> {
    let mut agreed = None;
    let mut several = false;
    let mut kept: Option<(usize, Span)> = None;
    for field in fields.all(FieldId::ContentLength) {
        for element in field.value.split(|byte| *byte == b',') {
            let number = decimal(trim(element)).ok_or(H1ErrorKind::ContentLength)?;
            if agreed.is_some_and(|known| known != number) {
                return Err(H1ErrorKind::ContentLength);
            }
            several |= agreed.is_some();
            agreed = Some(number);
        }
        if kept.is_none()
            && let Some(span) = fields.value_span(field.index)
        {
            let first = field.value.split(|byte| *byte == b',').next().unwrap_or_default();
            kept = Some((field.index, Span { start: span.start, len: trim_end_len(first) as u32 }));
        }
    }
    if several && let Some((index, value)) = kept {
        fields.set_value_span(index, value);
        fields.retain(|field| field.id != FieldId::ContentLength || field.index == index);
    }
    agreed.ok_or(H1ErrorKind::ContentLength)
}

fn trim_end_len(text: &[u8]) -> usize {
    text.len() - text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Digits only, at most 63 bits.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (number <= i64::MAX as u64).then_some(number)
}

/// True when the body is chunked and nothing else.
fn transfer_encoding(fields: &Fields, side: Side, relax: Relax) -> Result<bool, H1ErrorKind> {
    let lenient = side == Side::Response && relax.unsafe_violations;
    let (mut chunked, mut others) = (0usize, 0usize);
    let mut last_is_chunked = false;
    for field in fields.all(FieldId::TransferEncoding) {
        for element in field.value.split(|byte| *byte == b',') {
            let coding = trim(element);
            if coding.is_empty() {
                if lenient {
                    continue;
                }
                return Err(H1ErrorKind::TransferEncoding);
            }
            last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            match last_is_chunked {
                true => chunked += 1,
                false => others += 1,
            }
        }
    }
    if (chunked > 1 && !lenient) || (chunked > 0 && !last_is_chunked) {
        return Err(H1ErrorKind::TransferEncoding);
    }
    match (last_is_chunked, others) {
        (true, 0) => Ok(true),
        (true, _) => Err(H1ErrorKind::UnsupportedCoding),
        (false, 0) => Ok(false),
        (false, _) => Err(H1ErrorKind::TransferEncoding),
    }
}

/// Takes `close` and `keep-alive` out of Connection: they are managed per side.
fn connection(fields: &mut Fields, noticed: Noticed, version: Version, flags: &mut ConnFlags) {
    if noticed.has(FieldId::Connection) {
        let mut at = 0;
        while let Some(field) = fields.at(at) {
            if field.id != FieldId::Connection {
                at += 1;
                continue;
            }
            let changed = without_tokens(fields, at, |token| {
                if token.eq_ignore_ascii_case(b"close") {
                    flags.set(ConnFlags::CLOSE_TOKEN);
                    return true;
                }
                if token.eq_ignore_ascii_case(b"keep-alive") {
                    flags.set(ConnFlags::KEEP_ALIVE);
                    return true;
                }
                if token.eq_ignore_ascii_case(b"upgrade") {
                    flags.set(ConnFlags::UPGRADE);
                }
                false
            });
            match changed {
                Kept::Nothing => fields.remove_at(at),
                Kept::Something => at += 1,
            }
        }
    }
    let old_and_unasked = version < Version::HTTP_11 && !flags.has(ConnFlags::KEEP_ALIVE);
    if flags.has(ConnFlags::CLOSE_TOKEN) || old_and_unasked {
        flags.set(ConnFlags::CLOSE);
    }
}

/// Takes HTTP/2's tokens out of Upgrade (they must not be forwarded), and brings Upgrade and `Connection: upgrade` to agree.
fn upgrade(fields: &mut Fields, noticed: Noticed, flags: &mut ConnFlags) {
    let mut protocols = false;
    if noticed.has(FieldId::Upgrade) {
        let mut at = 0;
        while let Some(field) = fields.at(at) {
            if field.id != FieldId::Upgrade {
                at += 1;
                continue;
            }
            let kept = without_tokens(fields, at, |token| {
                if token.eq_ignore_ascii_case(b"websocket") {
                    flags.set(ConnFlags::WEBSOCKET);
                }
                token.eq_ignore_ascii_case(b"h2c") || token.eq_ignore_ascii_case(b"h2")
            });
            match kept {
                Kept::Nothing => fields.remove_at(at),
                Kept::Something => {
                    protocols = true;
                    at += 1;
                }
            }
        }
    }
    match (flags.has(ConnFlags::UPGRADE), protocols) {
        (true, true) => {}
        (true, false) => {
            flags.unset(ConnFlags::UPGRADE | ConnFlags::WEBSOCKET);
            remove_token(fields, FieldId::Connection, b"upgrade");
        }
        (false, _) => {
            flags.unset(ConnFlags::WEBSOCKET);
            if protocols {
                fields.remove_known(FieldId::Upgrade);
            }
        }
    }
}

/// Removes one token from all fields of a name, and fields that become empty.
pub(crate) fn remove_token(fields: &mut Fields, id: FieldId, token: &[u8]) {
    let mut at = 0;
    while let Some(field) = fields.at(at) {
        if field.id == id
            && matches!(without_tokens(fields, at, |t| t.eq_ignore_ascii_case(token)), Kept::Nothing)
        {
            fields.remove_at(at);
        } else {
            at += 1;
        }
    }
}

enum Kept {
    Nothing,
    Something,
}

/// Rewrites a comma-separated value in place without the tokens the judge rejects. Until the first removal the text stays as
/// it was; what follows one is joined by commas without blanks, as the original does it.
fn without_tokens(fields: &mut Fields, index: usize, mut reject: impl FnMut(&[u8]) -> bool) -> Kept {
    let Some(span) = fields.value_span(index) else { return Kept::Nothing };
    let range = span.start as usize..(span.start + span.len) as usize;
    let value = &mut fields.buffer_mut()[range];
    let mut kept_end = 0;
    let mut at = 0;
    let mut moved = false;
    while at < value.len() {
        let end = memchr::memchr(b',', &value[at..]).map_or(value.len(), |comma| at + comma);
        let lead = value[at..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let token_at = (at + lead).min(end);
        let token_len = trim(&value[token_at..end]).len();
        let token = &value[token_at..token_at + token_len];
        if !token.is_empty() && reject(token) {
            moved = true;
        } else if !moved {
            kept_end = end;
        } else if token_len > 0 {
            if kept_end > 0 {
                value[kept_end] = b',';
                kept_end += 1;
            }
            value.copy_within(token_at..token_at + token_len, kept_end);
            kept_end += token_len;
        }
        at = end + 1;
    }
    if moved || kept_end == 0 {
        fields.set_value_span(index, Span { start: span.start, len: kept_end as u32 });
    }
    match kept_end {
        0 => Kept::Nothing,
        _ => Kept::Something,
    }
}

/// All Host fields agree; only the first stays. HTTP/1.1 without any is accepted.
fn host_fields(
    out: &mut Request,
    noticed: Noticed,
    relax: Relax,
    flags: &mut ConnFlags,
) -> Result<(), H1ErrorKind> {
    if !noticed.has(FieldId::Host) {
        return Ok(());
    }
    flags.set(ConnFlags::HOST);
    let mut hosts = out.fields.all(FieldId::Host);
    let first = hosts.next().map(|field| (field.index, field.value));
    let Some((index, value)) = first else { return Ok(()) };
    if !relax.unsafe_violations && value.iter().any(|byte| uri::forbidden_in_authority(*byte)) {
        return Err(H1ErrorKind::Host);
    }
    let mut several = false;
    for other in hosts {
        several = true;
        if !other.value.eq_ignore_ascii_case(value) {
            return Err(H1ErrorKind::Host);
        }
    }
    if several {
        out.fields.retain(|field| field.id != FieldId::Host || field.index == index);
    }
    Ok(())
}

/// The target's form fits the method; default ports leave the authority, which must agree with Host (RFC 9112 §3.2).
fn target(out: &mut Request, relax: Relax, flags: ConnFlags) -> Result<(), H1ErrorKind> {
    let method = out.method();
    match uri::classify(out.uri()) {
        _ if method == Method::Connect => connect_target(out, relax, flags),
        Target::Origin => Ok(()),
        Target::Asterisk if method == Method::Options => Ok(()),
        Target::Absolute => absolute_target(out, relax, flags),
        Target::Asterisk | Target::Authority => Err(H1ErrorKind::TargetForm),
    }
}

fn connect_target(out: &mut Request, relax: Relax, flags: ConnFlags) -> Result<(), H1ErrorKind> {
    if relax.unsafe_violations {
        return Ok(());
    }
    let authority = out.uri();
    let (host, port) = uri::split_port(authority);
    let numeric = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if host.is_empty()
        || !port.is_some_and(numeric)
        || authority.iter().any(|b| uri::forbidden_in_authority(*b))
    {
        return Err(H1ErrorKind::TargetForm);
    }
    if !flags.has(ConnFlags::HOST) {
        return Ok(());
    }
    let Some(field) = out.fields.all(FieldId::Host).next() else { return Ok(()) };
    let is_default = port.is_some_and(|text| text == b"80" || text == b"443");
    let (name, host_port) = uri::split_port(field.value);
    let same_port = match host_port {
        None | Some(b"") => is_default,
        Some(text) => port == Some(text),
    };
    if !name.eq_ignore_ascii_case(host) || !same_port {
        return Err(H1ErrorKind::Host);
    }
    if is_default && host_port.is_some_and(|text| !text.is_empty()) {
        let (index, length) = (field.index, name.len() as u32);
        if let Some(span) = out.fields.value_span(index) {
            out.fields.set_value_span(index, Span { start: span.start, len: length });
        }
    }
    Ok(())
}

fn absolute_target(out: &mut Request, relax: Relax, flags: ConnFlags) -> Result<(), H1ErrorKind> {
    let text = out.uri();
    let parts = uri::split(text);
    let scheme = parts.scheme.unwrap_or_default();
    let authority = parts.authority.unwrap_or_default();
    let host_part = uri::without_userinfo(authority);
    if !relax.unsafe_violations && host_part.iter().any(|byte| uri::forbidden_in_authority(*byte)) {
        return Err(H1ErrorKind::Host);
    }
    let stripped = uri::without_default_port(scheme, host_part);
    let strips = stripped.len() != host_part.len();
    let host = match flags.has(ConnFlags::HOST) {
        true => out.fields.all(FieldId::Host).next(),
        false => None,
    };
    let mut new_host: Option<Vec<u8>> = None;
    let mut host_index = 0;
    if let Some(field) = host {
        host_index = field.index;
        if !field.value.eq_ignore_ascii_case(host_part) || strips {
            let bare = uri::without_default_port(scheme, field.value);
            if !relax.unsafe_violations && !bare.eq_ignore_ascii_case(stripped) {
                return Err(H1ErrorKind::Host);
            }
        }
        if strips {
            new_host = Some(stripped.to_vec());
        }
    }
    // An absolute target without a path stands for the root (RFC 9110 §4.2.3); OPTIONS means the server itself.
    let adds_root = parts.path.is_empty() && parts.query.is_none() && out.method() != Method::Options;
    if strips || adds_root {
        let userinfo = authority.len() - host_part.len();
        let tail_at = scheme.len() + 3 + authority.len();
        let mut new_uri = Vec::with_capacity(text.len() + 1);
        new_uri.extend_from_slice(&text[..scheme.len() + 3 + userinfo]);
        new_uri.extend_from_slice(stripped);
        if adds_root {
            new_uri.push(b'/');
        }
        new_uri.extend_from_slice(&text[tail_at..]);
        out.set_uri(&new_uri);
    }
    if let Some(value) = new_host {
        out.fields.replace_value(host_index, &value);
    }
    Ok(())
}
