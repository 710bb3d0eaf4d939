//! Arithmetic and bits. Results saturate instead of wrapping.

use crate::arg::{Arg, ArgKind, Args};
use crate::conv::{int_arg, int_of, to_int_or_var};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, ConvertFn, Converter, req};
use crate::value::{Bytes, Type, Value};

const OPERAND: &[ArgSpec] = &[req(ArgKind::Str)];

const fn binary(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, OPERAND, Type::Sint, Type::Sint, run, doc).checked(check_operand)
}

const fn unary(name: &'static str, out: Type, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, &[], Type::Sint, out, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    binary("add", |v, args, cx| with(v, args, cx, i64::saturating_add), "sum"),
    binary("sub", |v, args, cx| with(v, args, cx, i64::saturating_sub), "difference"),
    binary("mul", |v, args, cx| with(v, args, cx, i64::saturating_mul), "product"),
    binary(
        "div",
        |v, args, cx| with(v, args, cx, divide),
        "quotient, the greatest number when divided by zero",
    ),
    binary("mod", |v, args, cx| with(v, args, cx, remainder), "remainder, zero when divided by zero"),
    binary("and", |v, args, cx| with(v, args, cx, |a, b| a & b), "bitwise and"),
    binary("or", |v, args, cx| with(v, args, cx, |a, b| a | b), "bitwise or"),
    binary("xor", |v, args, cx| with(v, args, cx, |a, b| a ^ b), "bitwise exclusive or"),
    unary("cpl", Type::Sint, |v, _, _| int(!int_of(&v)), "all bits flipped"),
    unary("neg", Type::Sint, |v, _, _| int(int_of(&v).saturating_neg()), "the opposite number"),
    unary("not", Type::Bool, |v, _, _| truth(int_of(&v) == 0), "true for zero"),
    unary("bool", Type::Bool, |v, _, _| truth(int_of(&v) != 0), "false for zero"),
    unary("odd", Type::Bool, |v, _, _| truth(int_of(&v) & 1 == 1), "true for odd numbers"),
    unary("even", Type::Bool, |v, _, _| truth(int_of(&v) & 1 == 0), "true for even numbers"),
    unary("htonl", Type::Bin, htonl, "the number's low 32 bits in network order"),
];

fn int<'a>(number: i64) -> Got<Value<'a>> {
    Got::Is(Value::Int(number))
}

fn truth<'a>(holds: bool) -> Got<Value<'a>> {
    Got::Is(Value::Bool(holds))
}

fn check_operand(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    to_int_or_var(args, 0, cx)
}

fn with<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>, compute: fn(i64, i64) -> i64) -> Got<Value<'a>> {
    int_arg(args, 0, cx).map(|operand| Value::Int(compute(int_of(&value), operand))).into()
}

fn divide(left: i64, right: i64) -> i64 {
    if right == 0 { i64::MAX } else { left.checked_div(right).unwrap_or(i64::MAX) }
}

fn remainder(left: i64, right: i64) -> i64 {
    if right == 0 { 0 } else { left.wrapping_rem(right) }
}

fn htonl<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    Got::Is(Value::Bin(Bytes::Owned((int_of(&value) as u32).to_be_bytes().to_vec())))
}
