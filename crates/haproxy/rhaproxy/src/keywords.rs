//! Every keyword of every table, for `--dump-keywords` and the classes of `-dK`.
//!
//! The tables themselves stand in the crates that read the keywords; this file only walks them.

mod listings;

use haproxy_conf::{Sections, Status};
use haproxy_expr::logformat::alias;
use haproxy_expr::registry::Registry;
use haproxy_expr::row::Run;
use haproxy_model::parse;
use haproxy_rules::{Family, action::Read, table};

use crate::args::FLAGS;
use crate::master;
use crate::version::SERVICES;

pub use listings::listing;

/// One keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which table it stands in: `section`, `keyword`, `bind`, `server`, `action`, `fetch`, `converter`, `acl`, `alias`,
    /// `filter`, `cli`, `service`, `flag`.
    pub family: &'static str,
    /// Where it is valid, or the type it gives.
    pub place: String,
    /// The word or words.
    pub name: String,
    /// Its arguments.
    pub args: String,
    /// How far it goes.
    pub status: Status,
    /// One line of documentation.
    pub doc: String,
}

/// All keywords, family by family, in the order of the tables.
pub fn all() -> Vec<Listed> {
    let mut listed = Vec::new();
    listed.extend(parse::OPENERS.iter().map(|row| new("section", "", row.keyword, "", row.status, row.doc)));
    for row in parse::registry().rows() {
        listed.push(new("keyword", &places(row.sections), row.name, row.args, row.status, row.doc));
    }
    for row in parse::ENVIRONMENT {
        listed.push(new("keyword", "global", row.name, row.args, Status::Supported, row.doc));
    }
    listed.extend(
        parse::BIND_OPTIONS.iter().map(|row| new("bind", "", row.name, row.args, row.status, row.doc)),
    );
    listed.extend(
        parse::SERVER_OPTIONS.iter().map(|row| new("server", "", row.name, row.args, row.status, row.doc)),
    );
    listed.extend(actions());
    listed.extend(expressions());
    listed.push(new("alias", "", "o", "", Status::Supported, "applies its flags to all that follow"));
    for alias in alias::ALIASES {
        let status = match alias.needs {
            alias::Needs::Tls => Status::Accepted("there is no TLS: it is written as '-'"),
            alias::Needs::Http | alias::Needs::Nothing => Status::Supported,
        };
        listed.push(new("alias", "", alias.name, "", status, alias.doc));
    }
    for (_, name) in haproxy_model::filters::AVAILABLE {
        listed.push(new("filter", "", name, "", Status::Supported, "a filter"));
    }
    for command in haproxy_admin::cli::all() {
        let name = command.words.join(" ");
        let args = behind(command.usage, &name);
        listed.push(new("cli", command.level.name(), &name, args, Status::Supported, command.doc));
    }
    for (name, usage, doc) in master::cli::listed() {
        listed.push(new("cli", "master", &name, behind(usage, &name), Status::Supported, doc));
    }
    listed.extend(SERVICES.iter().map(|name| new("service", "", name, "", Status::Supported, "")));
    for flag in FLAGS {
        let status = flag.no_effect.map_or(Status::Supported, Status::Accepted);
        listed.push(new("flag", "", flag.name, flag.value.shown(), status, flag.doc));
    }
    listed
}

/// The text of `--dump-keywords`: a line per keyword with its columns between tabs.
pub fn dump() -> String {
    let mut text = String::from("family\tplace\tname\targuments\tstatus\tnote\tmeaning\n");
    for row in all() {
        let (status, note) = match row.status {
            Status::Supported => ("supported", String::new()),
            Status::Accepted(why) => ("accepted", why.to_owned()),
            Status::Refused(why) => ("refused", why.to_owned()),
            Status::Legacy { modern } => ("legacy", modern.to_owned()),
        };
        let columns = [row.family, &row.place, &row.name, &row.args, status, &note, &row.doc];
        text.push_str(&columns.join("\t"));
        text.push('\n');
    }
    text
}

/// The arguments in a usage that begins with the name.
fn behind<'u>(usage: &'u str, name: &str) -> &'u str {
    usage.strip_prefix(name).unwrap_or_default().trim()
}

fn new(family: &'static str, place: &str, name: &str, args: &str, status: Status, doc: &str) -> Listed {
    let [place, name, args, doc] = [place, name, args, doc].map(str::to_owned);
    Listed { family, place, name, args, status, doc }
}

fn places(sections: Sections) -> String {
    let within = Sections::ALL.iter().filter(|(kind, _)| sections.intersects(*kind));
    within.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

fn actions() -> impl Iterator<Item = Listed> {
    Family::ALL.into_iter().flat_map(|family| {
        table::of(family).map(move |row| {
            let status = match row.read {
                Read::Built(_) => Status::Supported,
                Read::NotBuilt(why) => Status::Refused(why),
            };
            new("action", family.keyword(), row.name, row.args, status, row.doc)
        })
    })
}

fn expressions() -> Vec<Listed> {
    let registry = Registry::built_in();
    let mut listed = Vec::new();
    for row in registry.fetches() {
        let args = haproxy_expr::registry::arguments(row.args);
        listed.push(new("fetch", row.out.name(), row.name, &args, built(&row.run), row.doc));
    }
    for row in registry.converters() {
        let args = haproxy_expr::registry::arguments(row.args);
        let place = format!("{} => {}", row.input.name(), row.out.name());
        listed.push(new("converter", &place, row.name, &args, built(&row.run), row.doc));
    }
    for row in registry.aliases() {
        let status = registry.fetch(row.fetch).map_or(Status::Supported, |fetch| built(&fetch.run));
        let args = format!("{} -m {}", row.fetch, row.matching.name());
        listed.push(new("acl", "", row.name, &args, status, "criterion of an ACL"));
    }
    listed
}

fn built<F>(run: &Run<F>) -> Status {
    match run {
        Run::Built(_) => Status::Supported,
        Run::NotBuilt(why) => Status::Refused(why),
    }
}

#[cfg(test)]
mod tests;
