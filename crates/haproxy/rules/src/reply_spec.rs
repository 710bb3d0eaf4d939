//! Replies as the configuration describes them: `return`, `deny`, `tarpit`, `http-error` (manual §4.4 "return").

use std::sync::{Arc, OnceLock};

use haproxy_expr::cx::Cx;
use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_http::status;

use crate::args::Args;
use crate::http_error;
use crate::load::{Question, RuleLoad};
use crate::verdict::{Reply, ReplyCause};

/// A reply to be made for each request.
#[derive(Debug)]
pub struct ReplySpec {
    status: u16,
    content: Content,
    content_type: Option<Box<str>>,
    fields: Vec<(Box<[u8]>, LogFormat)>,
}

#[derive(Debug)]
enum Content {
    /// No body at all.
    None,
    /// The proxy's own page for the status.
    OwnPage,
    /// A whole response from a file.
    ErrorFile(Arc<Reply>),
    /// A page of an `http-errors` section, once that is known.
    Section(Arc<OnceLock<Arc<Reply>>>),
    /// Bytes as they are.
    Raw(Arc<[u8]>),
    /// A format evaluated for each request.
    Format(LogFormat),
}

/// What a status may be called, besides `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusWord {
    /// Nothing else.
    Status,
    /// `deny_status` too.
    DenyStatus,
}

/// How a word names the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    DefaultErrorFiles,
    ErrorFile,
    ErrorFiles,
    File,
    LfFile,
    String,
    LfString,
}

struct KindWord {
    word: &'static str,
    kind: Kind,
    argument: Option<&'static str>,
}

const KINDS: &[KindWord] = &[
    KindWord { word: "default-errorfiles", kind: Kind::DefaultErrorFiles, argument: None },
    KindWord { word: "errorfile", kind: Kind::ErrorFile, argument: Some("<fmt>") },
    KindWord { word: "errorfiles", kind: Kind::ErrorFiles, argument: Some("<name>") },
    KindWord { word: "file", kind: Kind::File, argument: Some("<fmt>") },
    KindWord { word: "lf-file", kind: Kind::LfFile, argument: Some("<fmt>") },
    KindWord { word: "string", kind: Kind::String, argument: Some("<str>") },
    KindWord { word: "lf-string", kind: Kind::LfString, argument: Some("<fmt>") },
];

#[derive(Default)]
struct Written<'w> {
    status: Option<u16>,
    kind: Option<(&'static KindWord, &'w str)>,
    content_type: Option<&'w str>,
    fields: Vec<(Box<[u8]>, LogFormat)>,
}

impl ReplySpec {
    /// Reads the arguments that describe a reply and passes them; `default_status` holds when none is given.
    pub fn parse(
        args: &mut Args<'_>,
        load: &mut RuleLoad<'_, '_>,
        default_status: u16,
        word: StatusWord,
    ) -> Result<ReplySpec, Fault> {
        let written = read(args, load, word)?;
        let status = written.status.unwrap_or(default_status);
        let content = content(&written, status, load)?;
        let content_type = content_type(&written, &content, load)?;
        Ok(ReplySpec { status, content, content_type, fields: written.fields })
    }

    /// The proxy's own page for a status.
    pub fn own_page(status: u16) -> ReplySpec {
        ReplySpec { status, content: Content::OwnPage, content_type: None, fields: Vec::new() }
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Makes the reply.
    pub fn make(&self, cx: &Cx<'_>, cause: ReplyCause) -> Reply {
        let body: Arc<[u8]> = match &self.content {
            Content::OwnPage => return Reply { own_page: true, ..Reply::built_in(self.status, cause) },
            Content::ErrorFile(reply) => {
                return Reply { cause, logged: Some(self.status), ..Reply::clone(reply) };
            }
            Content::Section(slot) => {
                return match slot.get() {
                    Some(reply) => Reply { cause, logged: Some(self.status), ..Reply::clone(reply) },
                    None => Reply { own_page: true, ..Reply::built_in(self.status, cause) },
                };
            }
            Content::None => Arc::from(&[][..]),
            Content::Raw(bytes) => bytes.clone(),
            Content::Format(format) => {
                let mut text = Vec::new();
                format.write(cx, &mut text);
                Arc::from(text)
            }
        };
        let mut reply = Reply::new(self.status, cause);
        for (name, format) in &self.fields {
            let mut value = Vec::new();
            format.write(cx, &mut value);
            if !value.is_empty() {
                reply.fields.push((name.to_vec(), value));
            }
        }
        reply.length_at = Some(reply.fields.len());
        if let Some(kind) = self.content_type.as_ref().filter(|_| !body.is_empty()) {
            reply.fields.push((b"content-type".to_vec(), kind.as_bytes().to_vec()));
        }
        reply.body = body;
        reply
    }
}

fn read<'w>(
    args: &mut Args<'w>,
    load: &mut RuleLoad<'_, '_>,
    status_word: StatusWord,
) -> Result<Written<'w>, Fault> {
    let mut written = Written::default();
    while let Some(word) = args.peek() {
        if word == "status" || (word == "deny_status" && status_word == StatusWord::DenyStatus) {
            args.skip(1);
            written.status = Some(status(args)?);
        } else if word == "content-type" {
            args.skip(1);
            written.content_type = Some(args.take().ok_or("'content-type' expects <ctype> as argument")?);
        } else if word == "hdr" {
            let (Some(name), Some(value)) = (args.peek_at(1), args.peek_at(2)) else {
                return Err("'hdr' expects <name> and <value> as arguments".into());
            };
            args.skip(3);
            let name = name.to_ascii_lowercase().into_bytes().into_boxed_slice();
            written.fields.push((name, load.format(value, Style::Http)?));
        } else if let Some(kind) = KINDS.iter().find(|kind| kind.word == word) {
            args.skip(1);
            if let Some((other, _)) = written.kind {
                return Err(Fault::new(format!(
                    "unexpected '{word}' argument, '{}' already defined",
                    other.word
                )));
            }
            let argument = match kind.argument {
                Some(what) => {
                    args.take().ok_or_else(|| Fault::new(format!("'{word}' expects {what} as argument")))?
                }
                None => "",
            };
            written.kind = Some((kind, argument));
        } else {
            break;
        }
    }
    Ok(written)
}

fn status(args: &mut Args<'_>) -> Result<u16, Fault> {
    let word = args.take().ok_or("'status' expects <status_code> as argument")?;
    let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().unwrap_or(0);
    match u16::try_from(number) {
        Ok(status) if (200..=599).contains(&status) => Ok(status),
        _ => Err(Fault::new(format!("Unexpected status code '{number}'"))),
    }
}

fn content(written: &Written<'_>, status: u16, load: &mut RuleLoad<'_, '_>) -> Result<Content, Fault> {
    let Some((kind, argument)) = written.kind else { return Ok(Content::None) };
    let handled = || match status::built_in(status) {
        Some(_) => Ok(()),
        None => Err(Fault::new(format!(
            "status code '{status}' not handled by default with '{}' argument.",
            kind.word
        ))),
    };
    Ok(match kind.kind {
        Kind::DefaultErrorFiles => {
            handled()?;
            Content::OwnPage
        }
        Kind::ErrorFile => Content::ErrorFile(Arc::new(http_error::from_file(argument, load.expr.files)?)),
        Kind::ErrorFiles => {
            handled()?;
            let slot = Arc::new(OnceLock::new());
            load.ask(Question::ErrorFiles { name: argument.to_owned(), status, slot: slot.clone() });
            Content::Section(slot)
        }
        Kind::File => Content::Raw(Arc::from(file(argument, load)?)),
        Kind::LfFile => {
            let text = String::from_utf8(file(argument, load)?)
                .map_err(|_| Fault::new(format!("file '{argument}' is no text")))?;
            Content::Format(load.format(&text, Style::Http)?)
        }
        Kind::String => Content::Raw(Arc::from(&*haproxy_conf::raw_bytes(argument.as_bytes()))),
        Kind::LfString => Content::Format(load.format(argument, Style::Http)?),
    })
}

fn file(name: &str, load: &RuleLoad<'_, '_>) -> Result<Vec<u8>, Fault> {
    load.expr.files.read(name).map_err(|_| Fault::new(format!("error opening file '{name}'")))
}

fn content_type(
    written: &Written<'_>,
    content: &Content,
    load: &mut RuleLoad<'_, '_>,
) -> Result<Option<Box<str>>, Fault> {
    let ignored = |why: &str| {
        written.content_type.map(|kind| format!("content-type '{kind}' ignored by the http reply {why}."))
    };
    let warning = match content {
        Content::None => ignored("because neither errorfile nor payload defined"),
        Content::OwnPage | Content::ErrorFile(_) | Content::Section(_) => {
            let warning = ignored("when used with an erorrfile");
            if !written.fields.is_empty() {
                load.warn("hdr parameters ignored by the http reply when used with an erorrfile.");
            }
            warning
        }
        Content::Raw(bytes) if bytes.is_empty() => ignored("when used with an empty payload"),
        Content::Raw(_) | Content::Format(_) => {
            return match written.content_type {
                Some(kind) => Ok(Some(kind.into())),
                None => Err("a content type must be defined when non-empty payload is configured".into()),
            };
        }
    };
    if let Some(warning) = warning {
        load.warn(warning);
    }
    Ok(None)
}
