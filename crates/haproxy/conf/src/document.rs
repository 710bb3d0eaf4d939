//! The sink that keeps everything: a configuration as data.

use bstr::{BString, ByteVec};

use crate::diagnostics::{Diagnostics, FileId};
use crate::environment::Environment;
use crate::files::Source;
use crate::reader::{Context, Flow, LineSink, Reader};
use crate::word::{Line, Negation, Word};

/// A section with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The word that opened it.
    pub keyword: Word,
    /// The words after it.
    pub args: Vec<Word>,
    /// Its statements.
    pub lines: Vec<Line>,
    /// The file it stands in.
    pub file: FileId,
    /// The line that opened it.
    pub line: Line,
}

/// All sections in the order they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The sections.
    pub sections: Vec<Section>,
}

impl Document {
    /// The configuration as it was understood (`-dC`): no comments, one blank between words, quotes only where a word
    /// needs them. Reading the text again gives the same document.
    pub fn dump(&self) -> BString {
        let mut out = BString::default();
        for section in &self.sections {
            push_words(&mut out, &section.line);
            for line in &section.lines {
                out.push_byte(b'\t');
                push_words(&mut out, line);
            }
        }
        out
    }
}

fn push_words(out: &mut BString, line: &Line) {
    match line.negation {
        Negation::None => {}
        Negation::No => out.push_str("no "),
        Negation::Default => out.push_str("default "),
    }
    for (at, word) in line.words.iter().enumerate() {
        if at > 0 {
            out.push_byte(b' ');
        }
        push_word(out, word.as_bytes());
    }
    out.push_byte(b'\n');
}

/// A bare word where that means the same, else one in weak quotes.
fn push_word(out: &mut BString, word: &[u8]) {
    let plain =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'#' | b'\\') || *byte >= 0x80;
    if !word.is_empty() && word.iter().all(plain) {
        out.push_str(word);
        return;
    }
    out.push_byte(b'"');
    for &byte in word {
        match byte {
            b'"' | b'\\' | b'$' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0..0x20 | 0x7f => out.push_str(format!("\\x{byte:02x}")),
            _ => out.push_byte(byte),
        }
    }
    out.push_byte(b'"');
}

impl LineSink for Document {
    fn section(&mut self, _cx: &mut Context<'_>, line: &Line) -> Flow {
        self.sections.push(Section {
            keyword: line.words[0].clone(),
            args: line.args().to_vec(),
            lines: Vec::new(),
            file: line.file,
            line: line.clone(),
        });
        Flow::Continue
    }

    fn line(&mut self, _cx: &mut Context<'_>, line: &Line) -> Flow {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push(line.clone());
        }
        Flow::Continue
    }
}

/// Reads sources into a document. Nothing in the document acts on the environment: who needs `setenv` and its family
/// to take effect on later lines reads with a [`LineSink`] of its own.
pub fn load(
    reader: &Reader<'_>,
    sources: &[Source],
    env: &mut Environment,
    diags: &mut Diagnostics,
) -> Document {
    let mut document = Document::default();
    reader.read(sources, env, diags, &mut document);
    document
}
