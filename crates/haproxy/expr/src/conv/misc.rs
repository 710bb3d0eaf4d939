//! Names looked up while running, captures, and conditions on values.

use std::sync::Arc;

use common_base::ids::ServerId;

use crate::acl::Condition;
use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::bytes_of;
use crate::cx::{Cx, Direction, ProxyNumber, ServerNumber};
use crate::fault::Fault;
use crate::got::{Got, Truth};
use crate::load::ParseCx;
use crate::row::{ArgSpec, Converter, opt, req};
use crate::value::{Type, Value};

const DEBUG: &[ArgSpec] = &[opt(ArgKind::Str), opt(ArgKind::Str)];
const WHEN: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str)];

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new("nbsrv", &[], Type::Str, Type::Sint, nbsrv, "usable servers of a backend"),
    Converter::new("srv_is_up", &[], Type::Str, Type::Bool, srv_is_up, "a server is up"),
    Converter::new("srv_queue", &[], Type::Str, Type::Sint, srv_queue, "queue of a server"),
    Converter::new("fe_exists", &[], Type::Str, Type::Bool, fe_exists, "a frontend of this name exists"),
    Converter::new(
        "capture-req",
        &[req(ArgKind::Int)],
        Type::Str,
        Type::Str,
        capture_req,
        "keeps the text in a request slot",
    ),
    Converter::new(
        "capture-res",
        &[req(ArgKind::Int)],
        Type::Str,
        Type::Str,
        capture_res,
        "keeps the text in a response slot",
    ),
    Converter::new("debug", DEBUG, Type::Any, Type::Same, debug, "reports the value and passes it on")
        .checked(check_debug),
    Converter::new("when", WHEN, Type::Any, Type::Any, when, "the value, if a condition holds")
        .checked(check_when),
];

fn nbsrv<'a>(value: Value<'a>, _args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let backend = cx.world.find_backend(&bytes_of(value));
    backend.map(|proxy| Value::Int(cx.world.proxy_number(proxy, ProxyNumber::UsableServers))).into()
}

/// `backend/server`, or a server of the current backend.
fn server_of(text: &[u8], cx: &Cx<'_>) -> Option<ServerId> {
    match memchr::memchr(b'/', text) {
        Some(at) => cx.world.find_server(cx.world.find_backend(&text[..at])?, &text[at + 1..]),
        None => cx.world.find_server(cx.txn?.backend, text),
    }
}

fn srv_is_up<'a>(value: Value<'a>, _args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let server = server_of(&bytes_of(value), cx);
    server.map(|server| Value::Bool(cx.world.server_number(server, ServerNumber::Up) != 0)).into()
}

fn srv_queue<'a>(value: Value<'a>, _args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let server = server_of(&bytes_of(value), cx);
    server.map(|server| Value::Int(cx.world.server_number(server, ServerNumber::Queue))).into()
}

fn fe_exists<'a>(value: Value<'a>, _args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Bool(cx.world.find_frontend(&bytes_of(value)).is_some()))
}

fn capture_req<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    capture(value, args, cx, Direction::Request)
}

fn capture_res<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    capture(value, args, cx, Direction::Response)
}

fn capture<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>, direction: Direction) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let slot = usize::try_from(arg::int_at(args, 0, -1)).ok();
    if let (Some(txn), Some(slot)) = (cx.txn, slot)
        && let Some(length) = cx.world.capture_length(cx.session.frontend, direction, slot)
    {
        let kept = text[..text.len().min(length)].to_vec();
        txn.late_captures.borrow_mut().push((direction, slot, kept));
        return Got::Is(Value::Str(text));
    }
    Got::Missing
}

fn check_debug(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    match arg::text_at(args, 1) {
        b"" | b"buf0" | b"stdout" | b"stderr" => Ok(()),
        other => Err(Fault::new(format!("No such sink: {}", String::from_utf8_lossy(other)))),
    }
}

fn debug<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let mut text = Vec::new();
    crate::cast::write_text(&value, &mut text);
    cx.world.debug(arg::text_at(args, 0), arg::text_at(args, 1), value.type_of(), &text);
    Got::Is(value)
}

/// Whether a condition of `when` holds.
type Holds = fn(&Cx<'_>) -> bool;

/// Conditions of `when`.
const CONDITIONS: [(&str, Holds); 6] = [
    ("error", had_error),
    ("forwarded", forwarded),
    ("normal", |cx| !had_error(cx)),
    ("processed", |cx| forwarded(cx) || by_applet(cx)),
    ("stopping", |cx| cx.world.stopping()),
    ("toapplet", by_applet),
];

/// The rules of `option dontlog-normal` (manual §8.3.4).
fn had_error(cx: &Cx<'_>) -> bool {
    cx.txn.is_some_and(|txn| {
        let log = &txn.log;
        let server_error = txn.http && log.status >= 500 && log.status != 501 && log.status != 505;
        log.termination.cause != b'-' && log.termination.cause != b'L'
            || log.retries > 0
            || log.redispatched
            || server_error
    })
}

fn forwarded(cx: &Cx<'_>) -> bool {
    cx.txn.is_some_and(|txn| txn.log.server_remote.is_some())
}

fn by_applet(cx: &Cx<'_>) -> bool {
    cx.txn.is_some_and(|txn| txn.log.service.is_some_and(|service| service != "<NOSRV>"))
}

fn check_when(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let (negated, name) = match text.strip_prefix('!') {
        Some(name) => (true, name),
        None => (false, text.as_str()),
    };
    if name == "acl" {
        let acl = String::from_utf8_lossy(arg::text_at(args, 1)).into_owned();
        let Some(acls) = cx.acls else { return Err(Fault::new(format!("ACL '{acl}' not found"))) };
        let condition = Condition::of_terms(negated, &[acl.as_str()], acls, cx)
            .map_err(|_| Fault::new(format!("ACL '{acl}' not found")))?;
        *args = smallvec::smallvec![Arg::Condition(Arc::new(condition))];
        return Ok(());
    }
    let Some(at) = CONDITIONS.iter().position(|(known, _)| *known == name) else {
        let known: Vec<&str> = CONDITIONS.iter().map(|(name, _)| *name).collect();
        return Err(Fault::new(format!(
            "expects one of {}, acl, optionally preceded by '!', but got '{text}'",
            known.join(", ")
        )));
    };
    *args = smallvec::smallvec![Arg::Int(at as i64), Arg::Int(i64::from(negated))];
    Ok(())
}

fn when<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let holds = match arg::at(args, 0) {
        Arg::Condition(condition) => match condition.eval(cx) {
            Truth::Pending => return Got::Pending,
            truth => truth.holds(),
        },
        Arg::Int(at) => {
            let negated = arg::int_at(args, 1, 0) != 0;
            CONDITIONS.get(*at as usize).is_some_and(|(_, holds)| holds(cx)) != negated
        }
        _ => false,
    };
    if holds { Got::Is(value) } else { Got::Missing }
}
