//! What actions make of messages.

use haproxy_conf::Cursor;
use haproxy_expr::cx::Endpoint;

use super::rows::ROWS;
use super::stage::{RESPONSE, Reading, Stage, line, parse_all, run, wire};
use crate::legacy;
use crate::rule::RuleSet;
use crate::verdict::{Reply, ReplyCause, Verdict};

const REQUEST: &str = "GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: h:81\r\nA: one\r\nX-B: two\r\n\r\n";

#[test]
fn rules_do_what_the_original_does() {
    let mut wrong = Vec::new();
    for (rules, request, expected) in ROWS {
        let found = run(rules, &request.replace('|', "\r\n"));
        if found != *expected {
            wrong.push(format!("{rules}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

fn last_field(rules: &str) -> String {
    let text = run(rules, REQUEST);
    text.trim_end_matches('|').rsplit('|').next().unwrap_or_default().to_owned()
}

#[test]
fn variables_keep_values_and_conditions() {
    for (rules, expected) in [
        ("http-request set-var(txn.a) str(x) && http-request set-header v %[var(txn.a)]", "v: x"),
        (
            "http-request set-var-fmt(req.a) \"%[path]-%%\" && http-request set-header v %[var(req.a)]",
            "v: /a/b-%",
        ),
        (
            "http-request set-var(txn.a) int(1) && http-request set-var(txn.a,ifgt) int(2) && http-request set-header v %[var(txn.a)]",
            "v: 1",
        ),
        (
            "http-request set-var(txn.a) int(3) && http-request set-var(txn.a,ifgt) int(2) && http-request set-header v %[var(txn.a)]",
            "v: 2",
        ),
        ("http-request set-var(txn.a,ifexists) int(2) && http-request set-header v %[var(txn.a)]", "v: "),
        (
            "http-request set-var(txn.a) int(1) && http-request set-var(txn.a,ifnotset) int(2) && http-request set-header v %[var(txn.a)]",
            "v: 1",
        ),
        (
            "http-request set-var(txn.a,ifnotempty) req.fhdr(none) && http-request set-header v %[var(txn.a)]",
            "v: ",
        ),
        (
            "http-request set-var(sess.a) str(x) && http-request unset-var(sess.a) && http-request set-header v %[var(sess.a)]",
            "v: ",
        ),
        ("http-request set-var(proc.a) str(x) && http-request set-header v %[var(proc.a)]", "v: x"),
    ] {
        assert_eq!(last_field(rules), expected, "{rules}");
    }
}

#[test]
fn conditions_choose_rules() {
    for (rules, expected) in [
        ("http-request set-header v 1 if { path_beg /a }", "v: 1"),
        ("http-request set-header v 1 unless { path_beg /a }", "x-b: two"),
        ("acl ok path /x && acl ok path /a/b && http-request set-header v 1 if ok", "v: 1"),
        ("http-request allow if TRUE && http-request set-header v 1", "x-b: two"),
    ] {
        assert_eq!(last_field(rules), expected, "{rules}");
    }
}

#[test]
fn maps_change_while_rules_run() {
    let rules = "acl seen req.fhdr(a) -f virt@seen && http-request set-header v no unless seen \
                 && http-request add-acl(virt@seen) %[req.fhdr(a)] && http-request set-header v yes if seen";
    assert_eq!(last_field(rules), "v: yes");
    let rules = "acl seen req.fhdr(a) -M -f virt@m && http-request set-map(virt@m) one v1 \
                 && http-request set-header v yes if seen && http-request del-map(virt@m) one \
                 && http-request set-header v no unless seen";
    assert_eq!(last_field(rules), "v: no");
}

fn effects_of(rules: &str) -> Stage {
    let mut stage = Stage::request(REQUEST);
    for (_, set) in parse_all(rules).unwrap() {
        assert!(matches!(stage.run(&set), Verdict::Continue), "{rules}");
    }
    stage
}

#[test]
fn wishes_reach_the_stream() {
    let stage = effects_of(
        "http-request set-timeout server 3s && http-request set-timeout tunnel int(5) && http-request set-nice 2000 \
         && http-request set-mark 0x10 && http-request set-bc-tos 8 && http-request set-retries 7 \
         && http-request set-priority-class int(-9999) && http-request set-priority-offset int(5) \
         && http-request disable-l7-retry && http-request do-log && http-request set-log-level silent",
    );
    let effects = &stage.effects;
    assert_eq!((effects.server_timeout_ms, effects.tunnel_timeout_ms), (Some(3000), Some(5)));
    assert_eq!((effects.nice, effects.client_mark, effects.server_tos), (Some(1024), Some(16), Some(8)));
    assert_eq!((effects.retries, effects.priority_class, effects.priority_offset_ms), (Some(7), -2047, 5));
    assert!(effects.no_l7_retry && effects.log_now.len() == 1);
    assert_eq!(stage.txn.log.level, Some(255));
}

#[test]
fn addresses_change_for_the_stream_only() {
    let stage = effects_of("http-request set-src req.hdr(none) && http-request set-src str(10.0.0.9)");
    assert_eq!(stage.session.source, Endpoint::Ip("10.0.0.9:4711".parse().unwrap()));
    assert_eq!(stage.effects.source_before, Some(Endpoint::Ip("127.0.0.1:4711".parse().unwrap())));
    let stage = effects_of("http-request set-dst-port int(4000)");
    assert_eq!(stage.session.destination, Endpoint::Ip("127.0.0.2:4000".parse().unwrap()));
}

#[test]
fn captures_fill_slots() {
    let stage = effects_of("http-request capture req.fhdr(a) len 2 && http-request capture path len 9");
    assert_eq!(stage.txn.log.request_captures, [Some(b"on".to_vec()), Some(b"/a/b".to_vec())]);
}

#[test]
fn rewrites_that_do_not_fit_fail_unless_lenient() {
    let outcome = |rules: &str| {
        let mut stage = Stage::request(REQUEST);
        stage.effects.message_max = 80;
        let sets = parse_all(rules).unwrap();
        let verdict = stage.run(&sets[0].1);
        (matches!(verdict, Verdict::Fail), stage.effects.failed_rewrites, stage.message().contains("long"))
    };
    let long = "http-request set-header long xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    assert_eq!(outcome(long), (true, 1, false));
    assert_eq!(outcome(&format!("http-request strict-mode off && {long}")), (false, 1, false));
    assert_eq!(outcome("http-request set-header s x"), (false, 0, false));
}

#[test]
fn pages_of_the_proxy_take_the_place_of_built_in_ones() {
    let mut stage = Stage::request(REQUEST);
    let sets = parse_all("http-request auth realm r").unwrap();
    let Verdict::Reply(reply) = stage.run(&sets[0].1) else { panic!("no reply") };
    let mut page = Reply::new(401, ReplyCause::Error);
    page.fields = vec![
        (b"www-authenticate".to_vec(), b"zz".to_vec()),
        (b"content-type".to_vec(), b"text/plain".to_vec()),
    ];
    page.length_at = Some(1);
    page.body = b"who"[..].into();
    let expected = "HTTP/1.1 401 Unauthorized|content-length: 3|content-type: text/plain|www-authenticate: Basic realm=\"r\"||who";
    assert_eq!(wire(reply.resolved(Some(page))), expected);
}

fn legacy_run(rules: &str, response: bool) -> String {
    let mut reading = Reading::new();
    let mut set = RuleSet::default();
    for text in rules.split(" && ") {
        let line = line(text);
        let row = legacy::KEYWORDS.iter().find(|row| text.starts_with(&format!("{} ", row.name))).unwrap();
        let mut cursor = Cursor::new(&line, 1);
        match reading.with(|load| legacy::statement(row, &mut cursor, load)) {
            Ok(rule) => set.push(rule),
            Err(error) => return error.message,
        }
    }
    let mut stage = Stage::request(REQUEST);
    if response {
        stage = stage.response(RESPONSE);
    }
    match stage.run(&set) {
        Verdict::Reply(reply) => wire(*reply).split('|').next().unwrap_or_default().to_owned(),
        Verdict::Tarpit(_) => "tarpit".into(),
        _ => stage.message(),
    }
}

#[test]
fn words_of_old_versions_do_what_they_did() {
    let all = "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: one|x-b: two||";
    for (rules, expected) in [
        (r"reqadd X-Proto:\ SSL", "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: one|x-b: two|x-proto: SSL||"),
        (r"reqadd X-Proto:\ SSL if { path /x }", all),
        ("reqidel ^x-b:.*", "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: one||"),
        ("reqdel ^X-B:", "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: one||"),
        ("reqdel ^X-b:", all),
        (r"reqrep ^([^\ :]*)\ /a/(.*) \1\ /\2", "GET /b?x=1&y=2 HTTP/1.1|host: h:81|a: one|x-b: two||"),
        (r"reqirep ^Host:\ h(.*) Host:\ www\1", "GET /a/b?x=1&y=2 HTTP/1.1|host: www:81|a: one|x-b: two||"),
        (r"reqideny ^host:\ .*81", "HTTP/1.1 403 Forbidden"),
        (r"reqiallow ^host: && reqideny ^host:\ .*81", all),
        ("reqpass ^GET && reqdeny . && reqadd a:b", all),
        ("reqitarpit ^get", "tarpit"),
        ("reqdeny ^PUT", all),
        ("reqrep (", "'reqrep' expects <search> and <replace> as an argument."),
    ] {
        assert_eq!(legacy_run(rules, false), expected, "{rules}");
    }
    for (rules, expected) in [
        (r"rspadd V:\ 1", "HTTP/1.1 200 OK|content-length: 0|x-r: 1|x-r: 2, 3|set-cookie: a=1|v: 1||"),
        ("rspidel ^x-r:", "HTTP/1.1 200 OK|content-length: 0|set-cookie: a=1||"),
        (
            r"rsprep ^X-R:\ (.)$ X-R:\ <\1>",
            "HTTP/1.1 200 OK|content-length: 0|x-r: <1>|x-r: 2, 3|set-cookie: a=1||",
        ),
        ("rspdeny ^Set-Cookie:", "HTTP/1.1 502 Bad Gateway"),
    ] {
        assert_eq!(legacy_run(rules, true), expected, "{rules}");
    }
}
