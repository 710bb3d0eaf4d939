//! Ours beside the original and nginx: alternating in one run, each pinned to one core, the load on another.
//!
//! What counts is CPU time per request as the scheduler accounts it, less what the program uses when idle: it says the
//! same on a loaded machine. Requests per second and latency stand beside it. Each number is also given as a ratio to
//! the original, taken within a round and then the median over the rounds.

pub mod idle;
pub mod load;
pub mod loading;
pub mod program;
pub mod report;
pub mod scenario;
