//! `set-timeout`: timeouts of this stream alone.

use haproxy_expr::cx::TimeoutKind;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::{Effects, RuleCx};
use crate::family::Families;
use crate::load::RuleLoad;
use crate::number;
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "set-timeout",
    Families::REQUEST.and(Families::RESPONSE),
    "{ client | connect | queue | server | tarpit | tunnel } { <timeout> | <expr> }",
    set_timeout,
    "a timeout of this stream",
)];

/// Which side of a proxy a timeout belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Front,
    Back,
    Either,
}

struct Timeout {
    name: &'static str,
    kind: TimeoutKind,
    side: Side,
    store: fn(&mut Effects, u64),
}

const TIMEOUTS: &[Timeout] = &[
    Timeout {
        name: "client",
        kind: TimeoutKind::Client,
        side: Side::Front,
        store: |effects, ms| effects.client_timeout_ms = Some(ms),
    },
    Timeout {
        name: "connect",
        kind: TimeoutKind::Connect,
        side: Side::Back,
        store: |effects, ms| effects.connect_timeout_ms = Some(ms),
    },
    Timeout {
        name: "queue",
        kind: TimeoutKind::Queue,
        side: Side::Back,
        store: |effects, ms| effects.queue_timeout_ms = Some(ms),
    },
    Timeout {
        name: "server",
        kind: TimeoutKind::Server,
        side: Side::Back,
        store: |effects, ms| effects.server_timeout_ms = Some(ms),
    },
    Timeout {
        name: "tarpit",
        kind: TimeoutKind::Tarpit,
        side: Side::Either,
        store: |effects, ms| effects.tarpit_timeout_ms = Some(ms),
    },
    Timeout {
        name: "tunnel",
        kind: TimeoutKind::Tunnel,
        side: Side::Back,
        store: |effects, ms| effects.tunnel_timeout_ms = Some(ms),
    },
];

#[derive(Debug)]
enum Value {
    Fixed(u64),
    Computed(Expr),
}

#[derive(Debug)]
struct SetTimeout {
    kind: TimeoutKind,
    store: fn(&mut Effects, u64),
    value: Value,
}

impl Action for SetTimeout {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let ms = match &self.value {
            Value::Fixed(ms) => Some(*ms),
            Value::Computed(expr) => number::integer(expr, cx).and_then(|ms| u64::try_from(ms).ok()),
        };
        if let Some(ms) = ms.filter(|ms| *ms > 0) {
            (self.store)(cx.effects, ms);
            if let Some(txn) = cx.txn.as_deref_mut() {
                txn.timeouts_ms[self.kind as usize] = Some(ms);
            }
        }
        Verdict::Continue
    }
}

fn set_timeout(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    let (Some(which), Some(word)) = (args.peek(), args.peek_at(1)) else {
        return Err("expects exactly 2 arguments".into());
    };
    let Some(timeout) = TIMEOUTS.iter().find(|timeout| timeout.name == which) else {
        let names: Vec<String> = TIMEOUTS.iter().map(|timeout| format!("'{}'", timeout.name)).collect();
        return Err(Fault::new(format!("'set-timeout' rule supports {} (got '{which}')", names.join("/"))));
    };
    let side = match timeout.side {
        Side::Front if !load.proxy.frontend => Some("frontend"),
        Side::Back if !load.proxy.backend => Some("backend"),
        Side::Front | Side::Back | Side::Either => None,
    };
    if let Some(side) = side {
        return Err(Fault::new(format!(
            "proxy '{}' has no {side} capability for 'set-timeout {which}'",
            load.proxy.name
        )));
    }
    args.skip(1);
    let value = if word.starts_with(|c: char| c.is_ascii_digit()) {
        args.skip(1);
        match number::time_ms(word, &format!(" in rule 'set-timeout {which}'"))? {
            0 => return Err(Fault::new(format!("null value is not valid for a 'set-timeout {which}' rule"))),
            ms => Value::Fixed(ms),
        }
    } else {
        Value::Computed(load.expression(args)?)
    };
    Ok(Box::new(SetTimeout { kind: timeout.kind, store: timeout.store, value }))
}
