//! Arguments between parentheses: their kinds, their text form, and what they become.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

use common_base::ids::{ProxyId, ServerId};
use haproxy_http::FieldId;

use crate::expr::{Expr, Who};
use crate::fault::Fault;
use crate::load::{ParseCx, Wanted, WantedKind};
use crate::map::Map;
use crate::pattern::regex::Pattern;
use crate::row::ArgSpec;
use crate::userlist::Userlist;
use crate::vars::VarRef;

/// What an argument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// Text.
    Str,
    /// Signed integer.
    Int,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// IPv4 mask, dotted or as a bit count.
    Mask4,
    /// IPv6 mask, as a bit count or an address.
    Mask6,
    /// Name of a frontend; the current one by default.
    Frontend,
    /// Name of a backend; the current one by default.
    Backend,
    /// `backend/server`, or a server of the current backend.
    Server,
    /// Name of a stick table.
    Table,
    /// Name of a userlist.
    Userlist,
    /// Regular expression.
    Regex,
    /// Field number of a protocol buffer message, `1.2.3`.
    Protobuf,
}

impl ArgKind {
    /// The name as messages and listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            ArgKind::Str => "string",
            ArgKind::Int => "integer",
            ArgKind::Ipv4 => "IPv4 address",
            ArgKind::Ipv6 => "IPv6 address",
            ArgKind::Mask4 => "IPv4 mask",
            ArgKind::Mask6 => "IPv6 mask",
            ArgKind::Frontend => "frontend",
            ArgKind::Backend => "backend",
            ArgKind::Server => "server",
            ArgKind::Table => "table",
            ArgKind::Userlist => "user list",
            ArgKind::Regex => "regex",
            ArgKind::Protobuf => "Protocol buffers field number",
        }
    }
}

/// A name that is resolved once the whole configuration has been read.
pub type Later<T> = Arc<OnceLock<T>>;

/// One argument after loading.
#[derive(Clone, Debug)]
pub enum Arg {
    /// Left out.
    None,
    /// Text.
    Str(Box<[u8]>),
    /// Integer.
    Int(i64),
    /// IPv4 address or mask.
    Ipv4(Ipv4Addr),
    /// IPv6 address or mask.
    Ipv6(Ipv6Addr),
    /// A proxy, or the current one.
    Proxy(Later<ProxyId>),
    /// A server.
    Server(Later<ServerId>),
    /// A userlist.
    Users(Later<Arc<Userlist>>),
    /// A field name in lower case, with its number.
    Field(FieldId, Box<[u8]>),
    /// A variable.
    Var(VarRef),
    /// A compiled regular expression.
    Regex(Arc<Pattern>),
    /// A map.
    Map(Arc<Map>),
    /// A condition of named ACLs.
    Condition(Arc<crate::acl::Condition>),
    /// A nested expression.
    Expr(Arc<Expr>),
    /// Field numbers of nested messages.
    Path(Box<[u64]>),
    /// A JSON path.
    Json(Arc<[crate::json::Step]>),
    /// The table of variables' names.
    Names(Arc<crate::vars::VarNames>),
}

impl Arg {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Arg::Str(text) => Some(text),
            Arg::Field(_, name) => Some(name),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Arg::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// True when nothing was given.
    pub fn is_none(&self) -> bool {
        matches!(self, Arg::None)
    }
}

/// An argument list while it is checked.
pub type Args = smallvec::SmallVec<[Arg; 4]>;

/// Argument `index`, with those left out at the end as `Arg::None`.
pub fn at(args: &[Arg], index: usize) -> &Arg {
    args.get(index).unwrap_or(&Arg::None)
}

/// Text of argument `index`, empty when left out.
pub fn text_at(args: &[Arg], index: usize) -> &[u8] {
    at(args, index).text().unwrap_or(b"")
}

/// Number of argument `index`, or the given default.
pub fn int_at(args: &[Arg], index: usize, default: i64) -> i64 {
    at(args, index).int().unwrap_or(default)
}

/// Reads `(a,b,...)` at the head of `text` (manual §2.2, second level of quoting). Without an opening parenthesis the
/// list is empty. A fault carries the number of the argument it is about.
pub fn parse_list<'a>(
    text: &'a str,
    specs: &[ArgSpec],
    who: Who<'_>,
    cx: &mut ParseCx<'_>,
) -> Result<(Args, &'a str), (usize, Fault)> {
    let (values, rest) = split(text, specs.len())?;
    let mut args = Args::new();
    let mandatory = specs.iter().filter(|spec| spec.required).count();
    // `name()` is the same as `name`, and an empty list still has its first mandatory argument, which is empty
    let empty = [Vec::new()];
    let given = match (values.as_slice(), mandatory) {
        ([], 1..) => &empty[..],
        ([only], 0) if only.is_empty() => &[],
        (values, _) => values,
    };
    for (index, (spec, value)) in specs.iter().zip(given).enumerate() {
        let arg = read(spec, value, index, mandatory, who, cx).map_err(|fault| (index + 1, fault))?;
        args.push(arg);
    }
    if given.len() < mandatory {
        return Err((
            given.len() + 1,
            Fault::new(format!(
                "missing arguments (got {}/{mandatory}), type '{}' expected",
                given.len(),
                specs[given.len()].kind.name()
            )),
        ));
    }
    Ok((args, rest))
}

/// Texts of a list's arguments, and what follows the list.
type Texts<'t> = (Vec<Vec<u8>>, &'t str);

fn split(text: &str, most: usize) -> Result<Texts<'_>, (usize, Fault)> {
    let Some(inner) = text.strip_prefix('(') else { return Ok((Vec::new(), text)) };
    let bytes = inner.as_bytes();
    let mut values = Vec::new();
    let mut at = 0;
    loop {
        let start = at;
        if values.len() == most && bytes.get(at) != Some(&b')') {
            let from = if most == 0 { start } else { start - 1 };
            let message = match &inner[from..] {
                "" => "expected ')'".to_owned(),
                rest => format!("expected ')' before '{rest}'"),
            };
            return Err((most + 1, Fault::new(message)));
        }
        if values.len() == most {
            return Ok((values, &inner[at + 1..]));
        }
        let (value, end) = cut(bytes, at);
        at = end;
        values.push(haproxy_conf::raw_bytes(&value).into_owned());
        match bytes.get(at) {
            None => return Err((values.len(), Fault::new("expected ')'"))),
            Some(b')') => return Ok((values, &inner[at + 1..])),
            Some(_) => at += 1,
        }
    }
}

/// One argument from `at` up to an unquoted `,` or `)`, quotes and escapes resolved.
fn cut(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let (mut single, mut double) = (false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if !single => double = !double,
            b'\'' if !double => single = !single,
            b'\\' if !single && at + 1 < bytes.len() => {
                let next = bytes[at + 1];
                match next {
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'\\' | b'\'' | b'"' | b' ' => out.push(next),
                    _ => {
                        out.push(b'\\');
                        at += 1;
                        continue;
                    }
                }
                at += 1;
            }
            b',' | b')' if !single && !double => return (out, at),
            _ => out.push(byte),
        }
        at += 1;
    }
    (out, at)
}

fn read(
    spec: &ArgSpec,
    value: &[u8],
    index: usize,
    mandatory: usize,
    who: Who<'_>,
    cx: &mut ParseCx<'_>,
) -> Result<Arg, Fault> {
    let text = String::from_utf8_lossy(value);
    let unreadable = || {
        let (kind, position) = (spec.kind.name(), index + 1);
        Fault::new(if text.is_empty() {
            format!("expected type '{kind}' at position {position}, but got nothing")
        } else {
            format!("failed to parse '{text}' as type '{kind}' at position {position}")
        })
    };
    if value.is_empty() && index >= mandatory && spec.kind != ArgKind::Str {
        return Ok(Arg::None);
    }
    match spec.kind {
        ArgKind::Str => Ok(Arg::Str(value.into())),
        ArgKind::Int => text.parse().map(Arg::Int).map_err(|_| unreadable()),
        ArgKind::Ipv4 => text.parse().map(Arg::Ipv4).map_err(|_| unreadable()),
        ArgKind::Ipv6 => text.parse().map(Arg::Ipv6).map_err(|_| unreadable()),
        ArgKind::Mask4 => crate::address::parse_mask4(&text).map(Arg::Ipv4).ok_or_else(unreadable),
        ArgKind::Mask6 => crate::address::parse_mask6(&text).map(Arg::Ipv6).ok_or_else(unreadable),
        ArgKind::Frontend | ArgKind::Backend => {
            Ok(Arg::Proxy(want(WantedKind::of_proxy(spec.kind), &text, index, who, cx)))
        }
        ArgKind::Server => Ok(Arg::Server(want(WantedKind::Server, &text, index, who, cx))),
        ArgKind::Userlist => Ok(Arg::Users(want(WantedKind::Users, &text, index, who, cx))),
        ArgKind::Table => Ok(Arg::Str(value.into())),
        // compiled by the keyword's own check, which knows the flags
        ArgKind::Regex => Ok(Arg::Str(value.into())),
        ArgKind::Protobuf => {
            let numbers: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
            match numbers {
                Ok(numbers) => Ok(Arg::Path(numbers.into())),
                _ => Err(unreadable()),
            }
        }
    }
}

fn want<T>(
    make: fn(Later<T>) -> WantedKind,
    name: &str,
    index: usize,
    who: Who<'_>,
    cx: &mut ParseCx<'_>,
) -> Later<T> {
    let slot: Later<T> = Arc::new(OnceLock::new());
    cx.load.wanted.push(Wanted {
        kind: make(slot.clone()),
        name: name.to_owned(),
        proxy: cx.proxy.clone(),
        place: cx.place,
        argument: index + 1,
        fetch: who.fetch.to_owned(),
        converter: who.converter.map(str::to_owned),
        within: cx.within.to_owned(),
    });
    slot
}
