//! Counters of the data path and the forms statistics are read in.
//!
//! Owns the counters each thread writes for itself ([`counter`], [`objects`]) and one table of stat fields with
//! its CSV, JSON, typed and Prometheus forms. It deliberately knows neither the configuration's model nor the
//! engine: what to list comes through a trait, and a clock is always an argument.

pub mod counter;
pub mod objects;
