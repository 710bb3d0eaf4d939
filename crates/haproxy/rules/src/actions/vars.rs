//! Variables: set from an expression or a format, unset.

use haproxy_expr::cx::Cx;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::value::{Bytes, Value};
use haproxy_expr::vars::{Scope, SharedValue, VarRef};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "set-var-fmt*",
        Families::ALL,
        "(<var-name>[,<cond>...]) <fmt>",
        parse,
        "set a variable to a text",
    ),
    ActionRow::new(
        "set-var*",
        Families::ALL,
        "(<var-name>[,<cond>...]) <expr>",
        parse,
        "set a variable to a value",
    ),
    ActionRow::new("unset-var*", Families::ALL, "(<var-name>)", parse, "remove a variable"),
];

/// What must hold for a variable to be set (manual §7.3.1, converter `set-var`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Exists,
    NotExists,
    Empty,
    NotEmpty,
    Set,
    NotSet,
    Greater,
    Less,
}

const CONDITIONS: &[(&str, When)] = &[
    ("ifexists", When::Exists),
    ("ifnotexists", When::NotExists),
    ("ifempty", When::Empty),
    ("ifnotempty", When::NotEmpty),
    ("ifset", When::Set),
    ("ifnotset", When::NotSet),
    ("ifgt", When::Greater),
    ("iflt", When::Less),
];

impl When {
    fn holds(self, cx: &Cx<'_>, var: VarRef, input: &Value<'_>) -> bool {
        let empty = matches!(input, Value::Str(b) | Value::Bin(b) | Value::Meth(_, b) if b.is_empty());
        let integers = || match (current(cx, var), input) {
            (Some(Value::Int(old)), Value::Int(new)) => Some((old, *new)),
            _ => None,
        };
        match self {
            // a process variable exists since the configuration was read
            When::Exists => var.scope == Scope::Proc || current(cx, var).is_some(),
            When::NotExists => var.scope != Scope::Proc && current(cx, var).is_none(),
            When::Empty => empty,
            When::NotEmpty => !empty,
            When::Set => current(cx, var).is_some(),
            When::NotSet => current(cx, var).is_none(),
            When::Greater => integers().is_none_or(|(old, new)| old > new),
            When::Less => integers().is_none_or(|(old, new)| old < new),
        }
    }
}

fn current(cx: &Cx<'_>, var: VarRef) -> Option<Value<'static>> {
    match var.scope {
        Scope::Proc => cx.world.process_vars().value(var.id).map(SharedValue::into_value),
        Scope::Sess => cx.session.vars.borrow().value(var.id).cloned(),
        Scope::Txn => cx.txn?.vars.borrow().value(var.id).cloned(),
        Scope::Req => cx.txn?.request_vars.borrow().value(var.id).cloned(),
        Scope::Res => cx.txn?.response_vars.borrow().value(var.id).cloned(),
        Scope::Check | Scope::ParentSess | Scope::ParentTxn | Scope::ParentReq | Scope::ParentRes => None,
    }
}

/// Sets (or with None removes) a variable.
pub(crate) fn store(cx: &Cx<'_>, var: VarRef, value: Option<Value<'_>>) {
    let cell = match (var.scope, cx.txn) {
        (Scope::Proc, _) => return cx.world.process_vars().set(var.id, value.map(SharedValue::from)),
        (Scope::Sess, _) => &cx.session.vars,
        (Scope::Txn, Some(txn)) => &txn.vars,
        (Scope::Req, Some(txn)) => &txn.request_vars,
        (Scope::Res, Some(txn)) => &txn.response_vars,
        _ => return,
    };
    let mut store = cell.borrow_mut();
    match value {
        // beyond the limit the variable keeps its old value, silently (manual §3.2, "tune.vars")
        Some(value) => drop(store.set_within(var.id, value.into_kept(), cx.world.var_limit(var.scope))),
        None => drop(store.unset(var.id)),
    }
}

#[derive(Debug)]
struct SetVar {
    var: VarRef,
    when: Box<[When]>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Expr(Expr),
    Text(LogFormat),
}

impl SetVar {
    fn assign(&self, cx: &Cx<'_>, value: Value<'_>) {
        if self.when.iter().all(|when| when.holds(cx, self.var, &value)) {
            store(cx, self.var, Some(value));
        }
    }
}

impl Action for SetVar {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        match &self.source {
            Source::Expr(expr) => {
                let view = cx.view();
                // owned before it is stored: the value may be borrowed from the very store it goes to
                if let Some(value) = expr.eval(&view).ok().map(Value::into_kept) {
                    self.assign(&view, value);
                }
            }
            Source::Text(format) => cx.with_text(format, |cx, text| {
                self.assign(&cx.view(), Value::Str(Bytes::Ref(text)));
            }),
        }
        Verdict::Continue
    }
}

#[derive(Debug)]
struct UnsetVar(VarRef);

impl Action for UnsetVar {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        store(&cx.view(), self.0, None);
        Verdict::Continue
    }
}

const EXPECTED: &str = "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";

fn parse(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    let action = args.action();
    let kind = action.split('(').next().unwrap_or_default();
    let kind = KINDS.iter().find(|(name, _)| *name == kind && action.contains('('));
    let Some((_, kind)) = kind else {
        return Err(Fault::new(format!("invalid or incomplete action '{action}'. {EXPECTED}")));
    };
    let Some(inner) = args.parenthesis() else {
        return Err(Fault::new(format!("incomplete argument after action '{action}'. {EXPECTED}")));
    };
    let mut parts = inner.split(',');
    let name = parts.next().unwrap_or_default();
    if name.is_empty() {
        return Err("Empty variable name cannot be accepted".into());
    }
    let var = VarRef::parse(name, &load.expr.load.vars)?;
    let mut when = Vec::new();
    for word in parts {
        let known = CONDITIONS.iter().find(|(name, _)| *name == word);
        when.push(known.ok_or_else(|| Fault::new(format!("unknown condition \"{word}\"")))?.1);
    }
    if load.family.is_early() && !matches!(var.scope, Scope::Proc | Scope::Sess) {
        let text = format!(
            "variable '{name}' has no effect in '{}' rules, where only scopes 'proc' and 'sess' exist.",
            load.family.keyword()
        );
        load.warn(text);
    }
    let source = match kind {
        Kind::Unset => return Ok(Box::new(UnsetVar(var))),
        Kind::Expr => Source::Expr(load.expression(args)?),
        Kind::Text => Source::Text(load.format(args.take().unwrap_or_default(), Style::Plain)?),
    };
    Ok(Box::new(SetVar { var, when: when.into(), source }))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Expr,
    Text,
    Unset,
}

const KINDS: &[(&str, Kind)] =
    &[("set-var", Kind::Expr), ("set-var-fmt", Kind::Text), ("unset-var", Kind::Unset)];
