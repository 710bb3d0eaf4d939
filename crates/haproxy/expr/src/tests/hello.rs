//! The first TLS message of a stream. What 2.6 has is compared with it in `integration/differential/cases/tls_hello.yaml`;
//! here stand the fetches and forms that are newer (manual §7.3.5).

use super::{Stage, check, eval, load, with_cx};
use crate::acl::{AclSet, Condition};
use crate::got::Truth;
use haproxy_conf::MemFiles;

fn vector(length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_be_bytes();
    [&length[8 - length_bytes..], content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, content)].concat()
}

/// A hello of TLS 1.2 with these extensions, in one record.
fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    let body = [
        &[3, 3][..],
        &[7; 32],
        &vector(1, b"id"),
        &vector(2, &[0x13, 0x01, 0xc0, 0x2f]),
        &vector(1, &[0]),
        &vector(2, &extensions.concat()),
    ]
    .concat();
    [&[22, 3, 1][..], &vector(2, &[&[1][..], &vector(3, &body)].concat())].concat()
}

fn full() -> Vec<u8> {
    let share = |group: u8, key: &[u8]| [&[0, group][..], &vector(2, key)].concat();
    hello(&[
        extension(0, &vector(2, &[&[0][..], &vector(2, b"www.example.com")].concat())),
        extension(10, &vector(2, &[0, 29, 0, 23])),
        extension(13, &vector(2, &[4, 3])),
        extension(51, &vector(2, &[share(29, &[9; 32]), share(23, &[8; 65])].concat())),
    ])
}

fn stage(bytes: &[u8], complete: bool) -> Stage {
    let mut stage = Stage::empty();
    stage.txn.http = false;
    stage.body = bytes.to_vec();
    stage.complete = complete;
    stage
}

#[test]
fn lists_are_given_as_bytes() {
    check(
        &stage(&full(), true),
        &[
            ("req.ssl_cipherlist,hex", "1301C02F"),
            ("req.ssl_sigalgs,hex", "0403"),
            ("req.ssl_supported_groups,hex", "001D0017"),
            ("req.ssl_keyshare_groups,hex", "001D0017"),
            ("req.ssl_sni", "www.example.com"),
            ("req.ssl_ver", "196611"),
        ],
    );
}

#[test]
fn a_hello_in_pieces_is_waited_for() {
    let bytes = full();
    let verdict = |condition: &str, upto: usize, complete: bool| {
        let parse = |cx: &mut crate::ParseCx<'_>| {
            Condition::parse(&condition.split(' ').collect::<Vec<_>>(), &AclSet::default(), cx)
        };
        let condition = with_cx(&mut load(), &MemFiles::new(), parse).unwrap();
        condition.eval(&stage(&bytes[..upto], complete).cx())
    };
    for upto in 0..bytes.len() {
        assert_eq!(verdict("if { req.ssl_hello_type 1 }", upto, false), Truth::Pending, "{upto}");
        assert_eq!(verdict("if { req.ssl_hello_type 1 }", upto, true), Truth::No, "{upto}");
    }
    assert_eq!(verdict("if { req.ssl_hello_type 1 }", bytes.len(), false), Truth::Yes);
    // the name is known before the rest is there
    assert_eq!(verdict("if { req.ssl_sni www.example.com }", 60, false), Truth::Pending);
    assert_eq!(verdict("if { req.ssl_sni www.example.com }", 90, false), Truth::Yes);
}

#[test]
fn versions_are_written_with_a_point() {
    let stage = stage(&full(), true);
    for (patterns, expected) in
        [("3.3", true), ("3", false), ("3.1:3.3", true), ("ge 3.3", true), ("lt 3.3", false), ("3.4:", false)]
    {
        let words: Vec<&str> =
            ["if", "{", "req.ssl_ver"].into_iter().chain(patterns.split(' ')).chain(["}"]).collect();
        let condition =
            with_cx(&mut load(), &MemFiles::new(), |cx| Condition::parse(&words, &AclSet::default(), cx))
                .unwrap();
        assert_eq!(condition.eval(&stage.cx()) == Truth::Yes, expected, "{patterns}");
    }
    let words = ["if", "{", "req.ssl_ver", "3.x", "}"];
    let fault = with_cx(&mut load(), &MemFiles::new(), |cx| {
        Condition::parse(&words, &AclSet::default(), cx).map(|_| ())
    })
    .unwrap_err();
    assert!(fault.contains("'3.x' is not a dotted number"), "{fault}");
}

#[test]
fn nothing_hostile_is_read_beyond_its_end() {
    let bytes = full();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            for fetch in
                ["sni", "alpn", "keyshare_groups", "sigalgs", "cipherlist", "st_ext", "ver", "hello_type"]
            {
                eval(&stage(&changed, true), &format!("req.ssl_{fetch}"));
            }
        }
    }
}
