//! Error pages: `errorfile`, `errorloc*`, `errorfiles`, `http-error`, and `http-errors` sections (manual §4.2, §12.4).

use std::sync::Arc;

use haproxy_conf::{Cursor, FileProvider, ParseError};
use haproxy_expr::cx::Cx;
use haproxy_expr::fault::Fault;
use haproxy_http::h1::{Limits, Parsed, Relax, ReplyTo, Resume, parse_response};
use haproxy_http::{FieldId, Response, status};

use crate::args::Args;
use crate::load::{RuleLoad, refuse};
use crate::reply_spec::{ReplySpec, StatusWord};
use crate::verdict::{Reply, ReplyCause};

/// A page of a proxy for one status.
#[derive(Clone, Debug)]
pub enum ErrorPage {
    /// Always the same.
    Fixed(Arc<Reply>),
    /// Made for each request (`http-error` with a format).
    Made(Arc<ReplySpec>),
}

impl ErrorPage {
    /// The reply of a page that is always the same.
    pub fn fixed(&self) -> Option<&Arc<Reply>> {
        match self {
            ErrorPage::Fixed(reply) => Some(reply),
            ErrorPage::Made(_) => None,
        }
    }

    /// The page as a reply.
    pub fn make(&self, cx: &Cx<'_>, cause: ReplyCause) -> Reply {
        match self {
            ErrorPage::Fixed(reply) => Reply { cause, ..Reply::clone(reply) },
            ErrorPage::Made(spec) => spec.make(cx, cause),
        }
    }
}

/// What one line says about error pages.
#[derive(Clone, Debug)]
pub enum ErrorLine {
    /// A page for a status.
    Page(u16, ErrorPage),
    /// Pages of an `http-errors` section: these statuses, or all it has.
    Section {
        /// Name of the section.
        name: String,
        /// Statuses; empty for all.
        statuses: Vec<u16>,
    },
}

/// Reads `errorfile <code> <file>`; the cursor stands behind the keyword.
pub fn errorfile(cursor: &mut Cursor<'_>, files: &dyn FileProvider) -> Result<ErrorLine, ParseError> {
    let (Some(code), Some(file)) = (cursor.next_word(), cursor.next_word()) else {
        return Err(cursor.error("errorfile : expects <status_code> and <file> as arguments."));
    };
    let status = handled(code.as_str(), "errorfile", cursor)?;
    match from_file(file.as_str(), files) {
        Ok(reply) => Ok(ErrorLine::Page(status, ErrorPage::Fixed(Arc::new(reply)))),
        Err(fault) => Err(refuse(fault.within(|text| format!("errorfile : {text}")))),
    }
}

/// Reads `errorloc`, `errorloc302` or `errorloc303` with `<code> <url>`.
pub fn errorloc(keyword: &str, cursor: &mut Cursor<'_>) -> Result<ErrorLine, ParseError> {
    let (Some(code), Some(url)) = (cursor.next_word(), cursor.next_word()) else {
        return Err(cursor.error(format!("{keyword} : expects <status_code> and <url> as arguments.")));
    };
    let status = handled(code.as_str(), keyword, cursor)?;
    let (code, reason) = if keyword.ends_with("303") { (303, "See Other") } else { (302, "Found") };
    let mut reply = Reply::new(code, ReplyCause::Error);
    reply.reason = reason.as_bytes().to_vec();
    reply.fields = vec![
        (b"cache-control".to_vec(), b"no-cache".to_vec()),
        (b"location".to_vec(), url.as_bytes().to_vec()),
    ];
    reply.length_at = Some(1);
    Ok(ErrorLine::Page(status, ErrorPage::Fixed(Arc::new(reply))))
}

/// Reads `errorfiles <name> [<code> ...]`.
pub fn errorfiles(cursor: &mut Cursor<'_>) -> Result<ErrorLine, ParseError> {
    let name = cursor.expect_or(|| "errorfiles : expects <name> as argument.".into())?.to_string();
    let mut statuses = Vec::new();
    while let Some(code) = cursor.next_word() {
        statuses.push(handled(code.as_str(), "errorfiles", cursor)?);
    }
    Ok(ErrorLine::Section { name, statuses })
}

/// Reads `http-error status <code> ...`.
pub fn http_error(cursor: &mut Cursor<'_>, load: &mut RuleLoad<'_, '_>) -> Result<ErrorLine, ParseError> {
    let words = cursor.take_rest();
    if words.first().is_none_or(|word| word != "status") {
        return Err(ParseError::new("http-error : expects at least a <status> as arguments."));
    }
    load.enter(haproxy_expr::at::Contexts::ALL, "http-error expression");
    let mut args = Args::new("http-error", words);
    let told = |fault: Fault| refuse(fault.within(|text| format!("http-error : {text}")));
    let spec = ReplySpec::parse(&mut args, load, 0, StatusWord::Status).map_err(told)?;
    for text in load.warnings.drain(..) {
        cursor.warn(text);
    }
    if let Some(word) = args.peek() {
        return Err(ParseError::new(format!("http-error : unknown keyword '{word}'.")));
    }
    let status = spec.status();
    if status::built_in(status).is_none() {
        return Err(ParseError::new(format!("http-error: status code '{status}' not handled.")));
    }
    Ok(ErrorLine::Page(status, ErrorPage::Made(Arc::new(spec))))
}

fn handled(code: &str, keyword: &str, cursor: &Cursor<'_>) -> Result<u16, ParseError> {
    let status = code.parse().ok().filter(|status| status::built_in(*status).is_some());
    status.ok_or_else(|| cursor.error_before(format!("{keyword} : status code '{code}' not handled.")))
}

/// Reads a whole response from a file. An empty file means that nothing is sent.
pub fn from_file(name: &str, files: &dyn FileProvider) -> Result<Reply, Fault> {
    let bytes = files.read(name).map_err(|_| Fault::new(format!("error opening file '{name}'.")))?;
    from_bytes(&bytes)
        .map_err(|at| Fault::new(format!("'{name}': unable to parse headers (error offset: {at})")))
}

/// Reads a whole response; the offset of the first mistake otherwise.
pub fn from_bytes(bytes: &[u8]) -> Result<Reply, usize> {
    if bytes.is_empty() {
        return Ok(Reply { silent: true, close: true, length_at: None, ..Reply::new(0, ReplyCause::Error) });
    }
    let mut response = Response::default();
    let limits = Limits::default();
    let parsed = parse_response(
        bytes,
        &mut Resume::default(),
        &limits,
        Relax::default(),
        ReplyTo::default(),
        &mut response,
    );
    let (head_len, flags) = match parsed {
        Ok(Parsed::Complete { head_len, flags }) => (head_len, flags),
        Ok(Parsed::Partial) => return Err(bytes.len()),
        Err(error) => return Err(error.at),
    };
    let mut reply = Reply::new(response.status, ReplyCause::Error);
    reply.version = response.version;
    reply.reason = response.reason().to_vec();
    reply.length_at = None;
    for field in response.fields.iter() {
        match field.id {
            FieldId::ContentLength => reply.length_at = Some(reply.fields.len()),
            FieldId::TransferEncoding => {}
            _ => reply.fields.push((field.name.to_vec(), field.value.to_vec())),
        }
    }
    reply.close = reply.length_at.is_none() || flags.has(haproxy_http::h1::ConnFlags::CLOSE);
    reply.body = Arc::from(&bytes[head_len..]);
    Ok(reply)
}

/// An `http-errors` section.
#[derive(Clone, Debug, Default)]
pub struct HttpErrors {
    /// Its name.
    pub name: String,
    /// Its pages by status.
    pub pages: Vec<(u16, Arc<Reply>)>,
}

impl HttpErrors {
    /// Reads the section's line `errorfile <code> <file>`; the cursor stands behind the keyword.
    pub fn errorfile(&mut self, cursor: &mut Cursor<'_>, files: &dyn FileProvider) -> Result<(), ParseError> {
        if cursor.rest().len() < 2 {
            return Err(cursor.error("errorfile: expects <status_code> and <file> as arguments."));
        }
        if let ErrorLine::Page(status, ErrorPage::Fixed(reply)) = errorfile(cursor, files)? {
            self.pages.retain(|(known, _)| *known != status);
            self.pages.push((status, reply));
        }
        Ok(())
    }

    /// The page of a status.
    pub fn page(&self, status: u16) -> Option<&Arc<Reply>> {
        self.pages.iter().find(|(known, _)| *known == status).map(|(_, reply)| reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_replies() {
        let reply =
            from_bytes(b"HTTP/1.0 404 Nope\r\nContent-Type: text/plain\r\nX-A: b\r\n\r\nbody\n").unwrap();
        assert_eq!((reply.status, &reply.reason[..], reply.version.minor), (404, &b"Nope"[..], 0));
        assert_eq!(reply.fields[1], (b"x-a".to_vec(), b"b".to_vec()));
        assert_eq!((&reply.body[..], reply.length_at, reply.close), (&b"body\n"[..], None, true));
        let reply = from_bytes(b"HTTP/1.1 502 X\r\nA: b\r\nContent-Length: 4\r\nC: d\r\n\r\nbody").unwrap();
        assert_eq!((reply.length_at, reply.close), (Some(1), false));
        assert!(from_bytes(b"").unwrap().silent);
        assert_eq!(from_bytes(b"import x\n\n").map(|_| ()), Err(0));
    }
}
