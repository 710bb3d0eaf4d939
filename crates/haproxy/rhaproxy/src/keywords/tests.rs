use super::*;
use crate::args::{DumpKeywords, KeywordClass};

#[test]
fn every_row_says_what_it_is() {
    for row in all() {
        let named = !row.name.is_empty() && !row.name.contains('\t');
        assert!(named && (row.family == "service" || !row.doc.is_empty()), "{row:?}");
        match row.status {
            Status::Supported => {}
            Status::Accepted(why) | Status::Refused(why) | Status::Legacy { modern: why } => {
                assert!(!why.is_empty(), "{row:?}");
            }
        }
    }
}

#[test]
fn the_dump_has_seven_columns() {
    let dump = dump();
    assert_eq!(dump.lines().count(), all().len() + 1);
    for line in dump.lines() {
        assert_eq!(line.split('\t').count(), 7, "{line}");
    }
    assert!(dump.contains("\nsection\t\tfrontend\t\tsupported\t\twhere clients arrive\n"));
}

#[test]
fn no_keyword_stands_twice_in_its_place() {
    let mut seen = std::collections::BTreeSet::new();
    for row in all() {
        assert!(seen.insert((row.family, row.place.clone(), row.name.clone())), "{row:?}");
    }
}

#[test]
fn the_classes_are_listed_as_asked() {
    let classes = KeywordClass::ALL.iter().map(|(_, class, _)| *class).collect();
    let text = listing(&DumpKeywords { help: false, classes });
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("# List of")).collect();
    assert_eq!(heads.len(), 7, "{heads:?}");
    for line in ["listen", "\tbind <addr> accept-proxy", "\tbind <addr> maxconn +1", "\thttp-request deny"] {
        assert!(text.lines().any(|known| known == line), "{line}");
    }
    assert!(!text.contains("\treqsetbe\n"), "what is refused is not listed");
}
