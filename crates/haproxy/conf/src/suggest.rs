//! "Did you mean".

/// The candidate closest to a mistyped word, if one is close enough to be meant.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length < 2 {
        return None;
    }
    // one slip in a short word, one more for every three letters of a longer one
    let allowed = (length / 3).clamp(1, 4);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        if candidate == word || candidate.len().abs_diff(word.len()) > allowed {
            continue;
        }
        let distance = strsim::damerau_levenshtein(word, candidate);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The suggestion as the original appends it to its message, `; did you mean 'mode' maybe ?`, or nothing.
pub fn did_you_mean_suffix<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, candidates)
        .map(|candidate| format!("; did you mean '{candidate}' maybe ?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let words = ["mode", "maxconn", "defaults", "default_backend", "timeout"];
        assert_eq!(did_you_mean("mod", words), Some("mode"));
        assert_eq!(did_you_mean("maxcon", words), Some("maxconn"));
        assert_eq!(did_you_mean("deafult_backend", words), Some("default_backend"));
        assert_eq!(did_you_mean("foo", words), None);
        assert_eq!(did_you_mean_suffix("tiemout", words), "; did you mean 'timeout' maybe ?");
    }
}
