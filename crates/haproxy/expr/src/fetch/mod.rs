//! Sample fetches (manual §7.3.2 to §7.3.7), one file per family; each row stands above its function.

pub mod captures;
pub mod connections;
pub mod cookies;
pub mod hello;
pub mod http_auth;
pub mod http_headers;
pub mod http_uri;
pub mod l4;
pub mod misc;
pub mod not_built;
pub mod payload;
pub mod process;
pub mod proxies;
pub mod timers;

use crate::row::Fetch;

/// All tables of this crate; where two have a name, the later one holds.
pub const TABLES: &[&[Fetch]] = &[
    not_built::TABLES_FETCHES,
    not_built::TLS_FETCHES,
    not_built::QUIC_FETCHES,
    not_built::MUX_FETCHES,
    not_built::HTX_FETCHES,
    not_built::FCGI_FETCHES,
    not_built::SPOE_FETCHES,
    captures::FETCHES,
    connections::FETCHES,
    cookies::FETCHES,
    hello::FETCHES,
    http_auth::FETCHES,
    http_headers::FETCHES,
    http_uri::FETCHES,
    l4::FETCHES,
    misc::FETCHES,
    payload::FETCHES,
    process::FETCHES,
    proxies::FETCHES,
    timers::FETCHES,
];
