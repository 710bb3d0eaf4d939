//! Reads the files in order and hands out one line at a time.

use std::borrow::Cow;

use bstr::{BString, ByteSlice};

use crate::condition::{ConditionError, evaluate};
use crate::diagnostics::{Diagnostics, FileId, Place, Severity, Span};
use crate::environment::Environment;
use crate::facts::Facts;
use crate::files::{FileProvider, Source, os_text};
use crate::tokenize::{Pseudo, TokenError, Tokens, tokenize};
use crate::word::{Line, Negation, Word};

/// Errors after which the rest of a file is not read, as in the original.
const FATAL_MAX: u32 = 50;

/// Width of a source line shown under a message.
const EXCERPT_WIDTH: usize = 80;

/// Whether reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next line.
    Continue,
    /// Not at all: what follows would only make false errors.
    Abort,
}

/// What a sink may use and change while it takes a line. Changes to the environment act on the next line.
#[derive(Debug)]
pub struct Context<'a> {
    /// The environment as of this line.
    pub env: &'a mut Environment,
    /// Where messages go.
    pub diags: &'a mut Diagnostics,
}

/// Takes the lines of a configuration in file order.
pub trait LineSink {
    /// A line that opens a section; its first word is one of the reader's section keywords.
    fn section(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow;
    /// A line inside the section opened last.
    fn line(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow;
    /// The section opened last has ended: another begins, or the file ends.
    fn section_end(&mut self, _cx: &mut Context<'_>) -> Flow {
        Flow::Continue
    }
}

/// What the reader needs to know of the language and the program.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Keywords that open a section.
    pub sections: &'a [&'a str],
    /// Keywords that may follow `no` and `default`, in the order the error message lists them; the message prints
    /// `option` as `options`.
    pub negatable: &'a [&'a str],
    /// What conditions may ask.
    pub facts: &'a Facts,
    /// Where contents come from.
    pub provider: &'a dyn FileProvider,
}

impl Reader<'_> {
    /// Reads all sources, which must be files (see [`crate::expand_sources`]), in order. Errors go to `diags`, a tail
    /// line per faulty file included; `Abort` means that reading stopped early.
    pub fn read(
        &self,
        sources: &[Source],
        env: &mut Environment,
        diags: &mut Diagnostics,
        sink: &mut dyn LineSink,
    ) -> Flow {
        for source in sources {
            let file = diags.add_file(&source.path);
            let alerts = diags.counts().alerts;
            let content = match self.provider.read(&source.path) {
                Ok(content) => content,
                Err(error) => {
                    let text =
                        format!("Cannot open configuration file {} : {}", source.path, os_text(&error));
                    diags.plain(Severity::Alert, text);
                    return Flow::Abort;
                }
            };
            let pass = Pass {
                reader: self,
                file,
                name: &source.path,
                number: 0,
                alerts,
                section: None,
                conditions: Vec::new(),
                env,
                diags,
                sink,
            };
            let flow = pass.run(&content);
            if diags.counts().alerts > alerts {
                let text = format!("Error(s) found in configuration file : {}", source.path);
                diags.plain(Severity::Alert, text);
            }
            if flow == Flow::Abort {
                return Flow::Abort;
            }
        }
        Flow::Continue
    }
}

/// What an open `.if` is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// Lines are taken.
    Taken,
    /// Not yet: a later `.elif` or `.else` may be.
    Waiting,
    /// A branch was taken already.
    Done,
    /// The block stands in one that is not taken.
    Dead,
}

#[derive(Clone, Copy)]
struct Block {
    branch: Branch,
    after_else: bool,
}

/// Whether the rest of the file is read.
enum Step {
    Next,
    /// Not this file's; the next file is read.
    EndFile,
    /// No further line of any file.
    Abort,
}

/// Why a directive ends the reading.
enum Stop {
    /// The block structure or a condition is broken, and that is all there is to say.
    Broken(String),
    /// The line is bad; a block left open is told as well.
    Refused(String),
}

/// The reading of one file.
struct Pass<'a> {
    reader: &'a Reader<'a>,
    file: FileId,
    name: &'a str,
    number: u32,
    alerts: u32,
    section: Option<String>,
    conditions: Vec<Block>,
    env: &'a mut Environment,
    diags: &'a mut Diagnostics,
    sink: &'a mut dyn LineSink,
}

impl Pass<'_> {
    fn run(mut self, content: &[u8]) -> Flow {
        let mut rest = content;
        let mut last = Step::Next;
        while !rest.is_empty() {
            self.number += 1;
            let end = rest.find_byte(b'\n');
            let raw = &rest[..end.unwrap_or(rest.len())];
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
            last = self.raw_line(raw);
            if self.diags.counts().alerts - self.alerts > FATAL_MAX {
                self.alert(format!("too many fatal errors ({FATAL_MAX}), stopping now."));
                last = Step::EndFile;
            }
            if !matches!(last, Step::Next) {
                break;
            }
            if end.is_none() {
                self.missing_line_feed(raw);
            }
        }
        if !self.conditions.is_empty() {
            self.alert("non-terminated '.if' block.");
            return Flow::Abort;
        }
        match last {
            Step::Abort => Flow::Abort,
            Step::Next | Step::EndFile => self.end_section(),
        }
    }

    fn raw_line(&mut self, raw: &[u8]) -> Step {
        let stray = raw.find_byte(0);
        match self.text_line(&raw[..stray.unwrap_or(raw.len())]) {
            Step::Next => {}
            step => return step,
        }
        if let Some(at) = stray {
            self.alert(format!("Stray NUL character at position {}.", at + 1));
            return Step::EndFile;
        }
        Step::Next
    }

    fn text_line(&mut self, text: &[u8]) -> Step {
        let section = self.section.as_deref().unwrap_or("");
        let pseudo = Pseudo { file: self.name, line: self.number, section };
        let tokens = match tokenize(text, self.env, &pseudo) {
            Ok(tokens) => tokens,
            Err(error) => {
                self.token_error(text, &error);
                return Step::Next;
            }
        };
        let Some(first) = tokens.words.first() else { return Step::Next };
        if first.text.starts_with(b".") {
            let known = DIRECTIVES.iter().find(|(name, _)| first == name);
            if let Some((name, directive)) = known {
                return self.directive(name, *directive, &tokens);
            }
            if self.taken() {
                self.alert(format!("unknown directive '{first}'."));
                return Step::Abort;
            }
        }
        if !self.taken() {
            return Step::Next;
        }
        let line = self.statement(text, tokens.words);
        self.hand_out(&line)
    }

    /// Makes the line, with `no` and `default` taken off.
    fn statement(&mut self, text: &[u8], mut words: Vec<Word>) -> Line {
        self.empty_argument(text, &words);
        let end = text.find_byte(b'\r').unwrap_or(text.len());
        let negation = match words[0].as_str() {
            "no" => Negation::No,
            "default" => Negation::Default,
            _ => Negation::None,
        };
        if negation != Negation::None {
            if negation == Negation::No && words.len() == 1 {
                words.push(Word::new(""));
            }
            if words.len() > 1 {
                words.remove(0);
            }
            if !self.reader.negatable.contains(&words[0].as_str()) {
                self.alert(self.negation_text());
            }
        }
        Line { file: self.file, number: self.number, words, negation, text: BString::from(&text[..end]) }
    }

    fn negation_text(&self) -> String {
        let plural = |&word: &&str| if word == "option" { "options".to_owned() } else { word.to_owned() };
        let names: Vec<String> = self.reader.negatable.iter().map(plural).collect();
        let list = match names.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => names.concat(),
        };
        format!("negation/default currently supported only for {list}.")
    }

    /// An empty word ends the arguments, which surprises whoever wrote a variable there.
    fn empty_argument(&mut self, text: &[u8], words: &[Word]) {
        let Some(at) = words.iter().position(Word::is_empty).filter(|&at| at > 0) else { return };
        let column = words[at].column as usize;
        let message = format!(
            "argument number {at} at position {column} is empty and marks the end of the argument list; \
             all subsequent arguments will be ignored:{}",
            excerpt(text, column)
        );
        self.say(Severity::Warning, message);
    }

    fn hand_out(&mut self, line: &Line) -> Step {
        let keyword = line.keyword();
        let flow = if self.reader.sections.contains(&keyword) {
            if self.end_section() == Flow::Abort {
                return Step::Abort;
            }
            let name = line.words.get(1).filter(|word| !word.is_empty());
            self.section = Some(name.unwrap_or(&line.words[0]).to_string());
            let mut cx = Context { env: self.env, diags: self.diags };
            self.sink.section(&mut cx, line)
        } else if self.section.is_none() {
            self.alert(format!("unknown keyword '{}' out of section.", line.words[0]));
            Flow::Continue
        } else {
            let mut cx = Context { env: self.env, diags: self.diags };
            self.sink.line(&mut cx, line)
        };
        match flow {
            Flow::Continue => Step::Next,
            Flow::Abort => Step::Abort,
        }
    }

    fn end_section(&mut self) -> Flow {
        if self.section.take().is_none() {
            return Flow::Continue;
        }
        let mut cx = Context { env: self.env, diags: self.diags };
        self.sink.section_end(&mut cx)
    }

    fn taken(&self) -> bool {
        self.conditions.last().is_none_or(|block| block.branch == Branch::Taken)
    }

    fn directive(&mut self, name: &str, directive: Directive, tokens: &Tokens) -> Step {
        let words = &tokens.words[..];
        let result = match directive {
            Directive::If => self.begin_if(name, tokens),
            Directive::Elif => self.elif(name, tokens),
            Directive::Else => self.begin_else(name, words),
            Directive::Endif => self.endif(name, words),
            Directive::Say(_) if !self.taken() => Ok(()),
            Directive::Say(severity) => self.message(name, severity, words),
        };
        match result {
            Ok(()) if directive == Directive::Say(Severity::Alert) && self.taken() => {
                // the author asked for the end: that the block is open then says nothing
                self.conditions.clear();
                Step::Abort
            }
            Ok(()) => Step::Next,
            Err(Stop::Refused(message)) => {
                self.alert(message);
                Step::Abort
            }
            Err(Stop::Broken(message)) => {
                self.alert(message);
                self.conditions.clear();
                Step::Abort
            }
        }
    }

    fn begin_if(&mut self, name: &str, tokens: &Tokens) -> Result<(), Stop> {
        let branch = if !self.taken() {
            Branch::Dead
        } else if self.condition(name, tokens)? {
            Branch::Taken
        } else {
            Branch::Waiting
        };
        self.conditions.push(Block { branch, after_else: false });
        Ok(())
    }

    fn elif(&mut self, name: &str, tokens: &Tokens) -> Result<(), Stop> {
        let block = self.open_block(name)?;
        if block.after_else {
            return Err(Stop::Broken(format!("'{name}' after '.else' is not permitted.")));
        }
        let branch = match block.branch {
            Branch::Waiting if self.condition(name, tokens)? => Branch::Taken,
            Branch::Waiting => Branch::Waiting,
            Branch::Taken | Branch::Done => Branch::Done,
            Branch::Dead => Branch::Dead,
        };
        self.replace_block(Block { branch, after_else: false });
        Ok(())
    }

    fn begin_else(&mut self, name: &str, words: &[Word]) -> Result<(), Stop> {
        no_argument(name, words)?;
        let block = self.open_block(name)?;
        if block.after_else {
            return Err(Stop::Broken(format!("'{name}' after '.else' is not permitted.")));
        }
        let branch = match block.branch {
            Branch::Waiting => Branch::Taken,
            Branch::Taken | Branch::Done => Branch::Done,
            Branch::Dead => Branch::Dead,
        };
        self.replace_block(Block { branch, after_else: true });
        Ok(())
    }

    fn endif(&mut self, name: &str, words: &[Word]) -> Result<(), Stop> {
        no_argument(name, words)?;
        self.open_block(name)?;
        self.conditions.pop();
        Ok(())
    }

    fn open_block(&self, name: &str) -> Result<Block, Stop> {
        self.conditions
            .last()
            .copied()
            .ok_or_else(|| Stop::Broken(format!("lone '{name}' with no matching '.if'.")))
    }

    fn replace_block(&mut self, block: Block) {
        self.conditions.pop();
        self.conditions.push(block);
    }

    fn condition(&self, name: &str, tokens: &Tokens) -> Result<bool, Stop> {
        let joined = tokens.joined(1);
        evaluate(&joined, self.reader.facts, self.env)
            .map_err(|error| Stop::Broken(condition_text(name, &joined, &error)))
    }

    fn message(&mut self, name: &str, severity: Severity, words: &[Word]) -> Result<(), Stop> {
        if let Some(extra) = words.get(2).filter(|word| !word.is_empty()) {
            return Err(Stop::Refused(format!(
                "Unexpected argument '{extra}' for '{name}'. Use quotes if the message should contain spaces."
            )));
        }
        let text = words.get(1).map_or(Cow::Borrowed(""), |word| word.text.to_str_lossy());
        self.say(severity, format!("'{text}'."));
        Ok(())
    }

    fn token_error(&mut self, text: &[u8], error: &TokenError) {
        let shown = error.column().map(|column| excerpt(text, column)).unwrap_or_default();
        self.alert(format!("{error}{shown}"));
    }

    /// The original refuses such a file; a third of the published ones that it refuses lack nothing else.
    fn missing_line_feed(&mut self, raw: &[u8]) {
        let position = raw.len() + 1;
        self.say(
            Severity::Warning,
            format!(
                "Missing LF on last line, file might have been truncated at position {position}. \
                 Please end the file with a line feed."
            ),
        );
    }

    fn alert(&mut self, message: impl Into<String>) {
        self.say(Severity::Alert, message);
    }

    fn say(&mut self, severity: Severity, message: impl Into<String>) {
        let span = Span { file: self.file, line: self.number, column: 0 };
        self.diags.push(severity, Place::Reader(span), message);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    If,
    Elif,
    Else,
    Endif,
    Say(Severity),
}

const DIRECTIVES: &[(&str, Directive)] = &[
    (".if", Directive::If),
    (".elif", Directive::Elif),
    (".else", Directive::Else),
    (".endif", Directive::Endif),
    (".diag", Directive::Say(Severity::Diag)),
    (".notice", Directive::Say(Severity::Notice)),
    (".warning", Directive::Say(Severity::Warning)),
    (".alert", Directive::Say(Severity::Alert)),
];

fn no_argument(name: &str, words: &[Word]) -> Result<(), Stop> {
    match words.get(1).filter(|word| !word.is_empty()) {
        Some(extra) => Err(Stop::Refused(format!("Unexpected argument '{extra}' for '{name}'."))),
        None => Ok(()),
    }
}

fn condition_text(name: &str, condition: &[u8], error: &ConditionError) -> String {
    let shown = [name.as_bytes(), b" ", condition].concat();
    format!("{}{}", error.text_in(name), excerpt(&shown, name.len() + 2 + error.offset))
}

/// The line and a caret under a column (from 1), each on a line of its own, as the original shows them: without
/// indentation, in printable characters, at most a terminal wide.
pub(crate) fn excerpt(line: &[u8], column: usize) -> String {
    let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let column = (column.max(1) - 1).max(indent);
    let line = &line[indent..];
    let mut at = column - indent;
    let mut shown: Vec<u8> = line.iter().map(|&byte| printable(byte)).collect();
    if at >= EXCERPT_WIDTH {
        let start = at - EXCERPT_WIDTH / 2;
        let end = (start + EXCERPT_WIDTH - 3).min(shown.len());
        shown = [b"...", shown.get(start + 3..end).unwrap_or_default(), b"..."].concat();
        at -= start;
    }
    shown.truncate(EXCERPT_WIDTH);
    format!("\n  {}\n  {}^", shown.to_str_lossy(), " ".repeat(at))
}

fn printable(byte: u8) -> u8 {
    match byte {
        b'\t' | b'\r' => b' ',
        0x20..0x7f => byte,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests;
