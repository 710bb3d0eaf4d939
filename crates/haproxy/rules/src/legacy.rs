//! The `req*` and `rsp*` words of versions before 2.1: regular expressions over whole lines of a message, in the order
//! of declaration. They work as they did (names of fields are offered in the spelling of old, `X-Forwarded-For`, and in
//! lower case), with a warning that names the modern rule.

use haproxy_conf::{Cursor, ParseError};
use haproxy_expr::acl::Condition;
use haproxy_expr::cx::Direction;
use haproxy_expr::pattern::regex::{Groups, Pattern};
use haproxy_http::{Request, Version};

use crate::action::Action;
use crate::cx::RuleCx;
use crate::family::Family;
use crate::load::{RuleLoad, refuse};
use crate::rule::Rule;
use crate::verdict::{Reply, ReplyCause, Verdict};

/// What a word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line is added at the end.
    Add,
    /// Fields whose line matches go.
    Delete,
    /// Lines that match are replaced as a whole.
    Replace,
    /// A match refuses, unless an earlier one allowed.
    Deny,
    /// A match refuses after a delay.
    Tarpit,
    /// A match keeps later words from refusing.
    Allow,
    /// A match skips all later words.
    Pass,
}

/// One word.
#[derive(Clone, Copy, Debug)]
pub struct LegacyRow {
    /// The keyword.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// It looks at responses.
    pub response: bool,
    /// Its expression ignores case.
    pub ignore_case: bool,
    /// One line of documentation.
    pub doc: &'static str,
}

const fn row(
    name: &'static str,
    kind: Kind,
    response: bool,
    ignore_case: bool,
    doc: &'static str,
) -> LegacyRow {
    LegacyRow { name, kind, response, ignore_case, doc }
}

/// All words.
pub const KEYWORDS: &[LegacyRow] = &[
    row("reqadd", Kind::Add, false, false, "add a line to requests, gone since 2.1"),
    row("reqallow", Kind::Allow, false, false, "allow requests with a line, gone since 2.1"),
    row("reqiallow", Kind::Allow, false, true, "allow requests with a line, gone since 2.1"),
    row("reqdel", Kind::Delete, false, false, "delete lines of requests, gone since 2.1"),
    row("reqidel", Kind::Delete, false, true, "delete lines of requests, gone since 2.1"),
    row("reqdeny", Kind::Deny, false, false, "refuse requests with a line, gone since 2.1"),
    row("reqideny", Kind::Deny, false, true, "refuse requests with a line, gone since 2.1"),
    row("reqpass", Kind::Pass, false, false, "skip later words, gone since 2.1"),
    row("reqipass", Kind::Pass, false, true, "skip later words, gone since 2.1"),
    row("reqrep", Kind::Replace, false, false, "replace lines of requests, gone since 2.1"),
    row("reqirep", Kind::Replace, false, true, "replace lines of requests, gone since 2.1"),
    row("reqtarpit", Kind::Tarpit, false, false, "refuse slowly, gone since 2.1"),
    row("reqitarpit", Kind::Tarpit, false, true, "refuse slowly, gone since 2.1"),
    row("rspadd", Kind::Add, true, false, "add a line to responses, gone since 2.1"),
    row("rspdel", Kind::Delete, true, false, "delete lines of responses, gone since 2.1"),
    row("rspidel", Kind::Delete, true, true, "delete lines of responses, gone since 2.1"),
    row("rspdeny", Kind::Deny, true, false, "refuse responses with a line, gone since 2.1"),
    row("rspideny", Kind::Deny, true, true, "refuse responses with a line, gone since 2.1"),
    row("rsprep", Kind::Replace, true, false, "replace lines of responses, gone since 2.1"),
    row("rspirep", Kind::Replace, true, true, "replace lines of responses, gone since 2.1"),
];

/// Reads one of the words; the cursor stands behind it. The rule belongs to `http-request` or `http-response`.
pub fn statement(
    row: &LegacyRow,
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
) -> Result<Rule, ParseError> {
    load.family = if row.response { Family::HttpResponse } else { Family::HttpRequest };
    load.enter(load.family.contexts(load.proxy.frontend, load.proxy.backend), "header rule");
    let name = row.name;
    let what = match row.kind {
        Kind::Add => "<header>",
        Kind::Replace => "<search> and <replace>",
        Kind::Delete | Kind::Deny | Kind::Tarpit | Kind::Allow | Kind::Pass => "<regex>",
    };
    let wanted = || format!("'{name}' expects {what} as an argument.");
    let first = cursor.expect_or(wanted)?.to_string();
    let replacement = match row.kind {
        Kind::Replace => cursor.expect_or(wanted)?.to_string(),
        _ => String::new(),
    };
    cursor.warn(format!(
        "the '{name}' directive is a form of older versions. Use '{}' instead.",
        modern(row, &first, &replacement)
    ));
    let pattern = match row.kind {
        Kind::Add => None,
        _ => Some(
            Pattern::compile(&first, row.ignore_case, true)
                .map_err(|fault| refuse(fault.within(|text| format!("'{name}' : {text}."))))?,
        ),
    };
    let action = LegacyAction { kind: row.kind, pattern, text: replacement_or(first, replacement, row.kind) };
    Ok(Rule::new(Box::new(action), condition(name, cursor, load)?))
}

fn replacement_or(first: String, replacement: String, kind: Kind) -> Box<[u8]> {
    match kind {
        Kind::Add => first.into_bytes().into(),
        _ => replacement.into_bytes().into(),
    }
}

fn condition(
    name: &str,
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
) -> Result<Option<Condition>, ParseError> {
    match cursor.peek_str() {
        "" => return Ok(None),
        "if" | "unless" => {}
        other => {
            return Err(
                cursor.error(format!("'{name}' : Expecting nothing, 'if', or 'unless', got '{other}'."))
            );
        }
    }
    let words: Vec<&str> = cursor.take_rest().iter().map(|word| word.as_str()).collect();
    let condition = Condition::parse(&words, load.acls, load.expr).map_err(|fault| {
        refuse(fault.within(|text| format!("error detected while parsing a '{name}' condition : {text}.")))
    })?;
    for warning in load.expr.load.warnings.drain(..) {
        cursor.warn(warning.text);
    }
    Ok(Some(condition))
}

/// The modern rule, as closely as it can be told without understanding the expression.
fn modern(row: &LegacyRow, first: &str, replacement: &str) -> String {
    let family = if row.response { "http-response" } else { "http-request" };
    let quoted = |text: &str| {
        if text.contains([' ', '"', '\\', '#', '(']) { format!("'{text}'") } else { text.to_owned() }
    };
    let named =
        first.strip_prefix('^').and_then(|text| text.split_once(':')).filter(|(name, _)| is_name(name));
    match (row.kind, named) {
        (Kind::Add, _) => match first.split_once(':') {
            Some((name, value)) => format!("{family} add-header {name} {}", quoted(value.trim())),
            None => format!("{family} add-header"),
        },
        (Kind::Delete, Some((name, "" | ".*" | "\\ .*" | " .*"))) => {
            format!("{family} del-header {name}")
        }
        (Kind::Delete, _) => format!("{family} del-header"),
        (Kind::Replace, Some((name, rest))) => {
            let value = replacement.split_once(':').map_or(replacement, |(_, value)| value);
            let rest = rest.trim_start_matches(['\\', ' ']);
            format!("{family} replace-header {name} {} {}", quoted(rest), quoted(value.trim()))
        }
        (Kind::Replace, None) if row.response => format!("{family} replace-header"),
        (Kind::Replace, None) => format!("{family} replace-uri"),
        (Kind::Deny, _) => format!("{family} deny"),
        (Kind::Tarpit, _) => format!("{family} tarpit"),
        (Kind::Allow | Kind::Pass, _) => format!("{family} allow"),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[derive(Debug)]
struct LegacyAction {
    kind: Kind,
    pattern: Option<Pattern>,
    /// The line to add, or what a matching line becomes.
    text: Box<[u8]>,
}

impl Action for LegacyAction {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        if cx.effects.old_rules_skipped {
            return Verdict::Continue;
        }
        match self.kind {
            Kind::Add => add(cx, &self.text),
            Kind::Delete => {
                if let (Some(pattern), Some(fields)) = (&self.pattern, cx.fields()) {
                    fields.retain(|field| !matches_line(pattern, field.name, field.value));
                }
            }
            Kind::Replace => {
                if let Some(pattern) = &self.pattern {
                    replace(cx, pattern, &self.text);
                }
            }
            Kind::Allow => cx.effects.old_rules_allowed |= self.matches(cx),
            Kind::Pass => cx.effects.old_rules_skipped = self.matches(cx),
            Kind::Deny | Kind::Tarpit if cx.effects.old_rules_allowed || !self.matches(cx) => {}
            Kind::Deny => {
                cx.effects.denied = true;
                let status = if cx.direction == Direction::Response { 502 } else { 403 };
                let reply = Reply { own_page: true, ..Reply::built_in(status, ReplyCause::Denied) };
                return Verdict::Reply(Box::new(reply));
            }
            Kind::Tarpit => {
                let reply = Reply { own_page: true, ..Reply::built_in(500, ReplyCause::Tarpit) };
                return Verdict::Tarpit(Box::new(reply));
            }
        }
        Verdict::Continue
    }
}

impl LegacyAction {
    /// True when the start line or a field's line matches.
    fn matches(&self, cx: &mut RuleCx<'_>) -> bool {
        let Some(pattern) = &self.pattern else { return false };
        if start_line(cx).is_some_and(|line| pattern.is_match(&line)) {
            return true;
        }
        cx.fields()
            .is_some_and(|fields| fields.iter().any(|field| matches_line(pattern, field.name, field.value)))
    }
}

fn start_line(cx: &RuleCx<'_>) -> Option<Vec<u8>> {
    let txn = cx.txn.as_deref()?;
    let version = |version: Version| format!("HTTP/{}.{}", version.major, version.minor).into_bytes();
    Some(match cx.direction {
        Direction::Request => {
            [txn.request.method_text(), txn.request.uri(), &version(txn.request.version)].join(&b' ')
        }
        Direction::Response => {
            let status = txn.response.status.to_string();
            [&version(txn.response.version)[..], status.as_bytes(), txn.response.reason()].join(&b' ')
        }
    })
}

/// A field as a line, its name spelled as it usually is.
fn spelled(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(name.len() + value.len() + 2);
    let mut upper = true;
    for byte in name {
        line.push(if upper { byte.to_ascii_uppercase() } else { *byte });
        upper = *byte == b'-';
    }
    line.extend_from_slice(b": ");
    line.extend_from_slice(value);
    line
}

/// The line in the spelling that matches.
fn matching_line(pattern: &Pattern, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let line = spelled(name, value);
    if pattern.is_match(&line) {
        return Some(line);
    }
    let lower = [name, b": ", value].concat();
    pattern.is_match(&lower).then_some(lower)
}

fn matches_line(pattern: &Pattern, name: &[u8], value: &[u8]) -> bool {
    matching_line(pattern, name, value).is_some()
}

fn add(cx: &mut RuleCx<'_>, line: &[u8]) {
    if let (Some((name, value)), Some(fields)) = (split_line(line), cx.fields()) {
        fields.append(name, value);
    }
}

fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

fn replace(cx: &mut RuleCx<'_>, pattern: &Pattern, text: &[u8]) {
    let mut groups = pattern.locations();
    if let Some(line) = start_line(cx)
        && let Some(new) = expanded(pattern, &mut groups, &line, text)
        && let Some(txn) = cx.txn.as_deref_mut()
    {
        match cx.direction {
            Direction::Request => set_request_line(&mut txn.request, &new),
            Direction::Response => {
                let mut words = new.splitn(3, |byte| *byte == b' ').skip(1);
                let status = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
                if let Some(status) = status {
                    txn.response.set_status(status, words.next().unwrap_or_default());
                }
            }
        }
    }
    let Some(fields) = cx.fields() else { return };
    let mut at = 0;
    while let Some(field) = fields.at(at) {
        let new = matching_line(pattern, field.name, field.value)
            .and_then(|line| expanded(pattern, &mut groups, &line, text));
        match new {
            None => at += 1,
            Some(line) => match split_line(&line) {
                Some((name, value)) => {
                    fields.insert(at, name, value);
                    fields.remove_at(at + 1);
                    at += 1;
                }
                None => fields.remove_at(at),
            },
        }
    }
}

fn expanded(pattern: &Pattern, groups: &mut Groups, line: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    pattern.find(groups, line, 0)?;
    let mut new = Vec::with_capacity(line.len() + text.len());
    Pattern::expand(groups, line, text, &mut new);
    Some(new)
}

fn set_request_line(request: &mut Request, line: &[u8]) {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    if let (Some(method), Some(target)) = (words.next(), words.next()) {
        request.set_method(method);
        request.set_uri(target);
    }
}
