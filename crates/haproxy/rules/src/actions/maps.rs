//! Changes to pattern lists and maps while traffic flows.

use std::sync::{Arc, OnceLock};

use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::pattern::store::PatternRef;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::{Question, RuleLoad};
use crate::verdict::Verdict;

const MESSAGES: Families = Families::REQUEST.and(Families::RESPONSE);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "add-acl*",
        MESSAGES,
        "(<file-name>) <key fmt>",
        |a, l| parse(a, l, Change::Add),
        "add a pattern to a list",
    ),
    ActionRow::new(
        "del-acl*",
        Families::HTTP,
        "(<file-name>) <key fmt>",
        |a, l| parse(a, l, Change::Delete),
        "remove a pattern from a list",
    ),
    ActionRow::new(
        "set-map*",
        Families::HTTP,
        "(<map-name>) <key fmt> <value fmt>",
        |a, l| parse(a, l, Change::Set),
        "give a key of a map a value",
    ),
    ActionRow::new(
        "del-map*",
        Families::HTTP,
        "(<map-name>) <key fmt>",
        |a, l| parse(a, l, Change::Delete),
        "remove a key from a map",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    Set,
    Delete,
}

#[derive(Debug)]
struct ChangeList {
    change: Change,
    list: Arc<OnceLock<Arc<PatternRef>>>,
    key: LogFormat,
    value: Option<LogFormat>,
}

impl ChangeList {
    fn apply(&self, list: &PatternRef, key: &[u8], value: &[u8]) {
        match self.change {
            Change::Delete => drop(list.delete(key)),
            Change::Set if list.set(key, value) > 0 => {}
            Change::Add if list.delete(key) > 0 => drop(list.add(key, b"", None)),
            // a pattern that cannot be read is passed over, as there is nobody to tell
            Change::Add | Change::Set => drop(list.add(key, value, None)),
        }
    }
}

impl Action for ChangeList {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let Some(list) = self.list.get() else { return Verdict::Continue };
        let mut value = Vec::new();
        if let Some(format) = &self.value {
            format.write(&cx.view(), &mut value);
        }
        cx.with_text(&self.key, |_, key| self.apply(list, key, &value));
        Verdict::Continue
    }
}

fn parse(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, change: Change) -> Result<Box<dyn Action>, Fault> {
    let wanted =
        if change == Change::Set { "expects exactly 2 arguments" } else { "expects exactly 1 arguments" };
    let key = args.take().ok_or(wanted)?;
    let value = match change {
        Change::Set => Some(args.take().ok_or(wanted)?),
        Change::Add | Change::Delete => None,
    };
    let name = args
        .parenthesis()
        .filter(|name| !name.is_empty())
        .ok_or("expects a file name between parentheses")?;
    let key = load.format(key, Style::Http)?;
    let value = value.map(|text| load.format(text, Style::Http)).transpose()?;
    let list = Arc::new(OnceLock::new());
    load.ask(Question::Patterns { name: name.to_owned(), slot: list.clone() });
    Ok(Box::new(ChangeList { change, list, key, value }))
}
