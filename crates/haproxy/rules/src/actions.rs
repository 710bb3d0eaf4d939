//! The actions, one file per family of them.

pub mod address;
pub mod auth;
pub mod bandwidth;
pub mod binary_headers;
pub mod cache;
pub mod capture;
pub mod flow;
pub mod headers;
pub mod maps;
pub mod normalize_uri;
pub mod not_built;
pub mod numbers;
pub mod redirect;
pub mod reply;
pub mod timeouts;
pub mod uri;
pub mod vars;
