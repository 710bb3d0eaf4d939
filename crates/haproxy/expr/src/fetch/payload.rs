//! Bytes of a channel or body (manual §7.3.5, §7.3.6).

use haproxy_http::Framing;
use haproxy_http::h1::chunk::{ChunkDecoder, Step};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cx::{Cx, Direction};
use crate::fault::Fault;
use crate::fetch::http_uri::next_param;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Fetch, Walk, opt, req};
use crate::value::{Bytes, Type, Value};

const PART: &[ArgSpec] = &[req(ArgKind::Int), req(ArgKind::Int)];
const LENGTH_VALUE: &[ArgSpec] = &[req(ArgKind::Int), req(ArgKind::Int), opt(ArgKind::Str)];
const TOKEN: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Int)];
const COOKIE: &[ArgSpec] = &[opt(ArgKind::Str)];
const REQ: Use = Use::REQUEST_BUFFER;
const RES: Use = Use::RESPONSE_BUFFER;
const BODY: Use = Use::REQUEST_BODY;
const RES_BODY: Use = Use::RESPONSE_BODY;

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    Fetch::new(
        "req.len",
        &[],
        Type::Sint,
        REQ,
        |_, cx, walk| len(cx, walk, Direction::Request),
        "bytes received of the request",
    ),
    Fetch::new(
        "req_len",
        &[],
        Type::Sint,
        REQ,
        |_, cx, walk| len(cx, walk, Direction::Request),
        "bytes received of the request",
    ),
    Fetch::new(
        "res.len",
        &[],
        Type::Sint,
        RES,
        |_, cx, walk| len(cx, walk, Direction::Response),
        "bytes received of the response",
    ),
    Fetch::new(
        "req.payload",
        PART,
        Type::Bin,
        REQ,
        |args, cx, walk| part(args, cx, walk, Some(Direction::Request)),
        "bytes of the request",
    )
    .checked(check_part),
    Fetch::new(
        "res.payload",
        PART,
        Type::Bin,
        RES,
        |args, cx, walk| part(args, cx, walk, Some(Direction::Response)),
        "bytes of the response",
    )
    .checked(check_part),
    Fetch::new(
        "payload",
        PART,
        Type::Bin,
        REQ.or(RES),
        |args, cx, walk| part(args, cx, walk, None),
        "bytes of the message looked at",
    )
    .checked(check_part),
    Fetch::new(
        "req.payload_lv",
        LENGTH_VALUE,
        Type::Bin,
        REQ,
        |args, cx, _| counted(args, cx, Some(Direction::Request)),
        "bytes whose number stands before them",
    )
    .checked(check_counted),
    Fetch::new(
        "res.payload_lv",
        LENGTH_VALUE,
        Type::Bin,
        RES,
        |args, cx, _| counted(args, cx, Some(Direction::Response)),
        "bytes whose number stands before them",
    )
    .checked(check_counted),
    Fetch::new(
        "payload_lv",
        LENGTH_VALUE,
        Type::Bin,
        REQ.or(RES),
        |args, cx, _| counted(args, cx, None),
        "bytes whose number stands before them",
    )
    .checked(check_counted),
    Fetch::new(
        "req.body",
        &[],
        Type::Bin,
        BODY,
        |_, cx, _| body(cx, Direction::Request),
        "received part of the request's body",
    ),
    Fetch::new(
        "res.body",
        &[],
        Type::Bin,
        RES_BODY,
        |_, cx, _| body(cx, Direction::Response),
        "received part of the response's body",
    ),
    Fetch::new(
        "req.body_len",
        &[],
        Type::Sint,
        BODY,
        |_, cx, _| body_len(cx, Direction::Request),
        "received bytes of the request's body",
    ),
    Fetch::new(
        "res.body_len",
        &[],
        Type::Sint,
        RES_BODY,
        |_, cx, _| body_len(cx, Direction::Response),
        "received bytes of the response's body",
    ),
    Fetch::new(
        "req.body_size",
        &[],
        Type::Sint,
        BODY,
        |_, cx, _| body_size(cx, Direction::Request),
        "announced size of the request's body",
    ),
    Fetch::new(
        "res.body_size",
        &[],
        Type::Sint,
        RES_BODY,
        |_, cx, _| body_size(cx, Direction::Response),
        "announced size of the response's body",
    ),
    Fetch::new(
        "req.body_param",
        &[opt(ArgKind::Str), opt(ArgKind::Str)],
        Type::Bin,
        BODY,
        body_param,
        "parameter of a form in the body",
    )
    .checked(check_body_param),
    Fetch::new("distcc_body", TOKEN, Type::Bin, REQ.or(RES), distcc_body, "body of a distcc token")
        .checked(check_token),
    Fetch::new("distcc_param", TOKEN, Type::Sint, REQ.or(RES), distcc_param, "parameter of a distcc token")
        .checked(check_token),
    Fetch::new("req.rdp_cookie", COOKIE, Type::Str, REQ, rdp_cookie, "cookie of an RDP connection request"),
    Fetch::new("rdp_cookie", COOKIE, Type::Str, REQ, rdp_cookie, "cookie of an RDP connection request"),
    Fetch::new("req.rdp_cookie_cnt", COOKIE, Type::Sint, REQ, rdp_cookie_cnt, "number of RDP cookies"),
    Fetch::new("rdp_cookie_cnt", COOKIE, Type::Sint, REQ, rdp_cookie_cnt, "number of RDP cookies"),
];

/// The bytes of a direction; None where the rules look the other way.
pub(super) fn input<'a>(cx: &Cx<'a>, direction: Option<Direction>) -> Option<&'a [u8]> {
    cx.txn?;
    direction.is_none_or(|direction| direction == cx.direction).then_some(cx.input.bytes)
}

/// Raw bytes of a channel, which only streams without HTTP have.
fn channel<'a>(cx: &Cx<'a>, direction: Option<Direction>) -> Option<&'a [u8]> {
    if cx.txn?.http { None } else { input(cx, direction) }
}

/// In HTTP the message counts as it is kept: its head and what has come of its body.
fn len<'a>(cx: &Cx<'a>, walk: &mut Walk, direction: Direction) -> Got<Value<'a>> {
    walk.may_change = !cx.input.complete;
    let Some((body, marks)) = content(cx, direction) else { return Got::Missing };
    let head = match (cx.txn, direction) {
        (Some(txn), Direction::Request) if txn.http && txn.has_request => txn.request.kept_len(),
        (Some(txn), Direction::Response) if txn.http && txn.has_response => txn.response.kept_len(),
        _ => 0,
    };
    Got::Is(Value::Int((head + body.len() + marks) as i64))
}

/// What has come of a body, without its framing and without what follows it; of a stream without HTTP, all that came.
fn received<'a>(cx: &Cx<'a>, direction: Direction) -> Option<Bytes<'a>> {
    content(cx, direction).map(|(bytes, _)| bytes)
}

/// The same, and how much the end of chunks and trailers count where a message is counted as it is kept.
fn content<'a>(cx: &Cx<'a>, direction: Direction) -> Option<(Bytes<'a>, usize)> {
    let (txn, bytes) = (cx.txn?, input(cx, Some(direction))?);
    if !txn.http {
        return Some((Bytes::Ref(bytes), 0));
    }
    let framing = match direction {
        Direction::Request => txn.request.framing,
        Direction::Response => txn.response.framing,
    };
    Some(match framing {
        Framing::None => (Bytes::Ref(b""), 0),
        Framing::Length(length) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            (Bytes::Ref(&bytes[..bytes.len().min(length)]), 0)
        }
        Framing::Chunked => {
            let (data, marks) = unchunked(bytes);
            (Bytes::Owned(data), marks)
        }
        Framing::UntilClose | Framing::Tunnel => (Bytes::Ref(bytes), 0),
    })
}

/// The data of the chunks that have come, and what their end counts.
fn unchunked(bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut data = Vec::with_capacity(bytes.len());
    let mut decoder = ChunkDecoder::default();
    let mut at = 0;
    while let Ok((consumed, step)) = decoder.decode(&bytes[at..]) {
        if let Step::Data(range) = &step {
            data.extend_from_slice(&bytes[at + range.start..at + range.end]);
        }
        at += consumed;
        if consumed == 0 || matches!(step, Step::End) {
            break;
        }
    }
    let marks = if decoder.is_done() { decoder.trailers().text_len() + 1 } else { 0 };
    (data, marks)
}

fn check_part(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::int_at(args, 0, 0) < 0 || arg::int_at(args, 1, 0) < 0 {
        return Err(Fault::new("payload length must be >= 0"));
    }
    Ok(())
}

/// `length` bytes from `offset` on, all that follow for 0.
fn part<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk, direction: Option<Direction>) -> Got<Value<'a>> {
    let Some(bytes) = channel(cx, direction) else { return Got::Missing };
    let (offset, length) = (arg::int_at(args, 0, 0) as usize, arg::int_at(args, 1, 0) as usize);
    let end = if length == 0 { bytes.len().max(offset) } else { offset.saturating_add(length) };
    match bytes.get(offset..end) {
        Some(part) if length > 0 || !part.is_empty() || cx.input.complete => {
            walk.may_change = length == 0 && !cx.input.complete;
            Got::Is(Value::Bin(Bytes::Ref(part)))
        }
        _ if cx.input.complete => Got::Missing,
        _ => Got::Pending,
    }
}

fn check_counted(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let (offset, length) = (arg::int_at(args, 0, 0), arg::int_at(args, 1, 0));
    if length <= 0 {
        return Err(Fault::new("payload length must be > 0"));
    }
    if offset < 0 || length > 4 {
        return Err(Fault::new("payload offset must be >= 0 and length at most 4"));
    }
    let text = String::from_utf8_lossy(arg::text_at(args, 2)).into_owned();
    let after = offset.saturating_add(length);
    let start = match text.as_str() {
        "" => after,
        text => {
            let relative = text.starts_with(['+', '-']);
            let Ok(number) = text.trim_start_matches('+').parse::<i64>() else {
                return Err(Fault::new("payload offset2 is not a number"));
            };
            if relative { after.saturating_add(number) } else { number }
        }
    };
    if start < 0 {
        return Err(Fault::new("payload offset2 too negative"));
    }
    args.truncate(2);
    args.push(Arg::Int(start));
    Ok(())
}

/// A big-endian number of bytes, then (or elsewhere) so many bytes.
fn counted<'a>(args: &'a [Arg], cx: &Cx<'a>, direction: Option<Direction>) -> Got<Value<'a>> {
    let Some(bytes) = channel(cx, direction) else { return Got::Missing };
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    let (offset, length) = (arg::int_at(args, 0, 0) as usize, arg::int_at(args, 1, 1) as usize);
    let start = arg::int_at(args, 2, 0) as usize;
    let Some(head) = bytes.get(offset..offset.saturating_add(length)) else { return absent };
    let count = head.iter().fold(0usize, |count, byte| count << 8 | usize::from(*byte));
    if count == 0 {
        return Got::Missing;
    }
    match bytes.get(start..start.saturating_add(count)) {
        Some(part) => Got::Is(Value::Bin(Bytes::Ref(part))),
        None => absent,
    }
}

fn body<'a>(cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    received(cx, direction).map(Value::Bin).into()
}

fn body_len<'a>(cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    received(cx, direction).map(|bytes| Value::Int(bytes.len() as i64)).into()
}

/// The announced length, or what has come when there is none.
fn body_size<'a>(cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    let (Some(txn), Some(bytes)) = (cx.txn, received(cx, direction)) else { return Got::Missing };
    let framing = match direction {
        Direction::Request => txn.request.framing,
        Direction::Response => txn.response.framing,
    };
    Got::Is(Value::Int(match framing {
        Framing::Length(length) => length as i64,
        _ => bytes.len() as i64,
    }))
}

fn check_body_param(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    match arg::text_at(args, 1) {
        b"" | b"i" => Ok(()),
        _ => Err(Fault::new("Parameter must be 'i' for case-insensitive.")),
    }
}

fn body_param<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    let Some(bytes) = received(cx, Direction::Request) else { return Got::Missing };
    let ignore_case = arg::text_at(args, 1) == b"i";
    match next_param(&bytes, walk.offset as usize, arg::text_at(args, 0), b"&", ignore_case) {
        Some((value, after)) => {
            walk.offset = after as u32;
            walk.more = walk.all;
            let range = after - 1 - value.len()..after - 1;
            Got::Is(Value::Bin(bytes.piece(range)))
        }
        None => Got::Missing,
    }
}

fn check_token(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 0).len() != 4 {
        return Err(Fault::new("token name must be exactly 4 characters"));
    }
    Ok(())
}

/// Tokens whose parameter is the length of what follows.
const DISTCC_BODIES: [&[u8]; 6] = [b"ARGV", b"DOTI", b"DOTO", b"SERR", b"SOUT", b"HOST"];

/// Parameter and body of the nth token of a name: four letters, eight hexadecimal digits.
fn distcc<'a>(args: &'a [Arg], cx: &Cx<'a>) -> Got<(i64, &'a [u8])> {
    let Some(bytes) = input(cx, None) else { return Got::Missing };
    let (wanted, mut left) = (arg::text_at(args, 0), arg::int_at(args, 1, 1).max(1));
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    let mut at = 0;
    loop {
        let Some(head) = bytes.get(at..at + 12) else { return absent };
        let digits =
            std::str::from_utf8(&head[4..]).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(parameter) = digits else { return Got::Missing };
        at += 12;
        let length = if DISTCC_BODIES.contains(&&head[..4]) { parameter as usize } else { 0 };
        if &head[..4] == wanted {
            left -= 1;
        }
        if left == 0 {
            return match bytes.get(at..at.saturating_add(length)) {
                Some(body) => Got::Is((parameter.into(), body)),
                None => absent,
            };
        }
        at = at.saturating_add(length);
    }
}

fn distcc_body<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    distcc(args, cx).map(|(_, body)| Value::Bin(Bytes::Ref(body)))
}

fn distcc_param<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    distcc(args, cx).map(|(parameter, _)| Value::Int(parameter))
}

/// TPKT and X.224 headers before the cookie of a connection request ([MS-RDPBCGR] §2.2.1.1).
const RDP_HEADER_BYTES: usize = 11;

fn find_rdp<'a>(args: &'a [Arg], cx: &Cx<'a>) -> Got<&'a [u8]> {
    let Some(bytes) = input(cx, Some(Direction::Request)) else { return Got::Missing };
    let absent = if cx.input.complete { Got::Missing } else { Got::Pending };
    let Some(head) = bytes.get(..RDP_HEADER_BYTES) else { return absent };
    let tpkt_length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if head[0] != 3 || head[5] != 0xe0 || tpkt_length < RDP_HEADER_BYTES {
        return Got::Missing;
    }
    let Some(rest) = bytes.get(RDP_HEADER_BYTES..tpkt_length) else { return absent };
    let Some(cookie) = rest.strip_prefix(b"Cookie: ") else { return Got::Missing };
    let Some(end) = cookie.windows(2).position(|pair| pair == b"\r\n") else { return Got::Missing };
    let Some(equals) = cookie[..end].iter().position(|byte| *byte == b'=') else { return Got::Missing };
    let (name, value) = (&cookie[..equals], &cookie[equals + 1..end]);
    let wanted = arg::text_at(args, 0);
    if wanted.is_empty() || name.eq_ignore_ascii_case(wanted) { Got::Is(value) } else { Got::Missing }
}

fn rdp_cookie<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    find_rdp(args, cx).map(Value::text)
}

fn rdp_cookie_cnt<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    match find_rdp(args, cx) {
        Got::Pending => Got::Pending,
        found => Got::Is(Value::Int(i64::from(found.ok().is_some()))),
    }
}
