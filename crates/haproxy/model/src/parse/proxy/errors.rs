//! `errorfile`, `errorloc`, `errorfiles`, `http-error`, and the `http-errors` section.

use std::sync::Arc;

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_rules::{Reply, ReplyCause};

use crate::draft::Draft;
use crate::parse::{Keyword, text};
use crate::settings::ErrorReplies;

const PROXY: Sections = Sections::PROXY;
const ANYWHERE: Sections = Sections::PROXY.and(Sections::HTTP_ERRORS);

/// Error pages.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "errorfile",
        sections: ANYWHERE,
        args: "<code> <file>",
        status: Status::Supported,
        run: errorfile,
        doc: "answer from a file",
    },
    Keyword {
        name: "errorloc",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc302,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorloc302",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc302,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorloc303",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc303,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorfiles",
        sections: PROXY,
        args: "<section> [<code> ...]",
        status: Status::Supported,
        run: errorfiles,
        doc: "answers from an http-errors section",
    },
    Keyword {
        name: "http-error",
        sections: PROXY,
        args: "status <code> [...]",
        status: Status::Supported,
        run: http_error,
        doc: "answer made of parts",
    },
];

/// Statuses that can be given another answer.
const CODES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

type Outcome = Result<(), ParseError>;

fn replies(draft: &mut Draft) -> &mut ErrorReplies {
    if draft.section == Sections::HTTP_ERRORS {
        let name = draft.section_name.clone();
        return draft.http_errors.entry(name).or_default();
    }
    &mut draft.px.settings.errors
}

/// The status on the line; `None` with a warning when it is not one that can be changed.
fn code(cursor: &mut Cursor<'_>) -> Result<Option<u16>, ParseError> {
    let keyword = cursor.keyword();
    let word = text(cursor, "<status_code> and <file> as arguments")?;
    let code: u16 = word.parse().unwrap_or(0);
    if CODES.contains(&code) {
        return Ok(Some(code));
    }
    cursor.warn(format!(
        "'{keyword}' : status code '{word}' not handled, error customization will be ignored."
    ));
    Ok(None)
}

fn errorfile(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let code = code(cursor)?;
    let path = text(cursor, "<status_code> and <file> as arguments")?;
    cursor.finish()?;
    let content = draft.read(&path).map_err(|error| {
        cursor.error_before(format!(
            "'errorfile' : error opening file <{path}> for custom error message <{}>: {error}.",
            code.unwrap_or(0)
        ))
    })?;
    let Some(code) = code else { return Ok(()) };
    let reply = match content.is_empty() {
        true => empty(code),
        false => raw(&content).map_err(|message| cursor.error_before(format!("'errorfile' : unable to convert message in HTX for custom error message file '{path}' : {message}.")))?,
    };
    replies(draft).set(code, Arc::new(reply));
    Ok(())
}

/// `/dev/null` and empty files: the connection is closed without a word.
fn empty(code: u16) -> Reply {
    let mut reply = Reply::new(code, ReplyCause::Error);
    reply.silent = true;
    reply.close = true;
    reply
}

/// A whole HTTP response as a file holds it.
pub fn raw(content: &[u8]) -> Result<Reply, String> {
    use haproxy_http::h1::{Limits, Parsed, Relax, ReplyTo, Resume, parse_response};
    let mut response = haproxy_http::Response::default();
    let limits =
        Limits { raw_max: content.len().max(16384), parsed_max: content.len().max(16384), lines_max: 101 };
    let parsed = parse_response(
        content,
        &mut Resume::default(),
        &limits,
        Relax::default(),
        ReplyTo::default(),
        &mut response,
    )
    .map_err(|error| error.to_string())?;
    let Parsed::Complete { head_len, .. } = parsed else {
        return Err("headers are not complete".to_owned());
    };
    let mut reply = Reply::new(response.status, ReplyCause::Error);
    reply.reason = response.reason().to_vec();
    reply.body = Arc::from(&content[head_len..]);
    for field in response.fields.iter() {
        match field.id {
            haproxy_http::FieldId::ContentLength
            | haproxy_http::FieldId::TransferEncoding
            | haproxy_http::FieldId::Connection => {}
            _ => reply.fields.push((field.name.to_vec(), field.value.to_vec())),
        }
    }
    Ok(reply)
}

fn errorloc(draft: &mut Draft, cursor: &mut Cursor<'_>, status: u16) -> Outcome {
    let code = code(cursor)?;
    let url = text(cursor, "<status_code> and <url> as arguments")?;
    cursor.finish()?;
    let Some(code) = code else { return Ok(()) };
    let mut reply = Reply::new(status, ReplyCause::Error);
    reply.fields.push((b"cache-control".to_vec(), b"no-cache".to_vec()));
    reply.fields.push((b"location".to_vec(), url.into_bytes()));
    replies(draft).set(code, Arc::new(reply));
    Ok(())
}

fn errorloc302(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    errorloc(draft, cursor, 302)
}

fn errorloc303(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    errorloc(draft, cursor, 303)
}

fn errorfiles(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = text(cursor, "<http_errors_section> and one or more <status_code> as arguments")?;
    let mut wanted = Vec::new();
    while let Some(word) = cursor.next_word() {
        match word.as_str().parse::<u16>() {
            Ok(code) if CODES.contains(&code) => wanted.push(code),
            _ => return Err(cursor.error_before(format!("'errorfiles' : status code '{word}' not handled."))),
        }
    }
    draft.px.errorfiles.push((name, wanted, draft.place.clone()));
    Ok(())
}

fn http_error(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut status = None;
    let mut content_type = None;
    let mut body: Option<Vec<u8>> = None;
    let mut whole: Option<Reply> = None;
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "status" => status = code(cursor)?,
            "content-type" => content_type = Some(text(cursor, "an argument")?),
            "string" | "lf-string" => {
                let value = text(cursor, "an argument")?;
                if word.as_str() == "lf-string" && value.contains('%') {
                    return Err(cursor.error_before("'http-error' : 'lf-string' with expressions is not part of this version of rhaproxy."));
                }
                body = Some(value.into_bytes());
            }
            "file" | "lf-file" => {
                let path = text(cursor, "a file")?;
                let content = draft.read(&path).map_err(|error| {
                    cursor.error_before(format!("'http-error' : error opening file '{path}': {error}."))
                })?;
                body = Some(content);
            }
            "errorfile" => {
                let path = text(cursor, "a file")?;
                let content = draft.read(&path).map_err(|error| {
                    cursor.error_before(format!("'http-error' : error opening file '{path}': {error}."))
                })?;
                whole = Some(if content.is_empty() {
                    empty(status.unwrap_or(0))
                } else {
                    raw(&content).map_err(|m| cursor.error_before(m))?
                });
            }
            "errorfiles" => {
                let name = text(cursor, "a section")?;
                draft.px.errorfiles.push((name, status.into_iter().collect(), draft.place.clone()));
            }
            "default-errorfiles" => {}
            "hdr" => {
                let name = text(cursor, "a name")?;
                let value = text(cursor, "a value")?;
                if value.contains('%') {
                    return Err(cursor.error_before(
                        "'http-error' : 'hdr' with expressions is not part of this version of rhaproxy.",
                    ));
                }
                headers.push((name.to_ascii_lowercase().into_bytes(), value.into_bytes()));
            }
            other => return Err(cursor.error_before(format!("'http-error' : unknown keyword '{other}'."))),
        }
    }
    let Some(status) = status else {
        return Err(cursor.error("'http-error' : expects at least a <status> as arguments."));
    };
    let reply = match (whole, body) {
        (Some(whole), _) => whole,
        (None, Some(body)) => {
            let mut reply = Reply::new(status, ReplyCause::Error);
            if let Some(content_type) = content_type {
                reply.fields.push((b"content-type".to_vec(), content_type.into_bytes()));
            }
            reply.fields.extend(headers);
            reply.body = Arc::from(body);
            reply
        }
        (None, None) => return Ok(()),
    };
    draft.px.settings.errors.set(status, Arc::new(reply));
    Ok(())
}
