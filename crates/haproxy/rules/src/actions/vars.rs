//! Variables: set from an expression or a format, unset.

use haproxy_expr::conv::variables::{assign, forget};
use haproxy_expr::cx::Cx;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::value::{Bytes, Value};
use haproxy_expr::vars::{Scope, SetIf, VarRef};

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

#[derive(Debug)]
struct SetVar {
    var: VarRef,
    when: SetIf,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Expr(Expr),
    Text(LogFormat),
}

impl SetVar {
    fn assign(&self, cx: &Cx<'_>, value: Value<'_>) {
        // beyond a limit the variable keeps its old value, silently (manual §3.2, "tune.vars")
        let _ = assign(self.var, value, self.when, cx);
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
        forget(self.0, &cx.view());
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
    let mut when = SetIf::default();
    for word in parts {
        when.add(word)?;
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
    Ok(Box::new(SetVar { var, when, source }))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Expr,
    Text,
    Unset,
}

const KINDS: &[(&str, Kind)] =
    &[("set-var", Kind::Expr), ("set-var-fmt", Kind::Text), ("unset-var", Kind::Unset)];
