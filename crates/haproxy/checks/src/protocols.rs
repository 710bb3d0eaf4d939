//! The ready-made checks: the bytes they send and how they read the answer (manual: `option smtpchk` and so on).

use haproxy_balance::report::CheckStatus;

use crate::agent::{self, AgentHealth};
use crate::judge::Verdict;
use crate::outcome::clean;
use crate::program::{Connect, Expect, Kind, Matcher, Program, ProtocolAnswer, Step, StepAction, Text};

/// `option ssl-hello-chk`: an SSLv3 hello, for servers behind which no TLS library of ours shall stand. The date in
/// it is filled in by the sender's clock at load.
pub fn ssl_hello(unix_seconds: u32) -> Program {
    let mut hello = vec![0x16, 3, 0, 0, 0x79, 1, 0, 0, 0x75, 3, 0];
    hello.extend_from_slice(&unix_seconds.to_be_bytes());
    hello.extend_from_slice(b"HAPROXYSSLCHK\nHAPROXYSSLCHK\n");
    hello.extend_from_slice(&[0, 0, 0x4e]);
    for cipher in (0x01..=0x1bu8).chain(0x2f..=0x3a) {
        hello.extend_from_slice(&[0, cipher]);
    }
    hello.extend_from_slice(&[1, 0]);
    let mut expect = Expect::new(Matcher::Protocol(ProtocolAnswer::SslHello));
    expect.ok_status = CheckStatus::L6Ok;
    expect.timeout_status = CheckStatus::L6Timeout;
    program(vec![send(hello), step(expect)])
}

/// `option smtpchk [HELO|EHLO domain]`.
pub fn smtp(hello: &str) -> Program {
    let line = format!("{hello}\r\n").into_bytes();
    polite(vec![
        answer(ProtocolAnswer::SmtpBanner),
        send(line),
        answer(ProtocolAnswer::SmtpHello),
        send(b"QUIT\r\n".to_vec()),
        answer(ProtocolAnswer::SmtpQuit),
    ])
}

/// Which login `option mysql-check` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MysqlLogin {
    /// The protocol of 4.1 and later.
    Post41,
    /// The one before it.
    Pre41,
}

/// `option mysql-check [user name [pre-41|post-41]]`.
pub fn mysql(login: Option<(&str, MysqlLogin)>) -> Program {
    let Some((user, kind)) = login else {
        return polite(vec![answer(ProtocolAnswer::MysqlGreeting)]);
    };
    let mut payload = match kind {
        // capabilities: long password, protocol 4.1, plugin auth; then largest packet, charset utf8, filler
        MysqlLogin::Post41 => [&[0, 0x82, 0, 0, 0, 0x80, 0, 1, 0x21][..], &[0; 23]].concat(),
        MysqlLogin::Pre41 => vec![0, 0x80, 0, 0, 1],
    };
    payload.extend_from_slice(user.as_bytes());
    payload.extend_from_slice(&[0, 0]);
    let mut bytes = (payload.len() as u32).to_le_bytes()[..3].to_vec();
    bytes.push(1);
    bytes.extend(payload);
    bytes.extend_from_slice(&[1, 0, 0, 0, 1]);
    // the login goes out at once, before the greeting: the server reads it afterwards
    polite(vec![send(bytes), answer(ProtocolAnswer::MysqlGreeting), answer(ProtocolAnswer::MysqlLogin)])
}

/// `option pgsql-check user name`.
pub fn pgsql(user: &str) -> Program {
    let rest = [b"\0\x03\0\0user\0", user.as_bytes(), b"\0\0"].concat();
    let mut bytes = ((rest.len() + 4) as u32).to_be_bytes().to_vec();
    bytes.extend(rest);
    polite(vec![send(bytes), answer(ProtocolAnswer::Pgsql)])
}

/// `option redis-check`.
pub fn redis() -> Program {
    program(vec![send(b"*1\r\n$4\r\nPING\r\n".to_vec()), answer(ProtocolAnswer::Redis)])
}

/// `option ldap-check`: an anonymous LDAPv3 bind.
pub fn ldap() -> Program {
    let bind = b"0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0".to_vec();
    program(vec![send(bind), answer(ProtocolAnswer::Ldap)])
}

/// `option spop-check`: a hello frame that says it is a health check.
pub fn spop() -> Program {
    let mut frame = b"\x01\0\0\0\x01\0\0\x12supported-versions\x08\x032.0".to_vec();
    frame.extend_from_slice(b"\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\0\x0bhealthcheck\x11");
    let mut bytes = (frame.len() as u32).to_be_bytes().to_vec();
    bytes.extend(frame);
    program(vec![send(bytes), answer(ProtocolAnswer::Spop)])
}

/// `agent-check`, with `agent-send` when given.
pub fn agent_check(send_first: Option<Text>) -> Program {
    let first = send_first.map(|text| Step { action: StepAction::Send(text), comment: None });
    let steps = first.into_iter().chain([answer(ProtocolAnswer::Agent)]).collect();
    Program { kind: Kind::Agent, steps, ..Program::default() }
}

fn program(steps: Vec<Step>) -> Program {
    Program { kind: Kind::Protocol, steps, ..Program::default() }
}

/// A program that ends its connection in order, for servers that count connections reset.
fn polite(steps: Vec<Step>) -> Program {
    let connect = Connect { default: true, linger: true, ..Connect::default() };
    let first = Step { action: StepAction::Connect(connect), comment: None };
    program(std::iter::once(first).chain(steps).collect())
}

fn send(bytes: Vec<u8>) -> Step {
    Step { action: StepAction::Send(Text::Plain(bytes)), comment: None }
}

fn answer(protocol: ProtocolAnswer) -> Step {
    step(Expect::new(Matcher::Protocol(protocol)))
}

fn step(expect: Expect) -> Step {
    Step { action: StepAction::Expect(Box::new(expect)), comment: None }
}

/// Reads an answer. `last` when no more can come; `number` is the step's, for the report.
pub fn judge(protocol: ProtocolAnswer, bytes: &[u8], last: bool, number: usize) -> Verdict {
    if bytes.is_empty() {
        let info = format!("TCPCHK got an empty response at step {number}");
        let status = match protocol {
            ProtocolAnswer::SslHello => return empty(last, CheckStatus::L6Response, String::new()),
            _ => CheckStatus::L7Response,
        };
        return empty(last, status, info);
    }
    match protocol {
        ProtocolAnswer::SslHello => ssl_answer(bytes),
        ProtocolAnswer::SmtpBanner | ProtocolAnswer::SmtpHello | ProtocolAnswer::SmtpQuit => {
            smtp_answer(bytes, last)
        }
        ProtocolAnswer::MysqlGreeting => mysql_packet(bytes, last, mysql_greeting),
        ProtocolAnswer::MysqlLogin => {
            match mysql_packet(behind_greeting(bytes), last, mysql_login) {
                // what the greeting said is what is told
                Verdict::Passed { .. } => mysql_packet(bytes, last, mysql_greeting),
                verdict => verdict,
            }
        }
        ProtocolAnswer::Pgsql => pgsql_answer(bytes, last),
        ProtocolAnswer::Redis => redis_answer(bytes, last),
        ProtocolAnswer::Ldap => ldap_answer(bytes, last),
        ProtocolAnswer::Spop => spop_answer(bytes, last),
        ProtocolAnswer::Agent => agent_answer(bytes, last),
    }
}

fn empty(last: bool, status: CheckStatus, info: String) -> Verdict {
    if last { Verdict::failed(status, None, info) } else { Verdict::NeedMore }
}

fn more_or(last: bool, otherwise: Verdict) -> Verdict {
    if last { otherwise } else { Verdict::NeedMore }
}

fn passed(info: impl Into<String>) -> Verdict {
    Verdict::Passed { code: Some(0), info: info.into() }
}

/// A handshake or alert record.
fn ssl_answer(bytes: &[u8]) -> Verdict {
    if matches!(bytes[0], 0x15 | 0x16) {
        return Verdict::Passed { code: None, info: String::new() };
    }
    Verdict::failed(CheckStatus::L6Response, None, "")
}

/// A reply, which may have several lines: `250-` continues, `250 ` ends.
fn smtp_answer(bytes: &[u8], last: bool) -> Verdict {
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let whole = line.ends_with(b"\n");
        let head = line.get(..3).filter(|head| head.iter().all(u8::is_ascii_digit));
        let code = head.and_then(|head| std::str::from_utf8(head).ok()?.parse::<u32>().ok());
        let ends = matches!(line.get(3), Some(b' ' | b'\r' | b'\n'));
        match code {
            _ if !whole && !last => return Verdict::NeedMore,
            None => return Verdict::failed(CheckStatus::L7Response, None, clean(line)),
            Some(code) if ends => {
                let info = clean(line.get(4..).unwrap_or(&[]));
                return match code {
                    200..300 => Verdict::Passed { code: Some(code), info },
                    _ => Verdict::failed(CheckStatus::L7Status, Some(code), info),
                };
            }
            Some(_) => {}
        }
    }
    more_or(last, Verdict::failed(CheckStatus::L7Response, None, clean(bytes)))
}

/// Takes the first packet: length in three bytes, sequence, payload.
fn mysql_packet(bytes: &[u8], last: bool, then: fn(&[u8]) -> Verdict) -> Verdict {
    let invalid = || Verdict::failed(CheckStatus::L7Response, None, "MySQL packet is truncated");
    let Some(head) = bytes.get(..4) else { return more_or(last, invalid()) };
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    match bytes.get(4..4 + length) {
        Some(payload) if !payload.is_empty() => then(payload),
        Some(_) => invalid(),
        None => more_or(last, invalid()),
    }
}

/// What came after the greeting, which the step before has judged.
fn behind_greeting(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .get(..3)
        .map_or(0, |head| usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16);
    bytes.get(4 + length..).unwrap_or(&[])
}

fn mysql_error(payload: &[u8]) -> Verdict {
    let code = u32::from(payload.get(1).copied().unwrap_or(0))
        | u32::from(payload.get(2).copied().unwrap_or(0)) << 8;
    Verdict::failed(CheckStatus::L7Status, Some(code), clean(payload.get(3..).unwrap_or(&[])))
}

fn mysql_greeting(payload: &[u8]) -> Verdict {
    match payload[0] {
        0xff => mysql_error(payload),
        _ => passed(clean(&payload[1..])),
    }
}

fn mysql_login(payload: &[u8]) -> Verdict {
    match payload[0] {
        0xff => mysql_error(payload),
        // the greeting's version stays the report's words
        _ => passed(""),
    }
}

fn pgsql_answer(bytes: &[u8], last: bool) -> Verdict {
    match bytes[0] {
        b'R' if bytes.len() >= 9 => passed("PostgreSQL server is ok"),
        b'R' => more_or(last, Verdict::failed(CheckStatus::L7Status, Some(0), "PostgreSQL unknown error")),
        b'E' if bytes.len() > 6 => Verdict::failed(CheckStatus::L7Response, None, clean(&bytes[6..])),
        b'E' => more_or(last, Verdict::failed(CheckStatus::L7Response, None, "")),
        _ => Verdict::failed(CheckStatus::L7Status, Some(0), "PostgreSQL unknown error"),
    }
}

fn redis_answer(bytes: &[u8], last: bool) -> Verdict {
    if bytes.starts_with(b"+PONG\r\n") {
        return passed("Redis server is ok");
    }
    let whole = bytes.contains(&b'\n');
    if whole || last {
        Verdict::failed(CheckStatus::L7Status, Some(0), clean(bytes))
    } else {
        Verdict::NeedMore
    }
}

/// Shortest bind response: sequence, message id, and a result of at least seven bytes.
const LDAP_BIND_RESPONSE_MIN: usize = 14;

fn ldap_answer(bytes: &[u8], last: bool) -> Verdict {
    let not_ldap = || Verdict::failed(CheckStatus::L7Response, None, "Not LDAPv3 protocol");
    if bytes[0] != 0x30 {
        return not_ldap();
    }
    if bytes.len() < LDAP_BIND_RESPONSE_MIN {
        return more_or(last, not_ldap());
    }
    // the length may be in the long form: 0x80 plus the number of bytes it takes
    let skip = if bytes[1] & 0x80 != 0 { usize::from(bytes[1] & 0x7f) } else { 0 };
    let rest = bytes.get(2 + skip..).unwrap_or(&[]);
    if !rest.starts_with(&[2, 1, 1]) || rest.get(3) != Some(&0x61) {
        return not_ldap();
    }
    let skip =
        rest.get(4).map_or(0, |&length| if length & 0x80 != 0 { usize::from(length & 0x7f) } else { 0 });
    match rest.get(7 + skip) {
        None => more_or(last, not_ldap()),
        Some(0) => passed("Success"),
        Some(&code) => {
            let info = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";
            Verdict::failed(CheckStatus::L7Status, Some(u32::from(code)), info)
        }
    }
}

/// An agent hello frame (type 101) of version 2 or later answers; a disconnect frame (102) ends (SPOE §3.2).
fn spop_answer(bytes: &[u8], last: bool) -> Verdict {
    let failed = |words: &str| Verdict::failed(CheckStatus::L7Response, None, words);
    let Some(head) = bytes.get(..4) else { return more_or(last, failed("invalid frame received")) };
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let Some(frame) = bytes.get(4..).and_then(|rest| rest.get(..length)) else {
        return more_or(last, failed("invalid frame received"));
    };
    let (Some(kind), Some(flags)) = (frame.first(), frame.get(1..5)) else {
        return failed("invalid frame received");
    };
    match kind {
        // the last bit of the flags: nothing follows that belongs to this frame
        101 | 102 if flags[3] & 1 == 0 => failed("fragmentation not supported"),
        101 => match spop_text(frame, b"version") {
            None => failed("version value not found"),
            Some(b"2.0") => passed("SPOA server is ok"),
            Some(_) => failed("unsupported version"),
        },
        102 => match spop_text(frame, b"message") {
            Some(message) => failed(&clean(message)),
            None => failed("SPOP agent disconnected"),
        },
        _ => failed("invalid frame received"),
    }
}

/// The text stored under a key of a hello or disconnect frame: name, type 8, length, text.
fn spop_text<'a>(frame: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut wanted = vec![key.len() as u8];
    wanted.extend_from_slice(key);
    wanted.push(8);
    let at = frame.windows(wanted.len()).position(|window| window == wanted)? + wanted.len();
    let length = usize::from(*frame.get(at)?);
    frame.get(at + 1..at + 1 + length)
}

fn agent_answer(bytes: &[u8], last: bool) -> Verdict {
    if !last && !bytes.iter().any(|&b| b == b'\n' || b == b'\r') {
        return Verdict::NeedMore;
    }
    let (report, info) = agent::parse(&String::from_utf8_lossy(bytes));
    let status = match report.health {
        Some(AgentHealth::Up) => CheckStatus::L7Ok,
        Some(AgentHealth::Down) => CheckStatus::L7Status,
        None => CheckStatus::Checked,
    };
    Verdict::Agent { status, report, info }
}

#[cfg(test)]
mod tests;
