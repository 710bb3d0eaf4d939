//! Words and lines as the reader hands them out.

use bstr::{BStr, BString, ByteSlice};

use crate::diagnostics::{FileId, Span};

/// One word of a line, quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word's bytes; not necessarily UTF-8.
    pub text: BString,
    /// Where the word begins in the source line, in bytes, counted from 1; 0 when it stands in no line.
    pub column: u32,
    /// Whether any part of it stood in quotes (an empty word always did, or came from a variable).
    pub quoted: bool,
}

impl Word {
    /// A word that stands in no source line.
    pub fn new(text: impl Into<BString>) -> Self {
        Word { text: text.into(), column: 0, quoted: false }
    }

    /// The word as text, or `""` when it is not UTF-8.
    pub fn as_str(&self) -> &str {
        self.text.to_str().unwrap_or("")
    }

    /// The word's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The word's bytes in a form that prints.
    pub fn as_bstr(&self) -> &BStr {
        self.text.as_bstr()
    }

    /// Whether the word has no byte. The language takes an empty word for the end of a line's arguments.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self.as_bstr(), f)
    }
}

/// The `no` or `default` in front of a line's keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Negation {
    /// The line stands as it is.
    #[default]
    None,
    /// `no` stood before the keyword.
    No,
    /// `default` stood before the keyword.
    Default,
}

/// One statement: never empty, `no`/`default` taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in.
    pub file: FileId,
    /// Line number, from 1.
    pub number: u32,
    /// The keyword first, then its arguments. At least one word, possibly an empty one.
    pub words: Vec<Word>,
    /// What stood before the keyword.
    pub negation: Negation,
    /// The source line without its line end, for showing a caret under it.
    pub text: BString,
}

impl Line {
    /// The line as a place of a message, without a column.
    pub fn span(&self) -> Span {
        Span { file: self.file, line: self.number, column: 0 }
    }

    /// The place of one of the line's words.
    pub fn span_of(&self, word: &Word) -> Span {
        Span { column: word.column, ..self.span() }
    }

    /// The first word as text (`""` when it is not UTF-8).
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", Word::as_str)
    }

    /// The words after the first one.
    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or(&[])
    }
}
