//! The program's parts that tests reach: arguments, start, version texts.

pub mod answers;
pub mod args;
pub mod environment;
pub mod libraries;
pub mod version;
