//! AES in CBC and GCM mode (manual §7.3.1, `aes_*`).

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::cipher::consts::U12;
use aes_gcm::{AesGcm, Nonce};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::base::{decode_base64, encode_base64};
use crate::conv::variables::assign;
use crate::conv::{bytes_of, text_arg};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, ConvertFn, Converter, opt, req};
use crate::value::{Bytes, Type, Value};
use crate::vars::{SetIf, VarRef};

const CBC: &[ArgSpec] = &[req(ArgKind::Int), req(ArgKind::Str), req(ArgKind::Str), opt(ArgKind::Str)];
const GCM: &[ArgSpec] =
    &[req(ArgKind::Int), req(ArgKind::Str), req(ArgKind::Str), req(ArgKind::Str), opt(ArgKind::Str)];

const fn row(name: &'static str, args: &'static [ArgSpec], run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, args, Type::Bin, Type::Bin, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    row("aes_cbc_enc", CBC, |v, args, cx| with_cbc(v, args, cx, encrypt_cbc), "AES-CBC encryption")
        .checked(check_cbc),
    row("aes_cbc_dec", CBC, |v, args, cx| with_cbc(v, args, cx, decrypt_cbc), "AES-CBC decryption")
        .checked(check_cbc),
    row("aes_gcm_enc", GCM, gcm_enc, "AES-GCM encryption").checked(check_gcm_enc),
    row("aes_gcm_dec", GCM, gcm_dec, "AES-GCM decryption").checked(check_gcm_dec),
];

/// GCM tags have sixteen bytes.
const TAG_BYTES: usize = 16;

fn check_bits(args: &[Arg]) -> Result<(), Fault> {
    match arg::int_at(args, 0, 0) {
        128 | 192 | 256 => Ok(()),
        _ => Err(Fault::new("key size must be 128, 192 or 256 (bits).")),
    }
}

/// A text of base64 is decoded at load, a variable while running.
fn check_bytes(args: &mut Args, index: usize, what: &str, cx: &ParseCx<'_>) -> Result<(), Fault> {
    if arg::at(args, index).is_none() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(arg::text_at(args, index)).into_owned();
    args[index] = match VarRef::parse(&text, &cx.load.vars) {
        Ok(var) => Arg::Var(var),
        Err(_) => match decode_base64(text.as_bytes()) {
            Some(bytes) => Arg::Str(bytes.into()),
            None => {
                return Err(Fault::new(format!(
                    "failed to parse {what} : argument needs to be base64 encoded, and can either be a string or a variable"
                )));
            }
        },
    };
    Ok(())
}

fn check_cbc(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    check_bits(args)?;
    check_bytes(args, 1, "nonce", cx)?;
    check_bytes(args, 2, "key", cx)?;
    check_bytes(args, 3, "aad", cx)
}

fn check_gcm(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    check_bits(args)?;
    check_bytes(args, 1, "nonce", cx)?;
    check_bytes(args, 2, "key", cx)?;
    check_bytes(args, 4, "aad", cx)
}

fn check_gcm_dec(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    check_gcm(args, cx)?;
    check_bytes(args, 3, "aead_tag", cx)
}

fn check_gcm_enc(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    check_gcm(args, cx)?;
    let name = String::from_utf8_lossy(arg::text_at(args, 3)).into_owned();
    match VarRef::parse(&name, &cx.load.vars) {
        Ok(var) => {
            args[3] = Arg::Var(var);
            Ok(())
        }
        Err(_) => Err(Fault::new("failed to register variable name for aead_tag")),
    }
}

/// Bytes of an argument: decoded at load, or a variable's base64 text.
fn bytes_arg<'a>(args: &'a [Arg], index: usize, cx: &Cx<'a>) -> Option<Bytes<'a>> {
    let text = text_arg(args, index, cx)?;
    match arg::at(args, index) {
        Arg::Var(_) => decode_base64(&text).map(Bytes::Owned),
        _ => Some(text),
    }
}

fn bin<'a>(bytes: Option<Vec<u8>>) -> Got<Value<'a>> {
    bytes.map(|bytes| Value::Bin(Bytes::Owned(bytes))).into()
}

type CbcRun = fn(i64, &[u8], &[u8], &[u8]) -> Option<Vec<u8>>;

fn with_cbc<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>, run: CbcRun) -> Got<Value<'a>> {
    let (Some(nonce), Some(key)) = (bytes_arg(args, 1, cx), bytes_arg(args, 2, cx)) else {
        return Got::Missing;
    };
    bin(run(arg::int_at(args, 0, 0), &key, &nonce, &bytes_of(value)))
}

fn encrypt_cbc(bits: i64, key: &[u8], nonce: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    Some(match bits {
        128 => {
            cbc::Encryptor::<Aes128>::new_from_slices(key, nonce).ok()?.encrypt_padded_vec_mut::<Pkcs7>(text)
        }
        192 => {
            cbc::Encryptor::<Aes192>::new_from_slices(key, nonce).ok()?.encrypt_padded_vec_mut::<Pkcs7>(text)
        }
        _ => {
            cbc::Encryptor::<Aes256>::new_from_slices(key, nonce).ok()?.encrypt_padded_vec_mut::<Pkcs7>(text)
        }
    })
}

fn decrypt_cbc(bits: i64, key: &[u8], nonce: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    match bits {
        128 => {
            cbc::Decryptor::<Aes128>::new_from_slices(key, nonce).ok()?.decrypt_padded_vec_mut::<Pkcs7>(text)
        }
        192 => {
            cbc::Decryptor::<Aes192>::new_from_slices(key, nonce).ok()?.decrypt_padded_vec_mut::<Pkcs7>(text)
        }
        _ => {
            cbc::Decryptor::<Aes256>::new_from_slices(key, nonce).ok()?.decrypt_padded_vec_mut::<Pkcs7>(text)
        }
    }
    .ok()
}

/// A cipher by key size.
enum Gcm {
    Small(Box<AesGcm<Aes128, U12>>),
    Middle(Box<AesGcm<Aes192, U12>>),
    Large(Box<AesGcm<Aes256, U12>>),
}

impl Gcm {
    fn new(bits: i64, key: &[u8]) -> Option<Gcm> {
        Some(match bits {
            128 => Gcm::Small(Box::new(AesGcm::new_from_slice(key).ok()?)),
            192 => Gcm::Middle(Box::new(AesGcm::new_from_slice(key).ok()?)),
            _ => Gcm::Large(Box::new(AesGcm::new_from_slice(key).ok()?)),
        })
    }

    fn encrypt(&self, nonce: &[u8], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        let nonce = Nonce::<U12>::from_slice(nonce);
        match self {
            Gcm::Small(cipher) => cipher.encrypt(nonce, payload),
            Gcm::Middle(cipher) => cipher.encrypt(nonce, payload),
            Gcm::Large(cipher) => cipher.encrypt(nonce, payload),
        }
        .ok()
    }

    fn decrypt(&self, nonce: &[u8], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        let nonce = Nonce::<U12>::from_slice(nonce);
        match self {
            Gcm::Small(cipher) => cipher.decrypt(nonce, payload),
            Gcm::Middle(cipher) => cipher.decrypt(nonce, payload),
            Gcm::Large(cipher) => cipher.decrypt(nonce, payload),
        }
        .ok()
    }
}

/// Cipher, nonce and additional data of a call; only nonces of twelve bytes are taken.
fn gcm_parts<'a>(args: &'a [Arg], cx: &Cx<'a>) -> Option<(Gcm, Bytes<'a>, Bytes<'a>)> {
    let cipher = Gcm::new(arg::int_at(args, 0, 0), &bytes_arg(args, 2, cx)?)?;
    let nonce = bytes_arg(args, 1, cx).filter(|nonce| nonce.len() == 12)?;
    let aad = match arg::at(args, 4) {
        Arg::None => Bytes::Ref(b""),
        _ => bytes_arg(args, 4, cx)?,
    };
    Some((cipher, nonce, aad))
}

fn gcm_dec<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let (Some((cipher, nonce, aad)), Some(tag)) = (gcm_parts(args, cx), bytes_arg(args, 3, cx)) else {
        return Got::Missing;
    };
    let mut text = bytes_of(value).into_vec();
    text.extend_from_slice(&tag);
    bin(cipher.decrypt(&nonce, Payload { msg: &text, aad: &aad }).filter(|_| tag.len() == TAG_BYTES))
}

fn gcm_enc<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let (Some((cipher, nonce, aad)), Arg::Var(tag)) = (gcm_parts(args, cx), arg::at(args, 3)) else {
        return Got::Missing;
    };
    let Some(mut text) = cipher.encrypt(&nonce, Payload { msg: &bytes_of(value), aad: &aad }) else {
        return Got::Missing;
    };
    let end = text.len() - TAG_BYTES;
    let written = Value::Str(Bytes::Owned(encode_base64(&text[end..])));
    assign(*tag, written, SetIf::default(), cx);
    text.truncate(end);
    bin(Some(text))
}
