//! Counters of the data path and the forms statistics are read in.
//!
//! Owns the counters each thread writes for itself ([`counter`], [`objects`]) and one table of stat fields
//! ([`fields`]) with its CSV, typed, JSON ([`forms`]) and Prometheus ([`promex`]) forms, and the same for the process
//! ([`info`]). It deliberately knows neither the configuration's model nor the engine: what to list comes through
//! [`facts::StatSource`], and a clock is always an argument.

pub mod counter;
pub mod facts;
pub mod fields;
pub mod forms;
pub mod info;
pub mod objects;
pub mod promex;
pub mod row;
pub mod value;
