//! The metrics of `use-service prometheus-exporter`: text of Prometheus' exposition format, byte for byte as
//! dashboards and rules know it.

use std::fmt::Write;

use crate::facts::{CHECK_STATES, Object, SERVER_STATES, StatSource};
use crate::fields;
use crate::info::{self, ProcessFacts};
use crate::row::StatRow;

mod query;
mod table;

pub use query::{BadQuery, Query};

/// Frontends.
pub const FRONTEND: u8 = 1;
/// Listening addresses.
pub const LISTENER: u8 = 2;
/// Backends.
pub const BACKEND: u8 = 4;
/// Servers.
pub const SERVER: u8 = 8;

/// How a family's samples come from its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The number, or NaN.
    Plain,
    /// Milliseconds shown as seconds with six decimals.
    Millis,
    /// A sample for each class of answers; the field is the first class.
    Codes,
    /// A sample for each state, 0 or 1.
    State,
    /// A sample for each result of a check, 0 or 1.
    CheckState,
    /// A sample for each state, counting servers.
    Aggregate,
    /// A sample for each result of a check, counting servers.
    AggregateChecks,
}

/// A family of metrics of objects: one for each scope it has.
struct Family {
    scopes: u8,
    name: &'static str,
    field: &'static str,
    form: Form,
    counter: bool,
    help: &'static str,
}

/// A family of metrics of the process.
struct ProcessFamily {
    name: &'static str,
    /// Line of `show info`; empty when there is none, and the value is NaN.
    info: &'static str,
    /// Label that holds the value, for families that are always 1.
    label: Option<&'static str>,
    counter: bool,
    help: &'static str,
}

/// States and how much of each.
type States = Vec<(&'static str, u32)>;

/// One object, kept for all families: labels, row, and what states need.
struct Sampled {
    scope: u8,
    labels: String,
    row: StatRow,
    states: States,
    counts: States,
}

const SCOPES: [(u8, &str); 4] =
    [(FRONTEND, "frontend"), (LISTENER, "listener"), (BACKEND, "backend"), (SERVER, "server")];

const CODES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/// The whole answer to a query. Families without samples say nothing.
pub fn render(source: &dyn StatSource, process: &ProcessFacts<'_>, query: &Query) -> String {
    let mut out = String::new();
    if query.has_scope("global") {
        render_process(&mut out, process, query);
    }
    let wanted: u8 = SCOPES.iter().filter(|(_, name)| query.has_scope(name)).map(|(bit, _)| bit).sum();
    if wanted == 0 {
        return out;
    }
    let mut objects = Vec::new();
    source.visit(&mut |object| objects.extend(sample(&object, wanted, query)));
    for (scope, prefix) in SCOPES {
        let members: Vec<&Sampled> = objects.iter().filter(|sampled| sampled.scope == scope).collect();
        for family in table::FAMILIES.iter().filter(|family| family.scopes & scope != 0) {
            let name = format!("haproxy_{prefix}_{}", family.name);
            if query.wants_metric(&name) {
                render_family(&mut out, &name, family, &members);
            }
        }
    }
    out
}

fn header(out: &mut String, name: &str, help: &str, counter: bool) {
    let kind = if counter { "counter" } else { "gauge" };
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn render_process(out: &mut String, process: &ProcessFacts<'_>, query: &Query) {
    for family in table::PROCESS {
        let name = format!("haproxy_process_{}", family.name);
        if !query.wants_metric(&name) {
            continue;
        }
        let value = info::value(process, family.info);
        header(out, &name, family.help, family.counter);
        let _ = match family.label {
            Some(label) => writeln!(out, "{name}{{{label}=\"{}\"}} 1", escape(&value.to_string())),
            None if value.is_empty() => writeln!(out, "{name} NaN"),
            None => writeln!(out, "{name} {value}"),
        };
    }
}

fn sample(object: &Object<'_>, wanted: u8, query: &Query) -> Option<Sampled> {
    let (scope, mut labels, description) = match object {
        Object::Frontend(f) => (FRONTEND, format!("proxy=\"{}\"", escape(f.name)), f.description),
        Object::Backend(b) => (BACKEND, format!("proxy=\"{}\"", escape(b.name)), b.description),
        Object::Listener(l) => {
            (LISTENER, format!("proxy=\"{}\",listener=\"{}\"", escape(l.proxy), escape(l.name)), None)
        }
        Object::Server(s) => {
            (SERVER, format!("proxy=\"{}\",server=\"{}\"", escape(s.proxy), escape(s.name)), s.description)
        }
    };
    if wanted & scope == 0 || (query.no_maint && matches!(object, Object::Server(s) if s.in_maintenance)) {
        return None;
    }
    if let (true, Some(text)) = (query.describe, description) {
        let _ = write!(labels, ",desc=\"{}\"", escape(text));
    }
    let (states, counts) = states(object);
    Some(Sampled { scope, labels, row: StatRow::new(object), states, counts })
}

/// Samples of the state families of an object: its states, and for backends the results of its servers' checks.
fn states(object: &Object<'_>) -> (States, States) {
    let one_of =
        |names: &[&'static str], now: &str| names.iter().map(|&n| (n, u32::from(n == now))).collect();
    match object {
        Object::Frontend(f) => {
            (one_of(&["DOWN", "UP"], if f.status == "STOP" { "DOWN" } else { "UP" }), Vec::new())
        }
        Object::Listener(l) => (one_of(&["WAITING", "OPEN", "FULL"], l.status), Vec::new()),
        Object::Server(s) => {
            (one_of(&SERVER_STATES, SERVER_STATES.get(s.state).copied().unwrap_or("")), Vec::new())
        }
        Object::Backend(b) => {
            let states = one_of(&["DOWN", "UP"], if b.is_up { "UP" } else { "DOWN" });
            let servers = SERVER_STATES.iter().copied().zip(b.servers_by_state);
            let count =
                |name: &str| b.servers_by_check.iter().find(|(n, _)| *n == name).map_or(0, |(_, n)| *n);
            (states, servers.chain(CHECK_STATES.iter().map(|&name| (name, count(name)))).collect())
        }
    }
}

fn render_family(out: &mut String, name: &str, family: &Family, members: &[&Sampled]) {
    let Some(at) = fields::position(family.field) else { return };
    let shown: Vec<&&Sampled> = members.iter().filter(|sampled| applies(family, sampled)).collect();
    if shown.is_empty() {
        return;
    }
    header(out, name, family.help, family.counter);
    for sampled in shown {
        let labels = &sampled.labels;
        let value = &sampled.row.values[at];
        let _ = match family.form {
            Form::Plain if value.is_empty() => writeln!(out, "{name}{{{labels}}} NaN"),
            Form::Plain => writeln!(out, "{name}{{{labels}}} {value}"),
            Form::Millis => match value.number() {
                Some(ms) => writeln!(out, "{name}{{{labels}}} {:.6}", ms / 1000.0),
                None => writeln!(out, "{name}{{{labels}}} NaN"),
            },
            Form::Codes => CODES.iter().enumerate().try_for_each(|(i, code)| {
                writeln!(out, "{name}{{{labels},code=\"{code}\"}} {}", sampled.row.values[at + i])
            }),
            Form::State => render_states(out, name, labels, &sampled.states),
            Form::Aggregate => render_states(out, name, labels, &sampled.counts[..SERVER_STATES.len()]),
            Form::AggregateChecks => render_states(out, name, labels, &sampled.counts[SERVER_STATES.len()..]),
            Form::CheckState => {
                let text = value.to_string();
                let now = text.trim_start_matches("* ");
                let each: Vec<_> =
                    CHECK_STATES.iter().map(|&state| (state, u32::from(state == now))).collect();
                render_states(out, name, labels, &each)
            }
        };
    }
}

fn render_states(out: &mut String, name: &str, labels: &str, states: &[(&str, u32)]) -> std::fmt::Result {
    states.iter().try_for_each(|(state, n)| writeln!(out, "{name}{{{labels},state=\"{state}\"}} {n}"))
}

/// Whether an object has samples in a family: checks only while enabled, answers only in HTTP mode.
fn applies(family: &Family, sampled: &Sampled) -> bool {
    let has = |name: &str| !sampled.row.get(name).is_empty();
    if family.field.starts_with("check_") {
        return has("check_status");
    }
    if family.field.starts_with("agent_") {
        return has("agent_status");
    }
    match family.form {
        Form::Codes => has("hrsp_1xx"),
        Form::Plain if ["req_tot", "intercepted", "cache_lookups", "cache_hits"].contains(&family.field) => {
            has(family.field)
        }
        _ => true,
    }
}

/// A label's value: backslash, quote and line end are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
