//! The program: arguments, parent and children, signals, pidfiles.
//!
//! The parent reads the configuration, starts a process for each part of it, starts dead ones again, and passes
//! signals on. It opens no network socket and runs no script.

mod args;
mod boot;
mod child;
mod client;
mod config;
mod identity;
mod parent;
mod pidfiles;
mod report;
mod usage;

pub use boot::main;
