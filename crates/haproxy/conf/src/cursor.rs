//! Walks over the words of a line; errors come in the original's wording.

use common_base::duration::{TimeError, TimeUnit, parse_time};
use common_base::size::{SizeError, parse_size};

use crate::diagnostics::{Diagnostics, ParseError, Span};
use crate::word::{Line, Negation, Word};

/// A position in a line's words. An empty word ends the line, as everywhere in the language.
#[derive(Debug)]
pub struct Cursor<'a> {
    line: &'a Line,
    at: usize,
    keyword_words: usize,
    warnings: Vec<ParseError>,
}

impl<'a> Cursor<'a> {
    /// Stands behind the first `keyword_words` words, which name the keyword.
    pub fn new(line: &'a Line, keyword_words: usize) -> Self {
        Cursor { line, at: keyword_words, keyword_words, warnings: Vec::new() }
    }

    /// The line walked over.
    pub fn line(&self) -> &'a Line {
        self.line
    }

    /// The `no` or `default` before the keyword.
    pub fn negation(&self) -> Negation {
        self.line.negation
    }

    /// The words that name the keyword, joined: `timeout client`.
    pub fn keyword(&self) -> String {
        let words: Vec<&str> = self.line.words.iter().take(self.keyword_words).map(Word::as_str).collect();
        words.join(" ")
    }

    /// The next word, which is passed.
    pub fn next_word(&mut self) -> Option<&'a Word> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// The next word, which stays.
    pub fn peek(&self) -> Option<&'a Word> {
        self.line.words.get(self.at).filter(|word| !word.is_empty())
    }

    /// The next word as text, which stays; `""` at the end.
    pub fn peek_str(&self) -> &'a str {
        self.peek().map_or("", Word::as_str)
    }

    /// Passes the next word if it is this one.
    pub fn take_if(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next == word);
        self.at += usize::from(found);
        found
    }

    /// Whether no word is left.
    pub fn at_end(&self) -> bool {
        self.peek().is_none()
    }

    /// The words left, up to an empty one. They stay.
    pub fn rest(&self) -> &'a [Word] {
        let left = self.line.words.get(self.at..).unwrap_or(&[]);
        let end = left.iter().position(Word::is_empty).unwrap_or(left.len());
        &left[..end]
    }

    /// The words left, which are passed.
    pub fn take_rest(&mut self) -> &'a [Word] {
        let rest = self.rest();
        self.at += rest.len();
        rest
    }

    /// Where the cursor stands, as an index into the line's words.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Puts the cursor on another word, for parsers that took words of [`Cursor::rest`] by themselves.
    pub fn set_position(&mut self, at: usize) {
        self.at = at;
    }

    /// The place of the next word, or of the line at its end.
    pub fn span(&self) -> Span {
        self.peek().map_or_else(|| self.line.span(), |word| self.line.span_of(word))
    }

    /// An error about the next word, or about the line at its end.
    pub fn error(&self, message: impl Into<String>) -> ParseError {
        let error = ParseError::new(message);
        match self.peek() {
            Some(word) => error.at(word),
            None => error,
        }
    }

    /// An error about the word passed last.
    pub fn error_before(&self, message: impl Into<String>) -> ParseError {
        let error = ParseError::new(message);
        match self.at.checked_sub(1).and_then(|at| self.line.words.get(at)) {
            Some(word) => error.at(word),
            None => error,
        }
    }

    /// Keeps a warning about the line; see [`Cursor::flush_warnings`].
    pub fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(ParseError::new(message));
    }

    /// Keeps a warning with its own place and hint.
    pub fn warn_with(&mut self, warning: ParseError) {
        self.warnings.push(warning);
    }

    /// Hands the warnings kept so far over.
    pub fn flush_warnings(&mut self, diags: &mut Diagnostics) {
        for warning in self.warnings.drain(..) {
            diags.parse_warning(self.line, warning);
        }
    }

    /// The next word, or the error `'keyword' expects <what>.`
    pub fn expect(&mut self, what: &str) -> Result<&'a Word, ParseError> {
        match self.next_word() {
            Some(word) => Ok(word),
            None => Err(self.error(format!("'{}' expects {what}.", self.keyword()))),
        }
    }

    /// The next word, or an error with a whole message.
    pub fn expect_or(&mut self, message: impl FnOnce() -> String) -> Result<&'a Word, ParseError> {
        match self.next_word() {
            Some(word) => Ok(word),
            None => Err(self.error(message())),
        }
    }

    /// `'keyword' expects an integer argument.` and the like: a decimal number that fills its word.
    pub fn integer<T: std::str::FromStr>(&mut self) -> Result<T, ParseError> {
        let refuse = |cursor: &Self| format!("'{}' expects an integer argument.", cursor.keyword());
        let word = match self.next_word() {
            Some(word) => word,
            None => return Err(self.error(refuse(self))),
        };
        word.as_str().parse().map_err(|_| self.error_before(refuse(self)))
    }

    /// A time in milliseconds, as timeouts take it: missing, malformed, too large and too small values have the
    /// wording of `timeout`; what follows a complete unit is passed over with a warning, as the original does.
    pub fn duration_ms(&mut self) -> Result<u32, ParseError> {
        self.duration(TimeUnit::Millisecond, TimeUnit::Millisecond)
    }

    /// A time whose number without unit means `default`, in units of `unit`.
    pub fn duration(&mut self, default: TimeUnit, unit: TimeUnit) -> Result<u32, ParseError> {
        let keyword = self.keyword();
        let word =
            self.expect_or(|| format!("'{keyword}' expects an integer value (in {})", default.plural()))?;
        match parse_time(word.as_bytes(), default, unit) {
            Ok(time) => {
                if let Some(warning) = time.trailing_text(word.as_str()) {
                    self.warn(warning);
                }
                Ok(time.value)
            }
            Err(error) => Err(self.error_before(time_error_text(&error, word, &keyword))),
        }
    }

    /// A size in bytes with an optional `k`, `m` or `g`.
    pub fn size(&mut self) -> Result<u64, ParseError> {
        let keyword = self.keyword();
        let word = self.expect("a size")?;
        parse_size(word.as_bytes()).map_err(|error| {
            self.error_before(match error {
                SizeError::Unexpected(character) => {
                    format!("unexpected character '{character}' in size argument '{word}' to '{keyword}'")
                }
                SizeError::Overflow => format!("size overflow in argument '{word}' to '{keyword}'"),
            })
        })
    }

    /// Refuses words that are left: `'keyword' cannot handle unexpected argument 'x'.`
    pub fn finish(&self) -> Result<(), ParseError> {
        match self.peek() {
            None => Ok(()),
            Some(word) => {
                Err(self.error(format!("'{}' cannot handle unexpected argument '{word}'.", self.keyword())))
            }
        }
    }
}

/// The wording of a refused time: `unexpected character 'x' in 'timeout client'`.
pub(crate) fn time_error_text(error: &TimeError, word: &Word, keyword: &str) -> String {
    match error {
        TimeError::Unexpected(character) => format!("unexpected character '{character}' in '{keyword}'"),
        TimeError::Overflow => format!(
            "timer overflow in argument '{word}' to '{keyword}' (maximum value is 2147483647 ms or ~24.8 days)"
        ),
        TimeError::Underflow => {
            format!("timer underflow in argument '{word}' to '{keyword}' (minimum non-null value is 1 ms)")
        }
    }
}

#[cfg(test)]
mod tests;
