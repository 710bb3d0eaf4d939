//! Actions and rule sets, redirects, replies, switching, persistence.
//!
//! They decide, they do no IO: an action changes the message and the variables it may change, records wishes in
//! [`Effects`](cx::Effects), and returns a [`Verdict`](verdict::Verdict) on which only the stream acts.

pub mod action;
pub mod actions;
pub mod args;
pub mod cx;
pub mod family;
pub mod http_error;
pub mod legacy;
pub mod load;
mod message;
pub mod number;
pub mod order;
pub mod parse;
pub mod reply_spec;
pub mod rule;
pub mod switching;
pub mod table;
pub mod verdict;

pub use action::{Action, ActionRow};
pub use actions::redirect::statement as parse_redirect;
pub use cx::{Effects, LogWish, RuleCx};
pub use family::{Families, Family};
pub use http_error::{ErrorLine, ErrorPage, HttpErrors};
pub use load::{CaptureSlot, CaptureSlots, Later, ProxyFacts, Question, RuleLoad};
pub use order::{Order, Phase};
pub use parse::rule as parse_rule;
pub use rule::{Rule, RuleSet};
pub use switching::{Switch, SwitchTarget, WrittenSwitch, WrittenTarget};
pub use verdict::{Reply, ReplyCause, Service, Verdict};

#[cfg(test)]
mod tests;
