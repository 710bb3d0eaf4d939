//! Reading a format's text.

use crate::expr::Expr;
use crate::fault::Fault;
use crate::load::ParseCx;
use crate::logformat::alias;
use crate::logformat::text::Flags;
use crate::logformat::{Item, LogFormat, Node};
use crate::value::Type;

/// What a format is for: it decides how spaces, missing values and unsafe bytes are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `log-format`: spaces merge, a dash stands for nothing.
    Log,
    /// Header values, bodies, variables: text as written, bytes unfit for a header become `%XX`.
    Http,
    /// `unique-id-format`: as `Http`, and spaces merge.
    UniqueId,
    /// Variables and payloads of TCP rules: text as written.
    Plain,
}

impl Style {
    const fn flags(self) -> Flags {
        match self {
            Style::Log => Flags::DASH,
            Style::Http | Style::UniqueId => Flags::HTTP,
            Style::Plain => Flags::NONE,
        }
    }

    const fn merges(self) -> bool {
        matches!(self, Style::Log | Style::UniqueId)
    }
}

const FLAGS: &[(&str, Flags)] = &[
    ("Q", Flags::QUOTE),
    ("X", Flags::HEX),
    ("E", Flags::ESCAPE),
    ("bin", Flags::BINARY),
    ("json", Flags::JSON),
    ("cbor", Flags::CBOR),
    ("M", Flags::DASH),
];

const KINDS: &[(&str, Type)] = &[("str", Type::Str), ("sint", Type::Sint), ("bool", Type::Bool)];

struct Reader<'t> {
    rest: &'t str,
    flags: Flags,
    text: Vec<u8>,
    nodes: Vec<Node>,
}

impl LogFormat {
    /// Compiles a format.
    pub fn parse(text: &str, style: Style, cx: &mut ParseCx<'_>) -> Result<LogFormat, Fault> {
        let mut reader = Reader { rest: text, flags: style.flags(), text: Vec::new(), nodes: Vec::new() };
        while let Some(c) = reader.rest.chars().next() {
            match c {
                '%' => reader.item(cx)?,
                ' ' if style.merges() => reader.separator(),
                other => {
                    let mut buffer = [0; 4];
                    let text = other.encode_utf8(&mut buffer);
                    reader.text.extend_from_slice(&haproxy_conf::raw_bytes(text.as_bytes()));
                    reader.rest = &reader.rest[other.len_utf8()..];
                }
            }
        }
        reader.flush();
        Ok(LogFormat { nodes: reader.nodes.into(), style, whole: reader.flags })
    }
}

impl<'t> Reader<'t> {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text).into_boxed_slice();
            self.nodes.push(Node { item: Item::Text(text), flags: self.flags, name: None, kind: None });
        }
    }

    fn separator(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
        self.flush();
        self.nodes.push(Node { item: Item::Separator, flags: self.flags, name: None, kind: None });
    }

    fn item(&mut self, cx: &mut ParseCx<'_>) -> Result<(), Fault> {
        let after = &self.rest[1..];
        if let Some(rest) = after.strip_prefix('%') {
            self.text.push(b'%');
            self.rest = rest;
            return Ok(());
        }
        self.flush();
        let (name, kind, after) = naming(after)?;
        let (arguments, after) = braces(after)?;
        let flags = arguments.map_or(self.flags, |arguments| apply(self.flags, arguments));
        if let Some(text) = after.strip_prefix('[') {
            let item = self.expression(text, cx)?;
            self.nodes.push(Node { item, flags, name, kind });
            return Ok(());
        }
        if after.is_empty() {
            return Err(Fault::new("truncated line after '%'"));
        }
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (word, rest) = after.split_at(end);
        if word == "o" {
            self.flags = flags;
            self.rest = rest;
            return Ok(());
        }
        let Some(alias) = alias::find(word) else { return Err(unknown(word)) };
        self.nodes.push(Node { item: Item::Alias(alias), flags, name, kind });
        self.rest = rest;
        Ok(())
    }

    fn expression(&mut self, text: &'t str, cx: &mut ParseCx<'_>) -> Result<Item, Fault> {
        let (expr, rest) = Expr::parse_head(text, cx).map_err(|fault| {
            let shown = shown(text);
            fault.within(|text| format!("failed to parse sample expression <{shown}> : {text}"))
        })?;
        let read = &text[..text.len() - rest.len()];
        let Some(after) = rest.strip_prefix(']') else {
            return Err(match rest.chars().next() {
                None => Fault::new(format!("missing ']' after '{read}'")),
                Some(found) => Fault::new(format!("expected ']' after '{read}', but found '{found}'")),
            });
        };
        if !expr.contexts().meets(cx.contexts) {
            return Err(Fault::new(format!(
                "sample fetch <{}> may not be reliably used here because it needs '{}' which is not available here",
                shown(text),
                expr.at().describe()
            )));
        }
        self.rest = after;
        Ok(Item::Expr(expr))
    }
}

/// The expression as messages show it: what follows the opening bracket, its end included.
fn shown(text: &str) -> &str {
    text
}

fn unknown(word: &str) -> Fault {
    Fault::new(format!(
        "no such format variable '{word}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
    ))
}

type Naming<'t> = (Option<Box<str>>, Option<Type>, &'t str);

/// `(name:type)` before an item.
fn naming(text: &str) -> Result<Naming<'_>, Fault> {
    let Some(inner) = text.strip_prefix('(') else { return Ok((None, None, text)) };
    let Some(end) = inner.find(')') else {
        return Err(Fault::new(format!("truncated line after '{inner}'")));
    };
    let (name, kind) = match inner[..end].split_once(':') {
        None => (&inner[..end], None),
        Some((name, kind)) => match KINDS.iter().find(|(known, _)| *known == kind) {
            Some((_, kind)) => (name, Some(*kind)),
            None => return Err(Fault::new(format!("unexpected output type '{kind}' at '{inner}'"))),
        },
    };
    let name = (!name.is_empty()).then(|| name.into());
    Ok((name, kind, &inner[end + 1..]))
}

/// `{flags}` before an item.
fn braces(text: &str) -> Result<(Option<&str>, &str), Fault> {
    let Some(inner) = text.strip_prefix('{') else { return Ok((None, text)) };
    match inner.find('}') {
        Some(end) => Ok((Some(&inner[..end]), &inner[end + 1..])),
        None => Err(Fault::new(format!("truncated line after '{inner}'"))),
    }
}

/// Flags that are not known change nothing, as in the original.
fn apply(mut flags: Flags, arguments: &str) -> Flags {
    for argument in arguments.split(',') {
        // a word without a sign changes nothing, as in the original
        let Some((sign, word)) = argument.split_at_checked(1) else { continue };
        let set = match sign {
            "+" => true,
            "-" => false,
            _ => continue,
        };
        if let Some((_, flag)) = FLAGS.iter().find(|(name, _)| *name == word) {
            flags = if set { flags.with(*flag) } else { flags.without(*flag) };
        }
    }
    flags
}
