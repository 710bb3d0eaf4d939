//! Actions and rule sets.

use std::fmt::Debug;

use crate::cx::RuleCx;
use crate::verdict::Verdict;

/// One action of a rule, compiled. It decides and changes the message; it does no IO.
pub trait Action: Debug + Send + Sync {
    /// Runs the action.
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict;
}
