//! `$X=value`, `$X`, `${X}` and the predefined names.

use super::{Reader, Sink};
use crate::diag::Place;

/// Replacements within replacements in one line; more is surely a circle.
const REPLACED_MAX: usize = 1000;
/// Longest line that replacing may make.
const GROWN_MAX: usize = 1 << 16;

/// What became of a line.
pub enum Substituted {
    /// No name of ours in it.
    Unchanged,
    /// Done: nothing in it needs another look.
    Final(String),
    /// New lines, to begin again.
    Lines(Vec<String>),
}

/// The name and first value of a definition line; `None` if it is none.
pub fn definition(line: &str) -> Option<(String, &str)> {
    let rest = line.strip_prefix('$')?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = rest.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((name.to_owned(), rest.strip_prefix('=')?))
}

/// The line up to a `#` or `!` outside quotes.
pub fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '#' | '!' if !quoted => return line[..index].trim_end(),
            _ => {}
        }
    }
    line.trim_end()
}

impl Reader<'_> {
    /// The value of a definition, following lines included while each ends with `\`.
    pub(super) fn whole_value(&mut self, first: &str, sink: &mut Sink) -> String {
        let first = without_comment(first).trim();
        let Some(first) = first.strip_suffix('\\') else { return first.to_owned() };
        let mut lines = Vec::new();
        if !first.trim().is_empty() {
            lines.push(first.trim().to_owned());
        }
        let place = sink.place.clone();
        while let Some(line) = self.continuation(sink) {
            let line = without_comment(&line).trim().to_owned();
            if line.is_empty() {
                continue;
            }
            match line.strip_suffix('\\') {
                Some(part) => lines.push(part.trim().to_owned()),
                None => {
                    lines.push(line);
                    break;
                }
            }
        }
        sink.place = sink.place.take().or(place);
        lines.join("\n")
    }

    /// The next line of the same source: an expansion in hand, else the file.
    fn continuation(&mut self, sink: &mut Sink) -> Option<String> {
        if let Some(super::Work::Line(_)) = self.work.front()
            && let Some(super::Work::Line(line)) = self.work.pop_front()
        {
            return Some(line);
        }
        let file = self.files.last_mut()?;
        let line = file.lines.next()?;
        file.line += 1;
        sink.place = Some(Place { file: file.name.clone(), line: file.line, with_file: file.with_file });
        Some(line)
    }

    /// Replaces the names in a line, innermost values last.
    pub(super) fn substitute(&mut self, line: &str) -> Substituted {
        if !line.contains('$') {
            return Substituted::Unchanged;
        }
        let mut text = line.to_owned();
        let mut changed = false;
        let mut from = 0;
        for _ in 0..REPLACED_MAX {
            let Some(found) = self.find(&text, from) else { break };
            changed = true;
            text.replace_range(found.start..found.end, &found.value);
            from = if found.fixed { found.start + found.value.len() } else { found.start };
            if text.len() > GROWN_MAX {
                break;
            }
            if text.contains('\n') {
                return Substituted::Lines(text.split('\n').map(str::to_owned).collect());
            }
        }
        if !changed {
            return Substituted::Unchanged;
        }
        let text = without_comment(&text).trim();
        if text.starts_with('@')
            || text.starts_with('~')
            || text.starts_with('$') && definition(text).is_some()
        {
            return Substituted::Lines(vec![text.to_owned()]);
        }
        if text.is_empty() { Substituted::Lines(Vec::new()) } else { Substituted::Final(text.to_owned()) }
    }

    fn find(&mut self, text: &str, from: usize) -> Option<Found> {
        let mut at = from;
        while let Some(offset) = text.get(at..)?.find('$') {
            let start = at + offset;
            at = start + 1;
            let rest = &text[start + 1..];
            if let Some(inner) = rest.strip_prefix('{')
                && let Some(close) = inner.find('}')
            {
                let end = start + 2 + close + 1;
                if let Some((value, fixed)) = self.value(&inner[..close]) {
                    return Some(Found { start, end, value, fixed });
                }
            } else {
                let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let ends = rest[len..].chars().next().is_none_or(|c| c.is_ascii_whitespace());
                if len > 0
                    && ends
                    && let Some((value, fixed)) = self.value(&rest[..len])
                {
                    return Some(Found { start, end: start + 1 + len, value, fixed });
                }
            }
        }
        None
    }

    /// The value of a name, and whether it is to be left as it is.
    fn value(&mut self, name: &str) -> Option<(String, bool)> {
        if let Some(value) = self.definitions.get(name) {
            return Some((value.clone(), false));
        }
        let mut words = name.split_ascii_whitespace();
        let value = match (words.next()?, words.next(), words.next()) {
            ("_PWD", None, None) => self.files.last()?.directory.to_string_lossy().into_owned(),
            ("_INSTANCE", None, None) => self.setup.config_id.clone(),
            ("_HASH", None, None) => String::from("#"),
            ("_BANG", None, None) => String::from("!"),
            ("_ENV", Some(name), None) => self.provider.env(name).unwrap_or_default(),
            ("_RANDOM", low, high) => {
                let low = low.map_or(Some(0), |text| text.parse::<u32>().ok())?;
                let high = high.map_or(Some(32767), |text| text.parse::<u32>().ok())?;
                self.random_number(low, high).to_string()
            }
            _ => return None,
        };
        Some((value, true))
    }

    /// A number of a plain generator: repeatable from its seed, of no use for secrets.
    fn random_number(&mut self, low: u32, high: u32) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let span = u64::from(high.max(low) - low) + 1;
        u64::from(low) + mixed % span
    }
}

struct Found {
    start: usize,
    end: usize,
    value: String,
    fixed: bool,
}
