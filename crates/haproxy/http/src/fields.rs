//! The ordered list of fields of a message, over one buffer.
//!
//! Text is never moved: a changed or added field is written at the end of the buffer and its entry points there.
//! Clearing keeps both allocations, so a connection that carries many messages allocates for the first one only.

use crate::FieldId;

/// One field line as seen by a reader. Names are lower-case (HAProxy's wire form), values keep their case and are trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Position in the list, valid until the list changes.
    pub index: usize,
    /// The known number of the name, or `FieldId::Other`.
    pub id: FieldId,
    /// Lower-case name.
    pub name: &'a [u8],
    /// Value without surrounding blanks.
    pub value: &'a [u8],
}

/// A piece of the message's buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    pub(crate) fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start as usize..(self.start + self.len) as usize]
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Span,
    value: Span,
    id: FieldId,
}

/// Ordered fields over one buffer. Order of wire is kept; `set` removes all of a name and appends one at the end.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    buffer: Vec<u8>,
    entries: Vec<Entry>,
}

impl Fields {
    /// Empties the list and the buffer, keeping both allocations.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.entries.clear();
    }

    /// Number of field lines.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes the head can take on the wire at most; found without looking at any field.
    pub fn wire_bound(&self) -> usize {
        self.buffer.len() + 4 * self.entries.len()
    }

    /// Bytes of all names and values.
    pub fn text_len(&self) -> usize {
        self.entries.iter().map(|entry| (entry.name.len + entry.value.len) as usize).sum()
    }

    /// True when there is no field.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All fields in wire order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Field<'_>> + Clone {
        self.entries.iter().enumerate().map(|(index, entry)| self.field(index, entry))
    }

    /// The field at `index`, if there is one.
    pub fn at(&self, index: usize) -> Option<Field<'_>> {
        self.entries.get(index).map(|entry| self.field(index, entry))
    }

    /// First value of a known name.
    pub fn first(&self, id: FieldId) -> Option<&[u8]> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| entry.value.of(&self.buffer))
    }

    /// All fields of a known name, in order.
    pub fn all(&self, id: FieldId) -> impl DoubleEndedIterator<Item = Field<'_>> + Clone {
        self.entries.iter().enumerate().filter(move |(_, e)| e.id == id).map(|(i, e)| self.field(i, e))
    }

    /// All fields of a name given in lower case (`id` is `FieldId::of(name)`, resolved at load).
    pub fn named<'a>(
        &'a self,
        id: FieldId,
        name: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = Field<'a>> + Clone + 'a {
        self.entries
            .iter()
            .enumerate()
            .filter(move |(_, e)| e.id == id && (id != FieldId::Other || e.name.of(&self.buffer) == name))
            .map(|(i, e)| self.field(i, e))
    }

    /// True when a field of this name exists.
    pub fn contains(&self, id: FieldId) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Adds a field at the end. The name is lower-cased while it is copied; the caller trims the value.
    pub fn append(&mut self, name: &[u8], value: &[u8]) {
        let name = self.store_lower(name);
        let id = FieldId::of(name.of(&self.buffer));
        let value = self.store(value);
        self.entries.push(Entry { name, value, id });
    }

    /// Adds a field of a known name at the end.
    pub fn append_known(&mut self, id: FieldId, value: &[u8]) {
        debug_assert!(id != FieldId::Other);
        let name = self.store(id.name());
        let value = self.store(value);
        self.entries.push(Entry { name, value, id });
    }

    /// Adds a field before the one at `index` (or at the end when there are fewer).
    pub fn insert(&mut self, index: usize, name: &[u8], value: &[u8]) {
        self.append(name, value);
        let last = self.entries.len() - 1;
        if index < last {
            self.entries[index..].rotate_right(1);
        }
    }

    /// Removes all fields of the name, then adds one at the end.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.append(name, value);
    }

    /// Removes all fields of the name (any case); the number removed.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let before = self.entries.len();
        let buffer = &self.buffer;
        self.entries.retain(|entry| !entry.name.of(buffer).eq_ignore_ascii_case(name));
        before - self.entries.len()
    }

    /// Removes all fields of a known name; the number removed.
    pub fn remove_known(&mut self, id: FieldId) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != id);
        before - self.entries.len()
    }

    /// Removes the field at `index`.
    pub fn remove_at(&mut self, index: usize) {
        if index < self.entries.len() {
            self.entries.remove(index);
        }
    }

    /// Keeps only the fields the judge says true to.
    pub fn retain(&mut self, mut judge: impl FnMut(Field<'_>) -> bool) {
        let buffer = &self.buffer;
        let mut index = 0;
        self.entries.retain(|entry| {
            let field =
                Field { index, id: entry.id, name: entry.name.of(buffer), value: entry.value.of(buffer) };
            index += 1;
            judge(field)
        });
    }

    /// Gives the field at `index` another value.
    pub fn replace_value(&mut self, index: usize, value: &[u8]) {
        if index < self.entries.len() {
            self.entries[index].value = self.store(value);
        }
    }

    /// Puts bytes into the buffer without making them a field (start lines live here too).
    pub fn store(&mut self, bytes: &[u8]) -> Span {
        let start = self.buffer.len() as u32;
        self.buffer.extend_from_slice(bytes);
        Span { start, len: bytes.len() as u32 }
    }

    /// The text of a span made by `store`.
    pub fn text(&self, span: Span) -> &[u8] {
        span.of(&self.buffer)
    }

    /// Takes over a whole received head at once; fields are then declared with `push_span`.
    pub fn load(&mut self, head: &[u8]) {
        self.clear();
        self.buffer.extend_from_slice(head);
    }

    /// Declares a field whose name and value are already in the buffer; the name is lower-cased in place.
    pub fn push_span(&mut self, name: Span, value: Span) {
        let range = name.start as usize..(name.start + name.len) as usize;
        self.buffer[range].make_ascii_lowercase();
        let id = FieldId::of(name.of(&self.buffer));
        self.entries.push(Entry { name, value, id });
    }

    /// Declares a field by its place in a head that `adopt` brings in afterwards.
    pub fn push_parsed(&mut self, id: FieldId, name: Span, value: Span) {
        self.entries.push(Entry { name, value, id });
    }

    /// Moves the end of the last field's value (a folded line continues it); false when there is no field.
    pub fn extend_last(&mut self, end: u32) -> bool {
        match self.entries.last_mut() {
            Some(last) => {
                last.value.len = end.saturating_sub(last.value.start);
                true
            }
            None => false,
        }
    }

    /// Takes over the received head for which fields were declared with `push_parsed`: one copy, names lower-cased in it.
    pub fn adopt(&mut self, head: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(head);
        for entry in &self.entries {
            let range = entry.name.start as usize..(entry.name.start + entry.name.len) as usize;
            self.buffer[range].make_ascii_lowercase();
        }
    }

    /// Where the value of the field at `index` lies, for in-place work on `buffer_mut`.
    pub fn value_span(&self, index: usize) -> Option<Span> {
        self.entries.get(index).map(|entry| entry.value)
    }

    /// Points the value of the field at `index` to another piece of the buffer.
    pub fn set_value_span(&mut self, index: usize, value: Span) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.value = value;
        }
    }

    /// Writable view of the buffer, for in-place normalisation while parsing (obs-fold becomes blanks).
    pub fn buffer_mut(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Writes `name: value\r\n` for each field, without the closing empty line.
    pub fn write(&self, out: &mut Vec<u8>) {
        for entry in &self.entries {
            out.extend_from_slice(entry.name.of(&self.buffer));
            out.extend_from_slice(b": ");
            out.extend_from_slice(entry.value.of(&self.buffer));
            out.extend_from_slice(b"\r\n");
        }
    }

    fn store_lower(&mut self, bytes: &[u8]) -> Span {
        let span = self.store(bytes);
        self.buffer[span.start as usize..].make_ascii_lowercase();
        span
    }

    fn field<'a>(&'a self, index: usize, entry: &Entry) -> Field<'a> {
        Field { index, id: entry.id, name: entry.name.of(&self.buffer), value: entry.value.of(&self.buffer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fields: &Fields) -> String {
        let mut out = Vec::new();
        fields.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn set_removes_all_and_appends_one_at_the_end() {
        let mut fields = Fields::default();
        fields.append(b"X-A", b"1");
        fields.append(b"Host", b"h");
        fields.append(b"x-a", b"2");
        fields.set(b"X-a", b"3");
        assert_eq!(text(&fields), "host: h\r\nx-a: 3\r\n");
        assert_eq!(fields.first(FieldId::Host), Some(&b"h"[..]));
    }

    #[test]
    fn insert_keeps_the_order_of_the_others() {
        let mut fields = Fields::default();
        fields.append(b"a", b"1");
        fields.append(b"b", b"2");
        fields.insert(0, b"c", b"3");
        fields.insert(9, b"d", b"4");
        assert_eq!(text(&fields), "c: 3\r\na: 1\r\nb: 2\r\nd: 4\r\n");
    }
}
