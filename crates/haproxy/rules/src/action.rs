//! Actions: what they are at run time, and the rows that name them in the configuration.

use std::fmt::Debug;

use haproxy_expr::fault::Fault;

use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::{Families, Family};
use crate::load::RuleLoad;
use crate::verdict::Verdict;

/// One action of a rule, compiled. It decides and changes the message; it does no IO.
pub trait Action: Debug + Send + Sync {
    /// Runs the action.
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict;

    /// True when no rule behind it can run, as long as it has no condition.
    fn is_final(&self) -> bool {
        false
    }
}

/// Reads an action's arguments behind its name.
pub type ParseAction = fn(&mut Args<'_>, &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault>;

/// What stands behind a row.
#[derive(Clone, Copy)]
pub enum Read {
    /// It works.
    Built(ParseAction),
    /// The name is known, the feature is not there: refused at load with this reason.
    NotBuilt(&'static str),
}

/// One action keyword.
#[derive(Clone, Copy)]
pub struct ActionRow {
    /// The word; a `*` at its end stands for anything, `set-var*`.
    pub name: &'static str,
    /// Rule sets that have it.
    pub families: Families,
    /// Arguments, as listings and documentation show them.
    pub args: &'static str,
    /// Reads them.
    pub read: Read,
    /// A wrong condition is told as a mistake of the action's own arguments.
    pub owns_condition: bool,
    /// One line of documentation.
    pub doc: &'static str,
}

impl ActionRow {
    /// A row.
    pub const fn new(
        name: &'static str,
        families: Families,
        args: &'static str,
        parse: ParseAction,
        doc: &'static str,
    ) -> ActionRow {
        ActionRow { name, families, args, read: Read::Built(parse), owns_condition: false, doc }
    }

    /// The same row, whose condition is part of its arguments as far as messages are concerned.
    pub const fn owning_condition(mut self) -> ActionRow {
        self.owns_condition = true;
        self
    }

    /// A row whose feature is not built.
    pub const fn not_built(
        name: &'static str,
        families: Families,
        args: &'static str,
        why: &'static str,
    ) -> ActionRow {
        ActionRow { name, families, args, read: Read::NotBuilt(why), owns_condition: false, doc: why }
    }

    /// True when the word names this action in a rule set.
    pub fn is(&self, word: &str, family: Family) -> bool {
        self.families.has(family)
            && match self.name.strip_suffix('*') {
                Some(beginning) => word.starts_with(beginning),
                None => word == self.name,
            }
    }

    /// The name as error messages list it: `set-var(*)`.
    pub fn listed(&self) -> String {
        match self.name.strip_suffix('*') {
            Some(beginning) => format!("'{beginning}(*)'"),
            None => format!("'{}'", self.name),
        }
    }
}
