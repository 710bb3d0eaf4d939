use super::*;
use crate::diagnostics::FileId;
use crate::word::Negation;

type Target = Vec<String>;

fn record(target: &mut Target, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let value = cursor.expect("a value")?;
    target.push(format!("{}={value}", cursor.keyword()));
    cursor.finish()
}

fn none(_: &mut Target, _: &mut Cursor<'_>) -> Result<(), ParseError> {
    Ok(())
}

const ROWS: &[Row<Target>] = &[
    row("mode", Sections::PROXY, Status::Supported),
    row("maxconn", Sections::GLOBAL, Status::Supported),
    row("timeout client", Sections::FRONT, Status::Supported),
    row("timeout server", Sections::BACK, Status::Supported),
    row("track-sc*", Sections::PROXY, Status::Supported),
    row("clitimeout", Sections::FRONT, Status::Legacy { modern: "timeout client" }),
    row("appsession", Sections::PROXY, Status::Refused("'appsession' is not supported anymore.")),
    Row { run: none, ..row("nosplice", Sections::GLOBAL, Status::Accepted("there is none")) },
];

const fn row(name: &'static str, sections: Sections, status: Status) -> Row<Target> {
    Row { name, sections, args: "<value>", status, run: record, doc: "a test" }
}

fn run(text: &str, section: Sections) -> (Target, String) {
    let words: Vec<Word> = text.split(' ').map(Word::new).collect();
    let line = Line { file: FileId(0), number: 3, words, negation: Negation::None, text: text.into() };
    let mut diags = Diagnostics::new();
    diags.set_prefix("");
    diags.add_file("f");
    let mut target = Target::new();
    let _ = Registry::new(&[ROWS]).dispatch(&mut target, &line, section, &mut diags);
    (target, diags.render_plain())
}

fn says(text: &str, section: Sections) -> String {
    run(text, section).1.trim_end().to_owned()
}

#[test]
fn names_of_one_and_several_words_are_found() {
    assert_eq!(run("mode http", Sections::LISTEN), (vec!["mode=http".to_owned()], String::new()));
    assert_eq!(run("timeout client 5s", Sections::FRONTEND).0, ["timeout client=5s"]);
    assert_eq!(run("track-sc0 src", Sections::FRONTEND).0, ["track-sc0=src"]);
}

#[test]
fn what_is_not_found_is_told_with_the_nearest_word() {
    assert_eq!(
        says("mod http", Sections::DEFAULTS),
        "ALERT parsing [f:3] : unknown keyword 'mod' in 'defaults' section; did you mean 'mode' maybe ?"
    );
    assert_eq!(
        says("mode http", Sections::GLOBAL),
        "ALERT parsing [f:3] : unknown keyword 'mode' in 'global' section"
    );
    let words = [Word::new("timeout"), Word::new("foo")];
    let registry = Registry::new(&[ROWS]);
    assert!(
        matches!(registry.lookup(&words, Sections::LISTEN), Lookup::Incomplete(next) if next == ["client", "server"])
    );
    let words = [Word::new("timeout"), Word::new("server")];
    assert!(
        matches!(registry.lookup(&words, Sections::FRONTEND), Lookup::Elsewhere(row, 2) if row.name == "timeout server")
    );
}

#[test]
fn the_status_is_told() {
    assert_eq!(
        says("appsession x", Sections::BACKEND),
        "ALERT parsing [f:3] : 'appsession' is not supported anymore."
    );
    assert!(
        says("nosplice", Sections::GLOBAL).starts_with("NOTICE parsing [f:3] : 'nosplice' is accepted but")
    );
    let (target, text) = run("clitimeout 5000", Sections::LISTEN);
    assert_eq!(target, ["clitimeout=5000"]);
    assert!(text.contains("WARNING") && text.contains("'timeout client'"));
}

#[test]
fn extra_words_are_refused() {
    assert_eq!(
        says("timeout client 5s 6s", Sections::LISTEN),
        "ALERT parsing [f:3] : 'timeout client' cannot handle unexpected argument '6s'."
    );
    assert_eq!(says("maxconn", Sections::GLOBAL), "ALERT parsing [f:3] : 'maxconn' expects a value.");
}

#[test]
fn the_listing_names_sections_and_keywords() {
    let listing = Registry::new(&[ROWS]).listing();
    assert!(listing.starts_with("global\n\tmaxconn\n\tnosplice\ndefaults\n\tclitimeout\n\tmode\n"));
    assert!(!listing.contains("appsession"));
}
