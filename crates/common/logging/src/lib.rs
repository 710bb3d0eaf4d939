//! The daemons' own messages on tracing-subscriber, in the originals' line forms: stderr, syslog, file.
//!
//! Code says `tracing::info!(...)`; a [`Layer`] turns each event into a [`Record`] and hands it to the sinks of a
//! [`Logger`]. How a line looks is a function ([`Form`]) that the program chooses, so both daemons keep their
//! original's form. Traffic logs of a proxy do not come through here.
//!
//! | event | severity |
//! |---|---|
//! | `error!` | 3 (err) |
//! | `warn!` | 4 (warning) |
//! | `info!(target: NOTICE, ..)` | 5 (notice) |
//! | `info!` | 6 (info) |
//! | `debug!` | 6, only with [`Detail::More`]: the lines of a detailed log |
//! | `trace!` | 7, only with [`Detail::All`] |

mod form;
mod layer;
mod logger;
mod syslog;

pub use form::{Form, Record, keepalived_console, plain};
pub use layer::{Detail, Layer, NOTICE, install};
pub use logger::Logger;
pub use syslog::{Facility, Severity};
