use std::sync::Arc;

use haproxy_http::{FieldId, Framing, Request, Response};

use super::encodings::Encodings;
use super::object::Collector;
use super::request::Wanted;
use super::work::Answer;
use super::*;
use crate::chain::Chain;

const NOW_S: u64 = 1_700_000_000;

fn settings() -> Settings {
    Settings { blocks: 16, object_max_bytes: 4096, vary: true, age_max_s: 20, ..Settings::default() }
}

fn request(method: &str, uri: &str, lines: &[(&str, &str)]) -> Request {
    let mut request = Request::default();
    request.set_method(method.as_bytes());
    request.set_uri(uri.as_bytes());
    request.fields.append(b"host", b"h");
    for (name, value) in lines {
        request.fields.append(name.as_bytes(), value.as_bytes());
    }
    request
}

fn response(length: u64, lines: &[(&str, &str)]) -> Response {
    let mut response = Response::default();
    response.set_status(200, b"OK");
    response.framing = Framing::Length(length);
    for (name, value) in lines {
        response.fields.append(name.as_bytes(), value.as_bytes());
    }
    response
}

/// One exchange through a cache: what asking brought, and whether the answer of the server was kept.
fn exchange(cache: &Arc<Cache>, request: &Request, mut response: Response, now_s: u64) -> (Answer, bool) {
    let mut work = Work::default();
    let answer = work.ask(cache, request, now_s);
    work.store(cache, &mut response, now_s);
    let Some(pending) = work.storing.take() else { return (answer, false) };
    let Framing::Length(length) = response.framing else { return (answer, false) };
    let mut chain = Chain::default();
    chain.push(Box::new(Collector::new(pending)));
    chain.feed(&vec![b'x'; length as usize], 0);
    chain.finish(0);
    (answer, true)
}

fn cache() -> Arc<Cache> {
    Arc::new(Cache::new("c", settings()))
}

#[test]
fn what_has_neither_age_nor_validator_is_not_kept() {
    for (lines, kept) in [
        (vec![("cache-control", "max-age=5")], true),
        (vec![("cache-control", "max-age=0, s-maxage=5")], true),
        (vec![("cache-control", "max-age=\"5\"")], true),
        (vec![("cache-control", "max-age=0")], false),
        (vec![("cache-control", "max-age=abc")], false),
        (vec![("cache-control", "public")], false),
        (vec![("cache-control", "private, max-age=5")], false),
        (vec![("cache-control", "private=\"x\", max-age=5")], true),
        (vec![("cache-control", "no-store, max-age=5")], false),
        (vec![("cache-control", "no-cache=\"set-cookie\", max-age=5")], false),
        (vec![("last-modified", "Thu, 22 Oct 2020 16:51:12 GMT")], true),
        (vec![("etag", "\"e\"")], true),
        (vec![("etag", "\"e\""), ("pragma", "no-cache")], false),
        (vec![("etag", "\"e\""), ("expires", "0")], false),
        (vec![("expires", "Fri, 31 Dec 2100 23:59:59 GMT")], true),
        (vec![("cache-control", "max-age=5"), ("expires", "0")], true),
        (vec![("cache-control", "max-age=5"), ("age", "10")], false),
        (vec![("cache-control", "max-age=5"), ("age", "abc")], false),
        (vec![("cache-control", "max-age=500"), ("age", "100")], true),
        (vec![("cache-control", "max-age=5"), ("vary", "accept-encoding, other")], false),
        (vec![("cache-control", "max-age=5"), ("vary", "Accept-Encoding")], true),
        (
            vec![("cache-control", "max-age=5"), ("vary", "accept-encoding"), ("content-encoding", "what")],
            false,
        ),
        (vec![], false),
    ] {
        let got = exchange(&cache(), &request("GET", "/", &[]), response(10, &lines), NOW_S);
        assert_eq!(got, (Answer::Miss, kept), "{lines:?}");
    }
    let fresh = [("cache-control", "max-age=5")];
    assert!(!exchange(&cache(), &request("GET", "/", &[]), response(4096, &fresh), NOW_S).1);
    let mut error = response(10, &fresh);
    error.set_status(404, b"Not Found");
    assert!(!exchange(&cache(), &request("GET", "/", &[]), error, NOW_S).1);
}

#[test]
fn requests_say_whether_a_kept_answer_will_do() {
    let fresh = || response(10, &[("cache-control", "max-age=5")]);
    for (method, lines, expected) in [
        ("GET", vec![], (Answer::Hit, false)),
        ("HEAD", vec![], (Answer::Hit, false)),
        ("GET", vec![("cache-control", "no-cache")], (Answer::NotAsked, true)),
        ("GET", vec![("cache-control", "max-age=0")], (Answer::NotAsked, true)),
        ("GET", vec![("cache-control", "max-age=1")], (Answer::NotAsked, true)),
        ("GET", vec![("cache-control", "no-store")], (Answer::Hit, false)),
        ("GET", vec![("pragma", "no-cache")], (Answer::NotAsked, true)),
        ("GET", vec![("authorization", "x")], (Answer::NotAsked, false)),
        ("OPTIONS", vec![], (Answer::NotAsked, false)),
    ] {
        let cache = cache();
        assert_eq!(exchange(&cache, &request("GET", "/", &[]), fresh(), NOW_S), (Answer::Miss, true));
        assert_eq!(exchange(&cache, &request(method, "/", &lines), fresh(), NOW_S), expected, "{lines:?}");
    }
}

#[test]
fn a_successful_change_makes_kept_answers_wrong() {
    let fresh = || response(10, &[("cache-control", "max-age=5")]);
    for (method, status, gone) in
        [("POST", 200, true), ("POST", 500, false), ("FOO", 303, true), ("OPTIONS", 200, false)]
    {
        let cache = cache();
        exchange(&cache, &request("GET", "/", &[]), fresh(), NOW_S);
        let mut changed = response(10, &[]);
        changed.set_status(status, b"");
        exchange(&cache, &request(method, "/", &[]), changed, NOW_S);
        let after = exchange(&cache, &request("GET", "/", &[]), fresh(), NOW_S).0;
        assert_eq!(after == Answer::Miss, gone, "{method} {status}");
    }
}

#[test]
fn answers_grow_old_and_go() {
    let cache = cache();
    let kept = response(10, &[("cache-control", "max-age=500"), ("age", "100")]);
    exchange(&cache, &request("GET", "/", &[]), kept, NOW_S);
    let wanted = Wanted::of(&request("GET", "/", &[]));
    let object = cache.find(&wanted, NOW_S + 19).unwrap();
    assert_eq!(object.age_now_s(NOW_S + 19), 119);
    assert!(!object.response.fields.contains(FieldId::Age));
    assert!(cache.find(&wanted, NOW_S + 20).is_none());
}

#[test]
fn the_least_used_goes_first() {
    let cache = cache();
    let fresh = || response(2000, &[("cache-control", "max-age=5")]);
    // seven of two or three blocks each fill the sixteen
    for n in 0..5 {
        exchange(&cache, &request("GET", &format!("/{n}"), &[]), fresh(), NOW_S);
    }
    assert_eq!(cache.list(NOW_S).iter().map(|listed| listed.blocks).sum::<u32>(), 15);
    let find = |n: u32| cache.find(&Wanted::of(&request("GET", &format!("/{n}"), &[])), NOW_S).is_some();
    assert!(find(0));
    exchange(&cache, &request("GET", "/5", &[]), fresh(), NOW_S);
    assert_eq!((find(0), find(1), find(5)), (true, false, true));
    cache.reconfigure(Settings { blocks: 3, ..settings() });
    assert_eq!(cache.list(NOW_S).len(), 1);
    assert!(find(5));
}

#[test]
fn variants_answer_those_who_accept_them() {
    let cache = cache();
    let asks = |accept: &str, referer: &str| {
        let mut lines = vec![("referer", referer)];
        if accept != "-" {
            lines.push(("accept-encoding", accept));
        }
        request("GET", "/", &lines)
    };
    let gzip = || {
        response(
            10,
            &[
                ("cache-control", "max-age=5"),
                ("vary", "accept-encoding,referer"),
                ("content-encoding", "gzip"),
            ],
        )
    };
    assert_eq!(exchange(&cache, &asks("first", "r"), gzip(), NOW_S), (Answer::Miss, false));
    assert_eq!(exchange(&cache, &asks("br, GZIP;q=0.8", "r"), gzip(), NOW_S), (Answer::Miss, true));
    for (accept, referer, expected) in [
        ("gzip", "r", Answer::Hit),
        ("*", "r", Answer::Hit),
        ("gzip;q=0, *", "r", Answer::Miss),
        ("-", "r", Answer::Hit),
        ("", "r", Answer::Miss),
        ("gzip", "other", Answer::Miss),
        ("a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,gzip", "r", Answer::Miss),
    ] {
        let mut work = Work::default();
        assert_eq!(work.ask(&cache, &asks(accept, referer), NOW_S), expected, "{accept} {referer}");
    }
}

#[test]
fn the_thing_itself_is_accepted_unless_refused() {
    let itself = Encodings::of_content(&response(1, &[]).fields).unwrap();
    for (accept, accepted) in [
        ("gzip", true),
        ("", true),
        ("identity;q=0", false),
        ("*;q=0", true),
        ("*;q=0, identity;q=0", false),
        ("gzip, identity;q=0.000", false),
    ] {
        let fields = request("GET", "/", &[("accept-encoding", accept)]).fields;
        assert_eq!(Encodings::accepted(&fields).unwrap().accepts(itself), accepted, "{accept}");
    }
}

#[test]
fn variants_of_one_answer_are_limited() {
    let cache = Arc::new(Cache::new("c", Settings { secondary_max: 2, ..settings() }));
    for (n, kept) in [(1, true), (2, true), (3, false)] {
        let asked = request("GET", "/", &[("origin", &format!("o{n}"))]);
        let varied = response(10, &[("cache-control", "max-age=5"), ("vary", "origin")]);
        assert_eq!(exchange(&cache, &asked, varied, NOW_S).1, kept, "{n}");
    }
}

#[test]
fn conditions_are_answered_from_what_is_kept() {
    let cache = cache();
    let lines = [("etag", "\"e\""), ("last-modified", "Thu, 22 Oct 2020 16:51:12 GMT")];
    exchange(&cache, &request("GET", "/", &[]), response(10, &lines), NOW_S);
    let object = cache.find(&Wanted::of(&request("GET", "/", &[])), NOW_S).unwrap();
    for (lines, known) in [
        (vec![("if-none-match", "\"e\"")], true),
        (vec![("if-none-match", "W/\"e\"")], true),
        (vec![("if-none-match", "*")], true),
        (vec![("if-none-match", "\"f\", \"e\"")], true),
        (vec![("if-none-match", "e")], false),
        (vec![("if-modified-since", "Thu, 22 Oct 2020 16:51:12 GMT")], true),
        (vec![("if-modified-since", "Thu, 22 Oct 2020 16:51:11 GMT")], false),
        (vec![("if-modified-since", "foo")], false),
        (vec![("if-none-match", "\"f\""), ("if-modified-since", "Thu, 22 Oct 2099 16:51:12 GMT")], false),
        (vec![], false),
    ] {
        assert_eq!(object.is_known_to(&request("GET", "/", &lines)), known, "{lines:?}");
    }
}

#[test]
fn a_body_that_breaks_off_is_not_kept() {
    let cache = cache();
    let asked = request("GET", "/", &[]);
    let mut work = Work::default();
    work.ask(&cache, &asked, NOW_S);
    work.store(&cache, &mut response(10, &[("cache-control", "max-age=5")]), NOW_S);
    let mut chain = Chain::default();
    chain.push(Box::new(Collector::new(work.storing.take().unwrap())));
    chain.feed(b"abc", 0);
    drop(chain);
    assert!(cache.list(NOW_S).is_empty());
}
