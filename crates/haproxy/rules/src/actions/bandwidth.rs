//! `set-bandwidth-limit`.

use std::sync::{Arc, OnceLock};

use common_base::duration::{TimeUnit, parse_time};
use common_base::size::parse_size;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::{BandwidthWish, RuleCx};
use crate::family::Families;
use crate::load::{Question, RuleLoad};
use crate::number;
use crate::verdict::Verdict;

const STREAMS: Families =
    Families::CONTENT.and(Families::TCP_RESPONSE).and(Families::REQUEST).and(Families::RESPONSE);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "set-bandwidth-limit",
    STREAMS,
    "<name> [limit {<expr> | <size>}] [period {<expr> | <time>}]",
    set_bandwidth_limit,
    "limit the speed of this stream",
)];

/// A number of the configuration, or of the message.
#[derive(Debug)]
enum Amount {
    Fixed(u64),
    Computed(Expr),
}

impl Amount {
    /// Its value now; none when there is none or it limits nothing.
    fn now(&self, cx: &RuleCx<'_>) -> Option<u64> {
        match self {
            Amount::Fixed(number) => Some(*number),
            Amount::Computed(expr) => {
                number::integer(expr, cx).and_then(|number| u64::try_from(number).ok()).filter(|n| *n > 0)
            }
        }
    }
}

#[derive(Debug)]
struct SetLimit {
    /// The filter's number, known once the proxy is read.
    filter: Arc<OnceLock<u32>>,
    limit: Option<Amount>,
    period: Option<Amount>,
}

impl Action for SetLimit {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        if let Some(filter) = self.filter.get().copied() {
            let limit_bytes = self.limit.as_ref().and_then(|limit| limit.now(cx));
            let period_ms = self.period.as_ref().and_then(|period| period.now(cx));
            let wishes = &mut cx.effects.bandwidth;
            // each rule begins anew from the filter's own settings
            wishes.retain(|wish| wish.filter != filter);
            wishes.push(BandwidthWish { filter, limit_bytes, period_ms });
        }
        Verdict::Continue
    }
}

fn set_bandwidth_limit(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    if load.proxy.defaults {
        return Err("not allowed in a 'defaults' section, where no filter can be".into());
    }
    let name = args.take().ok_or("expects a bandwidth limitation filter name")?.to_owned();
    let mut limit = None;
    let mut period = None;
    loop {
        if args.take_if("limit") {
            limit = Some(amount(args, load, "limit", |word| parse_size(word.as_bytes()).ok())?);
        } else if args.take_if("period") {
            let time = |word: &str| {
                let parsed = parse_time(word.as_bytes(), TimeUnit::Millisecond, TimeUnit::Millisecond);
                parsed.ok().map(|time| u64::from(time.value))
            };
            period = Some(amount(args, load, "period", time)?);
        } else {
            break;
        }
    }
    let filter = Arc::new(OnceLock::new());
    load.ask(Question::Bandwidth { name, slot: Arc::clone(&filter) });
    Ok(Box::new(SetLimit { filter, limit, period }))
}

fn amount(
    args: &mut Args<'_>,
    load: &mut RuleLoad<'_, '_>,
    option: &str,
    fixed: impl Fn(&str) -> Option<u64>,
) -> Result<Amount, Fault> {
    let Some(word) = args.peek() else {
        return Err(Fault::new(format!("'{option}' expects a value or an expression")));
    };
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        args.skip(1);
        return match fixed(word) {
            Some(number) if number > 0 => Ok(Amount::Fixed(number)),
            _ => Err(Fault::new(format!("invalid value '{word}' for '{option}'"))),
        };
    }
    load.expression(args).map(Amount::Computed)
}
