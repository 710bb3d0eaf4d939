//! Chunked bodies (RFC 9112 §7.1): a decoder over slices, and what is needed to write chunks without allocating.

use std::fmt;
use std::ops::Range;

use super::line::{self, FieldLines, LineRules, Noticed};
use crate::fields::Fields;
use crate::name::FieldId;

/// Digits of a chunk size that are taken, leading zeroes aside; enough for 4 PB.
const SIZE_DIGITS_MAX: u32 = 13;
/// Bytes of chunk extensions that are skipped in one size line; they carry nothing the proxy needs.
const EXTENSION_MAX: u32 = 16384;

/// What a decoder found in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This range of the input is body data.
    Data(Range<usize>),
    /// All input was used (or, in trailers, must be given again with more behind it).
    NeedMore,
    /// The body is complete; trailers, if any, are in the decoder.
    End,
}

/// Why a chunked body was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// No hexadecimal digit, a foreign character, or a number too large.
    Size,
    /// A bare LF, a CR without LF, or data where the chunk should end.
    LineEnd,
    /// Unbalanced quotes or a control character in a chunk extension.
    Extension,
    /// A bad trailer line.
    Trailer,
    /// Trailers or extensions beyond their limit.
    TooLarge,
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChunkError::Size => "invalid chunk size",
            ChunkError::LineEnd => "invalid end of chunk line",
            ChunkError::Extension => "invalid chunk extension",
            ChunkError::Trailer => "invalid trailer",
            ChunkError::TooLarge => "trailers too large",
        })
    }
}

impl std::error::Error for ChunkError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a size; the number so far, significant digits, whether any digit was seen.
    Size {
        size: u64,
        digits: u32,
        any: bool,
    },
    /// Blanks between size and extension or line end.
    AfterSize {
        size: u64,
    },
    /// In an extension.
    Extension {
        size: u64,
        length: u32,
        quote: Quote,
    },
    /// A CR was seen behind size and extension.
    SizeLf {
        size: u64,
    },
    /// In data; bytes left.
    Data {
        left: u64,
    },
    /// Data is over: CR, then LF.
    DataCr,
    DataLf,
    /// Behind the last chunk's size line.
    Trailers,
    /// All done.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Escaped,
}

/// Decoder of one chunked body. Feed it input from where the last call stopped.
#[derive(Clone, Debug)]
pub struct ChunkDecoder {
    state: State,
    trailers: Fields,
    trailers_max: usize,
    lines_max: usize,
}

impl Default for ChunkDecoder {
    fn default() -> ChunkDecoder {
        ChunkDecoder::new(8192, 100)
    }
}

impl ChunkDecoder {
    /// A decoder that takes at most so many bytes and lines of trailers.
    pub fn new(trailers_max: usize, lines_max: usize) -> ChunkDecoder {
        ChunkDecoder { state: FIRST, trailers: Fields::default(), trailers_max, lines_max }
    }

    /// Makes the decoder ready for another body, keeping its allocations.
    pub fn reset(&mut self) {
        self.state = FIRST;
        self.trailers.clear();
    }

    /// Trailer fields, complete once `End` was returned. Framing fields are taken out of them (RFC 9110 §6.5.1).
    pub fn trailers(&self) -> &Fields {
        &self.trailers
    }

    /// Bytes of the current chunk still to come, for forwarding without looking (0 outside of data).
    pub fn data_left(&self) -> u64 {
        match self.state {
            State::Data { left } => left,
            _ => 0,
        }
    }

    /// Counts bytes of the current chunk that were forwarded without `decode` (at most `data_left`).
    pub fn skip_data(&mut self, bytes: u64) {
        if let State::Data { left } = self.state {
            self.state = match left.saturating_sub(bytes) {
                0 => State::DataCr,
                left => State::Data { left },
            };
        }
    }

    /// True once the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::End
    }

    /// Looks at `input`: bytes consumed and what was found. Call again with the rest until `NeedMore` or `End`.
    pub fn decode(&mut self, input: &[u8]) -> Result<(usize, Step), ChunkError> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.state {
                State::End => return Ok((at, Step::End)),
                State::Trailers => return self.trailer_lines(input, at),
                State::Data { left } => {
                    let take = left.min((input.len() - at) as u64);
                    self.state = if take == left { State::DataCr } else { State::Data { left: left - take } };
                    let end = at + take as usize;
                    return Ok((end, Step::Data(at..end)));
                }
                state => self.state = step(state, byte)?,
            }
            at += 1;
        }
        if self.state == State::End { Ok((at, Step::End)) } else { Ok((at, Step::NeedMore)) }
    }

    /// Trailers are parsed once whole; until then nothing of them is consumed.
    fn trailer_lines(&mut self, input: &[u8], at: usize) -> Result<(usize, Step), ChunkError> {
        self.trailers.clear();
        let rules = LineRules { relaxed: false, fields_max: self.lines_max };
        let mut noticed = Noticed::default();
        let lines = line::field_lines(input, at, at, rules, &mut self.trailers, &mut noticed);
        match lines.map_err(|_| ChunkError::Trailer)? {
            FieldLines::Partial if input.len() - at > self.trailers_max => Err(ChunkError::TooLarge),
            FieldLines::Partial => Ok((at, Step::NeedMore)),
            FieldLines::Complete(end) if end - at > self.trailers_max => Err(ChunkError::TooLarge),
            FieldLines::Complete(end) => {
                self.trailers.adopt(&input[at..end]);
                if noticed.folded {
                    line::unfold(&mut self.trailers);
                }
                for id in [FieldId::ContentLength, FieldId::TransferEncoding, FieldId::Host] {
                    if noticed.has(id) {
                        self.trailers.remove_known(id);
                    }
                }
                self.state = State::End;
                Ok((end, Step::End))
            }
        }
    }
}

const FIRST: State = State::Size { size: 0, digits: 0, any: false };

/// One byte outside of data and trailers.
fn step(state: State, byte: u8) -> Result<State, ChunkError> {
    match state {
        State::Size { size, digits, any } => match (byte as char).to_digit(16) {
            Some(0) if digits == 0 => Ok(State::Size { size, digits, any: true }),
            Some(_) if digits == SIZE_DIGITS_MAX => Err(ChunkError::Size),
            Some(digit) => {
                Ok(State::Size { size: size << 4 | u64::from(digit), digits: digits + 1, any: true })
            }
            None if any => after_size(size, byte),
            None => Err(ChunkError::Size),
        },
        State::AfterSize { size } => after_size(size, byte),
        State::Extension { size, length, quote } => extension(size, length, quote, byte),
        State::SizeLf { size: 0 } if byte == b'\n' => Ok(State::Trailers),
        State::SizeLf { size } if byte == b'\n' => Ok(State::Data { left: size }),
        State::DataCr if byte == b'\r' => Ok(State::DataLf),
        State::DataLf if byte == b'\n' => Ok(FIRST),
        State::SizeLf { .. } | State::DataCr | State::DataLf => Err(ChunkError::LineEnd),
        State::Data { .. } | State::Trailers | State::End => Ok(state),
    }
}

fn after_size(size: u64, byte: u8) -> Result<State, ChunkError> {
    match byte {
        b'\r' => Ok(State::SizeLf { size }),
        b' ' | b'\t' => Ok(State::AfterSize { size }),
        b';' => Ok(State::Extension { size, length: 0, quote: Quote::Outside }),
        b'\n' => Err(ChunkError::LineEnd),
        _ => Err(ChunkError::Size),
    }
}

/// Extensions are dropped, but their quotes must balance: other readers may take a line end inside quotes for text.
fn extension(size: u64, length: u32, quote: Quote, byte: u8) -> Result<State, ChunkError> {
    if length >= EXTENSION_MAX {
        return Err(ChunkError::TooLarge);
    }
    let quote = match (quote, byte) {
        (Quote::Outside, b'\r') => return Ok(State::SizeLf { size }),
        (_, b'\n') => return Err(ChunkError::LineEnd),
        (_, b'\r') => return Err(ChunkError::Extension),
        (Quote::Outside, b'"') => Quote::Inside,
        (Quote::Inside, b'"') => Quote::Outside,
        (Quote::Inside, b'\\') => Quote::Escaped,
        (Quote::Escaped, _) => Quote::Inside,
        (quote, _) => quote,
    };
    Ok(State::Extension { size, length: length + 1, quote })
}

/// The size line of a chunk, `HEX\r\n`, in a small array.
#[derive(Clone, Copy, Debug)]
pub struct SizeLine {
    text: [u8; 18],
    start: u8,
}

impl SizeLine {
    /// The line's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[self.start as usize..]
    }
}

/// The size line for a chunk of so many bytes, in upper-case digits without leading zeroes.
pub fn size_line(size: u64) -> SizeLine {
    let mut text = [0u8; 18];
    text[16..].copy_from_slice(b"\r\n");
    let mut start = 16;
    let mut rest = size;
    loop {
        start -= 1;
        text[start] = b"0123456789ABCDEF"[(rest & 15) as usize];
        rest >>= 4;
        if rest == 0 {
            return SizeLine { text, start: start as u8 };
        }
    }
}

/// Appends one whole chunk; nothing when `data` is empty, for an empty chunk would end the body.
pub fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    if !data.is_empty() {
        out.extend_from_slice(size_line(data.len() as u64).as_bytes());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends the last chunk and the trailers.
pub fn write_end(trailers: &Fields, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    trailers.write(out);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
