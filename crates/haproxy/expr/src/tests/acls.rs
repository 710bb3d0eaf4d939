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

#[test]
fn conditions_decide_as_the_original_does() {
    let stage = Stage::request(b"GET /a/b/c.png?x=1&y=two%20words&z= HTTP/1.1\r\nHost: Example.COM:8080\r\nUser-Agent: ua/1\r\nX-L: a, b ,c\r\nX-L: d\r\nCookie: k=v; s=abc\r\nAccept-Language: fr;q=0.5, en\r\nX-E:\r\n\r\n");
    let table = [
        ("if { path /a/b/c.png }", true),
        ("if { path /A/b/c.png }", false),
        ("if { path -i /A/b/c.png }", true),
        ("if { path -m beg /a /b }", true),
        ("if { path -m sub b/c }", true),
        ("if { path -m sub -i B/C }", true),
        ("if { path -m dir a }", true),
        ("if { path -m dir /a }", true),
        ("if { path -m dir a/b }", true),
        ("if { path -m dir b/c.png }", true),
        ("if { path -m dir c }", false),
        ("if { hdr(host) -m dom example }", false),
        ("if { hdr(host) -m dom Example }", true),
        ("if { hdr(host) -m dom .Example. }", true),
        ("if { hdr(host) -m dom 8080 }", true),
        ("if { hdr(host) -m dom COM:8080 }", true),
        ("if { hdr(host) -m dom xample }", false),
        ("if { hdr(host) -m end 8080 }", true),
        ("if { hdr(x-l) a }", true),
        ("if { hdr(x-l) b }", true),
        ("if { hdr(x-l) d }", true),
        ("if { req.fhdr(x-l) -m beg a }", true),
        ("if { hdr(x-l,2) b }", true),
        ("if { hdr_cnt(x-l) 4 }", true),
        ("if { hdr_cnt(x-l) gt 4 }", false),
        ("if { hdr_cnt(x-l) ge 4 le 2 }", true),
        ("if { hdr_cnt(x-l) eq 1 2 4 }", true),
        ("if { hdr_cnt(x-l) lt 4 }", false),
        ("if { hdr_cnt(x-l) 2:4 }", true),
        ("if { hdr_cnt(x-l) :3 }", false),
        ("if { hdr_cnt(x-l) 5: }", false),
        ("if { int(-5) lt 0 }", true),
        ("if { int(-5) -- -5 }", true),
        ("if { path -m len 10 }", true),
        ("if { path -m len gt 10 }", false),
        ("if { path_len 10:11 }", true),
        ("if { path -m reg ^/a }", true),
        ("if { path -m reg -i ^/A }", true),
        ("if { path -m found }", true),
        ("if { hdr(nope) -m found }", false),
        ("if { hdr(x-e) -m found }", true),
        ("if { hdr(x-e) -m len 0 }", true),
        ("if { urlp(z) -m found }", true),
        ("if { urlp(z) -m len 0 }", true),
        ("if { urlp(q) -m found }", false),
        ("if { urlp(y) two%20words }", true),
        ("if { method GET }", true),
        ("if { method POST GET }", true),
        ("if { method -m str get }", false),
        ("if { method -m str -i get }", true),
        ("if { method -m reg ^G }", true),
        ("if { cook(k) v }", true),
        ("if { cook(s) -m beg ab }", true),
        ("if { cook_cnt(k) 1 }", true),
        ("if { req.cook() -m found }", true),
        ("if { cook() abc }", true),
        ("if { path,lower -m str /a/b/c.png }", true),
        ("if { path,upper /A/B/C.PNG }", true),
        ("if { path_beg,upper /A }", false),
        ("if { str(a) -m str a }", true),
        ("if { str(a) a }", true),
        ("if { str() -m found }", true),
        ("if { bool(true) }", true),
        ("if { bool(false) }", false),
        ("if { int(3) -m bool }", true),
        ("if { int(0) -m bool }", false),
        ("if { str(3) -m int 3 }", true),
        ("if { str(3x) -m int 3 }", true),
        ("if { str(1.2.3.4) -m ip 1.2.3.0/24 }", true),
        ("if { ipv4(10.1.2.3) 10.0.0.0/8 }", true),
        ("if { ipv4(10.0.0.12) 10.12 }", true),
        ("if { ipv4(10.1.2.3) ::ffff:10.0.0.0/104 }", true),
        ("if { ipv6(::ffff:10.1.2.3) 10.0.0.0/8 }", true),
        ("if { ipv6(::10.1.2.3) 10.0.0.0/8 }", true),
        ("if { ipv6(2002:a01:203::) 10.0.0.0/8 }", true),
        ("if { ipv6(2001:db8::1) 2001:db8::/32 }", true),
        ("if { ipv4(10.1.2.3) 10.1.2.3 }", true),
        ("if { ipv4(10.1.2.3) 10.0.0.0/255.0.0.0 }", true),
        ("if { bin(4142) -m bin 4142 }", true),
        ("if { bin(4142) -m bin 41 }", false),
        ("if { bin(4142) -m str AB }", true),
        ("if { bin(4100) -m str A }", true),
        ("if { var(txn.none) -m found }", false),
        ("if { var(txn.none) -m str a }", false),
        ("if ! { path /x }", true),
        ("if !{ path /x }", true),
        ("if { path /x } or { path -m beg /a }", true),
        ("if { path /x } || { path -m beg /a } !METH_GET", false),
        ("if METH_GET !HTTP_1.0", true),
        ("if HTTP_URL_SLASH HTTP_1.1", true),
        ("if HTTP_URL_ABS", false),
        ("if HTTP_CONTENT", false),
        ("if { req.ver 1.1 }", true),
        ("if { req.ver 1.0 }", false),
        ("if { path_end .png .jpg }", true),
        ("if { path_end g }", true),
        ("if { path -i -m beg /A }", true),
        ("if { req.hdr(host),field(1,:),lower example.com }", true),
        ("if { hdr_dom(host) -i com }", true),
        ("if { hdr_reg(host) -i ^example }", true),
        ("if { hdr_ip(x-l) 1.1.1.1 }", false),
        ("if { query -m found }", true),
        ("if { query -m sub y= }", true),
        ("if { urlp_reg(x) ^1$ }", true),
        ("if { base_beg Example }", true),
        ("if { base_dom -i example }", true),
        ("if { url_dir b }", true),
    ];
    let wrong: Vec<_> =
        table.iter().filter(|(words, truth)| decide(&stage, words) != Ok(Truth::from(*truth))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn faults_of_patterns_name_their_line() {
    let stage = Stage::request(REQUEST);
    let table = [
        (
            "if { req.body x }",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('req.body')",
        ),
        (
            "if { var(txn.x) x }",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('var')",
        ),
        ("if { req.body -m int 4 }", "matching method 'int' cannot be used with fetch keyword 'req.body'"),
        ("if { req.body -m bin 4 }", "an even number of hex digit is expected"),
        (
            "if { int(1) -1 }",
            "'-1' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
        ),
        ("if { int(1) 5:3 }", "'5:3' is not a valid number range"),
        (
            "if { path -f paths -m beg }",
            "'-m' must only be specified before patterns and files in parsing ACL expression",
        ),
        ("if { src -f paths }", "'/x' is not a valid IPv4 or IPv6 address at line 2 of file 'paths'"),
        (
            "if { path -M -f nets } { path -f nets }",
            "The file \"nets\" is already used as two column file and cannot be used by as one column file",
        ),
        (
            "if { path,map_ip(paths) -m found }",
            "ACL keyword 'path' : invalid args in converter 'map_ip' : '/x' is not a valid IPv4 or IPv6 address at line 2 of file 'paths'",
        ),
        (
            "if { path,map_str_int(nets) 4 }",
            "ACL keyword 'path' : invalid args in converter 'map_str_int' : unable to parse '' at line 1 of file 'nets'",
        ),
        ("if { path -u 5 x } { path -u 5 y }", "the id is already used"),
        ("if { path -u a x }", "the argument of -u must be an integer"),
        ("if { path -m }", "unknown matching method '' when parsing ACL expression"),
        ("if { path -f }", "failed to open pattern file <>"),
        (
            "if { path_reg -i [ }",
            "regex '[' is invalid (error=missing terminating ] for character class, erroffset=1)",
        ),
        ("if { src dead::/129 }", "'dead::/129' is not a valid IPv4 or IPv6 address"),
        (
            "if { sc0_conn_cnt gt 1 }",
            "fetch method 'sc0_conn_cnt' is not available : stick tables are not built yet in ACL expression 'sc0_conn_cnt'",
        ),
    ];
    for (words, expected) in table {
        assert_eq!(decide(&stage, words), Err(expected.to_owned()), "{words}");
    }
}
