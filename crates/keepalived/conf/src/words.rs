//! A line's words: blanks separate, `"` keeps blanks, and a quote inside a word ends it (`x"y z"w` are three words).

use crate::diag::{Abort, Rank, Sink};

/// The words of one statement, the keyword first, and its text for those who read it anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The statement as it stands in the line.
    pub raw: String,
    /// The words without their quotes.
    pub words: Vec<String>,
    /// The whole statement, if a quote in it is never closed.
    pub unclosed: Option<String>,
}

/// Splits a statement. An open quote (which the reader has complained of) ends the line before it.
pub fn split(raw: &str) -> Words {
    let whole = raw.trim();
    let open = open_quote(whole);
    let raw = &whole[..open.unwrap_or(whole.len())];
    let mut words = Vec::new();
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        if let Some((inside, after)) = rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            words.push(inside.to_owned());
            rest = after;
        } else if first.is_ascii_whitespace() {
            rest = rest.trim_start();
        } else {
            let end = rest.find(|c: char| c == '"' || c.is_ascii_whitespace()).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    Words { raw: raw.trim().to_owned(), words, unclosed: open.map(|_| whole.to_owned()) }
}

/// Where a quote stands that nothing closes.
pub fn open_quote(text: &str) -> Option<usize> {
    let quotes: Vec<usize> = text.match_indices('"').map(|(index, _)| index).collect();
    if quotes.len() % 2 == 1 { quotes.last().copied() } else { None }
}

impl Words {
    /// The keyword, empty if there is none.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// A word by position, the keyword being 0.
    pub fn at(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(String::as_str)
    }

    /// Number of words, the keyword included.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words from a position on.
    pub fn from(&self, index: usize) -> &[String] {
        self.words.get(index..).unwrap_or_default()
    }

    /// A word that must be there; without it everything stops.
    pub fn need(&self, index: usize, sink: &mut Sink) -> Result<&str, Abort> {
        if let Some(word) = self.words.get(index) {
            return Ok(word);
        }
        let before = self.words.get(index.saturating_sub(1)).map_or("", String::as_str);
        sink.say(
            Rank::Abort,
            format!(
                "*** Configuration line starting `{}` is missing a parameter after keyword `{before}` at word position {}",
                self.keyword(),
                index + 1
            ),
        );
        sink.hint(format!("give `{}` its value, or remove the line", self.keyword()));
        Err(Abort)
    }

    /// What follows the keyword in the raw line.
    pub fn tail(&self) -> &str {
        let raw = self.raw.trim_start();
        match raw.find(|c: char| c.is_ascii_whitespace() || c == '"') {
            Some(end) => raw[end..].trim(),
            None => "",
        }
    }
}
