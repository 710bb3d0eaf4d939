//! Matching of whole words between delimiters: `-m dir` and `-m dom` (manual §7.1.3).

/// Delimiters of `dir`.
pub const DIR: &[u8] = b"/?";
/// Delimiters of `dom`.
pub const DOM: &[u8] = b"/?.:";

/// The pattern without delimiters at its ends.
pub fn trim<'a>(pattern: &'a [u8], delimiters: &[u8]) -> &'a [u8] {
    let start = pattern.iter().position(|byte| !delimiters.contains(byte)).unwrap_or(pattern.len());
    let end = pattern.iter().rposition(|byte| !delimiters.contains(byte)).map_or(start, |last| last + 1);
    &pattern[start..end]
}

/// Number of delimiters inside a trimmed pattern; equal texts have equal numbers.
pub fn joints(text: &[u8], delimiters: &[u8]) -> usize {
    text.iter().filter(|byte| delimiters.contains(byte)).count()
}

/// Calls `visit` with each piece of `text` that starts and ends at a delimiter or an end of the text and has
/// exactly `joints` delimiters inside, until it returns true.
pub fn each_piece(
    text: &[u8],
    delimiters: &[u8],
    joints: usize,
    mut visit: impl FnMut(&[u8]) -> bool,
) -> bool {
    let mut start = 0;
    loop {
        while start < text.len() && delimiters.contains(&text[start]) {
            start += 1;
        }
        if start >= text.len() {
            return false;
        }
        if let Some(end) = piece_end(text, start, delimiters, joints)
            && visit(&text[start..end])
        {
            return true;
        }
        match text[start..].iter().position(|byte| delimiters.contains(byte)) {
            Some(length) => start += length,
            None => return false,
        }
    }
}

fn piece_end(text: &[u8], start: usize, delimiters: &[u8], joints: usize) -> Option<usize> {
    let mut passed = 0;
    for (index, byte) in text.iter().enumerate().skip(start) {
        if delimiters.contains(byte) {
            if passed == joints {
                return Some(index);
            }
            passed += 1;
        }
    }
    (passed == joints).then_some(text.len())
}
