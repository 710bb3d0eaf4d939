//! Why a text is no expression.

use std::fmt;

/// A refused expression, in the original's wording, without file and line: the caller knows those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The message.
    pub message: String,
    /// What to write instead, when one word is close.
    pub hint: Option<String>,
}

impl Fault {
    /// A message without a hint.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), hint: None }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: Option<String>) -> Fault {
        self.hint = hint;
        self
    }

    /// The same fault told from further out.
    pub fn within(mut self, tell: impl FnOnce(&str) -> String) -> Fault {
        self.message = tell(&self.message);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault::new(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Fault {
        Fault::new(message)
    }
}

impl From<Fault> for haproxy_conf::ParseError {
    fn from(fault: Fault) -> Self {
        let error = haproxy_conf::ParseError::new(fault.message);
        match fault.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
