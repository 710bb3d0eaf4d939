//! Words and lines as the reader hands them out.

use std::borrow::Cow;
use std::sync::OnceLock;

use bstr::{BStr, BString, ByteSlice};

use crate::diagnostics::{FileId, Span};

/// One word of a line, quotes and escapes resolved.
#[derive(Clone, Debug)]
pub struct Word {
    /// The word's bytes; not necessarily UTF-8.
    pub text: BString,
    /// Where the word begins in the source line, in bytes, counted from 1; 0 when it stands in no line.
    pub column: u32,
    /// Whether any part of it stood in quotes (an empty word always did, or came from a variable).
    pub quoted: bool,
    /// The word as text, made once it is asked for and not UTF-8.
    spelled: OnceLock<Box<str>>,
}

impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        (&self.text, self.column, self.quoted) == (&other.text, other.column, other.quoted)
    }
}

impl Eq for Word {}

/// First of 256 characters of the last private plane: each stands for a byte that is not UTF-8.
const FIRST_STAND_IN: u32 = 0x10_f700;

/// A text for bytes that are not UTF-8: [`raw_bytes`] gives the bytes back.
fn spell(bytes: &[u8]) -> Box<str> {
    let stand_in = |byte: &u8| char::from_u32(FIRST_STAND_IN + u32::from(*byte));
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(stand_in));
    }
    text.into()
}

/// The bytes of a word's text: those that are not UTF-8 stand in it as characters of their own.
pub fn raw_bytes(text: &[u8]) -> Cow<'_, [u8]> {
    // all stand-ins are four bytes long and begin with this one
    if !text.contains(&0xf4) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from((c as u32).wrapping_sub(FIRST_STAND_IN)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(bytes)
}

impl Word {
    /// An unquoted word at a column of its line.
    pub(crate) fn at(column: u32) -> Self {
        Word { column, ..Word::new("") }
    }

    /// A word that stands in no source line.
    pub fn new(text: impl Into<BString>) -> Self {
        Word { text: text.into(), column: 0, quoted: false, spelled: OnceLock::new() }
    }

    /// The word as text. Bytes that are not UTF-8 stand in it as characters that [`raw_bytes`] turns back.
    pub fn as_str(&self) -> &str {
        match self.text.to_str() {
            Ok(text) => text,
            Err(_) => self.spelled.get_or_init(|| spell(&self.text)),
        }
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

    /// The first word as text.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", Word::as_str)
    }

    /// The words after the first one.
    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or(&[])
    }
}
