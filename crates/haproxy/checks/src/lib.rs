//! Health checks: what is sent, what is expected, what it means for a server.
//!
//! A probe is a [`program::Program`]: connect, send, expect. [`run::Check`] walks it without IO: the engine tells it
//! what happened and does what it asks. [`health`] turns outcomes into a server's state and into transitions the
//! engine logs. Nothing here opens a socket or reads a clock.

pub mod agent;
pub mod external;
pub mod health;
pub mod judge;
pub mod outcome;
pub mod program;
pub mod protocols;
pub mod report;
pub mod run;
pub mod schedule;

pub use outcome::Outcome;
pub use program::Program;
pub use run::{Action, Check};
