//! From files to statements: lines, comments, includes, conditions, definitions, sequences, braces.
//!
//! A line goes through four stages: `include` of another file; `@id` condition; definition, sequence or substitution
//! (each of which may yield new lines that begin again); and the cut at braces. What comes out is one
//! [`Token`] at a time, with the place it came from in the sink.

mod define;
mod glob;
mod include;
mod sequence;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::{Place, Sink};
use crate::provider::Provider;
use crate::role::Roles;
use crate::words;

pub use include::{INCLUDES, IncludeCheck};

/// Longest line, as the original has it.
const LINE_MAX: usize = 1024;
/// Includes within includes; deeper is surely a circle.
const DEPTH_MAX: usize = 32;
/// Lines that definitions and sequences may make, so that a circle of definitions ends (65,024 instances of 20 lines fit).
const EXPANDED_MAX: usize = 2_000_000;

/// One piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Words between braces.
    Text(String),
    /// `{`
    Open,
    /// `}`
    Close,
}

/// What the reader needs to know besides the files.
#[derive(Clone, Debug)]
pub struct ReaderSetup {
    /// `-i` or `config-id`: the name that `@id` and `${_INSTANCE}` mean.
    pub config_id: String,
    /// Seed of `${_RANDOM}` unless `random_seed` is given.
    pub random_seed: u64,
}

/// Yields the tokens of a configuration.
pub struct Reader<'p> {
    provider: &'p dyn Provider,
    setup: ReaderSetup,
    roles: Roles,
    files: Vec<OpenFile>,
    work: VecDeque<Work>,
    tokens: VecDeque<Token>,
    definitions: HashMap<String, String>,
    random: u64,
    expanded: usize,
    depth: i32,
    /// Checks of `include`, changed by `include_check`.
    pub include_check: IncludeCheck,
}

struct OpenFile {
    name: Arc<str>,
    directory: PathBuf,
    lines: std::vec::IntoIter<String>,
    line: usize,
    with_file: bool,
    outer_check: IncludeCheck,
}

/// A line still to be processed, or a step that yields lines.
enum Work {
    Line(String),
    Set(String, String),
    Sequence(sequence::Sequence, String),
}

impl<'p> Reader<'p> {
    /// Opens the first file; `None` if it cannot be read.
    pub fn open(
        provider: &'p dyn Provider,
        path: &str,
        setup: ReaderSetup,
        roles: Roles,
    ) -> Result<Self, std::io::Error> {
        let random = setup.random_seed;
        let mut reader = Self {
            provider,
            setup,
            roles,
            files: Vec::new(),
            work: VecDeque::new(),
            tokens: VecDeque::new(),
            definitions: HashMap::new(),
            random,
            expanded: 0,
            depth: 0,
            include_check: IncludeCheck::default(),
        };
        let with_file = !roles.meets(Roles::PARENT);
        let full = provider.current_dir().join(path);
        reader.push_file(&full, path, with_file)?;
        Ok(reader)
    }

    fn push_file(&mut self, full: &Path, name: &str, with_file: bool) -> std::io::Result<()> {
        let bytes = self.provider.read(full)?;
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let directory = full.parent().map(Path::to_owned).unwrap_or_default();
        self.files.push(OpenFile {
            name: Arc::from(name),
            directory,
            lines: lines.into_iter(),
            line: 0,
            with_file,
            outer_check: self.include_check,
        });
        Ok(())
    }

    /// `random_seed`: from here on the numbers are repeatable.
    pub fn seed(&mut self, seed: u32) {
        self.random = u64::from(seed);
    }

    /// The next token; `None` at the end of all files.
    pub fn next(&mut self, sink: &mut Sink) -> Option<Token> {
        loop {
            if let Some(token) = self.tokens.pop_front() {
                self.count(&token, sink);
                return Some(token);
            }
            let line = self.next_line(sink)?;
            self.cut(&line, sink);
        }
    }

    fn count(&mut self, token: &Token, sink: &mut Sink) {
        match token {
            Token::Open => self.depth += 1,
            Token::Close if self.depth > 0 => self.depth -= 1,
            Token::Close => {
                sink.config("Extra '}' found");
                sink.hint("one block is closed twice; look at the braces above this line");
            }
            Token::Text(_) => {}
        }
    }

    /// A line with conditions, definitions and sequences worked off.
    fn next_line(&mut self, sink: &mut Sink) -> Option<String> {
        loop {
            let line = match self.work.pop_front() {
                Some(Work::Line(line)) => line,
                Some(Work::Set(name, value)) => {
                    self.definitions.insert(name, value);
                    continue;
                }
                Some(Work::Sequence(mut sequence, rest)) => {
                    if let Some(settings) = sequence.next() {
                        self.work.push_front(Work::Sequence(sequence, rest.clone()));
                        self.work.push_front(Work::Line(rest));
                        for (name, value) in settings {
                            self.work.push_front(Work::Set(name, value));
                        }
                    }
                    continue;
                }
                None => {
                    let line = self.physical_line(sink)?;
                    if self.include(&line, sink) {
                        continue;
                    }
                    line
                }
            };
            self.expanded += 1;
            if self.expanded > EXPANDED_MAX {
                sink.config("definitions and sequences make too many lines - ignoring the rest");
                self.work.clear();
                return None;
            }
            if let Some(line) = self.process(line, sink) {
                return Some(line);
            }
        }
    }

    /// One pass over a line; `None` if nothing of it is left (for now).
    fn process(&mut self, line: String, sink: &mut Sink) -> Option<String> {
        let line = line.trim_start();
        if let Some(condition) = line.strip_prefix('@') {
            let end = condition.find(|c: char| c.is_ascii_whitespace()).unwrap_or(condition.len());
            let (id, rest) = condition.split_at(end);
            let holds = match id.strip_prefix('^') {
                Some(other) => other != self.setup.config_id,
                None => id == self.setup.config_id,
            };
            if holds {
                self.work.push_front(Work::Line(rest.to_owned()));
            }
            return None;
        }
        if line.starts_with('$')
            && let Some((name, value)) = define::definition(line)
        {
            let value = self.whole_value(value, sink);
            self.definitions.insert(name, value);
            return None;
        }
        if line.starts_with("~SEQ") || line.starts_with("~LST") {
            match sequence::parse(line, sink) {
                sequence::Parsed::Block(sequence, rest) => {
                    self.work.push_front(Work::Sequence(sequence, rest));
                    return None;
                }
                sequence::Parsed::Invalid => return None,
                sequence::Parsed::Plain => {}
            }
        }
        let plain = define::without_comment(line);
        match self.substitute(plain) {
            define::Substituted::Unchanged => (!plain.trim().is_empty()).then(|| plain.to_owned()),
            define::Substituted::Lines(lines) => {
                for line in lines.into_iter().rev() {
                    self.work.push_front(Work::Line(line));
                }
                None
            }
            define::Substituted::Final(line) => Some(line),
        }
    }

    /// The next line of the innermost file.
    fn physical_line(&mut self, sink: &mut Sink) -> Option<String> {
        loop {
            let Some(file) = self.files.last_mut() else {
                sink.place = None;
                self.finish(sink);
                return None;
            };
            let Some(line) = file.lines.next() else {
                self.include_check = file.outer_check;
                self.files.pop();
                continue;
            };
            file.line += 1;
            sink.place = Some(Place { file: file.name.clone(), line: file.line, with_file: file.with_file });
            if line.len() > LINE_MAX {
                sink.config("line too long - ignoring");
                sink.hint(format!(
                    "a line has at most {LINE_MAX} characters; use a definition for long values"
                ));
                continue;
            }
            return Some(line);
        }
    }

    fn finish(&mut self, sink: &mut Sink) {
        if self.depth != 0 {
            sink.config(format!("There are {} missing '}}'s or extra '{{'s", self.depth));
            sink.hint("a block is not closed at the end of the file");
            self.depth = 0;
        }
    }

    /// Cuts a line at its braces.
    fn cut(&mut self, line: &str, sink: &mut Sink) {
        if unescaped_quotes(line) % 2 == 1 {
            sink.config(format!("Unterminated quote '{}'", line.trim()));
            sink.hint("close the string with \" on the same line");
        }
        if words::open_quote(line).is_some() {
            sink.config(format!("Unmatched quote: '{}'", line.trim()));
            sink.hint("close the string with \" on the same line");
        }
        let mut start = 0;
        let mut quote = None;
        let mut escaped = false;
        for (index, c) in line.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match (quote, c) {
                (_, '\\') => escaped = true,
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"') => quote = Some(c),
                (None, '{' | '}') => {
                    self.text(&line[start..index]);
                    self.tokens.push_back(if c == '{' { Token::Open } else { Token::Close });
                    start = index + 1;
                }
                (None, _) => {}
            }
        }
        self.text(&line[start..]);
    }

    fn text(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.tokens.push_back(Token::Text(text.trim().to_owned()));
        }
    }
}

/// Number of quotes that no backslash stands before.
fn unescaped_quotes(line: &str) -> usize {
    let mut escaped = false;
    let mut count = 0;
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => count += 1,
            _ => {}
        }
    }
    count
}
