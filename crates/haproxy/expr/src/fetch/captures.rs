//! What was captured of the messages (manual §7.3.6).

use bstr::ByteSlice;

use crate::arg::{self, Arg, ArgKind};
use crate::at::Use;
use crate::cx::{Cx, Direction};
use crate::fetch::http_uri::path_and_query;
use crate::got::Got;
use crate::row::{Fetch, Walk, req};
use crate::value::{Bytes, Type, Value};

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    Fetch::new(
        "capture.req.hdr",
        &[req(ArgKind::Int)],
        Type::Str,
        Use::REQUEST,
        req_hdr,
        "captured request header",
    ),
    Fetch::new(
        "capture.res.hdr",
        &[req(ArgKind::Int)],
        Type::Str,
        Use::RESPONSE,
        res_hdr,
        "captured response header",
    ),
    Fetch::new(
        "capture.req.method",
        &[],
        Type::Str,
        Use::REQUEST,
        |_, cx, _| word(cx, 0),
        "method of the request as received",
    ),
    Fetch::new("capture.req.uri", &[], Type::Str, Use::REQUEST, req_uri, "target of the request as received"),
    Fetch::new("capture.req.ver", &[], Type::Str, Use::REQUEST, req_ver, "HTTP/1.0 or HTTP/1.1"),
    Fetch::new("capture.res.ver", &[], Type::Str, Use::REQUEST, res_ver, "HTTP/1.0 or HTTP/1.1"),
];

fn slot<'a>(args: &[Arg], cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    let (Some(txn), Ok(index)) = (cx.txn, usize::try_from(arg::int_at(args, 0, -1))) else {
        return Got::Missing;
    };
    if let Some((_, _, text)) =
        txn.late_captures.borrow().iter().rev().find(|(side, slot, _)| *side == direction && *slot == index)
    {
        return Got::Is(Value::Str(Bytes::Owned(text.clone())));
    }
    let slots = match direction {
        Direction::Request => &txn.log.request_captures,
        Direction::Response => &txn.log.response_captures,
    };
    slots.get(index).and_then(|slot| slot.as_deref()).map(Value::text).into()
}

fn req_hdr<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    slot(args, cx, Direction::Request)
}

fn res_hdr<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    slot(args, cx, Direction::Response)
}

fn word<'a>(cx: &Cx<'a>, index: usize) -> Got<Value<'a>> {
    let Some(txn) = cx.txn else { return Got::Missing };
    txn.log.request_line.split_str(" ").nth(index).filter(|word| !word.is_empty()).map(Value::text).into()
}

/// Path and query: of an absolute target not the host, of `*` nothing.
fn req_uri<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let Some(txn) = cx.txn else { return Got::Missing };
    let uri = txn.log.request_line.split_str(" ").nth(1).map(path_and_query);
    uri.filter(|uri| !uri.is_empty()).map(Value::text).into()
}

fn version(old: bool) -> Value<'static> {
    Value::text(if old { b"HTTP/1.0" } else { b"HTTP/1.1" })
}

fn req_ver<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    cx.txn
        .filter(|txn| txn.has_request)
        .map(|txn| version(txn.request.version < haproxy_http::Version::HTTP_11))
        .into()
}

fn res_ver<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    cx.txn
        .filter(|txn| txn.has_response)
        .map(|txn| version(txn.response.version < haproxy_http::Version::HTTP_11))
        .into()
}
