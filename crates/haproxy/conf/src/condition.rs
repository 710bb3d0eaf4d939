//! Conditions of `.if`, `.elif` and `-cc` (configuration manual 2.4).

use bstr::{BString, ByteSlice};

use crate::environment::Environment;
use crate::facts::{Facts, Version};
use crate::subargs::read_argument;
use crate::tokenize::{TokenError, tokenize_argument};

/// Levels of parentheses and negations a condition may have; deeper ones would only exhaust the stack.
const DEPTH_MAX: usize = 64;

/// Why a condition cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    message: String,
    ending: String,
    /// Byte in the condition, from 0.
    pub offset: usize,
}

impl ConditionError {
    fn new(message: String, ending: &str, offset: usize) -> Self {
        ConditionError { message, ending: ending.to_owned(), offset }
    }

    /// The text with the directive it stood in: ` in '.if' at position 3:` goes after it.
    pub fn text_in(&self, directive: &str) -> String {
        format!("{}{} in '{directive}' at position {}:", self.message, self.ending, self.offset + 1)
    }
}

impl std::fmt::Display for ConditionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.message, self.ending)
    }
}

impl std::error::Error for ConditionError {}

/// Evaluates a condition whose words were already joined by single blanks. An empty one is false.
pub fn evaluate(text: &[u8], facts: &Facts, env: &Environment) -> Result<bool, ConditionError> {
    if text.is_empty() {
        return Ok(false);
    }
    let mut parser = Parser { text, at: 0, facts, env, depth: 0 };
    let value = parser.alternatives()?;
    parser.blanks();
    match text.get(parser.at) {
        None => Ok(value),
        Some(_) => {
            let character = text[parser.at..].chars().next().unwrap_or_default();
            let message = format!(
                "unexpected character '{character}' at the end of conditional expression '{}'",
                text.as_bstr()
            );
            Err(ConditionError::new(message, "", parser.at))
        }
    }
}

/// Why a condition of the command line cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum CommandLineError {
    #[error("{0}")]
    Words(#[from] TokenError),
    #[error("{0}")]
    Condition(#[from] ConditionError),
}

/// Evaluates the argument of `-cc`: cut into words, joined again and evaluated. The error is the alert's text.
pub fn evaluate_command_line(argument: &[u8], facts: &Facts, env: &Environment) -> Result<bool, String> {
    let run = || -> Result<bool, CommandLineError> {
        let joined = tokenize_argument(argument, env)?.joined(0);
        Ok(evaluate(&joined, facts, env)?)
    };
    run()
        .map_err(|error| format!("Failed to evaluate condition: {}", error.to_string().trim_end_matches(':')))
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    facts: &'a Facts,
    env: &'a Environment,
    depth: usize,
}

impl Parser<'_> {
    /// `a || b || c`. Every operand is parsed, also where it can no longer decide.
    fn alternatives(&mut self) -> Result<bool, ConditionError> {
        let start = self.at;
        let mut value = self.conjunction()?;
        loop {
            self.blanks();
            let operator = self.at;
            if !self.text[self.at..].starts_with(b"||") {
                return Ok(value);
            }
            self.at += 2;
            self.blanks();
            if self.at == self.text.len() {
                return Err(self.unparsable(start, operator));
            }
            value |= self.conjunction()?;
        }
    }

    /// `a && b && c`.
    fn conjunction(&mut self) -> Result<bool, ConditionError> {
        let mut value = self.term()?;
        loop {
            self.blanks();
            let operator = self.at;
            if !self.text[self.at..].starts_with(b"&&") {
                return Ok(value);
            }
            self.at += 2;
            self.blanks();
            if self.at == self.text.len() {
                return Err(self.unparsable(operator, operator));
            }
            value &= self.term()?;
        }
    }

    fn term(&mut self) -> Result<bool, ConditionError> {
        self.blanks();
        let start = self.at;
        let mut negated = false;
        while self.text.get(self.at) == Some(&b'!') {
            negated = !negated;
            self.at += 1;
            self.blanks();
        }
        let value = match self.text.get(self.at) {
            Some(b'(') => self.group(start)?,
            Some(byte) if byte.is_ascii_digit() || matches!(byte, b'+' | b'-') => self.number(start)?,
            _ => self.predicate(start)?,
        };
        Ok(value != negated)
    }

    fn group(&mut self, start: usize) -> Result<bool, ConditionError> {
        self.at += 1;
        self.blanks();
        if self.at == self.text.len() {
            return Err(self.unparsable(start, start));
        }
        let value = self.deeper(start, Parser::alternatives)?;
        self.blanks();
        if self.text.get(self.at) != Some(&b')') {
            let message =
                format!("expected ')' after conditional expression '{}'", self.text[start..].as_bstr());
            return Err(ConditionError::new(message, "", start));
        }
        self.at += 1;
        Ok(value)
    }

    fn deeper(
        &mut self,
        start: usize,
        inner: impl FnOnce(&mut Self) -> Result<bool, ConditionError>,
    ) -> Result<bool, ConditionError> {
        if self.depth == DEPTH_MAX {
            return Err(self.unparsable(start, start));
        }
        self.depth += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn number(&mut self, start: usize) -> Result<bool, ConditionError> {
        let mut at = self.at + usize::from(matches!(self.text[self.at], b'+' | b'-'));
        let hexadecimal = self.text[at..].starts_with(b"0x")
            && self.text.get(at + 2).is_some_and(|byte| byte.is_ascii_hexdigit());
        at += if hexadecimal { 2 } else { 0 };
        let digit = |byte: &u8| if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        let digits = &self.text[at..];
        let length = digits.iter().take_while(|byte| digit(byte)).count();
        if length == 0 {
            return Err(self.unparsable(start, start));
        }
        self.at = at + length;
        Ok(digits[..length].iter().any(|&byte| byte != b'0'))
    }

    fn predicate(&mut self, start: usize) -> Result<bool, ConditionError> {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
        let Some(predicate) =
            PREDICATES.iter().find(|predicate| predicate.name.as_bytes() == &rest[..length])
        else {
            return Err(self.unparsable(start, start));
        };
        let ends = rest.get(length).is_none_or(|byte| matches!(byte, b'(' | b' ' | b'\t'));
        if !ends {
            return Err(self.unparsable(start, start));
        }
        self.at += length;
        let args = self.arguments(predicate)?;
        Ok((predicate.run)(self.facts, self.env, &args))
    }

    fn arguments(&mut self, predicate: &Predicate) -> Result<[BString; 2], ConditionError> {
        let mut args = [BString::default(), BString::default()];
        let ending =
            format!(" in argument 1 of predicate '{}' used in conditional expression", predicate.name);
        let mut found = 0;
        if self.text.get(self.at) == Some(&b'(') {
            self.at += 1;
            loop {
                let quoted = |_| ConditionError::new("expected ')'".to_owned(), &ending, self.text.len());
                let (arg, stop) = read_argument(self.text, self.at).map_err(quoted)?;
                let is_empty_list = found == 0 && arg.is_empty() && self.text.get(stop) != Some(&b',');
                if let Some(slot) = args.get_mut(found) {
                    *slot = arg;
                }
                found += usize::from(!is_empty_list);
                self.at = stop;
                if self.text.get(stop) != Some(&b',') || found == predicate.args {
                    break;
                }
                self.at += 1;
            }
            self.enough(found, predicate, &ending)?;
            match self.text.get(self.at) {
                Some(b')') => self.at += 1,
                Some(_) => {
                    let message = format!("expected ')' before '{}'", self.text[self.at..].as_bstr());
                    return Err(ConditionError::new(message, &ending, self.at));
                }
                None => return Err(ConditionError::new("expected ')'".to_owned(), &ending, self.at)),
            }
        }
        self.enough(found, predicate, &ending)?;
        Ok(args)
    }

    /// One argument may be left out altogether and is then empty; of two, both must stand there.
    fn enough(&self, found: usize, predicate: &Predicate, ending: &str) -> Result<(), ConditionError> {
        if predicate.args < 2 || found == predicate.args {
            return Ok(());
        }
        let message =
            format!("missing arguments (got {}/{}), type 'string' expected", found.max(1), predicate.args);
        Err(ConditionError::new(message, ending, self.at))
    }

    fn unparsable(&self, from: usize, offset: usize) -> ConditionError {
        let message = format!("unparsable conditional expression '{}'", self.text[from..].as_bstr());
        ConditionError::new(message, "", offset)
    }

    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }
}

/// A predicate takes one or two strings.
struct Predicate {
    name: &'static str,
    args: usize,
    run: fn(&Facts, &Environment, &[BString; 2]) -> bool,
}

const PREDICATES: &[Predicate] = &[
    Predicate {
        name: "awslc_api_atleast",
        args: 1,
        run: |facts, _, args| awslc(facts, args, |api, asked| api >= asked),
    },
    Predicate {
        name: "awslc_api_before",
        args: 1,
        run: |facts, _, args| awslc(facts, args, |api, asked| api < asked),
    },
    Predicate { name: "defined", args: 1, run: |_, env, args| env.get(&args[0]).is_some() },
    Predicate { name: "enabled", args: 1, run: |facts, _, args| facts.enabled(&args[0]) },
    Predicate { name: "feature", args: 1, run: |facts, _, args| facts.feature(&args[0]) },
    Predicate {
        name: "fips_mode",
        args: 1,
        run: |facts, _, _| facts.ssl.as_ref().is_some_and(|ssl| ssl.fips),
    },
    Predicate {
        name: "openssl_version_atleast",
        args: 1,
        run: |facts, _, args| openssl(facts, args, |have, asked| have >= asked),
    },
    Predicate {
        name: "openssl_version_before",
        args: 1,
        run: |facts, _, args| openssl(facts, args, |have, asked| have < asked),
    },
    Predicate {
        name: "ssllib_name_startswith",
        args: 1,
        run: |facts, _, args| facts.ssl.as_ref().is_some_and(|ssl| ssl.name.as_bytes().starts_with(&args[0])),
    },
    Predicate { name: "streq", args: 2, run: |_, _, args| args[0] == args[1] },
    Predicate { name: "strneq", args: 2, run: |_, _, args| args[0] != args[1] },
    Predicate { name: "strstr", args: 2, run: |_, _, args| args[0].contains_str(&args[1]) },
    Predicate {
        name: "version_atleast",
        args: 1,
        run: |facts, _, args| facts.version >= Version::parse(&args[0]),
    },
    Predicate {
        name: "version_before",
        args: 1,
        run: |facts, _, args| facts.version < Version::parse(&args[0]),
    },
];

fn openssl(facts: &Facts, args: &[BString; 2], compare: fn(Version, Version) -> bool) -> bool {
    let Some(ssl) = &facts.ssl else { return false };
    args[0].first().is_some_and(u8::is_ascii_digit) && compare(ssl.openssl, Version::parse(&args[0]))
}

fn awslc(facts: &Facts, args: &[BString; 2], compare: fn(u64, u64) -> bool) -> bool {
    let Some(api) = facts.ssl.as_ref().and_then(|ssl| ssl.awslc_api) else { return false };
    args[0].to_str().ok().and_then(|text| text.parse().ok()).is_some_and(|asked| compare(api, asked))
}

#[cfg(test)]
mod tests;
