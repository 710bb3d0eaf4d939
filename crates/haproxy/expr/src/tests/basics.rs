//! Parsing, casts and header basics. Expected texts were taken from HAProxy 2.6.

use super::{REQUEST, Stage, check};

#[test]
fn expressions_and_casts() {
    check(
        &Stage::request(REQUEST),
        &[
            ("bool(true)", "1"),
            ("int(5)", "5"),
            ("ipv6(::ffff:1.2.3.4)", "::ffff:1.2.3.4"),
            ("int(7),lower", "7"),
            ("bin(616200),lower", "ab"),
            ("meth(GET)", "GET"),
            ("method,lower", "get"),
            ("path,lower", "/a/b/c.png"),
            ("req.hdr(x-l)", "d"),
            ("req.hdr(x-l,1)", "a"),
            ("req.hdr(x-l,-1)", "d"),
            ("req.hdr(x-l,5)", ""),
            ("str('a,b)c')", "a,b)c"),
            (
                "str(a\\,b)",
                "ERR failed to parse sample expression <str(a\\,b)]> : fetch method 'str' : expected ')' before ',b)]'",
            ),
            ("str(\"a b\")", "a b"),
            ("str(a b)", "a b"),
            (
                "str(a'b)",
                "ERR failed to parse sample expression <str(a'b)]> : fetch method 'str' : expected ')'",
            ),
            ("bool(1),lower", "1"),
            ("int(-5)", "-5"),
            (
                "int(0x10)",
                "ERR failed to parse sample expression <int(0x10)]> : fetch method 'int' : failed to parse '0x10' as type 'integer' at position 1",
            ),
            ("path)x", "ERR expected ']' after 'path', but found ')'"),
            ("path,lower)", "ERR expected ']' after 'path,lower', but found ')'"),
            ("path lower", "ERR expected ']' after 'path', but found ' '"),
            ("path,,lower", "/a/b/c.png"),
            ("path,lower,", "ERR failed to parse sample expression <path,lower,]> : unknown converter ''"),
            ("path,", "ERR failed to parse sample expression <path,]> : unknown converter ''"),
            (",path", "ERR failed to parse sample expression <,path]> : missing fetch method"),
            ("path.x", "ERR failed to parse sample expression <path.x]> : unknown fetch method 'path.x'"),
            ("str", ""),
            (
                "ipv4(1.2)",
                "ERR failed to parse sample expression <ipv4(1.2)]> : fetch method 'ipv4' : failed to parse '1.2' as type 'IPv4 address' at position 1",
            ),
            (
                "ipv4(x)",
                "ERR failed to parse sample expression <ipv4(x)]> : fetch method 'ipv4' : failed to parse 'x' as type 'IPv4 address' at position 1",
            ),
            (
                "ipv6(x)",
                "ERR failed to parse sample expression <ipv6(x)]> : fetch method 'ipv6' : failed to parse 'x' as type 'IPv6 address' at position 1",
            ),
            (
                "int()",
                "ERR failed to parse sample expression <int()]> : fetch method 'int' : expected type 'integer' at position 1, but got nothing",
            ),
            (
                "bool(2)",
                "ERR failed to parse sample expression <bool(2)]> : invalid args in fetch method 'bool' : Expects 'true', 'false', '0' or '1'",
            ),
            (
                "bool(x)",
                "ERR failed to parse sample expression <bool(x)]> : invalid args in fetch method 'bool' : Expects 'true', 'false', '0' or '1'",
            ),
            ("meth(FOO)", "FOO"),
            (
                "bin(abc)",
                "ERR failed to parse sample expression <bin(abc)]> : invalid args in fetch method 'bin' : an even number of hex digit is expected",
            ),
            (
                "bin(zz)",
                "ERR failed to parse sample expression <bin(zz)]> : invalid args in fetch method 'bin' : an hex digit is expected (found 'z')",
            ),
            ("hdr_cnt(x-l)", "4"),
        ],
    );
}

#[test]
fn response_fetches_look_at_the_response() {
    let stage = Stage::request(REQUEST).response(b"HTTP/1.1 404 Not Found\r\nX-A: 1, 2\r\nX-A: 3\r\n\r\n");
    check(
        &stage,
        &[
            ("status", "404"),
            ("res.ver", "1.1"),
            ("res.hdr(x-a)", "3"),
            ("res.hdr(x-a,2)", "2"),
            ("res.hdr_cnt(x-a)", "3"),
            ("res.fhdr(x-a,1)", "1, 2"),
            ("hdr(x-a)", "3"),
            ("res.hdr_names", "x-a,x-a"),
        ],
    );
}
