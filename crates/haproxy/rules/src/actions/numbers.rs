//! Numbers for the stream: nice, marks, TOS, queue priority, retries.

use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::{Effects, RuleCx};
use crate::family::Families;
use crate::load::RuleLoad;
use crate::number::Number;
use crate::verdict::Verdict;

const CLIENT_SIDE: Families = Families::TCP.and(Families::REQUEST).and(Families::RESPONSE);
const SERVER_SIDE: Families = Families::CONTENT.and(Families::REQUEST);
const NICE: Families =
    Families::CONTENT.and(Families::TCP_RESPONSE).and(Families::REQUEST).and(Families::RESPONSE);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("set-nice", NICE, "<nice>", set_nice, "priority of this stream's processing"),
    ActionRow::new(
        "set-fc-mark",
        CLIENT_SIDE,
        "{ <mark> | <expr> }",
        |a, l| number(a, l, client_mark),
        "mark of packets to the client",
    ),
    ActionRow::new(
        "set-mark",
        CLIENT_SIDE,
        "<mark>",
        |a, l| number(a, l, client_mark),
        "old name of set-fc-mark",
    ),
    ActionRow::new(
        "set-bc-mark",
        SERVER_SIDE,
        "{ <mark> | <expr> }",
        |a, l| number(a, l, server_mark),
        "mark of packets to the server",
    ),
    ActionRow::new(
        "set-fc-tos",
        CLIENT_SIDE,
        "{ <tos> | <expr> }",
        |a, l| number(a, l, client_tos),
        "TOS of packets to the client",
    ),
    ActionRow::new(
        "set-tos",
        CLIENT_SIDE,
        "<tos>",
        |a, l| number(a, l, client_tos),
        "old name of set-fc-tos",
    ),
    ActionRow::new(
        "set-bc-tos",
        SERVER_SIDE,
        "{ <tos> | <expr> }",
        |a, l| number(a, l, server_tos),
        "TOS of packets to the server",
    ),
    ActionRow::new(
        "set-priority-class",
        SERVER_SIDE,
        "<expr>",
        |a, l| computed(a, l, class),
        "class in the queue",
    ),
    ActionRow::new(
        "set-priority-offset",
        SERVER_SIDE,
        "<expr>",
        |a, l| computed(a, l, offset),
        "offset in the queue, milliseconds",
    ),
    ActionRow::new(
        "set-retries",
        SERVER_SIDE,
        "{ <int> | <expr> }",
        set_retries,
        "connection attempts of this stream",
    ),
];

type Store = fn(&mut Effects, i64);

#[derive(Debug)]
struct Set {
    number: Number,
    store: Store,
}

impl Action for Set {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        if let Some(number) = self.number.now(cx) {
            (self.store)(cx.effects, number);
            if let Some(txn) = cx.txn.as_deref_mut() {
                txn.priority_class = cx.effects.priority_class;
                txn.priority_offset_ms = cx.effects.priority_offset_ms;
                txn.retries = cx.effects.retries;
            }
        }
        Verdict::Continue
    }
}

fn client_mark(effects: &mut Effects, number: i64) {
    effects.client_mark = Some(number as u32);
}

fn server_mark(effects: &mut Effects, number: i64) {
    effects.server_mark = Some(number as u32);
}

fn client_tos(effects: &mut Effects, number: i64) {
    effects.client_tos = Some(number as u8);
}

fn server_tos(effects: &mut Effects, number: i64) {
    effects.server_tos = Some(number as u8);
}

fn class(effects: &mut Effects, number: i64) {
    effects.priority_class = number.clamp(-2047, 2047) as i32;
}

fn offset(effects: &mut Effects, number: i64) {
    effects.priority_offset_ms = number.clamp(-524_287, 524_287) as i32;
}

fn nice(effects: &mut Effects, number: i64) {
    effects.nice = Some(number as i32);
}

fn retries(effects: &mut Effects, number: i64) {
    if (0..=100).contains(&number) {
        effects.retries = Some(number as u32);
    }
}

type Parsed = Result<Box<dyn Action>, Fault>;

fn number(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, store: Store) -> Parsed {
    let number = Number::parse(args, load)?;
    Ok(Box::new(Set { number, store }))
}

fn computed(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, store: Store) -> Parsed {
    Ok(Box::new(Set { number: Number::Computed(load.expression(args)?), store }))
}

fn set_nice(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let word = args.take().ok_or("expects exactly 1 argument (integer value)")?;
    // what is no number counts as 0, and the range is enforced silently, as the original does
    let number = word.parse::<i64>().unwrap_or(0).clamp(-1024, 1024);
    Ok(Box::new(Set { number: Number::Fixed(number), store: nice }))
}

fn set_retries(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    if load.proxy.defaults {
        return Err("'set-retries' is not allowed in 'defaults' sections".into());
    }
    if !load.proxy.backend {
        return Err(Fault::new(format!("'{}' has no backend capability", load.proxy.name)));
    }
    let number = Number::parse(args, load)?;
    if let Number::Fixed(value) = number
        && !(0..=100).contains(&value)
    {
        return Err(Fault::new(format!("expects an integer value between 0 and 100 (got {value})")));
    }
    Ok(Box::new(Set { number, store: retries }))
}
