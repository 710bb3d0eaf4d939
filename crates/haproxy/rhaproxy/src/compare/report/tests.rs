use super::*;
use crate::compare::said::{Said, messages};

fn side(code: i32, said: &str, columns: &[&str]) -> Side {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    Side {
        version: String::from("V"),
        said: Said { code, messages: messages(said) },
        names: Ok(Names { columns, ..Names::default() }),
    }
}

fn compared(theirs: &Side, ours: &Side) -> Report {
    report(Path::new("/p"), theirs, ours)
}

#[test]
fn a_refusal_and_an_idle_keyword_are_losses() {
    let theirs = side(0, "", &[]);
    let refused = compared(&theirs, &side(1, "[ALERT]    (1) : config : parsing [f:3] : no TLS.\n", &[]));
    assert!(
        refused.loses && refused.text.contains("Refused here (1):\n  f:3: no TLS.\n"),
        "{}",
        refused.text
    );
    let idle = compared(&theirs, &side(0, "[NOTICE]   (1) : 'x' is accepted but has no effect: why.\n", &[]));
    assert!(idle.loses && idle.text.contains("Without effect here (1):"), "{}", idle.text);
}

#[test]
fn what_both_refuse_is_no_loss() {
    let said = "[ALERT]    (1) : config : parsing [f:3] : unknown keyword 'x'.\n";
    let report = compared(&side(1, said, &[]), &side(1, said, &[]));
    assert!(!report.loses && !report.text.contains("Refused here"), "{}", report.text);
}

#[test]
fn other_words_stand_beside_each_other() {
    let theirs = side(0, "[WARNING]  (1) : parsing [f:3] : old.\n[WARNING]  (1) : alone.\n", &[]);
    let report = compared(&theirs, &side(0, "[WARNING]  (1) : parsing [f:3] : modern.\n", &[]));
    assert!(report.text.contains("  f:3\n    there: old.\n    here:  modern.\n"), "{}", report.text);
    assert!(report.text.contains("Said there and not here (1):\n  alone.\n"), "{}", report.text);
    assert!(!report.loses);
}

#[test]
fn columns_that_vanish_are_named() {
    let report = compared(&side(0, "", &["a", "b", "c"]), &side(0, "", &["a", "c"]));
    assert!(report.text.contains("3 there, 2 here; these would vanish: b\n"), "{}", report.text);
    assert!(report.text.contains("the first 1 columns stand at the same place"), "{}", report.text);
}
