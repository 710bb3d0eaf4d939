//! The program's parts that tests reach: arguments, load, start, control, version texts.

pub mod answers;
pub mod args;
pub mod control;
pub mod environment;
pub mod keywords;
pub mod libraries;
pub mod limits;
pub mod load;
pub mod messages;
pub mod pages;
pub mod saved;
pub mod sockets;
pub mod start;
pub mod version;
