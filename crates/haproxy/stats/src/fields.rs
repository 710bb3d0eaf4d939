//! The table of statistics: every column with its name, meaning, and how it is computed for each kind of object
//! (manual of the statistics, 9.1).

mod checks;
mod later;
mod modules;
mod traffic;

use crate::counter::{Average, Counter, Level, MaxCounter, PerThread, Rate};
use crate::facts::{BackendFacts, FrontendFacts, ListenerFacts, Object, ServerFacts};
use crate::objects::Responses;
use crate::value::Value;

/// One column.
pub struct Field {
    /// Name in the CSV header.
    pub name: &'static str,
    /// Origin, nature, scope and persistence, as the typed output shows them (9.2).
    pub tag: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its value for a frontend.
    pub frontend: Option<fn(&FrontendFacts<'_>) -> Value>,
    /// Its value for a listening address.
    pub listener: Option<fn(&ListenerFacts<'_>) -> Value>,
    /// Its value for a backend.
    pub backend: Option<fn(&BackendFacts<'_>) -> Value>,
    /// Its value for a server.
    pub server: Option<fn(&ServerFacts<'_>) -> Value>,
}

/// A column no object has: what each row of the table starts from.
const NONE: Field =
    Field { name: "", tag: "", doc: "", frontend: None, listener: None, backend: None, server: None };

/// Columns whose position is promised; the one behind them is `-`.
pub const FIXED_COLUMNS: usize = 119;

/// All columns, in order.
pub fn all() -> impl Iterator<Item = &'static Field> {
    traffic::TRAFFIC.iter().chain(checks::CHECKS).chain(later::LATER).chain(modules::MODULES)
}

/// Position of a column.
pub fn position(name: &str) -> Option<usize> {
    all().position(|field| field.name == name)
}

impl Field {
    /// Its value for an object; empty when the column says nothing about such objects.
    pub fn value(&self, object: &Object<'_>) -> Value {
        match object {
            Object::Frontend(facts) => self.frontend.map_or(Value::Empty, |value| value(facts)),
            Object::Listener(facts) => self.listener.map_or(Value::Empty, |value| value(facts)),
            Object::Backend(facts) => self.backend.map_or(Value::Empty, |value| value(facts)),
            Object::Server(facts) => self.server.map_or(Value::Empty, |value| value(facts)),
        }
    }
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn when(shown: bool, value: impl FnOnce() -> Value) -> Value {
    if shown { value() } else { Value::Empty }
}

fn to_u32(n: u64) -> u32 {
    n.min(u64::from(u32::MAX)) as u32
}

fn sum<T>(counters: &PerThread<T>, part: impl Fn(&T) -> &Counter) -> Value {
    Value::U64(counters.sum(|t| part(t).load()))
}

fn class<T>(counters: &PerThread<T>, class: usize, part: impl Fn(&T) -> &Responses) -> Value {
    Value::U64(counters.sum(|t| part(t).load(class)))
}

fn level<T>(counters: &PerThread<T>, part: impl Fn(&T) -> &Level) -> Value {
    Value::U64(counters.level(|t| part(t).load()))
}

fn rate<T>(counters: &PerThread<T>, now_ms: u64, part: impl Fn(&T) -> &Rate) -> Value {
    Value::U32(to_u32(counters.sum(|t| u64::from(part(t).read(now_ms)))))
}

/// Largest rate: at least the largest of one thread, and what all have now.
fn rate_max<T>(counters: &PerThread<T>, now_ms: u64, part: impl Fn(&T) -> &Rate) -> Value {
    let now = counters.sum(|t| u64::from(part(t).read(now_ms)));
    Value::U32(to_u32(now.max(counters.max(|t| u64::from(part(t).max())))))
}

fn average<T>(counters: &PerThread<T>, part: impl Fn(&T) -> &Average) -> Value {
    Value::U32(to_u32(counters.average(part)))
}

fn time_max<T>(counters: &PerThread<T>, part: impl Fn(&T) -> &Average) -> Value {
    Value::U32(to_u32(counters.max(|t| part(t).max())))
}

/// Seconds since the last session, -1 when there was none.
fn last_session<T>(counters: &PerThread<T>, now_ms: u64, part: impl Fn(&T) -> &MaxCounter) -> Value {
    Value::S32(match counters.max(|t| part(t).load()) {
        0 => -1,
        last => (now_ms.saturating_sub(last - 1) / 1000).min(i32::MAX as u64) as i32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_where_readers_expect_them() {
        let names: Vec<&str> = all().map(|field| field.name).collect();
        assert_eq!(names[FIXED_COLUMNS], "-");
        for (at, name) in [(0, "pxname"), (17, "status"), (32, "type"), (36, "check_status"), (73, "addr")] {
            assert_eq!(names[at], name);
        }
        for (at, name) in
            [(79, "conn_tot"), (102, "agg_check_status"), (112, "proto"), (118, "cache_hint_hits")]
        {
            assert_eq!(names[at], name);
        }
        assert!(all().all(|field| field.tag.len() == 4 || field.name == "-"));
    }
}
