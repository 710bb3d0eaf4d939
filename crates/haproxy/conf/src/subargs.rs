//! The second level of quoting: `name(arg1,arg2)` inside a word (configuration manual 2.2). Quotes and backslashes
//! work as at the top level, except that `\#`, `\$`, `\xNN` and variables mean nothing here. Parentheses do not nest:
//! the first unquoted `)` ends the list.

use bstr::BString;

/// Arguments one list may have; the most any keyword takes is 12.
const ARGS_MAX: usize = 64;

/// A name with its arguments, and what follows it in the word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubArgs<'a> {
    /// The bytes before the parenthesis.
    pub name: &'a [u8],
    /// `None` without parentheses; one empty argument for `()`.
    pub args: Option<Vec<BString>>,
    /// What follows the closing parenthesis (or the name).
    pub rest: &'a [u8],
}

/// Why a list of arguments cannot be read. `at` counts bytes from 0 in the text given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubArgsError {
    /// The closing parenthesis is missing.
    #[error("expected ')'")]
    Unclosed {
        /// End of the text.
        at: usize,
    },
    /// A quote inside the list is not closed.
    #[error("unmatched quote")]
    UnmatchedQuote {
        /// The opening quote.
        at: usize,
    },
    /// More arguments than any keyword takes.
    #[error("too many arguments")]
    TooMany {
        /// The first one too many.
        at: usize,
    },
}

/// Splits `name(arg1,arg2)rest`. The name ends at the first `(`, `,` or blank.
pub fn split_args(text: &[u8]) -> Result<SubArgs<'_>, SubArgsError> {
    let end = text.iter().position(|byte| matches!(byte, b'(' | b',' | b' ' | b'\t')).unwrap_or(text.len());
    let name = &text[..end];
    if text.get(end) != Some(&b'(') {
        return Ok(SubArgs { name, args: None, rest: &text[end..] });
    }
    let mut args = Vec::new();
    let mut at = end + 1;
    loop {
        let (arg, stop) = read_argument(text, at)?;
        if args.len() == ARGS_MAX {
            return Err(SubArgsError::TooMany { at });
        }
        args.push(arg);
        match text.get(stop) {
            Some(b',') => at = stop + 1,
            Some(_) => return Ok(SubArgs { name, args: Some(args), rest: &text[stop + 1..] }),
            None => return Err(SubArgsError::Unclosed { at: text.len() }),
        }
    }
}

/// Reads one argument from `at` on; returns it and where its `,` or `)` stands, or the end of the text.
pub(crate) fn read_argument(text: &[u8], mut at: usize) -> Result<(BString, usize), SubArgsError> {
    let mut out = BString::default();
    let mut quote: Option<(u8, usize)> = None;
    while let Some(&byte) = text.get(at) {
        match (byte, quote) {
            (b',' | b')', None) => break,
            (b'"' | b'\'', None) => quote = Some((byte, at)),
            (b'"' | b'\'', Some((open, _))) if open == byte => quote = None,
            (b'\\', None | Some((b'"', _))) => match unescape(text.get(at + 1).copied()) {
                Some(byte) => {
                    out.push(byte);
                    at += 1;
                }
                None => out.push(b'\\'),
            },
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    match quote {
        Some((_, at)) => Err(SubArgsError::UnmatchedQuote { at }),
        None => Ok((out, at)),
    }
}

fn unescape(byte: Option<u8>) -> Option<u8> {
    match byte? {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        byte @ (b'\\' | b'"' | b'\'' | b' ') => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<String> {
        split_args(text.as_bytes()).unwrap().args.unwrap().iter().map(|arg| arg.to_string()).collect()
    }

    #[test]
    fn arguments_are_cut_at_commas_and_the_first_parenthesis() {
        let split = split_args(b"regsub((foo|bar),blah,g)").unwrap();
        assert_eq!(split.name, b"regsub");
        assert_eq!(split.args.unwrap(), ["(foo|bar"]);
        assert_eq!(split.rest, b",blah,g)");
        assert_eq!(args("regsub(\"(foo|bar)\",blah,g)"), ["(foo|bar)", "blah", "g"]);
        assert_eq!(args("str(\\'foo\\')"), ["'foo'"]);
        assert_eq!(args("f(a\\,b,'x,\\n',\"\\n\\q\")"), ["a\\", "b", "x,\\n", "\n\\q"]);
        assert_eq!(args("src()"), [""]);
    }

    #[test]
    fn names_stand_alone() {
        let split = split_args(b"src,lower").unwrap();
        assert_eq!((split.name, split.args, split.rest), (&b"src"[..], None, &b",lower"[..]));
    }

    #[test]
    fn open_ends_are_errors() {
        assert_eq!(split_args(b"str(a"), Err(SubArgsError::Unclosed { at: 5 }));
        assert_eq!(split_args(b"str('a)"), Err(SubArgsError::UnmatchedQuote { at: 4 }));
    }
}
