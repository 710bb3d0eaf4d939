//! The actions, one file per family of them.

pub mod address;
pub mod capture;
pub mod flow;
pub mod headers;
pub mod maps;
pub mod not_built;
pub mod numbers;
pub mod timeouts;
pub mod uri;
pub mod vars;
