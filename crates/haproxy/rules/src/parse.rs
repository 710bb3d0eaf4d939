//! Reading a rule's line: which action, its arguments, its condition; with the original's wording for every mistake.

use haproxy_conf::{Cursor, ParseError, Word};
use haproxy_expr::acl::Condition;
use haproxy_expr::fault::Fault;

use crate::action::{ActionRow, Read};
use crate::args::Args;
use crate::family::Family;
use crate::load::{RuleLoad, refuse};
use crate::rule::{Rule, RuleSet};
use crate::table;

/// Reads a rule of `load.family`; the cursor stands behind the family's words. `before` holds the rules read so far.
pub fn rule(
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
    before: &RuleSet,
) -> Result<Rule, ParseError> {
    let family = load.family;
    load.enter(family.contexts(load.proxy.frontend, load.proxy.backend), family.expression());
    let words = cursor.take_rest();
    if family.is_http() && before.last().is_some_and(Rule::ends_all) {
        let warning = format!(
            "previous '{}' action is final and has no condition attached, further entries are NOOP.",
            family.keyword()
        );
        cursor.warn_with(ParseError::new(warning).reader_form());
    }
    let result = one(words, load);
    for text in load.warnings.drain(..) {
        cursor.warn(text);
    }
    for warning in load.expr.load.warnings.drain(..) {
        cursor.warn(in_rule_set(&warning.text, family));
    }
    result
}

fn one(words: &[Word], load: &mut RuleLoad<'_, '_>) -> Result<Rule, ParseError> {
    let family = load.family;
    let (name, rest) = match words.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("", words),
    };
    let Some(row) = table::find(name, family) else { return Err(unknown(name, words.first(), load)) };
    let mut args = Args::new(name, rest);
    let action = match row.read {
        Read::Built(parse) => parse(&mut args, load).map_err(|fault| in_action(fault, name, load))?,
        Read::NotBuilt(why) => {
            let text = format!("'{} {name}' is not available : {why}.", family.keyword());
            return Err(at(ParseError::new(text), words.first()));
        }
    };
    let condition = condition(&args, name, row, load)?;
    Ok(Rule::new(action, condition))
}

/// The condition at the end of a rule.
fn condition(
    args: &Args<'_>,
    name: &str,
    row: &ActionRow,
    load: &mut RuleLoad<'_, '_>,
) -> Result<Option<Condition>, ParseError> {
    let keyword = load.family.keyword();
    let Some(word) = args.peek() else { return Ok(None) };
    if !matches!(word, "if" | "unless") {
        let error = match load.family.is_http() {
            true => ParseError::new(format!(
                "'{keyword} {name}' expects either 'if' or 'unless' followed by a condition but found '{word}'."
            ))
            .reader_form(),
            false => ParseError::new(format!(
                "'{keyword} {name}' only accepts 'if' or 'unless', in {} '{}' (got '{word}')",
                load.proxy.kind, load.proxy.name
            )),
        };
        return Err(at(error, args.word()));
    }
    match Condition::parse(&args.rest(), load.acls, load.expr) {
        Ok(condition) => Ok(Some(condition)),
        Err(fault) if row.owns_condition => {
            Err(in_action(fault.within(|text| format!("error in condition: {text}")), name, load))
        }
        Err(fault) => {
            let tell = |text: &str| match load.family.is_http() {
                true => format!("error detected while parsing an '{keyword} {name}' condition : {text}."),
                false => format!(
                    "'{keyword} {name}' : error detected in {} '{}' while parsing '{word}' condition : {text}",
                    load.proxy.kind, load.proxy.name
                ),
            };
            Err(refuse(fault.within(tell)))
        }
    }
}

fn in_action(fault: Fault, name: &str, load: &RuleLoad<'_, '_>) -> ParseError {
    let (keyword, kind, proxy) = (load.family.keyword(), load.proxy.kind, load.proxy.name);
    refuse(fault.within(|text| match load.family.is_http() {
        true => format!("error detected in {kind} '{proxy}' while parsing '{keyword} {name}' rule : {text}."),
        false => text.to_owned(),
    }))
}

fn unknown(name: &str, word: Option<&Word>, load: &RuleLoad<'_, '_>) -> ParseError {
    let family = load.family;
    let listed: Vec<String> = table::of(family).map(ActionRow::listed).collect();
    let listed = listed.join(", ");
    let hint =
        haproxy_conf::did_you_mean_suffix(name, table::of(family).map(|row| row.name.trim_end_matches('*')));
    let (keyword, kind, proxy) = (family.keyword(), load.proxy.kind, load.proxy.name);
    let missing = if name.is_empty() { " (missing argument)" } else { "" };
    let error = match family.is_http() {
        true => ParseError::new(format!("'{keyword}' expects {listed}, but got '{name}'{missing}.{hint}"))
            .reader_form(),
        false => {
            ParseError::new(format!("'{keyword}' expects {listed} in {kind} '{proxy}' (got '{name}').{hint}"))
        }
    };
    at(error, word)
}

/// A TCP family's warning about an ACL names the family.
fn in_rule_set(text: &str, family: Family) -> String {
    match (family.is_http(), text.split_once(" will never match because")) {
        (false, Some((acl, why))) => format!("{acl} will never match in '{}' because{why}", family.keyword()),
        _ => text.to_owned(),
    }
}

fn at(error: ParseError, word: Option<&Word>) -> ParseError {
    match word {
        Some(word) => error.at(word),
        None => error,
    }
}
