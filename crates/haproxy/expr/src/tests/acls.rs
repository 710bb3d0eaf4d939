//! Conditions and match methods.

use super::{MemFiles, REQUEST, Stage, load, with_cx};
use crate::acl::{AclSet, Condition};
use crate::got::Truth;

fn decide(stage: &Stage, words: &str) -> Result<Truth, String> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut files = MemFiles::new();
    files
        .insert(
            "paths",
            "# comment
/x
  /a/b
",
        )
        .insert(
            "nets",
            "10.0.0.0/8
192.0.2.0/24
",
        );
    let condition = with_cx(&mut load(), &files, |cx| Condition::parse(&words, &AclSet::default(), cx))?;
    Ok(condition.eval(&stage.cx()))
}

#[test]
fn match_methods() {
    let stage = Stage::request(REQUEST);
    let table = [
        ("if { path /a/b/c.png }", true),
        ("if { path /a/b }", false),
        ("if { path_beg /x /a }", true),
        ("if { path_end .gif .png }", true),
        ("if { path_end -i .PNG }", true),
        ("if { path_end .PNG }", false),
        ("if { path_sub b/c }", true),
        ("if { path_dir b }", true),
        ("if { path_dir /a/b/ }", true),
        ("if { path_dir c }", false),
        ("if { hdr_dom(host) -i example }", true),
        ("if { hdr_dom(host) -i 8080 }", true),
        ("if { hdr_dom(host) -i xample }", false),
        ("if { path_reg ^/a/.*\\.png$ }", true),
        ("if { path_len gt 5 }", true),
        ("if { path_len lt 5 }", false),
        ("if { path_len 9:11 }", true),
        ("if { src 192.0.2.0/24 }", true),
        ("if { src 10.0.0.0/8 }", false),
        ("if { src -f nets }", true),
        ("if { src_port 1024: }", true),
        ("if { src_port le 1024 }", false),
        ("if { path -m beg -f paths }", true),
        ("if { path -f paths }", false),
        ("if { hdr(x-l) b }", true),
        ("if { hdr(x-l) d }", true),
        ("if { hdr(x-l) e }", false),
        ("if { req.hdr(host),lower example.com:8080 }", true),
        ("if { hdr(nope) -m found }", false),
        ("if { hdr(host) -m found }", true),
        ("if { path -m bin 2f612f622f632e706e67 }", true),
        ("if { method POST GET }", true),
        ("if METH_GET", true),
        ("if !METH_GET", false),
        ("if { req.hdr_cnt(x-l) eq 4 } METH_POST", false),
        ("if { req.hdr_cnt(x-l) eq 3 } || METH_GET", true),
        ("unless METH_POST", true),
        ("if", false),
        ("if ! { path /x }", true),
        ("if LOCALHOST", false),
        ("if HTTP_1.1 HTTP TRUE !FALSE", true),
    ];
    for (words, expected) in table {
        assert_eq!(decide(&stage, words), Ok(Truth::from(expected)), "{words}");
    }
}

#[test]
fn faults_have_the_originals_words() {
    let stage = Stage::request(REQUEST);
    let table = [
        ("if { foo }", "unknown fetch method 'foo' in ACL expression 'foo'"),
        ("if { path( }", "ACL keyword 'path' : expected ')'"),
        ("if { path(a) }", "ACL keyword 'path' : expected ')' before 'a)'"),
        (
            "if { hdr(a,b) -m str a }",
            "ACL keyword 'hdr' : failed to parse 'b' as type 'integer' at position 2",
        ),
        (
            "if { req.hdr(a,1,2) -m str a }",
            "fetch method 'req.hdr' : expected ')' before ',2)' in ACL expression 'req.hdr(a,1,2)'",
        ),
        ("if { path,foo -m str a }", "ACL keyword 'path' : unknown converter 'foo'"),
        (
            "if { path,lower(1) -m str a }",
            "ACL keyword 'path' : invalid arg 1 in converter 'lower' : expected ')' before '1)'",
        ),
        ("if { path,lower -m foo a }", "unknown matching method 'foo' when parsing ACL expression"),
        ("if { path -m reg ( }", "regex '(' is invalid (error=missing closing parenthesis, erroffset=1)"),
        ("if { path -f /nonexist }", "failed to open pattern file </nonexist>"),
        ("if { src 1.2.3.4.5 }", "'1.2.3.4.5' is not a valid IPv4 or IPv6 address"),
        ("if { src_port a }", "'a' is not a number"),
        ("if { path /a", "missing closing '}' in condition"),
        ("if nope", "no such ACL : 'nope'"),
    ];
    for (words, expected) in table {
        assert_eq!(decide(&stage, words), Err(expected.to_owned()), "{words}");
    }
}
