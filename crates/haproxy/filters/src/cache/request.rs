//! What a request means to a cache.

use haproxy_http::{FieldId, Fields, Method, Request, Version};

use super::encodings::Encodings;

/// A request as caches see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it asks for: host and target.
    pub key: Box<[u8]>,
    /// A kept answer may be given.
    pub may_serve: bool,
    /// The answer may be kept.
    pub may_store: bool,
    /// The method changes what it names: kept answers are wrong afterwards.
    pub unsafe_method: bool,
    /// What responses may vary on.
    pub selectors: Selectors,
}

/// Values of the request fields that responses may vary on. None: not to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selectors {
    /// Codings the request accepts; None when they were too many to look at.
    pub accepts: Option<Encodings>,
    /// `referer`
    pub referer: Box<[u8]>,
    /// `origin`
    pub origin: Box<[u8]>,
}

impl Wanted {
    /// Reads a request.
    pub fn of(request: &Request) -> Wanted {
        let fields = &request.fields;
        let method = request.method();
        let readable = matches!(method, Method::Get | Method::Head);
        let open = request.version >= Version::HTTP_11 && !fields.contains(FieldId::Authorization);
        Wanted {
            key: key(request),
            may_serve: readable && open && !wants_fresh(fields),
            may_store: method == Method::Get && open,
            unsafe_method: !matches!(method, Method::Get | Method::Head | Method::Options | Method::Trace),
            selectors: Selectors {
                accepts: Encodings::accepted(fields),
                referer: joined(fields, b"referer"),
                origin: joined(fields, b"origin"),
            },
        }
    }
}

fn key(request: &Request) -> Box<[u8]> {
    let host = request.fields.first(FieldId::Host).unwrap_or_default();
    [host, b" ", request.uri()].concat().into()
}

fn joined(fields: &Fields, name: &[u8]) -> Box<[u8]> {
    let values: Vec<&[u8]> =
        fields.iter().filter(|field| field.name == name).map(|field| field.value).collect();
    values.join(&b',').into()
}

/// The client wants an answer of the server: `no-cache`, `max-age` (whatever it says), or the old `pragma`.
fn wants_fresh(fields: &Fields) -> bool {
    let mut control = false;
    for field in fields.all(FieldId::CacheControl) {
        control = true;
        for word in field.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let limits_age = word.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"max-age="));
            if limits_age || word.eq_ignore_ascii_case(b"no-cache") {
                return true;
            }
        }
    }
    !control && fields.all(FieldId::Pragma).any(|field| field.value.eq_ignore_ascii_case(b"no-cache"))
}
