//! Three-valued results: a value, none, or not yet.

/// What a fetch found.
#[derive(Clone, Debug, PartialEq)]
pub enum Got<T> {
    /// It is there.
    Is(T),
    /// It does not exist, and will not for this evaluation.
    Missing,
    /// The input is not complete yet: ask again when more has come.
    Pending,
}

impl<T> Got<T> {
    /// The value, with `Pending` counted as absent.
    pub fn ok(self) -> Option<T> {
        match self {
            Got::Is(value) => Some(value),
            Got::Missing | Got::Pending => None,
        }
    }

    /// Changes the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Got<U> {
        match self {
            Got::Is(value) => Got::Is(change(value)),
            Got::Missing => Got::Missing,
            Got::Pending => Got::Pending,
        }
    }

    /// Goes on with the value.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Got<U>) -> Got<U> {
        match self {
            Got::Is(value) => next(value),
            Got::Missing => Got::Missing,
            Got::Pending => Got::Pending,
        }
    }
}

impl<T> From<Option<T>> for Got<T> {
    fn from(value: Option<T>) -> Got<T> {
        match value {
            Some(value) => Got::Is(value),
            None => Got::Missing,
        }
    }
}

/// Result of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    No,
    /// More input may decide it.
    Pending,
    /// It holds.
    Yes,
}

impl Truth {
    /// `Yes` and `No` swap, `Pending` stays.
    pub fn negate(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Pending => Truth::Pending,
            Truth::Yes => Truth::No,
        }
    }

    /// True for `Yes` only.
    pub fn holds(self) -> bool {
        self == Truth::Yes
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::Yes } else { Truth::No }
    }
}
