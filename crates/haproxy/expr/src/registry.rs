//! All keywords of expressions by name, and their listings.

use std::fmt::Write;

use rustc_hash::FxHashMap;

use crate::at::Context;
use crate::row::{AclAlias, ArgSpec, Converter, Fetch};
use crate::{conv, fetch};

/// Keywords by name. Crates further up may add their own rows.
#[derive(Clone, Default)]
pub struct Registry {
    fetches: FxHashMap<&'static str, &'static Fetch>,
    converters: FxHashMap<&'static str, &'static Converter>,
    aliases: FxHashMap<&'static str, &'static AclAlias>,
}

impl Registry {
    /// The keywords of this crate.
    pub fn built_in() -> Registry {
        let mut registry = Registry::default();
        fetch::TABLES.iter().for_each(|table| registry.add_fetches(table));
        conv::TABLES.iter().for_each(|table| registry.add_converters(table));
        registry.add_aliases(crate::aliases::ACL_ALIASES);
        registry
    }

    /// Adds fetches; a later row of a name replaces an earlier one.
    pub fn add_fetches(&mut self, rows: &'static [Fetch]) {
        self.fetches.extend(rows.iter().map(|row| (row.name, row)));
    }

    /// Adds converters; a later row of a name replaces an earlier one.
    pub fn add_converters(&mut self, rows: &'static [Converter]) {
        self.converters.extend(rows.iter().map(|row| (row.name, row)));
    }

    /// Adds ACL aliases; a later row of a name replaces an earlier one.
    pub fn add_aliases(&mut self, rows: &'static [AclAlias]) {
        self.aliases.extend(rows.iter().map(|row| (row.name, row)));
    }

    /// The fetch of a name.
    pub fn fetch(&self, name: &str) -> Option<&'static Fetch> {
        self.fetches.get(name).copied()
    }

    /// The converter of a name.
    pub fn converter(&self, name: &str) -> Option<&'static Converter> {
        self.converters.get(name).copied()
    }

    /// The ACL alias of a name.
    pub fn alias(&self, name: &str) -> Option<&'static AclAlias> {
        self.aliases.get(name).copied()
    }

    /// All fetches by name.
    pub fn fetches(&self) -> Vec<&'static Fetch> {
        sorted(self.fetches.values().copied(), |row| row.name)
    }

    /// All converters by name.
    pub fn converters(&self) -> Vec<&'static Converter> {
        sorted(self.converters.values().copied(), |row| row.name)
    }

    /// All ACL aliases by name.
    pub fn aliases(&self) -> Vec<&'static AclAlias> {
        sorted(self.aliases.values().copied(), |row| row.name)
    }

    /// The text of `-dKsmp`.
    pub fn list_fetches(&self) -> String {
        let mut out = String::from("# List of registered sample fetch functions:\n");
        legend(&mut out);
        for row in self.fetches() {
            out.push('[');
            let places = row.at.contexts();
            for context in Context::ALL {
                out.push_str(if places.has(context) { " Y" } else { " ." });
            }
            let _ = writeln!(out, " ] {}{}: {}", row.name, arguments(row.args), row.out.name());
        }
        out
    }

    /// The text of `-dKcnv`.
    pub fn list_converters(&self) -> String {
        let mut out = String::from("# List of registered sample converter functions:\n");
        for row in self.converters() {
            let _ = writeln!(
                out,
                "{}{}: {} => {}",
                row.name,
                arguments(row.args),
                row.out.name(),
                row.input.name()
            );
        }
        out
    }

    /// The text of `-dKacl`.
    pub fn list_aliases(&self) -> String {
        let mut out = String::from("# List of registered ACL keywords:\n");
        for row in self.aliases() {
            let _ = writeln!(out, "{} = {} -m {}", row.name, row.fetch, row.matching.name());
        }
        out
    }
}

fn sorted<T: Copy>(rows: impl Iterator<Item = T>, name: impl Fn(&T) -> &'static str) -> Vec<T> {
    let mut rows: Vec<T> = rows.collect();
    rows.sort_unstable_by_key(name);
    rows
}

/// `(string[,integer])`, empty without arguments.
pub fn arguments(specs: &[ArgSpec]) -> String {
    if specs.is_empty() {
        return String::new();
    }
    let mut out = String::from("(");
    let mandatory = specs.iter().take_while(|spec| spec.required).count();
    for (index, spec) in specs.iter().enumerate() {
        if index == mandatory {
            out.push('[');
        }
        if index > 0 {
            out.push(',');
        }
        out.push_str(spec.kind.name());
    }
    out.push_str(if mandatory < specs.len() { "])" } else { ")" });
    out
}

/// The slanted column heads of `-dKsmp`.
fn legend(out: &mut String) {
    let count = Context::ALL.len();
    for (index, context) in Context::ALL.iter().enumerate() {
        out.push('#');
        out.push_str(&" ".repeat(count - index + 1));
        out.push_str(&"/ ".repeat(index));
        let _ = writeln!(out, "_.{} {}", "-".repeat(count - index), context.describe());
    }
    out.push_str(&format!("# {}  \n", "/ ".repeat(count)));
    out.push_str(&format!("# {} \n", "| ".repeat(count)));
}
