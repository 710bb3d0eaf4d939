//! Script lines: read anew from the raw text, with `'`, `"` and escapes.

use crate::diag::Sink;
use crate::words::Words;

/// A command and the words after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// `[USER [GROUP]]`.
    pub rest: Vec<String>,
}

/// Reads `KEYWORD COMMAND [USER [GROUP]]`: a quoted command is split into its arguments, an unquoted one is a single word.
/// `None` after a complaint, or if there is no command.
pub fn with_user(words: &Words, sink: &mut Sink) -> Option<ScriptLine> {
    let tail = words.tail();
    let (argv, rest) = match tail.strip_prefix('"') {
        Some(_) => {
            let (inside, after) = quoted(tail)?;
            (split(inside, inside, sink)?, after)
        }
        None => {
            let end = word_end(tail);
            (split(&tail[..end], &words.raw, sink)?, &tail[end..])
        }
    };
    let rest = rest.split_ascii_whitespace().map(str::to_owned).collect();
    (!argv.is_empty()).then_some(ScriptLine { argv, rest })
}

/// Complains of a command whose leading quote is never closed.
pub fn unclosed(words: &Words, sink: &mut Sink) -> bool {
    let Some(whole) = words.unclosed.as_ref().filter(|_| words.len() == 1) else { return false };
    sink.config(format!("String '{whole}': missing terminating \""));
    sink.hint("close the quoted argument");
    true
}

/// Reads `KEYWORD COMMAND...`: the whole rest of the line is the command.
pub fn whole(words: &Words, sink: &mut Sink) -> Option<ScriptLine> {
    let tail = words.tail();
    let (mut argv, after) = match tail.strip_prefix('"') {
        Some(_) => {
            let (inside, after) = quoted(tail)?;
            (split(inside, inside, sink)?, after)
        }
        None => (Vec::new(), tail),
    };
    argv.extend(split(after, &words.raw, sink)?);
    if let [only] = argv.as_slice()
        && after.starts_with('\'')
        && only.contains(' ')
    {
        // a command that is quoted whole is still a command with arguments
        argv = only.split_ascii_whitespace().map(str::to_owned).collect();
    }
    (!argv.is_empty()).then_some(ScriptLine { argv, rest: Vec::new() })
}

/// The inside of the leading `"..."` (with `\"` inside) and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (index, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((&inside[..index], &inside[index + 1..])),
            _ => {}
        }
    }
    None
}

/// Where an unquoted command word ends.
fn word_end(text: &str) -> usize {
    let mut quote = None;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_ascii_whitespace() => return index,
            (None, _) => {}
        }
    }
    text.len()
}

/// Splits a command at blanks; quotes group, escapes stand for characters. `shown` is the text of the complaint.
fn split(text: &str, shown: &str, sink: &mut Sink) -> Option<Vec<String>> {
    let mut args: Vec<Vec<u8>> = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (_, '\\') => {
                let (byte, after) = escape(rest);
                current.get_or_insert_default().extend(byte);
                rest = after;
            }
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                current.get_or_insert_default();
            }
            (None, c) if c.is_ascii_whitespace() => args.extend(current.take()),
            (_, c) => current.get_or_insert_default().extend(c.to_string().as_bytes()),
        }
    }
    if let Some(open) = quote {
        sink.config(format!("String '{shown}': missing terminating {open}"));
        sink.hint("close the quoted argument");
        return None;
    }
    args.extend(current);
    Some(args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect())
}

/// The bytes of an escape (after its backslash) and the text behind it.
fn escape(text: &str) -> (Vec<u8>, &str) {
    let Some(c) = text.chars().next() else { return (vec![b'\\'], text) };
    let after = &text[c.len_utf8()..];
    let simple = |byte: u8| (vec![byte], after);
    match c {
        'a' => simple(7),
        'b' => simple(8),
        'E' => simple(27),
        'f' => simple(12),
        'n' => simple(b'\n'),
        'r' => simple(b'\r'),
        't' => simple(b'\t'),
        'v' => simple(11),
        'x' => {
            let end = after.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(after.len()).min(2);
            match u8::from_str_radix(&after[..end], 16) {
                Ok(byte) => (vec![byte], &after[end..]),
                Err(_) => simple(b'x'),
            }
        }
        'c' => match after.chars().next().filter(char::is_ascii) {
            Some(control) => (vec![(control as u8) & 0x1f], &after[1..]),
            None => simple(b'c'),
        },
        '0'..='7' => {
            let end = text.find(|c: char| !('0'..='7').contains(&c)).unwrap_or(text.len()).min(3);
            let value = u32::from_str_radix(&text[..end], 8).unwrap_or(0);
            (vec![u8::try_from(value & 0xff).unwrap_or(0)], &text[end..])
        }
        other => (other.to_string().into_bytes(), after),
    }
}
