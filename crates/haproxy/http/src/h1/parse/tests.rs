use super::*;
use crate::h1::write::{WriteOptions, write_request_head, write_response_head};

/// Parses a request and writes it again, or names its fault.
fn forwarded(raw: &[u8]) -> String {
    forwarded_relaxed(raw, Relax::default())
}

fn forwarded_relaxed(raw: &[u8], relax: Relax) -> String {
    let mut request = Request::default();
    match parse_request(raw, &mut Resume::default(), &Limits::default(), relax, &mut request) {
        Ok(Parsed::Complete { .. }) => {
            let mut out = Vec::new();
            write_request_head(&request, WriteOptions::default(), &mut out);
            String::from_utf8_lossy(&out).replace("\r\n", "|")
        }
        Ok(Parsed::Partial) => "partial".into(),
        Err(error) => error.status().to_string(),
    }
}

fn check(cases: &[(&[u8], &str)]) {
    for (raw, expected) in cases {
        assert_eq!(forwarded(raw), *expected, "{}", String::from_utf8_lossy(raw));
    }
}

fn flags_of(raw: &[u8]) -> (ConnFlags, Framing) {
    let mut request = Request::default();
    match parse_request(raw, &mut Resume::default(), &Limits::default(), Relax::default(), &mut request) {
        Ok(Parsed::Complete { flags, .. }) => (flags, request.framing),
        other => panic!("{other:?}"),
    }
}

#[test]
fn line_ends_and_folding() {
    check(&[
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1|host: a||"),
        (b"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1|host: a||"),
        (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1||"),
        (b"\n\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET / HTTP/1.1\r\nX-A: 1\r\n  2\r\n\r\n", "GET / HTTP/1.1|x-a: 1    2||"),
        (b"GET / HTTP/1.1\r\nX-A: 1 \t\r\n\t\t2  \r\n\r\n", "GET / HTTP/1.1|x-a: 1 \t  \t\t2||"),
        (b"GET / HTTP/1.1\r\nX-A:\r\n  2\r\n\r\n", "GET / HTTP/1.1|x-a: 2||"),
        (b"GET / HTTP/1.1\r\nX-A: 1\r\n   \r\n\r\n", "GET / HTTP/1.1|x-a: 1||"),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nX-A:\t v \t\r\n\r\n", "GET / HTTP/1.1|x-a: v||"),
        (b"GET / HTTP/1.1\r\nX-A: a\rb\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a", "partial"),
    ]);
}

#[test]
fn field_names_and_values() {
    check(&[
        (b"GET / HTTP/1.1\r\nX-A : 1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\n: 1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nabc\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nX(: 1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nX\x80: 1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nX_a: 1\r\n\r\n", "GET / HTTP/1.1|x_a: 1||"),
        (b"GET / HTTP/1.1\r\nX-A:\r\n\r\n", "GET / HTTP/1.1|x-a: ||"),
        (b"GET / HTTP/1.1\r\nX-A: a\x01b\r\n\r\n", "GET / HTTP/1.1|x-a: a\u{1}b||"),
        (b"GET / HTTP/1.1\r\nX-A: a\0b\r\n\r\n", "400"),
    ]);
}

#[test]
fn start_lines() {
    check(&[
        (b"GET /a#b HTTP/1.1\r\n\r\n", "400"),
        (b"GET /a\x80b HTTP/1.1\r\n\r\n", "400"),
        (b"GET /a\x01b HTTP/1.1\r\n\r\n", "400"),
        (b"GET /a\x7fb HTTP/1.1\r\n\r\n", "400"),
        (b"GET / HTTP/1.2\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET / HTTP/3.0\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0||"),
        (b"GET / HTTP/1.10\r\n\r\n", "400"),
        (b"GET / http/1.1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1 \r\n\r\n", "400"),
        (b"GET /\r\n", "400"),
        (b"GET  /  HTTP/1.1\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET\t/\tHTTP/1.1\r\n\r\n", "GET / HTTP/1.1||"),
        (b" GET / HTTP/1.1\r\n\r\n", "400"),
        (b"GET /a b HTTP/1.1\r\n\r\n", "400"),
        (b"get / HTTP/1.1\r\n\r\n", "get / HTTP/1.1||"),
        (b"G@T / HTTP/1.1\r\n\r\n", "400"),
        (b"GET foo HTTP/1.1\r\n\r\n", "400"),
        (b"GET * HTTP/1.1\r\n\r\n", "400"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1||"),
        (b"OPTIONS */test HTTP/1.1\r\n\r\n", "400"),
        (b"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS http://a HTTP/1.1|host: a||"),
        (b"\x16\x03\x01\x02", "400"),
        (b"GET", "partial"),
    ]);
}

#[test]
fn relaxed_reading() {
    let relax = Relax { unsafe_violations: true, payload_any_method: true };
    for (raw, expected) in [
        (&b"GET /a#b HTTP/1.1\r\n\r\n"[..], "GET /a#b HTTP/1.1||"),
        (b"GET / HTTP/1.1\r\nX(y: 1\r\n folded\r\nX: a\0b\r\n\r\n", "GET / HTTP/1.1|x: a\0b||"),
        (b"GET /x RTSP/1.0\r\n\r\n", "GET /x HTTP/1.0||"),
        (b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "GET http://a/ HTTP/1.1|host: b||"),
        (b"GET http://h#f HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://h#f HTTP/1.1|host: h||"),
        (b"GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "GET / HTTP/1.0|content-length: 3||"),
    ] {
        assert_eq!(forwarded_relaxed(raw, relax), expected, "{}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn authority_and_host_agree() {
    let table: &[(&str, Option<&str>, &str)] = &[
        (
            "GET http://toto:poue@hostname:80/c1",
            Some("hostname:80"),
            "GET http://toto:poue@hostname/c1|hostname",
        ),
        ("GET http://hostname:8080/c2", Some("hostname:8080"), "GET http://hostname:8080/c2|hostname:8080"),
        ("GET https://hostname:443/c3", Some("hostname:443"), "GET https://hostname/c3|hostname"),
        ("GET https://hostname:80/c4", Some("hostname:80"), "GET https://hostname:80/c4|hostname:80"),
        ("CONNECT hostname:80", Some("hostname:80"), "CONNECT hostname:80|hostname"),
        ("CONNECT hostname:80", Some("hostname"), "CONNECT hostname:80|hostname"),
        ("CONNECT hostname:443", Some("hostname:"), "CONNECT hostname:443|hostname:"),
        ("CONNECT hostname:8443", Some("hostname:8443"), "CONNECT hostname:8443|hostname:8443"),
        ("CONNECT hostname:8443", None, "CONNECT hostname:8443|"),
        ("GET http://hostname1/", Some("hostname2"), "400"),
        ("GET http://hostname:80/", Some("hostname:81"), "400"),
        ("GET http://hostname:8080/", Some("hostname"), "400"),
        ("GET http://hostname/", Some("hostname:81"), "400"),
        ("CONNECT hostname", Some("hostname"), "400"),
        ("CONNECT http://hostname:80", Some("hostname"), "400"),
        ("CONNECT hostname1:80", Some("hostname2:80"), "400"),
        ("CONNECT hostname:80", Some("hostname:443"), "400"),
        ("CONNECT hostname:8080", Some("hostname"), "400"),
        ("CONNECT /", Some("hostname"), "400"),
        ("CONNECT hostname:", Some("hostname"), "400"),
        ("GET http://hostname:80/c20", Some("hostname"), "GET http://hostname/c20|hostname"),
        ("GET http://hostname/c22", Some("hostname:80"), "GET http://hostname/c22|hostname:80"),
        ("GET http://hostname:/c24", Some("hostname"), "GET http://hostname/c24|hostname"),
        ("GET http://hostname/c26", Some("hostname:"), "GET http://hostname/c26|hostname:"),
        ("GET http://hostname:80/c28", Some("hostname:"), "GET http://hostname/c28|hostname"),
        ("GET http://hostname:/c29", Some("hostname:80"), "GET http://hostname/c29|hostname"),
        ("GET http://:", Some(":80"), "GET http:///|"),
        ("GET https://hostname", Some("hostname"), "GET https://hostname/|hostname"),
        ("GET https://hostname:443", Some("hostname"), "GET https://hostname/|hostname"),
        ("GET http://hostname?a=b", Some("hostname"), "GET http://hostname?a=b|hostname"),
        ("GET http://hostname:80?c=d", Some("hostname:80"), "GET http://hostname?c=d|hostname"),
        ("GET http://Foo.com:80/x", Some("foo.com"), "GET http://Foo.com/x|Foo.com"),
        ("GET http://A:080/x", Some("a"), "400"),
        ("GET ws://a:80/x", Some("a"), "400"),
        ("GET a+b-c.d://a/x", Some("a"), "GET a+b-c.d://a/x|a"),
        ("GET a_b://a/x", Some("a"), "400"),
        ("GET http:/a", Some("a"), "400"),
        ("GET //a/x", Some("b"), "GET //a/x|b"),
        ("GET http://[::1]:80/x", Some("[::1]"), "GET http://[::1]/x|[::1]"),
        ("GET /", Some("a b"), "400"),
        ("GET /", Some("a,b"), "400"),
        ("GET /", Some(""), "GET /|"),
        ("GET http://a/", Some(""), "400"),
    ];
    for (line, host, expected) in table {
        let mut raw = format!("{line} HTTP/1.1\r\n");
        if let Some(host) = host {
            raw.push_str(&format!("Host: {host}\r\n"));
        }
        raw.push_str("\r\n");
        let mut request = Request::default();
        let parsed = parse_request(
            raw.as_bytes(),
            &mut Resume::default(),
            &Limits::default(),
            Relax::default(),
            &mut request,
        );
        let got = match parsed {
            Ok(_) => format!(
                "{} {}|{}",
                String::from_utf8_lossy(request.method_text()),
                String::from_utf8_lossy(request.uri()),
                String::from_utf8_lossy(request.fields.first(crate::FieldId::Host).unwrap_or_default())
            ),
            Err(error) => error.status().to_string(),
        };
        assert_eq!(got, *expected, "{raw}");
    }
    check(&[
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: A\r\n\r\n", "GET / HTTP/1.1|host: a||"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a:80\r\n\r\n", "400"),
    ]);
}

#[test]
fn framing_of_requests() {
    let case = |fields: &str| {
        let raw = format!("POST / HTTP/1.1\r\n{}\r\n\r\n", fields.replace('|', "\r\n"));
        forwarded(raw.as_bytes()).replace("POST / HTTP/1.1|", "")
    };
    for (fields, expected) in [
        ("Content-Length: 3", "content-length: 3||"),
        ("Content-Length: +3", "400"),
        ("Content-Length: 3 3", "400"),
        ("Content-Length: 3, 3", "content-length: 3||"),
        ("Content-Length: 3, 4", "400"),
        ("Content-Length: 3,", "400"),
        ("Content-Length:", "400"),
        ("Content-Length: 03", "content-length: 03||"),
        ("Content-Length: 99999999999999999999", "400"),
        ("Content-Length: 9223372036854775808", "400"),
        ("Content-Length: 9223372036854775807", "content-length: 9223372036854775807||"),
        ("Content-Length: 3|Content-Length: 03", "content-length: 3||"),
        ("Content-Length: 3|Content-Length: 4", "400"),
        ("Content-Length: 3|Transfer-Encoding: chunked", "transfer-encoding: chunked||"),
        ("Transfer-Encoding: chunked|Content-Length: x", "400"),
        ("Transfer-Encoding: CHUNKED", "transfer-encoding: CHUNKED||"),
        ("Transfer-Encoding: gzip, chunked", "422"),
        ("Transfer-Encoding: chunked, gzip", "400"),
        ("Transfer-Encoding: gzip", "400"),
        ("Transfer-Encoding: identity", "400"),
        ("Transfer-Encoding: chunked, chunked", "400"),
        ("Transfer-Encoding: chunked|Transfer-Encoding: chunked", "400"),
        ("Transfer-Encoding: gzip|Transfer-Encoding: chunked", "422"),
        ("Transfer-Encoding: chunked, gzip, chunked", "400"),
        ("Transfer-Encoding:", "400"),
        ("Transfer-Encoding: ,chunked", "400"),
        ("Transfer-Encoding: chunked,", "400"),
        ("Transfer-Encoding: chunked;x=1", "400"),
        ("Transfer-Encoding: xchunked", "400"),
        ("Transfer-Encoding: \u{b}chunked", "400"),
    ] {
        assert_eq!(case(fields), expected, "{fields}");
    }
    check(&[
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "413"),
        (b"DELETE / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "413"),
        (b"GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "GET / HTTP/1.0|content-length: 0||"),
        (b"CONNECT a:22 HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "CONNECT a:22 HTTP/1.1||"),
    ]);
    let (flags, framing) =
        flags_of(b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(flags.has(ConnFlags::INSECURE_FRAMING));
    assert_eq!(framing, Framing::Chunked);
    assert_eq!(flags_of(b"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n").1, Framing::Length(7));
    assert_eq!(flags_of(b"POST / HTTP/1.1\r\n\r\n").1, Framing::None);
}

#[test]
fn connection_tokens_leave_the_message() {
    for (value, expected) in [
        ("close", "||"),
        ("close, foo", "connection: foo||"),
        ("foo,close", "connection: foo||"),
        ("foo, close, bar", "connection: foo,bar||"),
        ("keep-alive,  foo , bar", "connection: foo,bar||"),
        (",,foo ,  bar,close,", "connection: ,,foo ,  bar||"),
        ("a,,b", "connection: a,,b||"),
        (" , close , ", "||"),
        ("x,keep-alive,y , close,  z", "connection: x,y,z||"),
        ("closed, te", "connection: closed, te||"),
        ("a , close", "connection: a ||"),
        ("", "||"),
    ] {
        let raw = format!("GET / HTTP/1.1\r\nConnection: {value}\r\n\r\n");
        let got = forwarded(raw.as_bytes());
        assert_eq!(
            got.replace("GET / HTTP/1.1", "").replacen('|', "", usize::from(expected != "||")),
            expected,
            "{value}"
        );
    }
    assert!(flags_of(b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").0.has(ConnFlags::CLOSE));
    assert!(flags_of(b"GET / HTTP/1.0\r\n\r\n").0.has(ConnFlags::CLOSE));
    assert!(!flags_of(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").0.has(ConnFlags::CLOSE));
    assert!(flags_of(b"PUT / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n").0.has(ConnFlags::EXPECT_100));
}

#[test]
fn upgrades() {
    check(&[
        (
            b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: foo, h2c, bar\r\n\r\n",
            "GET / HTTP/1.1|connection: upgrade|upgrade: foo,bar||",
        ),
        (
            b"GET / HTTP/1.1\r\nConnection: upgrade, x\r\nUpgrade: h2c\r\n\r\n",
            "GET / HTTP/1.1|connection: x||",
        ),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET / HTTP/1.1\r\nUpgrade: foo\r\n\r\n", "GET / HTTP/1.1||"),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nTE: trailers, gzip\r\n\r\n", "GET / HTTP/1.1|te: trailers||"),
        (b"GET / HTTP/1.1\r\nTE: trailers;q=0.5\r\n\r\n", "GET / HTTP/1.1||"),
    ]);
    let (flags, _) = flags_of(
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert!(flags.has(ConnFlags::UPGRADE | ConnFlags::WEBSOCKET));
}

#[test]
fn limits() {
    let with_value = |bytes: usize, fields: usize| {
        let mut raw = b"GET / HTTP/1.1\r\n".to_vec();
        for index in 0..fields {
            raw.extend_from_slice(format!("h{index:02}: a\r\n").as_bytes());
        }
        raw.extend_from_slice(b"X: ");
        raw.resize(raw.len() + bytes, b'a');
        raw.extend_from_slice(b"\r\n\r\n");
        forwarded(&raw)
    };
    assert_ne!(with_value(15254, 0), "431");
    assert_eq!(with_value(15255, 0), "431");
    assert_ne!(with_value(14174, 90), "431");
    assert_eq!(with_value(14175, 90), "431");
    let mut long = b"GET /".to_vec();
    long.resize(15269, b'a');
    let mut fits = long[..5 + 15263].to_vec();
    fits.extend_from_slice(b" HTTP/1.1\r\n\r\n");
    assert_ne!(forwarded(&fits), "414");
    long.extend_from_slice(b" HTTP/1.1\r\n\r\n");
    assert_eq!(forwarded(&long), "414");
    assert_eq!(forwarded(&[b'a'; 16384]), "414");
    let many =
        |count: usize| forwarded(format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count)).as_bytes());
    assert_ne!(many(100), "400");
    assert_eq!(many(101), "400");
}

#[test]
fn slow_bytes_end_like_a_whole_head() {
    let raw: &[u8] =
        b"\r\nPOST http://a:80/x HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\nConnection: close, x\r\nContent-Length: 3\r\n\r\nabc";
    let (limits, relax) = (Limits::default(), Relax::default());
    let whole = forwarded(raw);
    let mut resume = Resume::default();
    let mut request = Request::default();
    for end in 0..raw.len() {
        match parse_request(&raw[..end], &mut resume, &limits, relax, &mut request) {
            Ok(Parsed::Partial) => assert!(end < raw.len() - 3),
            Ok(Parsed::Complete { head_len, .. }) => {
                assert_eq!((head_len, end), (raw.len() - 3, raw.len() - 3));
                let mut out = Vec::new();
                write_request_head(&request, WriteOptions::default(), &mut out);
                assert_eq!(String::from_utf8_lossy(&out).replace("\r\n", "|"), whole);
                return;
            }
            Err(error) => panic!("{error} after {end}"),
        }
    }
    panic!("never complete");
}

fn reply(raw: &[u8], reply_to: ReplyTo) -> String {
    let mut response = Response::default();
    let (limits, relax) = (Limits::default(), Relax::default());
    match parse_response(raw, &mut Resume::default(), &limits, relax, reply_to, &mut response) {
        Ok(Parsed::Complete { .. }) => {
            let mut out = Vec::new();
            write_response_head(&response, WriteOptions::default(), &mut out);
            format!("{}{:?}", String::from_utf8_lossy(&out).replace("\r\n", "|"), response.framing)
        }
        Ok(Parsed::Partial) => "partial".into(),
        Err(error) => error.reason().into(),
    }
}

#[test]
fn responses() {
    let get = ReplyTo::default();
    let head = ReplyTo { method: Method::Head, ..get };
    let connect = ReplyTo { method: Method::Connect, ..get };
    let upgrade = ReplyTo { upgrade: true, ..get };
    let cases: &[(&[u8], ReplyTo, &str)] = &[
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", get, "HTTP/1.1 200 |content-length: 0||Length(0)"),
        (b"HTTP/1.1  200  O K \r\n\r\n", get, "HTTP/1.1 200 O K ||UntilClose"),
        (b"HTTP/1.1 99 x\r\n\r\n", get, "invalid status code"),
        (b"HTTP/1.1 099 x\r\n\r\n", get, "invalid status code"),
        (b"HTTP/1.1 1000 x\r\n\r\n", get, "invalid status code"),
        (b"HTTP/1.1 20x x\r\n\r\n", get, "invalid status code"),
        (b"HTTP/1.1 999 x\r\n\r\n", get, "HTTP/1.1 999 x||UntilClose"),
        (b"HTTP/1.0 200 x\r\nConnection: keep-alive\r\n\r\n", get, "HTTP/1.0 200 x||UntilClose"),
        (b"ICY 200 x\r\n\r\n", get, "invalid HTTP version"),
        (b"garbage\r\n\r\n", get, "invalid HTTP version"),
        (b"\r\nHTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n", get, "HTTP/1.1 204 x||None"),
        (b"HTTP/1.1 304 x\r\nContent-Length: 33\r\n\r\n", get, "HTTP/1.1 304 x|content-length: 33||None"),
        (b"HTTP/1.1 200 x\r\nContent-Length: 33\r\n\r\n", head, "HTTP/1.1 200 x|content-length: 33||None"),
        (
            b"HTTP/1.1 200 x\r\nContent-Length: 33\r\nTransfer-Encoding: chunked\r\n\r\n",
            get,
            "HTTP/1.1 200 x|transfer-encoding: chunked||Chunked",
        ),
        (b"HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\n\r\n", get, "invalid transfer-encoding"),
        (b"HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", get, "unsupported transfer-encoding"),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", get, "HTTP/1.1 100 Continue||None"),
        (
            b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
            get,
            "unexpected protocol upgrade",
        ),
        (
            b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
            upgrade,
            "HTTP/1.1 101 S|connection: upgrade|upgrade: foo||Tunnel",
        ),
        (b"HTTP/1.1 101 S\r\n\r\n", upgrade, "unexpected protocol upgrade"),
        (b"HTTP/1.1 200 x\r\n\r\n", connect, "HTTP/1.1 200 x||Tunnel"),
        (
            b"HTTP/1.1 403 x\r\nContent-Length: 3\r\n\r\n",
            connect,
            "HTTP/1.1 403 x|content-length: 3||Length(3)",
        ),
        (b"HTTP/1.1 200 x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", get, "invalid content-length"),
        (b"HTTP/1.1 200 x\r\nX : 1\r\n\r\n", get, "invalid header name"),
        (b"HTTP/1.1 200 x\nX: a\n b\n\n", get, "HTTP/1.1 200 x|x: a  b||UntilClose"),
        (b"HTTP/1.1 200", get, "partial"),
    ];
    for (raw, reply_to, expected) in cases {
        assert_eq!(reply(raw, *reply_to), *expected, "{}", String::from_utf8_lossy(raw));
    }
}

proptest::proptest! {
    #[test]
    fn no_input_panics(raw: Vec<u8>) {
        forwarded(&raw);
        reply(&raw, ReplyTo::default());
    }

    #[test]
    fn no_lines_panic(raw in "(GET|CONNECT|OPTIONS|P) [/*a-c:@#?h]{0,9}(://)?[a-c:@/?]{0,6} HTTP/1.[01]\r?\n((Host|Connection|Upgrade|Content-Length|Transfer-Encoding|X|): ?[a-c0-3, :]{0,9}(close|chunked|h2c|,)?\r?\n( [a, ]*\n)?){0,5}\r?\n") {
        forwarded(raw.as_bytes());
        forwarded_relaxed(raw.as_bytes(), Relax { unsafe_violations: true, payload_any_method: true });
        reply(raw.replacen("GET", "HTTP/1.1 200", 1).as_bytes(), ReplyTo::default());
    }
}
