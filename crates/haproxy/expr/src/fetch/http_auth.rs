//! Credentials in the request (manual §7.3.6).

use haproxy_http::FieldId;

use crate::arg::{self, Arg, ArgKind};
use crate::at::Use;
use crate::conv::base::decode_base64;
use crate::cx::Cx;
use crate::fetch::http_headers::check_name;
use crate::fetch::http_uri::request;
use crate::got::Got;
use crate::row::{Fetch, Walk, opt, req};
use crate::userlist::Userlist;
use crate::value::{Bytes, Type, Value};

const REQ: Use = Use::REQUEST_HEADERS;

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    Fetch::new(
        "http_auth",
        &[req(ArgKind::Userlist)],
        Type::Bool,
        REQ,
        http_auth,
        "the credentials are in a userlist",
    ),
    Fetch::new(
        "http_auth_group",
        &[req(ArgKind::Userlist)],
        Type::Str,
        REQ,
        group,
        "user, or in ACLs the user's groups",
    ),
    Fetch::new(
        "http_auth_bearer",
        &[opt(ArgKind::Str)],
        Type::Str,
        REQ,
        bearer,
        "token of the Bearer scheme",
    )
    .checked(check_name),
    Fetch::new("http_auth_pass", &[], Type::Str, REQ, pass, "password of the Basic scheme"),
    Fetch::new("http_auth_type", &[], Type::Str, REQ, scheme, "authentication scheme"),
    Fetch::new("http_auth_user", &[], Type::Str, REQ, user, "user of the Basic scheme"),
];

/// Scheme and what follows it.
fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..at], value[at + 1..].trim_ascii_start()))
}

fn authorization<'a>(cx: &Cx<'a>) -> Got<(&'a [u8], &'a [u8])> {
    request(cx).and_then(|request| request.fields.first(FieldId::Authorization).and_then(split).into())
}

/// User and password, divided at the first colon (RFC 7617 §2).
fn basic(cx: &Cx<'_>) -> Got<(Vec<u8>, Vec<u8>)> {
    authorization(cx).and_then(|(scheme, data)| {
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Got::Missing;
        }
        let Some(mut user) = decode_base64(data) else { return Got::Missing };
        let Some(colon) = user.iter().position(|byte| *byte == b':') else { return Got::Missing };
        let password = user.split_off(colon + 1);
        user.truncate(colon);
        Got::Is((user, password))
    })
}

fn list(args: &[Arg]) -> Option<&Userlist> {
    match arg::at(args, 0) {
        Arg::Users(list) => list.get().map(|list| &**list),
        _ => None,
    }
}

fn http_auth<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let Some(list) = list(args) else { return Got::Missing };
    basic(cx).map(|(user, password)| Value::Bool(list.check(&user, &password)))
}

fn group<'a>(args: &'a [Arg], cx: &Cx<'a>, walk: &mut Walk) -> Got<Value<'a>> {
    let Some(list) = list(args) else { return Got::Missing };
    basic(cx).and_then(|(user, password)| {
        if walk.field == 0 && !list.check(&user, &password) {
            return Got::Missing;
        }
        if !walk.all {
            return Got::Is(Value::Str(Bytes::Owned(user)));
        }
        let Some(group) = list.groups(&user).get(walk.field as usize) else { return Got::Missing };
        walk.field += 1;
        walk.more = true;
        Got::Is(Value::text(group.as_bytes()))
    })
}

fn bearer<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let found = match arg::at(args, 0) {
        Arg::Field(id, name) if !name.is_empty() => request(cx)
            .and_then(|request| request.fields.named(*id, name).next().and_then(|f| split(f.value)).into()),
        _ => authorization(cx),
    };
    found.and_then(|(scheme, token)| {
        if scheme.eq_ignore_ascii_case(b"bearer") { Got::Is(Value::text(token)) } else { Got::Missing }
    })
}

fn scheme<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    authorization(cx).map(|(scheme, _)| Value::text(scheme))
}

fn user<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    basic(cx).map(|(user, _)| Value::Str(Bytes::Owned(user)))
}

fn pass<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    basic(cx).map(|(_, password)| Value::Str(Bytes::Owned(password)))
}
