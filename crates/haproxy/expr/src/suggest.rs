//! A close keyword for a mistyped one.

/// The keyword closest to a word, when it is close enough to be meant.
pub fn closest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let limit = (word.len() / 3).clamp(1, 3);
    known
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| format!("did you mean '{name}' ?"))
}
