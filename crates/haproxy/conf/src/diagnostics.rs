//! Messages with their places, collected while loading and printed in the original's form.

use std::fmt::Write as _;
use std::sync::Arc;

use bstr::{BString, ByteSlice};

use crate::word::{Line, Word};

/// A file named in messages; resolved by [`Diagnostics::file_name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file. `column` 0 means the whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line number, from 1.
    pub line: u32,
    /// Byte in the line, from 1; 0 for none.
    pub column: u32,
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Shown in diagnostic mode (`-dD`) only; never counts.
    Diag,
    /// Information.
    Notice,
    /// Counts for `-dW` and `zero-warning`.
    Warning,
    /// The configuration is refused.
    Alert,
}

impl Severity {
    /// The bracketed level padded to its column, `[ALERT]    `.
    pub fn label(self) -> &'static str {
        match self {
            Severity::Diag => "[DIAG]     ",
            Severity::Notice => "[NOTICE]   ",
            Severity::Warning => "[WARNING]  ",
            Severity::Alert => "[ALERT]    ",
        }
    }
}

/// How a message names its place. The original has three forms and tools match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// No place in the text.
    Nowhere,
    /// `parsing [file:line]: `, used by the reader itself.
    Reader(Span),
    /// `parsing [file:line] : `, used by keywords.
    Keyword(Span),
}

impl Place {
    /// The span, if the place has one.
    pub fn span(self) -> Option<Span> {
        match self {
            Place::Nowhere => None,
            Place::Reader(span) | Place::Keyword(span) => Some(span),
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// `config : ` or nothing, before the place.
    pub prefix: &'static str,
    /// The text, in the original's wording; may have several lines.
    pub message: String,
    /// What to write instead, shown on a line of its own.
    pub hint: Option<String>,
    /// The line the message is about, for the caret.
    pub source_line: Option<BString>,
}

impl Diagnostic {
    /// Adds what to write instead.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the source line for the caret.
    pub fn source(&mut self, line: &Line) -> &mut Self {
        self.source_line = Some(line.text.clone());
        self
    }
}

/// How many messages of each kind were collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub alerts: u32,
    /// Warnings.
    pub warnings: u32,
    /// Notices.
    pub notices: u32,
}

/// The program's identity as it stands in messages.
#[derive(Clone, Debug)]
pub struct Program {
    /// Version as in `haproxy version is ...`.
    pub version: String,
    /// Path as in `path to executable is ...`.
    pub path: String,
    /// Process id between the parentheses.
    pub pid: u32,
}

/// Which messages are printed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Show {
    /// The least severity that is printed; `-dD` lowers it to [`Severity::Diag`], `quiet` raises it to alerts.
    pub least: Severity,
    /// Print the source line and a caret below messages that have a column.
    pub carets: bool,
}

impl Default for Show {
    fn default() -> Self {
        Show { least: Severity::Notice, carets: false }
    }
}

/// Why a keyword refused its line. The reader adds file and line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The text in the original's wording, without place.
    pub message: String,
    /// Column of the word at fault; 0 when the whole line is meant.
    pub column: u32,
    /// What to write instead.
    pub hint: Option<String>,
    /// Reading stops here; later lines would only make false errors.
    pub abort: bool,
    /// Use the reader's form `parsing [f:l]: ` instead of the keyword's `parsing [f:l] : `.
    pub reader_form: bool,
}

impl ParseError {
    /// An error about the whole line.
    pub fn new(message: impl Into<String>) -> Self {
        ParseError { message: message.into(), column: 0, hint: None, abort: false, reader_form: false }
    }

    /// Puts the caret under a word.
    pub fn at(mut self, word: &Word) -> Self {
        self.column = word.column;
        self
    }

    /// Adds what to write instead.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Makes the error end the reading.
    pub fn aborting(mut self) -> Self {
        self.abort = true;
        self
    }

    /// Uses the form without a blank before the colon.
    pub fn reader_form(mut self) -> Self {
        self.reader_form = true;
        self
    }
}

/// The collector. It also owns the names of the files that messages speak of.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    files: Vec<Arc<str>>,
    entries: Vec<Diagnostic>,
    counts: Counts,
    prefix: &'static str,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Diagnostics::new()
    }
}

impl Diagnostics {
    /// An empty collector whose messages begin with `config : `.
    pub fn new() -> Self {
        Diagnostics { files: Vec::new(), entries: Vec::new(), counts: Counts::default(), prefix: "config : " }
    }

    /// Changes what following messages begin with (`""` after parsing, as the original does).
    pub fn set_prefix(&mut self, prefix: &'static str) {
        self.prefix = prefix;
    }

    /// Registers a file's name as messages shall print it.
    pub fn add_file(&mut self, name: &str) -> FileId {
        if let Some(at) = self.files.iter().position(|known| &**known == name) {
            return FileId(at as u32);
        }
        self.files.push(Arc::from(name));
        FileId(self.files.len() as u32 - 1)
    }

    /// The name of a file, `""` if it was never registered here.
    pub fn file_name(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |name| name)
    }

    /// An error of a keyword.
    pub fn alert(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Alert, Place::Keyword(span), message)
    }

    /// A warning of a keyword.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, Place::Keyword(span), message)
    }

    /// A notice of a keyword.
    pub fn notice(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Notice, Place::Keyword(span), message)
    }

    /// A remark for the diagnostic mode.
    pub fn diag(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Diag, Place::Keyword(span), message)
    }

    /// A message without a place in its text.
    pub fn plain(&mut self, severity: Severity, message: impl Into<String>) -> &mut Diagnostic {
        self.push(severity, Place::Nowhere, message)
    }

    /// Any message.
    pub fn push(&mut self, severity: Severity, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        match severity {
            Severity::Alert => self.counts.alerts += 1,
            Severity::Warning => self.counts.warnings += 1,
            Severity::Notice => self.counts.notices += 1,
            Severity::Diag => {}
        }
        let at = self.entries.len();
        self.entries.push(Diagnostic {
            severity,
            place,
            prefix: self.prefix,
            message: message.into(),
            hint: None,
            source_line: None,
        });
        &mut self.entries[at]
    }

    /// A keyword's error with its line.
    pub fn parse_error(&mut self, line: &Line, error: ParseError) {
        self.report(Severity::Alert, line, error);
    }

    /// A keyword's warning with its line.
    pub fn parse_warning(&mut self, line: &Line, error: ParseError) {
        self.report(Severity::Warning, line, error);
    }

    /// A message of any severity about a line.
    pub fn report(&mut self, severity: Severity, line: &Line, error: ParseError) {
        let span = Span { column: error.column, ..line.span() };
        let place = if error.reader_form { Place::Reader(span) } else { Place::Keyword(span) };
        let entry = self.push(severity, place, error.message);
        entry.hint = error.hint;
        entry.source(line);
    }

    /// How many messages so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether any alert was raised.
    pub fn has_errors(&self) -> bool {
        self.counts.alerts > 0
    }

    /// The messages in the order they came.
    pub fn entries(&self) -> &[Diagnostic] {
        &self.entries
    }

    /// Takes all messages out, leaving names and counts.
    pub fn drain(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.entries)
    }

    /// The text of one message behind the pid, without level: `config : parsing [f:1] : ...`.
    pub fn text_of(&self, entry: &Diagnostic) -> String {
        let mut out = String::from(entry.prefix);
        match entry.place {
            Place::Nowhere => {}
            Place::Reader(span) => {
                let _ = write!(out, "parsing [{}:{}]: ", self.file_name(span.file), span.line);
            }
            Place::Keyword(span) => {
                let _ = write!(out, "parsing [{}:{}] : ", self.file_name(span.file), span.line);
            }
        }
        out.push_str(&entry.message);
        out
    }

    /// All messages as they are printed on standard error, with the two notices that precede the first one.
    pub fn render(&self, program: &Program, show: Show) -> String {
        let mut out = String::new();
        let mut greeted = false;
        for entry in self.entries.iter().filter(|entry| entry.severity >= show.least) {
            // a diag message is no reason to name the version
            if !greeted && entry.severity > Severity::Diag {
                greeted = true;
                let label = Severity::Notice.label();
                let _ = writeln!(out, "{label}({}) : haproxy version is {}", program.pid, program.version);
                let _ = writeln!(out, "{label}({}) : path to executable is {}", program.pid, program.path);
            }
            let _ = writeln!(out, "{}({}) : {}", entry.severity.label(), program.pid, self.text_of(entry));
            if show.carets {
                render_caret(&mut out, entry);
            }
            if let Some(hint) = &entry.hint {
                let _ = writeln!(out, "   | {hint}");
            }
        }
        out
    }

    /// The messages without level padding, pid and version lines, one `LEVEL text` a line: for tests.
    pub fn render_plain(&self) -> String {
        let mut out = String::new();
        for entry in &self.entries {
            let level = entry.severity.label().trim_end().trim_matches(['[', ']']);
            let _ = writeln!(out, "{level} {}", self.text_of(entry));
            if let Some(hint) = &entry.hint {
                let _ = writeln!(out, "   | {hint}");
            }
        }
        out
    }
}

fn render_caret(out: &mut String, entry: &Diagnostic) {
    let (Some(line), Some(span)) = (&entry.source_line, entry.place.span()) else { return };
    if span.column == 0 || entry.message.contains('\n') {
        return;
    }
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let column = (span.column as usize - 1).saturating_sub(indent);
    let before = text.get(..column.min(text.len())).unwrap_or(text).to_str_lossy().chars().count();
    let _ = writeln!(out, "   |   {}", text.to_str_lossy());
    let _ = writeln!(out, "   |   {}^", " ".repeat(before));
}
