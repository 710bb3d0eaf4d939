//! The lines of a head: start lines and field lines, found and checked in one pass over the received bytes.

use memchr::{memchr, memchr2};

use super::error::{H1Error, H1ErrorKind};
use crate::fields::{Fields, Span};
use crate::name::FieldId;

/// Lower-case form of each token character (RFC 9110 §5.6.2), 0 for all others.
static TOKEN_LOWER: [u8; 256] = token_table();

const fn token_table() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut c = 0;
    while c < 256 {
        let byte = c as u8;
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+')
            || matches!(byte, b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
        {
            table[c] = byte.to_ascii_lowercase();
        }
        c += 1;
    }
    table
}

/// True for a character of a token.
pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN_LOWER[byte as usize] != 0
}

pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Without blanks at both ends.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

/// How strictly lines are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineRules {
    /// NUL in values is taken, fields with bad names are dropped instead of refused.
    pub relaxed: bool,
    /// Field lines that may be declared before `TooManyFields`.
    pub fields_max: usize,
}

/// How reading field lines ended.
pub(crate) enum FieldLines {
    /// The empty line was met; the offset just behind it.
    Complete(usize),
    /// More bytes are needed.
    Partial,
}

/// What reading field lines noticed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noticed {
    /// Bit `1 << id` for each known field.
    pub ids: u64,
    /// Some value spans several lines and holds line ends that must become blanks.
    pub folded: bool,
    /// Field lines met.
    pub lines: usize,
    /// Bytes of names and values.
    pub text: usize,
}

impl Noticed {
    pub(crate) fn has(&self, id: FieldId) -> bool {
        self.ids & (1 << id as u8) != 0
    }
}

/// Reads field lines of `buf` from `at` until the empty line; spans are declared relative to `base`.
pub(crate) fn field_lines(
    buf: &[u8],
    mut at: usize,
    base: usize,
    rules: LineRules,
    fields: &mut Fields,
    noticed: &mut Noticed,
) -> Result<FieldLines, H1Error> {
    let mut dropped = false;
    loop {
        let Some(length) = memchr(b'\n', &buf[at..]) else { return Ok(FieldLines::Partial) };
        let next = at + length + 1;
        let end = if length > 0 && buf[next - 2] == b'\r' { next - 2 } else { next - 1 };
        if end == at {
            return Ok(FieldLines::Complete(next));
        }
        if is_blank(buf[at]) {
            if !dropped {
                fold(buf, at, end, base, rules, fields, noticed)?;
            }
        } else {
            noticed.lines += 1;
            if noticed.lines > rules.fields_max {
                return Err(H1Error::new(H1ErrorKind::TooManyFields, at));
            }
            dropped = !field_line(buf, at, end, base, rules, fields, noticed)?;
        }
        at = next;
    }
}

/// One field line `buf[at..end]`; false when it was dropped for its name.
fn field_line(
    buf: &[u8],
    at: usize,
    end: usize,
    base: usize,
    rules: LineRules,
    fields: &mut Fields,
    noticed: &mut Noticed,
) -> Result<bool, H1Error> {
    let mut lower = [0u8; FieldId::LONGEST];
    let mut length = 0;
    let line = &buf[at..end];
    for &byte in line {
        let low = TOKEN_LOWER[byte as usize];
        if low == 0 {
            break;
        }
        if let Some(slot) = lower.get_mut(length) {
            *slot = low;
        }
        length += 1;
    }
    if length == 0 || line.get(length) != Some(&b':') {
        if rules.relaxed && length > 0 && memchr(b':', line).is_some() {
            return Ok(false);
        }
        return Err(H1Error::new(H1ErrorKind::FieldName, at + length));
    }
    let id = lower.get(..length).map_or(FieldId::Other, FieldId::of);
    let raw = &line[length + 1..];
    check_value(raw, at + length + 1, rules)?;
    let value = trim(raw);
    // The offset of a trimmed-away value is its line's end, so that a folded line can still extend it.
    let lead = raw.iter().take_while(|byte| is_blank(**byte)).count();
    let start = at + length + 1 + lead;
    fields.push_parsed(id, span(at - base, length), span(start - base, value.len()));
    if id != FieldId::Other {
        noticed.ids |= 1 << id as u8;
    }
    noticed.text += length + value.len();
    Ok(true)
}

/// A line that continues the previous value (RFC 9112 §5.2: joined with blanks in place of the line end).
fn fold(
    buf: &[u8],
    at: usize,
    end: usize,
    base: usize,
    rules: LineRules,
    fields: &mut Fields,
    noticed: &mut Noticed,
) -> Result<(), H1Error> {
    if fields.is_empty() {
        return Err(H1Error::new(H1ErrorKind::FoldedFirst, at));
    }
    let line = &buf[at..end];
    check_value(line, at, rules)?;
    let text = trim(line);
    if !text.is_empty() {
        let lead = line.iter().take_while(|byte| is_blank(**byte)).count();
        let text_start = at + lead;
        let last = fields.len() - 1;
        if fields.value_span(last).is_some_and(|value| value.len == 0) {
            fields.set_value_span(last, span(text_start - base, text.len()));
        } else {
            fields.extend_last((text_start + text.len() - base) as u32);
            noticed.folded = true;
        }
        noticed.text += end - at + 2;
    }
    Ok(())
}

fn check_value(value: &[u8], at: usize, rules: LineRules) -> Result<(), H1Error> {
    match memchr2(b'\r', 0, value) {
        None => Ok(()),
        Some(_) if rules.relaxed && memchr(b'\r', value).is_none() => Ok(()),
        Some(position) => Err(H1Error::new(H1ErrorKind::FieldValue, at + position)),
    }
}

/// Turns line ends inside folded values into blanks, once the head is in the fields' own buffer.
pub(crate) fn unfold(fields: &mut Fields) {
    for index in 0..fields.len() {
        if let Some(value) = fields.value_span(index) {
            let range = value.start as usize..(value.start + value.len) as usize;
            for byte in &mut fields.buffer_mut()[range] {
                if *byte == b'\r' || *byte == b'\n' {
                    *byte = b' ';
                }
            }
        }
    }
}

pub(crate) fn span(start: usize, len: usize) -> Span {
    Span { start: start as u32, len: len as u32 }
}
