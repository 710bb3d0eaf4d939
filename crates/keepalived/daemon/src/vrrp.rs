//! The vrrp process.

mod checks;
mod control;
mod execute;
mod input;
mod kernel;
mod notify;
mod run;
mod shell;
mod sockets;
mod source;
mod status;
mod timer;
mod translate;

pub use run::{Exit, Reread, Setup, run, signals};
