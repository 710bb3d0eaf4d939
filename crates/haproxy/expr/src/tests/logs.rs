//! Log lines. Quoting, escaping and numbers were taken from HAProxy 2.6; encodings from the manual of 3.x.

use super::{MemFiles, Stage, load, with_cx};
use crate::at::{Context, Contexts};
use crate::cx::Endpoint;
use crate::logformat::{LogFormat, Style, formats};

fn stage() -> Stage {
    let mut stage = Stage::request(b"GET /a/b.png?q=~1[|]x;%22 HTTP/1.1\r\nHost: h\r\n\r\n");
    stage.session.source = Endpoint::Ip("127.0.0.1:32034".parse().unwrap());
    let log = &mut stage.txn.log;
    log.request_captures = vec![None, Some(b"v\"1#{|}\\]\t\xe9".to_vec()), Some(b"second".to_vec())];
    log.response_captures = vec![None];
    log.status = 200;
    log.bytes_out = 79;
    log.bytes_in = 114;
    log.termination.cause = b'L';
    log.termination.state = b'R';
    log.request_date = super::world::DATE;
    log.request_time_ms = 0;
    stage.txn.id = 26;
    stage
}

fn line(stage: &Stage, text: &str) -> String {
    let parsed = with_cx(&mut load(), &MemFiles::new(), |cx| {
        cx.contexts = Contexts::of(Context::Log);
        LogFormat::parse(text, Style::Log, cx)
    });
    match parsed {
        Ok(format) => {
            let mut out = Vec::new();
            format.write(&stage.cx(), &mut out);
            out.iter().map(|byte| char::from(*byte)).collect()
        }
        Err(fault) => format!("ERR {fault}"),
    }
}

fn check(stage: &Stage, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, expected)| {
            let found = line(stage, text);
            (found != *expected).then(|| format!("{text}\n  expected {expected:?}\n  found    {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

#[test]
fn items_and_flags() {
    check(
        &stage(),
        &[
            ("%hr", r"{|v#221#23#7B#7C#7D\]#09#E9|second}"),
            ("%hs", "{}"),
            ("%hrl", r"- v#221#23#7B#7C#7D\]#09#E9 second"),
            ("%hsl", "-"),
            ("%{+Q}hr", r#""{|v#221#23#7B#7C#7D\]#09#E9|second}""#),
            ("%{+Q}hrl", r#""" "v#221#23#7B#7C#7D\]#09#E9" "second""#),
            ("%{+E}hrl", r"- v#221#23#7B#7C#7D\\\]#09#E9 second"),
            ("%{+Q,+E}hr", r#""{|v#221#23#7B#7C#7D\\\]#09#E9|second}""#),
            ("%r", "GET /a/b.png?q=~1[|]x;%22 HTTP/1.1"),
            ("%{+Q}r", "\"GET /a/b.png?q=~1[|]x;%22 HTTP/1.1\""),
            ("%{+E}r", r"GET /a/b.png?q=~1[|\]x;%22 HTTP/1.1"),
            (
                "%HM %HP %HPO %HQ %HU %HV",
                "GET /a/b.png /a/b.png ?q=~1[|]x;%22 /a/b.png?q=~1[|]x;%22 HTTP/1.1",
            ),
            ("%CC %CS", "- -"),
            ("%{+Q}CC %{+Q}CS", "\"\" \"\""),
            ("[%[str()]]", "[-]"),
            ("[%{+Q}[str()]]", "[\"\"]"),
            ("[%{Q}[str(a)]]", "[a]"),
            ("[%[str('a\"b#{|}')]]", "[a\"b#{|}]"),
            ("[%{+Q}[str('a\"b#{|}')]]", "[\"a\"b#{|}\"]"),
            (r#"[%{+E}[str('a"b\\]')]]"#, r#"[a\"b\\\\\]]"#),
            ("[%[capture.req.hdr(1)]]", "[v\"1#{|}\\]\t\u{e9}]"),
            ("a  b   c", "a b c"),
            (" %ST  %ST ", "200 200 "),
            ("%ST%%%ST", "200%200"),
            ("%{+X}pid|%{+X}Ts|%{+X}rt|%{+X}ms", "1092|6B02E0CF|001A|22E"),
            ("%{+X}ci:%{+X}cp", "7F000001:7D22"),
            ("%f %b %s %ft", "f f <NOSRV> f"),
            ("%ts %tsc", "LR LR--"),
            ("%TR/%Tw/%Tc/%Tr %Th %B %U", "0/-1/-1/-1 0 79 114"),
            ("%si:%sp %bi:%bp %ID", "-:- -:- -"),
            ("%ci:%cp %fi:%fp", "127.0.0.1:32034 198.51.100.1:80"),
            (
                "%{+Q}o %ST %r %[str(x)] %{-Q}ST %ts %cp %t %H %[int(5)]",
                "200 \"GET /a/b.png?q=~1[|]x;%22 HTTP/1.1\" \"x\" 200 LR 32034 22/Nov/2026:12:32:15.558 \"host1\" \"5\"",
            ),
            ("%{+Q}o%ci %{-Q}ci - - [%ts] %ST", "\"127.0.0.1\" 127.0.0.1 - - [LR] 200"),
            ("%{foo}ST %{}ST %{-}ST", "200 200 200"),
            ("%[int(5)]x%[bool(true)]x%[ipv4(1.2.3.4)]x%[bin(41420043)]", "5x1x1.2.3.4xAB"),
            ("\"%ST\" %%", "\"200\" %"),
            ("%t|%T|%Ts|%ms", "22/Nov/2026:12:32:15.558|22/Nov/2026:12:32:15 +0000|1795350735|558"),
            ("%(n)ST", "200"),
            ("%OG", "unspec"),
            (
                "%zz",
                "ERR no such format variable 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
            ),
            ("%{+Q ST", "ERR truncated line after '+Q ST'"),
            ("x%", "ERR truncated line after '%'"),
            ("%[str(a)", "ERR missing ']' after 'str(a)'"),
            (
                "%[res.hdr(x-r)]",
                "ERR sample fetch <res.hdr(x-r)]> may not be reliably used here because it needs 'HTTP response headers' which is not available here",
            ),
        ],
    );
}

#[test]
fn encodings() {
    check(
        &stage(),
        &[
            (
                "%{+json}o %(status)ST %(request)r",
                r#"{"status": 200, "request": "GET /a/b.png?q=~1[|]x;%22 HTTP/1.1"}"#,
            ),
            ("%{+json}o %ST %(a:str)ST %(b:bool)ST", r#"{"a": "200", "b": true}"#),
            (
                "%{+json}o %(e)[str('a\"b\\c')] %(n)[str()] %(i)[int(-3)] %(t)[bool(1)]",
                r#"{"e": "a\"b\\c", "n": null, "i": -3, "t": true}"#,
            ),
            (
                "%{+json}o %(bytes)B %(missing)ID %(ip)ci",
                r#"{"bytes": 79, "missing": null, "ip": "127.0.0.1"}"#,
            ),
            ("x%{+json}[str(a)]", "x\"a\""),
            ("%{+cbor}o %(a)[int(1)] %(b)[str(hi)]", "BF61610161626268 69FF".replace(' ', "").as_str()),
            ("%{+cbor}o %(a)[int(-500)]", "BF61613901F3FF"),
        ],
    );
}

#[test]
fn predefined_lines() {
    let mut stage = stage();
    let names = [formats::TCP, formats::TCP_CLF, formats::HTTP, formats::HTTP_CLF, formats::HTTPS];
    for text in names {
        let line = line(&stage, text);
        assert!(!line.starts_with("ERR"), "{line}");
    }
    stage.txn.log.request_captures.clear();
    stage.txn.log.response_captures.clear();
    assert_eq!(
        line(&stage, formats::HTTP),
        "127.0.0.1:32034 [22/Nov/2026:12:32:15.558] f f/<NOSRV> 0/-1/-1/-1/-1 200 79 - - LR-- 0/0/0/0/0 0/0 \"GET /a/b.png?q=~1[|]x;%22 HTTP/1.1\""
    );
    assert_eq!(line(&stage, formats::DEFAULT), "Connect from 127.0.0.1:32034 to 198.51.100.1:80 (f/HTTP)");
}

/// How long a line takes; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_million_lines() {
    let stage = stage();
    let cx = stage.cx();
    for text in
        [formats::HTTP, formats::TCP, "%{+json}o %(client)ci %(status)ST %(request)r %(ms)Ta %(ua)[str(x)]"]
    {
        let format =
            with_cx(&mut load(), &MemFiles::new(), |cx| LogFormat::parse(text, Style::Log, cx)).unwrap();
        let mut out = Vec::new();
        let begun = std::time::Instant::now();
        for _ in 0..1_000_000 {
            out.clear();
            format.write(&cx, &mut out);
        }
        println!("{:?} a line of {} bytes", begun.elapsed() / 1_000_000, out.len());
    }
}
