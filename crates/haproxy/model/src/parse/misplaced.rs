//! Keywords in a proxy that has not the side they belong to: most are passed over with a warning, some refuse.

use haproxy_conf::{Line, Lookup, ParseError, Registry, Sections};

use crate::draft::{Draft, ProxyDraft};
use crate::settings::Role;

/// What is said of such a keyword.
#[derive(Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// It is passed over with these words.
    Ignored(String),
    /// It refuses the configuration with these words.
    Refused(String),
}

/// One wording that differs from the common one.
struct Wording {
    /// First words of the keyword.
    name: &'static str,
    /// What is said, from the keyword and the reason.
    say: fn(&str, &Reason<'_>) -> Misplaced,
}

struct Reason<'p> {
    kind: &'static str,
    name: &'p str,
    lacks: &'static str,
}

impl Reason<'_> {
    fn text(&self) -> String {
        format!("because {} '{}' has no {} capability", self.kind, self.name, self.lacks)
    }
}

const WORDINGS: &[Wording] = &[
    Wording { name: "server", say: refused },
    Wording { name: "default-server", say: refused },
    Wording { name: "server-template", say: refused },
    Wording {
        name: "declare",
        say: |_, _| Misplaced::Refused("'declare' only available in frontend or listen section".to_owned()),
    },
    Wording {
        name: "tcp-request",
        say: |keyword, why| {
            Misplaced::Refused(format!(
                "{keyword} is not allowed because {} {} is not a frontend",
                why.kind, why.name
            ))
        },
    },
    Wording {
        name: "tcp-response",
        say: |keyword, _| {
            let allowed = "is only allowed in 'backend' sections or 'defaults' section with a name";
            Misplaced::Refused(format!("{keyword} {allowed}"))
        },
    },
    Wording {
        name: "timeout",
        say: |keyword, why| Misplaced::Ignored(format!("'{keyword}' will be ignored {}", why.text())),
    },
    Wording {
        name: "rate-limit",
        say: |keyword, why| Misplaced::Ignored(format!("{keyword} will be ignored {}", why.text())),
    },
    Wording {
        name: "maxconn",
        say: |keyword, why| {
            Misplaced::Ignored(format!(
                "'{keyword}' ignored {}. Maybe you want 'fullconn' instead ?",
                why.text()
            ))
        },
    },
    Wording {
        name: "fullconn",
        say: |keyword, why| {
            Misplaced::Ignored(format!(
                "'{keyword}' ignored {}. Maybe you want 'maxconn' instead ?",
                why.text()
            ))
        },
    },
    Wording { name: "log-format", say: in_backends },
    Wording { name: "log-format-sd", say: in_backends },
    Wording { name: "error-log-format", say: in_backends },
    Wording {
        name: "option",
        say: |keyword, why| ignored(keyword.strip_prefix("option ").unwrap_or(keyword), why),
    },
];

fn refused(keyword: &str, why: &Reason<'_>) -> Misplaced {
    Misplaced::Refused(format!("'{keyword}' not allowed {}.", why.text()))
}

fn in_backends(keyword: &str, why: &Reason<'_>) -> Misplaced {
    Misplaced::Ignored(format!("{} '{}' : '{keyword}' directive is ignored in backends.", why.kind, why.name))
}

fn ignored(keyword: &str, why: &Reason<'_>) -> Misplaced {
    Misplaced::Ignored(format!("'{keyword}' ignored {}.", why.text()))
}

/// What is to be said if a line is a keyword of the side its proxy has not.
pub fn check(
    registry: &Registry<Draft>,
    px: &ProxyDraft,
    section: Sections,
    line: &Line,
) -> Option<Misplaced> {
    if matches!(registry.lookup(&line.words, section), Lookup::Found(..)) {
        return None;
    }
    let why = match px.role? {
        Role::Frontend => Reason { kind: "frontend", name: &px.name, lacks: "backend" },
        Role::Backend => Reason { kind: "backend", name: &px.name, lacks: "frontend" },
        Role::Listen | Role::Defaults => return None,
    };
    let Lookup::Found(row, _) = registry.lookup(&line.words, Sections::LISTEN) else { return None };
    let first = row.name.split(' ').next().unwrap_or(row.name);
    Some(match WORDINGS.iter().find(|wording| wording.name == first) {
        Some(wording) => (wording.say)(row.name, &why),
        None => ignored(first, &why),
    })
}

impl Misplaced {
    /// The words as an error of the line.
    pub fn into_error(self, line: &Line) -> ParseError {
        let (Misplaced::Ignored(text) | Misplaced::Refused(text)) = self;
        ParseError::new(text).at(&line.words[0])
    }
}
