//! Nothing a client sends may end an evaluation in a panic: every fetch and converter on arbitrary bytes.

use proptest::prelude::*;

use super::{MemFiles, Stage, load, with_cx};
use crate::Expr;
use crate::arg::ArgKind;
use crate::cx::Direction;
use crate::load::Load;
use crate::registry::Registry;
use crate::row::{ArgSpec, Run, Walk};

/// Arguments that most keywords take; some keywords need words of their own.
fn arguments(name: &str, specs: &[ArgSpec], number: i64) -> Option<String> {
    const SPECIAL: [(&str, &str); 30] = [
        ("digest", "(sha256)"),
        ("hmac", "(sha1,a2V5)"),
        ("sha2", "(384)"),
        ("json_query", "($.a[1].b)"),
        ("jwt_header_query", "($.alg)"),
        ("jwt_payload_query", "($.sub)"),
        ("jwt_verify", "(HS256,key)"),
        ("set-var", "(txn.v)"),
        ("unset-var", "(txn.v)"),
        ("var", "(txn.v)"),
        ("strcmp", "(txn.v)"),
        ("secure_memcmp", "(txn.v)"),
        ("concat", "(a,txn.v,b)"),
        ("add_item", "(;,txn.v,b)"),
        ("aes_cbc_enc", "(128,MDEyMzQ1Njc4OTAxMjM0NQ==,MDEyMzQ1Njc4OTAxMjM0NQ==)"),
        ("aes_cbc_dec", "(128,MDEyMzQ1Njc4OTAxMjM0NQ==,MDEyMzQ1Njc4OTAxMjM0NQ==)"),
        ("aes_gcm_enc", "(256,MDEyMzQ1Njc4OTAx,MDEyMzQ1Njc4OTAxMjM0NTAxMjM0NTY3ODkwMTIzNDU=,txn.tag)"),
        (
            "aes_gcm_dec",
            "(192,MDEyMzQ1Njc4OTAx,MDEyMzQ1Njc4OTAxMjM0NTAxMjM0NTY3,MDEyMzQ1Njc4OTAxMjM0NQ==,YWFk)",
        ),
        ("mqtt_field_value", "(connect,username)"),
        ("fix_tag_value", "(35)"),
        ("rfc7239_field", "(for)"),
        ("http_date", "(1,ms)"),
        ("protobuf", "(1.2,int64)"),
        ("ungrpc", "(3)"),
        ("regsub", "(a*,<\\\\0>,g)"),
        ("when", "(normal)"),
        ("distcc_body", "(ARGV)"),
        ("distcc_param", "(DIST)"),
        ("bool", "(1)"),
        ("url_enc", "(query)"),
    ];
    if let Some((_, arguments)) = SPECIAL.iter().find(|(known, _)| *known == name) {
        return Some((*arguments).to_owned());
    }
    if name.starts_with("map") {
        return Some("(virt@empty)".to_owned());
    }
    let mut words = Vec::new();
    for spec in specs.iter().filter(|spec| spec.required) {
        words.push(match spec.kind {
            ArgKind::Str => "a".to_owned(),
            ArgKind::Int => number.to_string(),
            ArgKind::Ipv4 => "1.2.3.4".to_owned(),
            ArgKind::Ipv6 => "::1".to_owned(),
            ArgKind::Mask4 => "24".to_owned(),
            ArgKind::Mask6 => "64".to_owned(),
            ArgKind::Frontend | ArgKind::Backend => "f".to_owned(),
            ArgKind::Server => "f/s1".to_owned(),
            ArgKind::Userlist => "u".to_owned(),
            ArgKind::Regex | ArgKind::Table | ArgKind::Protobuf => return None,
        });
    }
    Some(if words.is_empty() { String::new() } else { format!("({})", words.join(",")) })
}

/// Every keyword that is built and takes these arguments: fetches alone, converters behind `req.body` and `url`.
fn expressions(load: &mut Load) -> Vec<Expr> {
    let registry = Registry::built_in();
    let mut texts = Vec::new();
    for number in [1, -1, 3] {
        for row in registry.fetches().into_iter().filter(|row| matches!(row.run, Run::Built(_))) {
            texts.extend(arguments(row.name, row.args, number).map(|args| format!("{}{args}", row.name)));
        }
        for row in registry.converters().into_iter().filter(|row| matches!(row.run, Run::Built(_))) {
            for source in ["req.body", "url", "req.hdr(x-a)", "req.hdr(x-a),length"] {
                texts.extend(
                    arguments(row.name, row.args, number).map(|args| format!("{source},{}{args}", row.name)),
                );
            }
        }
    }
    texts.extend(
        [
            "urlp",
            "req.cook",
            "req.hdr",
            "req.fhdr",
            "req.hdr_ip",
            "req.payload(0,0)",
            "req.payload_lv(1,2)",
            "req.hdr(x-a,-2)",
        ]
        .map(String::from),
    );
    texts.sort();
    texts.dedup();
    texts.iter().filter_map(|text| with_cx(load, &MemFiles::new(), |cx| Expr::parse(text, cx)).ok()).collect()
}

fn evaluate_all(stage: &Stage, expressions: &[Expr]) {
    let cx = stage.cx();
    for expr in expressions {
        let mut out = Vec::new();
        expr.write(&cx, &mut out);
        let mut walk = Walk { all: true, ..Walk::default() };
        for _ in 0..50 {
            let _ = expr.next(&cx, &mut walk);
            if !walk.more {
                break;
            }
        }
    }
}

/// Few in a usual run, since each evaluates every keyword; `PROPTEST_CASES` has as many as it says.
fn config() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    ProptestConfig { cases: if asked { default.cases } else { 12 }, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_message_panics(
        uri in proptest::collection::vec(any::<u8>(), 0..60),
        header in proptest::collection::vec(any::<u8>(), 0..60),
        cookie in "[a-z=;, \"$]{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..120),
        shape in 0..6usize,
        flags in any::<u8>(),
    ) {
        let mut load = load();
        let expressions = expressions(&mut load);
        prop_assert!(expressions.len() > 700, "{}", expressions.len());
        let mut stage = Stage::empty();
        stage.txn.http = flags & 1 == 0;
        stage.txn.has_request = flags & 2 == 0;
        stage.complete = flags & 4 == 0;
        stage.direction = if flags & 8 == 0 { Direction::Request } else { Direction::Response };
        stage.txn.request.set_method(b"GET");
        stage.txn.request.set_uri(&uri);
        for name in [&b"x-a"[..], b"host", b"x-forwarded-for", b"authorization", b"accept-language", b"forwarded"] {
            stage.txn.request.fields.append(name, &header);
        }
        stage.txn.request.fields.append(b"cookie", cookie.as_bytes());
        // heads of the protocols that converters know, followed by chance
        let heads: [&[u8]; 6] = [
            b"",
            b"\x10\x20\x00\x04MQTT\x05\xc6",
            b"8=FIX.4.2\x019=5\x01",
            b"\x45\x00\x00\x3c\x00\x00\x40\x00\x40\x06",
            b"{\"a\":[1,{\"b\":\"",
            b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00Cookie: ",
        ];
        stage.body = [heads[shape], &body].concat();
        evaluate_all(&stage, &expressions);
        stage.txn.has_response = true;
        for name in [&b"x-a"[..], b"set-cookie"] {
            stage.txn.response.fields.append(name, &header);
        }
        evaluate_all(&stage, &expressions);
    }

    #[test]
    fn no_text_panics_the_parsers(text in "[a-z0-9_.,()'\"\\\\%{}\\[\\]+ :!|-]{0,60}", noise in ".{0,40}") {
        let mut load = load();
        for text in [&text, &noise] {
            let words: Vec<&str> = text.split(' ').collect();
            let _ = with_cx(&mut load, &MemFiles::new(), |cx| {
                let _ = Expr::parse(text, cx);
                let _ = Expr::parse_words(&words, cx);
                let _ = crate::LogFormat::parse(text, crate::Style::Log, cx);
                let _ = crate::LogFormat::parse(&format!("%[path,{text}]"), crate::Style::Http, cx);
                let _ = crate::acl::Test::parse(&words, cx);
                crate::Condition::of_terms(false, &words, &crate::AclSet::default(), cx)
            });
        }
    }
}
