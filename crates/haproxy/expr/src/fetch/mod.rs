//! Sample fetches (manual §7.3.2 to §7.3.7), one file per family; each row stands above its function.

pub mod http_headers;
pub mod http_uri;
pub mod l4;
pub mod misc;

use crate::row::Fetch;

/// All tables of this crate.
pub const TABLES: &[&[Fetch]] = &[http_headers::FETCHES, http_uri::FETCHES, l4::FETCHES, misc::FETCHES];
