//! Actions and rule sets, redirects, replies, switching, persistence.
//!
//! They decide, they do no IO: an action changes the message and the variables it may change, records wishes in
//! [`Effects`](cx::Effects), and returns a [`Verdict`](verdict::Verdict) on which only the stream acts.

pub mod action;
pub mod cx;
pub mod verdict;

pub use action::Action;
pub use cx::{Effects, RuleCx};
pub use verdict::{Reply, ReplyCause, Service, Verdict};
