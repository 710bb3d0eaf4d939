use super::*;

fn environment() -> Environment {
    let mut env = Environment::new();
    for (name, value) in
        [("HOME", "/root"), ("EMPTY", ""), ("LIST", "a b  c"), ("LEAD", " a "), ("Q", "a'\"b \\n$HOME")]
    {
        env.set(name.as_bytes(), value.as_bytes()).unwrap();
    }
    env
}

fn words(line: &str) -> Result<Vec<String>, String> {
    let pseudo = Pseudo { file: "f.cfg", line: 7, section: "web" };
    tokenize(line.as_bytes(), &environment(), &pseudo)
        .map(|tokens| tokens.words.iter().map(|word| word.to_string()).collect())
        .map_err(|error| error.to_string())
}

fn check(line: &str, expected: &[&str]) {
    assert_eq!(
        words(line).as_deref(),
        Ok(&expected.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()[..]),
        "{line}"
    );
}

#[test]
fn words_end_at_blanks_and_comments() {
    check("", &[]);
    check(" \t # nothing", &[]);
    check("global#daemon", &["global"]);
    check("\tmode   http # or tcp", &["mode", "http"]);
    check("a\x0bb\x0cc", &["a", "b", "c"]);
    check("mode http\r", &["mode", "http"]);
    check("a\rb", &["a"]);
    check("a \r\r b", &["a", "b"]);
}

#[test]
fn quotes_and_escapes() {
    check(r#"a"b c"d'e f'g"#, &["ab cde fg"]);
    check(r#""" '' a"#, &["", "", "a"]);
    check(r#"\"a\" a\ b a\#b \'"#, &["\"a\"", "a b", "a#b", "'"]);
    check(r#"a\.b\d\q\$\\ \n\t\r\x41"#, &["a\\.b\\d\\q\\$\\", "\n\t\rA"]);
    check(r#""a\.b\d\$\#\'\"\\ \x41\ ""#, &["a\\.b\\d$#'\"\\ A "]);
    check(r#"'a\.b\$\n\x41"c'"#, &["a\\.b\\$\\n\\x41\"c"]);
    check("a\\", &["a\\"]);
    check("a\\\tb", &["a\\", "b"]);
    check(r#"a\x00b c"#, &["a", "c"]);
}

#[test]
fn variables_expand_in_weak_quotes_only() {
    check(
        r#""$HOME"/x "${HOME}x" $HOME '$HOME' "\$HOME" a$"#,
        &["/root/x", "/rootx", "$HOME", "$HOME", "$HOME", "a$"],
    );
    check(r#""$NOPE" "${NOPE}" "$HOME[x]" "$Q""#, &["", "", "/root[x]", "a'\"b \\n$HOME"]);
    check(r#""${NOPE-a"b c"d}" "${EMPTY-x}" "${NOPE-a\nb}" "${NOPE-}""#, &["a\"b c\"d", "", "a\\nb", ""]);
    check(r#""${.FILE}:${.LINE}:$.SECTION""#, &["f.cfg:7:web"]);
}

#[test]
fn lists_become_words() {
    check(r#""${LIST[*]}""#, &["a", "b", "c"]);
    check(r#"x"${LIST[*]}"y"#, &["xa", "b", "cy"]);
    check(r#""${LEAD[*]}"y"#, &["", "a", "y"]);
    check(r#""${NOPE[*]-zz}" "${NOPE[*]}" "${NOPE-zz[*]}""#, &["zz", "", "zz[*]"]);
}

#[test]
fn errors_name_their_column() {
    for (line, error) in [
        ("  maxconn \"abc", "unmatched quote at position 11:"),
        ("acl b c 'hello", "unmatched quote at position 9:"),
        ("a \"a\\\"", "unmatched quote at position 3:"),
        ("\"a\rb\"", "unmatched quote at position 1:"),
        ("  acl a b \\xZZ", "truncated or invalid hexadecimal sequence at position 11:"),
        ("  acl b c \"$", "forbidden first char in environment variable name at position 13:"),
        ("  acl b c \"${", "forbidden first char in environment variable name at position 14:"),
        ("  acl b c \"${1A}\"", "forbidden first char in environment variable name at position 14:"),
        ("  acl b c \"${A", "unmatched brace in environment variable name at position 13:"),
        ("  acl b c \"${A-b\"", "unmatched brace in environment variable name at position 13:"),
        ("  acl b c \"${A:-b}\"", "unmatched brace in environment variable name at position 13:"),
        ("  acl b c \"${A[*}\"", "truncated or invalid word expansion sequence at position 15:"),
        ("  \"${.NOPE}\"", "forbidden first char in environment variable name at position 6:"),
    ] {
        assert_eq!(words(line), Err(error.to_owned()), "{line}");
    }
}

#[test]
fn a_line_has_a_limit_of_words() {
    let line = format!(" setenv A {}", (1..100).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" "));
    assert_eq!(words(&line), Err("too many words, truncating after word 64, position 245: <w62>.".into()));
    let full = vec!["w"; 64].join(" ");
    assert_eq!(words(&full).map(|words| words.len()), Ok(64));
}

#[test]
fn addresses_expand_without_quotes() {
    let expand = |text: &str| expand_address(text.as_bytes(), &environment()).to_string();
    assert_eq!(expand("$HOME/x:${NOPE}80"), "/root/x:80");
    assert_eq!(expand("${NOPE-127.0.0.1}:80"), "127.0.0.1:80");
    assert_eq!(expand("a$1:80$"), "a$1:80$");
}

#[test]
fn columns_point_into_the_source() {
    let line = b"  bind  \"a\"b  c";
    let words = tokenize(line, &environment(), &Pseudo::default()).unwrap().words;
    assert_eq!(words.iter().map(|word| word.column).collect::<Vec<_>>(), [3, 9, 15]);
}
