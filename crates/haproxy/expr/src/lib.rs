//! Samples, fetches, converters, patterns, maps, ACLs, conditions, variables, log-format.
//!
//! Owns the values and everything that computes one from a running stream. It is compiled once at load; nothing here
//! parses text or compares keywords while traffic flows, and nothing does IO.

pub mod cx;
pub mod value;
pub mod vars;
