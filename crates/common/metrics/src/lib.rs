//! axum router for /metrics and /healthz beside the data path; the only crate that knows prometheus and axum.
//!
//! The daemon hands over two functions that answer a scrape; how it collects its numbers is its own affair. Nothing
//! is registered globally and nothing is counted here.

mod families;
mod server;

pub use families::{Families, Kind};
pub use server::{Health, Source, serve};
