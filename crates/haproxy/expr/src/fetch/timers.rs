//! Numbers and times of the transaction as logs know them (manual §7.3.2, §8.4).

use crate::at::Use;
use crate::cx::{Cx, LogInfo, Txn};
use crate::got::Got;
use crate::row::{Fetch, FetchFn};
use crate::value::{Bytes, Type, Value};

const fn int(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Sint, at, run, doc)
}

const REQ: Use = Use::REQUEST_HEADERS;
const SIDE: Use = Use::SERVER_ADDRESS;
const ENDED: Use = Use::RESPONSE_END;

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    int(
        "bytes_in",
        Use::REQUEST_END,
        |_, cx, _| of(cx, |log| log.bytes_in as i64),
        "bytes from client to server",
    ),
    int("bytes_out", ENDED, |_, cx, _| of(cx, |log| log.bytes_out as i64), "bytes from server to client"),
    int(
        "req.bytes_in",
        Use::REQUEST_END,
        |_, cx, _| of(cx, |log| log.bytes_in as i64),
        "bytes received from the client",
    ),
    int(
        "req.bytes_out",
        Use::REQUEST_END,
        |_, cx, _| of(cx, |log| log.bytes_in as i64),
        "bytes sent to the server",
    ),
    int(
        "res.bytes_in",
        ENDED,
        |_, cx, _| of(cx, |log| log.bytes_out as i64),
        "bytes received from the server",
    ),
    int("res.bytes_out", ENDED, |_, cx, _| of(cx, |log| log.bytes_out as i64), "bytes sent to the client"),
    int("bc.timer.connect", SIDE, |_, cx, _| of(cx, |log| log.connect_ms.into()), "time to connect, %Tc"),
    int("req.timer.queue", SIDE, |_, cx, _| of(cx, |log| log.queue_ms.into()), "time in queues, %Tw"),
    int(
        "req.timer.hdr",
        REQ,
        |_, cx, _| of(cx, |log| log.request_time_ms.into()),
        "time to receive the head, %TR",
    ),
    int(
        "req.timer.idle",
        REQ,
        |_, cx, _| of(cx, |log| log.idle_ms.into()),
        "idle time before the request, %Ti",
    ),
    int("req.timer.tq", REQ, |_, cx, _| request_total(cx), "Th + Ti + TR, %Tq"),
    int(
        "res.timer.hdr",
        Use::RESPONSE_HEADERS,
        |_, cx, _| of(cx, |log| log.response_ms.into()),
        "time to the response's head, %Tr",
    ),
    int("res.timer.data", ENDED, |_, cx, _| of(cx, |log| log.data_ms.into()), "time of the data phase, %Td"),
    int(
        "txn.timer.total",
        Use::REQUEST,
        |_, cx, _| of(cx, |log| log.active_ms.into()),
        "active time of the request, %Ta",
    ),
    int(
        "txn.timer.user",
        Use::REQUEST,
        |_, cx, _| user_total(cx),
        "time since the request's first byte, %Tu",
    ),
    int(
        "fc.timer.handshake",
        Use::CLIENT_ADDRESS,
        |_, cx, _| Got::Is(Value::Int(cx.session.handshake_ms.into())),
        "time of handshakes, %Th",
    ),
    int("fc.timer.total", Use::FRONTEND, |_, cx, _| session_total(cx), "time since accept, %Tt"),
    int("txn.status", SIDE, |_, cx, _| of(cx, |log| log.status.into()), "status sent to the client"),
    int(
        "server_status",
        SIDE,
        |_, cx, _| txn(cx, |txn| Value::Int(txn.server_status.into())),
        "status the server sent",
    ),
    int("txn.conn_retries", SIDE, |_, cx, _| of(cx, |log| log.retries.into()), "retries to connect"),
    Fetch::new(
        "txn.redispatched",
        &[],
        Type::Bool,
        SIDE,
        |_, cx, _| txn(cx, |txn| Value::Bool(txn.log.redispatched)),
        "the last retry went to another server",
    ),
    Fetch::new(
        "txn.sess_term_state",
        &[],
        Type::Str,
        Use::INTERNAL,
        |_, cx, _| txn(cx, termination),
        "termination state",
    ),
    int(
        "bc_be_queue",
        SIDE,
        |_, cx, _| of(cx, |log| log.backend_queue.into()),
        "requests before this one in the backend's queue",
    ),
    int(
        "bc_srv_queue",
        SIDE,
        |_, cx, _| of(cx, |log| log.server_queue.into()),
        "requests before this one in the server's queue",
    ),
    Fetch::new(
        "res.comp",
        &[],
        Type::Bool,
        Use::RESPONSE,
        |_, cx, _| txn(cx, |txn| Value::Bool(txn.compressed.is_some())),
        "the response is compressed",
    ),
    Fetch::new(
        "res.comp_algo",
        &[],
        Type::Str,
        Use::RESPONSE,
        |_, cx, _| cx.txn.and_then(|txn| txn.compressed).map(|name| Value::text(name.as_bytes())).into(),
        "compression algorithm",
    ),
    Fetch::new(
        "res.cache_hit",
        &[],
        Type::Bool,
        Use::SERVER,
        |_, cx, _| txn(cx, |txn| Value::Bool(txn.cache_hit.is_some())),
        "the response came from a cache",
    ),
    Fetch::new(
        "res.cache_name",
        &[],
        Type::Str,
        Use::SERVER,
        |_, cx, _| {
            cx.txn.and_then(|txn| txn.cache_hit.as_deref()).map(|name| Value::text(name.as_bytes())).into()
        },
        "cache the response came from",
    ),
];

fn txn<'a>(cx: &Cx<'a>, pick: fn(&Txn) -> Value<'a>) -> Got<Value<'a>> {
    cx.txn.map(pick).into()
}

fn of<'a>(cx: &Cx<'a>, pick: fn(&LogInfo) -> i64) -> Got<Value<'a>> {
    cx.txn.map(|txn| Value::Int(pick(&txn.log))).into()
}

fn request_total<'a>(cx: &Cx<'a>) -> Got<Value<'a>> {
    cx.txn
        .map(|txn| {
            let log = &txn.log;
            if log.request_time_ms < 0 {
                return Value::Int(-1);
            }
            let before = i64::from(cx.session.handshake_ms) + i64::from(log.idle_ms.max(0));
            Value::Int(before + i64::from(log.request_time_ms))
        })
        .into()
}

fn user_total<'a>(cx: &Cx<'a>) -> Got<Value<'a>> {
    of(cx, |log| if log.total_ms < 0 { -1 } else { i64::from(log.total_ms - log.idle_ms.max(0)) })
}

/// Before the end the time so far.
fn session_total<'a>(cx: &Cx<'a>) -> Got<Value<'a>> {
    let logged = cx.txn.map_or(-1, |txn| txn.log.total_ms);
    let running = cx.now_ms.saturating_sub(cx.session.accepted_ms) as i64;
    Got::Is(Value::Int(if logged >= 0 { logged.into() } else { running }))
}

fn termination<'a>(txn: &Txn) -> Value<'a> {
    let state = txn.log.termination;
    Value::Str(Bytes::Owned(vec![state.cause, state.state]))
}
