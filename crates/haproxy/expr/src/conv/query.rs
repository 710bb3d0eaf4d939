//! Values inside JSON texts and JSON Web Tokens.

use std::sync::Arc;

use hmac::Hmac;
use sha2::{Sha256, Sha384, Sha512};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::cast;
use crate::conv::base::decode_base64url;
use crate::conv::hashes::mac;
use crate::conv::{bytes_of, owned, text_arg};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::json::{self, Found};
use crate::load::ParseCx;
use crate::row::{ArgSpec, Converter, opt, req};
use crate::userlist::equal;
use crate::value::{Bytes, Type, Value};
use crate::vars::VarRef;

const TWO: &[ArgSpec] = &[req(ArgKind::Str), req(ArgKind::Str)];
const QUERY: &[ArgSpec] = &[opt(ArgKind::Str), opt(ArgKind::Str)];

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new(
        "json_query",
        &[req(ArgKind::Str), opt(ArgKind::Str)],
        Type::Str,
        Type::Any,
        json_query,
        "value in a JSON text",
    )
    .checked(check_query),
    Converter::new(
        "jwt_header_query",
        QUERY,
        Type::Bin,
        Type::Any,
        |v, args, _| token_query(v, args, 0),
        "value in a token's header",
    )
    .checked(check_query),
    Converter::new(
        "jwt_payload_query",
        QUERY,
        Type::Bin,
        Type::Any,
        |v, args, _| token_query(v, args, 1),
        "value in a token's payload",
    )
    .checked(check_query),
    Converter::new("jwt_verify", TWO, Type::Bin, Type::Sint, jwt_verify, "signature of a token")
        .checked(check_verify),
];

/// A JSON path as an argument keeps it.
fn check_query(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let integer = match arg::text_at(args, 1) {
        b"" => 0,
        b"int" => 1,
        _ => return Err(Fault::new("output_type only supports \"int\" as argument")),
    };
    let path = arg::text_at(args, 0);
    if path.is_empty() {
        args.clear();
        return Ok(());
    }
    let Some(path) = json::parse_path(path) else {
        let text = String::from_utf8_lossy(path).into_owned();
        return Err(Fault::new(format!("invalid JSON path '{text}'")));
    };
    *args = smallvec::smallvec![Arg::Json(Arc::from(path)), Arg::Int(integer)];
    Ok(())
}

fn json_query<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    query(&bytes_of(value), args).into()
}

/// The value at the path, kept apart from the text it was found in.
fn query<'a>(text: &[u8], args: &'a [Arg]) -> Option<Value<'a>> {
    let Arg::Json(path) = arg::at(args, 0) else { return None };
    let found = json::find(text, path)?;
    if arg::int_at(args, 1, 0) == 1 {
        let number = match found {
            Found::Number(text) | Found::Text(text) => cast::leading_int(text)?,
            Found::Bool(holds) => i64::from(holds),
            Found::Null | Found::Array(_) | Found::Object(_) => return None,
        };
        return Some(Value::Int(number));
    }
    match found {
        Found::Text(text) => Some(owned(json::unescape(text)?.into_owned())),
        Found::Number(text) => number(text),
        Found::Bool(holds) => Some(Value::Bool(holds)),
        Found::Array(text) => Some(owned(text.to_vec())),
        Found::Null | Found::Object(_) => None,
    }
}

/// Integers stay integers; others become the shortest text of six significant digits, as printf's `%g` writes.
fn number<'a>(text: &[u8]) -> Option<Value<'a>> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::Int(number));
    }
    let number: f64 = text.parse().ok()?;
    Some(owned(general(number).into_bytes()))
}

fn general(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{number:.5e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        return trim(&format!("{number:.*}", (5 - exponent).max(0) as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
}

/// Parts of a compact token; signed ones have three, encrypted ones five (RFC 7515 §7.1, RFC 7516 §7.1).
fn part(token: &[u8], index: usize) -> Option<&[u8]> {
    let parts = token.split(|byte| *byte == b'.');
    match (index, parts.clone().count()) {
        (_, 3) | (0, 5) => parts.clone().nth(index),
        _ => None,
    }
}

fn token_query<'a>(value: Value<'a>, args: &'a [Arg], index: usize) -> Got<Value<'a>> {
    let token = bytes_of(value);
    let Some(decoded) = part(&token, index).and_then(decode_base64url) else { return Got::Missing };
    if args.is_empty() {
        return Got::Is(owned(decoded));
    }
    query(&decoded, args).into()
}

/// Algorithms of RFC 7518 §3.1.
const ALGORITHMS: [&[u8]; 13] = [
    b"HS256", b"HS384", b"HS512", b"RS256", b"RS384", b"RS512", b"ES256", b"ES384", b"ES512", b"PS256",
    b"PS384", b"PS512", b"none",
];

fn check_verify(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let algorithm = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    if let Ok(var) = VarRef::parse(&algorithm, &cx.load.vars) {
        args[0] = Arg::Var(var);
    } else if !ALGORITHMS.contains(&algorithm.as_bytes()) {
        return Err(Fault::new(format!("unknown JWT algorithm: {algorithm}")));
    } else if !algorithm.starts_with("HS") && algorithm != "none" {
        return Err(Fault::new(format!(
            "JWT algorithm '{algorithm}' needs TLS keys, which are not built yet"
        )));
    }
    let key = String::from_utf8_lossy(arg::text_at(args, 1)).into_owned();
    if let Ok(var) = VarRef::parse(&key, &cx.load.vars) {
        args[1] = Arg::Var(var);
    }
    Ok(())
}

const VERIFIED: i64 = 1;
const REFUSED: i64 = 0;
const UNKNOWN_ALGORITHM: i64 = -1;
const UNMANAGED_ALGORITHM: i64 = -2;
const INVALID_TOKEN: i64 = -3;

fn jwt_verify<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let token = bytes_of(value);
    let (Some(algorithm), Some(key)) = (text_arg(args, 0, cx), text_arg(args, 1, cx)) else {
        return Got::Missing;
    };
    Got::Is(Value::Int(verify(&token, &algorithm, &key)))
}

fn verify(token: &[u8], algorithm: &[u8], key: &Bytes<'_>) -> i64 {
    if !ALGORITHMS.contains(&algorithm) {
        return UNKNOWN_ALGORITHM;
    }
    let parts: smallvec::SmallVec<[&[u8]; 4]> = token.split(|byte| *byte == b'.').take(4).collect();
    let (signed, signature) = match parts[..] {
        [header, payload, signature] => (header.len() + 1 + payload.len(), signature),
        [header, payload] => (header.len() + 1 + payload.len(), &[][..]),
        _ => return INVALID_TOKEN,
    };
    if algorithm == b"none" {
        return if signature.is_empty() { VERIFIED } else { INVALID_TOKEN };
    }
    let Some(signature) = decode_base64url(signature).filter(|_| parts.len() == 3) else {
        return INVALID_TOKEN;
    };
    let signed = &token[..signed];
    let code = match algorithm {
        b"HS256" => mac::<Hmac<Sha256>>(key, signed),
        b"HS384" => mac::<Hmac<Sha384>>(key, signed),
        b"HS512" => mac::<Hmac<Sha512>>(key, signed),
        _ => return UNMANAGED_ALGORITHM,
    };
    match code {
        Some(code) if equal(&code, &signature) => VERIFIED,
        _ => REFUSED,
    }
}
