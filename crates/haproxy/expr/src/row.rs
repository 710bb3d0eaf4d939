//! Row types of the keyword tables: fetches, converters, ACL aliases and their arguments.

use crate::arg::{Arg, ArgKind, Args};
use crate::at::Use;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::pattern::Match;
use crate::value::{Type, Value};

/// Kind of one argument and whether it must be given.
#[derive(Clone, Copy, Debug)]
pub struct ArgSpec {
    /// What it is read as.
    pub kind: ArgKind,
    /// Refuse the keyword without it.
    pub required: bool,
}

/// An argument that must be given.
pub const fn req(kind: ArgKind) -> ArgSpec {
    ArgSpec { kind, required: true }
}

/// An argument that may be left out.
pub const fn opt(kind: ArgKind) -> ArgSpec {
    ArgSpec { kind, required: false }
}

/// Position within a fetch that has several values (header occurrences), kept between calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    /// True when the caller will look at every value (ACLs), false when it wants one (everything else).
    pub all: bool,
    /// Set by the fetch: calling again may give a further value.
    pub more: bool,
    /// Set by the fetch: more input may change the value.
    pub may_change: bool,
    /// The fetch's own: number of the next field.
    pub field: u32,
    /// The fetch's own: byte within that field.
    pub offset: u32,
}

/// Computes a fetch's value.
pub type FetchFn = for<'a> fn(&'a [Arg], &Cx<'a>, &mut Walk) -> Got<Value<'a>>;

/// Computes a converter's value.
pub type ConvertFn = for<'a> fn(Value<'a>, &'a [Arg], &Cx<'a>) -> Got<Value<'a>>;

/// Looks at the arguments once at load: resolves names, compiles regexes, refuses nonsense.
pub type CheckFn = fn(&mut Args, &mut ParseCx<'_>) -> Result<(), Fault>;

/// What stands behind a row.
#[derive(Clone, Copy)]
pub enum Run<F> {
    /// It works.
    Built(F),
    /// The name is known, the feature is not built: refused at load with this reason.
    NotBuilt(&'static str),
}

/// A sample fetch.
#[derive(Clone, Copy)]
pub struct Fetch {
    /// Keyword.
    pub name: &'static str,
    /// Arguments in order.
    pub args: &'static [ArgSpec],
    /// Type of the value.
    pub out: Type,
    /// Facts it needs.
    pub at: Use,
    /// Checks arguments at load.
    pub check: Option<CheckFn>,
    /// Computes the value.
    pub run: Run<FetchFn>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl Fetch {
    /// A row without an argument check.
    pub const fn new(
        name: &'static str,
        args: &'static [ArgSpec],
        out: Type,
        at: Use,
        run: FetchFn,
        doc: &'static str,
    ) -> Fetch {
        Fetch { name, args, out, at, check: None, run: Run::Built(run), doc }
    }

    /// The same row with an argument check.
    pub const fn checked(mut self, check: CheckFn) -> Fetch {
        self.check = Some(check);
        self
    }

    /// A row whose feature is not built.
    pub const fn not_built(
        name: &'static str,
        args: &'static [ArgSpec],
        out: Type,
        at: Use,
        why: &'static str,
    ) -> Fetch {
        Fetch { name, args, out, at, check: None, run: Run::NotBuilt(why), doc: why }
    }
}

/// A converter.
#[derive(Clone, Copy)]
pub struct Converter {
    /// Keyword.
    pub name: &'static str,
    /// Arguments in order.
    pub args: &'static [ArgSpec],
    /// Type it takes.
    pub input: Type,
    /// Type it gives.
    pub out: Type,
    /// Checks arguments at load.
    pub check: Option<CheckFn>,
    /// Computes the value.
    pub run: Run<ConvertFn>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl Converter {
    /// A row without an argument check.
    pub const fn new(
        name: &'static str,
        args: &'static [ArgSpec],
        input: Type,
        out: Type,
        run: ConvertFn,
        doc: &'static str,
    ) -> Converter {
        Converter { name, args, input, out, check: None, run: Run::Built(run), doc }
    }

    /// The same row with an argument check.
    pub const fn checked(mut self, check: CheckFn) -> Converter {
        self.check = Some(check);
        self
    }

    /// A row whose feature is not built.
    pub const fn not_built(
        name: &'static str,
        args: &'static [ArgSpec],
        input: Type,
        out: Type,
        why: &'static str,
    ) -> Converter {
        Converter { name, args, input, out, check: None, run: Run::NotBuilt(why), doc: why }
    }
}

/// A keyword that only ACLs know: a fetch with its match method.
#[derive(Clone, Copy, Debug)]
pub struct AclAlias {
    /// Keyword.
    pub name: &'static str,
    /// The fetch behind it.
    pub fetch: &'static str,
    /// How its patterns are read and compared.
    pub matching: Match,
}

/// An alias row.
pub const fn alias(name: &'static str, fetch: &'static str, matching: Match) -> AclAlias {
    AclAlias { name, fetch, matching }
}
