//! Every configuration of `diagnostics/` gives its messages and its exit code.
//!
//! `UPDATE=1` rewrites the expectations of the cases that are not pending, and takes those that match off `pending.txt`; `SUBJECT` names another program, for example
//! the original (with `UPDATE=1` for a new case: its words are the first expectation).

use std::env;
use std::path::PathBuf;

use integration::diagnostics::{cases, keep_pending, mismatch, pending};
use integration::subject;

#[test]
fn configurations_give_their_messages() {
    let program = env::var_os("SUBJECT").map_or_else(|| subject::ours("rhaproxy").unwrap(), PathBuf::from);
    let dir = subject::root().join("integration/diagnostics");
    let pending = pending(&dir);
    // With another program no expectation is pending: they are its words or they are not.
    let own = env::var_os("SUBJECT").is_none();
    let (mut failures, mut arrived) = (Vec::new(), Vec::new());
    let all = cases(&dir).unwrap();
    for case in &all {
        let said = case.said_by(&program, &dir).unwrap();
        let expected = case.expected();
        let waits = own && pending.contains(&case.name);
        if env::var_os("UPDATE").is_some() && !waits && (own || expected.is_empty()) {
            case.keep(&said).unwrap();
            continue;
        }
        match (mismatch(&expected, &said), waits) {
            (Some(why), false) => failures.push(format!("{}\n{why}\n{said}", case.name)),
            (None, true) => arrived.push(case.name.as_str()),
            _ => {}
        }
    }
    if !arrived.is_empty() {
        println!("as expected, and no longer pending: {}", arrived.join(" "));
        if env::var_os("UPDATE").is_some() {
            keep_pending(&dir, pending.iter().filter(|name| !arrived.contains(&name.as_str()))).unwrap();
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), all.len(), failures.join("\n"));
    let unknown: Vec<_> = pending.iter().filter(|name| !all.iter().any(|case| case.name == **name)).collect();
    assert!(unknown.is_empty(), "pending.txt names cases that are not there: {unknown:?}");
}
