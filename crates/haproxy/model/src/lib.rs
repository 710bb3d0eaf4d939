//! Typed configuration of rhaproxy: sections → draft → runnable snapshot.
//!
//! Owns the keyword rows of the sections `global`, `defaults`, `frontend`, `backend` and `listen`, of `bind` and of
//! `server` lines, the checks between sections, and the [`Snapshot`](snapshot::Snapshot) that the engine runs. It opens
//! no file by itself and knows no socket.

pub mod draft;
pub mod edit;
pub mod filters;
pub mod forwarded;
pub mod global;
pub mod log_profile;
pub mod parse;
pub mod resolve;
pub mod settings;
pub mod snapshot;
mod tracking;
mod variables;
