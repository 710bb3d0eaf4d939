//! Health checks of a backend: `option httpchk` and its kin, `http-check`, `tcp-check`.

use std::sync::Arc;

use haproxy_balance::report::CheckStatus;
use haproxy_checks::program::{
    Connect, Expect, HttpSend, Kind, Matcher, Pattern, Program, Step, StepAction, Text, TextMatch,
};
use haproxy_checks::protocols::{self, MysqlLogin};
use haproxy_conf::{Cursor, Negation, ParseError, Sections, Status};

use haproxy_expr::vars::{Scope, VarRef};
use haproxy_expr::{Context, Contexts, Expr, LogFormat, Style};

use crate::draft::Draft;
use crate::parse::{Keyword, text};
use crate::settings::{CheckRequest, CheckValue, GivenInSend};

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
    row!("option external-check", "", external_option, "check by a program"),
    row!("external-check command", "<file>", external_command, "program of external checks"),
    row!("external-check path", "<path>", external_path, "search path of external checks"),
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
    row!("http-check set-var-fmt*", "(<name>[,<cond>...]) <format>", set_format, "variable of the check"),
    row!("http-check set-var*", "(<name>[,<cond>...]) <expression>", set_variable, "variable of the check"),
    row!("http-check unset-var*", "(<name>)", unset_variable, "remove a variable of the check"),
    row!("tcp-check connect", "[default] [port <p>] [addr <a>] [send-proxy] ...", connect, "connect"),
    row!("tcp-check send", "<data> [comment <text>]", tcp_send, "send text"),
    row!("tcp-check send-lf", "<format> [comment <text>]", tcp_send_format, "send a format"),
    row!("tcp-check send-binary", "<hex> [comment <text>]", tcp_send_binary, "send bytes"),
    row!(
        "tcp-check send-binary-lf",
        "<format> [comment <text>]",
        tcp_send_hex_format,
        "send a format of bytes"
    ),
    row!("tcp-check expect", "[!] <match> <pattern>", tcp_expect, "what the answer must be"),
    row!("tcp-check comment", "<text>", comment, "text for failures"),
    row!("tcp-check set-var-fmt*", "(<name>[,<cond>...]) <format>", set_format, "variable of the check"),
    row!("tcp-check set-var*", "(<name>[,<cond>...]) <expression>", set_variable, "variable of the check"),
    row!("tcp-check unset-var*", "(<name>)", unset_variable, "remove a variable of the check"),
];

type Outcome = Result<(), ParseError>;

/// Completes an HTTP check once its section is read. The first request it sends takes what it does not say from
/// `option httpchk`, which is sent as it is when there is no other. A check that expects nothing wants a 2xx or 3xx.
pub fn complete(program: &mut Program, request: &CheckRequest) {
    if program.kind == Kind::Http {
        let first = program.steps.iter_mut().find_map(|step| match &mut step.action {
            StepAction::SendHttp(send) => Some(send),
            _ => None,
        });
        match (first, request.first_send) {
            (Some(send), Some(given)) => {
                let option = &request.option;
                if !given.method {
                    send.method.clone_from(&option.method);
                }
                if !given.uri {
                    send.uri = option.uri.clone();
                }
                if !given.version {
                    send.version.clone_from(&option.version);
                }
            }
            (Some(_), None) => {}
            (None, _) => {
                let before = |step: &Step| !matches!(step.action, StepAction::Expect(_));
                let at = program.steps.iter().take_while(|step| before(step)).count();
                let action = StepAction::SendHttp(request.option.clone());
                program.steps.insert(at, Step { action, comment: None });
            }
        }
    }
    let expects = program.steps.iter().any(|step| matches!(step.action, StepAction::Expect(_)));
    if program.kind == Kind::Http && !expects {
        let expect = Expect::new(Matcher::HttpDefault);
        program.steps.push(Step { action: StepAction::Expect(Box::new(expect)), comment: None });
    }
}

fn check(draft: &mut Draft) -> &mut Program {
    &mut draft.px.settings.check
}

/// The check of a section that words one itself: nothing of what it inherited remains but its kind.
fn own(draft: &mut Draft) -> &mut Program {
    if !std::mem::replace(&mut draft.px.check_is_own, true) {
        draft.px.settings.check.steps.clear();
        draft.px.settings.check_request = CheckRequest::default();
    }
    check(draft)
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
        *own(draft) = Program::default();
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
    let program = own(draft);
    program.kind = Kind::Http;
    draft.px.settings.check_request.option = send;
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

fn external_option(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let wanted = cursor.negation() == Negation::None;
    if wanted {
        // another kind of check gives way
        *own(draft) = Program::default();
    }
    draft.px.settings.options.external_check = wanted;
    cursor.finish()
}

fn external_command(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.external_check.command = Some(text(cursor, "<path> as argument")?.into());
    cursor.finish()
}

fn external_path(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.external_check.path = Some(text(cursor, "<path> as argument")?);
    cursor.finish()
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
    let program = own(draft);
    program.steps.push(Step { action, comment: comment.or(pending) });
}

fn http_send(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut send = HttpSend::default();
    let mut given = GivenInSend::default();
    let mut comment = None;
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "meth" => {
                send.method = text(cursor, "a method")?;
                given.method = true;
            }
            "uri" => {
                send.uri = plain(text(cursor, "an URI")?);
                given.uri = true;
            }
            "uri-lf" => {
                send.uri = format(draft, cursor)?;
                given.uri = true;
            }
            "ver" => {
                send.version = text(cursor, "a version")?;
                given.version = true;
            }
            "hdr" => {
                let name = text(cursor, "a name")?;
                let value = match cursor.peek_str().contains('%') {
                    true => format(draft, cursor)?,
                    false => plain(text(cursor, "a value")?),
                };
                send.headers.push((name, value));
            }
            "body" => send.body = plain(text(cursor, "a body")?),
            "body-lf" => send.body = format(draft, cursor)?,
            "comment" => comment = Some(text(cursor, "a comment")?),
            other => {
                return Err(cursor.error_before(format!(
                    "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{other}' as argument."
                )));
            }
        }
    }
    push(draft, StepAction::SendHttp(send), comment);
    draft.px.settings.check_request.first_send.get_or_insert(given);
    Ok(())
}

/// Reads a log-format and compiles it.
fn format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<Text, ParseError> {
    let source = text(cursor, "a format")?;
    compile_format(draft, cursor, &source)?;
    Ok(Text::Format(source))
}

fn compile_format(draft: &mut Draft, cursor: &Cursor<'_>, source: &str) -> Outcome {
    let compiled = draft.with_expr(Contexts::of(Context::Check), "log-format string", |cx, _| {
        LogFormat::parse(source, Style::Plain, cx)
    });
    let compiled = compiled
        .map_err(|fault| cursor.error_before(format!("'{}' : {}", cursor.keyword(), fault.message)))?;
    draft.px.settings.check_expressions.formats.insert(source.to_owned(), Arc::new(compiled));
    Ok(())
}

/// Reads an expression and compiles it; its text is the key it is found by.
fn expression(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<String, ParseError> {
    let mut words = vec![text(cursor, "an expression")?];
    // a converter may stand in a word of its own
    while cursor.peek_str().starts_with(',') {
        words.push(text(cursor, "a converter")?);
    }
    let source = words.concat();
    let compiled =
        draft.with_expr(Contexts::of(Context::Check), "check expression", |cx, _| Expr::parse(&source, cx));
    let compiled = compiled
        .map_err(|fault| cursor.error_before(format!("'{}' : {}", cursor.keyword(), fault.message)))?;
    draft.px.settings.check_expressions.expressions.insert(source.clone(), Arc::new(compiled));
    Ok(source)
}

/// The variable named in the parentheses of the keyword.
fn variable(draft: &Draft, cursor: &Cursor<'_>) -> Result<VarRef, ParseError> {
    let keyword = cursor.keyword();
    let inner = keyword.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let name = inner.and_then(|inner| inner.split(',').next()).unwrap_or_default();
    if name.is_empty() {
        return Err(cursor.error(format!("'{keyword}' : expects 'set-var(<var-name>)'.")));
    }
    let fault = match VarRef::parse(name, &draft.load.vars) {
        Ok(var) if matches!(var.scope, Scope::Check | Scope::Sess | Scope::Proc) => return Ok(var),
        Ok(_) => "invalid variable scope: a check has 'check', 'sess' and 'proc'".to_owned(),
        Err(fault) => fault.message,
    };
    Err(cursor.error(format!("'{keyword}' : {fault}.")))
}

fn set_step(draft: &mut Draft, cursor: &Cursor<'_>, var: VarRef, source: CheckValue) -> Outcome {
    let key = format!("{} {}", cursor.keyword(), draft.px.settings.check_expressions.variables.len());
    draft.px.settings.check_expressions.variables.insert(key.clone(), (var, source));
    push(draft, StepAction::SetVar(Text::Format(key)), None);
    cursor.finish()
}

fn set_variable(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let var = variable(draft, cursor)?;
    let source = expression(draft, cursor)?;
    set_step(draft, cursor, var, CheckValue::Expression(source))
}

fn set_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let var = variable(draft, cursor)?;
    let source = text(cursor, "a format")?;
    compile_format(draft, cursor, &source)?;
    set_step(draft, cursor, var, CheckValue::Format(source))
}

fn unset_variable(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let var = variable(draft, cursor)?;
    let key = cursor.keyword().to_owned();
    draft.px.settings.check_expressions.variables.insert(key.clone(), (var, CheckValue::Nothing));
    push(draft, StepAction::UnsetVar(key), None);
    cursor.finish()
}

fn connect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut connect = Connect::default();
    let mut comment = None;
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "default" => connect.default = true,
            "port" if cursor.peek_str().parse::<u16>().is_ok() => {
                connect.port = Some(text(cursor, "a port")?);
            }
            "port" => connect.port = Some(expression(draft, cursor)?),
            "addr" => {
                let (address, port) = connect_address(cursor)?;
                connect.addr = Some(address);
                if let Some(port) = port {
                    connect.port = Some(port.to_string());
                }
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
    push(draft, StepAction::Connect(connect), comment);
    Ok(())
}

/// `addr`: an address, with or without a port.
fn connect_address(cursor: &mut Cursor<'_>) -> Result<(std::net::IpAddr, Option<u16>), ParseError> {
    let word = text(cursor, "an address")?;
    if let Ok(address) = word.parse() {
        return Ok((address, None));
    }
    if let Ok(address) = word.parse::<std::net::SocketAddr>() {
        return Ok((address.ip(), Some(address.port())));
    }
    Err(cursor.error_before(format!("'{}' : '{word}' is not an address.", cursor.keyword())))
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

fn tcp_send_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let data = format(draft, cursor)?;
    let comment = step_comment(cursor)?;
    push(draft, StepAction::Send(data), comment);
    Ok(())
}

fn hex_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<Text, ParseError> {
    let source = text(cursor, "a format")?;
    compile_format(draft, cursor, &source)?;
    Ok(Text::HexFormat(source))
}

fn tcp_send_hex_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let data = hex_format(draft, cursor)?;
    let comment = step_comment(cursor)?;
    push(draft, StepAction::Send(data), comment);
    Ok(())
}

/// Whether case counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Counts,
    Ignored,
}

fn pattern(cursor: &mut Cursor<'_>, case: Case) -> Result<Pattern, ParseError> {
    let source = text(cursor, "a <pattern> as argument")?;
    let regex = pcre2::bytes::RegexBuilder::new()
        .caseless(case == Case::Ignored)
        .jit_if_available(true)
        .build(&source);
    match regex {
        Ok(regex) => Ok(Pattern { source, regex }),
        Err(error) => Err(cursor
            .error_before(format!("'{}' : regex '{source}' is invalid (error={error}).", cursor.keyword()))),
    }
}

/// Words that may stand before the match of an expectation, or behind it.
#[derive(Default)]
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

/// One option of an expectation.
struct Wish {
    name: &'static str,
    read: fn(&mut Wishes, &mut Draft, &mut Cursor<'_>) -> Outcome,
}

const WISHES: &[Wish] = &[
    Wish {
        name: "!",
        read: |wishes, _, _| {
            wishes.negate = !wishes.negate;
            Ok(())
        },
    },
    Wish {
        name: "min-recv",
        read: |wishes, _, cursor| {
            // -1 is the default: no minimum
            wishes.min_recv = usize::try_from(cursor.integer::<i64>()?).ok();
            Ok(())
        },
    },
    Wish {
        name: "comment",
        read: |wishes, _, cursor| {
            wishes.comment = Some(text(cursor, "a comment")?);
            Ok(())
        },
    },
    Wish {
        name: "ok-status",
        read: |wishes, _, cursor| {
            wishes.ok_status = Some(status_name(cursor)?);
            Ok(())
        },
    },
    Wish {
        name: "error-status",
        read: |wishes, _, cursor| {
            wishes.error_status = Some(status_name(cursor)?);
            Ok(())
        },
    },
    Wish {
        name: "tout-status",
        read: |wishes, _, cursor| {
            wishes.timeout_status = Some(status_name(cursor)?);
            Ok(())
        },
    },
    Wish {
        name: "on-success",
        read: |wishes, draft, cursor| {
            wishes.on_success = Some(format(draft, cursor)?);
            Ok(())
        },
    },
    Wish {
        name: "on-error",
        read: |wishes, draft, cursor| {
            wishes.on_error = Some(format(draft, cursor)?);
            Ok(())
        },
    },
    Wish {
        name: "status-code",
        read: |wishes, draft, cursor| {
            wishes.status_code = Some(expression(draft, cursor)?);
            Ok(())
        },
    },
];

impl Wishes {
    /// Reads options until a word that is none.
    fn read(&mut self, draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
        while let Some(wish) = WISHES.iter().find(|wish| wish.name == cursor.peek_str()) {
            cursor.next_word();
            (wish.read)(self, draft, cursor)?;
        }
        Ok(())
    }

    /// The word that names the match; `!` may be glued to it.
    fn match_word(&mut self, cursor: &mut Cursor<'_>) -> Result<String, ParseError> {
        let word = text(cursor, "a match")?;
        Ok(match word.strip_prefix('!') {
            Some(rest) => {
                self.negate = !self.negate;
                rest.to_owned()
            }
            None => word,
        })
    }
}

fn status_name(cursor: &mut Cursor<'_>) -> Result<CheckStatus, ParseError> {
    let word = text(cursor, "a status")?;
    match CheckStatus::from_code(&word) {
        Some(status) => Ok(status),
        None => Err(cursor.error_before(format!("'{}' : '{word}' is not a check status.", cursor.keyword()))),
    }
}

fn expect(draft: &mut Draft, cursor: &mut Cursor<'_>, mut wishes: Wishes, matcher: Matcher) -> Outcome {
    wishes.read(draft, cursor)?;
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
    let mut wishes = Wishes::default();
    wishes.read(draft, cursor)?;
    let matcher = match wishes.match_word(cursor)?.as_str() {
        "status" => Matcher::Status(ranges(cursor)?),
        "rstatus" => Matcher::StatusRegex(pattern(cursor, Case::Counts)?),
        "string" => Matcher::Body(plain(text(cursor, "a <pattern> as argument")?)),
        "string-lf" => Matcher::Body(format(draft, cursor)?),
        "rstring" => Matcher::BodyRegex(pattern(cursor, Case::Counts)?),
        "hdr" => header(draft, cursor, false)?,
        "fhdr" => header(draft, cursor, true)?,
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

fn header(draft: &mut Draft, cursor: &mut Cursor<'_>, full: bool) -> Result<Matcher, ParseError> {
    let mut name = None;
    let mut value = None;
    loop {
        let (case, is_format) = match cursor.peek_str() {
            "name" => (Case::Ignored, false),
            "name-lf" => (Case::Ignored, true),
            "value" => (Case::Counts, false),
            "value-lf" => (Case::Counts, true),
            _ => break,
        };
        cursor.next_word();
        let method = if cursor.take_if("-m") { text(cursor, "a match method")? } else { "str".to_owned() };
        let matching = text_match(draft, cursor, &method, case, is_format)?;
        if case == Case::Ignored { name = Some(matching) } else { value = Some(matching) }
    }
    match name {
        Some(name) => Ok(Matcher::Header { name, value, full }),
        None => Err(cursor.error("'http-check expect hdr' : expects a name.")),
    }
}

/// How a text of the configuration becomes a match.
type MakeMatch = fn(Text) -> TextMatch;

const MATCH_METHODS: &[(&str, MakeMatch)] = &[
    ("str", TextMatch::Is),
    ("beg", TextMatch::Begins),
    ("end", TextMatch::Ends),
    ("sub", TextMatch::Contains),
];

fn text_match(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    method: &str,
    case: Case,
    is_format: bool,
) -> Result<TextMatch, ParseError> {
    if method == "reg" && !is_format {
        return Ok(TextMatch::Regex(pattern(cursor, case)?));
    }
    let Some((_, make)) = MATCH_METHODS.iter().find(|(name, _)| *name == method) else {
        return Err(
            cursor.error_before(format!("'http-check expect hdr' : '{method}' is not a match method."))
        );
    };
    if is_format {
        return Ok(make(format(draft, cursor)?));
    }
    let word = text(cursor, "a value")?;
    // names arrive in lower case
    Ok(make(plain(if case == Case::Ignored { word.to_ascii_lowercase() } else { word })))
}

fn tcp_expect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut wishes = Wishes::default();
    wishes.read(draft, cursor)?;
    let matcher = match wishes.match_word(cursor)?.as_str() {
        "string" => Matcher::String(plain(text(cursor, "a <pattern> as argument")?)),
        "rstring" => Matcher::StringRegex(pattern(cursor, Case::Counts)?),
        "binary" => Matcher::Binary(plain(hex(cursor)?)),
        "rbinary" => Matcher::BinaryRegex(pattern(cursor, Case::Counts)?),
        "string-lf" => Matcher::String(format(draft, cursor)?),
        "binary-lf" => Matcher::Binary(hex_format(draft, cursor)?),
        other => {
            return Err(cursor.error_before(format!(
                "'tcp-check expect' : expects '[!]binary', '[!]string', '[!]rstring', '[!]rbinary' but got '{other}' as argument."
            )));
        }
    };
    expect(draft, cursor, wishes, matcher)
}
