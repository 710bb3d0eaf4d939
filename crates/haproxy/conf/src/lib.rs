//! Grammar of haproxy.cfg: files and directories, words, quotes, environment, conditions, sections, the argument
//! cursor, diagnostics with spans, and the row types of the keyword registry.
//!
//! Text becomes [`Word`]s, words become [`Line`]s, and lines are handed one at a time, in file order, to a
//! [`LineSink`]; [`load`] is the sink that keeps them all as a [`Document`]. What a keyword means is not known here:
//! sections are told apart by a list the caller gives, and keywords live in the tables of the crates that own them.
//! Nothing here opens a file by itself: everything is read through a [`FileProvider`].

mod condition;
mod cursor;
mod diagnostics;
mod document;
mod environment;
mod facts;
mod files;
mod reader;
mod registry;
mod subargs;
mod suggest;
mod tokenize;
mod word;

pub use condition::{ConditionError, evaluate, evaluate_command_line};
pub use cursor::Cursor;
pub use diagnostics::{
    Counts, Diagnostic, Diagnostics, FileId, ParseError, Place, Program, Severity, Show, Span,
};
pub use document::{Document, Section, load};
pub use environment::{EnvError, Environment};
pub use facts::{Facts, SslFacts, Version};
pub use files::{DirEntry, EntryKind, FileProvider, MemFiles, OsFiles, Source, SourceError, expand_sources};
pub use reader::{Context, Flow, LineSink, Reader};
pub use registry::{Aborted, Lookup, Registry, Row, Sections, Status};
pub use subargs::{SubArgs, SubArgsError, split_args};
pub use suggest::{did_you_mean, did_you_mean_suffix};
pub use tokenize::{Pseudo, TokenError, Tokens, expand_address, tokenize};
pub use word::{Line, Negation, Word, raw_bytes};
