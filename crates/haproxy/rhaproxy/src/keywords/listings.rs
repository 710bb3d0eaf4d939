//! The listings of `-dK` in the original's form (management manual, chapter 3).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use haproxy_conf::{Row, Sections, Status};
use haproxy_expr::registry::Registry;
use haproxy_model::parse;
use haproxy_rules::{Family, table};

use crate::args::{DumpKeywords, KeywordClass};
use crate::master;
use crate::version::SERVICES;

/// The classes asked for, in their order.
pub fn listing(asked: &DumpKeywords) -> String {
    let mut out = if asked.help { KeywordClass::help() } else { String::new() };
    for class in &asked.classes {
        out.push_str(&match class {
            KeywordClass::Acl => Registry::built_in().list_aliases(),
            KeywordClass::Cfg => configuration(),
            KeywordClass::Cli => commands(),
            KeywordClass::Cnv => Registry::built_in().list_converters(),
            KeywordClass::Flt => filters(),
            KeywordClass::Smp => Registry::built_in().list_fetches(),
            KeywordClass::Svc => services(),
        });
    }
    out
}

/// Sections with their keywords; options of `bind` and `server` lines and actions stand under `listen`.
fn configuration() -> String {
    let registry = parse::registry();
    let mut out = String::from("# List of registered configuration keywords:\n");
    for (kind, section) in Sections::ALL {
        let rows = registry.rows().filter(|row| row.sections.intersects(*kind) && is_taken(row));
        let mut names: Vec<String> = rows.map(|row| row.name.to_owned()).collect();
        if *kind == Sections::LISTEN {
            names.extend(options("bind <addr>", parse::BIND_OPTIONS));
            names.extend(options("server <name> <addr>", parse::SERVER_OPTIONS));
        }
        names.sort_unstable();
        names.dedup();
        if *kind == Sections::LISTEN {
            names.extend(Family::ALL.into_iter().flat_map(actions));
        }
        if names.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{section}");
        names.iter().for_each(|name| {
            let _ = writeln!(out, "\t{name}");
        });
    }
    out
}

fn is_taken<C: ?Sized>(row: &Row<C>) -> bool {
    !matches!(row.status, Status::Refused(_))
}

/// Options with the number of words they take, as the original counts them: `+1` or nothing.
fn options<C>(line: &str, rows: &[Row<C>]) -> Vec<String> {
    let taken = rows.iter().filter(|row| is_taken(row));
    taken.map(|row| format!("{line} {}{}", row.name, if row.args.is_empty() { "" } else { " +1" })).collect()
}

fn actions(family: Family) -> Vec<String> {
    table::listing(family).lines().map(|line| line.trim().to_owned()).collect()
}

fn commands() -> String {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (name, ..) in master::cli::listed() {
        places.entry(name).or_default().push_str("[MASTER] ");
    }
    for command in haproxy_admin::cli::all() {
        places.entry(command.words.join(" ")).or_default().push_str("[WORKER] ");
    }
    let lines: String = places.iter().map(|(name, places)| format!("{name} {places}\n")).collect();
    format!("# List of registered CLI keywords:\n{lines}")
}

fn services() -> String {
    let lines: String = SERVICES.iter().map(|name| format!("{name}\n")).collect();
    format!("# List of registered service names:\n{lines}")
}

fn filters() -> String {
    let mut names = haproxy_model::filters::AVAILABLE.to_vec();
    names.sort_unstable_by_key(|(_, name)| *name);
    let scope = |text: &str| text.trim_matches(['[', ']', ' ']).to_owned();
    let lines: String = names.iter().map(|(from, name)| format!("{name} [{}]\n", scope(from))).collect();
    format!("# List of registered filter names:\n{lines}")
}
