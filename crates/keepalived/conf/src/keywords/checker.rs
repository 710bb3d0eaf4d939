//! Checkers: their heads and the words that most of them share.

use std::net::IpAddr;

use crate::draft::{CheckDefaults, CheckerDraft, CheckerKindDraft, ConnectionDraft, HttpDraft, MiscDraft};
use crate::model::{DnsCheck, Family, UdpCheck};
use crate::number::Decimal;
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, Run, block, line};
use crate::words::Words;

use super::checker_http::HTTP;
use super::checker_kinds::{BFD, DNS, FILE, MISC, SMTP, UDP};
use super::global::INTERVAL;
use super::virtual_server::DELAY_MAX_US;
use super::{checker_http, checker_kinds, values};

/// The checker blocks of a real server.
pub const CHECKERS: &[Keyword] = &[
    block("TCP_CHECK", "", &TCP_CHECK, |c, _| begin(c, CheckerKindDraft::Tcp), "a TCP connection"),
    block("PING_CHECK", "", &PING_CHECK, |c, _| begin(c, CheckerKindDraft::Ping), "an ICMP echo"),
    block(
        "UDP_CHECK",
        "",
        &UDP_CHECK,
        |c, _| begin(c, CheckerKindDraft::Udp(UdpCheck { max_reply_length: 255, ..UdpCheck::default() })),
        "a UDP packet",
    ),
    block("HTTP_GET", "", &HTTP_GET, |c, _| begin_http(c, false), "HTTP requests"),
    block("SSL_GET", "", &HTTP_GET, |c, _| begin_http(c, true), "HTTPS requests"),
    block(
        "SMTP_CHECK",
        "",
        &SMTP_CHECK,
        |c, _| begin(c, CheckerKindDraft::Smtp { helo_name: None, hosts: Vec::new() }),
        "an SMTP greeting",
    ),
    block(
        "DNS_CHECK",
        "",
        &DNS_CHECK,
        |c, _| begin(c, CheckerKindDraft::Dns(DnsCheck { query_type: 6, name: String::from(".") })),
        "a DNS question",
    ),
    block(
        "MISC_CHECK",
        "",
        &MISC_CHECK,
        |c, _| begin(c, CheckerKindDraft::Misc(MiscDraft::default())),
        "a script",
    ),
    block(
        "FILE_CHECK",
        "",
        &FILE_CHECK,
        |c, _| begin(c, CheckerKindDraft::File(Default::default())),
        "the number in a file",
    ),
    block(
        "BFD_CHECK",
        "",
        &BFD_CHECK,
        |c, _| begin(c, CheckerKindDraft::Bfd { name: None, skipped: false }),
        "a BFD session",
    ),
];

static TCP_CHECK: Block = Block { name: "TCP_CHECK", tables: &[CONNECTION, COMMON], end };
static PING_CHECK: Block = Block { name: "PING_CHECK", tables: &[CONNECTION, COMMON], end };
static UDP_CHECK: Block =
    Block { name: "UDP_CHECK", tables: &[UDP, CONNECTION, COMMON], end: checker_kinds::end_udp };
static HTTP_GET: Block =
    Block { name: "HTTP_GET", tables: &[HTTP, CONNECTION, COMMON], end: checker_http::end };
static SMTP_CHECK: Block = Block { name: "SMTP_CHECK", tables: &[SMTP, CONNECTION, COMMON], end };
static DNS_CHECK: Block = Block { name: "DNS_CHECK", tables: &[DNS, CONNECTION, COMMON], end };
static MISC_CHECK: Block =
    Block { name: "MISC_CHECK", tables: &[MISC, COMMON], end: checker_kinds::end_misc };
static FILE_CHECK: Block = Block { name: "FILE_CHECK", tables: &[FILE], end: checker_kinds::end_file };
static BFD_CHECK: Block = Block { name: "BFD_CHECK", tables: &[BFD], end: checker_kinds::end_bfd };

fn begin(ctx: &mut Ctx<'_>, kind: CheckerKindDraft) -> Outcome {
    ctx.draft.lvs.checker = Some(CheckerDraft {
        kind,
        defaults: CheckDefaults::default(),
        log_all_failures: None,
        connection: ConnectionDraft::default(),
    });
    GO
}

fn begin_http(ctx: &mut Ctx<'_>, tls: bool) -> Outcome {
    begin(ctx, CheckerKindDraft::Http(Box::new(HttpDraft { tls, ..HttpDraft::default() })))
}

/// The checker being read.
pub fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut CheckerDraft)) -> Outcome {
    if let Some(checker) = &mut ctx.draft.lvs.checker {
        record(checker);
    }
    GO
}

/// Adds the checker to its real server.
pub fn end(ctx: &mut Ctx<'_>) {
    let Some(checker) = ctx.draft.lvs.checker.take() else { return };
    if let Some(real) = ctx.draft.lvs.servers.last_mut().and_then(|server| server.reals.last_mut()) {
        real.checkers.push(checker);
    }
}

/// Words about the connection.
pub const CONNECTION: &[Keyword] = &[
    line("connect_ip", "ADDR", connect_ip as Run, "address to connect to"),
    line("connect_port", "PORT", connect_port, "port to connect to"),
    line("bindto", "ADDR", bindto, "own address"),
    line("bind_port", "PORT", bind_port, "own port"),
    line("bind_if", "IF", bind_if, "interface"),
    line("connect_timeout", "SECONDS", connect_timeout, "time the connection may take"),
    line("fwmark", "NUMBER", fwmark, "mark of the packets"),
];

/// Words about time and state.
pub const COMMON: &[Keyword] = &[
    line("retry", "NUMBER", retry, "further tries after a failure"),
    line(
        "delay_before_retry",
        "SECONDS",
        |c, w| delay(c, w, |d, v| d.delay_before_retry_us = v),
        "time before a further try",
    ),
    line(
        "warmup",
        "SECONDS",
        |c, w| delay(c, w, |d, v| d.warmup_us = v),
        "largest random delay of the first check",
    ),
    line("delay_loop", "SECONDS", delay_loop, "time between checks"),
    line("alpha", "[BOOL]", |c, w| boolean(c, w, |k, v| k.defaults.alpha = Some(v)), "starts down"),
    line(
        "log_all_failures",
        "[BOOL]",
        |c, w| boolean(c, w, |k, v| k.log_all_failures = Some(v)),
        "log each failure",
    ),
];

fn connect_ip(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    match word.parse::<IpAddr>() {
        Ok(address) => with(ctx, |checker| checker.connection.connect_ip = Some(address)),
        Err(_) => {
            ctx.config(format!("Invalid connect_ip address {word} - ignoring"));
            GO
        }
    }
}

fn connect_port(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value =
        values::number(ctx, words, (1, 65535), |word| format!("Invalid checker connect_port '{word}'"))?;
    match value.and_then(|port| u16::try_from(port).ok()) {
        Some(port) => with(ctx, |checker| checker.connection.connect_port = Some(port)),
        None => GO,
    }
}

fn bindto(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let Ok(address) = word.parse::<IpAddr>() else {
        ctx.config(format!("Invalid bindto address {word} - ignoring"));
        return GO;
    };
    let real = ctx.draft.lvs.servers.last().and_then(|server| server.reals.last()).map(|real| real.address);
    let target = ctx.draft.lvs.checker.as_ref().and_then(|checker| checker.connection.connect_ip).or(real);
    if target.is_some_and(|target| Family::of(target) != Family::of(address)) {
        ctx.config(format!("bindto address {word} does not match address family of connect_ip - skipping"));
        return GO;
    }
    with(ctx, |checker| checker.connection.bindto = Some(address))
}

fn bind_port(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = values::number(ctx, words, (1, 65535), |word| format!("Invalid checker bind_port '{word}'"))?;
    match value.and_then(|port| u16::try_from(port).ok()) {
        Some(port) => with(ctx, |checker| checker.connection.bind_port = port),
        None => GO,
    }
}

fn bind_if(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?.to_owned();
    with(ctx, |checker| checker.connection.bind_if = Some(name))
}

fn connect_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value =
        values::decimal(ctx, words, INTERVAL, |word| format!("connect_timeout {word} invalid - ignoring"))?;
    with(ctx, |checker| checker.defaults.connect_timeout_us = value.or(checker.defaults.connect_timeout_us))
}

fn fwmark(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = values::number(ctx, words, (0, u32::MAX), |word| {
        format!("Invalid fwmark connection value '{word}'")
    })?;
    match value {
        Some(mark) => with(ctx, |checker| checker.connection.fwmark = mark),
        None => GO,
    }
}

fn retry(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value =
        values::number(ctx, words, (0, u32::MAX), |word| format!("Invalid retry connection value '{word}'"))?;
    with(ctx, |checker| checker.defaults.retry = value.or(checker.defaults.retry))
}

fn delay(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut CheckDefaults, Option<u64>)) -> Outcome {
    let keyword = words.keyword();
    let form = Decimal::seconds(0, DELAY_MAX_US);
    let value =
        values::decimal(ctx, words, form, |word| format!("Invalid {keyword} connection value '{word}'"))?;
    with(ctx, |checker| record(&mut checker.defaults, value))
}

fn delay_loop(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let form = Decimal::seconds(1, DELAY_MAX_US);
    let value =
        values::decimal(ctx, words, form, |word| format!("delay_loop '{word}' is invalid - ignoring"))?;
    with(ctx, |checker| checker.defaults.delay_loop_us = value.or(checker.defaults.delay_loop_us))
}

/// A boolean of the checker being read.
pub fn boolean(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut CheckerDraft, bool)) -> Outcome {
    let keyword = words.keyword();
    match values::optional_bool(ctx, words, |word| format!("Invalid {keyword} parameter {word}")) {
        Some(value) => with(ctx, |checker| record(checker, value)),
        None => GO,
    }
}
