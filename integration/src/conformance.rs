//! HAProxy 2.6's own regression tests, run by `varnishtest` against a subject.
//!
//! The tests come from Debian's source package at run time (`scripts/regtests.sh`); nothing of them is kept here but
//! their names: `conformance/must-pass.txt` lists those that must pass, `conformance/exceptions.txt` those that test
//! what only 2.6 does, each with its reason.

pub mod report;
pub mod run;
pub mod suite;
