//! `option forwarded`: the header of RFC 7239 that tells servers where a request came from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use haproxy_conf::{Cursor, ParseError};
use haproxy_expr::cx::Cx;
use haproxy_expr::value::Value;
use haproxy_expr::{Context, Contexts, Expr};

use crate::draft::Draft;

/// Where a part of the header comes from.
#[derive(Clone, Debug)]
pub enum Part {
    /// What the connection or the request says.
    Own,
    /// What an expression says.
    Computed(Arc<Expr>),
}

/// One end of the request's way.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// `by`, `for`
    pub name: Option<Part>,
    /// `by_port`, `for_port`
    pub port: Option<Part>,
}

/// What the header says.
#[derive(Clone, Debug, Default)]
pub struct Forwarded {
    /// `proto`
    pub proto: bool,
    /// `host`
    pub host: Option<Part>,
    /// `by`: this proxy.
    pub by: Node,
    /// `for`: the client.
    pub origin: Node,
}

/// Sets one part.
type Set = fn(&mut Forwarded, Part);

/// Parts by their words; with `-expr` behind it a word takes an expression.
const PARTS: &[(&str, Set)] = &[
    ("host", |header, part| header.host = Some(part)),
    ("by", |header, part| header.by.name = Some(part)),
    ("by_port", |header, part| header.by.port = Some(part)),
    ("for", |header, part| header.origin.name = Some(part)),
    ("for_port", |header, part| header.origin.port = Some(part)),
];

impl Forwarded {
    /// Reads the words behind `option forwarded`.
    pub fn parse(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<Forwarded, ParseError> {
        let mut header = Forwarded::default();
        if cursor.at_end() {
            header.proto = true;
            header.origin.name = Some(Part::Own);
            return Ok(header);
        }
        while let Some(word) = cursor.next_word() {
            let word = word.as_str();
            if word == "proto" {
                header.proto = true;
            } else if let Some((_, set)) = PARTS.iter().find(|(name, _)| *name == word) {
                set(&mut header, Part::Own);
            } else if let Some((_, set)) =
                PARTS.iter().find(|(name, _)| word.strip_suffix("-expr") == Some(*name))
            {
                set(&mut header, Part::Computed(expression(draft, cursor, word)?));
            } else {
                return Err(cursor.error_before(format!(
                    "'option forwarded' only supports optional values: 'proto', 'host', 'host-expr', 'by', \
                     'by-expr', 'by_port', 'by_port-expr', 'for', 'for-expr', 'for_port' and 'for_port-expr', \
                     got '{word}'."
                )));
            }
        }
        Ok(header)
    }

    /// The header's value; `ends` are the client's address and the one it connected to.
    pub fn write(&self, cx: &Cx<'_>, host: &[u8], ends: [Option<SocketAddr>; 2], out: &mut Vec<u8>) {
        let [source, destination] = ends;
        if self.proto {
            let proto = if cx.session.tls.is_some() { "https" } else { "http" };
            field(out, "proto", proto.as_bytes());
        }
        if let Some(part) = &self.host {
            let mut text = b"\"".to_vec();
            match part {
                Part::Own => text.extend_from_slice(host),
                Part::Computed(expr) => drop(expr.write(cx, &mut text)),
            }
            text.push(b'"');
            field(out, "host", &text);
        }
        for (name, node, end) in [("by", &self.by, destination), ("for", &self.origin, source)] {
            if let Some(text) = node.text(cx, end) {
                field(out, name, text.as_bytes());
            }
        }
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if !out.is_empty() {
        out.push(b';');
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
}

impl Node {
    /// `127.0.0.1`, `"[::1]:80"`, `unknown`, `_hidden`: quoted where RFC 7239 §4 wants it.
    fn text(&self, cx: &Cx<'_>, end: Option<SocketAddr>) -> Option<String> {
        let name = match self.name.as_ref()? {
            Part::Own => end.map(|end| address(end.ip())),
            Part::Computed(expr) => match computed(cx, expr) {
                Some(Known::Address(ip)) => Some(address(ip)),
                Some(Known::Text(text)) if text == "unknown" => None,
                Some(Known::Text(text)) => hidden(&text),
                Some(Known::Number(_)) | None => None,
            },
        };
        let mut text = name.unwrap_or_else(|| "unknown".to_owned());
        let port = match self.port.as_ref() {
            None => None,
            Some(Part::Own) => end.map(|end| end.port().to_string()),
            Some(Part::Computed(expr)) => match computed(cx, expr) {
                Some(Known::Number(number)) => u16::try_from(number).ok().map(|port| port.to_string()),
                Some(Known::Text(text)) => hidden(&text),
                Some(Known::Address(_)) | None => None,
            },
        };
        if let Some(port) = port {
            text.push(':');
            text.push_str(&port);
        }
        Some(if text.contains([':', '[']) { format!("\"{text}\"") } else { text })
    }
}

fn address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// What an expression gave.
enum Known {
    Address(IpAddr),
    Number(i64),
    Text(String),
}

fn computed(cx: &Cx<'_>, expr: &Expr) -> Option<Known> {
    match expr.eval(cx).ok()? {
        Value::Ipv4(ip) => Some(Known::Address(ip.into())),
        Value::Ipv6(ip) => Some(Known::Address(ip.into())),
        Value::Int(number) => Some(Known::Number(number)),
        Value::Str(text) | Value::Bin(text) | Value::Meth(_, text) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            Some(text.parse().map_or(Known::Text(text), Known::Address))
        }
        Value::Bool(_) => None,
    }
}

/// A name that says nothing about the network (RFC 7239 §6.3); none when it has characters it must not have.
fn hidden(text: &str) -> Option<String> {
    let text = text.strip_prefix('_').unwrap_or(text);
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!text.is_empty() && text.chars().all(fine)).then(|| format!("_{text}"))
}

fn expression(draft: &mut Draft, cursor: &mut Cursor<'_>, word: &str) -> Result<Arc<Expr>, ParseError> {
    let words: Vec<&str> = cursor.rest().iter().map(|word| word.as_str()).collect();
    let contexts = Contexts::of(Context::BeHttpRequest);
    let parsed = draft.with_expr(contexts, "option forwarded", |cx, _| Expr::parse_words(&words, cx));
    let (expr, taken) = parsed.map_err(|fault| {
        cursor.error_before(format!("'option forwarded' : '{word}' : {}.", fault.message))
    })?;
    if !expr.contexts().meets(contexts) {
        return Err(cursor.error_before(format!(
            "'option forwarded' : '{word}' : some args extract information from '{}', none of which is available here.",
            expr.at().describe()
        )));
    }
    for _ in 0..taken {
        cursor.next_word();
    }
    Ok(Arc::new(expr))
}
