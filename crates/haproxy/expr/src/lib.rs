//! Samples, fetches, converters, patterns, maps, ACLs, conditions, variables, log-format.
//!
//! Owns the values and everything that computes one from a running stream. It is compiled once at load; nothing here
//! parses text or compares keywords while traffic flows, and nothing does IO.

pub mod acl;
pub mod address;
pub mod aliases;
pub mod arg;
pub mod at;
pub mod cast;
pub mod conv;
pub mod cx;
pub mod expr;
pub mod fault;
pub mod fetch;
pub mod got;
pub mod json;
pub mod load;
pub mod logformat;
pub mod map;
pub mod pattern;
pub mod registry;
pub mod row;
pub mod strftime;
pub mod suggest;
pub mod userlist;
pub mod value;
pub mod vars;

pub use acl::{Acl, AclSet, Condition};
pub use at::{Context, Contexts, Use};
pub use cx::{Cx, Session, Txn, World};
pub use expr::Expr;
pub use fault::Fault;
pub use got::{Got, Truth};
pub use load::{Load, ParseCx};
pub use logformat::{LogFormat, Style};
pub use value::{Bytes, Type, Value};

#[cfg(test)]
mod tests;
