//! Log formats: text with aliases and expressions in it, compiled at load (manual §8.2.6).

pub mod alias;
pub mod date;
pub mod encode;
pub mod formats;
mod parse;
pub mod text;

use crate::cast;
use crate::cx::{Cx, LogInfo};
use crate::expr::Expr;
use crate::value::{Type, Value};
use alias::{Alias, LogCx};
use text::{Flags, Out};

pub use parse::Style;

/// A compiled format.
#[derive(Debug)]
pub struct LogFormat {
    nodes: Box<[Node]>,
    style: Style,
    /// Encoding of the whole line, set with `%{+json}o` or `%{+cbor}o`.
    whole: Flags,
}

/// One item with its flags.
#[derive(Debug)]
struct Node {
    item: Item,
    flags: Flags,
    name: Option<Box<str>>,
    kind: Option<Type>,
}

#[derive(Debug)]
enum Item {
    Text(Box<[u8]>),
    Separator,
    Alias(&'static Alias),
    Expr(Expr),
}

/// Why a log line is made: `%OG`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Not known.
    #[default]
    Unspecified,
    /// A session that failed.
    SessionError,
    /// A session ended before it became a stream.
    SessionKilled,
    /// After accept.
    Accept,
    /// After the request was received.
    Request,
    /// After the connection to the server stood.
    Connect,
    /// During response handling.
    Response,
    /// At the end.
    Close,
    /// `do-log` of `tcp-request connection`.
    TcpRequestConnection,
    /// `do-log` of `tcp-request session`.
    TcpRequestSession,
    /// `do-log` of `tcp-request content`.
    TcpRequestContent,
    /// `do-log` of `tcp-response content`.
    TcpResponseContent,
    /// `do-log` of `http-request`.
    HttpRequest,
    /// `do-log` of `http-response`.
    HttpResponse,
    /// `do-log` of `http-after-response`.
    HttpAfterResponse,
}

impl Origin {
    /// The words of `%OG`.
    pub const fn describe(self) -> &'static str {
        match self {
            Origin::Unspecified => "unspec",
            Origin::SessionError => "sess_error",
            Origin::SessionKilled => "sess_killed",
            Origin::Accept => "txn_accept",
            Origin::Request => "txn_request",
            Origin::Connect => "txn_connect",
            Origin::Response => "txn_response",
            Origin::Close => "txn_close",
            Origin::TcpRequestConnection => "tcp-req-conn",
            Origin::TcpRequestSession => "tcp-req-sess",
            Origin::TcpRequestContent => "tcp-req-cont",
            Origin::TcpResponseContent => "tcp-res-cont",
            Origin::HttpRequest => "http-req",
            Origin::HttpResponse => "http-res",
            Origin::HttpAfterResponse => "http-after-res",
        }
    }
}

impl LogFormat {
    /// Appends the line.
    pub fn write(&self, cx: &Cx<'_>, out: &mut Vec<u8>) {
        self.write_from(cx, Origin::default(), out);
    }

    /// Appends the line and lets `%OG` say why it is made.
    pub fn write_from(&self, cx: &Cx<'_>, origin: Origin, out: &mut Vec<u8>) {
        let none;
        let log = match cx.txn {
            Some(txn) => &txn.log,
            None => {
                none = LogInfo::default();
                &none
            }
        };
        let log = LogCx { cx, log, origin };
        if self.whole.encodes() {
            return self.write_encoded(&log, out);
        }
        let mut separated = true;
        for node in &self.nodes {
            let before = out.len();
            match &node.item {
                Item::Text(text) => out.extend_from_slice(text),
                Item::Separator => {
                    if !separated {
                        out.push(b' ');
                    }
                    separated = true;
                    continue;
                }
                Item::Alias(alias) => self.write_alias(node, alias, &log, out),
                Item::Expr(expr) => self.write_expr(node, expr, cx, out),
            }
            if out.len() != before {
                separated = false;
            }
        }
    }

    /// True when the format has nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The text itself when no item has to be computed.
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.nodes {
            [] => Some(b""),
            [Node { item: Item::Text(text), .. }] => Some(text),
            _ => None,
        }
    }

    fn write_alias(&self, node: &Node, alias: &Alias, log: &LogCx<'_>, out: &mut Vec<u8>) {
        if node.flags.encodes() {
            encode::field(node.flags, node.kind, out, |out| (alias.run)(log, out));
            return;
        }
        (alias.run)(log, &mut Out::new(out, node.flags));
    }

    fn write_expr(&self, node: &Node, expr: &Expr, cx: &Cx<'_>, out: &mut Vec<u8>) {
        let value = expr.eval(cx).ok();
        if node.flags.encodes() {
            encode::field(node.flags, node.kind, out, |out| match value {
                Some(value) => out.value(&value),
                None => out.none(),
            });
            return;
        }
        let mut out = Out::new(out, node.flags);
        match value {
            Some(Value::Bin(bytes)) if !node.flags.has(Flags::BINARY) => {
                // a text ends at a zero byte
                out.expression(&bytes[..memchr::memchr(0, &bytes).unwrap_or(bytes.len())]);
            }
            Some(Value::Str(text) | Value::Bin(text) | Value::Meth(_, text)) => out.expression(&text),
            Some(value) => out.plain(|out| cast::write_text(&value, out)),
            None => out.none(),
        }
    }

    /// One object with the named items as members.
    fn write_encoded(&self, log: &LogCx<'_>, out: &mut Vec<u8>) {
        let mut object = encode::Object::begin(self.whole, out);
        for node in &self.nodes {
            let Some(name) = &node.name else { continue };
            match &node.item {
                Item::Alias(alias) => object.member(name, node.kind, |out| (alias.run)(log, out)),
                Item::Expr(expr) => object.member(name, node.kind, |out| match expr.eval(log.cx).ok() {
                    Some(value) => out.value(&value),
                    None => out.none(),
                }),
                Item::Text(_) | Item::Separator => {}
            }
        }
        object.end();
    }

    /// How it was read.
    pub fn style(&self) -> Style {
        self.style
    }
}
