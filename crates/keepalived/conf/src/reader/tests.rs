use super::{Reader, ReaderSetup, Token};
use crate::diag::Sink;
use crate::provider::Memory;
use crate::role::Roles;

fn read(machine: &Memory) -> (String, Vec<String>) {
    let setup = ReaderSetup { config_id: String::from("main"), random_seed: 7 };
    let mut reader = Reader::open(machine, "/c/k.conf", setup, Roles::PARENT).unwrap();
    let mut sink = Sink::default();
    let mut text = String::new();
    while let Some(token) = reader.next(&mut sink) {
        let line = sink.place.as_ref().map_or(0, |place| place.line);
        match token {
            Token::Text(words) => text.push_str(&format!("{line}: {words}\n")),
            Token::Open => text.push_str(&format!("{line}: {{\n")),
            Token::Close => text.push_str(&format!("{line}: }}\n")),
        }
    }
    (text, sink.messages.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn check(input: &str, expected: &str) {
    let (text, messages) = read(&Memory::with_file("/c/k.conf", input));
    assert_eq!((text.as_str(), messages), (expected, Vec::new()));
}

#[track_caller]
fn complains(input: &str, expected: &[&str]) {
    let (_, messages) = read(&Memory::with_file("/c/k.conf", input));
    assert_eq!(messages, expected);
}

#[test]
fn comments_end_lines_outside_quotes() {
    check("# a\n! b\na b # c\nd !e\nf \"g # h\" ! i\nj#k\n", "3: a b\n4: d\n5: f \"g # h\"\n6: j\n");
}

#[test]
fn braces_may_stand_anywhere() {
    check("a{\nb }c{d}\n", "1: a\n1: {\n2: b\n2: }\n2: c\n2: {\n2: d\n2: }\n");
    check("a \"{\" {\n}\n", "1: a \"{\"\n1: {\n2: }\n");
}

#[test]
fn carriage_returns_and_a_byte_order_mark_do_not_count() {
    check("\u{feff}a b\r\nc\r\n", "1: a b\n2: c\n");
}

#[test]
fn conditions_choose_lines() {
    check("@main a\n@other b\n@^main c\n@^other d\n@main @^other e\n", "1: a\n4: d\n5: e\n");
}

#[test]
fn definitions_are_replaced_when_used() {
    check(
        "$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32\n",
        "3: 10.2.0.100/32\n5: 10.2.10.100/32\n",
    );
    check("$P=240\npriority $P\npriority $PX\nx$P\n", "2: priority 240\n3: priority $PX\n4: x240\n");
    check(
        "$IF_MAIN=@main\n$IF_MAIN priority 240\n$IF_OTHER=@other\n$IF_OTHER priority 1\n",
        "2: priority 240\n",
    );
    check("$EMPTY=\na $EMPTY b\n", "2: a  b\n");
}

#[test]
fn an_undefined_name_stays() {
    check("a $X b\n", "1: a $X b\n");
    check("a ${X}\n", "1: a $\n1: {\n1: X\n1: }\n");
}

#[test]
fn definitions_of_several_lines_nest() {
    let text = "$RS= \\\nreal ${N} { \\\n  weight 1 \\\n}\n$VS= \\\nvs { \\\n$N=1 \\\n$RS \\\n$N=2 \\\n$RS \\\n}\n$VS\n";
    check(
        text,
        "12: vs\n12: {\n12: real 1\n12: {\n12: weight 1\n12: }\n12: real 2\n12: {\n12: weight 1\n12: }\n12: }\n",
    );
}

#[test]
fn predefined_names_have_values() {
    let mut machine =
        Memory::with_file("/c/k.conf", "a ${_PWD} ${_INSTANCE} ${_BANG}\nb ${_ENV HOME}\nc ${_HASH}d\n");
    machine.env.insert(String::from("HOME"), String::from("/root"));
    let (text, _) = read(&machine);
    // an unquoted # begins a comment even if it comes from a definition
    assert_eq!(text, "1: a /c main\n2: b /root\n3: c\n");
}

#[test]
fn random_numbers_keep_their_bounds_and_their_seed() {
    let machine = Memory::with_file("/c/k.conf", "~SEQ(X,1,50) ${_RANDOM 3 5}\n");
    let (text, _) = read(&machine);
    for line in text.lines() {
        let number: u32 = line.trim_start_matches("1: ").parse().unwrap();
        assert!((3..=5).contains(&number));
    }
    assert_eq!(read(&machine), read(&machine));
}

#[test]
fn sequences_count_up_and_down_and_in_hexadecimal() {
    check("~SEQ(S,0,3) 10.0.${S}.1\n", "1: 10.0.0.1\n1: 10.0.1.1\n1: 10.0.2.1\n1: 10.0.3.1\n");
    check("~SEQ(S,3) a$S\n~SEQ(T,-2) b$T\n", "1: a1\n1: a2\n1: a3\n2: b-1\n2: b-2\n");
    check("~SEQx(S, 0x90, 0x10, 0xb0) fe80::${S}\n", "1: fe80::90\n1: fe80::a0\n1: fe80::b0\n");
    check("~SEQ(A,1,2) ~SEQ(B,1,2) ${A}.${B}\n", "1: 1.1\n1: 1.2\n1: 2.1\n1: 2.2\n");
}

#[test]
fn lists_set_one_or_more_names() {
    check("~LST(A, x, y) a.${A}\n", "1: a.x\n1: a.y\n");
    check("~LST({A,B},{1,2},{3,4}) ${A}-${B}\n", "1: 1-2\n1: 3-4\n");
    check(
        "~LST({I, J}, {10,1},{20,4}) ~SEQ(K,168,2,170) ${K}.${I}.${J}\n",
        "1: 168.10.1\n1: 170.10.1\n1: 168.20.4\n1: 170.20.4\n",
    );
}

#[test]
fn broken_sequences_are_named() {
    complains(
        "~SEQ(X,1,3\n~SEQ(X) bad\n~LST(X) bad\n~SEQ(X,1,0,3) bad\n",
        &[
            "(Line 1) ~SEQ parameter strings too long '~SEQ(X,1,3'",
            "(Line 1) Invalid ~SEQ specification '~SEQ(X,1,3'",
            "(Line 2) Invalid ~SEQ definition '~SEQ(X) bad'",
            "(Line 2) Invalid ~SEQ specification '~SEQ(X) bad'",
            "(Line 3) Invalid ~LST specification '~LST(X) bad'",
            "(Line 4) Invalid ~SEQ values '~SEQ(X,1,0,3) bad'",
            "(Line 4) Invalid ~SEQ specification '~SEQ(X,1,0,3) bad'",
        ],
    );
}

#[test]
fn a_definition_of_itself_ends() {
    let (text, _) = read(&Memory::with_file("/c/k.conf", "$A=${A}${A}\n${A}\nb\n"));
    assert!(text.ends_with("3: b\n"));
    let looped = "$A= \\\n$A \\\n$A\n$A\nb\n";
    let (_, messages) = read(&Memory::with_file("/c/k.conf", looped));
    assert_eq!(messages, ["(Line 4) definitions and sequences make too many lines - ignoring the rest"]);
}

#[test]
fn unbalanced_braces_and_quotes_are_named() {
    complains("a {\n", &["There are 1 missing '}'s or extra '{'s"]);
    complains("a {\n}\n}\n", &["(Line 3) Extra '}' found"]);
    complains("a \"b\n", &["(Line 1) Unterminated quote 'a \"b'", "(Line 1) Unmatched quote: 'a \"b'"]);
    complains(&format!("a {}\n", "x".repeat(1100)), &["(Line 1) line too long - ignoring"]);
}

fn tree() -> Memory {
    let mut machine = Memory::with_file("/c/k.conf", "");
    machine.add("/c/conf.d/a.conf", 0o644, "in a\ninclude ../b.conf\n");
    machine.add("/c/conf.d/z.conf", 0o644, "in z\n");
    machine.add("/c/conf.d/.hidden.conf", 0o644, "hidden\n");
    machine.add("/c/b.conf", 0o644, "in b\n");
    machine.add("/c/run.sh", 0o755, "no\n");
    machine
}

fn with_main(text: &str) -> (String, Vec<String>) {
    let mut machine = tree();
    machine.add("/c/k.conf", 0o644, text);
    read(&machine)
}

#[test]
fn includes_begin_at_the_directory_of_their_file() {
    let mut machine = tree();
    machine.add("/c/k.conf", 0o644, "include conf.d/a.conf\nlast\n");
    machine.add("/c/conf.d/../b.conf", 0o644, "in b\n");
    assert_eq!(read(&machine).0, "1: in a\n1: in b\n2: last\n");
}

#[test]
fn globs_take_wildcards_and_braces() {
    assert_eq!(with_main("include conf.d/z*.conf\n").0, "1: in z\n");
    assert_eq!(with_main("include {b,conf.d/z}.conf\n").0, "1: in b\n1: in z\n");
    assert_eq!(with_main("include conf.d/[a-y].conf\n").0.lines().next(), Some("1: in a"));
}

#[test]
fn each_include_demands_its_own() {
    use crate::diag::Rank;
    let ranks = |text: &str| -> Vec<(Rank, String)> {
        let mut machine = tree();
        machine.add("/c/k.conf", 0o644, text);
        let setup = ReaderSetup { config_id: String::new(), random_seed: 0 };
        let mut reader = Reader::open(&machine, "/c/k.conf", setup, Roles::PARENT).unwrap();
        let mut sink = Sink::default();
        while reader.next(&mut sink).is_some() {}
        sink.messages.into_iter().map(|message| (message.rank, message.text)).collect()
    };
    let missing = |name: &str| format!("Config files missing '{name}'.");
    assert_eq!(ranks("include none.conf\n"), [(Rank::Note, missing("none.conf"))]);
    assert_eq!(ranks("includer none.conf\n"), [(Rank::Note, missing("none.conf"))]);
    assert_eq!(ranks("includem none.conf\n"), [(Rank::Security, missing("none.conf"))]);
    assert_eq!(ranks("includem n*.conf\n"), [(Rank::Note, missing("n*.conf"))]);
    assert_eq!(
        ranks("includew n*.conf\n"),
        [(Rank::Security, String::from("No config files matched 'n*.conf'."))]
    );
    assert_eq!(ranks("includeb {b,none}.conf\n"), [(Rank::Security, missing("{b,none}.conf"))]);
    assert_eq!(ranks("includea b.conf\n"), []);
    let executable = "Configuration file 'run.sh' is not a regular non-executable file - skipping";
    assert_eq!(ranks("include run.sh\n"), [(Rank::Note, String::from(executable))]);
    assert_eq!(ranks("includer run.sh\n"), [(Rank::Security, String::from(executable))]);
}

#[test]
fn a_circle_of_includes_ends() {
    let (_, messages) = with_main("include k.conf\n");
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("nested too deeply"));
}
