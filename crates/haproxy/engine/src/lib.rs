//! The IO shell: accept, transports, muxes, streams, backends, runners.
//!
//! Owns the data threads and everything that waits for a socket. A connection lives and dies on the thread that took it;
//! a stream is one straight async function over a list of phases ([`stream`]). Rules, balancing, checks and codecs are
//! called as pure steps; nothing here parses configuration or compares names.

pub mod accept;
pub mod buffer;
pub mod clock;
pub mod conn;
pub mod connect;
pub mod deadline;
pub mod door;
pub mod formats;
pub mod health;
pub mod idle;
pub mod io;
pub mod listen;
pub mod log;
pub mod pipe;
pub mod process;
pub mod run;
pub mod service;
pub mod sessions;
pub mod side;
pub mod stream;
pub mod thread;
pub mod world;
