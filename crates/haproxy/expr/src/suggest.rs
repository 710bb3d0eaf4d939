//! A close keyword for a mistyped one.

/// The keyword closest to a word, when it is close enough to be meant.
pub fn closest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    haproxy_conf::did_you_mean(word, known).map(|name| format!("did you mean '{name}' ?"))
}
