//! One cell of statistics.

use std::fmt;

/// A value and its type; the types are those of the typed output (manual of the statistics, 9.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing to say: an empty cell.
    #[default]
    Empty,
    /// Unsigned, 32 bits.
    U32(u32),
    /// Unsigned, 64 bits.
    U64(u64),
    /// Signed, 32 bits.
    S32(i32),
    /// With a fraction, only on demand (`float`).
    Float(f64),
    /// Text.
    Str(String),
}

impl Value {
    /// Name of the type in typed and JSON output.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Empty => "",
            Value::U32(_) => "u32",
            Value::U64(_) => "u64",
            Value::S32(_) => "s32",
            Value::Float(_) => "flt",
            Value::Str(_) => "str",
        }
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        matches!(self, Value::Empty)
    }

    /// The number in it.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::U32(n) => Some(f64::from(*n)),
            Value::U64(n) => Some(*n as f64),
            Value::S32(n) => Some(f64::from(*n)),
            Value::Float(n) => Some(*n),
            Value::Empty | Value::Str(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Empty => Ok(()),
            Value::U32(n) => n.fmt(f),
            Value::U64(n) => n.fmt(f),
            Value::S32(n) => n.fmt(f),
            Value::Float(n) => write!(f, "{n:.6}"),
            Value::Str(text) => f.write_str(text),
        }
    }
}

impl From<Option<u32>> for Value {
    fn from(value: Option<u32>) -> Self {
        value.map_or(Value::Empty, Value::U32)
    }
}

impl From<Option<u64>> for Value {
    fn from(value: Option<u64>) -> Self {
        value.map_or(Value::Empty, Value::U64)
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        value.map_or(Value::Empty, Value::Str)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Value::Empty, |text| Value::Str(text.to_owned()))
    }
}
