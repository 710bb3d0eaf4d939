//! From lines to a draft: sections, and the registry of their keywords.

mod bind;
mod cache;
mod global;
mod legacy;
mod log_profile;
mod misplaced;
mod program;
mod proxy;
mod sections;
mod server;
mod tuning;
mod userlist;

use std::sync::Arc;

use common_base::address::{Address, AddressRules};
use haproxy_conf::{Context, Cursor, Flow, Line, LineSink, ParseError, Registry, Row, Sections};

use crate::draft::Draft;
use misplaced::Misplaced;

pub use bind::{BindOption, OPTIONS as BIND_OPTIONS};
pub use cache::check as check_caches;
pub use global::{ENVIRONMENT, EnvironmentRow};
pub use legacy::LEGACY;
pub use proxy::checks::complete as complete_check;
pub use sections::{OPENERS, Opener, SECTIONS};
pub use server::{OPTIONS as SERVER_OPTIONS, ServerOption};
pub use server::{at_run_time as server_at_run_time, option_names as server_options};

/// A keyword row of a section.
pub type Keyword = Row<Draft>;

/// All keyword tables of the sections.
pub fn tables() -> Vec<&'static [Keyword]> {
    vec![
        global::KEYWORDS,
        tuning::TUNABLES,
        proxy::basics::KEYWORDS,
        proxy::timeouts::KEYWORDS,
        proxy::options::KEYWORDS,
        proxy::rules::KEYWORDS,
        proxy::log::KEYWORDS,
        proxy::stats::KEYWORDS,
        proxy::cookie::KEYWORDS,
        proxy::balance::KEYWORDS,
        proxy::errors::KEYWORDS,
        proxy::compression::KEYWORDS,
        proxy::filters::KEYWORDS,
        proxy::checks::KEYWORDS,
        bind::KEYWORDS,
        server::KEYWORDS,
        userlist::KEYWORDS,
        program::KEYWORDS,
        cache::KEYWORDS,
        log_profile::KEYWORDS,
        sections::KEYWORDS,
        legacy::LEGACY,
    ]
}

/// The registry of all section keywords.
pub fn registry() -> Registry<Draft> {
    Registry::new(&tables())
}

/// Keywords that may follow `no` and `default`.
pub const NEGATABLE: &[&str] = &[
    "option",
    "log",
    "busy-polling",
    "set-dumpable",
    "strict-limits",
    "insecure-fork-wanted",
    "insecure-setuid-wanted",
    "numa-cpu-mapping",
];

/// Feeds lines to the keyword rows.
pub struct Sink {
    /// What is being filled.
    pub draft: Draft,
    registry: Registry<Draft>,
}

impl Sink {
    /// A sink over an empty draft.
    pub fn new(draft: Draft) -> Self {
        Sink { draft, registry: registry() }
    }

    fn note_place(&mut self, cx: &Context<'_>, line: &Line) {
        let name = cx.diags.file_name(line.file);
        if &*self.draft.place.file != name {
            self.draft.place.file = Arc::from(name);
        }
        self.draft.place.line = line.number;
        self.draft.place.span = line.span();
    }
}

impl LineSink for Sink {
    fn section(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow {
        self.note_place(cx, line);
        let mut cursor = Cursor::new(line, 1);
        let outcome = sections::open(&mut self.draft, &mut cursor);
        cursor.flush_warnings(cx.diags);
        if let Err(error) = outcome {
            let abort = error.abort;
            cx.diags.parse_error(line, error);
            if abort {
                return Flow::Abort;
            }
        }
        Flow::Continue
    }

    fn line(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow {
        self.note_place(cx, line);
        if self.draft.section == Sections::GLOBAL && global::environment(cx, line) {
            self.draft.env = cx.env.clone();
            return Flow::Continue;
        }
        if sections::is_foreign(self.draft.section) {
            return Flow::Continue;
        }
        let section = self.draft.section;
        if let Some(said) = misplaced::check(&self.registry, &self.draft.px, section, line) {
            match said {
                Misplaced::Ignored(_) => cx.diags.parse_warning(line, said.into_error(line)),
                Misplaced::Refused(_) => cx.diags.parse_error(line, said.into_error(line)),
            }
            return Flow::Continue;
        }
        match self.registry.dispatch(&mut self.draft, line, section, cx.diags) {
            Ok(()) => Flow::Continue,
            Err(_) => Flow::Abort,
        }
    }

    fn section_end(&mut self, cx: &mut Context<'_>) -> Flow {
        sections::close(&mut self.draft, cx.diags);
        Flow::Continue
    }
}

/// Text of a word, or an error when it is not UTF-8.
fn text(cursor: &mut Cursor<'_>, what: &str) -> Result<String, ParseError> {
    let keyword = cursor.keyword();
    let word = cursor.next_word().ok_or_else(|| ParseError::new(format!("'{keyword}' expects {what}.")))?;
    Ok(word.as_str().to_owned())
}

/// Reads an address word, with its variables expanded.
fn address(draft: &Draft, word: &str, rules: &AddressRules) -> Result<Address, String> {
    let text = haproxy_conf::expand_address(word.as_bytes(), &draft.env).to_string();
    common_base::address::parse_address(word, &text, rules).map_err(|error| error.to_string())
}

/// A row that accepts any arguments and keeps none: only for keywords whose status says why.
fn accept(_: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    cursor.take_rest();
    Ok(())
}

/// A row that is never reached: its status refuses first.
fn refuse(_: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    Err(cursor.error("not supported"))
}
