//! The request target: path, query, the whole of it.

use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::pattern::regex::Pattern;
use haproxy_http::{Request, uri};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::message;
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("set-path", Families::REQUEST, "<fmt>", |a, l| set(a, l, Part::Path), "replace the path"),
    ActionRow::new(
        "set-pathq",
        Families::REQUEST,
        "<fmt>",
        |a, l| set(a, l, Part::PathAndQuery),
        "replace path and query",
    ),
    ActionRow::new(
        "set-query",
        Families::REQUEST,
        "<fmt>",
        |a, l| set(a, l, Part::Query),
        "replace the query",
    ),
    ActionRow::new(
        "set-uri",
        Families::REQUEST,
        "<fmt>",
        |a, l| set(a, l, Part::Whole),
        "replace the whole target",
    ),
    ActionRow::new(
        "replace-path",
        Families::REQUEST,
        "<match-regex> <replace-fmt>",
        |a, l| replace(a, l, Part::Path),
        "rewrite the path if it matches",
    ),
    ActionRow::new(
        "replace-pathq",
        Families::REQUEST,
        "<match-regex> <replace-fmt>",
        |a, l| replace(a, l, Part::PathAndQuery),
        "rewrite path and query if they match",
    ),
    ActionRow::new(
        "replace-uri",
        Families::REQUEST,
        "<match-regex> <replace-fmt>",
        |a, l| replace(a, l, Part::Whole),
        "rewrite the whole target if it matches",
    ),
];

/// A part of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Up to the query.
    Path,
    /// With the query.
    PathAndQuery,
    /// Behind the question mark.
    Query,
    /// All.
    Whole,
}

impl Part {
    /// The part's present text, for matching.
    pub(crate) fn of(self, target: &[u8]) -> Option<&[u8]> {
        match self {
            Part::Path => uri::path(target),
            Part::PathAndQuery => uri::path_and_query(target),
            Part::Query => uri::query(target),
            Part::Whole => Some(target),
        }
    }

    /// The target with another text in the part's place. Without a path the new one takes the whole target's place.
    pub(crate) fn changed(self, target: &[u8], text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(target.len() + text.len() + 1);
        let old = match self {
            Part::Whole => target,
            Part::Query => {
                let mark = memchr::memchr(b'?', target);
                out.extend_from_slice(&target[..mark.map_or(target.len(), |mark| mark + 1)]);
                if mark.is_none() && !text.is_empty() {
                    out.push(b'?');
                }
                out.extend_from_slice(text);
                return out;
            }
            Part::Path | Part::PathAndQuery => self.of(target).unwrap_or(target),
        };
        let at = old.as_ptr() as usize - target.as_ptr() as usize;
        out.extend_from_slice(&target[..at]);
        out.extend_from_slice(text);
        out.extend_from_slice(&target[at + old.len()..]);
        out
    }

    /// Changes the part of a request.
    pub(crate) fn apply(self, request: &mut Request, text: &[u8]) {
        let target = self.changed(request.uri(), text);
        request.set_uri(&target);
        if self == Part::Whole {
            message::host_follows_authority(request);
        }
    }
}

type Parsed = Result<Box<dyn Action>, Fault>;

/// Reads one format that nothing but a condition may follow.
pub(crate) fn one_format(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<LogFormat, Fault> {
    let text =
        args.take().filter(|_| args.at_condition_or_end()).ok_or("expects exactly 1 argument <format>")?;
    load.format(text, Style::Http)
}

#[derive(Debug)]
struct Set {
    part: Part,
    text: LogFormat,
}

impl Action for Set {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        cx.with_text(&self.text, |cx, text| {
            if !message::has_room(cx, text.len()) {
                return cx.rewrite_failed();
            }
            if let Some(txn) = cx.txn.as_deref_mut() {
                self.part.apply(&mut txn.request, text);
            }
            Verdict::Continue
        })
    }
}

fn set(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, part: Part) -> Parsed {
    Ok(Box::new(Set { part, text: one_format(args, load)? }))
}

#[derive(Debug)]
struct Replace {
    part: Part,
    pattern: Pattern,
    template: LogFormat,
}

impl Action for Replace {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        cx.with_text(&self.template, |cx, template| {
            let Some(txn) = cx.txn.as_deref_mut() else { return Verdict::Continue };
            let Some(subject) = self.part.of(txn.request.uri()) else { return Verdict::Continue };
            let mut groups = self.pattern.locations();
            if self.pattern.find(&mut groups, subject, 0).is_none() {
                return Verdict::Continue;
            }
            let mut new = Vec::with_capacity(subject.len() + template.len());
            Pattern::expand(&groups, subject, template, &mut new);
            let grown = new.len().saturating_sub(subject.len());
            if !message::has_room(cx, grown) {
                return cx.rewrite_failed();
            }
            if let Some(txn) = cx.txn.as_deref_mut() {
                self.part.apply(&mut txn.request, &new);
            }
            Verdict::Continue
        })
    }
}

fn replace(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, part: Part) -> Parsed {
    let wanted = "expects exactly 2 arguments <match-regex> and <replace-format>";
    let (Some(regex), Some(template)) = (args.take(), args.take()) else { return Err(wanted.into()) };
    if !args.at_condition_or_end() {
        return Err(wanted.into());
    }
    let pattern = Pattern::compile(regex, false, true)
        .map_err(|fault| fault.within(|text| format!("failed to parse the regex : {text}")))?;
    Ok(Box::new(Replace { part, pattern, template: load.format(template, Style::Http)? }))
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn parts_change_by_themselves() {
        let changed = |part: Part, target: &str, text: &str| {
            String::from_utf8(part.changed(target.as_bytes(), text.as_bytes())).unwrap()
        };
        for (part, target, text, expected) in [
            (Part::Path, "/a/b?x=1", "/n", "/n?x=1"),
            (Part::Path, "*", "/n", "/n"),
            (Part::Path, "http://h", "/n", "/n"),
            (Part::Path, "http://h/p?q", "/n", "http://h/n?q"),
            (Part::PathAndQuery, "/a?b", "/n?z", "/n?z"),
            (Part::PathAndQuery, "http://h/p?q", "/n", "http://h/n"),
            (Part::Query, "/a?b", "z=1", "/a?z=1"),
            (Part::Query, "/a?b", "", "/a?"),
            (Part::Query, "/a", "", "/a"),
            (Part::Query, "/", "z", "/?z"),
            (Part::Query, "http://h", "a", "http://h?a"),
            (Part::Whole, "/a", "http://h/", "http://h/"),
        ] {
            assert_eq!(changed(part, target, text), expected, "{part:?} {target} {text}");
        }
    }
}
