//! Patterns: how they are read, indexed and compared (manual §7.1).

pub mod index;
pub mod parse;
pub mod regex;
pub mod set;
pub mod store;
pub mod words;

use crate::value::Type;

/// How a sample is compared with patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Match {
    /// The sample exists.
    Found,
    /// The sample is true.
    Bool,
    /// Equal to a number or within a range.
    Int,
    /// Within a network.
    Ip,
    /// Equal bytes, pattern in hexadecimal.
    Bin,
    /// The text's length equals a number or is within a range.
    Len,
    /// Equal text.
    Str,
    /// Text begins with the pattern.
    Beg,
    /// Text contains the pattern.
    Sub,
    /// Text contains the pattern between slashes.
    Dir,
    /// Text contains the pattern between dots, slashes, colons and question marks.
    Dom,
    /// Text ends with the pattern.
    End,
    /// Text matches a regular expression.
    Reg,
    /// As `Reg`, and the map's value is a template for the groups.
    RegM,
    /// Equal HTTP method.
    Meth,
    /// As `Int`, and numbers are written as versions: `3.1`.
    Version,
}

/// The names after `-m`.
pub const METHODS: &[(&str, Match)] = &[
    ("found", Match::Found),
    ("bool", Match::Bool),
    ("int", Match::Int),
    ("ip", Match::Ip),
    ("bin", Match::Bin),
    ("len", Match::Len),
    ("str", Match::Str),
    ("beg", Match::Beg),
    ("sub", Match::Sub),
    ("dir", Match::Dir),
    ("dom", Match::Dom),
    ("end", Match::End),
    ("reg", Match::Reg),
];

impl Match {
    /// The method of a name after `-m`.
    pub fn named(name: &str) -> Option<Match> {
        METHODS.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Match::RegM => "regm",
            Match::Meth => "str",
            Match::Version => "int",
            other => METHODS.iter().find(|(_, method)| *method == other).map_or("", |(name, _)| name),
        }
    }

    /// Type a sample must have to be compared this way.
    pub const fn takes(self) -> Type {
        match self {
            Match::Found => Type::Any,
            Match::Bool => Type::Bool,
            Match::Int | Match::Version => Type::Sint,
            Match::Ip => Type::Addr,
            Match::Bin => Type::Bin,
            Match::Meth => Type::Meth,
            Match::Len
            | Match::Str
            | Match::Beg
            | Match::Sub
            | Match::Dir
            | Match::Dom
            | Match::End
            | Match::Reg
            | Match::RegM => Type::Str,
        }
    }

    /// The method a type implies; None when `-m` is needed.
    pub const fn implied(kind: Type) -> Option<Match> {
        match kind {
            Type::Bool => Some(Match::Bool),
            Type::Sint => Some(Match::Int),
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Some(Match::Ip),
            Type::Str => Some(Match::Str),
            Type::Meth => Some(Match::Meth),
            Type::Bin | Type::Any | Type::Same => None,
        }
    }

    /// True when patterns are numbers, which may be ranges and follow operators.
    pub const fn numeric(self) -> bool {
        matches!(self, Match::Int | Match::Version | Match::Len)
    }

    /// True when no pattern is needed.
    pub const fn bare(self) -> bool {
        matches!(self, Match::Found | Match::Bool)
    }
}
