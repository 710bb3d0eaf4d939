//! The sink that keeps everything: a configuration as data.

use crate::diagnostics::{Diagnostics, FileId};
use crate::environment::Environment;
use crate::files::Source;
use crate::reader::{Context, Flow, LineSink, Reader};
use crate::word::{Line, Word};

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
