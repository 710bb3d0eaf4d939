//! Hashes and digests.

use common_base::hash;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::base::decode_base64;
use crate::conv::{bytes_of, text_arg};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, ConvertFn, Converter, opt, req};
use crate::value::{Bytes, Type, Value};
use crate::vars::VarRef;

const SEED: &[ArgSpec] = &[opt(ArgKind::Int)];

const fn number(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, SEED, Type::Bin, Type::Sint, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    number("crc32", |v, args, _| mixed(v, args, hash::crc32), "CRC-32"),
    number("crc32c", |v, args, _| mixed(v, args, hash::crc32c), "CRC-32C"),
    number("djb2", |v, args, _| mixed(v, args, hash::djb2), "DJB2 hash"),
    number("sdbm", |v, args, _| mixed(v, args, hash::sdbm), "SDBM hash"),
    number("wt6", |v, args, _| mixed(v, args, hash::wt6), "WT6 hash"),
    number("xxh32", |v, args, _| int(hash::xxh32(&bytes_of(v), seed(args) as u32).into()), "XXH32 hash"),
    number("xxh64", |v, args, _| int(hash::xxh64(&bytes_of(v), seed(args)) as i64), "XXH64 hash"),
    number("xxh3", |v, args, _| int(hash::xxh3(&bytes_of(v), seed(args)) as i64), "XXH3 hash"),
    Converter::new(
        "sha1",
        &[],
        Type::Bin,
        Type::Bin,
        |v, _, _| bin(Sha1::digest(&*bytes_of(v)).to_vec()),
        "SHA-1 digest",
    ),
    Converter::new("sha2", &[opt(ArgKind::Int)], Type::Bin, Type::Bin, digest, "SHA-2 digest")
        .checked(check_sha2),
    Converter::new(
        "digest",
        &[req(ArgKind::Str)],
        Type::Bin,
        Type::Bin,
        digest,
        "digest of a named algorithm",
    )
    .checked(check_digest),
    Converter::new(
        "hmac",
        &[req(ArgKind::Str), req(ArgKind::Str)],
        Type::Bin,
        Type::Bin,
        hmac,
        "authentication code",
    )
    .checked(check_hmac),
];

fn int<'a>(number: i64) -> Got<Value<'a>> {
    Got::Is(Value::Int(number))
}

fn bin<'a>(bytes: Vec<u8>) -> Got<Value<'a>> {
    Got::Is(Value::Bin(Bytes::Owned(bytes)))
}

fn seed(args: &[Arg]) -> u64 {
    arg::int_at(args, 0, 0) as u64
}

fn mixed<'a>(value: Value<'a>, args: &'a [Arg], run: fn(&[u8]) -> u32) -> Got<Value<'a>> {
    let hash = run(&bytes_of(value));
    int(if arg::int_at(args, 0, 0) == 0 { hash } else { hash::avalanche(hash) }.into())
}

/// Algorithms by OpenSSL's names, in small letters; their place is the argument after loading.
const ALGORITHMS: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

fn algorithm(name: &[u8]) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    ALGORITHMS.iter().position(|known| known.as_bytes() == name).map(|at| at as i64)
}

fn check_sha2(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let bits = arg::int_at(args, 0, 256);
    let Some(algorithm) = algorithm(format!("sha{bits}").as_bytes()).filter(|_| bits > 1) else {
        return Err(Fault::new(format!("Unsupported number of bits: '{bits}'")));
    };
    *args = smallvec::smallvec![Arg::Int(algorithm)];
    Ok(())
}

fn check_digest(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    match algorithm(arg::text_at(args, 0)) {
        Some(algorithm) => {
            args[0] = Arg::Int(algorithm);
            Ok(())
        }
        None => Err(Fault::new("algorithm must be a valid OpenSSL message digest name.")),
    }
}

fn digest<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    bin(match arg::int_at(args, 0, 3) {
        0 => Md5::digest(&*bytes).to_vec(),
        1 => Sha1::digest(&*bytes).to_vec(),
        2 => Sha224::digest(&*bytes).to_vec(),
        3 => Sha256::digest(&*bytes).to_vec(),
        4 => Sha384::digest(&*bytes).to_vec(),
        _ => Sha512::digest(&*bytes).to_vec(),
    })
}

fn check_hmac(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    check_digest(args, cx)?;
    let key = String::from_utf8_lossy(arg::text_at(args, 1)).into_owned();
    args[1] = match VarRef::parse(&key, &cx.load.vars) {
        Ok(var) => Arg::Var(var),
        Err(_) => match decode_base64(key.as_bytes()) {
            Some(key) => Arg::Str(key.into()),
            None => {
                return Err(Fault::new(
                    "failed to parse key : argument needs to be base64 encoded, and can either be a string or a variable",
                ));
            }
        },
    };
    Ok(())
}

/// Authentication code of bytes with a key.
pub(crate) fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    mac.update(bytes);
    Some(mac.finalize().into_bytes().to_vec())
}

fn hmac<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let bytes = bytes_of(value);
    let key = match (arg::at(args, 1), text_arg(args, 1, cx)) {
        (Arg::Var(_), Some(text)) => decode_base64(&text).map(Bytes::Owned),
        (_, key) => key,
    };
    let Some(key) = key else { return Got::Missing };
    let code = match arg::int_at(args, 0, 3) {
        0 => mac::<Hmac<Md5>>(&key, &bytes),
        1 => mac::<Hmac<Sha1>>(&key, &bytes),
        2 => mac::<Hmac<Sha224>>(&key, &bytes),
        3 => mac::<Hmac<Sha256>>(&key, &bytes),
        4 => mac::<Hmac<Sha384>>(&key, &bytes),
        _ => mac::<Hmac<Sha512>>(&key, &bytes),
    };
    code.map(|code| Value::Bin(Bytes::Owned(code))).into()
}
