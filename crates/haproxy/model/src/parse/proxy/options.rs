//! `option ...`.

use haproxy_conf::{Cursor, Negation, ParseError, Sections, Status};

use crate::draft::Draft;
use crate::parse::{Keyword, text};
use crate::settings::{AddressHeader, ConnectionMode, LogLine};

const PROXY: Sections = Sections::PROXY;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;

macro_rules! switch {
    ($name:literal, $sections:expr, $field:ident, $doc:literal) => {
        Keyword {
            name: $name,
            sections: $sections,
            args: "",
            status: Status::Supported,
            run: |draft, cursor| {
                draft.px.settings.options.$field = cursor.negation() == Negation::None;
                cursor.finish()
            },
            doc: $doc,
        }
    };
}

macro_rules! row {
    ($name:literal, $sections:expr, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: $sections, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// All options but those of checks.
pub const KEYWORDS: &[Keyword] = &[
    row!(
        "option abortonclose",
        PROXY,
        "",
        Status::Supported,
        abortonclose,
        "give up when the client has gone"
    ),
    switch!(
        "option accept-unsafe-violations-in-http-request",
        FRONT,
        accept_unsafe_request,
        "let malformed requests through"
    ),
    switch!(
        "option accept-unsafe-violations-in-http-response",
        BACK,
        accept_unsafe_response,
        "let malformed responses through"
    ),
    row!(
        "option accept-invalid-http-request",
        FRONT,
        "",
        Status::Legacy { modern: "option accept-unsafe-violations-in-http-request" },
        invalid_request,
        "old name"
    ),
    row!(
        "option accept-invalid-http-response",
        BACK,
        "",
        Status::Legacy { modern: "option accept-unsafe-violations-in-http-response" },
        invalid_response,
        "old name"
    ),
    switch!("option allbackups", BACK, allbackups, "use all backups together"),
    row!(
        "option checkcache",
        BACK,
        "",
        Status::Accepted("responses are not inspected for cacheable cookies in this version"),
        nothing,
        "refuse cacheable cookies"
    ),
    switch!("option clitcpka", FRONT, client_keepalive, "TCP keep-alive on the client side"),
    switch!("option srvtcpka", BACK, server_keepalive, "TCP keep-alive on the server side"),
    row!("option tcpka", PROXY, "", Status::Supported, tcpka, "TCP keep-alive on both sides"),
    row!(
        "option contstats",
        FRONT,
        "",
        Status::Accepted("bytes are counted when a stream ends"),
        nothing,
        "count bytes as they flow"
    ),
    row!(
        "option disable-h2-upgrade",
        FRONT,
        "",
        Status::Accepted("HTTP/2 is not part of this version"),
        nothing,
        "no upgrade to HTTP/2"
    ),
    switch!("option dontlog-normal", FRONT, dontlog_normal, "log failures only"),
    switch!("option dontlognull", FRONT, dontlognull, "do not log empty connections"),
    row!(
        "option forwardfor",
        PROXY,
        "[except <network>] [header <name>] [if-none]",
        Status::Supported,
        forwardfor,
        "add the client's address"
    ),
    row!(
        "option originalto",
        PROXY,
        "[except <network>] [header <name>]",
        Status::Supported,
        originalto,
        "add the destination address"
    ),
    row!(
        "option forwarded",
        BACK,
        "[proto] [host | host-expr <expr>] [by | by-expr <expr>] [for | for-expr <expr>] ...",
        Status::Supported,
        forwarded,
        "add the header of RFC 7239"
    ),
    switch!("option http-buffer-request", PROXY, http_buffer_request, "wait for the body"),
    switch!("option http-ignore-probes", FRONT, http_ignore_probes, "no answer to empty connections"),
    row!("option http-keep-alive", PROXY, "", Status::Supported, keep_alive, "keep both sides open"),
    row!(
        "option http-no-delay",
        PROXY,
        "",
        Status::Accepted("data is always sent at once"),
        nothing,
        "send at once"
    ),
    switch!(
        "option http-pretend-keepalive",
        BACK,
        http_pretend_keepalive,
        "do not tell the server of the close"
    ),
    row!(
        "option http-server-close",
        PROXY,
        "",
        Status::Supported,
        server_close,
        "close the server side after each response"
    ),
    row!(
        "option http-use-proxy-header",
        FRONT,
        "",
        Status::Accepted("it changes nothing since HAProxy 2.0 either"),
        nothing,
        "Proxy-Connection counts"
    ),
    row!("option httpclose", PROXY, "", Status::Supported, httpclose, "close both sides after each response"),
    row!(
        "option http-tunnel",
        PROXY,
        "",
        Status::Legacy { modern: "option http-keep-alive" },
        keep_alive,
        "gone since 2.1"
    ),
    row!(
        "option forceclose",
        PROXY,
        "",
        Status::Legacy { modern: "option httpclose" },
        httpclose,
        "gone since 2.0"
    ),
    row!("option httplog", PROXY, "[clf]", Status::Supported, httplog, "the HTTP log line"),
    row!("option httpslog", PROXY, "", Status::Supported, httpslog, "the HTTPS log line"),
    row!("option tcplog", PROXY, "[clf]", Status::Supported, tcplog, "the TCP log line"),
    switch!(
        "option idle-close-on-response",
        FRONT,
        idle_close_on_response,
        "close idle connections with a response"
    ),
    switch!("option independent-streams", PROXY, independent_streams, "each direction has its own timeout"),
    switch!("option log-health-checks", BACK, log_health_checks, "log every change of a check"),
    switch!("option log-separate-errors", FRONT, log_separate_errors, "log failures with level err"),
    switch!("option logasap", FRONT, logasap, "log before the end"),
    switch!("option nolinger", PROXY, nolinger, "reset instead of close"),
    switch!("option persist", BACK, persist, "keep to a server that is down"),
    switch!("option prefer-last-server", BACK, prefer_last_server, "stay with the last server"),
    row!("option redispatch", BACK, "[<interval>]", Status::Supported, redispatch, "try another server"),
    row!("redispatch", BACK, "", Status::Legacy { modern: "option redispatch" }, redispatch, "old form"),
    switch!("option socket-stats", FRONT, socket_stats, "statistics per address"),
    switch!("option splice-auto", PROXY, splice_auto, "kernel splicing when it pays"),
    switch!("option splice-request", PROXY, splice_request, "kernel splicing of requests"),
    switch!("option splice-response", PROXY, splice_response, "kernel splicing of responses"),
    switch!("option tcp-smart-accept", FRONT, tcp_smart_accept, "save an ACK"),
    switch!("option tcp-smart-connect", BACK, tcp_smart_connect, "save an ACK"),
    switch!("option h1-case-adjust-bogus-client", FRONT, h1_case_client, "spell header names for clients"),
    switch!("option h1-case-adjust-bogus-server", BACK, h1_case_server, "spell header names for servers"),
    row!(
        "option transparent",
        BACK,
        "",
        Status::Legacy { modern: "server <name> 0.0.0.0" },
        transparent,
        "connect where the client wanted to"
    ),
    row!(
        "option http_proxy",
        PROXY,
        "",
        Status::Refused(
            "option 'http_proxy' is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS is required."
        ),
        nothing,
        "gone since 2.5"
    ),
    row!(
        "option tcp-check",
        BACK,
        "",
        Status::Supported,
        super::checks::tcp_check_option,
        "check by rules over TCP"
    ),
    row!(
        "option use-small-buffers",
        PROXY,
        "...",
        Status::Accepted("buffers have one size"),
        nothing,
        "small buffers"
    ),
];

type Outcome = Result<(), ParseError>;

fn nothing(_: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    cursor.take_rest();
    Ok(())
}

fn on(cursor: &Cursor<'_>) -> bool {
    cursor.negation() == Negation::None
}

/// For options that cannot be taken back.
fn no_negation(cursor: &Cursor<'_>) -> Outcome {
    if on(cursor) {
        return Ok(());
    }
    let name = cursor.line().words.get(1).map_or("", |word| word.as_str());
    Err(ParseError::new(format!("negation/default is not supported for option '{name}'.")))
}

fn abortonclose(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.options.abortonclose = Some(on(cursor));
    cursor.finish()
}

fn invalid_request(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.options.accept_unsafe_request = on(cursor);
    cursor.finish()
}

fn invalid_response(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.options.accept_unsafe_response = on(cursor);
    cursor.finish()
}

fn tcpka(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.options.client_keepalive = on(cursor);
    draft.px.settings.options.server_keepalive = on(cursor);
    cursor.finish()
}

fn address_header(cursor: &mut Cursor<'_>, default: &str) -> Result<AddressHeader, ParseError> {
    let mut header = AddressHeader {
        name: default.as_bytes().to_vec(),
        id: haproxy_http::FieldId::of(default.as_bytes()),
        except: None,
        if_none: false,
    };
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "except" => {
                let network = text(cursor, "a network")?;
                header.except = Some(network_of(&network).ok_or_else(|| {
                    cursor.error_before(format!(
                        "'{}' : '{network}' is not a valid address or network.",
                        cursor.keyword()
                    ))
                })?);
            }
            "header" => {
                let name = text(cursor, "a header name")?.to_ascii_lowercase();
                header.id = haproxy_http::FieldId::of(name.as_bytes());
                header.name = name.into_bytes();
            }
            "if-none" => header.if_none = true,
            other => {
                return Err(cursor.error_before(format!(
                    "'{}' only supports optional values: 'except', 'header' and 'if-none', got '{other}'.",
                    cursor.keyword()
                )));
            }
        }
    }
    Ok(header)
}

/// An address with an optional prefix length.
pub fn network_of(text: &str) -> Option<(std::net::IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: std::net::IpAddr = address.parse().ok()?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => widest,
        Some(prefix) => match prefix.parse::<u8>() {
            Ok(prefix) => prefix,
            Err(_) => {
                let mask: std::net::Ipv4Addr = prefix.parse().ok()?;
                let ones = mask.to_bits().leading_ones() as u8;
                if mask.to_bits().count_ones() as u8 != ones {
                    return None;
                }
                ones
            }
        },
    };
    (prefix <= widest).then_some((address, prefix))
}

fn forwarded(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.negation() != Negation::None {
        draft.px.settings.forwarded = None;
        return cursor.finish();
    }
    draft.px.settings.forwarded = Some(crate::forwarded::Forwarded::parse(draft, cursor)?);
    Ok(())
}

fn forwardfor(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    no_negation(cursor)?;
    draft.px.settings.forwarded_for = Some(address_header(cursor, "x-forwarded-for")?);
    Ok(())
}

fn originalto(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    no_negation(cursor)?;
    draft.px.settings.original_to = Some(address_header(cursor, "x-original-to")?);
    Ok(())
}

fn connection_mode(draft: &mut Draft, cursor: &mut Cursor<'_>, mode: ConnectionMode) -> Outcome {
    let current = &mut draft.px.settings.connection_mode;
    if on(cursor) {
        *current = mode;
    } else if *current == mode {
        *current = ConnectionMode::KeepAlive;
    }
    cursor.finish()
}

fn keep_alive(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    connection_mode(draft, cursor, ConnectionMode::KeepAlive)
}

fn server_close(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    connection_mode(draft, cursor, ConnectionMode::ServerClose)
}

fn httpclose(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    connection_mode(draft, cursor, ConnectionMode::Close)
}

fn log_line(draft: &mut Draft, cursor: &mut Cursor<'_>, plain: LogLine, clf: Option<LogLine>) -> Outcome {
    no_negation(cursor)?;
    let line = match cursor.next_word() {
        None => plain,
        Some(word) => match (word.as_str(), clf) {
            ("clf", Some(clf)) => clf,
            (other, Some(_)) => {
                return Err(cursor.error_before(format!(
                    "keyword '{}' only supports option 'clf', got '{other}'.",
                    cursor.keyword()
                )));
            }
            (_, None) => {
                return Err(cursor.error_before(format!(
                    "'{}' cannot handle unexpected argument '{word}'.",
                    cursor.keyword()
                )));
            }
        },
    };
    draft.px.settings.log_line = line;
    cursor.finish()
}

fn httplog(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    log_line(draft, cursor, LogLine::Http, Some(LogLine::HttpClf))
}

fn httpslog(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    log_line(draft, cursor, LogLine::Https, None)
}

fn tcplog(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    log_line(draft, cursor, LogLine::Tcp, Some(LogLine::TcpClf))
}

/// `option transparent`, and `transparent` without the first word.
pub fn transparent(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.options.transparent = cursor.negation() == Negation::None;
    cursor.finish()
}

fn redispatch(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let interval = if on(cursor) { Some(if cursor.at_end() { -1 } else { cursor.integer()? }) } else { None };
    draft.px.settings.options.redispatch = interval;
    cursor.finish()
}
