//! The actions, one file per family of them.

pub mod flow;
