//! Cookies in `cookie` and `set-cookie` values: found, read and taken out as HAProxy does it.
//!
//! Pairs end at `;` or `,` outside of quotes. A word without `=` is no cookie and stays where it is.

use std::ops::Range;

use memchr::memchr3;

/// One `name=value` of a field's value. Ranges are offsets in that value; blanks around them are outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Name as written (cookie names are case-sensitive).
    pub name: &'a [u8],
    /// Value with its quotes, if any.
    pub value: &'a [u8],
    /// Where name and value stand, from the name's first to the value's last byte.
    pub range: Range<usize>,
    /// Where the value stands.
    pub value_range: Range<usize>,
    /// Offset behind the separator that ends the pair, or the value's length.
    pub next: usize,
}

/// All cookies of a `cookie` value in order.
pub fn scan(header: &[u8]) -> Scan<'_> {
    Scan { header, at: 0 }
}

/// The cookie a `set-cookie` value sets: its first pair; what follows are attributes.
pub fn set_cookie(header: &[u8]) -> Option<Pair<'_>> {
    scan(header).next().filter(|pair| memchr::memchr2(b';', b',', &header[..pair.range.start]).is_none())
}

/// The first cookie of that name.
pub fn find<'a>(header: &'a [u8], name: &[u8]) -> Option<Pair<'a>> {
    scan(header).find(|pair| pair.name == name)
}

/// The first cookie that is no `$` attribute of RFC 2965: what "any cookie" means.
pub fn first(header: &[u8]) -> Option<Pair<'_>> {
    scan(header).find(|pair| !pair.name.starts_with(b"$"))
}

/// Writes `header` without the pair; nothing is written when nothing is left and the field should go.
pub fn without(header: &[u8], pair: &Pair<'_>, out: &mut Vec<u8>) {
    let before = header[..pair.range.start].trim_ascii_end();
    let before =
        before.strip_suffix(b";").or_else(|| before.strip_suffix(b",")).unwrap_or(before).trim_ascii_end();
    let after = header[pair.next..].trim_ascii_start();
    out.extend_from_slice(before);
    if !before.is_empty() && !after.is_empty() {
        out.extend_from_slice(b"; ");
    }
    out.extend_from_slice(after);
}

/// Iterator of [`scan`].
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    header: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        while self.at < self.header.len() {
            let start = self.at + blanks(&self.header[self.at..]);
            let end =
                memchr3(b'=', b';', b',', &self.header[start..]).map_or(self.header.len(), |at| start + at);
            if self.header.get(end) != Some(&b'=') {
                self.at = end + 1;
                continue;
            }
            let name = self.header[start..end].trim_ascii_end();
            let value_start = end + 1 + blanks(&self.header[end + 1..]);
            let stop = value_start + value_length(&self.header[value_start..]);
            let value = self.header[value_start..stop].trim_ascii_end();
            let value_end = value_start + value.len();
            let next = (stop + 1).min(self.header.len());
            self.at = next;
            return Some(Pair {
                name,
                value,
                range: start..value_end,
                value_range: value_start..value_end,
                next,
            });
        }
        None
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Bytes up to the separator; quotes hide separators, and a backslash hides a quote within them.
fn value_length(text: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' | b',' if !quoted => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(header: &str) -> String {
        let mut text = header.as_bytes().to_vec();
        while let Some(pair) = find(&text, b"SRV") {
            let mut out = Vec::new();
            without(&text, &pair, &mut out);
            text = out;
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn removal_leaves_what_the_original_leaves() {
        for (header, rest) in [
            ("SRV=s1; a=1", "a=1"),
            ("a=1; SRV=s1", "a=1"),
            ("a=1;SRV=s1;b=2", "a=1; b=2"),
            ("SRV=s1", ""),
            ("a=1 ; SRV=s1 ; b=2", "a=1; b=2"),
            ("a=1, SRV=s1; b=2", "a=1; b=2"),
            ("a=1;  SRV=s1;;b=3", "a=1; ;b=3"),
            ("SRV = s1; a=3", "a=3"),
            ("a=\"x;y\"; SRV=s1; c=1", "a=\"x;y\"; c=1"),
            ("srv=s1; a=1", "srv=s1; a=1"),
            ("SRV; a=1", "SRV; a=1"),
            ("SRV=; a=1", "a=1"),
            ("SRV=s1;", ""),
            (";SRV=s1", ""),
            ("a=1; SRV=s1; SRV=s1; b=2", "a=1; b=2"),
        ] {
            assert_eq!(removed(header), rest, "{header}");
        }
    }

    #[test]
    fn values_are_read_as_the_original_reads_them() {
        for (header, a) in [
            ("a=1; b=2", Some("1")),
            ("a = 1 ;b= 2", Some("1")),
            ("a=\"x;y\"; b=2", Some("\"x;y\"")),
            ("a=\"x,y\"; b=2", Some("\"x,y\"")),
            ("a=1, b=2", Some("1")),
            ("a=1=2; b", Some("1=2")),
            ("A=1; b", None),
            ("a;b=1", None),
            ("a=; b=2", Some("")),
            ("=1; a=3", Some("3")),
            ("ab=1; a=2", Some("2")),
            ("a=x y; b=1", Some("x y")),
            ("a=\"1\\\"2\"; b=4", Some("\"1\\\"2\"")),
            ("a=\"unterm; b=4", Some("\"unterm; b=4")),
        ] {
            let found =
                find(header.as_bytes(), b"a").map(|pair| String::from_utf8_lossy(pair.value).into_owned());
            assert_eq!(found.as_deref(), a, "{header}");
        }
        assert_eq!(first(b"$Version=1; a=2").map(|pair| pair.name), Some(&b"a"[..]));
        assert_eq!(set_cookie(b"a=1; SRV=x").map(|pair| pair.name), Some(&b"a"[..]));
        assert_eq!(set_cookie(b"SRV; path=/"), None);
    }

    proptest::proptest! {
        #[test]
        fn ranges_hold_what_they_name(header in "[a=;, \"\\\\]{0,20}") {
            for pair in scan(header.as_bytes()) {
                assert_eq!(&header.as_bytes()[pair.value_range.clone()], pair.value);
                without(header.as_bytes(), &pair, &mut Vec::new());
            }
        }
    }
}
