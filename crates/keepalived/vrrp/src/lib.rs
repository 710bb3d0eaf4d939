//! The VRRP part of keepalived as pure machines: instances, sync groups, their trackers and timers.
//!
//! [`router::Router`] holds everything of one process. It takes events with the time they happened at, and pushes
//! commands in the order in which they are to be carried out; `next_deadline` says when it wants to be woken. The
//! crate knows no socket, no clock, no file, no kernel and no grammar: packets arrive decoded (`keepalived-wire`),
//! addresses, routes and rules are names to it, and counters are plain fields of the instance that owns them.
#![forbid(unsafe_code)]

pub mod command;
pub mod config;
mod deadlines;
mod debounce;
pub mod event;
mod garp_queue;
pub mod ids;
pub mod instance;
mod limiter;
mod out;
pub mod process;
pub mod router;
pub mod script;
pub mod state;
pub mod stats;
pub mod timers;
pub mod timing;
mod tracking;
