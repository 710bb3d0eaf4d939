//! Text of log items: quoting, escaping, encoding (manual §8.2.6, §8.6).

use crate::cast;
use crate::value::{Type, Value};

/// Flags of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// `Q`: between double quotes.
    pub const QUOTE: Flags = Flags(1);
    /// `X`: numbers and addresses in hexadecimal.
    pub const HEX: Flags = Flags(2);
    /// `E`: a backslash before `"`, `\` and `]`.
    pub const ESCAPE: Flags = Flags(4);
    /// `bin`: bytes as they are.
    pub const BINARY: Flags = Flags(8);
    /// `json`.
    pub const JSON: Flags = Flags(16);
    /// `cbor`.
    pub const CBOR: Flags = Flags(32);
    /// A dash stands for what does not exist (logs).
    pub const DASH: Flags = Flags(64);
    /// Bytes a header must not have become `%XX` (everything but logs).
    pub const HTTP: Flags = Flags(128);

    /// Both together.
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Without the other's.
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    /// True when one of the other's is set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// True when values are encoded as JSON or CBOR.
    pub const fn encodes(self) -> bool {
        self.has(Flags::JSON.with(Flags::CBOR))
    }
}

/// Where an alias writes its value; knows the item's flags.
pub struct Out<'o> {
    to: &'o mut Vec<u8>,
    flags: Flags,
    /// What is written is a member of an encoded object.
    pub(super) encoder: Option<Type>,
}

impl<'o> Out<'o> {
    pub(super) fn new(to: &'o mut Vec<u8>, flags: Flags) -> Out<'o> {
        Out { to, flags, encoder: None }
    }

    pub(super) fn encoding(to: &'o mut Vec<u8>, flags: Flags, kind: Type) -> Out<'o> {
        Out { to, flags, encoder: Some(kind) }
    }

    /// The item's flags.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Nothing to show.
    pub fn none(&mut self) {
        if let Some(kind) = self.encoder {
            return super::encode::none(self.flags, kind, self.to);
        }
        self.quoted(|out, flags| {
            if flags.has(Flags::DASH) && !flags.has(Flags::QUOTE) {
                out.push(b'-');
            }
        });
    }

    /// A value whose text needs no escaping, written by the closure.
    pub fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.encoder.is_some() {
            let mut text = Vec::new();
            write(&mut text);
            return super::encode::text(self.flags, self.encoder, &text, self.to);
        }
        self.quoted(|out, _| write(out));
    }

    /// A number; quotes are for texts only.
    pub fn int(&mut self, number: i64) {
        if let Some(kind) = self.encoder {
            return super::encode::int(self.flags, kind, number, self.to);
        }
        self.to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A number with a plus before it, which encodings leave away.
    pub fn int_with_plus(&mut self, number: i64) {
        if self.encoder.is_none() {
            self.to.push(b'+');
        }
        self.int(number);
    }

    /// A date, hexadecimal number or state, which quotes are not for.
    pub fn bare(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.encoder.is_some() {
            return self.plain(write);
        }
        write(self.to);
    }

    /// Text of the configuration or of a name: control characters are escaped.
    pub fn text(&mut self, text: &[u8]) {
        self.escaped(text, LOG);
    }

    /// Text of the message inside braces, where `{|}` are special too.
    pub fn captured(&mut self, text: &[u8]) {
        self.escaped(text, HEADER);
    }

    /// Text of an expression: logs show it as it is.
    pub fn expression(&mut self, text: &[u8]) {
        if text.is_empty() {
            return self.none();
        }
        let flags = self.flags;
        if flags.has(Flags::HTTP) && !flags.has(Flags::BINARY) {
            self.quoted(|out, _| escape(text, b'%', HTTP, out));
        } else {
            self.quoted(|out, flags| {
                if flags.has(Flags::ESCAPE) { backslash(text, out) } else { out.extend_from_slice(text) }
            });
        }
    }

    /// A typed value.
    pub fn value(&mut self, value: &Value<'_>) {
        match (self.encoder, value) {
            (Some(_), value) => super::encode::value(self.flags, self.encoder, value, self.to),
            (None, Value::Str(text) | Value::Bin(text) | Value::Meth(_, text)) => self.expression(text),
            (None, value) => self.plain(|out| cast::write_text(value, out)),
        }
    }

    /// Raw bytes beside values: separators of lists. Encodings have none.
    pub fn raw(&mut self, write: impl FnOnce(&mut Vec<u8>, Flags)) {
        write(self.to, self.flags);
    }

    /// True inside an encoded object.
    pub fn encodes(&self) -> bool {
        self.encoder.is_some()
    }

    fn escaped(&mut self, text: &[u8], unsafe_bytes: &Unsafe) {
        if self.encoder.is_some() {
            return super::encode::text(self.flags, self.encoder, text, self.to);
        }
        if text.is_empty() {
            return self.none();
        }
        self.quoted(|out, flags| {
            if flags.has(Flags::ESCAPE) {
                escape_both(text, unsafe_bytes, out);
            } else {
                escape(text, b'#', unsafe_bytes, out);
            }
        });
    }

    fn quoted(&mut self, write: impl FnOnce(&mut Vec<u8>, Flags)) {
        if self.flags.has(Flags::QUOTE) {
            self.to.push(b'"');
            write(self.to, self.flags);
            self.to.push(b'"');
        } else {
            write(self.to, self.flags);
        }
    }
}

/// Which bytes must not stand as they are.
pub type Unsafe = [bool; 256];

const fn table(special: &[u8], high_too: bool) -> Unsafe {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 32 || byte == 127 || (high_too && byte > 127);
        byte += 1;
    }
    let mut index = 0;
    while index < special.len() {
        table[special[index] as usize] = true;
        index += 1;
    }
    table
}

/// Bytes escaped in log lines.
pub const LOG: &Unsafe = &table(b"\"#", true);
/// Bytes escaped in captured headers.
pub const HEADER: &Unsafe = &table(b"\"#{|}", true);
/// Bytes a header field must not have.
pub const HTTP: &Unsafe = &{
    let mut table = table(b"", false);
    table[b'\t' as usize] = false;
    table
};

/// Appends `text` with unsafe bytes as the mark and two hexadecimal digits.
pub fn escape(text: &[u8], mark: u8, unsafe_bytes: &Unsafe, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| unsafe_bytes[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        push_hex(mark, rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// As `escape`, and a backslash before what RFC 5424 wants escaped.
pub fn escape_both(text: &[u8], unsafe_bytes: &Unsafe, out: &mut Vec<u8>) {
    for byte in text {
        if unsafe_bytes[usize::from(*byte)] {
            push_hex(b'#', *byte, out);
        } else if matches!(byte, b'"' | b'\\' | b']') {
            out.extend_from_slice(&[b'\\', *byte]);
        } else {
            out.push(*byte);
        }
    }
}

fn backslash(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if matches!(byte, b'"' | b'\\' | b']') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
}

fn push_hex(mark: u8, byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[mark, DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}
