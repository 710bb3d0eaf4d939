//! The fastest level of deflate (RFC 1951): fixed codes, one candidate for each match, none across calls. It keeps no window,
//! so a stream costs sixteen kilobytes while it is at work, and a call compares only bytes it was given.

/// Bits of a hash of four bytes: the table stays in the first cache.
const HASH_BITS: u32 = 13;
/// Bytes looked at with one table: positions in it have 16 bits, 0 is none.
const SEGMENT_MAX: usize = 65_534;
/// Shortest and longest match that is written.
const MATCH_MIN: usize = 4;
const MATCH_MAX: usize = 258;
/// Farthest match.
const DISTANCE_MAX: usize = 32_768;
/// Misses after which the search takes one byte more a step: data that does not compress is passed over soon.
const SKIP_SHIFT: usize = 6;

/// Codes of literals: the code, reversed, and its bits from bit 16 on.
const LITERALS: [u32; 256] = literals();
/// Codes of match lengths with their extra bits, and the number of both from bit 16 on.
const LENGTHS: [u32; MATCH_MAX + 1] = lengths();

/// An encoder at work.
#[derive(Debug)]
pub struct Fast {
    table: Box<[u16; 1 << HASH_BITS]>,
    bits: u64,
    count: u32,
    /// True within a block of fixed codes.
    open: bool,
}

impl Default for Fast {
    fn default() -> Self {
        Fast { table: Box::new([0; 1 << HASH_BITS]), bits: 0, count: 0, open: false }
    }
}

impl Fast {
    /// Back to the start of a stream.
    pub fn reset(&mut self) {
        self.bits = 0;
        self.count = 0;
        self.open = false;
    }

    /// Compresses `input` behind what `out` holds.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for segment in input.chunks(SEGMENT_MAX) {
            let before = (out.len(), self.bits, self.count, self.open);
            self.segment(segment, out);
            if out.len() - before.0 > segment.len() + 5 {
                // it grew: as it is then
                out.truncate(before.0);
                (_, self.bits, self.count, self.open) = before;
                self.stored(segment, out);
            }
        }
    }

    /// Ends on a byte, so that all of the input can be read back.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.stored(&[], out);
    }

    /// Ends the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        // an empty last block of fixed codes
        self.put(0b011, 3 + 7, out);
        self.align(out);
    }

    /// A block without codes, empty to reach the end of a byte.
    fn stored(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.close(out);
        self.put(0, 3, out);
        self.align(out);
        let length = bytes.len() as u16;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(bytes);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.open) {
            self.put(0, 7, out);
        }
    }

    fn put(&mut self, value: u64, bits: u32, out: &mut Vec<u8>) {
        self.bits |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            out.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    fn align(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            out.push(self.bits as u8);
            self.bits = 0;
            self.count = 0;
        }
    }

    fn segment(&mut self, input: &[u8], out: &mut Vec<u8>) {
        if !self.open {
            self.open = true;
            self.put(0b010, 3, out);
        }
        let start = out.len();
        // no literal takes more than nine bits
        out.resize(start + input.len() + input.len() / 8 + 16, 0);
        let mut writer = Writer { bits: self.bits, count: self.count, at: 0, room: &mut out[start..] };
        self.table.fill(0);
        let mut at = 0;
        let mut literals_from = 0;
        while at + MATCH_MIN < input.len() {
            let word = word_at(input, at);
            let slot = &mut self.table[hash(word)];
            let candidate = usize::from(*slot);
            *slot = at as u16 + 1;
            // positions are kept one up
            let Some(from) = candidate
                .checked_sub(1)
                .filter(|from| at - from <= DISTANCE_MAX && word_at(input, *from) == word)
            else {
                at += 1 + ((at - literals_from) >> SKIP_SHIFT);
                continue;
            };
            let length = match_length(input, from, at);
            writer.literals(&input[literals_from..at]);
            writer.matched(length, at - from);
            at += length;
            literals_from = at;
        }
        writer.literals(&input[literals_from..]);
        let (bits, count, written) = (writer.bits, writer.count, writer.at);
        self.bits = bits;
        self.count = count;
        out.truncate(start + written);
        // whole bytes go out: what is kept is less than one
        self.put(0, 0, out);
    }
}

#[inline]
fn word_at(input: &[u8], at: usize) -> u32 {
    input[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[inline]
fn long_at(input: &[u8], at: usize) -> u64 {
    input[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline]
fn hash(word: u32) -> usize {
    (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

/// Bytes that are the same from both places on; the first four are.
#[inline]
fn match_length(input: &[u8], from: usize, at: usize) -> usize {
    let max = MATCH_MAX.min(input.len() - at);
    let mut length = MATCH_MIN;
    while length + 8 <= max {
        let differs = long_at(input, from + length) ^ long_at(input, at + length);
        if differs != 0 {
            return length + (differs.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    while length < max && input[from + length] == input[at + length] {
        length += 1;
    }
    length
}

/// Bits on their way into a buffer that is large enough.
struct Writer<'a> {
    bits: u64,
    count: u32,
    at: usize,
    room: &'a mut [u8],
}

impl Writer<'_> {
    /// At most 32 bits at a time: fewer than 32 wait before and after.
    #[inline]
    fn put(&mut self, value: u32, bits: u32) {
        self.bits |= u64::from(value) << self.count;
        self.count += bits;
        if self.count >= 32 {
            if let Some(room) = self.room[self.at..].first_chunk_mut() {
                *room = (self.bits as u32).to_le_bytes();
            }
            self.at += 4;
            self.bits >>= 32;
            self.count -= 32;
        }
    }

    #[inline]
    fn literals(&mut self, bytes: &[u8]) {
        let mut threes = bytes.chunks_exact(3);
        for three in &mut threes {
            let a = LITERALS[usize::from(three[0])];
            let b = LITERALS[usize::from(three[1])];
            let c = LITERALS[usize::from(three[2])];
            let (first, second) = (a >> 16, (a >> 16) + (b >> 16));
            self.put((a & 0xffff) | (b & 0xffff) << first | (c & 0xffff) << second, second + (c >> 16));
        }
        for byte in threes.remainder() {
            let code = LITERALS[usize::from(*byte)];
            self.put(code & 0xffff, code >> 16);
        }
    }

    #[inline]
    fn matched(&mut self, length: usize, distance: usize) {
        let code = LENGTHS[length];
        let length_bits = code >> 16;
        let (value, bits) = distance_code(distance as u32);
        self.put((code & 0xffff) | value << length_bits, length_bits + bits);
    }
}

/// The five bits of a distance, reversed, with its extra bits behind (RFC 1951 §3.2.5).
#[inline]
fn distance_code(distance: u32) -> (u32, u32) {
    let less = distance - 1;
    let (symbol, extra) = if less < 4 {
        (less, 0)
    } else {
        let top = 31 - less.leading_zeros();
        (2 * top + (less >> (top - 1) & 1), top - 1)
    };
    let reversed = (symbol as u8).reverse_bits() as u32 >> 3;
    (reversed | (less & ((1 << extra) - 1)) << 5, 5 + extra)
}

const fn reversed(code: u32, bits: u32) -> u32 {
    code.reverse_bits() >> (32 - bits)
}

const fn literals() -> [u32; 256] {
    let mut codes = [0; 256];
    let mut byte = 0u32;
    while byte < 256 {
        codes[byte as usize] = if byte < 144 {
            reversed(0x30 + byte, 8) | 8 << 16
        } else {
            reversed(0x190 + byte - 144, 9) | 9 << 16
        };
        byte += 1;
    }
    codes
}

const fn lengths() -> [u32; MATCH_MAX + 1] {
    /// First length of each symbol from 257 on.
    const BASES: [u32; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
        195, 227, 258,
    ];
    let mut codes = [0; MATCH_MAX + 1];
    let mut symbol = 0;
    while symbol < 29 {
        let extra = if symbol < 8 || symbol == 28 { 0 } else { symbol / 4 - 1 };
        let end = if symbol == 28 { 259 } else { BASES[symbol as usize + 1] };
        let (code, bits) = if symbol + 257 < 280 {
            (reversed(symbol + 1, 7), 7)
        } else {
            (reversed(0xc0 + symbol + 257 - 280, 8), 8)
        };
        let mut length = BASES[symbol as usize];
        while length < end && length <= MATCH_MAX as u32 {
            codes[length as usize] = code | (length - BASES[symbol as usize]) << bits | (bits + extra) << 16;
            length += 1;
        }
        symbol += 1;
    }
    codes
}
