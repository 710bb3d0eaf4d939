//! Health checks of a backend: `option httpchk` and its kin, `http-check`, `tcp-check`.

use haproxy_balance::report::CheckStatus;
use haproxy_checks::program::{
    Connect, Expect, HttpSend, Kind, Matcher, Pattern, Program, Step, StepAction, Text, TextMatch,
};
use haproxy_checks::protocols::{self, MysqlLogin};
use haproxy_conf::{Cursor, Negation, ParseError, Sections, Status};

use crate::draft::Draft;
use crate::parse::{Keyword, refuse, text};

const BACK: Sections = Sections::BACK;

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: BACK, args: $args, status: Status::Supported, run: $run, doc: $doc }
    };
}

/// Checks.
pub const KEYWORDS: &[Keyword] = &[
    row!("option httpchk", "[<method>] [<uri> [<version>]]", httpchk, "check by HTTP"),
    row!("option ssl-hello-chk", "", ssl_hello, "check by a TLS hello"),
    row!("option smtpchk", "[<hello> <domain>]", smtpchk, "check by SMTP"),
    row!("option mysql-check", "[user <name> [pre-41 | post-41]]", mysql, "check by MySQL"),
    row!("option pgsql-check", "user <name>", pgsql, "check by PostgreSQL"),
    row!("option redis-check", "", redis, "check by Redis"),
    row!("option ldap-check", "", ldap, "check by LDAP"),
    row!("option spop-check", "", spop, "check by SPOP"),
    Keyword {
        name: "option external-check",
        sections: BACK,
        args: "",
        status: Status::Refused("external checks are not part of this version of rhaproxy"),
        run: refuse,
        doc: "check by a program",
    },
    Keyword {
        name: "external-check command",
        sections: BACK,
        args: "<file>",
        status: Status::Accepted("external checks are not part of this version"),
        run: crate::parse::accept,
        doc: "program of external checks",
    },
    Keyword {
        name: "external-check path",
        sections: BACK,
        args: "<path>",
        status: Status::Accepted("external checks are not part of this version"),
        run: crate::parse::accept,
        doc: "search path of external checks",
    },
    row!("http-check disable-on-404", "", disable_on_404, "404 means the server stops"),
    row!("http-check send-state", "", send_state, "tell the server its state"),
    row!(
        "http-check send",
        "[meth <m>] [uri <u>] [ver <v>] [hdr <n> <v>]* [body <b>]",
        http_send,
        "request of the check"
    ),
    row!("http-check expect", "[!] <match> <pattern>", http_expect, "what the answer must be"),
    row!(
        "http-check connect",
        "[default] [port <p>] [addr <a>] [send-proxy] ...",
        connect,
        "connect once more"
    ),
    row!("http-check comment", "<text>", comment, "text for failures"),
    row!("http-check set-var*", "<expression>", unsupported, "variable of the check"),
    row!("http-check unset-var*", "", unsupported, "remove a variable of the check"),
    row!("tcp-check connect", "[default] [port <p>] [addr <a>] [send-proxy] ...", connect, "connect"),
    row!("tcp-check send", "<data> [comment <text>]", tcp_send, "send text"),
    row!("tcp-check send-lf", "<format>", unsupported, "send a format"),
    row!("tcp-check send-binary", "<hex> [comment <text>]", tcp_send_binary, "send bytes"),
    row!("tcp-check send-binary-lf", "<format>", unsupported, "send a format of bytes"),
    row!("tcp-check expect", "[!] <match> <pattern>", tcp_expect, "what the answer must be"),
    row!("tcp-check comment", "<text>", comment, "text for failures"),
    row!("tcp-check set-var*", "<expression>", unsupported, "variable of the check"),
    row!("tcp-check unset-var*", "", unsupported, "remove a variable of the check"),
];

type Outcome = Result<(), ParseError>;

/// Completes a check once its section is read: an HTTP check that expects nothing wants a 2xx or 3xx.
pub fn complete(program: &mut Program) {
    let expects = program.steps.iter().any(|step| matches!(step.action, StepAction::Expect(_)));
    if program.kind == Kind::Http && !expects {
        let expect = Expect::new(Matcher::HttpDefault);
        program.steps.push(Step { action: StepAction::Expect(Box::new(expect)), comment: None });
    }
}

fn unsupported(_: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    Err(cursor.error(format!("'{}' is not part of this version of rhaproxy.", cursor.keyword())))
}

fn check(draft: &mut Draft) -> &mut Program {
    &mut draft.px.settings.check
}

fn plain(bytes: impl Into<Vec<u8>>) -> Text {
    Text::Plain(bytes.into())
}

/// `option tcp-check`
pub fn tcp_check_option(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.negation() != Negation::None {
        *check(draft) = Program::default();
        return cursor.finish();
    }
    if check(draft).kind != Kind::Tcp {
        *check(draft) = Program::default();
    }
    cursor.finish()
}

fn httpchk(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.negation() != Negation::None {
        *check(draft) = Program::default();
        return cursor.finish();
    }
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_bstr().to_string()).collect();
    let mut send = HttpSend::default();
    match words.as_slice() {
        [] => {}
        [uri] => send.uri = plain(uri.as_bytes()),
        [method, uri, rest @ ..] => {
            send.method = method.clone();
            send.uri = plain(uri.as_bytes());
            if let Some(version) = rest.first() {
                let (version, hidden) = version.split_once("\r\n").unwrap_or((version, ""));
                send.version = version.to_owned();
                if !hidden.is_empty() || rest.len() > 1 {
                    cursor.warn("'option httpchk' : hiding headers or body at the end of the version string is deprecated. Please, consider to use 'http-check send' directive instead.");
                    let tail = [hidden, &rest[1..].join(" ")].concat();
                    hidden_headers(&tail, &mut send);
                }
            }
        }
    }
    let program = check(draft);
    if program.kind != Kind::Http {
        let (disable, state) = (program.disable_on_404, program.send_state);
        *program =
            Program { kind: Kind::Http, disable_on_404: disable, send_state: state, steps: Vec::new() };
    }
    program.steps.retain(|step| !matches!(step.action, StepAction::SendHttp(_)));
    program.steps.insert(0, Step { action: StepAction::SendHttp(send), comment: None });
    Ok(())
}

/// Headers written behind the version, as old configurations do.
fn hidden_headers(text: &str, send: &mut HttpSend) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            send.headers.push((name.trim().to_owned(), plain(value.trim())));
        }
    }
    if !body.is_empty() {
        send.body = plain(body);
    }
}

fn protocol(draft: &mut Draft, cursor: &Cursor<'_>, program: Program) -> Outcome {
    *check(draft) = if cursor.negation() == Negation::None { program } else { Program::default() };
    cursor.finish()
}

fn ssl_hello(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    protocol(draft, cursor, protocols::ssl_hello(0))
}

fn smtpchk(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut hello = "HELO localhost".to_owned();
    if !cursor.at_end() {
        let verb = text(cursor, "HELO or EHLO")?;
        let domain = text(cursor, "a domain")?;
        if !matches!(verb.as_str(), "HELO" | "EHLO") {
            return Err(cursor.error_before(format!("'option smtpchk' expects HELO or EHLO, got '{verb}'.")));
        }
        hello = format!("{verb} {domain}");
    }
    protocol(draft, cursor, protocols::smtp(&hello))
}

fn mysql(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut user = None;
    if cursor.take_if("user") {
        user = Some(text(cursor, "<username> as argument")?);
    }
    let login = match cursor.next_word() {
        None => MysqlLogin::Post41,
        Some(word) => match word.as_str() {
            "post-41" => MysqlLogin::Post41,
            "pre-41" => MysqlLogin::Pre41,
            other => {
                return Err(cursor.error_before(format!(
                    "keyword 'option mysql-check' only supports 'post-41' and 'pre-41' (got '{other}')."
                )));
            }
        },
    };
    protocol(draft, cursor, protocols::mysql(user.as_deref().map(|user| (user, login))))
}

fn pgsql(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if !cursor.take_if("user") {
        return Err(cursor.error("'option pgsql-check' expects 'user <username>' as argument."));
    }
    let user = text(cursor, "<username> as argument")?;
    protocol(draft, cursor, protocols::pgsql(&user))
}

fn redis(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    protocol(draft, cursor, protocols::redis())
}

fn ldap(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    protocol(draft, cursor, protocols::ldap())
}

fn spop(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    protocol(draft, cursor, protocols::spop())
}

fn disable_on_404(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    check(draft).disable_on_404 = true;
    cursor.finish()
}

fn send_state(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    check(draft).send_state = true;
    cursor.finish()
}

fn push(draft: &mut Draft, action: StepAction, comment: Option<String>) {
    let pending = draft.px.check_comment.take();
    let program = check(draft);
    program.steps.push(Step { action, comment: comment.or(pending) });
}

fn http_send(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let request_given = std::mem::replace(&mut draft.px.check_request_given, true);
    let program = check(draft);
    // the first send without connect before it is the request of `option httpchk`, completed
    let first = program.steps.len() == 1
        && matches!(program.steps[0].action, StepAction::SendHttp(_))
        && !request_given;
    let mut send = match program.steps.first() {
        Some(Step { action: StepAction::SendHttp(send), .. }) if first => send.clone(),
        _ => HttpSend::default(),
    };
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "meth" => send.method = text(cursor, "a method")?,
            "uri" => send.uri = plain(text(cursor, "an URI")?),
            "uri-lf" => send.uri = Text::Format(text(cursor, "an URI")?),
            "ver" => send.version = text(cursor, "a version")?,
            "hdr" => {
                let name = text(cursor, "a name")?;
                let value = text(cursor, "a value")?;
                let value = if value.contains('%') { Text::Format(value) } else { plain(value) };
                send.headers.push((name, value));
            }
            "body" => send.body = plain(text(cursor, "a body")?),
            "body-lf" => send.body = Text::Format(text(cursor, "a body")?),
            "comment" => {
                text(cursor, "a comment")?;
            }
            other => {
                return Err(cursor.error_before(format!(
                    "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{other}' as argument."
                )));
            }
        }
    }
    if first {
        program.steps[0].action = StepAction::SendHttp(send);
    } else {
        push(draft, StepAction::SendHttp(send), None);
    }
    Ok(())
}

fn connect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut connect = Connect::default();
    let mut comment = None;
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "default" => connect.default = true,
            "port" => connect.port = Some(text(cursor, "a port")?),
            "addr" => {
                let address = text(cursor, "an address")?;
                connect.addr = Some(
                    address
                        .parse()
                        .map_err(|_| cursor.error_before(format!("'{address}' is not an address.")))?,
                );
            }
            "send-proxy" => connect.send_proxy = true,
            "linger" => connect.linger = true,
            "comment" => comment = Some(text(cursor, "a comment")?),
            "proto" => connect.proto = Some(text(cursor, "a protocol")?),
            "ssl" | "sni" | "alpn" => {
                return Err(cursor.error_before(format!(
                    "'{} {word}' : TLS is not part of this version of rhaproxy.",
                    cursor.keyword()
                )));
            }
            other => {
                return Err(cursor.error_before(format!(
                    "'{}' : expects 'comment', 'port', 'addr', 'send-proxy', 'linger' or 'default' but got '{other}' as argument.",
                    cursor.keyword()
                )));
            }
        }
    }
    let request_given = draft.px.check_request_given;
    let program = check(draft);
    if program.kind == Kind::Http && program.steps.len() == 1 && !request_given {
        // a connect before everything else stands before the request
        let step = Step { action: StepAction::Connect(connect), comment };
        program.steps.insert(0, step);
        return Ok(());
    }
    push(draft, StepAction::Connect(connect), comment);
    Ok(())
}

fn comment(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words = text(cursor, "a comment")?;
    draft.px.check_comment = Some(words);
    cursor.finish()
}

fn step_comment(cursor: &mut Cursor<'_>) -> Result<Option<String>, ParseError> {
    let comment = if cursor.take_if("comment") { Some(text(cursor, "a comment")?) } else { None };
    cursor.finish()?;
    Ok(comment)
}

fn tcp_send(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'tcp-check send' : expects a <string> as argument."));
    };
    let data = plain(word.as_bytes());
    let comment = step_comment(cursor)?;
    push(draft, StepAction::Send(data), comment);
    Ok(())
}

fn hex(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, ParseError> {
    let word = text(cursor, "a hexadecimal string")?;
    let digits: Option<Vec<u8>> = word.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    match digits {
        Some(digits) if digits.len().is_multiple_of(2) && !digits.is_empty() => {
            Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => Err(cursor
            .error_before(format!("'{}' : '{word}' is not a valid hexadecimal string.", cursor.keyword()))),
    }
}

fn tcp_send_binary(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let data = plain(hex(cursor)?);
    let comment = step_comment(cursor)?;
    push(draft, StepAction::Send(data), comment);
    Ok(())
}

fn pattern(cursor: &mut Cursor<'_>) -> Result<Pattern, ParseError> {
    let source = text(cursor, "a <pattern> as argument")?;
    let regex = pcre2::bytes::RegexBuilder::new().jit_if_available(true).build(&source);
    match regex {
        Ok(regex) => Ok(Pattern { source, regex }),
        Err(error) => Err(cursor
            .error_before(format!("'{}' : regex '{source}' is invalid (error={error}).", cursor.keyword()))),
    }
}

/// Words that may stand before the match of an expectation.
struct Wishes {
    negate: bool,
    min_recv: Option<usize>,
    ok_status: Option<CheckStatus>,
    error_status: Option<CheckStatus>,
    timeout_status: Option<CheckStatus>,
    on_success: Option<Text>,
    on_error: Option<Text>,
    status_code: Option<String>,
    comment: Option<String>,
}

fn wishes(cursor: &mut Cursor<'_>) -> Result<Wishes, ParseError> {
    let mut wishes = Wishes {
        negate: false,
        min_recv: None,
        ok_status: None,
        error_status: None,
        timeout_status: None,
        on_success: None,
        on_error: None,
        status_code: None,
        comment: None,
    };
    loop {
        match cursor.peek_str() {
            "!" => {
                cursor.next_word();
                wishes.negate = !wishes.negate;
            }
            "min-recv" => {
                cursor.next_word();
                wishes.min_recv = usize::try_from(cursor.integer::<i64>()?).ok();
            }
            "comment" => {
                cursor.next_word();
                wishes.comment = Some(text(cursor, "a comment")?);
            }
            "ok-status" => {
                cursor.next_word();
                wishes.ok_status = Some(status_name(cursor)?);
            }
            "error-status" => {
                cursor.next_word();
                wishes.error_status = Some(status_name(cursor)?);
            }
            "tout-status" => {
                cursor.next_word();
                wishes.timeout_status = Some(status_name(cursor)?);
            }
            "on-success" => {
                cursor.next_word();
                wishes.on_success = Some(Text::Format(text(cursor, "a format")?));
            }
            "on-error" => {
                cursor.next_word();
                wishes.on_error = Some(Text::Format(text(cursor, "a format")?));
            }
            "status-code" => {
                cursor.next_word();
                wishes.status_code = Some(text(cursor, "an expression")?);
            }
            _ => return Ok(wishes),
        }
    }
}

fn status_name(cursor: &mut Cursor<'_>) -> Result<CheckStatus, ParseError> {
    let word = text(cursor, "a status")?;
    match CheckStatus::from_code(&word) {
        Some(status) => Ok(status),
        None => Err(cursor.error_before(format!("'{}' : '{word}' is not a check status.", cursor.keyword()))),
    }
}

fn expect(draft: &mut Draft, cursor: &mut Cursor<'_>, wishes: Wishes, matcher: Matcher) -> Outcome {
    let mut expect = Expect::new(matcher);
    expect.negate = wishes.negate;
    expect.min_recv = wishes.min_recv;
    if let Some(status) = wishes.ok_status {
        expect.ok_status = status;
    }
    expect.error_status = wishes.error_status;
    if let Some(status) = wishes.timeout_status {
        expect.timeout_status = status;
    }
    expect.on_success = wishes.on_success;
    expect.on_error = wishes.on_error;
    expect.status_code = wishes.status_code;
    cursor.finish()?;
    push(draft, StepAction::Expect(Box::new(expect)), wishes.comment);
    Ok(())
}

fn http_expect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let wishes = wishes(cursor)?;
    let matcher = match text(cursor, "a match")?.as_str() {
        "status" => Matcher::Status(ranges(cursor)?),
        "rstatus" => Matcher::StatusRegex(pattern(cursor)?),
        "string" => Matcher::Body(plain(text(cursor, "a <pattern> as argument")?)),
        "string-lf" => Matcher::Body(Text::Format(text(cursor, "a <pattern> as argument")?)),
        "rstring" => Matcher::BodyRegex(pattern(cursor)?),
        "hdr" => header(cursor, false)?,
        "fhdr" => header(cursor, true)?,
        other => {
            return Err(cursor.error_before(format!(
                "'http-check expect' : expects '[r]status', '[r]string', 'hdr' or 'fhdr' as argument, got '{other}'."
            )));
        }
    };
    expect(draft, cursor, wishes, matcher)
}

fn ranges(cursor: &mut Cursor<'_>) -> Result<Vec<(u16, u16)>, ParseError> {
    let word = text(cursor, "a <pattern> as argument")?;
    let parsed: Option<Vec<(u16, u16)>> = word
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect();
    parsed.ok_or_else(|| {
        cursor.error_before(format!("'http-check expect' : invalid status code or range '{word}'."))
    })
}

fn header(cursor: &mut Cursor<'_>, full: bool) -> Result<Matcher, ParseError> {
    let mut name = None;
    let mut value = None;
    loop {
        let is_name = match cursor.peek_str() {
            "name" | "name-lf" => true,
            "value" | "value-lf" => false,
            _ => break,
        };
        cursor.next_word();
        let mut method = "str".to_owned();
        if cursor.take_if("-m") {
            method = text(cursor, "a match method")?;
        }
        let matching = match method.as_str() {
            "reg" => TextMatch::Regex(pattern(cursor)?),
            "str" => TextMatch::Is(plain(text(cursor, "a value")?)),
            "beg" => TextMatch::Begins(plain(text(cursor, "a value")?)),
            "end" => TextMatch::Ends(plain(text(cursor, "a value")?)),
            "sub" => TextMatch::Contains(plain(text(cursor, "a value")?)),
            other => {
                return Err(cursor
                    .error_before(format!("'http-check expect hdr' : '{other}' is not a match method.")));
            }
        };
        if is_name { name = Some(matching) } else { value = Some(matching) }
    }
    match name {
        Some(name) => Ok(Matcher::Header { name, value, full }),
        None => Err(cursor.error("'http-check expect hdr' : expects a name.")),
    }
}

fn tcp_expect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let wishes = wishes(cursor)?;
    let matcher = match text(cursor, "a match")?.as_str() {
        "string" => Matcher::String(plain(text(cursor, "a <pattern> as argument")?)),
        "rstring" => Matcher::StringRegex(pattern(cursor)?),
        "binary" => Matcher::Binary(plain(hex(cursor)?)),
        "rbinary" => Matcher::BinaryRegex(pattern(cursor)?),
        "string-lf" => Matcher::String(Text::Format(text(cursor, "a <pattern> as argument")?)),
        "binary-lf" => Matcher::Binary(Text::Format(text(cursor, "a <pattern> as argument")?)),
        other => {
            return Err(cursor.error_before(format!(
                "'tcp-check expect' : expects '[!]binary', '[!]string', '[!]rstring', '[!]rbinary' but got '{other}' as argument."
            )));
        }
    };
    expect(draft, cursor, wishes, matcher)
}
