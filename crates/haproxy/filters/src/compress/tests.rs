use std::io::Read;
use std::rc::Rc;

use haproxy_http::{FieldId, Fields, Framing, Response};

use super::*;
use crate::chain::Chain;

fn fields(lines: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in lines {
        fields.append(name.as_bytes(), value.as_bytes());
    }
    fields
}

fn chosen(accept: &[&str], offered: &[Algorithm]) -> Option<&'static str> {
    let lines: Vec<(&str, &str)> = accept.iter().map(|value| ("accept-encoding", *value)).collect();
    accepts(&fields(&lines), offered).map(Algorithm::name)
}

#[test]
fn the_highest_weight_wins_then_the_first_named() {
    use Algorithm::*;
    let offered = [Deflate, Gzip, RawDeflate];
    for (accept, expected) in [
        ("gzip", Some("gzip")),
        ("gzip;q=0", None),
        ("*", Some("deflate")),
        ("*;q=0.1, gzip;q=0.2", Some("gzip")),
        ("identity", None),
        ("GZIP", Some("gzip")),
        ("gzip ; q=1", Some("gzip")),
        ("gzip;q=0.5,deflate;q=0.5", Some("gzip")),
        ("x-gzip", None),
        ("gzip;q=abc", Some("gzip")),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", Some("gzip")),
        (" ,, gzip", Some("gzip")),
        ("*;q=0, gzip;q=0.500, deflate;q=0.750", Some("deflate")),
        ("", None),
    ] {
        assert_eq!(chosen(&[accept], &offered), expected, "{accept}");
    }
    assert_eq!(chosen(&["br", "gzip"], &offered), Some("gzip"));
    assert_eq!(wants_identity(&[Gzip, Identity]), Some(Identity));
    assert_eq!(wants_identity(&[Gzip]), None);
}

#[test]
fn old_browsers_are_not_trusted() {
    for (agent, trusted) in [
        ("Mozilla/4", false),
        ("Mozilla/4.0 (compatible; MSIE 5.5; Windows)", false),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", false),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", true),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1)", true),
        ("Mozilla/5.0 (X11)", true),
    ] {
        let request = fields(&[("accept-encoding", "gzip"), ("user-agent", agent)]);
        assert_eq!(accepts(&request, &[Algorithm::Gzip]).is_some(), trusted, "{agent}");
    }
}

fn response(lines: &[(&str, &str)], length: u64) -> Response {
    let mut response = Response::default();
    response.set_status(200, b"OK");
    response.framing = Framing::Length(length);
    for (name, value) in lines {
        response.fields.append(name.as_bytes(), value.as_bytes());
    }
    response
}

#[test]
fn what_must_not_be_compressed_is_left_alone() {
    let types = [b"text/plain".to_vec()];
    let plain = ("content-type", "TEXT/plain; charset=utf-8");
    for (lines, length, expected) in [
        (vec![plain], 100, true),
        (vec![plain], 49, false),
        (vec![], 100, false),
        (vec![("content-type", "text/css"), plain], 100, false),
        (vec![plain, ("content-encoding", "identity")], 100, false),
        (vec![plain, ("cache-control", "max-age=1, No-Transform")], 100, false),
        (vec![plain, ("etag", "\"a\""), ("etag", "\"a\"")], 100, false),
        (vec![plain, ("etag", "invalid\"")], 100, false),
        (vec![plain, ("etag", "W/\"a\"")], 100, true),
    ] {
        let response = response(&lines, length);
        assert_eq!(head::response_allows(&response, &types, 50), expected, "{lines:?} {length}");
    }
    assert!(!head::response_allows(&response(&[("content-type", "multipart/x")], 100), &[], 0));
    assert!(!head::response_allows(&response(&[plain], 0), &[], 0));
    let mut partial = response(&[plain], 100);
    partial.set_status(206, b"Partial Content");
    assert!(!head::response_allows(&partial, &[], 0));
}

fn rewritten(lines: &[(&str, &str)]) -> String {
    let mut response = response(lines, 5);
    head::rewrite_response(&mut response, Algorithm::Gzip);
    assert_eq!(response.framing, Framing::Chunked);
    let mut out = Vec::new();
    response.fields.write(&mut out);
    String::from_utf8(out).unwrap().replace("\r\n", "|")
}

#[test]
fn heads_say_what_became_of_the_body() {
    assert_eq!(
        rewritten(&[("content-length", "5"), ("etag", "\"x\"")]),
        "etag: W/\"x\"|transfer-encoding: chunked|vary: Accept-Encoding|content-encoding: gzip|"
    );
    assert!(rewritten(&[("vary", "Other")]).starts_with("vary: Other,Accept-Encoding|"));
    assert!(rewritten(&[("vary", "")]).starts_with("vary: Accept-Encoding|"));
    assert!(rewritten(&[("vary", "a, accept-encoding")]).starts_with("vary: a, accept-encoding|transfer"));
    let mut identity = response(&[], 5);
    head::rewrite_response(&mut identity, Algorithm::Identity);
    assert!(!identity.fields.contains(FieldId::ContentEncoding));
    assert!(identity.fields.contains(FieldId::Vary));
}

fn compressed(
    algorithm: Algorithm,
    level: u32,
    encoders: &Rc<Encoders>,
    body: &[u8],
    piece: usize,
    flush: bool,
) -> Vec<u8> {
    let mut chain = Chain::default();
    chain.push(Box::new(Compressor::new(encoders.take(algorithm, level))));
    for part in body.chunks(piece) {
        chain.feed(part, 0);
        if flush {
            let before = chain.out.len();
            chain.flush(0);
            assert!(chain.out.len() > before, "a flush gives something");
        }
    }
    chain.finish(0);
    assert!(chain.is_over());
    assert_eq!(chain.tally.compressed_in, body.len() as u64);
    assert_eq!(chain.tally.compressed_out, chain.out.len() as u64);
    chain.out
}

fn unpacked(algorithm: Algorithm, out: &[u8]) -> Vec<u8> {
    let mut back = Vec::new();
    match algorithm {
        Algorithm::Gzip => flate2::read::GzDecoder::new(out).read_to_end(&mut back),
        Algorithm::Deflate => flate2::read::ZlibDecoder::new(out).read_to_end(&mut back),
        Algorithm::RawDeflate => flate2::read::DeflateDecoder::new(out).read_to_end(&mut back),
        Algorithm::Identity => out.to_vec().as_slice().read_to_end(&mut back),
    }
    .unwrap();
    back
}

/// Bodies of several kinds: text, repetition, noise, nothing.
fn bodies() -> Vec<Vec<u8>> {
    let mut x = 1u32;
    let mut next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x >> 8
    };
    let text: String = (0..20_000).map(|line| format!("line {line} {:x}\n", next())).collect();
    let noise: Vec<u8> = (0..200_000).map(|_| next() as u8).collect();
    let mixed = [&text.as_bytes()[..70_000], &noise[..70_000], &text.as_bytes()[..70_000]].concat();
    let far: Vec<u8> = [&noise[..32_768], b"abcdefgh", &noise[..32_768]].concat();
    vec![
        text.into_bytes(),
        vec![b'x'; 300_000],
        noise,
        mixed,
        far,
        b"abcabcabcabcabcabc".to_vec(),
        b"a".to_vec(),
        vec![],
    ]
}

#[test]
fn all_algorithms_give_back_what_went_in() {
    let encoders = Rc::new(Encoders::default());
    for body in bodies() {
        for (level, piece, flush) in [
            (1, 1 << 20, false),
            (1, 1000, true),
            (1, 16_384, true),
            (1, 7, false),
            (6, 1 << 20, false),
            (6, 999, true),
        ] {
            for algorithm in [Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate, Algorithm::Identity]
            {
                let flush = flush && algorithm != Algorithm::Identity;
                let out = compressed(algorithm, level, &encoders, &body, piece, flush);
                assert!(unpacked(algorithm, &out) == body, "{algorithm:?} {level} {piece} {}", body.len());
            }
        }
    }
    assert_eq!(encoders.spare.borrow().len(), 6);
}

#[test]
fn what_does_not_compress_hardly_grows() {
    let encoders = Rc::new(Encoders::default());
    for body in bodies() {
        let out = compressed(Algorithm::Gzip, 1, &encoders, &body, 1 << 20, false);
        assert!(out.len() <= body.len() + body.len() / 5_000 + 30, "{} {}", out.len(), body.len());
    }
}

#[test]
fn all_lengths_and_distances_are_written() {
    let encoders = Rc::new(Encoders::default());
    for length in 4..=300 {
        for distance in [1, 2, 3, 4, 5, 8, 9, 257, 1000, 24_577, 32_768, 32_769] {
            let mut body: Vec<u8> = (0..distance as u32).map(|n| ((n * n) >> 3) as u8).collect();
            for at in 0..length {
                body.push(body[at]);
            }
            let out = compressed(Algorithm::RawDeflate, 1, &encoders, &body, 1 << 20, false);
            assert!(unpacked(Algorithm::RawDeflate, &out) == body, "{length} {distance}");
        }
    }
}
