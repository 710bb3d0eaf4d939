//! Rules in their order, and how a set of them is run.

use std::fmt;
use std::sync::Arc;

use haproxy_expr::acl::Condition;
use haproxy_expr::got::Truth;

use crate::action::Action;
use crate::cx::RuleCx;
use crate::verdict::Verdict;

/// One rule: an action and when it applies.
pub struct Rule {
    action: Box<dyn Action>,
    condition: Option<Condition>,
    /// Number of the place it stands at.
    place: Option<u32>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.action)?;
        if self.condition.is_some() { f.write_str(" if ...") } else { Ok(()) }
    }
}

impl Rule {
    /// A rule.
    pub fn new(action: Box<dyn Action>, condition: Option<Condition>) -> Rule {
        Rule { action, condition, place: None }
    }

    /// The same rule, which logs may name by the place of this number.
    pub fn standing_at(mut self, place: u32) -> Rule {
        self.place = Some(place);
        self
    }

    /// Notes that the stream waits because of this rule.
    fn waits(&self, cx: &mut RuleCx<'_>) {
        if let Some(txn) = cx.txn.as_deref_mut() {
            txn.waiting_rule = self.place;
        }
    }

    /// Notes that this rule had the last word of its set.
    fn decided(&self, cx: &mut RuleCx<'_>) {
        if let Some(txn) = cx.txn.as_deref_mut()
            && self.place.is_some()
        {
            txn.last_rule = self.place;
        }
    }

    /// True when no rule behind it can run.
    pub fn ends_all(&self) -> bool {
        self.condition.is_none() && self.action.is_final()
    }
}

/// Rules of one set in their order. Cloning shares them: a `defaults` section hands its rules on this way.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
}

impl RuleSet {
    /// Adds a rule at the end.
    pub fn push(&mut self, rule: Rule) {
        self.rules.push(Arc::new(rule));
    }

    /// True when there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// The last rule.
    pub fn last(&self) -> Option<&Rule> {
        self.rules.last().map(|rule| &**rule)
    }

    /// Adds all rules of another set behind these.
    pub fn extend(&mut self, other: &RuleSet) {
        self.rules.extend(other.rules.iter().cloned());
    }

    /// Runs the rules from the one numbered `from` until one gives a verdict; that verdict and the rule's number. `Continue`
    /// and the number of rules when all have run. `Wait` names a rule that must be run again when more input has come.
    pub fn run(&self, cx: &mut RuleCx<'_>, from: usize) -> (Verdict, usize) {
        if from == 0 {
            cx.effects.lenient_rewrites = false;
            cx.effects.old_rules_allowed = false;
            cx.effects.old_rules_skipped = false;
        }
        if let Some(txn) = cx.txn.as_deref_mut() {
            txn.waiting_rule = None;
        }
        for (number, rule) in self.rules.iter().enumerate().skip(from) {
            if let Some(condition) = &rule.condition {
                match condition.eval(&cx.view()) {
                    Truth::Yes => {}
                    Truth::No => continue,
                    Truth::Pending if !cx.input.complete => {
                        rule.waits(cx);
                        return (Verdict::Wait, number);
                    }
                    // what cannot be known any more does not match
                    Truth::Pending if condition.is_unless() => {}
                    Truth::Pending => continue,
                }
            }
            match rule.action.run(cx) {
                Verdict::Continue => {}
                verdict => {
                    match verdict {
                        Verdict::Wait | Verdict::WaitForBody { .. } | Verdict::Pause { .. } => rule.waits(cx),
                        _ => rule.decided(cx),
                    }
                    return (verdict, number);
                }
            }
        }
        (Verdict::Continue, self.rules.len())
    }
}
