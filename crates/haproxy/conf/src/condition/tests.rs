use super::*;
use crate::facts::SslFacts;

fn facts() -> Facts {
    Facts {
        version: Version::release(2, 6, 12),
        features: vec![("OPENSSL", true), ("QUIC", false)],
        ssl: Some(SslFacts {
            name: "OpenSSL 3.0.19".to_owned(),
            openssl: Version::release(3, 0, 19),
            awslc_api: None,
            fips: false,
        }),
        switches: vec![("POLL", true), ("KQUEUE", false)],
    }
}

fn environment() -> Environment {
    let mut env = Environment::new();
    env.set(b"HOME", b"/root").unwrap();
    env
}

fn eval(text: &str) -> Result<bool, String> {
    evaluate(text.as_bytes(), &facts(), &environment()).map_err(|error| error.text_in(".if"))
}

#[test]
fn conditions_are_true_or_false() {
    for text in [
        "1",
        " 1",
        "-1",
        "0x10",
        "99999999999999999999",
        "(1)",
        "!0",
        "!!1",
        "0 || 1 || 0",
        "1&&!0",
        "1 && 1 && 0 || 1",
        "streq(a,a)",
        "streq(,)",
        "streq( a, a)",
        "strneq(a,b)",
        "strstr(abc,b)",
        "streq(\\n,\"\\n\")",
        "streq(\"a,b\",'a,b')",
        "defined(HOME)",
        "feature(OPENSSL)",
        "feature(OPENSSL)&&feature(OPENSSL)",
        "enabled(POLL)",
        "version_atleast(2.4-dev19)",
        "version_atleast()",
        "version_atleast",
        "version_before(2.6.13)",
        "version_before(2.7-dev1)",
        "openssl_version_atleast(1.1.1)",
        "ssllib_name_startswith(Open)",
        "streq(a,b) || (1 && !0)",
        "! ( 0 ) ",
    ] {
        assert_eq!(eval(text), Ok(true), "{text}");
    }
    for text in [
        "",
        "0",
        "-0",
        "!1",
        "1 && 0",
        "streq(a,b)",
        "streq(,a)",
        "feature(QUIC)",
        "feature(NOPE)",
        "feature(openssl)",
        "defined(NOPE)",
        "defined()",
        "defined",
        "defined(.FILE)",
        "version_atleast(2.6.12.1-2)",
        "version_before(2.6.12)",
        "openssl_version_before(3.0.0)",
        "openssl_version_atleast(foo)",
        "ssllib_name_startswith(open)",
        "enabled(KQUEUE)",
        "enabled(x)",
        "fips_mode()",
        "awslc_api_atleast(1)",
        "awslc_api_before(1)",
    ] {
        assert_eq!(eval(text), Ok(false), "{text}");
    }
}

#[test]
fn errors_have_the_original_wording() {
    for (text, error) in [
        ("foo", "unparsable conditional expression 'foo' in '.if' at position 1:"),
        ("foo(", "unparsable conditional expression 'foo(' in '.if' at position 1:"),
        (
            "1 2",
            "unexpected character '2' at the end of conditional expression '1 2' in '.if' at position 3:",
        ),
        ("1 && ", "unparsable conditional expression '&& ' in '.if' at position 3:"),
        ("1 || ", "unparsable conditional expression '1 || ' in '.if' at position 3:"),
        ("1 || foo", "unparsable conditional expression 'foo' in '.if' at position 6:"),
        ("0&&foo", "unparsable conditional expression 'foo' in '.if' at position 4:"),
        ("1 && (foo)", "unparsable conditional expression 'foo)' in '.if' at position 7:"),
        ("1 && (0 || )", "unparsable conditional expression ')' in '.if' at position 12:"),
        ("!", "unparsable conditional expression '!' in '.if' at position 1:"),
        ("()", "unparsable conditional expression ')' in '.if' at position 2:"),
        ("(1", "expected ')' after conditional expression '(1' in '.if' at position 1:"),
        ("((1)", "expected ')' after conditional expression '((1)' in '.if' at position 1:"),
        ("1)", "unexpected character ')' at the end of conditional expression '1)' in '.if' at position 2:"),
        (
            "1.5",
            "unexpected character '.' at the end of conditional expression '1.5' in '.if' at position 2:",
        ),
        (
            "defined x",
            "unexpected character 'x' at the end of conditional expression 'defined x' in '.if' at position 9:",
        ),
        (
            "streq(a)",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression in '.if' at position 8:",
        ),
        (
            "streq",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression in '.if' at position 6:",
        ),
        (
            "streq(a,b,c)",
            "expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression in '.if' at position 10:",
        ),
        (
            "defined(",
            "expected ')' in argument 1 of predicate 'defined' used in conditional expression in '.if' at position 9:",
        ),
        (
            "version_atleast(2.6,)",
            "expected ')' before ',)' in argument 1 of predicate 'version_atleast' used in conditional expression in '.if' at position 20:",
        ),
    ] {
        assert_eq!(eval(text), Err(error.to_owned()), "{text}");
    }
    assert!(eval(&"(".repeat(100_000)).is_err());
    assert!(eval(&"!".repeat(100_000)).is_err());
}

#[test]
fn conditions_of_the_command_line_are_words_first() {
    let eval = |text: &str| evaluate_command_line(text.as_bytes(), &facts(), &environment());
    assert_eq!(eval("streq(\"$HOME\",/root)"), Ok(true));
    assert_eq!(eval("\"1\""), Ok(true));
    assert_eq!(eval(""), Ok(false));
    assert_eq!(
        eval("foo"),
        Err("Failed to evaluate condition: unparsable conditional expression 'foo'".into())
    );
    assert_eq!(
        eval("1 # x"),
        Err("Failed to evaluate condition: unexpected character '#' at the end of conditional expression '1 # x'".into())
    );
    assert_eq!(
        eval("\"$"),
        Err("Failed to evaluate condition: forbidden first char in environment variable name at position 3"
            .into())
    );
}
