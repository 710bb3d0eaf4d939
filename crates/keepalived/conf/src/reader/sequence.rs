//! `~SEQ(var,[start,[step,]]end)`, `~SEQx(...)` and `~LST(var,a,b)`, `~LST({A,B},{a,b},...)`.

use crate::diag::Sink;

/// The settings still to come.
pub enum Sequence {
    /// Numbers.
    Count {
        /// Variable.
        name: String,
        /// Next number.
        next: i64,
        /// Distance.
        step: i64,
        /// Last number, included.
        end: i64,
        /// Written in hexadecimal.
        hex: bool,
    },
    /// Listed values: one inner list per round.
    List {
        /// Variables.
        names: Vec<String>,
        /// Values per round.
        rounds: std::vec::IntoIter<Vec<String>>,
    },
}

impl Iterator for Sequence {
    type Item = Vec<(String, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Count { name, next, step, end, hex } => {
                let done = if *step > 0 { *next > *end } else { *next < *end };
                if done {
                    return None;
                }
                let value = if *hex { format!("{next:x}") } else { next.to_string() };
                *next = next.checked_add(*step)?;
                Some(vec![(name.clone(), value)])
            }
            Self::List { names, rounds } => Some(names.iter().cloned().zip(rounds.next()?).collect()),
        }
    }
}

/// What a line beginning with `~` is.
pub enum Parsed {
    /// A sequence and the line it repeats.
    Block(Sequence, String),
    /// Neither sequence nor list.
    Plain,
    /// Complained of; nothing is left.
    Invalid,
}

/// Reads the head of a sequence line.
pub fn parse(line: &str, sink: &mut Sink) -> Parsed {
    let word = &line[..4];
    let after = &line[4..];
    let (hex, after) = match after.strip_prefix('x') {
        Some(rest) if word == "~SEQ" => (true, rest),
        _ => (false, after),
    };
    let Some(inner) = after.strip_prefix('(') else { return Parsed::Plain };
    let sequence = match inner.find(')') {
        None => {
            sink.config(format!("{word} parameter strings too long '{line}'"));
            None
        }
        Some(close) => {
            let rest = inner[close + 1..].trim_start().to_owned();
            let body = &inner[..close];
            let sequence = if word == "~SEQ" { count(body, hex, line, sink) } else { list(body) };
            sequence.map(|sequence| (sequence, rest))
        }
    };
    match sequence {
        Some((sequence, rest)) => Parsed::Block(sequence, rest),
        None => {
            sink.config(format!("Invalid {word} specification '{line}'"));
            sink.hint(match word {
                "~SEQ" => "write ~SEQ(VARIABLE, [START, [STEP,]] END) and the text to repeat on one line",
                _ => "write ~LST(VARIABLE, VALUE...) or ~LST({A,B},{a1,b1},...) and the text to repeat on one line",
            });
            Parsed::Invalid
        }
    }
}

fn count(body: &str, hex: bool, line: &str, sink: &mut Sink) -> Option<Sequence> {
    let mut parts = body.split(',').map(str::trim);
    let name = parts.next().unwrap_or_default().to_owned();
    let numbers: Option<Vec<i64>> = parts.map(number).collect();
    let (start, step, end) = match numbers.as_deref() {
        Some([end]) => (if *end > 0 { 1 } else { -1 }, None, *end),
        Some([start, end]) => (*start, None, *end),
        Some([start, step, end]) => (*start, Some(*step), *end),
        _ => {
            sink.config(format!("Invalid ~SEQ definition '{line}'"));
            return None;
        }
    };
    let step = step.unwrap_or(if end >= start { 1 } else { -1 });
    if step == 0 || (step > 0) != (end >= start) && end != start {
        sink.config(format!("Invalid ~SEQ values '{line}'"));
        return None;
    }
    Some(Sequence::Count { name, next: start, step, end, hex })
}

/// A number in C's notation: 0x is hexadecimal, a leading 0 octal.
fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()?
    } else if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()?
    } else {
        return None;
    };
    Some(if negative { -value } else { value })
}

fn list(body: &str) -> Option<Sequence> {
    let mut items = items(body).into_iter();
    let names = items.next()?;
    let rounds: Vec<Vec<String>> = items.collect();
    let fits = !rounds.is_empty() && rounds.iter().all(|round| round.len() == names.len());
    (fits && names.iter().all(|name| !name.is_empty()))
        .then(|| Sequence::List { names, rounds: rounds.into_iter() })
}

/// The comma-separated items, each a plain value or `{a,b}`.
fn items(body: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (item, after) = match rest.strip_prefix('{') {
            Some(inner) => match inner.split_once('}') {
                Some((inside, after)) => {
                    let parts = inside.split(',').map(|part| part.trim().to_owned()).collect();
                    (parts, after.trim_start().strip_prefix(',').unwrap_or(after))
                }
                None => return Vec::new(),
            },
            None => match rest.split_once(',') {
                Some((item, after)) => (vec![item.trim().to_owned()], after),
                None => (vec![rest.trim().to_owned()], ""),
            },
        };
        found.push(item);
        rest = after.trim_start();
    }
    found
}
