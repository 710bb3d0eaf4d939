//! Converters (manual §7.3.1), one file per family; each row stands above its function.

pub mod strings;

use crate::row::Converter;

/// All tables of this crate.
pub const TABLES: &[&[Converter]] = &[strings::CONVERTERS];
