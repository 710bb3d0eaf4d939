//! Addresses and ports of connections (manual §7.3.3).

use std::net::{IpAddr, SocketAddr};

use crate::arg::Arg;
use crate::at::Use;
use crate::cast;
use crate::cx::{Cx, Endpoint};
use crate::got::Got;
use crate::row::{Fetch, FetchFn, Walk};
use crate::value::{Type, Value};

const fn addr(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Addr, at, run, doc)
}

const fn int(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Sint, at, run, doc)
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    addr("src", Use::CLIENT_ADDRESS, |_, cx, _| ip(cx.session.source), "client address"),
    int("src_port", Use::CLIENT_ADDRESS, |_, cx, _| port(cx.session.source), "client port"),
    addr(
        "dst",
        Use::CLIENT_ADDRESS,
        |_, cx, _| ip(cx.session.destination),
        "address the client connected to",
    ),
    int(
        "dst_port",
        Use::CLIENT_ADDRESS,
        |_, cx, _| port(cx.session.destination),
        "port the client connected to",
    ),
    addr(
        "fc_src",
        Use::CLIENT_ADDRESS,
        |_, cx, _| ip(cx.session.connection_source),
        "client address of the connection",
    ),
    int(
        "fc_src_port",
        Use::CLIENT_ADDRESS,
        |_, cx, _| port(cx.session.connection_source),
        "client port of the connection",
    ),
    addr(
        "fc_dst",
        Use::CLIENT_ADDRESS,
        |_, cx, _| ip(cx.session.connection_destination),
        "local address of the connection",
    ),
    int(
        "fc_dst_port",
        Use::CLIENT_ADDRESS,
        |_, cx, _| port(cx.session.connection_destination),
        "local port of the connection",
    ),
    addr("bc_src", Use::SERVER_ADDRESS, |_, cx, _| opt_ip(local(cx)), "our address towards the server"),
    int("bc_src_port", Use::SERVER_ADDRESS, |_, cx, _| opt_port(local(cx)), "our port towards the server"),
    addr("bc_dst", Use::SERVER_ADDRESS, |_, cx, _| opt_ip(remote(cx)), "server address"),
    int("bc_dst_port", Use::SERVER_ADDRESS, |_, cx, _| opt_port(remote(cx)), "server port"),
    Fetch::new(
        "src_is_local",
        &[],
        Type::Bool,
        Use::CLIENT_ADDRESS,
        src_is_local,
        "the client address is one of ours",
    ),
];

fn ip(endpoint: Endpoint) -> Got<Value<'static>> {
    opt_ip(endpoint.ip())
}

fn port(endpoint: Endpoint) -> Got<Value<'static>> {
    opt_port(endpoint.ip())
}

fn opt_ip(address: Option<SocketAddr>) -> Got<Value<'static>> {
    address.map(|address| cast::of_ip(address.ip())).into()
}

fn opt_port(address: Option<SocketAddr>) -> Got<Value<'static>> {
    address.map(|address| Value::Int(address.port().into())).into()
}

fn local(cx: &Cx<'_>) -> Option<SocketAddr> {
    cx.txn?.log.server_local
}

fn remote(cx: &Cx<'_>) -> Option<SocketAddr> {
    cx.txn?.log.server_remote
}

fn src_is_local<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    is_local(cx, cx.session.source)
}

fn is_local<'a>(cx: &Cx<'a>, endpoint: Endpoint) -> Got<Value<'a>> {
    let address: Option<IpAddr> = endpoint.ip().map(|address| address.ip());
    address.map(|address| Value::Bool(cx.world.is_local(address))).into()
}
