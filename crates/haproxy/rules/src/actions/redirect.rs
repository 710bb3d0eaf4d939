//! Redirects, as `http-request redirect`, `http-response redirect` and as statements of their own (manual §4.2 "redirect").

use haproxy_conf::{Cursor, ParseError};
use haproxy_expr::acl::Condition;
use haproxy_expr::cx::{Direction, Txn};
use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_http::{FieldId, Framing, Request, uri};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::{Families, Family};
use crate::load::{RuleLoad, refuse};
use crate::rule::Rule;
use crate::verdict::{Reply, ReplyCause, Verdict};

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "redirect",
    Families::REQUEST.and(Families::RESPONSE),
    "{ location | prefix | scheme } <fmt> [ code <code> ] [ <option> ]*",
    action,
    "answer with a redirection",
)
.owning_condition()];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Location,
    Prefix,
    Scheme,
}

const KINDS: &[(&str, Kind)] =
    &[("location", Kind::Location), ("prefix", Kind::Prefix), ("scheme", Kind::Scheme)];

/// Codes that redirect, with their phrases and whether caches must be kept from them.
const CODES: &[(u16, &str, bool)] = &[
    (301, "Moved Permanently", false),
    (302, "Found", true),
    (303, "See Other", true),
    (307, "Temporary Redirect", true),
    (308, "Permanent Redirect", false),
];

/// The text of a redirect: plain in statements, a format in rules.
#[derive(Debug)]
enum Text {
    Plain(Box<[u8]>),
    Format(LogFormat),
}

#[derive(Debug)]
enum Cookie {
    Fixed(Vec<u8>),
    Format(LogFormat),
}

#[derive(Debug)]
struct Redirect {
    kind: Kind,
    text: Text,
    code: (u16, &'static str, bool),
    cookie: Option<Cookie>,
    flags: Flags,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    drop_query: bool,
    append_slash: bool,
    ignore_empty: bool,
    keep_query: bool,
}

type SetFlag = fn(&mut Flags);

const FLAGS: &[(&str, SetFlag)] = &[
    ("drop-query", |flags| flags.drop_query = true),
    ("append-slash", |flags| flags.append_slash = true),
    ("ignore-empty", |flags| flags.ignore_empty = true),
    ("keep-query", |flags| flags.keep_query = true),
];

impl Redirect {
    fn location(&self, cx: &RuleCx<'_>) -> Vec<u8> {
        let mut text = Vec::new();
        match &self.text {
            Text::Plain(plain) => text.extend_from_slice(plain),
            Text::Format(format) => format.write(&cx.view(), &mut text),
        }
        let Some(request) = cx.txn.as_deref().map(|txn| &txn.request) else { return text };
        match self.kind {
            Kind::Location => {
                if self.flags.keep_query
                    && let Some(query) = uri::query(request.uri())
                {
                    text.push(if text.contains(&b'?') { b'&' } else { b'?' });
                    text.extend_from_slice(query);
                }
            }
            Kind::Prefix => {
                // the prefix "/" stands for nothing: the location is the path
                if text == b"/" {
                    text.clear();
                }
                self.push_path(request, &mut text);
            }
            Kind::Scheme => {
                text.extend_from_slice(b"://");
                text.extend_from_slice(host(request));
                self.push_path(request, &mut text);
            }
        }
        text
    }

    fn push_path(&self, request: &Request, out: &mut Vec<u8>) {
        let path = match self.flags.drop_query {
            true => uri::path(request.uri()),
            false => uri::path_and_query(request.uri()),
        };
        out.extend_from_slice(path.unwrap_or(b"/"));
        if self.flags.append_slash && !out.ends_with(b"/") {
            out.push(b'/');
        }
    }
}

fn host(request: &Request) -> &[u8] {
    match (request.fields.first(FieldId::Host), uri::split(request.uri()).authority) {
        (Some(host), _) => host,
        (None, Some(authority)) => authority,
        (None, None) => b"",
    }
}

impl Action for Redirect {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let location = self.location(cx);
        if location.is_empty() && self.flags.ignore_empty {
            return Verdict::Continue;
        }
        let (status, reason, private) = self.code;
        let mut reply = Reply::new(status, ReplyCause::Local);
        reply.reason = reason.as_bytes().to_vec();
        reply.fields.push((b"location".to_vec(), location));
        if private {
            reply.fields.push((b"cache-control".to_vec(), b"no-cache".to_vec()));
        }
        let cookie = match &self.cookie {
            None => None,
            Some(Cookie::Fixed(text)) => Some(text.clone()),
            Some(Cookie::Format(format)) => {
                let mut text = Vec::new();
                format.write(&cx.view(), &mut text);
                Some(text)
            }
        };
        if let Some(text) = cookie {
            reply.fields.push((b"set-cookie".to_vec(), text));
        }
        // what comes of the request's body is not waited for
        let bodied = |txn: &Txn| !matches!(txn.request.framing, Framing::None);
        reply.close |= cx.direction == Direction::Request && cx.txn.as_deref().is_some_and(bodied);
        Verdict::Reply(Box::new(reply))
    }

    fn is_final(&self) -> bool {
        !self.flags.ignore_empty
    }
}

fn action(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    Ok(Box::new(parse(args, load, true)?))
}

/// Reads the statement `redirect ...`; the cursor stands behind the keyword. Its text is plain, unlike in rules.
pub fn statement(cursor: &mut Cursor<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Rule, ParseError> {
    load.family = Family::HttpRequest;
    load.enter(Family::HttpRequest.contexts(load.proxy.frontend, load.proxy.backend), "redirect rule");
    let words = cursor.take_rest();
    let mut args = Args::new("redirect", words);
    let (kind, name) = (load.proxy.kind, load.proxy.name);
    let told = |fault: Fault| {
        refuse(fault.within(|text| {
            format!("error detected in {kind} '{name}' while parsing redirect rule : {text}.")
        }))
    };
    let redirect = parse(&mut args, load, false).map_err(told)?;
    let condition = match args.peek() {
        None => None,
        Some(_) => Some(
            Condition::parse(&args.rest(), load.acls, load.expr)
                .map_err(|fault| told(fault.within(|text| format!("error in condition: {text}"))))?,
        ),
    };
    for warning in load.expr.load.warnings.drain(..) {
        cursor.warn(warning.text);
    }
    Ok(Rule::new(Box::new(redirect), condition))
}

fn parse(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, formats: bool) -> Result<Redirect, Fault> {
    let mut target = None;
    let mut code = CODES[1];
    let mut cookie = None;
    let mut flags = Flags::default();
    while !args.at_condition_or_end() {
        let word = args.take().unwrap_or_default();
        let argument = |args: &mut Args<'_>| {
            args.take().map(str::to_owned).ok_or(Fault::new(format!("missing argument for '{word}'")))
        };
        if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == word) {
            target = Some((*kind, argument(args)?));
        } else if let Some((_, set)) = FLAGS.iter().find(|(name, _)| *name == word) {
            set(&mut flags);
        } else if word == "code" {
            let text = argument(args)?;
            let known = CODES.iter().find(|(code, ..)| text.parse() == Ok(*code));
            code = *known.ok_or_else(|| {
                Fault::new(format!(
                    "'code': unsupported HTTP code '{text}' (must be one of 301, 302, 303, 307 or 308)"
                ))
            })?;
        } else if word == "set-cookie" {
            cookie = Some(Cookie::Fixed(format!("{}; path=/;", argument(args)?).into_bytes()));
        } else if word == "set-cookie-fmt" {
            let text = format!("{}; path=/;", argument(args)?);
            cookie = Some(Cookie::Format(load.format(&text, Style::Http)?));
        } else if word == "clear-cookie" {
            cookie = Some(Cookie::Fixed(format!("{}; path=/; Max-Age=0;", argument(args)?).into_bytes()));
        } else {
            return Err(Fault::new(format!(
                "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', 'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '{word}')"
            )));
        }
    }
    let Some((kind, text)) = target else {
        return Err("redirection type expected ('prefix', 'location', or 'scheme')".into());
    };
    if load.family == Family::HttpResponse && kind != Kind::Location {
        return Err("response only supports redirect type 'location'".into());
    }
    let text = match formats {
        true => Text::Format(load.format(&text, Style::Http)?),
        false => Text::Plain(text.into_bytes().into()),
    };
    Ok(Redirect { kind, text, code, cookie, flags })
}
