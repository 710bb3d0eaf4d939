//! Regular expressions: PCRE2 with its just-in-time compiler.

pub use pcre2::bytes::CaptureLocations as Groups;
use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

use crate::fault::Fault;

/// One compiled expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    text: Box<str>,
}

impl Pattern {
    /// Compiles; `captures` tells whether groups will be asked for.
    pub fn compile(text: &str, ignore_case: bool, captures: bool) -> Result<Pattern, Fault> {
        let _ = captures;
        let regex = RegexBuilder::new().caseless(ignore_case).jit_if_available(true).build(text).map_err(
            |error| {
                let at = error.offset().unwrap_or(0);
                let reason = reason(&error.to_string());
                Fault::new(format!("regex '{text}' is invalid (error={reason}, erroffset={at})"))
            },
        )?;
        Ok(Pattern { regex, text: text.into() })
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when it matches anywhere; a match that exceeds the engine's limits counts as none.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        self.regex.is_match(subject).unwrap_or(false)
    }

    /// Room for the groups of one match; keep it for many.
    pub fn locations(&self) -> CaptureLocations {
        self.regex.capture_locations()
    }

    /// Finds the first match at or after `start` and its groups.
    pub fn find(
        &self,
        groups: &mut CaptureLocations,
        subject: &[u8],
        start: usize,
    ) -> Option<(usize, usize)> {
        let found = self.regex.captures_read_at(groups, subject, start).ok()??;
        Some((found.start(), found.end()))
    }

    /// Appends `template` with `\0` to `\9` replaced by groups and `\x` by x (manual §4.4 `replace-header`).
    pub fn expand(groups: &CaptureLocations, subject: &[u8], template: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < template.len() {
            let byte = template[at];
            at += 1;
            if byte != b'\\' || at == template.len() {
                out.push(byte);
                continue;
            }
            let next = template[at];
            at += 1;
            if next.is_ascii_digit() {
                if let Some((from, to)) = groups.get(usize::from(next - b'0')) {
                    out.extend_from_slice(&subject[from..to]);
                }
            } else if next == b'x' && hex_pair(&template[at..]).is_some() {
                out.extend(hex_pair(&template[at..]));
                at += 2;
            } else {
                out.push(next);
            }
        }
    }
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    Some(digit(*bytes.first()?)? << 4 | digit(*bytes.get(1)?)?)
}

/// The library's own words: the crate puts its own before them.
fn reason(message: &str) -> String {
    match message.rsplit_once(": ") {
        Some((_, reason)) => reason.to_owned(),
        None => message.to_owned(),
    }
}
