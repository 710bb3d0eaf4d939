//! The language of keepalived.conf and its typed configuration.
//!
//! Text becomes lines (includes, conditions, definitions, sequences), lines become words, words meet one row of the
//! keyword registry, and what the rows record becomes a [`model::Config`]: plain data that can be compared. Every
//! complaint has the original's wording and rank, and carries file, line and what to do.
//!
//! The crate reads files and asks about users and script files only through [`provider::Provider`]. It knows nothing of
//! sockets, timers or the kernel.

pub mod check;
pub mod diag;
pub mod model;
pub mod provider;
pub mod registry;
pub mod role;

mod draft;
mod explain;
mod keywords;
mod number;
mod parse;
mod reader;
mod resolve;
mod script_line;
mod words;

pub use check::{CheckOutcome, Loaded, Options, check, load};
pub use explain::explain;
pub use registry::dump_keywords;
