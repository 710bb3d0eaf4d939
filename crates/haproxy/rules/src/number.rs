//! Numbers in rules, with the original's wording when they are none.

use common_base::duration::{TimeError, TimeUnit, parse_time};
use common_base::size::{SizeError, parse_size};
use haproxy_expr::cast;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::value::{Type, Value};

use crate::args::Args;
use crate::cx::RuleCx;
use crate::load::RuleLoad;

/// A time in milliseconds; `place` ends the message, ` in rule 'x'`.
pub fn time_ms(word: &str, place: &str) -> Result<u64, Fault> {
    match parse_time(word.as_bytes(), TimeUnit::Millisecond, TimeUnit::Millisecond) {
        Ok(time) => Ok(u64::from(time.value)),
        Err(TimeError::Unexpected(c)) => Err(Fault::new(format!("unexpected character '{c}'{place}"))),
        Err(TimeError::Overflow) => {
            let to = place.replacen(" in ", " to ", 1);
            Err(Fault::new(format!(
                "timer overflow in argument '{word}'{to} (maximum value is 2147483647 ms or ~24.8 days)"
            )))
        }
        Err(TimeError::Underflow) => {
            let to = place.replacen(" in ", " to ", 1);
            Err(Fault::new(format!(
                "timer underflow in argument '{word}'{to} (minimum non-null value is 1 ms)"
            )))
        }
    }
}

/// A size in bytes with an optional unit.
pub fn size(word: &str) -> Result<u64, Fault> {
    parse_size(word.as_bytes()).map_err(|error| match error {
        SizeError::Unexpected(c) => Fault::new(format!("unexpected character '{c}'")),
        SizeError::Overflow => Fault::new(format!("size overflow in argument '{word}'")),
    })
}

/// A number that stands in the configuration or is computed for each message.
#[derive(Debug)]
pub enum Number {
    /// As written.
    Fixed(i64),
    /// Computed.
    Computed(Expr),
}

impl Number {
    /// The value now, if there is one.
    pub fn now(&self, cx: &RuleCx<'_>) -> Option<i64> {
        match self {
            Number::Fixed(number) => Some(*number),
            Number::Computed(expr) => integer(expr, cx),
        }
    }

    /// Reads an integer, decimal or `0x...`, or an expression.
    pub fn parse(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Number, Fault> {
        let Some(word) = args.peek() else {
            return Err("expects exactly 1 argument (integer/hex value)".into());
        };
        if let Some(number) = decimal_or_hex(word) {
            args.skip(1);
            return Ok(Number::Fixed(number));
        }
        match load.expression(args) {
            Ok(expr) => Ok(Number::Computed(expr)),
            Err(_) if word.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) => {
                let bad = word.trim_start_matches(|c: char| c.is_ascii_digit());
                Err(Fault::new(format!("invalid character starting at '{bad}' (integer/hex value expected)")))
            }
            Err(fault) => Err(fault),
        }
    }
}

/// An expression's value as an integer.
pub fn integer(expr: &Expr, cx: &RuleCx<'_>) -> Option<i64> {
    match expr.eval_as(&cx.view(), Type::Sint).ok()? {
        Value::Int(number) => Some(number),
        other => cast::to_int(&other),
    }
}

fn decimal_or_hex(word: &str) -> Option<i64> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}
