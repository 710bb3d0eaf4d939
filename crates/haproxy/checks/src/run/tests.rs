use super::*;
use crate::agent;
use crate::program::{Expect, Matcher, Pattern, Step};
use crate::protocols;

pub(crate) struct Nobody;

impl Host for Nobody {
    fn format(&self, source: &str, _: &[u8]) -> Vec<u8> {
        format!("<{source}>").into_bytes()
    }
    fn integer(&self, _: &str, _: &[u8]) -> Option<u32> {
        Some(42)
    }
    fn set_var(&mut self, _: &Text, _: &[u8]) {}
    fn unset_var(&mut self, _: &str) {}
    fn server_state(&self) -> String {
        "UP 1/3; address=127.0.0.1; port=80; name=b/s; node=vm; weight=1/1; scur=0/0; qcur=0".into()
    }
    fn server_is_up(&self) -> bool {
        true
    }
}

/// Plays a server's side: `data` arrives in order at each wait; `eof` closes after the last, else time runs out.
fn play(program: Program, data: &[&[u8]], eof: bool) -> (Vec<String>, String) {
    let (mut check, mut sent, mut data) = (
        Check::new(Arc::new(program), Intervals { timeout_check_ms: Some(900), ..Intervals::default() }),
        Vec::new(),
        data.iter(),
    );
    let mut action = check.start(0, false, &mut Nobody);
    for _ in 0..100 {
        action = match action {
            Action::Connect(connect) => {
                sent.push(format!("connect {}", connect.port.unwrap_or_default()).trim().to_owned());
                check.on_connected(1, &mut Nobody)
            }
            Action::Send(bytes) => {
                sent.push(bytes.escape_ascii().to_string());
                check.on_sent(1, &mut Nobody)
            }
            Action::Wait => match data.next() {
                Some(bytes) => check.on_data(2, bytes, &mut Nobody),
                None if eof => check.on_eof(3, &mut Nobody),
                None => {
                    assert_eq!(check.next_deadline(), Some(901));
                    check.on_timeout(901, false)
                }
            },
            Action::Done(outcome) => {
                let code = outcome.code.map_or_else(String::new, |code| code.to_string());
                return (sent, format!("{} {code} | {}", outcome.status.code(), outcome.info));
            }
        };
    }
    panic!("a probe must end");
}

fn http(send: HttpSend, matcher: Matcher) -> Program {
    let expect = StepAction::Expect(Box::new(Expect::new(matcher)));
    let steps = [StepAction::SendHttp(send), expect].map(|action| Step { action, comment: None });
    Program { kind: Kind::Http, steps: steps.into(), ..Program::default() }
}

fn tcp(steps: Vec<StepAction>) -> Program {
    let steps = steps.into_iter().map(|action| Step { action, comment: None }).collect();
    Program { steps, ..Program::default() }
}

fn expect(matcher: Matcher) -> StepAction {
    StepAction::Expect(Box::new(Expect::new(matcher)))
}

fn plain(text: &str) -> Text {
    Text::Plain(text.as_bytes().to_vec())
}

#[test]
fn bytes_of_an_http_probe() {
    let answer: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\n\r\n"];
    let (sent, result) = play(http(HttpSend::default(), Matcher::HttpDefault), answer, false);
    assert_eq!(sent, ["connect", "OPTIONS / HTTP/1.0\\r\\n\\r\\n"]);
    assert_eq!(result, "L7OK 200 | ");
    let send = HttpSend {
        method: "GET".into(),
        uri: plain("/health"),
        version: "HTTP/1.1".into(),
        headers: vec![("host".into(), plain("www.example.com")), ("X-A".into(), plain("b"))],
        body: plain("hello"),
    };
    let mut program = http(send, Matcher::HttpDefault);
    assert_eq!(
        play(program.clone(), answer, false).0[1],
        "GET /health HTTP/1.1\\r\\nhost: www.example.com\\r\\nx-a: b\\r\\ncontent-length: 5\\r\\nconnection: close\\r\\n\\r\\nhello"
    );
    program.send_state = true;
    assert!(play(program, answer, false).0[1].contains("x-haproxy-server-state: UP 1/3; address=127.0.0.1;"));
}

#[test]
fn verdicts_of_http_answers() {
    let judged =
        |matcher: Matcher, data: &[&[u8]], eof| play(http(HttpSend::default(), matcher), data, eof).1;
    let with_body: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n", b"\r\nwor", b"ld"];
    assert_eq!(
        judged(Matcher::HttpDefault, &[b"HTTP/1.1 503 Service Unavailable\r\n\r\n"], false),
        "L7STS 503 | Service Unavailable"
    );
    assert_eq!(judged(Matcher::HttpDefault, &[b"foo\r\n\r\n"], false), "L7RSP  | ");
    assert_eq!(judged(Matcher::HttpDefault, &[], true), "L7RSP  | ");
    assert_eq!(judged(Matcher::HttpDefault, &[b"HTTP/1.1 200"], false), "L7TOUT  | ");
    assert_eq!(judged(Matcher::Body(plain("world")), with_body, false), "L7OK 200 | ");
    assert_eq!(
        judged(Matcher::Body(plain("hello")), with_body, false),
        "L7RSP  | HTTP content check did not match"
    );
    assert_eq!(
        judged(Matcher::Body(plain("hello")), &[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], false),
        "L7RSP  | HTTP content check could not find a response body"
    );
    let chunked: &[&[u8]] =
        &[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nld\r\n0\r\n\r\n"];
    assert_eq!(judged(Matcher::Body(plain("world")), chunked, false), "L7OK 200 | ");
    assert_eq!(judged(Matcher::Status(vec![(200, 299), (301, 301)]), with_body, false), "L7OK 200 | ");
    let mut program = http(HttpSend::default(), Matcher::HttpDefault);
    program.disable_on_404 = true;
    assert_eq!(play(program, &[b"HTTP/1.1 404 Not Found\r\n\r\n"], false).1, "L7OKC 404 | ");
}

#[test]
fn verdicts_of_tcp_rules() {
    let ping = || StepAction::Send(plain("PING\r\n"));
    let connect = || StepAction::Connect(Connect::default());
    let pong = || Matcher::String(plain("+PONG"));
    let judged = |steps, data: &[&[u8]], eof| play(tcp(steps), data, eof).1;
    assert_eq!(
        judged(vec![connect(), ping(), expect(pong())], &[b"+PONG\r\n"], false),
        "L7OK 0 | (tcp-check)"
    );
    assert_eq!(
        judged(vec![connect(), ping(), expect(pong())], &[b"-ERR\r\n"], true),
        "L7RSP  | TCPCHK did not match content '+PONG' at step 3"
    );
    assert_eq!(
        judged(vec![connect(), expect(Matcher::String(plain("hi")))], &[], false),
        "L7TOUT  |  at step 2 of tcp-check (expect string 'hi')"
    );
    assert_eq!(
        judged(vec![connect(), expect(Matcher::String(plain("hi")))], &[], true),
        "L7RSP  | TCPCHK got an empty response at step 2"
    );
    let pattern = Pattern { source: "^hi".into(), regex: pcre2::bytes::Regex::new("^hi").unwrap() };
    assert_eq!(
        judged(vec![expect(Matcher::StringRegex(pattern))], &[b"ho"], true),
        "L7RSP  | TCPCHK did not match content (regex) at step 1"
    );
    assert_eq!(judged(vec![], &[], false), "L4OK  | ");
    let mut unwanted = Expect::new(pong());
    unwanted.negate = true;
    assert_eq!(
        judged(vec![connect(), ping(), StepAction::Expect(Box::new(unwanted))], &[b"+PONG\r\n"], false),
        "L7RSP  | TCPCHK matched unwanted content '+PONG' at step 3"
    );
}

#[test]
fn failures_of_the_connection() {
    let port = Connect { port: Some("1".into()), ..Connect::default() };
    let program = Program {
        steps: vec![Step { action: StepAction::Connect(port), comment: Some("refc".into()) }],
        ..Program::default()
    };
    let mut check = Check::new(Arc::new(program), Intervals::default());
    check.start(0, false, &mut Nobody);
    let Action::Done(outcome) = check.on_error(5, &Failure::Os(111)) else { panic!("must end") };
    assert_eq!(
        outcome.info,
        "ECONNREFUSED returned by OS (Connection refused) at step 1 of tcp-check (connect port 1) comment: 'refc'"
    );
    let mut check = Check::new(Arc::new(Program::default()), Intervals::default());
    check.start(0, false, &mut Nobody);
    assert_eq!(check.next_deadline(), Some(2000));
    let Action::Done(outcome) = check.on_timeout(2000, false) else { panic!("must end") };
    assert_eq!((outcome.status, outcome.duration_ms), (CheckStatus::L4Timeout, 2000));
}

#[test]
fn ready_made_checks() {
    let result = |program, data: &[&[u8]]| play(program, data, false).1;
    assert_eq!(result(protocols::ssl_hello(0), &[b"\x15\x03\x01\0\x02\x02\x28"]), "L6OK  | ");
    assert_eq!(result(protocols::ssl_hello(0), &[b"hello"]), "L6RSP  | ");
    let smtp: &[&[u8]] = &[b"220 mail\r\n", b"250-ok\r\n250 foo\r\n", b"221 bye\r\n"];
    assert_eq!(result(protocols::smtp("EHLO dom.ain"), smtp), "L7OK 221 | bye");
    assert_eq!(result(protocols::smtp("HELO x"), &[b"554 no\r\n"]), "L7STS 554 | no");
    assert_eq!(result(protocols::smtp("HELO x"), &[b"hello\r\n"]), "L7RSP  | hello");
    let busy: &[&[u8]] = &[b"\x17\0\0\0\xff\x10\x04Too many connections"];
    assert_eq!(result(protocols::mysql(None), busy), "L7STS 1040 | Too many connections");
    assert_eq!(result(protocols::mysql(None), &[b"\x08\0\0\0\x0a8.0.31\0"]), "L7OK 0 | 8.0.31");
    assert_eq!(result(protocols::pgsql("pg"), &[b"R\0\0\0\x08\0\0\0\0"]), "L7OK 0 | PostgreSQL server is ok");
    assert_eq!(result(protocols::pgsql("pg"), &[b"E\0\0\0\x20SFATAL\0C28000\0"]), "L7RSP  | FATAL");
    assert_eq!(result(protocols::pgsql("pg"), &[b"hello"]), "L7STS 0 | PostgreSQL unknown error");
    assert_eq!(result(protocols::redis(), &[b"+PO", b"NG\r\n"]), "L7OK 0 | Redis server is ok");
    let bind = |code: u8| {
        let answer = [0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, code, 4, 0, 4, 0];
        result(protocols::ldap(), &[&answer])
    };
    assert_eq!(bind(0), "L7OK 0 | Success");
    assert_eq!(bind(49), "L7STS 49 | See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9");
    assert_eq!(result(protocols::ldap(), &[b"hello hello hello"]), "L7RSP  | Not LDAPv3 protocol");
    let agent = |line: &[u8]| result(protocols::agent_check(None), &[line]);
    assert_eq!(agent(b"up\n"), "L7OK 0 | via agent : up");
    assert_eq!(agent(b"50%\n"), "CHECKED  | ");
    assert_eq!(agent::parse("50%").0.weight_percent, Some(50));
}
