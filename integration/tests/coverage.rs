//! Every keyword of the originals is accounted for, and the document that says how is up to date.

use std::fs;

use integration::coverage::document::{Sources, document};
use integration::coverage::{State, lines};
use integration::subject;

fn sources() -> anyhow::Result<Sources> {
    let dir = subject::root().join("integration/coverage");
    Sources::read(&subject::ours("rhaproxy")?, &subject::ours("rkeepalived")?, &dir)
}

#[test]
fn the_document_is_up_to_date() {
    let made = document(&sources().unwrap(), &subject::ours("rhaproxy").unwrap()).unwrap();
    let kept = fs::read_to_string(subject::root().join("docs/COMPATIBILITY.md")).unwrap_or_default();
    let differing = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(made == kept, "docs/COMPATIBILITY.md is old: run make compatibility ({differing:?})");
}

#[test]
fn every_keyword_of_haproxy_is_a_row_or_has_a_reason() {
    let sources = sources().unwrap();
    let without = |listed: &&_| sources.lists.rows(listed, &sources.rhaproxy).is_empty();
    let missing: Vec<_> = sources
        .lists
        .haproxy
        .iter()
        .filter(without)
        .filter(|listed| sources.lists.absence(listed).is_none())
        .map(|listed| format!("{} {}", listed.family, listed.name))
        .collect();
    assert!(missing.is_empty(), "neither a row nor a line in absent.tsv: {missing:#?}");
    let stale: Vec<_> = sources
        .lists
        .absent
        .iter()
        .filter(|absent| {
            let covers = |listed: &&_| sources.lists.absence(listed) == Some(*absent);
            !sources.lists.haproxy.iter().filter(without).any(|listed| covers(&listed))
        })
        .collect();
    assert!(stale.is_empty(), "these have rows now, take them off absent.tsv: {stale:#?}");
}

/// What a rule can say: all of it, but for what needs a part of the program that is not there.
#[test]
fn rules_are_covered() {
    let sources = sources().unwrap();
    for family in ["fetch", "converter", "acl", "action"] {
        let (mut in_scope, mut covered, mut outside, mut open) = (0, 0, 0, Vec::new());
        for listed in sources.lists.haproxy.iter().filter(|listed| listed.family == family) {
            let rows = sources.lists.rows(listed, &sources.rhaproxy);
            if rows.iter().any(|row| sources.lists.is_out_of_scope(row)) {
                outside += 1;
                continue;
            }
            in_scope += 1;
            match rows.iter().all(|row| row.state == State::Supported) && !rows.is_empty() {
                true => covered += 1,
                false => open.push(format!("{} {}", listed.place, listed.name)),
            }
        }
        println!("{family}: {covered} of {in_scope} in scope, {outside} refused with a reason");
        assert!(open.is_empty(), "{family}: {open:#?}");
        assert!(in_scope > 50, "{family}: the list is not complete");
    }
}

/// The lines are right: the original, which is 2.6, takes those said to be its own and refuses those said to be gone.
#[test]
fn the_original_takes_the_checked_lines() {
    let original = subject::original("haproxy").unwrap();
    let mut wrong = Vec::new();
    for group in &sources().unwrap().groups {
        for line in &group.lines {
            let verdict = lines::load(&original, group.place, line).unwrap();
            if group.old != (verdict.state == State::Refused) {
                wrong.push(format!("{}: {line}: {}", group.title, verdict.note));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_keyword_of_keepalived_is_listed_once_with_its_reason() {
    let rows = sources().unwrap().rkeepalived;
    assert!(rows.len() > 400, "{}", rows.len());
    for row in rows {
        let explained = row.state == State::Supported || !row.note.is_empty();
        assert!(explained && !row.doc.is_empty(), "{row:?}");
    }
}
