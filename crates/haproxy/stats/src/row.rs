//! Rows of statistics: objects with all their columns, chosen as a reader asks.

use crate::facts::{Object, StatSource};
use crate::fields;
use crate::value::Value;

/// Kind of an object; the numbers are those of the column `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Frontend.
    Frontend = 0,
    /// Backend.
    Backend = 1,
    /// Server.
    Server = 2,
    /// Listening address.
    Listener = 3,
}

impl RowKind {
    /// Letter in typed output.
    pub fn letter(self) -> char {
        match self {
            RowKind::Frontend => 'F',
            RowKind::Backend => 'B',
            RowKind::Server => 'S',
            RowKind::Listener => 'L',
        }
    }

    /// Word in JSON output.
    pub fn word(self) -> &'static str {
        match self {
            RowKind::Frontend => "Frontend",
            RowKind::Backend => "Backend",
            RowKind::Server => "Server",
            RowKind::Listener => "Listener",
        }
    }

    /// Bit in the mask `show stat` takes: frontends 1, backends 2, servers 4, listeners 8.
    pub fn bit(self) -> i64 {
        1 << self as u8
    }
}

/// One object with all its columns, in the order of [`fields::all`].
#[derive(Clone, Debug, PartialEq)]
pub struct StatRow {
    /// Kind of the object.
    pub kind: RowKind,
    /// Number of the proxy.
    pub iid: u32,
    /// Number within the proxy, 0 for proxies.
    pub sid: u32,
    /// Its columns.
    pub values: Vec<Value>,
}

impl StatRow {
    /// The row of an object.
    pub fn new(object: &Object<'_>) -> Self {
        let (kind, iid, sid) = match object {
            Object::Frontend(facts) => (RowKind::Frontend, facts.iid, 0),
            Object::Backend(facts) => (RowKind::Backend, facts.iid, 0),
            Object::Server(facts) => (RowKind::Server, facts.iid, facts.sid),
            Object::Listener(facts) => (RowKind::Listener, facts.iid, facts.sid),
        };
        StatRow { kind, iid, sid, values: fields::all().map(|field| field.value(object)).collect() }
    }

    /// The value of a column.
    pub fn get(&self, name: &str) -> &Value {
        static EMPTY: Value = Value::Empty;
        fields::position(name).and_then(|at| self.values.get(at)).unwrap_or(&EMPTY)
    }
}

/// Which objects a reader wants (`show stat [iid|proxy type sid] [up|no-maint]`).
#[derive(Clone, Debug)]
pub struct Filter {
    /// Number of the proxy; -1 for all.
    pub iid: i64,
    /// Name of the proxy; any when absent.
    pub proxy: Option<String>,
    /// Sum of [`RowKind::bit`]s; -1 for all.
    pub kinds: i64,
    /// Number within the proxy; -1 for all.
    pub sid: i64,
    /// Leave out servers that are down.
    pub up_only: bool,
    /// Leave out servers in maintenance.
    pub no_maint: bool,
    /// Proxies the page may show (`stats scope`); all when absent.
    pub scope: Option<Vec<String>>,
}

impl Default for Filter {
    fn default() -> Self {
        Filter { iid: -1, proxy: None, kinds: -1, sid: -1, up_only: false, no_maint: false, scope: None }
    }
}

impl Filter {
    /// True when the reader wants this object.
    pub fn wants(&self, object: &Object<'_>) -> bool {
        let (kind, iid, sid, proxy) = match object {
            Object::Frontend(facts) => (RowKind::Frontend, facts.iid, 0, facts.name),
            Object::Backend(facts) => (RowKind::Backend, facts.iid, 0, facts.name),
            Object::Server(facts) => (RowKind::Server, facts.iid, facts.sid, facts.proxy),
            Object::Listener(facts) => (RowKind::Listener, facts.iid, facts.sid, facts.proxy),
        };
        let server = match object {
            Object::Server(facts) => {
                !(self.up_only && (facts.state == 0 || facts.in_maintenance))
                    && !(self.no_maint && facts.in_maintenance)
            }
            Object::Frontend(_) | Object::Backend(_) | Object::Listener(_) => true,
        };
        let has_sid = matches!(kind, RowKind::Server | RowKind::Listener);
        server
            && (self.iid == -1 || self.iid == i64::from(iid))
            && self.proxy.as_deref().is_none_or(|name| name == proxy)
            && (self.kinds == -1 || self.kinds & kind.bit() != 0)
            && (self.sid == -1 || !has_sid || self.sid == i64::from(sid))
            && self.scope.as_ref().is_none_or(|scope| scope.iter().any(|name| name == proxy))
    }
}

/// The rows a reader wants.
pub fn collect(source: &dyn StatSource, filter: &Filter) -> Vec<StatRow> {
    let mut rows = Vec::new();
    source.visit(&mut |object| {
        if filter.wants(&object) {
            rows.push(StatRow::new(&object));
        }
    });
    rows
}
