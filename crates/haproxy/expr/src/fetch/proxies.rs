//! Proxies, servers and listeners: names, limits and live numbers (manual §7.3.2).

use common_base::ids::{ProxyId, ServerId};

use crate::arg::{self, Arg, ArgKind};
use crate::at::Use;
use crate::cx::{Cx, ProxyNumber, ServerNumber, TimeoutKind};
use crate::got::Got;
use crate::row::{ArgSpec, Fetch, FetchFn, Walk, req};
use crate::value::{Type, Value};

const BACKEND: &[ArgSpec] = &[req(ArgKind::Backend)];
const FRONTEND: &[ArgSpec] = &[req(ArgKind::Frontend)];
const SERVER: &[ArgSpec] = &[req(ArgKind::Server)];

macro_rules! number {
    ($name:literal, $args:expr, $number:ident, $doc:literal) => {
        Fetch::new(
            $name,
            $args,
            Type::Sint,
            Use::INTERNAL,
            |args, cx, _| of_proxy(args, cx, ProxyNumber::$number),
            $doc,
        )
    };
}

macro_rules! server {
    ($name:literal, $number:ident, $doc:literal) => {
        Fetch::new(
            $name,
            SERVER,
            Type::Sint,
            Use::INTERNAL,
            |args, cx, _| of_server(args, cx, ServerNumber::$number),
            $doc,
        )
    };
}

macro_rules! timeout {
    ($name:literal, $at:ident, $of:ident, $kind:ident, $doc:literal) => {
        Fetch::new(
            $name,
            &[],
            Type::Sint,
            Use::$at,
            |_, cx, _| timeout($of(cx), cx, TimeoutKind::$kind),
            $doc,
        )
    };
}

/// The same with what rules set for the stream in front.
macro_rules! current {
    ($name:literal, $at:ident, $of:ident, $kind:ident, $doc:literal) => {
        Fetch::new(
            $name,
            &[],
            Type::Sint,
            Use::$at,
            |_, cx, _| {
                let set = cx.txn.and_then(|txn| txn.timeouts_ms[TimeoutKind::$kind as usize]);
                match set {
                    Some(ms) => is(ms as i64),
                    None => timeout($of(cx), cx, TimeoutKind::$kind),
                }
            },
            $doc,
        )
    };
}

const fn fixed(name: &'static str, out: Type, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], out, at, run, doc)
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    number!("avg_queue", BACKEND, AverageQueue, "queued requests per server"),
    number!("be_conn", BACKEND, BackendConnections, "connections of a backend"),
    number!("be_conn_free", BACKEND, BackendConnectionsFree, "free connections of a backend's servers"),
    number!("be_sess_rate", BACKEND, BackendSessionRate, "sessions per second of a backend"),
    number!("connslots", BACKEND, ConnectionSlots, "free connection and queue slots of a backend"),
    number!("nbsrv", BACKEND, UsableServers, "usable servers of a backend"),
    number!("queue", BACKEND, QueueSize, "queued requests of a backend"),
    number!("fe_conn", FRONTEND, FrontendConnections, "connections of a frontend"),
    number!("fe_req_rate", FRONTEND, FrontendRequestRate, "requests per second of a frontend"),
    number!("fe_sess_rate", FRONTEND, FrontendSessionRate, "sessions per second of a frontend"),
    server!("srv_conn", Connections, "connections of a server"),
    server!("srv_conn_free", ConnectionsFree, "free connections of a server"),
    server!("srv_iweight", InitialWeight, "initial weight of a server"),
    server!("srv_queue", Queue, "queued requests of a server"),
    server!("srv_sess_rate", SessionRate, "sessions per second of a server"),
    server!("srv_uweight", UserWeight, "weight set by the user"),
    server!("srv_weight", Weight, "effective weight of a server"),
    Fetch::new("srv_is_up", SERVER, Type::Bool, Use::INTERNAL, srv_is_up, "a server is up"),
    fixed(
        "fe_id",
        Type::Sint,
        Use::FRONTEND,
        |_, cx, _| is(cx.world.proxy_uuid(front(cx))),
        "number of the frontend",
    ),
    fixed(
        "fe_name",
        Type::Str,
        Use::FRONTEND,
        |_, cx, _| Got::Is(Value::text(cx.world.proxy_name(front(cx)))),
        "name of the frontend",
    ),
    fixed(
        "fe_defbe",
        Type::Str,
        Use::FRONTEND,
        |_, cx, _| cx.world.default_backend(front(cx)).map(Value::text).into(),
        "default backend of the frontend",
    ),
    fixed(
        "be_id",
        Type::Sint,
        Use::BACKEND,
        |_, cx, _| is(cx.world.proxy_uuid(back(cx))),
        "number of the backend",
    ),
    fixed(
        "be_name",
        Type::Str,
        Use::BACKEND,
        |_, cx, _| Got::Is(Value::text(cx.world.proxy_name(back(cx)))),
        "name of the backend",
    ),
    fixed(
        "be_max_retries",
        Type::Sint,
        Use::BACKEND,
        |_, cx, _| is(cx.world.proxy_retries(back(cx))),
        "retries of the backend",
    ),
    fixed(
        "cur_max_retries",
        Type::Sint,
        Use::BACKEND,
        |_, cx, _| {
            let set = cx.txn.and_then(|txn| txn.retries);
            is(set.map_or_else(|| cx.world.proxy_retries(back(cx)), i64::from))
        },
        "retries that apply",
    ),
    timeout!("be_connect_timeout", BACKEND, back, Connect, "connect timeout of the backend, ms"),
    timeout!("be_queue_timeout", BACKEND, back, Queue, "queue timeout of the backend, ms"),
    timeout!("be_server_timeout", BACKEND, back, Server, "server timeout of the backend, ms"),
    timeout!("be_tarpit_timeout", BACKEND, back, Tarpit, "tarpit timeout of the backend, ms"),
    timeout!("be_tunnel_timeout", BACKEND, back, Tunnel, "tunnel timeout of the backend, ms"),
    current!("cur_connect_timeout", BACKEND, back, Connect, "connect timeout that applies, ms"),
    current!("cur_queue_timeout", BACKEND, back, Queue, "queue timeout that applies, ms"),
    current!("cur_server_timeout", BACKEND, back, Server, "server timeout that applies, ms"),
    current!("cur_tunnel_timeout", BACKEND, back, Tunnel, "tunnel timeout that applies, ms"),
    current!("cur_client_timeout", FRONTEND, front, Client, "client timeout that applies, ms"),
    current!("cur_tarpit_timeout", CLIENT_ADDRESS, front, Tarpit, "tarpit timeout that applies, ms"),
    timeout!("fe_client_timeout", FRONTEND, front, Client, "client timeout of the frontend, ms"),
    timeout!("fe_tarpit_timeout", FRONTEND, front, Tarpit, "tarpit timeout of the frontend, ms"),
    fixed(
        "srv_id",
        Type::Sint,
        Use::SERVER,
        |_, cx, _| server(cx).map(|id| Value::Int(cx.world.server_puid(id))).into(),
        "number of the server",
    ),
    fixed(
        "srv_name",
        Type::Str,
        Use::SERVER,
        |_, cx, _| server(cx).map(|id| Value::text(cx.world.server_name(id))).into(),
        "name of the server",
    ),
    fixed(
        "so_id",
        Type::Sint,
        Use::LISTENER,
        |_, cx, _| is(cx.world.listener_luid(cx.session.listener)),
        "number of the listening address",
    ),
    fixed(
        "so_name",
        Type::Str,
        Use::LISTENER,
        |_, cx, _| cx.world.listener_name(cx.session.listener).map(Value::text).into(),
        "name of the listening address",
    ),
    fixed(
        "dst_conn",
        Type::Sint,
        Use::FRONTEND,
        |_, cx, _| is(cx.world.listener_connections(cx.session.listener)),
        "connections of the listening address",
    ),
];

fn is<'a>(number: i64) -> Got<Value<'a>> {
    Got::Is(Value::Int(number))
}

fn front(cx: &Cx<'_>) -> ProxyId {
    cx.session.frontend
}

fn back(cx: &Cx<'_>) -> ProxyId {
    cx.txn.map_or(cx.session.frontend, |txn| txn.backend)
}

fn server(cx: &Cx<'_>) -> Option<ServerId> {
    cx.txn?.server
}

fn timeout<'a>(proxy: ProxyId, cx: &Cx<'a>, which: TimeoutKind) -> Got<Value<'a>> {
    cx.world.proxy_timeout_ms(proxy, which).map(|ms| Value::Int(ms as i64)).into()
}

fn of_proxy<'a>(args: &'a [Arg], cx: &Cx<'a>, number: ProxyNumber) -> Got<Value<'a>> {
    match arg::at(args, 0) {
        Arg::Proxy(proxy) => {
            proxy.get().map(|proxy| Value::Int(cx.world.proxy_number(*proxy, number))).into()
        }
        _ => Got::Missing,
    }
}

fn of_server<'a>(args: &'a [Arg], cx: &Cx<'a>, number: ServerNumber) -> Got<Value<'a>> {
    match arg::at(args, 0) {
        Arg::Server(server) => {
            server.get().map(|server| Value::Int(cx.world.server_number(*server, number))).into()
        }
        _ => Got::Missing,
    }
}

fn srv_is_up<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    of_server(args, cx, ServerNumber::Up).map(|value| Value::Bool(value == Value::Int(1)))
}
