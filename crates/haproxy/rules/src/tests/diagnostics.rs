//! What is said about wrong rules.

use haproxy_conf::Cursor;

use super::stage::{Reading, line};
use super::wordings::{RIGHT, WRONG};
use crate::rule::RuleSet;

fn error(text: &str) -> Option<String> {
    Reading::new().rule(text, &mut RuleSet::default()).err().map(|error| error.message)
}

#[test]
fn wrong_rules_get_the_originals_words() {
    let mut wrong = Vec::new();
    for (text, expected) in WRONG {
        let found = error(text).unwrap_or_else(|| "OK".into());
        if found != *expected {
            wrong.push(format!("{text}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), WRONG.len(), wrong.join("\n"));
}

#[test]
fn right_rules_are_taken() {
    let wrong: Vec<String> =
        RIGHT.iter().filter_map(|text| error(text).map(|error| format!("{text}\n  {error}"))).collect();
    assert!(wrong.is_empty(), "{} of {} refused:\n{}", wrong.len(), RIGHT.len(), wrong.join("\n"));
}

#[test]
fn unknown_actions_name_the_known_ones() {
    let text = error("http-request set-heade x y").unwrap();
    assert!(text.starts_with("'http-request' expects 'allow', "), "{text}");
    assert!(text.contains("'set-var(*)'") && text.contains(", but got 'set-heade'."), "{text}");
    assert!(text.contains("set-header"), "{text}");
    let text = error("tcp-request content foo").unwrap();
    assert!(
        text.starts_with("'tcp-request content' expects 'accept', ") && text.contains("(got 'foo')"),
        "{text}"
    );
    let text = error("http-request track-sc0 src").unwrap();
    assert_eq!(text, "'http-request track-sc0' is not available : stick tables are not built yet.");
}

#[test]
fn statements_have_their_own_words() {
    let switch = |text: &str| {
        let line = line(text);
        let mut cursor = Cursor::new(&line, 1);
        Reading::new()
            .with(|load| crate::switching::use_backend(&mut cursor, load))
            .err()
            .map(|error| error.message)
    };
    assert_eq!(switch("use_backend").as_deref(), Some("'use_backend' expects a backend name."));
    assert_eq!(
        switch("use_backend p x").as_deref(),
        Some("unexpected keyword 'x' after switching rule, only 'if' and 'unless' are allowed.")
    );
    assert_eq!(
        switch("use_backend p if foo").as_deref(),
        Some("error detected while parsing switching rule : no such ACL : 'foo'.")
    );
    assert_eq!(switch("use_backend %[req.hdr(host)]"), None);
    let redirect = |text: &str| {
        let line = line(text);
        let mut cursor = Cursor::new(&line, 1);
        Reading::new().with(|load| crate::parse_redirect(&mut cursor, load)).err().map(|error| error.message)
    };
    assert_eq!(
        redirect("redirect").as_deref(),
        Some(
            "error detected in proxy 'p' while parsing redirect rule : redirection type expected ('prefix', 'location', or 'scheme')."
        )
    );
    assert_eq!(
        redirect("redirect location / if foo").as_deref(),
        Some(
            "error detected in proxy 'p' while parsing redirect rule : error in condition: no such ACL : 'foo'."
        )
    );
    assert_eq!(redirect("redirect location %[foo]"), None);
}
