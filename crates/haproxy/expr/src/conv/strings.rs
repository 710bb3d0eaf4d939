//! Converters of text.

use crate::arg::Arg;
use crate::cx::Cx;
use crate::got::Got;
use crate::row::Converter;
use crate::value::{Bytes, Type, Value};

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new("lower", &[], Type::Str, Type::Str, lower, "letters become small"),
    Converter::new("upper", &[], Type::Str, Type::Str, upper, "letters become capital"),
    Converter::new("length", &[], Type::Str, Type::Sint, length, "number of bytes"),
];

/// The text of a value that was cast to text or bytes.
pub(crate) fn bytes_of(value: Value<'_>) -> Bytes<'_> {
    crate::cast::to_text(value)
}

fn lower<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    if !text.iter().any(u8::is_ascii_uppercase) {
        return Got::Is(Value::Str(text));
    }
    let mut text = text.into_vec();
    text.make_ascii_lowercase();
    Got::Is(Value::Str(Bytes::Owned(text)))
}

fn upper<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    if !text.iter().any(u8::is_ascii_lowercase) {
        return Got::Is(Value::Str(text));
    }
    let mut text = text.into_vec();
    text.make_ascii_uppercase();
    Got::Is(Value::Str(Bytes::Owned(text)))
}

fn length<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Int(bytes_of(value).len() as i64))
}
