//! Cookies of both messages (manual §7.3.6).

use haproxy_http::FieldId;
use haproxy_http::cookie::{self, Pair};

use crate::arg::{self, Arg, ArgKind};
use crate::at::Use;
use crate::cast;
use crate::cx::{Cx, Direction};
use crate::fetch::http_headers::{Either, Req, Res, Side};
use crate::got::Got;
use crate::row::{ArgSpec, Fetch, FetchFn, Walk, opt};
use crate::value::{Bytes, Type, Value};

const NAME: &[ArgSpec] = &[opt(ArgKind::Str)];
const REQ: Use = Use::REQUEST_HEADERS;
const RES: Use = Use::RESPONSE_HEADERS;

const fn row(name: &'static str, out: Type, at: Use, run: FetchFn, doc: &'static str) -> Fetch {
    Fetch::new(name, NAME, out, at, run, doc)
}

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    row("req.cook", Type::Str, REQ, cook::<Req>, "value of a request cookie"),
    row("cook", Type::Str, REQ, cook::<Req>, "value of a request cookie"),
    row("cookie", Type::Str, REQ.or(RES), cook::<Either>, "value of a cookie of the message looked at"),
    row("res.cook", Type::Str, RES, cook::<Res>, "value of a response cookie"),
    row("scook", Type::Str, RES, cook::<Res>, "value of a response cookie"),
    row("req.cook_cnt", Type::Sint, REQ, count::<Req>, "number of request cookies"),
    row("cook_cnt", Type::Sint, REQ, count::<Req>, "number of request cookies"),
    row("res.cook_cnt", Type::Sint, RES, count::<Res>, "number of response cookies"),
    row("scook_cnt", Type::Sint, RES, count::<Res>, "number of response cookies"),
    row("req.cook_val", Type::Sint, REQ, number::<Req>, "number in a request cookie"),
    row("cook_val", Type::Sint, REQ, number::<Req>, "number in a request cookie"),
    row("res.cook_val", Type::Sint, RES, number::<Res>, "number in a response cookie"),
    row("scook_val", Type::Sint, RES, number::<Res>, "number in a response cookie"),
    row("req.cook_names", Type::Str, REQ, names::<Req>, "names of all request cookies"),
    row("res.cook_names", Type::Str, RES, names::<Res>, "names of all response cookies"),
];

/// Cookies of a side, each with the number of its place: line and byte behind it.
fn each<'a, S: Side>(cx: &Cx<'a>, mut visit: impl FnMut(Pair<'a>, (u32, u32)) -> bool) -> Got<()> {
    let response = S::RESPONSE.unwrap_or(cx.direction == Direction::Response);
    let id = if response { FieldId::SetCookie } else { FieldId::Cookie };
    S::fields(cx).map(|fields| {
        for field in fields.all(id) {
            if response {
                if let Some(pair) = cookie::set_cookie(field.value)
                    && visit(pair, (field.index as u32, 1))
                {
                    return;
                }
                continue;
            }
            for (number, pair) in cookie::scan(field.value).enumerate() {
                if visit(pair, (field.index as u32, number as u32 + 1)) {
                    return;
                }
            }
        }
    })
}

/// Without a name the first cookie; with one the walk's next, else the last.
fn cook<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    let name = arg::text_at(args, 0);
    let mut found = None;
    let mut at = (0, 0);
    let all = walk.all;
    let from = (walk.field, walk.offset);
    let seen = each::<S>(cx, |pair, place| {
        if (all && place <= from && from != (0, 0)) || !(name.is_empty() || pair.name == name) {
            return false;
        }
        found = Some(pair.value);
        at = place;
        all || name.is_empty()
    });
    seen.and_then(|()| match found {
        Some(value) => {
            (walk.field, walk.offset) = at;
            walk.more = all;
            Got::Is(Value::text(value))
        }
        None => Got::Missing,
    })
}

fn count<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let name = arg::text_at(args, 0);
    let mut count = 0;
    each::<S>(cx, |pair, _| {
        count += i64::from(name.is_empty() || pair.name == name);
        false
    })
    .map(|()| Value::Int(count))
}

fn number<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    cook::<S>(args, cx, walk).and_then(|value| match value {
        Value::Str(text) => cast::loose_int(&text).map(Value::Int).into(),
        _ => Got::Missing,
    })
}

fn names<'a, S: Side>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let delimiter = arg::text_at(args, 0).first().copied().unwrap_or(b',');
    let mut out = Vec::new();
    each::<S>(cx, |pair, _| {
        if !out.is_empty() {
            out.push(delimiter);
        }
        out.extend_from_slice(pair.name);
        false
    })
    .map(|()| Value::Str(Bytes::Owned(out)))
}
