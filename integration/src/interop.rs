//! Interoperation of VRRP routers: scenarios as data, played by the original and by ours in every combination.
//!
//! A scenario names hosts with their configurations, the steps that disturb them, and what must be seen. It is a test
//! only once a pair of originals has passed it; what ours is measured against stands in the same table.

pub mod capture;
pub mod exporter;
pub mod play;
pub mod report;
pub mod scenario;
