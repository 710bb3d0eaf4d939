//! What differs between two plays of a case, and which differences are known.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::case::{Aspect, Difference};
use super::play::Check;

/// A check that both subjects did not pass alike.
#[derive(Debug)]
pub struct Mismatch {
    /// `case :: exchange :: aspect`: how it is named in the list of known differences.
    pub name: String,
    /// Both sides, for the eye.
    pub text: String,
}

/// The result of a case: how many checks agree, and those that do not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Checks that agree (or differ exactly as `differs` says).
    pub agreed: usize,
    /// The others.
    pub mismatches: Vec<Mismatch>,
}

/// Compares check by check. `differs` is looked at only if the subject is not the original's version itself.
pub fn compare(case: &str, original: &[Check], ours: &[Check], differs: &[Difference]) -> Outcome {
    let mut outcome = Outcome::default();
    for expected in original {
        let seen = ours.iter().find(|check| check.name == expected.name && check.aspect == expected.aspect);
        let seen = seen.map(|check| check.seen.as_slice());
        let exempt = differs.iter().find(|d| d.aspect == expected.aspect && concerns(d, &expected.name));
        let agree = match (seen, exempt) {
            (Some(seen), Some(Difference { ours: Some(ours), .. })) => seen == ours.as_bytes(),
            (Some(_), Some(Difference { ours: None, .. })) => true,
            (Some(seen), None) if matches!(expected.aspect, Aspect::Csv | Aspect::Metrics) => {
                missing(&expected.seen, seen).is_empty()
            }
            (Some(seen), None) => seen == expected.seen,
            (None, _) => false,
        };
        if agree {
            outcome.agreed += 1;
            continue;
        }
        let name =
            format!("{case} :: {} :: {}", expected.name, format!("{:?}", expected.aspect).to_lowercase());
        outcome.mismatches.push(Mismatch { text: side_by_side(expected, seen), name });
    }
    // A row only the original refuses.
    for extra in ours.iter().filter(|check| check.seen == b"{refused}" && !original.contains(check)) {
        let name = format!("{case} :: {} :: refused", extra.name);
        outcome.mismatches.push(Mismatch { name, text: "  ours refuses it\n".to_owned() });
    }
    outcome
}

fn concerns(difference: &Difference, name: &str) -> bool {
    let everything = difference.exchange.is_empty() && difference.exchanges.is_empty();
    let patterns = difference.exchanges.iter().chain([&difference.exchange]);
    everything || patterns.filter(|pattern| !pattern.is_empty()).any(|pattern| fits(pattern, name))
}

/// Whether a name is that of a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

/// The lines of `expected` that `seen` has not.
fn missing<'a>(expected: &'a [u8], seen: &[u8]) -> Vec<&'a [u8]> {
    let have: BTreeSet<&[u8]> = seen.split(|b| *b == b'\n').collect();
    expected.split(|b| *b == b'\n').filter(|line| !have.contains(line)).collect()
}

fn side_by_side(expected: &Check, seen: Option<&[u8]>) -> String {
    let mut text = String::new();
    match (expected.aspect, seen) {
        (_, None) => text += "  original: seen; ours: not there\n",
        (Aspect::Csv | Aspect::Metrics, Some(seen)) => {
            for line in missing(&expected.seen, seen) {
                let _ = writeln!(text, "  original only: {}", shown(line));
            }
        }
        (_, Some(seen)) => {
            let _ = writeln!(text, "  original: {}\n  ours:     {}", shown(&expected.seen), shown(seen));
        }
    }
    text
}

/// Escaped, and cut where nobody would read on.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 1500;
    let cut = if bytes.len() > MOST { format!("... ({} bytes)", bytes.len()) } else { String::new() };
    format!("{}{cut}", bytes[..bytes.len().min(MOST)].escape_ascii())
}

/// The list of known differences: names, or `case :: *`.
#[derive(Debug, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Reads the list; `#` begins a comment.
    pub fn read(text: &str) -> Known {
        Known(
            text.lines()
                .map(str::trim)
                .filter(|l| !l.is_empty() && !l.starts_with('#'))
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether the list has this one.
    pub fn has(&self, mismatch: &Mismatch) -> bool {
        let case = mismatch.name.split(" :: ").next().unwrap_or_default();
        self.0.contains(&escaped(&mismatch.name)) || self.0.contains(&format!("{case} :: *"))
    }

    /// Whether nothing of the case is expected to agree: the short form does not play it.
    pub fn has_all(&self, case: &str) -> bool {
        self.0.contains(&format!("{case} :: *"))
    }

    /// The lines of a new list: each case's mismatches, or one line for a case that has nothing else.
    pub fn lines(case: &str, outcome: &Outcome) -> Vec<String> {
        if outcome.agreed == 0 && !outcome.mismatches.is_empty() {
            return vec![format!("{case} :: *")];
        }
        outcome.mismatches.iter().map(|m| escaped(&m.name)).collect()
    }
}

/// Names are rows of tables: anything may stand in them, but a list has lines.
fn escaped(name: &str) -> String {
    name.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, aspect: Aspect, seen: &str) -> Check {
        Check { name: name.into(), aspect, seen: seen.into() }
    }

    #[test]
    fn patterns_fit_names() {
        assert!(fits("a @ *", "a @ b") && fits("*", "x") && fits("a*c*e", "abcde") && fits("a", "a"));
        assert!(!fits("a", "ab") && !fits("a*c", "ab") && !fits("b*", "ab") && !fits("a*c*e", "aced"));
    }

    #[test]
    fn mismatches_are_named_and_known() {
        let original = [
            check("a", Aspect::Answer, "1"),
            check("b", Aspect::Csv, "x=1\ny=2"),
            check("c", Aspect::Log, "l"),
        ];
        let ours = [
            check("a", Aspect::Answer, "2"),
            check("b", Aspect::Csv, "z=3\ny=2\nx=1"),
            check("c", Aspect::Log, "m"),
        ];
        let differs = [Difference {
            exchange: "c".into(),
            exchanges: Vec::new(),
            aspect: Aspect::Log,
            ours: Some("m".into()),
            reason: String::new(),
        }];
        let outcome = compare("t", &original, &ours, &differs);
        assert_eq!((outcome.agreed, outcome.mismatches.len()), (2, 1));
        assert_eq!(outcome.mismatches[0].name, "t :: a :: answer");
        assert!(Known::read("# c\nt :: a :: answer\n").has(&outcome.mismatches[0]));
        assert!(
            Known::read("t :: *").has(&outcome.mismatches[0]) && !Known::read("").has(&outcome.mismatches[0])
        );
    }
}
