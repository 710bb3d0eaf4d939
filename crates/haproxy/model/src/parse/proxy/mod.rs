//! Keywords of `defaults`, `listen`, `frontend` and `backend`, one file per room.

pub mod balance;
pub mod basics;
pub mod checks;
pub mod compression;
pub mod cookie;
pub mod errors;
pub mod filters;
pub mod log;
pub mod options;
pub mod rules;
pub mod stats;
pub mod timeouts;
