//! Many fields at once, from the binary form of `req.hdrs_bin`: names and values, each with its length before it, and
//! an empty pair at the end.

use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::value::{Type, Value};

use crate::action::{Action, ActionRow};
use crate::actions::headers::NameMatch;
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::message;
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "add-headers-bin",
        Families::HTTP,
        "<expr> [ prefix <str> ]",
        |a, l| set(a, l, false),
        "add many fields",
    ),
    ActionRow::new(
        "set-headers-bin",
        Families::HTTP,
        "<expr> [ prefix <str> ]",
        |a, l| set(a, l, true),
        "remove many fields and add them",
    ),
    ActionRow::new(
        "del-headers-bin",
        Families::HTTP,
        "<expr> [ -m <meth> ]",
        delete,
        "remove many fields by name",
    ),
];

type Parsed = Result<Box<dyn Action>, Fault>;

#[derive(Debug)]
struct SetMany {
    expr: Expr,
    prefix: Box<[u8]>,
    alone: bool,
}

impl Action for SetMany {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let Some(bytes) = binary(&self.expr, cx) else { return Verdict::Continue };
        let pairs = || pairs(&bytes).filter(|(name, _)| name.starts_with(&self.prefix));
        let added: usize = pairs().map(|(name, value)| name.len() + value.len() + 4).sum();
        if !message::has_room(cx, added) {
            return cx.rewrite_failed();
        }
        if let Some(fields) = cx.fields() {
            if self.alone {
                for (name, _) in pairs() {
                    fields.remove(name);
                }
            }
            for (name, value) in pairs() {
                fields.append(name, value);
            }
        }
        Verdict::Continue
    }
}

fn set(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, alone: bool) -> Parsed {
    let expr = load.expression(args)?;
    let mut prefix = Box::default();
    if args.take_if("prefix") {
        prefix = args.take().ok_or("missing prefix argument")?.to_ascii_lowercase().into_bytes().into();
    }
    Ok(Box::new(SetMany { expr, prefix, alone }))
}

#[derive(Debug)]
struct DeleteMany {
    expr: Expr,
    matching: NameMatch,
}

impl Action for DeleteMany {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let Some(bytes) = binary(&self.expr, cx) else { return Verdict::Continue };
        let wanted: Vec<Vec<u8>> = names(&bytes).map(<[u8]>::to_ascii_lowercase).collect();
        if let Some(fields) = cx.fields() {
            fields.retain(|field| !wanted.iter().any(|name| self.matching.fits(field.name, name)));
        }
        Verdict::Continue
    }
}

fn delete(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let expr = load.expression(args)?;
    let mut matching = NameMatch::Exact;
    if args.take_if("-m") {
        let method = args.take().ok_or("-m flag expects exactly 1 argument")?;
        matching = NameMatch::named(method)
            .ok_or_else(|| Fault::new(format!("-m with unsupported matching method '{method}'")))?;
    }
    Ok(Box::new(DeleteMany { expr, matching }))
}

fn binary(expr: &Expr, cx: &RuleCx<'_>) -> Option<Vec<u8>> {
    match expr.eval_as(&cx.view(), Type::Bin).ok()? {
        Value::Bin(bytes) | Value::Str(bytes) => Some(bytes.into_vec()),
        _ => None,
    }
}

/// Names and values up to the empty pair, or to where the form breaks.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let name = text(&mut rest)?;
        let value = text(&mut rest)?;
        (!name.is_empty()).then_some((name, value))
    })
}

fn names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || text(&mut rest).filter(|name| !name.is_empty()))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(rest)?).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(text)
}

/// A number in the form of the peers protocol: below 240 one byte, above four bits and then seven bits a byte.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let (first, mut behind) = rest.split_first()?;
    let mut number = u64::from(*first);
    if number >= 240 {
        let mut shift = 4;
        loop {
            let (byte, after) = behind.split_first()?;
            behind = after;
            number = number.checked_add(u64::from(*byte).checked_shl(shift)?)?;
            if *byte < 128 {
                break;
            }
            shift += 7;
        }
    }
    *rest = behind;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_to_the_empty_one() {
        let all: Vec<_> = pairs(b"\x01a\x02bc\x01d\x00\x00\x00\x01x").collect();
        assert_eq!(all, [(&b"a"[..], &b"bc"[..]), (b"d", b"")]);
        assert_eq!(pairs(b"\x05a").count(), 0);
    }

    #[test]
    fn numbers_of_several_bytes() {
        let read = |bytes: &[u8]| varint(&mut &bytes[..]);
        assert_eq!(read(&[239]), Some(239));
        assert_eq!(read(&[240, 0]), Some(240));
        assert_eq!(read(&[0xf0, 0x80, 0x00]), Some(240 + 128 * 16));
        assert_eq!(read(&[240]), None);
        assert_eq!(read(&[255; 20]), None);
    }
}
