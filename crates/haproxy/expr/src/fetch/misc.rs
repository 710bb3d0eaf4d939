//! Constants, variables, dates, chance (manual §7.3.2).

use crate::arg::{self, Arg, ArgKind, Args};
use crate::at::Use;
use crate::cx::{Cx, Txn};
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::pattern::parse;
use crate::row::{ArgSpec, Fetch, Walk, opt, req};
use crate::value::{Bytes, Type, Value};
use crate::vars::{Scope, VarRef, VarStore};

const ACLS: &[ArgSpec] = &{
    let mut specs = [opt(ArgKind::Str); 12];
    specs[0] = req(ArgKind::Str);
    specs
};

/// Rows of this family.
pub const FETCHES: &[Fetch] = &[
    Fetch::new("always_true", &[], Type::Bool, Use::CONST, |_, _, _| Got::Is(Value::Bool(true)), "true"),
    Fetch::new("always_false", &[], Type::Bool, Use::CONST, |_, _, _| Got::Is(Value::Bool(false)), "false"),
    Fetch::new("str", &[req(ArgKind::Str)], Type::Str, Use::CONST, text, "the text given"),
    Fetch::new("int", &[req(ArgKind::Int)], Type::Sint, Use::CONST, int, "the number given"),
    Fetch::new("bool", &[req(ArgKind::Str)], Type::Bool, Use::CONST, int_as_bool, "the boolean given")
        .checked(check_bool),
    Fetch::new("bin", &[req(ArgKind::Str)], Type::Bin, Use::CONST, bin, "the bytes given in hexadecimal")
        .checked(check_bin),
    Fetch::new("meth", &[req(ArgKind::Str)], Type::Meth, Use::CONST, meth, "the method given"),
    Fetch::new("ipv4", &[req(ArgKind::Ipv4)], Type::Ipv4, Use::CONST, ip, "the address given"),
    Fetch::new("ipv6", &[req(ArgKind::Ipv6)], Type::Ipv6, Use::CONST, ip, "the address given"),
    Fetch::new("var", &[req(ArgKind::Str), opt(ArgKind::Str)], Type::Any, Use::CONST, var, "a variable")
        .checked(check_var),
    Fetch::new("acl", ACLS, Type::Bool, Use::CONST, acl, "named ACLs, all of them").checked(check_acl),
    Fetch::new("wait_end", &[], Type::Bool, Use::INTERNAL, wait_end, "true once the inspection is over"),
];

fn text<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    Got::Is(Value::text(arg::text_at(args, 0)))
}

fn int<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    Got::Is(Value::Int(arg::int_at(args, 0, 0)))
}

fn check_bool(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let value = match arg::text_at(args, 0).to_ascii_lowercase().as_slice() {
        b"true" | b"1" => 1,
        b"false" | b"0" => 0,
        _ => return Err(Fault::new("Expects 'true', 'false', '0' or '1'")),
    };
    args[0] = Arg::Int(value);
    Ok(())
}

fn int_as_bool<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    Got::Is(Value::Bool(arg::int_at(args, 0, 0) != 0))
}

fn check_bin(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let bytes = parse::hex(&String::from_utf8_lossy(arg::text_at(args, 0)))?;
    args[0] = Arg::Str(bytes.into());
    Ok(())
}

fn bin<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    Got::Is(Value::Bin(Bytes::Ref(arg::text_at(args, 0))))
}

fn meth<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let text = arg::text_at(args, 0);
    Got::Is(Value::Meth(haproxy_http::Method::of(text), Bytes::Ref(text)))
}

fn ip<'a>(args: &'a [Arg], _cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    match arg::at(args, 0) {
        Arg::Ipv4(address) => Got::Is(Value::Ipv4(*address)),
        Arg::Ipv6(address) => Got::Is(Value::Ipv6(*address)),
        _ => Got::Missing,
    }
}

pub(crate) fn check_var(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    args[0] = Arg::Var(VarRef::parse(&name, &cx.load.vars)?);
    Ok(())
}

fn var<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let Arg::Var(var) = arg::at(args, 0) else { return Got::Missing };
    match read_var(*var, cx) {
        Some(value) => Got::Is(value),
        None => arg::at(args, 1).text().map(Value::text).into(),
    }
}

/// A variable's value.
pub fn read_var<'a>(var: VarRef, cx: &Cx<'a>) -> Option<Value<'a>> {
    match var.scope {
        Scope::Proc => cx.world.process_vars().value(var.id).map(crate::vars::SharedValue::into_value),
        _ => store(var.scope, cx)?.borrow().value(var.id).cloned(),
    }
}

/// The store of a scope, where it exists.
pub(crate) fn store<'a>(scope: Scope, cx: &Cx<'a>) -> Option<&'a std::cell::RefCell<VarStore>> {
    let of_txn = |pick: fn(&'a Txn) -> &'a std::cell::RefCell<VarStore>| cx.txn.map(pick);
    match scope {
        Scope::Sess => Some(&cx.session.vars),
        Scope::Txn => of_txn(|txn| &txn.vars),
        Scope::Req => of_txn(|txn| &txn.request_vars),
        Scope::Res => of_txn(|txn| &txn.response_vars),
        Scope::Check => cx.check_vars,
        Scope::Proc | Scope::ParentSess | Scope::ParentTxn | Scope::ParentReq | Scope::ParentRes => None,
    }
}

fn check_acl(args: &mut Args, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    let Some(acls) = cx.acls else { return Err(Fault::new("ACL not found")) };
    let names: Vec<String> =
        args.iter().filter_map(Arg::text).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let condition = crate::acl::Condition::of_terms(false, &words, acls, cx).map_err(|fault| {
        fault.within(|text| text.replace("no such ACL :", "ACL").replace('\'', "") + " not found")
    })?;
    *args = smallvec::smallvec![Arg::Condition(std::sync::Arc::new(condition))];
    Ok(())
}

fn acl<'a>(args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    let Arg::Condition(condition) = arg::at(args, 0) else { return Got::Missing };
    match condition.eval(cx) {
        crate::got::Truth::Pending => Got::Pending,
        truth => Got::Is(Value::Bool(truth.holds())),
    }
}

fn wait_end<'a>(_args: &'a [Arg], cx: &Cx<'a>, _walk: &mut Walk) -> Got<Value<'a>> {
    if cx.input.complete { Got::Is(Value::Bool(true)) } else { Got::Pending }
}
