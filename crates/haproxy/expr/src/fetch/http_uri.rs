//! Start line, target and its parts (manual §7.3.6).

use bstr::ByteSlice;
use common_base::hash::avalanche;
use haproxy_http::{FieldId, Request, Version};

use crate::address;
use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cast;
use crate::cx::{Cx, Direction, Endpoint};
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Fetch, Walk, opt};
use crate::value::{Bytes, Type, Value};

const REQ: Use = Use::REQUEST_HEADERS;
const PARAM: &[ArgSpec] = &[opt(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str)];

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    Fetch::new("method", &[], Type::Meth, Use::REQUEST, method, "request method"),
    Fetch::new("url", &[], Type::Str, REQ, url, "request target as received"),
    Fetch::new("path", &[], Type::Str, REQ, path, "path of the target"),
    Fetch::new("pathq", &[], Type::Str, REQ, pathq, "path and query of the target"),
    Fetch::new("query", &[opt(ArgKind::Str)], Type::Str, REQ, query, "query of the target")
        .checked(check_query),
    Fetch::new("base", &[], Type::Str, REQ, base, "first Host header followed by the path"),
    Fetch::new("baseq", &[], Type::Str, REQ, baseq, "first Host header followed by path and query"),
    Fetch::new("base32", &[], Type::Sint, REQ, base32, "hash of base, SDBM"),
    Fetch::new("base32+src", &[], Type::Bin, REQ, base32_src, "hash of base, then the client address"),
    Fetch::new("url32", &[], Type::Sint, REQ, url32, "hash of Host and target, SDBM"),
    Fetch::new(
        "url32+src",
        &[],
        Type::Bin,
        REQ,
        url32_src,
        "hash of Host and target, then the client address",
    ),
    Fetch::new("url_ip", &[], Type::Ipv4, REQ, url_ip, "address in an absolute target"),
    Fetch::new("url_port", &[], Type::Sint, REQ, url_port, "port in an absolute target"),
    Fetch::new("urlp", PARAM, Type::Str, REQ, urlp, "parameter of the query").checked(check_param),
    Fetch::new("url_param", PARAM, Type::Str, REQ, urlp, "parameter of the query").checked(check_param),
    Fetch::new("urlp_val", PARAM, Type::Sint, REQ, urlp_val, "number in a parameter of the query")
        .checked(check_param),
    Fetch::new("req.ver", &[], Type::Str, Use::REQUEST, req_ver, "version of the request, 1.1"),
    Fetch::new("req_ver", &[], Type::Str, Use::REQUEST, req_ver, "version of the request, 1.1"),
    Fetch::new("res.ver", &[], Type::Str, Use::RESPONSE, res_ver, "version of the response, 1.1"),
    Fetch::new("resp_ver", &[], Type::Str, Use::RESPONSE, res_ver, "version of the response, 1.1"),
    Fetch::new("status", &[], Type::Sint, Use::RESPONSE, status, "status of the response"),
    Fetch::new("req.proto_http", &[], Type::Bool, Use::REQUEST, proto_http, "the request is HTTP"),
    Fetch::new("req_proto_http", &[], Type::Bool, Use::REQUEST, proto_http, "the request is HTTP"),
    Fetch::new(
        "http_first_req",
        &[],
        Type::Bool,
        Use::REQUEST,
        first_request,
        "first request of its connection",
    ),
];

/// The request, once its head is there.
pub(crate) fn request<'a>(cx: &Cx<'a>) -> Got<&'a Request> {
    match cx.txn {
        Some(txn) if txn.has_request => Got::Is(&txn.request),
        Some(_) if cx.direction == Direction::Request && !cx.input.complete => Got::Pending,
        _ => Got::Missing,
    }
}

/// Path and query of a target; nothing in asterisk and authority form, which have no slash (manual §7.3.6 "path").
pub fn path_and_query(uri: &[u8]) -> &[u8] {
    if uri.first() == Some(&b'/') {
        return uri;
    }
    match uri.find(b"://") {
        Some(at) => {
            let rest = &uri[at + 3..];
            rest.find_byte(b'/').map_or(b"", |slash| &rest[slash..])
        }
        None => b"",
    }
}

fn path_of(uri: &[u8]) -> &[u8] {
    let whole = path_and_query(uri);
    &whole[..whole.find_byteset(b"?").unwrap_or(whole.len())]
}

fn method<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).map(|request| Value::Meth(request.method(), Bytes::Ref(request.method_text())))
}

fn url<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).map(|request| Value::text(request.uri()))
}

fn path<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| some(path_of(request.uri())))
}

fn pathq<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| some(path_and_query(request.uri())))
}

fn some(text: &[u8]) -> Got<Value<'_>> {
    if text.is_empty() { Got::Missing } else { Got::Is(Value::text(text)) }
}

fn check_query(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    match args.first().and_then(Arg::text) {
        None | Some(b"" | b"with_qm") => Ok(()),
        Some(_) => Err(Fault::new("Invalid argument. Should be 'with_qm'")),
    }
}

fn query<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| {
        let Some(at) = request.uri().find_byte(b'?') else { return Got::Missing };
        let with_mark = arg::text_at(args, 0) == b"with_qm";
        Got::Is(Value::text(&request.uri()[if with_mark { at } else { at + 1 }..]))
    })
}

fn host(request: &Request) -> &[u8] {
    request.fields.first(FieldId::Host).unwrap_or_default()
}

fn joined<'a>(left: &'a [u8], right: &'a [u8]) -> Got<Value<'a>> {
    match (left, right) {
        (b"", right) => Got::Is(Value::text(right)),
        (left, b"") => Got::Is(Value::text(left)),
        (left, right) => Got::Is(Value::Str(Bytes::Owned([left, right].concat()))),
    }
}

/// Only paths that begin with a slash are appended.
fn slashed(path: &[u8]) -> &[u8] {
    if path.first() == Some(&b'/') { path } else { b"" }
}

fn base<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| joined(host(request), slashed(path_of(request.uri()))))
}

fn baseq<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| joined(host(request), slashed(path_and_query(request.uri()))))
}

/// SDBM over the bytes, in 32 bits.
fn sdbm(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| {
        u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

fn hash_of_base(request: &Request) -> u32 {
    avalanche(sdbm(sdbm(0, host(request)), slashed(path_of(request.uri()))))
}

fn hash_of_url(request: &Request) -> u32 {
    avalanche(sdbm(sdbm(0, host(request)), path_and_query(request.uri())))
}

fn base32<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).map(|request| Value::Int(hash_of_base(request).into()))
}

fn base32_src<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| with_source(hash_of_base(request), cx))
}

fn url32<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).map(|request| Value::Int(hash_of_url(request).into()))
}

fn url32_src<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| with_source(hash_of_url(request), cx))
}

fn with_source<'a>(hash: u32, cx: &Cx<'a>) -> Got<Value<'a>> {
    let mut out = hash.to_be_bytes().to_vec();
    match cx.session.source {
        Endpoint::Ip(source) => match source.ip() {
            std::net::IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
            std::net::IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
        },
        Endpoint::Unix => return Got::Missing,
    }
    Got::Is(Value::Bin(Bytes::Owned(out)))
}

/// Host and port of an absolute or authority-form target.
fn authority(uri: &[u8]) -> Option<&[u8]> {
    let rest = match uri.find(b"://") {
        Some(at) => &uri[at + 3..],
        None if uri.first() != Some(&b'/') => uri,
        None => return None,
    };
    let end = rest.find_byteset(b"/?#").unwrap_or(rest.len());
    Some(&rest[..end])
}

fn host_and_port(uri: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let authority = authority(uri)?;
    match authority.rfind_byte(b':') {
        Some(at) => Some((&authority[..at], Some(&authority[at + 1..]))),
        None => Some((authority, None)),
    }
}

fn url_ip<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| {
        let address = host_and_port(request.uri()).and_then(|(host, _)| address::parse_ip(host));
        address.map(cast::of_ip).into()
    })
}

fn url_port<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| {
        let Some((host, port)) = host_and_port(request.uri()) else { return Got::Missing };
        if address::parse_ip(host).is_none() {
            return Got::Missing;
        }
        Got::Is(Value::Int(port.and_then(cast::leading_int).unwrap_or(80)))
    })
}

fn check_param(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 1).len() > 1 {
        return Err(Fault::new("Parameter delimiter must be a single character."));
    }
    match arg::text_at(args, 2) {
        b"" | b"i" => Ok(()),
        _ => Err(Fault::new("Parameter must be 'i' for case-insensitive.")),
    }
}

/// The next parameter of a name in `name=value` pairs, from byte `from` on, and where to go on.
pub(crate) fn next_param<'q>(
    query: &'q [u8],
    from: usize,
    name: &[u8],
    separators: &[u8],
    ignore_case: bool,
) -> Option<(&'q [u8], usize)> {
    let mut at = from;
    while at < query.len() {
        let end =
            query[at..].iter().position(|byte| separators.contains(byte)).map_or(query.len(), |len| at + len);
        let pair = &query[at..end];
        let (key, value) = match pair.find_byte(b'=') {
            Some(equals) => (&pair[..equals], &pair[equals + 1..]),
            None => (pair, &pair[pair.len()..]),
        };
        let fits = name.is_empty() || if ignore_case { key.eq_ignore_ascii_case(name) } else { key == name };
        if fits && !pair.is_empty() {
            return Some((value, end + 1));
        }
        at = end + 1;
    }
    None
}

fn urlp<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).and_then(|request| {
        let delimiter = arg::text_at(args, 1).first().copied().unwrap_or(b'?');
        let Some(at) = request.uri().find_byte(delimiter) else { return Got::Missing };
        let query = &request.uri()[at + 1..];
        let (name, ignore_case) = (arg::text_at(args, 0), arg::text_at(args, 2) == b"i");
        match next_param(query, walk.offset as usize, name, b"&;", ignore_case) {
            Some((value, after)) => {
                walk.offset = after as u32;
                walk.more = walk.all;
                Got::Is(Value::text(value))
            }
            None => Got::Missing,
        }
    })
}

fn urlp_val<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    urlp(args, cx, walk).and_then(|value| match value {
        Value::Str(text) => cast::loose_int(&text).map(Value::Int).into(),
        _ => Got::Missing,
    })
}

/// `1.1`, borrowed: versions are few.
pub(crate) fn version_text(version: Version) -> Value<'static> {
    Value::Str(match version {
        Version::HTTP_10 => Bytes::Ref(b"1.0"),
        Version::HTTP_11 => Bytes::Ref(b"1.1"),
        Version::HTTP_20 => Bytes::Ref(b"2.0"),
        Version::HTTP_30 => Bytes::Ref(b"3.0"),
        other => Bytes::Owned(format!("{}.{}", other.major, other.minor).into_bytes()),
    })
}

fn req_ver<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    request(cx).map(|request| version_text(request.version))
}

fn res_ver<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    response(cx).map(|response| version_text(response.version))
}

/// The response, once its head is there.
pub(crate) fn response<'a>(cx: &Cx<'a>) -> Got<&'a haproxy_http::Response> {
    match cx.txn {
        Some(txn) if txn.has_response => Got::Is(&txn.response),
        Some(_) if cx.direction == Direction::Response && !cx.input.complete => Got::Pending,
        _ => Got::Missing,
    }
}

fn status<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    response(cx).map(|response| Value::Int(response.status.into()))
}

fn proto_http<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    match request(cx) {
        Got::Missing => Got::Is(Value::Bool(false)),
        found => found.map(|_| Value::Bool(true)),
    }
}

fn first_request<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    Got::Is(Value::Bool(cx.txn.is_some_and(|txn| txn.first)))
}
