//! Which server gets the next request.
//!
//! Owns the live state of servers ([`server`], [`report`]), the algorithms over them ([`algorithm`], [`balancer`])
//! and the queues before them ([`queue`]). It does no IO and reads no clock: milliseconds are always an argument.

pub mod algorithm;
pub mod balancer;
pub mod eviction;
pub mod parse;
pub mod queue;
pub mod report;
pub mod ring;
pub mod saved;
pub mod server;
pub mod stat;
pub mod turns;

pub use algorithm::Algorithm;
pub use balancer::{Balancer, PickKey};
pub use queue::Queue;
pub use server::{Server, ServerConf};
