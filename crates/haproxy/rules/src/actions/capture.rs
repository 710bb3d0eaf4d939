//! `capture`: keep a value for the log.

use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::value::Type;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::{Families, Family};
use crate::load::{CaptureSlot, Question, RuleLoad};
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "capture",
        Families::CONTENT,
        "<sample> len <length>",
        content,
        "keep a value in a new slot of the log line",
    ),
    ActionRow::new(
        "capture",
        Families::REQUEST,
        "<sample> [ len <length> | id <id> ]",
        request,
        "keep a value in a slot of the log line",
    ),
    ActionRow::new(
        "capture",
        Families::RESPONSE.and(Families::AFTER),
        "<sample> id <id>",
        response,
        "keep a value in a slot of the log line",
    ),
];

#[derive(Debug)]
struct Capture {
    expr: Expr,
    slot: usize,
    /// None when the slot's length is its declaration's; then the engine's slots are cut by it.
    length: Option<usize>,
    request: bool,
}

impl Action for Capture {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let value = self.expr.eval_as(&cx.view(), Type::Str).ok().map(|value| {
            let mut text = Vec::new();
            haproxy_expr::cast::write_text(&value, &mut text);
            text
        });
        if let (Some(mut text), Some(txn)) = (value, cx.txn.as_deref_mut()) {
            let slots =
                if self.request { &mut txn.log.request_captures } else { &mut txn.log.response_captures };
            if slots.len() <= self.slot {
                slots.resize(self.slot + 1, None);
            }
            if let Some(length) = self.length {
                text.truncate(length);
            }
            slots[self.slot] = Some(text);
        }
        Verdict::Continue
    }
}

type Parsed = Result<Box<dyn Action>, Fault>;

fn length_of(word: Option<&str>) -> Result<usize, Fault> {
    word.and_then(|word| word.parse().ok())
        .filter(|length| *length > 0)
        .ok_or_else(|| Fault::new("length must be > 0"))
}

fn new_slot(load: &mut RuleLoad<'_, '_>, length: usize) -> usize {
    load.captures.request.push(CaptureSlot { header: None, length });
    load.captures.request.len() - 1
}

fn content(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let told = |fault: Fault| fault.within(|text| format!("'tcp-request content capture' : {text}"));
    let expr = load.expression(args).map_err(told)?;
    if !args.take_if("len") {
        return Err(told("a positive 'len' argument is mandatory".into()));
    }
    let length = length_of(args.take()).map_err(told)?;
    let slot = new_slot(load, length);
    Ok(Box::new(Capture { expr, slot, length: Some(length), request: true }))
}

fn request(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let wanted = "expects <expression> [ 'len' <length> | id <idx> ]";
    if args.peek().is_none() {
        return Err(wanted.into());
    }
    let expr = load.expression(args)?;
    match (args.take(), args.take()) {
        (Some("len"), Some(length)) => {
            if !load.proxy.frontend {
                return Err(Fault::new(format!("proxy '{}' has no frontend capability", load.proxy.name)));
            }
            let length = length_of(Some(length))?;
            let slot = new_slot(load, length);
            Ok(Box::new(Capture { expr, slot, length: Some(length), request: true }))
        }
        (Some("id"), Some(id)) => by_id(expr, id, load, true),
        _ => Err(wanted.into()),
    }
}

fn response(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let wanted = "expects <expression> id <idx>";
    if args.peek().is_none() {
        return Err(wanted.into());
    }
    let expr = load.expression(args)?;
    match (args.take(), args.take()) {
        (Some("id"), Some(id)) => by_id(expr, id, load, false),
        (Some(other), Some(_)) => Err(Fault::new(format!("expects 'id', found '{other}'"))),
        _ => Err(wanted.into()),
    }
}

fn by_id(expr: Expr, id: &str, load: &mut RuleLoad<'_, '_>, request: bool) -> Parsed {
    let slot: usize = id.parse().map_err(|_| Fault::new(format!("cannot parse id '{id}'")))?;
    let slots = if request { &load.captures.request } else { &load.captures.response };
    let length = slots.get(slot).map(|slot| slot.length);
    // a backend's rule fills a slot of whatever frontend the stream came by
    if length.is_none() && load.proxy.frontend && !load.proxy.defaults {
        let family = if load.family == Family::HttpRequest { "http-request" } else { load.family.keyword() };
        load.ask(Question::Capture { id: slot, request, family });
    }
    Ok(Box::new(Capture { expr, slot, length, request }))
}
