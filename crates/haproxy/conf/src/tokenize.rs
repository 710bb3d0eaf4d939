//! One line of text into words: quotes, escapes, comments and variables (configuration manual 2.2 and 2.3).

use std::borrow::Cow;

use bstr::{BString, ByteSlice, ByteVec};

use crate::environment::Environment;
use crate::word::Word;

/// Words a line may have; the rest is refused, as in the original.
const WORDS_MAX: usize = 64;

/// Bytes a line may have once its variables are expanded. Variables that double each other line by line would
/// otherwise fill the memory.
const EXPANDED_MAX: usize = 4 << 20;

/// What `.FILE`, `.LINE` and `.SECTION` stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pseudo<'a> {
    /// Name of the file being read.
    pub file: &'a str,
    /// Line number, from 1.
    pub line: u32,
    /// The section's name, or its keyword if it has none, or nothing before the first section.
    pub section: &'a str,
}

/// Why a line cannot be cut into words. Columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A quote is not closed.
    #[error("unmatched quote at position {0}:")]
    UnmatchedQuote(usize),
    /// `\x` without two hexadecimal digits.
    #[error("truncated or invalid hexadecimal sequence at position {0}:")]
    Hexadecimal(usize),
    /// What follows `$` cannot begin a name.
    #[error("forbidden first char in environment variable name at position {0}:")]
    VariableName(usize),
    /// `${` without its `}`.
    #[error("unmatched brace in environment variable name at position {0}:")]
    UnmatchedBrace(usize),
    /// `[` in braces that is not `[*]`.
    #[error("truncated or invalid word expansion sequence at position {0}:")]
    WordExpansion(usize),
    /// More than the words a line may have.
    #[error("too many words, truncating after word {words}, position {position}: <{word}>.")]
    TooManyWords {
        /// How many words are allowed.
        words: usize,
        /// Where the last allowed one stands once quotes are removed.
        position: usize,
        /// The last allowed one.
        word: String,
    },
    /// Expansion made the line too long.
    #[error("line too long once its variables are expanded, limit: {EXPANDED_MAX}.")]
    TooLong,
}

impl TokenError {
    /// The column the caret points to, if the error has one.
    pub fn column(&self) -> Option<usize> {
        match *self {
            TokenError::UnmatchedQuote(at)
            | TokenError::Hexadecimal(at)
            | TokenError::VariableName(at)
            | TokenError::UnmatchedBrace(at)
            | TokenError::WordExpansion(at) => Some(at),
            TokenError::TooManyWords { .. } | TokenError::TooLong => None,
        }
    }
}

/// The words of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// In order; empty for a blank or comment line.
    pub words: Vec<Word>,
    /// Whether a blank follows the last word. Conditions keep it, which shows in their errors.
    pub trailing_blank: bool,
}

impl Tokens {
    /// The words from `first` on, joined by single blanks as conditions are evaluated.
    pub fn joined(&self, first: usize) -> BString {
        let words = self.words.get(first..).unwrap_or(&[]);
        let mut joined = BString::from(bstr::join(" ", words.iter().map(Word::as_bytes)));
        if self.trailing_blank && !words.is_empty() {
            joined.push(b' ');
        }
        joined
    }
}

/// Cuts a line (without its line feed) into words. A carriage return behind a word ends the line.
pub fn tokenize(line: &[u8], env: &Environment, pseudo: &Pseudo<'_>) -> Result<Tokens, TokenError> {
    Scanner::new(line, env, *pseudo, Comments::Skipped).run()
}

/// The same for a condition given on the command line, where `#` is an ordinary character.
pub(crate) fn tokenize_argument(text: &[u8], env: &Environment) -> Result<Tokens, TokenError> {
    Scanner::new(text, env, Pseudo::default(), Comments::Kept).run()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    Skipped,
    Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Weak,
    Strong,
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
    env: &'a Environment,
    pseudo: Pseudo<'a>,
    comments: Comments,
    words: Vec<Word>,
    open: Option<Word>,
    size: usize,
}

impl<'a> Scanner<'a> {
    fn new(line: &'a [u8], env: &'a Environment, pseudo: Pseudo<'a>, comments: Comments) -> Self {
        Scanner { line, at: 0, env, pseudo, comments, words: Vec::new(), open: None, size: 0 }
    }

    fn run(mut self) -> Result<Tokens, TokenError> {
        let mut quote = Quote::None;
        let mut quote_column = 0;
        while let Some(&byte) = self.line.get(self.at) {
            match (byte, quote) {
                (b'"', Quote::None) | (b'\'', Quote::None) => {
                    quote = if byte == b'"' { Quote::Weak } else { Quote::Strong };
                    quote_column = self.at + 1;
                    self.word().quoted = true;
                    self.at += 1;
                }
                (b'"', Quote::Weak) | (b'\'', Quote::Strong) => {
                    quote = Quote::None;
                    self.at += 1;
                }
                (b'#', Quote::None) if self.comments == Comments::Skipped => break,
                (b'\r', Quote::None) if self.open.is_none() && self.follows_blank() => self.at += 1,
                (b'\r' | b'\n', _) => break,
                (b'\\', Quote::None | Quote::Weak) => self.escape(quote)?,
                (b'$', Quote::Weak) => self.variable()?,
                (byte, Quote::None) if is_blank(byte) => {
                    self.close()?;
                    self.at += 1;
                }
                (_, Quote::None) => self.plain(is_special_bare)?,
                (_, Quote::Weak) => self.plain(is_special_weak)?,
                (_, Quote::Strong) => self.plain(|byte| matches!(byte, b'\'' | b'\r' | b'\n'))?,
            }
        }
        if quote != Quote::None {
            return Err(TokenError::UnmatchedQuote(quote_column));
        }
        let trailing_blank = self.open.is_none() && !self.words.is_empty();
        self.close()?;
        Ok(Tokens { words: self.words, trailing_blank })
    }

    /// A carriage return among blanks is one of them; anywhere else it ends the line.
    fn follows_blank(&self) -> bool {
        self.at.checked_sub(1).is_none_or(|before| is_blank(self.line[before]) || self.line[before] == b'\r')
    }

    /// Copies bytes up to the next special one; always at least one.
    fn plain(&mut self, special: impl Fn(u8) -> bool) -> Result<(), TokenError> {
        let line = self.line;
        let rest = &line[self.at..];
        let len = rest.iter().skip(1).position(|&byte| special(byte)).map_or(rest.len(), |at| at + 1);
        self.push(&rest[..len])?;
        self.at += len;
        Ok(())
    }

    fn escape(&mut self, quote: Quote) -> Result<(), TokenError> {
        let byte = match self.line.get(self.at + 1).copied() {
            Some(byte @ (b' ' | b'\\' | b'#' | b'\'' | b'"')) => byte,
            // the manual's table has it for bare words too, but there the original keeps both characters
            Some(b'$') if quote == Quote::Weak => b'$',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digit = |at: usize| self.line.get(at).and_then(|&byte| (byte as char).to_digit(16));
                let (Some(high), Some(low)) = (digit(self.at + 2), digit(self.at + 3)) else {
                    return Err(TokenError::Hexadecimal(self.at + 1));
                };
                self.push(&[(high * 16 + low) as u8])?;
                self.at += 4;
                return Ok(());
            }
            // any other pair stands for itself, which is what regular expressions need
            _ => {
                self.push(b"\\")?;
                self.at += 1;
                return Ok(());
            }
        };
        self.push(&[byte])?;
        self.at += 2;
        Ok(())
    }

    fn variable(&mut self) -> Result<(), TokenError> {
        let reference = Reference::parse(self.line, self.at)?;
        let value = match reference.pseudo(&self.pseudo) {
            Some(value) => Some(value),
            None if reference.name.starts_with(b".") => {
                return Err(TokenError::VariableName(reference.name_at + 1));
            }
            None => self.env.get(reference.name).map(|value| Cow::Borrowed(value.as_bytes())),
        };
        let value = value.or(reference.default.map(Cow::Borrowed)).unwrap_or_default();
        self.word();
        if reference.split {
            for (at, piece) in split_blanks(&value).enumerate() {
                if at > 0 {
                    self.close()?;
                    self.word();
                }
                self.push(piece)?;
            }
        } else {
            self.push(&value)?;
        }
        self.at = reference.end;
        Ok(())
    }

    fn word(&mut self) -> &mut Word {
        let column = self.at as u32 + 1;
        self.open.get_or_insert_with(|| Word::at(column))
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), TokenError> {
        self.size += bytes.len();
        if self.size > EXPANDED_MAX {
            return Err(TokenError::TooLong);
        }
        self.word().text.push_str(bytes);
        Ok(())
    }

    fn close(&mut self) -> Result<(), TokenError> {
        let Some(mut word) = self.open.take() else { return Ok(()) };
        // the language has no NUL: a word ends there
        if let Some(end) = word.text.find_byte(0) {
            word.text.truncate(end);
        }
        if self.words.len() == WORDS_MAX {
            let before: usize = self.words[..WORDS_MAX - 1].iter().map(|word| word.text.len() + 1).sum();
            let word = self.words.last().map(|word| word.to_string()).unwrap_or_default();
            return Err(TokenError::TooManyWords { words: WORDS_MAX, position: before + 1, word });
        }
        self.words.push(word);
        Ok(())
    }
}

/// A `$NAME`, `${NAME}`, `${NAME-default}` or `${NAME[*]}` found in a line.
struct Reference<'a> {
    name: &'a [u8],
    name_at: usize,
    split: bool,
    default: Option<&'a [u8]>,
    end: usize,
}

impl<'a> Reference<'a> {
    /// Parses at the dollar sign.
    fn parse(line: &'a [u8], dollar: usize) -> Result<Self, TokenError> {
        let braced = line.get(dollar + 1) == Some(&b'{');
        let name_at = dollar + 1 + usize::from(braced);
        let dot = usize::from(line.get(name_at) == Some(&b'.'));
        match line.get(name_at + dot) {
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {}
            _ => return Err(TokenError::VariableName(name_at + 1)),
        }
        let length = line[name_at + dot..].iter().take_while(|&&byte| is_name(byte)).count();
        let mut at = name_at + dot + length;
        let name = &line[name_at..at];
        if !braced {
            return Ok(Reference { name, name_at, split: false, default: None, end: at });
        }
        let split = line.get(at) == Some(&b'[');
        if split {
            if !line[at..].starts_with(b"[*]") {
                return Err(TokenError::WordExpansion(at + 1));
            }
            at += 3;
        }
        let mut default = None;
        if line.get(at) == Some(&b'-') {
            let length = line[at + 1..].find_byte(b'}').unwrap_or(line.len() - at - 1);
            default = Some(&line[at + 1..at + 1 + length]);
            at += 1 + length;
        }
        if line.get(at) != Some(&b'}') {
            return Err(TokenError::UnmatchedBrace(dollar + 2));
        }
        Ok(Reference { name, name_at, split, default, end: at + 1 })
    }

    fn pseudo<'b>(&self, pseudo: &Pseudo<'b>) -> Option<Cow<'b, [u8]>> {
        match self.name {
            b".FILE" => Some(Cow::Borrowed(pseudo.file.as_bytes())),
            b".LINE" => Some(Cow::Owned(pseudo.line.to_string().into_bytes())),
            b".SECTION" => Some(Cow::Borrowed(pseudo.section.as_bytes())),
            _ => None,
        }
    }
}

/// Expands `$NAME` and `${NAME}` in an address, where the language does so without quotes. A reference that cannot be
/// a variable's stays as it is; an unknown variable becomes nothing.
pub fn expand_address(text: &[u8], env: &Environment) -> BString {
    let mut out = BString::default();
    let mut at = 0;
    while let Some(dollar) = text[at..].find_byte(b'$').map(|found| at + found) {
        out.push_str(&text[at..dollar]);
        match Reference::parse(text, dollar) {
            Ok(reference) => {
                let value = env.get(reference.name).map(|value| value.as_bytes()).or(reference.default);
                out.push_str(value.unwrap_or_default());
                at = reference.end;
            }
            Err(_) => {
                out.push(b'$');
                at = dollar + 1;
            }
        }
    }
    out.push_str(&text[at..]);
    out
}

/// Pieces between runs of blanks; blanks at an end leave an empty piece there, as they end the word around them.
fn split_blanks(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let leading = value.first().is_some_and(|&byte| is_blank(byte));
    let trailing = value.len() > 1 && value.last().is_some_and(|&byte| is_blank(byte));
    let empty: &[u8] = b"";
    let pieces = value.split(|&byte| is_blank(byte)).filter(|piece| !piece.is_empty());
    leading.then_some(empty).into_iter().chain(pieces).chain(trailing.then_some(empty))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_special_bare(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'"' | b'\'' | b'#' | b'\\' | b'\r' | b'\n')
}

fn is_special_weak(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'$' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
