//! Helpers shared by the test programs that run the built daemons from outside.
//!
//! This package owns the oracles (conformance, differential, bench), the demo and the scenarios. It knows the daemons
//! by their files, arguments, sockets and packets alone: it depends on none of their crates.

pub mod backend;
pub mod bench;
pub mod conformance;
pub mod coverage;
pub mod diagnostics;
pub mod differential;
pub mod framing;
pub mod interop;
pub mod netns;
pub mod pair;
pub mod ports;
pub mod probe;
pub mod storm;
pub mod subject;
