//! The vrrp process.

mod changes;
mod checks;
mod control;
mod execute;
mod input;
mod kernel;
mod kernel_events;
mod notify;
mod reload;
mod run;
mod shell;
mod sockets;
mod source;
mod statics;
mod status;
mod surroundings;
mod timer;
mod trackers;
mod translate;
mod urgency;

pub(crate) use shell::Live;
pub(crate) use sockets::Sockets;

pub use run::{Exit, Reread, Setup, run, signals};
pub use status::status_table;
