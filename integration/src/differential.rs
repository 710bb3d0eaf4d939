//! The same configuration and the same bytes to the installed original and to ours; everything seen is compared.
//!
//! A case is a YAML file in `differential/cases` (its form: [`case::Case`]). Each subject runs in turn on the same ports
//! and files, so what they say is the same text where they behave the same; dates, pids, timers and client ports are
//! masked. `differential/known-differences.txt` names the checks that ours does not pass yet: the short form fails on
//! any other, and the list only shrinks.

pub mod case;
pub mod client;
pub mod compare;
pub mod mask;
pub mod play;
pub mod server;
pub mod tables;
pub mod versions;
pub mod written;
