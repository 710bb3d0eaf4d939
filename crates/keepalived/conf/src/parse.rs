//! Statements meet rows: the walk through the blocks.

use crate::diag::{Abort, Rank, Sink};
use crate::draft::Draft;
use crate::keywords;
use crate::provider::Provider;
use crate::reader::{IncludeCheck, Reader, ReaderSetup, Token};
use crate::registry::{Block, Body, Flow, Keyword, List, RootKeyword, Status};
use crate::role::Roles;
use crate::words::{self, Words};

#[cfg(test)]
mod tests;

/// What a row's function works with.
pub struct Ctx<'p> {
    /// The machine.
    pub provider: &'p dyn Provider,
    /// Complaints and the current line.
    pub sink: Sink,
    /// What was written so far.
    pub draft: Draft,
    /// `include_check` as it stands.
    pub include_check: IncludeCheck,
    /// `random_seed`, once given.
    pub random_seed: Option<u32>,
}

impl Ctx<'_> {
    /// Records a mistake in the current line.
    pub fn config(&mut self, text: impl Into<String>) {
        self.sink.config(text);
    }
}

/// Reads all files for a set of processes.
pub fn parse<'p>(
    provider: &'p dyn Provider,
    path: &str,
    setup: &ReaderSetup,
    roles: Roles,
) -> (Ctx<'p>, Result<(), Abort>) {
    let sink = Sink { roles, ..Sink::default() };
    let mut ctx = Ctx {
        provider,
        sink,
        draft: Draft::default(),
        include_check: IncludeCheck::default(),
        random_seed: None,
    };
    let reader = match Reader::open(provider, path, setup.clone(), roles) {
        Ok(reader) => reader,
        Err(error) => {
            missing_file(&mut ctx.sink, path, &error);
            return (ctx, Ok(()));
        }
    };
    let mut parser = Parser { reader, ctx, put_back: None };
    let result = parser.root();
    parser.ctx.sink.place = None;
    (parser.ctx, result)
}

fn missing_file(sink: &mut Sink, path: &str, error: &std::io::Error) {
    sink.say(Rank::Missing, format!("Configuration file '{path}' open problem ({error})"));
    sink.hint("name an existing file with -f; keepalived reads /etc/keepalived/keepalived.conf without it");
}

struct Parser<'p> {
    reader: Reader<'p>,
    ctx: Ctx<'p>,
    put_back: Option<Token>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        self.put_back.take().or_else(|| self.reader.next(&mut self.ctx.sink))
    }

    fn root(&mut self) -> Result<(), Abort> {
        let rows: Vec<&'static RootKeyword> = keywords::root().collect();
        while let Some(token) = self.next() {
            match token {
                Token::Open => self.unexpected_open(),
                Token::Close => self.unknown("}", None),
                Token::Text(text) => {
                    let words = words::split(&text);
                    match rows.iter().find(|row| row.keyword.name == words.keyword()) {
                        Some(row) => self.root_statement(row, &words)?,
                        None => {
                            let known = rows.iter().map(|row| row.keyword.name);
                            let near = crate::registry::closest(words.keyword(), known);
                            self.unknown(words.keyword(), near);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn root_statement(&mut self, row: &'static RootKeyword, words: &Words) -> Result<(), Abort> {
        let roles = self.ctx.sink.roles;
        if row.roles.meets(roles) {
            return self.statement(&row.keyword, words);
        }
        if row.quiet.meets(roles) {
            if !matches!(row.keyword.body, Body::Line) {
                match self.next() {
                    Some(Token::Open) => self.put_back = Some(Token::Open),
                    other => {
                        self.put_back = other;
                        return Ok(());
                    }
                }
            }
            let said = self.ctx.sink.messages.len();
            let result = self.statement(&row.keyword, words);
            // the reader's own complaints are every process's
            let mut index = 0;
            self.ctx.sink.messages.retain(|message| {
                index += 1;
                index <= said || message.rank == Rank::Abort || is_reader_message(&message.text)
            });
            return result;
        }
        self.skip_body(&row.keyword);
        Ok(())
    }

    /// Skips the body of a row that is not for us.
    fn skip_body(&mut self, row: &Keyword) {
        if matches!(row.body, Body::Line) {
            return;
        }
        match self.next() {
            Some(Token::Open) => self.skip(),
            other => self.put_back = other,
        }
    }

    fn statement(&mut self, row: &'static Keyword, words: &Words) -> Result<(), Abort> {
        match row.status {
            Status::Supported => {}
            Status::Accepted(why) => {
                self.ctx.sink.say(Rank::Note, format!("'{}' has no effect: {why}", row.name));
            }
            Status::Refused(why) => {
                self.ctx.config(format!("'{}' is refused: {why}", row.name));
                self.skip_body(row);
                return Ok(());
            }
        }
        self.ctx.include_check = self.reader.include_check;
        let flow = (row.run)(&mut self.ctx, words)?;
        self.reader.include_check = self.ctx.include_check;
        if let Some(seed) = self.ctx.random_seed.take() {
            self.reader.seed(seed);
        }
        match (row.body, flow) {
            (Body::Line, _) => Ok(()),
            (_, Flow::Skip) => {
                match self.next() {
                    Some(Token::Open) => self.skip(),
                    other => self.missing_open(other),
                }
                Ok(())
            }
            (Body::Block(block), Flow::Go) => {
                self.open_brace();
                self.block(block)
            }
            (Body::List(list), Flow::Go) => {
                if let Some(extra) = words.at(1).filter(|_| row.args.is_empty()) {
                    let text = format!("Block {} has extra parameters {extra} ...", row.name);
                    self.ctx.config(text);
                }
                self.list(list)
            }
        }
    }

    fn open_brace(&mut self) {
        match self.next() {
            Some(Token::Open) => {}
            other => self.missing_open(other),
        }
    }

    fn missing_open(&mut self, found: Option<Token>) {
        if found.is_some() {
            self.ctx.config("Missing '{' at beginning of configuration block");
            self.ctx.sink.hint("open the block with { after its head line");
        }
        self.put_back = found;
    }

    fn block(&mut self, block: &'static Block) -> Result<(), Abort> {
        while let Some(token) = self.next() {
            match token {
                Token::Close => break,
                Token::Open => self.unexpected_open(),
                Token::Text(text) => {
                    let words = words::split(&text);
                    match block.find(words.keyword()) {
                        Some(row) => self.statement(row, &words)?,
                        None => self.unknown(words.keyword(), block.suggest(words.keyword())),
                    }
                }
            }
        }
        (block.end)(&mut self.ctx);
        Ok(())
    }

    fn list(&mut self, list: &'static List) -> Result<(), Abort> {
        match self.next() {
            Some(Token::Open) => {}
            // the original takes what follows for entries, or the next line only
            Some(Token::Text(text)) if list.whole => {
                let result = self.entry(list, &text);
                (list.end)(&mut self.ctx);
                return result;
            }
            other => self.put_back = other,
        }
        while let Some(token) = self.next() {
            match token {
                Token::Close => break,
                // a brace in a list is an entry like any other: the list ends at the next closing brace, so that a list
                // left open does not swallow the rest
                Token::Open => self.entry(list, "{")?,
                Token::Text(text) => self.entry(list, &text)?,
            }
        }
        (list.end)(&mut self.ctx);
        Ok(())
    }

    fn entry(&mut self, list: &'static List, text: &str) -> Result<(), Abort> {
        let words = words::split(text);
        if !words.is_empty() {
            (list.entry)(&mut self.ctx, &words)?;
        }
        Ok(())
    }

    /// Complains of a word and passes over its block, if it opens one.
    fn unknown(&mut self, word: &str, near: Option<&str>) {
        if word.is_empty() {
            return;
        }
        self.ctx.config(format!("Unknown keyword '{word}'"));
        match near {
            Some(near) => self.ctx.sink.hint(format!("did you mean '{near}'?")),
            None if word == "}" => self.ctx.sink.hint("one block is closed twice"),
            None => self.ctx.sink.hint("the line is ignored; --dump-keywords lists what each block takes"),
        }
        if word == "}" {
            return;
        }
        match self.next() {
            Some(Token::Open) => self.unexpected_open(),
            other => self.put_back = other,
        }
    }

    /// A block without a known head: skipped whole, so that what follows it is not lost.
    fn unexpected_open(&mut self) {
        self.ctx.config("Unexpected '{' - ignoring");
        self.ctx.sink.hint("the block is skipped up to its closing brace");
        self.skip();
    }

    /// Skips to the brace that closes the one just read.
    fn skip(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some(Token::Open) => depth += 1,
                Some(Token::Close) => depth -= 1,
                Some(Token::Text(_)) => {}
                None => return,
            }
        }
    }
}

/// Complaints about the text itself; every process that reads it makes them.
fn is_reader_message(text: &str) -> bool {
    [
        "Unterminated quote",
        "Unmatched quote",
        "Extra '}'",
        "Invalid ~",
        "~SEQ parameter",
        "~LST parameter",
        "There are ",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}
