//! Does an answer meet an expectation?

use haproxy_balance::report::CheckStatus;

use crate::agent::AgentReport;
use crate::outcome::clean;
use crate::program::{Expect, Kind, Matcher, Program, Text, TextMatch};
use crate::protocols;
use crate::run::{Host, render};

/// What an answer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// More data may change the verdict.
    NeedMore,
    /// Expectation met.
    Passed {
        /// Code of the answer.
        code: Option<u32>,
        /// Words for the report should this be the last step.
        info: String,
    },
    /// The probe ends here.
    Ended {
        /// With this result.
        status: CheckStatus,
        /// Code of the answer.
        code: Option<u32>,
        /// Words for the report.
        info: String,
    },
    /// An agent spoke.
    Agent {
        /// What it means.
        status: CheckStatus,
        /// What it asks for.
        report: AgentReport,
        /// Words for the report.
        info: String,
    },
}

impl Verdict {
    /// The probe ends with a failure.
    pub fn failed(status: CheckStatus, code: Option<u32>, info: impl Into<String>) -> Self {
        Verdict::Ended { status, code, info: info.into() }
    }
}

/// Judges `answer`; `last` when no more can come. `step` and `comment` word the report.
pub fn judge(
    program: &Program,
    expect: &Expect,
    answer: &[u8],
    last: bool,
    step: usize,
    comment: Option<&str>,
    host: &dyn Host,
) -> Verdict {
    match (&expect.matcher, program.kind) {
        (Matcher::Protocol(protocol), _) => protocols::judge(*protocol, answer, last, step),
        (_, Kind::Http) => judge_http(program, expect, answer, last, comment, host),
        (_, Kind::Tcp | Kind::Protocol | Kind::Agent) => judge_tcp(expect, answer, last, step, comment, host),
    }
}

/// How a matcher is named when an answer did not come in time.
pub fn describe(matcher: &Matcher) -> String {
    match matcher {
        Matcher::String(text) => format!("expect string '{}'", String::from_utf8_lossy(text.source())),
        Matcher::StringRegex(_) => "expect regex".to_owned(),
        Matcher::Binary(_) => "expect binary".to_owned(),
        Matcher::BinaryRegex(_) => "expect binary regex".to_owned(),
        Matcher::Status(_)
        | Matcher::StatusRegex(_)
        | Matcher::Header { .. }
        | Matcher::Body(_)
        | Matcher::BodyRegex(_)
        | Matcher::HttpDefault
        | Matcher::Protocol(_) => "expect".to_owned(),
    }
}

fn judge_tcp(
    expect: &Expect,
    answer: &[u8],
    last: bool,
    step: usize,
    comment: Option<&str>,
    host: &dyn Host,
) -> Verdict {
    let comment = comment.map_or_else(String::new, |comment| format!(" comment: '{comment}'"));
    if answer.is_empty() {
        let info = format!("TCPCHK got an empty response at step {step}{comment}");
        return if last {
            end(expect, CheckStatus::L7Response, None, info, answer, host)
        } else {
            Verdict::NeedMore
        };
    }
    if !last && expect.min_recv.is_some_and(|min| answer.len() < min) {
        return Verdict::NeedMore;
    }
    let conclusive = last || expect.min_recv.is_some();
    let found = match &expect.matcher {
        Matcher::String(text) | Matcher::Binary(text) => {
            let wanted = render(text, answer, host);
            memchr::memmem::find(answer, &wanted).is_some()
        }
        Matcher::StringRegex(pattern) => pattern.regex.is_match(answer).unwrap_or(false),
        Matcher::BinaryRegex(pattern) => {
            let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
            pattern.regex.is_match(hex.as_bytes()).unwrap_or(false)
        }
        Matcher::Status(_)
        | Matcher::StatusRegex(_)
        | Matcher::Header { .. }
        | Matcher::Body(_)
        | Matcher::BodyRegex(_)
        | Matcher::HttpDefault
        | Matcher::Protocol(_) => false,
    };
    if found != expect.negate && (found || conclusive) {
        return pass(expect, Some(0), "(tcp-check)", answer, host);
    }
    if !found && !conclusive {
        return Verdict::NeedMore;
    }
    let how = if found { "matched unwanted content" } else { "did not match content" };
    let what = match &expect.matcher {
        Matcher::String(text) => format!("'{}'", String::from_utf8_lossy(&render(text, answer, host))),
        Matcher::StringRegex(_) => "(regex)".to_owned(),
        Matcher::BinaryRegex(_) => "(binary regex)".to_owned(),
        _ => "(binary)".to_owned(),
    };
    let info = format!("TCPCHK {how} {what} at step {step}{comment}");
    end(expect, CheckStatus::L7Response, None, info, answer, host)
}

/// Head of an HTTP answer.
struct Head<'a> {
    status: u16,
    reason: &'a str,
    fields: Vec<(&'a str, &'a [u8])>,
    body_at: usize,
}

/// Most header fields a check's answer may have.
const FIELDS_MAX: usize = 128;

enum Parsed<T> {
    Partial,
    Invalid,
    Complete(T),
}

fn parse_head<T>(answer: &[u8], then: impl FnOnce(Head<'_>) -> T) -> Parsed<T> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(answer) {
        Ok(httparse::Status::Complete(body_at)) => {
            let fields = response.headers.iter().map(|field| (field.name, field.value)).collect();
            let (status, reason) = (response.code.unwrap_or(0), response.reason.unwrap_or(""));
            Parsed::Complete(then(Head { status, reason, fields, body_at }))
        }
        Ok(httparse::Status::Partial) => Parsed::Partial,
        Err(_) => Parsed::Invalid,
    }
}

fn judge_http(
    program: &Program,
    expect: &Expect,
    answer: &[u8],
    last: bool,
    comment: Option<&str>,
    host: &dyn Host,
) -> Verdict {
    let parsed = parse_head(answer, |head| judge_head(program, expect, answer, &head, last, comment, host));
    match parsed {
        Parsed::Complete(verdict) => verdict,
        Parsed::Partial if !last => Verdict::NeedMore,
        Parsed::Partial | Parsed::Invalid => Verdict::failed(CheckStatus::L7Response, None, ""),
    }
}

fn judge_head(
    program: &Program,
    expect: &Expect,
    answer: &[u8],
    head: &Head<'_>,
    last: bool,
    comment: Option<&str>,
    host: &dyn Host,
) -> Verdict {
    let comment = comment.map_or_else(String::new, |comment| format!(" comment: {comment}"));
    let code = Some(u32::from(head.status));
    if program.disable_on_404 && head.status == 404 && host.server_is_up() {
        return Verdict::Ended { status: CheckStatus::L7OkConditional, code, info: String::new() };
    }
    let found = match &expect.matcher {
        Matcher::HttpDefault => (200..400).contains(&head.status),
        Matcher::Status(ranges) => ranges.iter().any(|&(low, high)| (low..=high).contains(&head.status)),
        Matcher::StatusRegex(pattern) => {
            pattern.regex.is_match(head.status.to_string().as_bytes()).unwrap_or(false)
        }
        Matcher::Header { name, value, full } => {
            header_matches(head, name, value.as_ref(), *full, answer, host)
        }
        Matcher::Body(_) | Matcher::BodyRegex(_) => {
            return judge_body(expect, answer, head, last, &comment, host);
        }
        Matcher::String(_)
        | Matcher::StringRegex(_)
        | Matcher::Binary(_)
        | Matcher::BinaryRegex(_)
        | Matcher::Protocol(_) => false,
    };
    if found != expect.negate {
        return pass(expect, code, "", answer, host);
    }
    end(expect, CheckStatus::L7Status, code, format!("{}{comment}", head.reason), answer, host)
}

fn judge_body(
    expect: &Expect,
    answer: &[u8],
    head: &Head<'_>,
    last: bool,
    comment: &str,
    host: &dyn Host,
) -> Verdict {
    let (body, whole) = body(head, answer);
    let whole = whole || last;
    if body.is_empty() {
        if !whole {
            return Verdict::NeedMore;
        }
        let info = format!("HTTP content check could not find a response body{comment}");
        return end(expect, CheckStatus::L7Response, None, info, answer, host);
    }
    let found = match &expect.matcher {
        Matcher::BodyRegex(pattern) => pattern.regex.is_match(&body).unwrap_or(false),
        Matcher::Body(text) => memchr::memmem::find(&body, &render(text, answer, host)).is_some(),
        _ => false,
    };
    if !found && !whole {
        return Verdict::NeedMore;
    }
    if found != expect.negate {
        return pass(expect, Some(u32::from(head.status)), "", answer, host);
    }
    let words =
        if found { "HTTP check matched unwanted content" } else { "HTTP content check did not match" };
    end(expect, CheckStatus::L7Response, None, format!("{words}{comment}"), answer, host)
}

/// The body received so far, without chunk framing, and whether it is whole.
fn body(head: &Head<'_>, answer: &[u8]) -> (Vec<u8>, bool) {
    let rest = &answer[head.body_at..];
    let field = |name: &str| head.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v);
    if field("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().ends_with(b"chunked")) {
        return unchunk(rest);
    }
    let length =
        field("content-length").and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    match length {
        Some(length) if rest.len() >= length => (rest[..length].to_vec(), true),
        Some(_) | None => (rest.to_vec(), false),
    }
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((_, 0))) => return (body, true),
            Ok(httparse::Status::Complete((at, size))) => {
                let available = rest.len() - at;
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                if available <= size {
                    body.extend_from_slice(&rest[at..]);
                    return (body, false);
                }
                body.extend_from_slice(&rest[at..at + size]);
                rest = rest[at + size..].strip_prefix(b"\r\n").unwrap_or(&rest[at + size..]);
            }
            Ok(httparse::Status::Partial) | Err(_) => return (body, false),
        }
    }
}

fn header_matches(
    head: &Head<'_>,
    name: &TextMatch,
    value: Option<&TextMatch>,
    full: bool,
    answer: &[u8],
    host: &dyn Host,
) -> bool {
    head.fields.iter().any(|(field, line)| {
        let named = text_matches(name, field.to_ascii_lowercase().as_bytes(), answer, host);
        named
            && match value {
                None => true,
                Some(wanted) if full => text_matches(wanted, line.trim_ascii(), answer, host),
                Some(wanted) => {
                    line.split(|&b| b == b',').any(|v| text_matches(wanted, v.trim_ascii(), answer, host))
                }
            }
    })
}

fn text_matches(wanted: &TextMatch, bytes: &[u8], answer: &[u8], host: &dyn Host) -> bool {
    match wanted {
        TextMatch::Is(text) => render(text, answer, host) == bytes,
        TextMatch::Begins(text) => bytes.starts_with(&render(text, answer, host)),
        TextMatch::Ends(text) => bytes.ends_with(&render(text, answer, host)),
        TextMatch::Contains(text) => memchr::memmem::find(bytes, &render(text, answer, host)).is_some(),
        TextMatch::Regex(pattern) => pattern.regex.is_match(bytes).unwrap_or(false),
    }
}

fn pass(expect: &Expect, code: Option<u32>, info: &str, answer: &[u8], host: &dyn Host) -> Verdict {
    let code = expect.status_code.as_ref().map_or(code, |source| host.integer(source, answer));
    let info = expect.on_success.as_ref().map_or_else(|| info.to_owned(), |text| shown(text, answer, host));
    Verdict::Passed { code, info }
}

fn end(
    expect: &Expect,
    status: CheckStatus,
    code: Option<u32>,
    info: String,
    answer: &[u8],
    host: &dyn Host,
) -> Verdict {
    let status = expect.error_status.unwrap_or(status);
    let code = expect.status_code.as_ref().map_or(code, |source| host.integer(source, answer));
    let code = code.filter(|_| {
        matches!(status, CheckStatus::L7Status | CheckStatus::L7Ok | CheckStatus::L7OkConditional)
    });
    let info = expect.on_error.as_ref().map_or(info, |text| shown(text, answer, host));
    Verdict::Ended { status, code, info }
}

fn shown(text: &Text, answer: &[u8], host: &dyn Host) -> String {
    clean(&render(text, answer, host))
}
