//! Maps: a pattern list whose matching entry gives a value (manual §7.3.1, `map`).

use std::sync::Arc;

use crate::cast;
use crate::pattern::Match;
use crate::pattern::store::Lookup;
use crate::value::{Bytes, Type, Value};

/// A map as one converter uses it.
#[derive(Debug)]
pub struct Map {
    lookup: Arc<Lookup>,
    gives: Gives,
    default: Option<Fallback>,
}

/// Value of a map converter when nothing matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Text.
    Str(Box<[u8]>),
    /// Number.
    Int(i64),
    /// Address.
    Addr(std::net::IpAddr),
}

impl Fallback {
    fn value(&self) -> Value<'_> {
        match self {
            Fallback::Str(text) => Value::text(text),
            Fallback::Int(number) => Value::Int(*number),
            Fallback::Addr(address) => cast::of_ip(*address),
        }
    }
}

/// What a map converter returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The value, as a type.
    Value(Type),
    /// The pattern that matched (`map_*_key`).
    Key,
}

impl Map {
    /// A map over a lookup; `default` is given when nothing matches.
    pub fn new(lookup: Arc<Lookup>, gives: Gives, default: Option<Fallback>) -> Map {
        Map { lookup, gives, default }
    }

    /// The value for a sample, which has the method's type.
    pub fn get<'a>(&'a self, sample: &Value<'a>) -> Option<Value<'a>> {
        let Some(hit) = self.lookup.find(sample) else { return self.default.as_ref().map(Fallback::value) };
        match self.gives {
            Gives::Key => Some(Value::Str(hit.key)),
            Gives::Value(kind) => {
                let value = match (self.lookup.method(), sample) {
                    (Match::RegM, Value::Str(subject)) => Bytes::Owned(self.lookup.expand(&hit, subject)?),
                    _ => hit.value,
                };
                cast::cast(Value::Str(value), kind)
            }
        }
    }
}
