//! All actions of all rule sets.

use crate::action::ActionRow;
use crate::actions;
use crate::family::Family;

/// Tables of this crate, in the order messages list them.
pub const TABLES: &[&[ActionRow]] = &[
    actions::flow::ACTIONS,
    actions::reply::ACTIONS,
    actions::redirect::ACTIONS,
    actions::auth::ACTIONS,
    actions::headers::ACTIONS,
    actions::binary_headers::ACTIONS,
    actions::uri::ACTIONS,
    actions::normalize_uri::ACTIONS,
    actions::vars::ACTIONS,
    actions::capture::ACTIONS,
    actions::maps::ACTIONS,
    actions::timeouts::ACTIONS,
    actions::address::ACTIONS,
    actions::numbers::ACTIONS,
    actions::cache::ACTIONS,
    actions::bandwidth::ACTIONS,
    actions::not_built::ACTIONS,
];

/// The actions of a rule set.
pub fn of(family: Family) -> impl Iterator<Item = &'static ActionRow> {
    TABLES.iter().flat_map(|table| table.iter()).filter(move |row| row.families.has(family))
}

/// The row of a word. Words of their own go before families of words, and longer beginnings before shorter ones.
pub fn find(word: &str, family: Family) -> Option<&'static ActionRow> {
    of(family).filter(|row| row.is(word, family)).max_by_key(|row| (!row.name.ends_with('*'), row.name.len()))
}

/// The listing of one family's actions as `-dKall` shows them, one `\t<family> <action>` a line.
pub fn listing(family: Family) -> String {
    let mut names: Vec<&str> = of(family).map(|row| row.name).collect();
    names.sort_unstable();
    names.iter().map(|name| format!("\t{} {name}\n", family.keyword())).collect()
}
