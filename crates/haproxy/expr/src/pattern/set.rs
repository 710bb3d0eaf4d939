//! The text of patterns and map values: one buffer and short entries, so that a million lines stay compact.

use std::sync::Arc;

/// A piece of a set's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    start: u32,
    len: u32,
}

/// One pattern and, in maps, its value.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Piece,
    value: Piece,
    live: bool,
}

/// Entries by number; numbers are never used again, so a removed entry leaves a hole.
#[derive(Clone, Debug, Default)]
pub struct Set {
    base: Arc<[u8]>,
    extra: Vec<u8>,
    slots: Vec<Slot>,
    holes: usize,
    /// Bytes of `extra` and `base` that no entry points to any more.
    wasted: usize,
}

/// How the lines of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// A whole line is a pattern.
    Patterns,
    /// First word is the pattern, the rest its value.
    Pairs,
}

/// Less waste than this is not worth the work.
const WASTE_LEAST_BYTES: usize = 64 * 1024;

impl Set {
    /// Reads the lines of a file: blanks before a line, empty lines and lines that begin with `#` do not count.
    pub fn from_file(content: Vec<u8>, lines: Lines) -> Set {
        // pieces are 32-bit: what lies beyond 4 GB cannot be addressed and is not read
        let mut base = content;
        base.truncate(u32::MAX as usize);
        let mut slots = Vec::with_capacity(memchr::memchr_iter(b'\n', &base).count() + 1);
        let mut start = 0;
        while start < base.len() {
            let end = memchr::memchr(b'\n', &base[start..]).map_or(base.len(), |length| start + length);
            if let Some(slot) = line(&base, start, end, lines) {
                slots.push(slot);
            }
            start = end + 1;
        }
        slots.shrink_to_fit();
        Set { base: base.into(), extra: Vec::new(), slots, holes: 0, wasted: 0 }
    }

    /// Adds an entry; its number.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> u32 {
        let key = self.keep(key);
        let value = self.keep(value);
        self.slots.push(Slot { key, value, live: true });
        self.slots.len() as u32 - 1
    }

    /// Gives an entry another value.
    pub fn set_value(&mut self, id: u32, value: &[u8]) {
        if self.value(id) == value {
            return;
        }
        let value = self.keep(value);
        if let Some(slot) = self.slots.get_mut(id as usize) {
            self.wasted += slot.value.len as usize;
            slot.value = value;
        }
        self.squeeze();
    }

    /// Writes the text anew once more than half of it is waste. Numbers stay.
    fn squeeze(&mut self) {
        let total = self.base.len() + self.extra.len();
        if self.wasted < WASTE_LEAST_BYTES || self.wasted * 2 < total {
            return;
        }
        let old = std::mem::take(self);
        for slot in &old.slots {
            let (key, value) =
                if slot.live { (old.text(slot.key), old.text(slot.value)) } else { (&b""[..], &b""[..]) };
            let (key, value) = (self.keep(key), self.keep(value));
            self.slots.push(Slot { key, value, live: slot.live });
        }
        self.holes = old.holes;
    }

    /// The same entries with numbers from 0 on and no waste.
    pub fn packed(&self) -> Set {
        let mut set = Set::default();
        self.ids().for_each(|id| {
            set.push(self.key(id), self.value(id));
        });
        set
    }

    /// Removes an entry.
    pub fn remove(&mut self, id: u32) {
        if let Some(slot) = self.slots.get_mut(id as usize)
            && slot.live
        {
            slot.live = false;
            self.wasted += (slot.key.len + slot.value.len) as usize;
            self.holes += 1;
        }
    }

    /// True when the entry exists and was not removed.
    pub fn is_live(&self, id: u32) -> bool {
        self.slots.get(id as usize).is_some_and(|slot| slot.live)
    }

    /// True when more was removed than is left: time to build the set anew.
    pub fn is_sparse(&self) -> bool {
        self.holes > 1024 && self.holes > self.len()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.slots.len() - self.holes
    }

    /// True when there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pattern of an entry.
    pub fn key(&self, id: u32) -> &[u8] {
        self.slots.get(id as usize).map_or(b"", |slot| self.text(slot.key))
    }

    /// Value of an entry.
    pub fn value(&self, id: u32) -> &[u8] {
        self.slots.get(id as usize).map_or(b"", |slot| self.text(slot.value))
    }

    /// Line of an entry that came from a file, from 1.
    pub fn line(&self, id: u32) -> usize {
        let start = self.slots.get(id as usize).map_or(0, |slot| slot.key.start as usize);
        memchr::memchr_iter(b'\n', &self.base[..start.min(self.base.len())]).count() + 1
    }

    /// Numbers of all entries, in order.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.live).map(|(id, _)| id as u32)
    }

    fn text(&self, piece: Piece) -> &[u8] {
        let (start, end) = (piece.start as usize, piece.start as usize + piece.len as usize);
        match start.checked_sub(self.base.len()) {
            None => &self.base[start..end],
            Some(start) => &self.extra[start..start + piece.len as usize],
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Piece {
        let start = (self.base.len() + self.extra.len()) as u32;
        self.extra.extend_from_slice(bytes);
        Piece { start, len: bytes.len() as u32 }
    }
}

fn line(base: &[u8], mut start: usize, mut end: usize, lines: Lines) -> Option<Slot> {
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    if base.get(start) == Some(&b'#') {
        return None;
    }
    while start < end && blank(base[start]) {
        start += 1;
    }
    while start < end && base[end - 1] == b'\r' {
        end -= 1;
    }
    if start == end {
        return None;
    }
    let piece = |from: usize, to: usize| Piece { start: from as u32, len: (to - from) as u32 };
    match lines {
        Lines::Patterns => Some(Slot { key: piece(start, end), value: Piece::default(), live: true }),
        Lines::Pairs => {
            let key_end =
                base[start..end].iter().position(|byte| blank(*byte)).map_or(end, |length| start + length);
            while end > key_end && blank(base[end - 1]) {
                end -= 1;
            }
            let mut value = key_end;
            while value < end && blank(base[value]) {
                value += 1;
            }
            Some(Slot { key: piece(start, key_end), value: piece(value, end), live: true })
        }
    }
}
