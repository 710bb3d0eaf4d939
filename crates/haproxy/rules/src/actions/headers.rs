//! Fields: add, set, delete, replace; early hints; status and method.

use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::pattern::regex::Pattern;
use haproxy_http::{FieldId, Fields, status};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::message;
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("add-header", Families::HTTP, "<name> <fmt>", add_header, "add a field at the end"),
    ActionRow::new(
        "set-header",
        Families::HTTP,
        "<name> <fmt>",
        set_header,
        "remove a field and add it at the end",
    ),
    ActionRow::new("del-header", Families::HTTP, "<name> [ -m <meth> ]", del_header, "remove fields by name"),
    ActionRow::new(
        "replace-header",
        Families::HTTP,
        "<name> <match-regex> <replace-fmt>",
        replace_header,
        "rewrite whole values that match",
    ),
    ActionRow::new(
        "replace-value",
        Families::HTTP,
        "<name> <match-regex> <replace-fmt>",
        replace_value,
        "rewrite list members that match",
    ),
    ActionRow::new(
        "early-hint",
        Families::REQUEST,
        "<name> <fmt>",
        early_hint,
        "send a field in a 103 response first",
    ),
    ActionRow::new(
        "set-status",
        Families::RESPONSE.and(Families::AFTER),
        "<status> [ reason <str> ]",
        set_status,
        "change the response's status",
    ),
    ActionRow::new("set-method", Families::REQUEST, "<fmt>", set_method, "change the request's method"),
];

type Parsed = Result<Box<dyn Action>, Fault>;

/// A field's name as rules need it.
#[derive(Clone, Debug)]
struct Name {
    lower: Box<[u8]>,
    id: FieldId,
}

impl Name {
    fn new(name: &str) -> Name {
        let lower = name.to_ascii_lowercase().into_bytes().into_boxed_slice();
        Name { id: FieldId::of(&lower), lower }
    }

    fn remove(&self, fields: &mut Fields) {
        match self.id {
            FieldId::Other => fields.remove(&self.lower),
            id => fields.remove_known(id),
        };
    }

    fn append(&self, fields: &mut Fields, value: &[u8]) {
        match self.id {
            FieldId::Other => fields.append(&self.lower, value),
            id => fields.append_known(id, value),
        }
    }
}

#[derive(Debug)]
struct SetHeader {
    name: Name,
    value: LogFormat,
    /// Others of the name go first.
    alone: bool,
}

impl Action for SetHeader {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        cx.with_text(&self.value, |cx, value| {
            if !message::has_room(cx, self.name.lower.len() + value.len() + 4) {
                return cx.rewrite_failed();
            }
            if let Some(fields) = cx.fields() {
                if self.alone {
                    self.name.remove(fields);
                }
                self.name.append(fields, value);
            }
            if self.name.id == FieldId::Host {
                message::authority_follows_host(cx, value);
            }
            Verdict::Continue
        })
    }
}

fn two(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<(Name, LogFormat), Fault> {
    let (Some(name), Some(value)) = (args.peek(), args.peek_at(1)) else {
        return Err("expects exactly 2 arguments".into());
    };
    args.skip(2);
    Ok((Name::new(name), load.format(value, Style::Http)?))
}

fn add_header(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let (name, value) = two(args, load)?;
    Ok(Box::new(SetHeader { name, value, alone: false }))
}

fn set_header(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let (name, value) = two(args, load)?;
    Ok(Box::new(SetHeader { name, value, alone: true }))
}

#[derive(Debug)]
struct EarlyHint {
    name: Name,
    value: LogFormat,
}

impl Action for EarlyHint {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        cx.with_text(&self.value, |cx, value| {
            let heads = &mut cx.effects.early_heads;
            // hints that follow each other share one response
            match heads.len().checked_sub(2) {
                Some(end) => heads.truncate(end),
                None => heads.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n"),
            }
            heads.extend_from_slice(&self.name.lower);
            heads.extend_from_slice(b": ");
            heads.extend_from_slice(value);
            heads.extend_from_slice(b"\r\n\r\n");
            Verdict::Continue
        })
    }
}

fn early_hint(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let (name, value) = two(args, load)?;
    Ok(Box::new(EarlyHint { name, value }))
}

/// How names are compared with what `del-header` says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NameMatch {
    /// Equal.
    Exact,
    /// Begins with it.
    Begin,
    /// Ends with it.
    End,
    /// Contains it.
    Contains,
}

/// The methods `-m` names, besides `reg`.
const NAME_MATCHES: &[(&str, NameMatch)] = &[
    ("str", NameMatch::Exact),
    ("beg", NameMatch::Begin),
    ("end", NameMatch::End),
    ("sub", NameMatch::Contains),
];

impl NameMatch {
    /// The method of a name after `-m`.
    pub(crate) fn named(name: &str) -> Option<NameMatch> {
        NAME_MATCHES.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }

    /// True when the name (in lower case) fits.
    pub(crate) fn fits(&self, name: &[u8], wanted: &[u8]) -> bool {
        match self {
            NameMatch::Exact => name == wanted,
            NameMatch::Begin => name.starts_with(wanted),
            NameMatch::End => name.ends_with(wanted),
            NameMatch::Contains => memchr::memmem::find(name, wanted).is_some(),
        }
    }
}

#[derive(Debug)]
enum DelHeader {
    Named(Name),
    Text(NameMatch, Box<[u8]>),
    Regex(Pattern),
}

impl Action for DelHeader {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        if let Some(fields) = cx.fields() {
            match self {
                DelHeader::Named(name) => name.remove(fields),
                DelHeader::Text(method, text) => fields.retain(|field| !method.fits(field.name, text)),
                DelHeader::Regex(pattern) => fields.retain(|field| !pattern.is_match(field.name)),
            }
        }
        Verdict::Continue
    }
}

fn del_header(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let name = args.take().ok_or("expects at least 1 argument")?;
    if !args.take_if("-m") {
        return Ok(Box::new(DelHeader::Named(Name::new(name))));
    }
    let method = args.take().ok_or("-m flag expects exactly 1 argument")?;
    if method == "reg" {
        return Ok(Box::new(DelHeader::Regex(Pattern::compile(name, true, false)?)));
    }
    match NameMatch::named(method) {
        Some(NameMatch::Exact) => Ok(Box::new(DelHeader::Named(Name::new(name)))),
        Some(matching) => {
            Ok(Box::new(DelHeader::Text(matching, name.to_ascii_lowercase().into_bytes().into())))
        }
        None => Err(Fault::new(format!("-m with unsupported matching method '{method}'"))),
    }
}

#[derive(Debug)]
struct Replace {
    name: Name,
    pattern: Pattern,
    template: LogFormat,
    /// Each member of a list by itself.
    members: bool,
}

impl Action for Replace {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let present =
            cx.fields().is_some_and(|fields| fields.named(self.name.id, &self.name.lower).next().is_some());
        if !present {
            return Verdict::Continue;
        }
        cx.with_text(&self.template, |cx, template| {
            let mut groups = self.pattern.locations();
            let mut new = Vec::new();
            let mut at = 0;
            loop {
                let Some(fields) = cx.fields() else { return Verdict::Continue };
                let next = fields.named(self.name.id, &self.name.lower).find(|field| field.index >= at);
                let Some((index, value)) = next.map(|field| (field.index, field.value)) else { break };
                at = index + 1;
                new.clear();
                let changed = match self.members {
                    true => members(&self.pattern, &mut groups, value, template, &mut new),
                    false => whole(&self.pattern, &mut groups, value, template, &mut new),
                };
                if changed {
                    let grown = new.len().saturating_sub(value.len());
                    if !message::has_room(cx, grown) {
                        return cx.rewrite_failed();
                    }
                    if let Some(fields) = cx.fields() {
                        fields.replace_value(index, &new);
                    }
                    if self.name.id == FieldId::Host {
                        message::authority_follows_host(cx, &new);
                    }
                }
            }
            Verdict::Continue
        })
    }
}

type Groups = haproxy_expr::pattern::regex::Groups;

/// A value that matches becomes what the template makes of its groups.
fn whole(pattern: &Pattern, groups: &mut Groups, value: &[u8], template: &[u8], out: &mut Vec<u8>) -> bool {
    if pattern.find(groups, value, 0).is_none() {
        return false;
    }
    Pattern::expand(groups, value, template, out);
    true
}

/// Each member by itself. Blanks around a replaced one go, those around the others stay.
fn members(pattern: &Pattern, groups: &mut Groups, value: &[u8], template: &[u8], out: &mut Vec<u8>) -> bool {
    let mut changed = false;
    for (number, raw) in message::list_members(value).enumerate() {
        if number > 0 {
            out.push(b',');
        }
        if whole(pattern, groups, raw.trim_ascii(), template, out) {
            changed = true;
        } else {
            out.extend_from_slice(raw);
        }
    }
    changed
}

fn replace(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, members: bool) -> Parsed {
    let (Some(name), Some(regex), Some(template)) = (args.peek(), args.peek_at(1), args.peek_at(2)) else {
        return Err("expects exactly 3 arguments".into());
    };
    args.skip(3);
    let pattern = Pattern::compile(regex, false, true)?;
    Ok(Box::new(Replace {
        name: Name::new(name),
        pattern,
        template: load.format(template, Style::Http)?,
        members,
    }))
}

fn replace_header(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    replace(args, load, false)
}

fn replace_value(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    replace(args, load, true)
}

#[derive(Debug)]
struct SetStatus {
    status: u16,
    reason: Option<Box<str>>,
}

impl Action for SetStatus {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        if let Some(txn) = cx.txn.as_deref_mut() {
            let reason = self.reason.as_deref().unwrap_or_else(|| status::reason(self.status));
            txn.response.set_status(self.status, reason.as_bytes());
        }
        Verdict::Continue
    }
}

fn set_status(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let word = args.take().ok_or("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>")?;
    let status = word.parse().ok().filter(|status| (100..=999).contains(status));
    let status: u16 = status.ok_or("expects an integer status code between 100 and 999")?;
    let mut reason = None;
    if args.peek() == Some("reason")
        && let Some(text) = args.peek_at(1)
        && !matches!(text, "if" | "unless")
    {
        reason = Some(text.into());
        args.skip(2);
    }
    Ok(Box::new(SetStatus { status, reason }))
}

#[derive(Debug)]
struct SetMethod(LogFormat);

impl Action for SetMethod {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        cx.with_text(&self.0, |cx, method| {
            if let Some(txn) = cx.txn.as_deref_mut() {
                txn.request.set_method(method);
            }
            Verdict::Continue
        })
    }
}

fn set_method(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    Ok(Box::new(SetMethod(super::uri::one_format(args, load)?)))
}
