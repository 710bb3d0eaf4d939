//! Content codings as sets, for responses that vary on `accept-encoding`.

use haproxy_http::{FieldId, Fields};

/// Codings of IANA's registry; the place is the bit.
const KNOWN: &[&str] = &[
    "aes128gcm",
    "br",
    "compress",
    "deflate",
    "exi",
    "gzip",
    "identity",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
    "dcb",
    "dcz",
];

/// Members of an `accept-encoding` that are looked at; a longer one belongs to nobody honest and is not served from the cache.
const MEMBERS_MAX: usize = 16;

/// A set of content codings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encodings(u16);

const ALL: u16 = (1 << KNOWN.len()) - 1;

fn bit(token: &[u8]) -> Option<u16> {
    KNOWN.iter().position(|name| token.eq_ignore_ascii_case(name.as_bytes())).map(|at| 1 << at)
}

fn identity() -> u16 {
    bit(b"identity").unwrap_or_default()
}

impl Encodings {
    /// What a request accepts; without the field everything, with an empty one nothing but the thing itself. None when
    /// the field is too long to be looked at.
    pub fn accepted(request: &Fields) -> Option<Encodings> {
        let mut named = 0u16;
        let mut refused = 0u16;
        let mut star = false;
        let mut members = 0;
        let mut present = false;
        for field in request.all(FieldId::AcceptEncoding) {
            present = true;
            for member in field.value.split(|byte| *byte == b',') {
                let mut parts = member.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
                let token = parts.next().unwrap_or_default();
                if token.is_empty() {
                    continue;
                }
                members += 1;
                if members > MEMBERS_MAX {
                    return None;
                }
                let allowed = !parts.any(is_zero_weight);
                match bit(token) {
                    Some(bit) if allowed => named |= bit,
                    Some(bit) => refused |= bit,
                    None if token == b"*" => star = allowed,
                    None => {}
                }
            }
        }
        if !present {
            return Some(Encodings(ALL));
        }
        let others = if star { ALL } else { 0 };
        // the thing itself is accepted unless refused by its name, as the original has it: `*;q=0` does not refuse it
        Some(Encodings(named | ((others | identity()) & !refused)))
    }

    /// What a response is encoded with. None when a coding is unknown.
    pub fn of_content(response: &Fields) -> Option<Encodings> {
        let mut set = 0;
        for field in response.all(FieldId::ContentEncoding) {
            for token in field.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if !token.is_empty() {
                    set |= bit(token)?;
                }
            }
        }
        Some(Encodings(if set == 0 { identity() } else { set }))
    }

    /// True when every coding of `content` is in this set.
    pub fn accepts(self, content: Encodings) -> bool {
        content.0 & !self.0 == 0
    }

    /// The set as a number, for listings.
    pub fn bits(self) -> u16 {
        self.0
    }
}

fn is_zero_weight(parameter: &[u8]) -> bool {
    let value = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    value.is_some_and(|value| {
        value.starts_with(b"0") && value[1..].iter().all(|byte| matches!(byte, b'.' | b'0'))
    })
}
