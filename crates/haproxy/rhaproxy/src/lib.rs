//! The program's parts that tests reach: arguments, load, start, control, version texts.

pub mod answers;
pub mod args;
pub mod compare;
pub mod control;
pub mod environment;
pub mod handover;
pub mod keywords;
pub mod libraries;
pub mod limits;
pub mod link;
pub mod load;
pub mod master;
pub mod messages;
pub mod pages;
pub mod reload;
pub mod role;
pub mod saved;
pub mod sockets;
pub mod start;
pub mod stop;
pub mod takeover;
pub mod tell;
pub mod version;
pub mod worker;
