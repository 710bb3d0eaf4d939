//! Facts of both connections beyond addresses (manual §7.3.3, §7.3.4).

use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cx::{ConnectionFault, Cx, SocketNumber, TlsInfo};
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Fetch, FetchFn, Walk, opt, req};
use crate::value::{Bytes, Type, Value};

const UNIT: &[ArgSpec] = &[opt(ArgKind::Str)];
const FRONT: Use = Use::CLIENT_ADDRESS;
const CLIENT: Use = Use::CLIENT_CONNECTION;
const BACK: Use = Use::SERVER_CONNECTION;

const fn int(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Sint, at, run, doc)
}

const fn text(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Str, at, run, doc)
}

const fn boolean(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Bool, at, run, doc)
}

macro_rules! kernel {
    ($name:literal, $number:ident, $doc:literal) => {
        Fetch::new(
            $name,
            UNIT,
            Type::Sint,
            Use::CLIENT_ADDRESS,
            |_, cx, _| front(cx, SocketNumber::$number),
            $doc,
        )
    };
}

macro_rules! kernel_time {
    ($name:literal, $run:ident, $number:ident, $doc:literal) => {
        Fetch::new(
            $name,
            UNIT,
            Type::Sint,
            Use::CLIENT_ADDRESS,
            |args, cx, _| $run(cx, SocketNumber::$number).map(|value| in_unit(value, args)),
            $doc,
        )
        .checked(check_unit)
    };
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    kernel_time!("fc_rtt", front, RttUs, "round trip time to the client"),
    kernel_time!("fc_rttvar", front, RttVarUs, "variation of the round trip time to the client"),
    kernel_time!("bc_rtt", back, RttUs, "round trip time to the server"),
    kernel_time!("bc_rttvar", back, RttVarUs, "variation of the round trip time to the server"),
    kernel!("fc_unacked", Unacked, "segments the client did not acknowledge"),
    kernel!("fc_sacked", Sacked, "segments the client acknowledged selectively"),
    kernel!("fc_lost", Lost, "segments lost towards the client"),
    kernel!("fc_retrans", Retrans, "segments sent again to the client"),
    kernel!("fc_fackets", Fackets, "forward acknowledgements of the client"),
    kernel!("fc_reordering", Reordering, "segments out of order"),
    Fetch::new("fc_saved_syn", &[], Type::Bin, FRONT, |_, cx, _| saved_syn(cx), "the client's SYN packet"),
    int("fc_http_major", FRONT, |_, cx, _| version(cx, false), "major HTTP version on the client's side"),
    int("bc_http_major", BACK, |_, cx, _| version(cx, true), "major HTTP version on the server's side"),
    boolean(
        "bc_reused",
        BACK,
        |_, cx, _| cx.txn.map(|txn| Value::Bool(txn.server_connection_reused)).into(),
        "the server connection was used before",
    ),
    int(
        "fc_err",
        FRONT,
        |_, cx, _| Got::Is(fault(cx, |fault| Value::Int(fault.number.into()), Value::Int(0))),
        "error of the client's connection, 0 for none",
    ),
    text(
        "fc_err_str",
        FRONT,
        |_, cx, _| Got::Is(fault(cx, |fault| Value::text(fault.text.as_bytes()), Value::text(b"Success"))),
        "error of the client's connection as text",
    ),
    text(
        "fc_err_name",
        FRONT,
        |_, cx, _| Got::Is(fault(cx, |fault| Value::text(fault.name.as_bytes()), Value::text(b"OK"))),
        "error of the client's connection as a word",
    ),
    int(
        "bc_err",
        BACK,
        |_, cx, _| server_error(cx, |_| Value::Int(0)),
        "error of the server's connection, 0 for none",
    ),
    text(
        "bc_err_str",
        BACK,
        |_, cx, _| server_error(cx, |_| Value::text(b"Success")),
        "error of the server's connection as text",
    ),
    text(
        "bc_err_name",
        BACK,
        |_, cx, _| server_error(cx, |_| Value::text(b"OK")),
        "error of the server's connection as a word",
    ),
    int("fc_glitches", FRONT, |_, _, _| Got::Is(Value::Int(0)), "odd things the client's connection did"),
    int("bc_glitches", BACK, |_, _, _| Got::Is(Value::Int(0)), "odd things the server's connection did"),
    int("fc_nb_streams", FRONT, |_, _, _| Got::Is(Value::Int(1)), "streams on the client's connection"),
    int("bc_nb_streams", BACK, |_, _, _| Got::Is(Value::Int(1)), "streams on the server's connection"),
    int(
        "fc_settings_streams_limit",
        CLIENT,
        |_, _, _| Got::Is(Value::Int(1)),
        "streams the client's connection may carry",
    ),
    int(
        "bc_settings_streams_limit",
        BACK,
        |_, _, _| Got::Is(Value::Int(1)),
        "streams the server's connection may carry",
    ),
    boolean(
        "fc_rcvd_proxy",
        FRONT,
        |_, cx, _| Got::Is(Value::Bool(cx.session.proxy.is_some())),
        "the connection began with a PROXY header",
    ),
    text("fc_pp_authority", FRONT, |_, cx, _| tlv(cx, TLV_AUTHORITY), "host name in the PROXY header"),
    text("fc_pp_unique_id", FRONT, |_, cx, _| tlv(cx, TLV_UNIQUE_ID), "unique id in the PROXY header"),
    Fetch::new("fc_pp_tlv", &[req(ArgKind::Str)], Type::Str, CLIENT, pp_tlv, "a TLV of the PROXY header")
        .checked(check_tlv),
    boolean(
        "fc_src_is_local",
        FRONT,
        |_, cx, _| is_local(cx, cx.session.connection_source),
        "the client's address is one of ours",
    ),
    boolean(
        "fc_dst_is_local",
        FRONT,
        |_, cx, _| is_local(cx, cx.session.connection_destination),
        "the local address is one of ours",
    ),
    boolean(
        "dst_is_local",
        FRONT,
        |_, cx, _| is_local(cx, cx.session.destination),
        "the destination is one of ours",
    ),
    boolean(
        "ssl_fc",
        CLIENT,
        |_, cx, _| Got::Is(Value::Bool(cx.session.tls.is_some())),
        "the client speaks TLS",
    ),
    text(
        "ssl_fc_sni",
        CLIENT,
        |_, cx, _| tls(cx, |tls| tls.sni.as_deref().map(str::as_bytes)),
        "server name the client asked for",
    ),
    text("ssl_fc_cipher", CLIENT, |_, cx, _| tls(cx, |tls| Some(tls.cipher.as_bytes())), "TLS cipher"),
    text("ssl_fc_protocol", CLIENT, |_, cx, _| tls(cx, |tls| Some(tls.version.as_bytes())), "TLS version"),
    text("ssl_fc_alpn", CLIENT, |_, cx, _| tls(cx, |tls| tls.alpn.as_deref()), "agreed ALPN protocol"),
    boolean(
        "ssl_fc_has_sni",
        CLIENT,
        |_, cx, _| Got::Is(Value::Bool(cx.session.tls.as_ref().is_some_and(|tls| tls.sni.is_some()))),
        "the client asked for a server name",
    ),
    boolean(
        "ssl_fc_is_resumed",
        CLIENT,
        |_, cx, _| none_without_tls(cx, Value::Bool(false)),
        "the TLS session was resumed",
    ),
    int("ssl_fc_err", CLIENT, |_, cx, _| none_without_tls(cx, Value::Int(0)), "error of the TLS library"),
    int(
        "ssl_c_err",
        CLIENT,
        |_, cx, _| none_without_tls(cx, Value::Int(0)),
        "error of the client certificate's check",
    ),
    int(
        "ssl_c_ca_err",
        CLIENT,
        |_, cx, _| none_without_tls(cx, Value::Int(0)),
        "error of an authority's check",
    ),
    boolean(
        "ssl_c_used",
        CLIENT,
        |_, cx, _| none_without_tls(cx, Value::Bool(false)),
        "the client sent a certificate",
    ),
];

fn front<'a>(cx: &Cx<'a>, number: SocketNumber) -> Got<Value<'a>> {
    cx.world.socket_number(cx.session.fd, number).map(Value::Int).into()
}

fn back<'a>(cx: &Cx<'a>, number: SocketNumber) -> Got<Value<'a>> {
    let fd = cx.txn.and_then(|txn| txn.server_fd);
    fd.and_then(|fd| cx.world.socket_number(fd, number)).map(Value::Int).into()
}

fn check_unit(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let divisor = match arg::text_at(args, 0) {
        b"" | b"ms" => 1000,
        b"us" => 1,
        other => {
            let other = String::from_utf8_lossy(other).into_owned();
            return Err(Fault::new(format!("expects 'us' or 'ms', got '{other}'")));
        }
    };
    *args = smallvec::smallvec![Arg::Int(divisor)];
    Ok(())
}

fn in_unit<'a>(value: Value<'a>, args: &[Arg]) -> Value<'a> {
    match value {
        Value::Int(micros) => Value::Int(micros / arg::int_at(args, 0, 1000).max(1)),
        other => other,
    }
}

fn saved_syn<'a>(cx: &Cx<'a>) -> Got<Value<'a>> {
    cx.world.saved_syn(cx.session.fd).map(|bytes| Value::Bin(Bytes::Owned(bytes))).into()
}

fn version<'a>(cx: &Cx<'a>, server: bool) -> Got<Value<'a>> {
    let Some(txn) = cx.txn else { return Got::Is(Value::Int(1)) };
    let version = match server {
        true if txn.has_response => txn.response.version,
        true => return Got::Is(Value::Int(1)),
        false => txn.request.version,
    };
    Got::Is(Value::Int(version.major.max(1).into()))
}

fn fault<'a>(cx: &Cx<'a>, value: fn(ConnectionFault) -> Value<'a>, none: Value<'a>) -> Value<'a> {
    cx.session.fault.map_or(none, value)
}

fn server_error<'a>(cx: &Cx<'a>, value: fn(()) -> Value<'a>) -> Got<Value<'a>> {
    cx.txn.filter(|txn| txn.log.server_remote.is_some()).map(|_| value(())).into()
}

/// PROXY protocol §2.2: PP2_TYPE_AUTHORITY.
const TLV_AUTHORITY: u8 = 2;
/// PROXY protocol §2.2: PP2_TYPE_UNIQUE_ID.
const TLV_UNIQUE_ID: u8 = 5;

fn tlv<'a>(cx: &Cx<'a>, kind: u8) -> Got<Value<'a>> {
    let proxy = cx.session.proxy.as_ref();
    proxy
        .and_then(|proxy| proxy.tlvs.iter().find(|(known, _)| *known == kind))
        .map(|(_, value)| Value::text(value))
        .into()
}

fn check_tlv(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    const NAMES: [(&str, u8); 7] = [
        ("ALPN", 1),
        ("AUTHORITY", 2),
        ("CRC32C", 3),
        ("NOOP", 4),
        ("UNIQUE_ID", 5),
        ("SSL", 0x20),
        ("NETNS", 0x30),
    ];
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let number = NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number).or_else(|| {
        match name.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16).ok(),
            None => name.parse().ok(),
        }
    });
    match number {
        Some(number) => {
            args[0] = Arg::Int(number.into());
            Ok(())
        }
        None => Err(Fault::new(format!(
            "'{name}' is not a TLV type: it needs to be between 0 and 255, or a known name"
        ))),
    }
}

fn pp_tlv<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    let kind = arg::int_at(args, 0, 0) as u8;
    let all = cx.session.proxy.as_ref().map_or(&[][..], |proxy| &proxy.tlvs);
    let found = all.iter().enumerate().skip(walk.field as usize).find(|(_, (known, _))| *known == kind);
    let Some((index, (_, value))) = found else { return Got::Missing };
    walk.field = index as u32 + 1;
    walk.more = walk.all;
    Got::Is(Value::text(value))
}

fn is_local<'a>(cx: &Cx<'a>, endpoint: crate::cx::Endpoint) -> Got<Value<'a>> {
    endpoint.ip().map(|address| Value::Bool(cx.world.is_local(address.ip()))).into()
}

fn tls<'a>(cx: &Cx<'a>, pick: fn(&'a TlsInfo) -> Option<&'a [u8]>) -> Got<Value<'a>> {
    let session = cx.session;
    session.tls.as_deref().and_then(pick).map(Value::text).into()
}

fn none_without_tls<'a>(cx: &Cx<'a>, value: Value<'a>) -> Got<Value<'a>> {
    if cx.session.tls.is_some() { Got::Is(value) } else { Got::Missing }
}
