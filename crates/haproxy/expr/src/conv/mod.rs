//! Converters (manual §7.3.1), one file per family; each row stands above its function.

pub mod base;
pub mod crypto;
pub mod forwarded;
pub mod hashes;
pub mod ints;
pub mod maps;
pub mod messages;
pub mod misc;
pub mod mqtt;
pub mod net;
pub mod not_built;
pub mod query;
pub mod strings;
pub mod text;
pub mod time;
pub mod variables;

use crate::arg::{self, Arg};
use crate::cast;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::fetch::misc::read_var;
use crate::load::ParseCx;
use crate::row::Converter;
use crate::value::{Bytes, Type, Value};
use crate::vars::VarRef;

/// All tables of this crate.
pub const TABLES: &[&[Converter]] = &[
    base::CONVERTERS,
    crypto::CONVERTERS,
    forwarded::CONVERTERS,
    hashes::CONVERTERS,
    ints::CONVERTERS,
    maps::CONVERTERS,
    messages::CONVERTERS,
    misc::CONVERTERS,
    mqtt::CONVERTERS,
    net::CONVERTERS,
    not_built::CONVERTERS,
    query::CONVERTERS,
    strings::CONVERTERS,
    text::CONVERTERS,
    time::CONVERTERS,
    variables::CONVERTERS,
];

/// The text of a value that was cast to text or bytes.
pub(crate) fn bytes_of(value: Value<'_>) -> Bytes<'_> {
    cast::to_text(value)
}

/// The number of a value that was cast to an integer.
pub(crate) fn int_of(value: &Value<'_>) -> i64 {
    cast::to_int(value).unwrap_or(0)
}

/// Text made by a converter.
pub(crate) fn owned<'a>(text: Vec<u8>) -> Value<'a> {
    Value::Str(Bytes::Owned(text))
}

/// Turns a textual argument into a variable if it names one.
pub(crate) fn to_var(args: &mut [Arg], index: usize, cx: &ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, index)).into_owned();
    args[index] = Arg::Var(VarRef::parse(&name, &cx.load.vars)?);
    Ok(())
}

/// Turns a textual argument into a number or a variable.
pub(crate) fn to_int_or_var(args: &mut [Arg], index: usize, cx: &ParseCx<'_>) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(arg::text_at(args, index)).into_owned();
    if text.is_empty() {
        args[index] = Arg::Int(0);
        return Ok(());
    }
    args[index] = match VarRef::parse(&text, &cx.load.vars) {
        Ok(var) => Arg::Var(var),
        Err(_) => match text.parse() {
            Ok(number) => Arg::Int(number),
            Err(_) => return Err(Fault::new("expects an integer or a variable name")),
        },
    };
    Ok(())
}

/// The number of an argument that is a number or a variable.
pub(crate) fn int_arg(args: &[Arg], index: usize, cx: &Cx<'_>) -> Option<i64> {
    match arg::at(args, index) {
        Arg::Int(number) => Some(*number),
        Arg::Var(var) => cast::to_int(&read_var(*var, cx)?),
        _ => None,
    }
}

/// The text of an argument that is a text or a variable.
pub(crate) fn text_arg<'a>(args: &'a [Arg], index: usize, cx: &Cx<'a>) -> Option<Bytes<'a>> {
    match arg::at(args, index) {
        Arg::Str(text) => Some(Bytes::Ref(text)),
        Arg::Var(var) => match cast::cast(read_var(*var, cx)?, Type::Bin)? {
            Value::Bin(bytes) => Some(bytes),
            _ => None,
        },
        _ => None,
    }
}
