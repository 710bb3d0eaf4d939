//! How operators see and steer the running process: the statistics page, the metrics exporter, the runtime API.
//!
//! Owns the texts of these three and nothing else: numbers come from `stats`, states from `balance` and `checks`, and
//! everything live hangs on the engine's process ([`source`]). It reads no configuration.

pub mod cli;
pub mod control;
pub mod handout;
pub mod page;
pub mod services;
pub mod source;

pub use services::AdminServices;
