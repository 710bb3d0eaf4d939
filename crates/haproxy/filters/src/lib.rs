//! Filters: what looks at, changes, keeps or slows the body of a message on its way.
//!
//! Owns the one small interface of body filters ([`Filter`]), their order on a message ([`Chain`]), and the filters
//! themselves: compression, the cache, bandwidth limits, trace. All are sans-io: they take bytes and the time and give bytes. They know no socket,
//! no timer, no proxy and no rule; the engine attaches a chain to a body and moves the bytes.

#![forbid(unsafe_code)]

pub mod bandwidth;
pub mod cache;
pub mod chain;
pub mod compress;
pub mod trace;

pub use chain::{Chain, Filter, Flow, Passed, Tally};
