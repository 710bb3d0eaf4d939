//! A reader that finds one value in a JSON text without building it. It reads what it needs and no more: what follows
//! the wanted value may be cut off or wrong, as in the original.

use std::borrow::Cow;

/// A value's text and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'t> {
    /// Between the quotes, escapes as they stand.
    Text(&'t [u8]),
    /// A number.
    Number(&'t [u8]),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// With its brackets.
    Array(&'t [u8]),
    /// With its braces.
    Object(&'t [u8]),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Member of an object.
    Member(Vec<u8>),
    /// Item of an array, from 0.
    Item(usize),
}

/// Nesting beyond this is refused: a body decides the depth.
const DEPTH_MAX: usize = 64;

/// Reads `$.a.b[1]`; a dot inside a name is written `\.`. None when it does not begin with `$`.
pub fn parse_path(text: &[u8]) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix(b"$")?;
    let mut steps = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        match first {
            b'.' => {
                let (name, left) = name(after);
                steps.push(Step::Member(name));
                rest = left;
            }
            b'[' => {
                let end = after.iter().position(|byte| *byte == b']')?;
                steps.push(bracketed(&after[..end])?);
                rest = &after[end + 1..];
            }
            _ => return None,
        }
    }
    Some(steps)
}

fn bracketed(inner: &[u8]) -> Option<Step> {
    if let [quote @ (b'\'' | b'"'), name @ .., last] = inner
        && quote == last
    {
        return Some(Step::Member(name.to_vec()));
    }
    std::str::from_utf8(inner).ok()?.parse().ok().map(Step::Item)
}

fn name(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut name = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' if at + 1 < text.len() => {
                at += 1;
                name.push(text[at]);
            }
            b'.' | b'[' => break,
            byte => name.push(byte),
        }
        at += 1;
    }
    (name, &text[at..])
}

/// The value at a path.
pub fn find<'t>(text: &'t [u8], path: &[Step]) -> Option<Found<'t>> {
    Reader { text, at: 0 }.follow(path)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn follow(mut self, path: &[Step]) -> Option<Found<'t>> {
        for step in path {
            match step {
                Step::Member(name) => self.enter_member(name)?,
                Step::Item(index) => self.enter_item(*index)?,
            }
        }
        self.value(0)
    }

    fn enter_member(&mut self, wanted: &[u8]) -> Option<()> {
        self.eat(b'{')?;
        loop {
            let Found::Text(name) = self.value(0)? else { return None };
            self.eat(b':')?;
            if name == wanted {
                return Some(());
            }
            self.value(0)?;
            self.eat(b',')?;
        }
    }

    fn enter_item(&mut self, index: usize) -> Option<()> {
        self.eat(b'[')?;
        for _ in 0..index {
            self.value(0)?;
            self.eat(b',')?;
        }
        (self.peek()? != b']').then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Found<'t>> {
        if depth > DEPTH_MAX {
            return None;
        }
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'{' => {
                self.skip_list(b'}', true, depth)?;
                Some(Found::Object(&self.text[start..self.at]))
            }
            b'[' => {
                self.skip_list(b']', false, depth)?;
                Some(Found::Array(&self.text[start..self.at]))
            }
            b't' => self.word(b"true", Found::Bool(true)),
            b'f' => self.word(b"false", Found::Bool(false)),
            b'n' => self.word(b"null", Found::Null),
            b'-' | b'0'..=b'9' => {
                let number =
                    |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
                while self.text.get(self.at).is_some_and(number) {
                    self.at += 1;
                }
                Some(Found::Number(&self.text[start..self.at]))
            }
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8], found: Found<'t>) -> Option<Found<'t>> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            found
        })
    }

    fn string(&mut self) -> Option<Found<'t>> {
        let start = self.at;
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(Found::Text(&self.text[start..self.at - 1]));
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn skip_list(&mut self, end: u8, members: bool, depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == end {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            if members {
                self.eat(b':')?;
                self.value(depth + 1)?;
            }
            if self.peek()? == end {
                self.at += 1;
                return Some(());
            }
            self.eat(b',')?;
        }
    }
}

/// A text with its escapes resolved; None when one of them is wrong.
pub fn unescape(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        at += 2;
        match text.get(at - 1)? {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let mut point = hex4(text.get(at..at + 4)?)?;
                at += 4;
                if (0xd800..0xdc00).contains(&point) && text.get(at..at + 2) == Some(b"\\u") {
                    let low = hex4(text.get(at + 2..at + 6)?)?;
                    at += 6;
                    point = 0x1_0000 + ((point - 0xd800) << 10) + low.checked_sub(0xdc00)?;
                }
                let mut buffer = [0; 4];
                out.extend_from_slice(char::from_u32(point)?.encode_utf8(&mut buffer).as_bytes());
            }
            other @ (b'"' | b'\\' | b'/') => out.push(*other),
            _ => return None,
        }
    }
    Some(Cow::Owned(out))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| Some(number << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, path: &str) -> Option<String> {
        let path = parse_path(path.as_bytes())?;
        Some(format!("{:?}", find(text.as_bytes(), &path)?))
    }

    #[test]
    fn values_are_found_by_path() {
        let text = r#" {"a" : {"b":[1, {"c":"x\"y"}]}, "d.e":true} "#;
        let wanted = Some(format!("{:?}", Found::Text(br#"x\"y"#)));
        assert_eq!(look(text, "$.a.b[1].c"), wanted);
        assert_eq!(look(text, r"$.d\.e"), Some("Bool(true)".into()));
        assert_eq!(look(text, "$['d.e']"), Some("Bool(true)".into()));
        assert_eq!(look(text, "$.a.b[2]"), None);
        assert_eq!(look(text, "a"), None);
    }

    #[test]
    fn deep_nesting_ends() {
        let text = "[".repeat(100_000);
        assert_eq!(look(&text, "$"), None);
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(unescape(br"a\u00e9\ud83d\ude00\n").as_deref(), Some("aé😀\n".as_bytes()));
        assert_eq!(unescape(br"\ud83d\u0001"), None);
        assert_eq!(unescape(br"\q"), None);
        assert_eq!(unescape(br"\"), None);
    }
}
