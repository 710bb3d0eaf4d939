//! `cookie`, `dynamic-cookie-key`, `capture`, `declare capture`.

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_rules::CaptureSlot;

use crate::draft::Draft;
use crate::parse::{Keyword, text};
use crate::settings::{CookieMethod, CookiePersistence};

const BACK: Sections = Sections::BACK;
const FRONT: Sections = Sections::FRONT;

/// Cookies and captures.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "cookie",
        sections: BACK,
        args: "<name> [options]",
        status: Status::Supported,
        run: cookie,
        doc: "persistence by cookie",
    },
    Keyword {
        name: "dynamic-cookie-key",
        sections: BACK,
        args: "<key>",
        status: Status::Refused("dynamic cookies are not part of this version of rhaproxy"),
        run: crate::parse::refuse,
        doc: "key of dynamic cookies",
    },
    Keyword {
        name: "capture cookie",
        sections: FRONT,
        args: "<name> len <length>",
        status: Status::Supported,
        run: capture_cookie,
        doc: "cookie for the log",
    },
    Keyword {
        name: "capture request header",
        sections: FRONT,
        args: "<name> len <length>",
        status: Status::Supported,
        run: capture_request,
        doc: "request header for the log",
    },
    Keyword {
        name: "capture response header",
        sections: FRONT,
        args: "<name> len <length>",
        status: Status::Supported,
        run: capture_response,
        doc: "response header for the log",
    },
    Keyword {
        name: "declare capture request",
        sections: Sections::FRONTEND.and(Sections::LISTEN),
        args: "len <length>",
        status: Status::Supported,
        run: declare_request,
        doc: "slot for http-request capture",
    },
    Keyword {
        name: "declare capture response",
        sections: Sections::FRONTEND.and(Sections::LISTEN),
        args: "len <length>",
        status: Status::Supported,
        run: declare_response,
        doc: "slot for http-response capture",
    },
];

type Outcome = Result<(), ParseError>;

fn cookie(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut cookie = CookiePersistence {
        name: text(cursor, "<cookie_name> as argument")?.into_bytes(),
        ..CookiePersistence::default()
    };
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "rewrite" => method(&mut cookie, CookieMethod::Rewrite, cursor)?,
            "insert" => method(&mut cookie, CookieMethod::Insert, cursor)?,
            "prefix" => method(&mut cookie, CookieMethod::Prefix, cursor)?,
            "indirect" => cookie.indirect = true,
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "preserve" => cookie.preserve = true,
            "httponly" => cookie.httponly = true,
            "secure" => cookie.secure = true,
            "domain" => cookie.domains.push(text(cursor, "a domain")?.into_bytes()),
            "maxidle" => cookie.maxidle_s = Some(seconds(cursor)?),
            "maxlife" => cookie.maxlife_s = Some(seconds(cursor)?),
            "attr" => cookie.attributes.push(text(cursor, "an attribute")?.into_bytes()),
            "dynamic" => {
                return Err(
                    cursor.error_before("'cookie' : 'dynamic' is not part of this version of rhaproxy.")
                );
            }
            other => {
                return Err(cursor.error_before(format!(
                    "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'attr' and 'maxlife' options (got '{other}')."
                )));
            }
        }
    }
    draft.px.settings.cookie = Some(cookie);
    Ok(())
}

fn method(cookie: &mut CookiePersistence, method: CookieMethod, cursor: &Cursor<'_>) -> Outcome {
    if cookie.method != CookieMethod::Passive && cookie.method != method {
        return Err(cursor.error_before("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible."));
    }
    cookie.method = method;
    Ok(())
}

fn seconds(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    use common_base::duration::TimeUnit;
    cursor.duration(TimeUnit::Second, TimeUnit::Second).map(u64::from)
}

/// Name and `len` of a capture.
fn slot(cursor: &mut Cursor<'_>, named: bool) -> Result<(Vec<u8>, usize), ParseError> {
    let name = if named { text(cursor, "a name")?.into_bytes() } else { Vec::new() };
    if !cursor.take_if("len") {
        return Err(cursor.error(format!("'{}' expects 'len' <length> as argument.", cursor.keyword())));
    }
    let length = cursor.integer()?;
    cursor.finish()?;
    Ok((name, length))
}

fn capture_cookie(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.capture_cookie = Some(slot(cursor, true)?);
    Ok(())
}

fn capture_request(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let (name, length) = slot(cursor, true)?;
    draft.px.settings.captures.request.push(CaptureSlot { header: Some(name.to_ascii_lowercase()), length });
    Ok(())
}

fn capture_response(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let (name, length) = slot(cursor, true)?;
    draft.px.settings.captures.response.push(CaptureSlot { header: Some(name.to_ascii_lowercase()), length });
    Ok(())
}

fn declare_request(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let (_, length) = slot(cursor, false)?;
    draft.px.settings.captures.request.push(CaptureSlot { header: None, length });
    Ok(())
}

fn declare_response(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let (_, length) = slot(cursor, false)?;
    draft.px.settings.captures.response.push(CaptureSlot { header: None, length });
    Ok(())
}
