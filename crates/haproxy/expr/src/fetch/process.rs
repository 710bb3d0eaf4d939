//! The process, its clock, chance, and where evaluation stands (manual §7.3.2).

use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cast;
use crate::conv::time::unit;
use crate::cx::{Cx, Date};
use crate::fault::Fault;
use crate::fetch::misc::store;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Fetch, FetchFn, Walk, opt, req};
use crate::value::{Bytes, Type, Value};
use crate::vars::{Scope, VarId};

const UNIT: &[ArgSpec] = &[opt(ArgKind::Str)];
const RANGE: &[ArgSpec] = &[opt(ArgKind::Int)];
const DUMP: &[ArgSpec] = &[opt(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str)];
const ANY: Use = Use::CONST;
const IN: Use = Use::INTERNAL;

const fn int(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Sint, at, run, doc)
}

const fn text(name: &'static str, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, &[], Type::Str, at, run, doc)
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    int("act_conn", ANY, |_, cx, _| is(cx.world.process_connections()), "connections of the process"),
    int("nbproc", ANY, |_, _, _| is(1), "number of processes"),
    int("proc", ANY, |_, _, _| is(1), "number of this process"),
    int("pid", ANY, |_, cx, _| is(cx.world.process().pid.into()), "process id"),
    int(
        "thread",
        ANY,
        |_, cx, _| is(i64::from(cx.world.process().thread) - 1),
        "number of this thread, from 0",
    ),
    int("tgroup", ANY, |_, _, _| is(1), "number of the thread group"),
    text(
        "hostname",
        ANY,
        |_, cx, _| Got::Is(Value::text(cx.world.process().hostname.as_bytes())),
        "host name",
    ),
    int(
        "uptime",
        ANY,
        |_, cx, _| is((cx.now_ms.saturating_sub(cx.world.process().started_ms) / 1000) as i64),
        "seconds since the process started",
    ),
    Fetch::new(
        "stopping",
        &[],
        Type::Bool,
        IN,
        |_, cx, _| Got::Is(Value::Bool(cx.world.stopping())),
        "the process is stopping",
    ),
    Fetch::new(
        "date",
        &[opt(ArgKind::Int), opt(ArgKind::Str)],
        Type::Sint,
        ANY,
        date,
        "date, with an offset",
    )
    .checked(check_date),
    int("date_us", ANY, |_, cx, _| is(cx.date.micros.into()), "microseconds of the second"),
    Fetch::new(
        "accept_date",
        UNIT,
        Type::Sint,
        Use::CLIENT_ADDRESS,
        |args, cx, _| is(scaled(cx.session.accepted, args)),
        "date of accept",
    )
    .checked(check_unit),
    Fetch::new(
        "request_date",
        UNIT,
        Type::Sint,
        Use::REQUEST,
        request_date,
        "date of the request's first byte",
    )
    .checked(check_unit),
    Fetch::new("env", &[req(ArgKind::Str)], Type::Str, ANY, env, "environment variable").checked(check_env),
    Fetch::new("rand", RANGE, Type::Sint, ANY, rand, "number by chance"),
    Fetch::new("uuid", RANGE, Type::Str, ANY, uuid, "universally unique identifier").checked(check_uuid),
    text("unique-id", ANY, unique_id, "unique id of the request"),
    int(
        "txn.id32",
        IN,
        |_, cx, _| is(i64::from(cx.txn.map_or(cx.session.id, |txn| txn.id) as u32)),
        "number of the transaction, 32 bits",
    ),
    int(
        "prio_class",
        IN,
        |_, cx, _| cx.txn.map(|txn| Value::Int(txn.priority_class.into())).into(),
        "priority class in queues",
    ),
    int(
        "prio_offset",
        IN,
        |_, cx, _| cx.txn.map(|txn| Value::Int(txn.priority_offset_ms.into())).into(),
        "priority offset in queues, milliseconds",
    ),
    text("last_rule_file", IN, last_rule_file, "file of the last final rule"),
    int("last_rule_line", IN, last_rule_line, "line of the last final rule"),
    text("last_entity", IN, |_, cx, _| entity(cx, |txn| txn.last_rule), "what was evaluated last"),
    text("waiting_entity", IN, |_, cx, _| entity(cx, |txn| txn.waiting_rule), "what was being waited for"),
    Fetch::new("dump_all_vars", DUMP, Type::Str, ANY, dump_all_vars, "variables of a scope as text")
        .checked(check_dump),
    int("cpu_calls", IN, |_, cx, _| is(cx.world.task_numbers().calls), "wake-ups of the task"),
    int(
        "cpu_ns_avg",
        IN,
        |_, cx, _| is(average(cx.world.task_numbers().cpu_ns, cx)),
        "nanoseconds of CPU per wake-up",
    ),
    int("cpu_ns_tot", IN, |_, cx, _| is(cx.world.task_numbers().cpu_ns), "nanoseconds of CPU"),
    int(
        "lat_ns_avg",
        IN,
        |_, cx, _| is(average(cx.world.task_numbers().latency_ns, cx)),
        "nanoseconds of waiting per wake-up",
    ),
    int("lat_ns_tot", IN, |_, cx, _| is(cx.world.task_numbers().latency_ns), "nanoseconds of waiting"),
    int(
        "cpu_usage_grp",
        IN,
        |_, cx, _| is(cx.world.cpu_usage_percent()),
        "CPU use of the thread group, percent",
    ),
    int("cpu_usage_proc", IN, |_, cx, _| is(cx.world.cpu_usage_percent()), "CPU use of the process, percent"),
    int("cpu_usage_thr", IN, |_, cx, _| is(cx.world.cpu_usage_percent()), "CPU use of the thread, percent"),
    Fetch::new(
        "internal.strm.is_htx",
        &[],
        Type::Bool,
        IN,
        |_, cx, _| cx.txn.map(|txn| Value::Bool(txn.http)).into(),
        "the stream speaks HTTP",
    ),
];

fn is<'a>(number: i64) -> Got<Value<'a>> {
    Got::Is(Value::Int(number))
}

fn average(total: i64, cx: &Cx<'_>) -> i64 {
    total.checked_div(cx.world.task_numbers().calls).unwrap_or(0)
}

fn check_date(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if args.len() > 1 {
        args[1] = Arg::Int(unit(arg::text_at(args, 1))?);
    }
    Ok(())
}

fn date<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    is(in_parts(cx.date, arg::int_at(args, 1, 1)).saturating_add(arg::int_at(args, 0, 0)))
}

/// The date in seconds, milliseconds or microseconds.
fn in_parts(date: Date, per_second: i64) -> i64 {
    date.secs * per_second + i64::from(date.micros) / (1_000_000 / per_second.max(1))
}

fn check_unit(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if !args.is_empty() {
        args[0] = Arg::Int(unit(arg::text_at(args, 0))?);
    }
    Ok(())
}

fn scaled(date: Date, args: &[Arg]) -> i64 {
    in_parts(date, arg::int_at(args, 0, 1))
}

fn request_date<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    cx.txn.map(|txn| Value::Int(scaled(txn.log.request_date, args))).into()
}

fn check_env(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    args[0] = match cx.load.environment.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Arg::Str(value.as_bytes().into()),
        None => Arg::None,
    };
    Ok(())
}

fn env<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    arg::at(args, 0).text().map(Value::text).into()
}

fn rand<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let number = u64::from(rand::random::<u32>());
    match arg::at(args, 0).int() {
        // the high bits are the better ones: scaling instead of a remainder
        Some(range) => is(((number * (range.max(0) as u64 & 0xffff_ffff)) >> 32) as i64),
        None => is(number as i64),
    }
}

const UUID_VERSIONS: [i64; 2] = [4, 7];

fn check_uuid(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let version = arg::int_at(args, 0, 4);
    if UUID_VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(Fault::new(format!("Unsupported UUID version: '{version}'")))
}

/// RFC 9562 §5.4 and §5.7.
fn uuid<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let version = arg::int_at(args, 0, 4) as u128;
    let mut bits: u128 = rand::random();
    if version == 7 {
        let millis = in_parts(cx.date, 1000) as u64 as u128;
        bits = bits & (u128::MAX >> 48) | millis << 80;
    }
    bits = bits & !(0xf << 76) | version << 76;
    bits = bits & !(0x3 << 62) | 0x2 << 62;
    let digits = format!("{bits:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Got::Is(Value::Str(Bytes::Owned(parts.join("-").into_bytes())))
}

fn unique_id<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let id = cx.txn.and_then(|txn| txn.unique_id.borrow().clone()).or_else(|| cx.world.make_unique_id(cx));
    id.map(|id| Value::Str(Bytes::Owned(id))).into()
}

fn last_rule<'a>(cx: &Cx<'a>) -> Option<(&'a str, u32)> {
    cx.world.rule_place(cx.txn?.last_rule?)
}

fn last_rule_file<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    last_rule(cx).map(|(file, _)| Value::text(file.as_bytes())).into()
}

fn last_rule_line<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    last_rule(cx).map(|(_, line)| Value::Int(line.into())).into()
}

/// A rule is named by where it stands.
fn entity<'a>(cx: &Cx<'a>, pick: fn(&crate::cx::Txn) -> Option<u32>) -> Got<Value<'a>> {
    let place = cx.txn.and_then(pick).and_then(|number| cx.world.rule_place(number));
    place.map(|(file, line)| Value::Str(Bytes::Owned(format!("{file}:{line}").into_bytes()))).into()
}

const SCOPES: [(&str, Scope); 5] = [
    ("proc", Scope::Proc),
    ("sess", Scope::Sess),
    ("txn", Scope::Txn),
    ("req", Scope::Req),
    ("res", Scope::Res),
];

fn check_dump(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let scope = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let scope = match scope.as_str() {
        "" => -1,
        name => match SCOPES.iter().position(|(known, _)| *known == name) {
            Some(at) => at as i64,
            None => return Err(Fault::new(format!("invalid scope '{name}'"))),
        },
    };
    let prefix: Box<[u8]> = arg::text_at(args, 1).into();
    let delimiter: Box<[u8]> = match arg::text_at(args, 2) {
        b"" => (*b", ").into(),
        text => text.into(),
    };
    *args = smallvec::smallvec![
        Arg::Int(scope),
        Arg::Str(prefix),
        Arg::Str(delimiter),
        Arg::Names(cx.load.vars.clone())
    ];
    Ok(())
}

fn dump_all_vars<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let Arg::Names(names) = arg::at(args, 3) else { return Got::Missing };
    let wanted = arg::int_at(args, 0, -1);
    let mut out = Vec::new();
    let mut add = |scope: &str, id: VarId, value: &Value<'_>| {
        let Some(name) = names.name(id).filter(|name| name.as_bytes().starts_with(arg::text_at(args, 1)))
        else {
            return;
        };
        if !out.is_empty() {
            out.extend_from_slice(arg::text_at(args, 2));
        }
        out.extend_from_slice(format!("{scope}.{name}=").as_bytes());
        write_typed(value, &mut out);
    };
    for (_, (name, scope)) in SCOPES.iter().enumerate().filter(|(at, _)| wanted < 0 || *at as i64 == wanted) {
        if *scope == Scope::Proc {
            let vars = cx.world.process_vars();
            for id in vars.ids() {
                if let Some(value) = vars.value(id) {
                    add(name, id, &value.into_value());
                }
            }
        } else if let Some(store) = store(*scope, cx) {
            store.borrow().iter().for_each(|(id, value)| add(name, id, value));
        }
    }
    Got::Is(Value::Str(Bytes::Owned(out)))
}

/// Texts quoted, bytes in hexadecimal after an x, the rest as it is.
fn write_typed(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Str(text) | Value::Meth(_, text) => {
            out.push(b'"');
            for byte in text.iter() {
                match byte {
                    b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    8 => out.extend_from_slice(b"\\b"),
                    0 => out.extend_from_slice(b"\\0"),
                    other => out.push(*other),
                }
            }
            out.push(b'"');
        }
        Value::Bin(bytes) => {
            out.push(b'x');
            bytes.iter().for_each(|byte| out.extend_from_slice(format!("{byte:02x}").as_bytes()));
        }
        Value::Bool(holds) => out.extend_from_slice(if *holds { b"true" } else { b"false" }),
        other => cast::write_text(other, out),
    }
}
