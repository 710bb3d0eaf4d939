//! Converters that read, set and compare variables.

use crate::arg::{self, Arg, ArgKind, Args};
use crate::cast;
use crate::conv::{bytes_of, owned, to_var};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::fetch::misc::{read_var, store};
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, Converter, opt, req};
use crate::userlist::equal;
use crate::value::{Type, Value};
use crate::vars::{Scope, SetIf, VarRef};

const VAR: &[ArgSpec] = &[req(ArgKind::Str)];
const SET: &[ArgSpec] =
    &[req(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str)];
const ITEM: &[ArgSpec] = &[req(ArgKind::Str), req(ArgKind::Str), opt(ArgKind::Str)];
const THREE: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Str), opt(ArgKind::Str)];

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::new("set-var", SET, Type::Any, Type::Any, set_var, "keeps the value in a variable")
        .checked(check_set),
    Converter::new("unset-var", VAR, Type::Any, Type::Any, unset_var, "forgets a variable")
        .checked(check_var),
    Converter::new("strcmp", VAR, Type::Str, Type::Sint, strcmp, "order of the text and a variable")
        .checked(check_name),
    Converter::new("secure_memcmp", VAR, Type::Bin, Type::Bool, secure_memcmp, "equality in constant time")
        .checked(check_name),
    Converter::new("concat", THREE, Type::Str, Type::Str, concat, "the text, a text, a variable, a text")
        .checked(check_concat),
    Converter::new(
        "add_item",
        ITEM,
        Type::Str,
        Type::Str,
        add_item,
        "a delimiter and a variable, if there is one",
    )
    .checked(check_add_item),
];

fn check_var(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    to_var(args, 0, cx)
}

fn check_set(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    to_var(args, 0, cx)?;
    let mut conditions = SetIf::default();
    for word in args[1..].iter().filter_map(Arg::text) {
        conditions.add(&String::from_utf8_lossy(word))?;
    }
    args.truncate(1);
    args.push(Arg::Int(conditions.bits().into()));
    Ok(())
}

fn set_var<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let Arg::Var(var) = arg::at(args, 0) else { return Got::Missing };
    let conditions = SetIf::from_bits(arg::int_at(args, 1, 0) as u32);
    if assign(*var, value.clone(), conditions, cx) == Assigned::Yes { Got::Is(value) } else { Got::Missing }
}

/// What came of setting a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// It has the value now.
    Yes,
    /// A condition did not hold.
    Refused,
    /// Its scope does not exist here, or its memory is used up.
    Failed,
}

/// Sets a variable if the conditions hold.
pub fn assign(var: VarRef, value: Value<'_>, conditions: SetIf, cx: &Cx<'_>) -> Assigned {
    if var.scope == Scope::Proc {
        let vars = cx.world.process_vars();
        let old = vars.value(var.id).map(crate::vars::SharedValue::into_value);
        if !conditions.hold(var.scope, old.as_ref(), &value) {
            return Assigned::Refused;
        }
        vars.set(var.id, Some(value.into()));
        return Assigned::Yes;
    }
    let Some(store) = store(var.scope, cx) else { return Assigned::Failed };
    let mut store = store.borrow_mut();
    if !conditions.hold(var.scope, store.value(var.id), &value) {
        return Assigned::Refused;
    }
    match store.set_within(var.id, value.into_kept(), cx.world.var_limit(var.scope)) {
        true => Assigned::Yes,
        false => Assigned::Failed,
    }
}

/// Forgets a variable.
pub fn forget(var: VarRef, cx: &Cx<'_>) {
    if var.scope == Scope::Proc {
        cx.world.process_vars().set(var.id, None);
    } else if let Some(store) = store(var.scope, cx) {
        store.borrow_mut().unset(var.id);
    }
}

fn unset_var<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    if let Arg::Var(var) = arg::at(args, 0) {
        forget(*var, cx);
    }
    Got::Is(value)
}

fn check_name(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 0).is_empty() {
        return Err(Fault::new("missing variable name"));
    }
    register(args, 0, cx)
}

fn register(args: &mut [Arg], index: usize, cx: &ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, index)).into_owned();
    to_var(args, index, cx).map_err(|_| Fault::new(format!("failed to register variable name '{name}'")))
}

fn other<'a>(args: &'a [Arg], index: usize, cx: &Cx<'a>) -> Option<Value<'a>> {
    match arg::at(args, index) {
        Arg::Var(var) => read_var(*var, cx),
        _ => None,
    }
}

fn strcmp<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let Some(right) = other(args, 0, cx) else { return Got::Missing };
    let (left, right) = (bytes_of(value), bytes_of(right));
    let first =
        left.iter().zip(right.iter()).map(|(a, b)| i64::from(*a) - i64::from(*b)).find(|order| *order != 0);
    Got::Is(Value::Int(first.unwrap_or((left.len() as i64 - right.len() as i64).signum())))
}

fn secure_memcmp<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let Some(right) = other(args, 0, cx) else { return Got::Missing };
    Got::Is(Value::Bool(equal(&bytes_of(value), &bytes_of(right))))
}

fn check_concat(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 1).is_empty() { Ok(()) } else { register(args, 1, cx) }
}

fn concat<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let mut out = bytes_of(value).into_vec();
    out.extend_from_slice(arg::text_at(args, 0));
    if let Some(value) = other(args, 1, cx) {
        cast::write_text(&value, &mut out);
    }
    out.extend_from_slice(arg::text_at(args, 2));
    Got::Is(owned(out))
}

fn check_add_item(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if arg::text_at(args, 1).is_empty() && arg::text_at(args, 2).is_empty() {
        return Err(Fault::new("one of the optional arguments has to be nonempty"));
    }
    check_concat(args, cx)
}

fn add_item<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    let item = other(args, 1, cx);
    let suffix = arg::text_at(args, 2);
    if item.is_none() && suffix.is_empty() {
        return Got::Is(Value::Str(text));
    }
    let mut out = text.into_vec();
    if !out.is_empty() {
        out.extend_from_slice(arg::text_at(args, 0));
    }
    if let Some(item) = item {
        cast::write_text(&item, &mut out);
    }
    out.extend_from_slice(suffix);
    Got::Is(owned(out))
}
