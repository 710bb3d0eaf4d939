use super::*;
use crate::document::{Document, load};
use crate::facts::Version;
use crate::files::MemFiles;

const SECTIONS: &[&str] = &["global", "defaults", "frontend", "backend", "listen"];
const NEGATABLE: &[&str] = &["option", "log", "busy-polling"];

fn read(files: &[(&str, &[u8])]) -> (Document, String, Environment) {
    let mut provider = MemFiles::new();
    let mut sources = Vec::new();
    for (name, content) in files {
        provider.insert(*name, *content);
        sources.push(Source::new(*name));
    }
    let facts = Facts::new(Version::release(3, 4, 0));
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &provider };
    let mut env = Environment::new();
    env.set(b"A", b"a b").unwrap();
    let mut diags = Diagnostics::new();
    diags.set_prefix("");
    let document = load(&reader, &sources, &mut env, &mut diags);
    (document, diags.render_plain(), env)
}

/// The messages for one file named `f`, without the tail line.
fn says(content: &str) -> String {
    let (_, text, _) = read(&[("f", content.as_bytes())]);
    text.replace("ALERT Error(s) found in configuration file : f\n", "").trim_end().to_owned()
}

fn statements(content: &str) -> Vec<String> {
    let (document, _, _) = read(&[("f", content.as_bytes())]);
    let mut out = Vec::new();
    for section in &document.sections {
        for line in std::iter::once(&section.line).chain(&section.lines) {
            out.push(line.words.iter().map(|word| word.to_string()).collect::<Vec<_>>().join(" "));
        }
    }
    out
}

#[test]
fn lines_belong_to_the_section_above_them() {
    let text = "global#x\n daemon # y\r\n\n\nfrontend web\n  bind :80\n\tmode http\nbackend\n server a b\n";
    let (document, messages, _) = read(&[("f", text.as_bytes())]);
    assert_eq!(messages, "");
    let shape: Vec<_> = document
        .sections
        .iter()
        .map(|section| (section.keyword.as_str(), section.args.len(), section.lines.len()))
        .collect();
    assert_eq!(shape, [("global", 0, 1), ("frontend", 1, 2), ("backend", 0, 1)]);
    let bind = &document.sections[1].lines[0];
    assert_eq!((bind.number, bind.words[1].column, bind.text.as_bstr()), (6, 8, b"  bind :80".as_bstr()));
}

#[test]
fn words_before_the_first_section_are_refused() {
    assert_eq!(
        says("mode http\n\u{feff}global\n"),
        "ALERT parsing [f:1]: unknown keyword 'mode' out of section.\n\
         ALERT parsing [f:2]: unknown keyword '\u{feff}global' out of section."
    );
}

#[test]
fn each_file_begins_anew_and_is_named_when_faulty() {
    let (document, text, _) = read(&[("a", b"global\n daemon\n"), ("b", b" bar\n"), ("c", b"defaults\n")]);
    assert_eq!(document.sections.len(), 2);
    assert_eq!(
        text,
        "ALERT parsing [b:1]: unknown keyword 'bar' out of section.\nALERT Error(s) found in configuration file : b\n"
    );
}

#[test]
fn word_errors_show_the_line_and_a_caret() {
    assert_eq!(
        says("global\n  maxconn \"abc\n\tsetenv\tA\t\"b\tc\u{e9}\n"),
        "ALERT parsing [f:2]: unmatched quote at position 11:\n  maxconn \"abc\n          ^\n\
         ALERT parsing [f:3]: unmatched quote at position 11:\n  setenv A \"b c??\n           ^"
    );
    let long = format!("global\n   setenv {} \"{}\n", "y".repeat(100), "x".repeat(300));
    assert_eq!(
        says(&long),
        format!(
            "ALERT parsing [f:2]: unmatched quote at position 112:\n  ...{} \"{}...\n{}^",
            "y".repeat(36),
            "x".repeat(36),
            " ".repeat(42)
        )
    );
}

#[test]
fn a_missing_line_feed_is_a_warning_here() {
    let text = says("global\n daemon");
    assert!(text.starts_with(
        "WARNING parsing [f:2]: Missing LF on last line, file might have been truncated at position 8."
    ));
    assert_eq!(statements("global\n daemon"), ["global", "daemon"]);
}

#[test]
fn a_nul_ends_the_file() {
    assert_eq!(
        says("global\n max\0conn 10\n foo \"\n"),
        "ALERT parsing [f:2]: Stray NUL character at position 5."
    );
}

#[test]
fn negation_is_taken_off() {
    let (document, text, _) = read(&[("f", b"defaults\n no option httplog\n default log\n no log\n")]);
    assert_eq!(text, "");
    let lines: Vec<_> =
        document.sections[0].lines.iter().map(|line| (line.negation, line.keyword())).collect();
    assert_eq!(lines, [(Negation::No, "option"), (Negation::Default, "log"), (Negation::No, "log")]);
    let refused =
        "ALERT parsing [f:2]: negation/default currently supported only for options, log and busy-polling.";
    for line in ["no", "default", "no foo", "no no option"] {
        assert_eq!(says(&format!("global\n {line}\n")), refused, "{line}");
    }
}

#[test]
fn an_empty_argument_is_told() {
    assert_eq!(
        says("global\n maxconn \"$NOPE\" 5\n"),
        "WARNING parsing [f:2]: argument number 1 at position 10 is empty and marks the end of the argument list; all \
         subsequent arguments will be ignored:\n  maxconn \"$NOPE\" 5\n          ^"
    );
}

#[test]
fn blocks_choose_lines() {
    let text =
        "global\n.if 0\n a\n .if 1\n  b\n .else\n  c\n .endif\n.elif 1\n d\n .if foo || \"$A\"\n .endif\n";
    assert_eq!(statements(text), ["global", "d"]);
    assert_eq!(
        statements("global\n.if 0\n a\n.elif 0\n b\n.elif 1\n c\n.elif 1\n d\n.else\n e\n.endif\n f\n"),
        ["global", "c", "f"]
    );
    assert_eq!(
        statements("global\n.if 0\n.if foo\n.elif bar\n.else\n.endif\n.else\n x\n.endif\n"),
        ["global", "x"]
    );
    assert_eq!(statements("global\n.if streq(\"a b\",a   b)\n x\n.endif\n"), ["global", "x"]);
    assert_eq!(statements(".if version_atleast(3.4)\nglobal\n.endif\n"), ["global"]);
}

#[test]
fn block_errors_have_the_original_wording() {
    for (text, message) in [
        (".if 1\n", ":1]: non-terminated '.if' block."),
        (".if 1\n.endif\n\n\n.if 1\n", ":5]: non-terminated '.if' block."),
        (".endif\n", ":1]: lone '.endif' with no matching '.if'."),
        (".else\n", ":1]: lone '.else' with no matching '.if'."),
        (".elif 1\n", ":1]: lone '.elif' with no matching '.if'."),
        (".if 1\n.else\n.else\n.endif\n", ":3]: '.else' after '.else' is not permitted."),
        (".if 1\n.else\n.elif 1\n.endif\n", ":3]: '.elif' after '.else' is not permitted."),
        (
            ".if 0\n.else foo\n.endif\n",
            ":2]: Unexpected argument 'foo' for '.else'.\nALERT parsing [f:2]: non-terminated '.if' block.",
        ),
        (
            ".if 1\n.endif foo\n",
            ":2]: Unexpected argument 'foo' for '.endif'.\nALERT parsing [f:2]: non-terminated '.if' block.",
        ),
        (".IF 1\n", ":1]: unknown directive '.IF'."),
        (
            ".if foo\n.endif\n",
            ":1]: unparsable conditional expression 'foo' in '.if' at position 1:\n  .if foo\n      ^",
        ),
        ("  .elif  1\n", ":1]: lone '.elif' with no matching '.if'."),
        (
            ".if 0\n.elif 1   2\n",
            ":2]: unexpected character '2' at the end of conditional expression '1 2' in '.elif' at position 3:\n  .elif 1 2\n          ^",
        ),
        (
            ".alert a b\n",
            ":1]: Unexpected argument 'b' for '.alert'. Use quotes if the message should contain spaces.",
        ),
        (".if 1\n.alert \"a b\"\n.foo\n", ":2]: 'a b'."),
    ] {
        assert_eq!(says(text), format!("ALERT parsing [f{message}"), "{text}");
    }
    assert_eq!(says(".if 0\n.alert a b\n.foo\n.if 1 2 3\n.endif\n.endif\n"), "");
    assert_eq!(
        says(".diag d\n.notice\n.warning w\n"),
        "DIAG parsing [f:1]: 'd'.\nNOTICE parsing [f:2]: ''.\nWARNING parsing [f:3]: 'w'."
    );
}

#[test]
fn reading_a_file_stops_after_fifty_errors() {
    let text = format!("{}global\n daemon\n", "foo\n".repeat(60));
    let (document, messages, _) = read(&[("f", text.as_bytes()), ("g", b"global\n")]);
    assert_eq!(messages.lines().count(), 53);
    assert!(messages.contains("ALERT parsing [f:51]: too many fatal errors (50), stopping now.\n"));
    assert_eq!(document.sections.len(), 1);
}

/// Acts on the environment as a `global` section does.
struct Setter(Vec<String>);

impl LineSink for Setter {
    fn section(&mut self, _: &mut Context<'_>, line: &Line) -> Flow {
        self.0.push(format!("<{}>", line.keyword()));
        Flow::Continue
    }
    fn line(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow {
        match line.keyword() {
            "setenv" => cx.env.set(&line.words[1].text, &line.words[2].text).unwrap(),
            "stop" => return Flow::Abort,
            _ => self.0.push(line.words[1].to_string()),
        }
        Flow::Continue
    }
    fn section_end(&mut self, _: &mut Context<'_>) -> Flow {
        self.0.push("<end>".to_owned());
        Flow::Continue
    }
}

#[test]
fn a_sink_sees_each_line_with_the_changes_of_those_before() {
    let content = "global\n setenv X 1\n say \"$X${.LINE}\"\n.if streq(\"$X\",1)\n setenv X 2\n.endif\nlisten a\n say \"$X$.SECTION\"\n stop\n say no\n";
    let provider = MemFiles::single("f", content);
    let facts = Facts::new(Version::release(3, 4, 0));
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &provider };
    let mut sink = Setter(Vec::new());
    let flow = reader.read(&[Source::new("f")], &mut Environment::new(), &mut Diagnostics::new(), &mut sink);
    assert_eq!(flow, Flow::Abort);
    assert_eq!(sink.0, ["<global>", "13", "<end>", "<listen>", "2a"]);
}

#[test]
fn a_dump_reads_as_the_same_configuration() {
    let text = "global # x\n  no  option \"a b\" 'c\"$d' e\\ f \\# \\n \\x01\u{e9} \"\" \\.\nlisten x\n";
    let (document, _, _) = read(&[("f", text.as_bytes())]);
    let dump = document.dump();
    assert_eq!(
        dump,
        "global\n\tno option \"a b\" \"c\\\"\\$d\" \"e f\" \"#\" \"\\n\" \"\\x01\u{e9}\" \"\" \"\\\\.\"\nlisten x\n"
    );
    let words = |document: &Document| -> Vec<Vec<BString>> {
        let lines = document.sections.iter().flat_map(|section| &section.lines);
        lines.map(|line| line.words.iter().map(|word| word.text.clone()).collect()).collect()
    };
    assert_eq!(words(&read(&[("f", &dump)]).0), words(&document));
}

mod noise {
    use super::*;
    use proptest::prelude::*;

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "global\n",
                "listen a\n",
                "\n",
                " ",
                "\"",
                "'",
                "\\",
                "#",
                "${",
                "}",
                "A",
                "[*]",
                "$A",
                ".if ",
                ".elif 1\n",
                ".else\n",
                ".endif\n",
                "streq(",
                "a,",
                ")",
                "(",
                "!",
                "&&",
                "||",
                "1",
                "\\x4",
                ".alert ",
                "no ",
                "default ",
                "\r",
                "\0",
                "\u{feff}",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn dumps_are_stable(content in pieces()) {
            let (document, _, _) = read(&[("f", &content)]);
            let dump = document.dump();
            let (again, _, _) = read(&[("f", &dump)]);
            prop_assert_eq!(again.dump(), dump);
        }

        #[test]
        fn any_bytes_are_read_or_refused_in_words(content in pieces()) {
            let (document, messages, _) = read(&[("f", &content)]);
            let lines: usize = document.sections.iter().map(|section| section.lines.len() + 1).sum();
            prop_assert!(lines <= content.iter().filter(|&&byte| byte == b'\n').count() + 1);
            let statements = content.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != b'#');
            prop_assert!(lines > 0 || !messages.is_empty() || !statements || content.contains(&b'#') || content.contains(&b'.')
                || content.contains(&b'\r'), "nothing was read and nothing said: {:?}", content);
        }
    }
}
