//! The tables against the keyword list of HAProxy 3.5 (`-dKacl`, `-dKcnv`, `-dKsmp`).

use std::collections::BTreeSet;

use crate::registry::Registry;
use crate::row::Run;

const KEYWORDS: &str = include_str!("keywords-3.5.txt");

/// Lines of the list that ours must have: names, arguments, types and places alike.
#[test]
fn every_keyword_of_3_5_has_its_row() {
    let registry = Registry::built_in();
    let ours = [registry.list_aliases(), registry.list_converters(), registry.list_fetches()].concat();
    let ours: BTreeSet<&str> = ours.lines().map(str::trim_end).collect();
    let missing: Vec<&str> = KEYWORDS.lines().filter(|line| !ours.contains(line.trim_end())).collect();
    assert!(missing.is_empty(), "{} of {}:\n{}", missing.len(), KEYWORDS.lines().count(), missing.join("\n"));
}

#[test]
fn coverage_in_numbers() {
    let registry = Registry::built_in();
    let fetches = registry.fetches();
    let converters = registry.converters();
    let built = fetches.iter().filter(|row| matches!(row.run, Run::Built(_))).count();
    let built_converters = converters.iter().filter(|row| matches!(row.run, Run::Built(_))).count();
    println!("fetches {built} of {}, converters {built_converters} of {}", fetches.len(), converters.len());
    assert!(fetches.iter().all(|row| !row.doc.is_empty()));
    assert!(built > 260 && built_converters > 165, "{built} {built_converters}");
}

#[test]
fn the_columns_have_their_heads() {
    let text = Registry::built_in().list_fetches();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1],
        "#                       _.---------------------- frontend tcp-request connection rule"
    );
    assert_eq!(lines[22], "#  / / / / / / / / / / / / / / / / / / / / / _.- CLI parser");
    assert_eq!(lines[24].trim_end(), "# | | | | | | | | | | | | | | | | | | | | | |");
}
