//! No setting is read from the configuration and then ignored: each field of the settings has a reader.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Fields that nothing outside the parser reads, and why that is so.
const EXCUSED: &[(&str, &str)] = &[
    ("init_none", "decides while the line is read whether a name that does not resolve is an error"),
    ("first_send", "decides while the section is read what `option httpchk` still says"),
    ("deprecated", "words that need the leave of `expose-deprecated-directives` are taken without it"),
    ("dynamic", "dynamic cookies are not made yet"),
    ("dynamic_cookie_key", "dynamic cookies are not made yet"),
    ("show_modules", "the page shows no module counters yet"),
    ("localpeer", "there are no peers yet"),
];

/// All Rust sources of the wing but tests.
fn sources(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Names of the public fields a file declares.
fn fields(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    pub "));
    lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name).filter(|n| !n.contains('(')).collect()
}

/// True when the text reads a field of this name: names it behind a dot and does not merely set it.
fn reads(text: &str, field: &str) -> bool {
    text.match_indices(field).any(|(at, _)| {
        let before = text[..at].trim_end();
        let after = &text[at + field.len()..];
        let whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(');
        let rest = after.trim_start();
        let set = rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>");
        before.ends_with('.') && whole && !set
    })
}

#[test]
fn every_setting_has_a_reader() {
    let wing = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let model = wing.join("model/src");
    let mut all = Vec::new();
    sources(wing, &mut all);
    let declared = ["settings.rs", "snapshot.rs", "global.rs"].map(|file| model.join(file));
    let readers: Vec<&str> = all
        .iter()
        .filter(|(path, _)| !path.starts_with(model.join("parse")) && !declared[..].contains(path))
        .map(|(_, text)| text.as_str())
        .collect();
    assert!(readers.len() > 100, "the sources are there");
    // what a snapshot's own methods read counts too
    let own = fs::read_to_string(&declared[1]).unwrap();
    let unread: Vec<String> = declared
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .flat_map(|text| fields(&text).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .filter(|field| !readers.iter().any(|text| reads(text, field)) && !reads(&own, field))
        .collect();
    let excused: Vec<&str> = EXCUSED.iter().map(|(field, _)| *field).collect();
    let ignored: Vec<&String> = unread.iter().filter(|field| !excused.contains(&field.as_str())).collect();
    assert!(ignored.is_empty(), "read from the configuration and then ignored: {ignored:?}");
    for (field, why) in EXCUSED {
        assert!(unread.iter().any(|name| name == field), "{field} has a reader: no excuse is needed ({why})");
    }
}
