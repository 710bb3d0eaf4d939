//! Whether a response may be kept, for how long, and for which requests.

use haproxy_expr::conv::time::parse_http_date;
use haproxy_http::{FieldId, Fields, Framing, Response};

use super::Settings;
use super::encodings::Encodings;
use super::request::Selectors;

/// How long a response may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Age it had when it came, seconds.
    pub age_s: u64,
    /// How long it may be given, seconds.
    pub keep_s: u64,
}

/// The lifetime of a response that may be kept. `head_bytes` is the size of its head.
pub fn lifetime(response: &Response, head_bytes: usize, settings: &Settings, now_s: u64) -> Option<Lifetime> {
    let fields = &response.fields;
    let fits = match response.framing {
        Framing::Length(length) => length + head_bytes as u64 <= settings.object_max_bytes,
        Framing::Chunked | Framing::UntilClose => true,
        Framing::None | Framing::Tunnel => false,
    };
    if response.status != 200 || !fits {
        return None;
    }
    let control = Control::of(fields);
    if control.forbids {
        return None;
    }
    let has_validator = fields.contains(FieldId::Etag) || fields.contains(FieldId::LastModified);
    let explicit_s = control.shared_age_s.or(control.age_s).or_else(|| expires_in(fields, &control, now_s));
    if explicit_s.is_none() && !has_validator {
        return None;
    }
    let age_s = match fields.first(FieldId::Age) {
        Some(text) => number(text)?,
        None => 0,
    };
    let true_s = explicit_s.unwrap_or(u64::from(settings.age_max_s));
    if true_s == 0 || age_s > true_s {
        return None;
    }
    Some(Lifetime { age_s, keep_s: true_s.min(u64::from(settings.age_max_s)) })
}

/// Words of `cache-control` and `pragma` that matter.
#[derive(Debug, Default)]
struct Control {
    present: bool,
    forbids: bool,
    shared_age_s: Option<u64>,
    age_s: Option<u64>,
}

impl Control {
    fn of(fields: &Fields) -> Control {
        let mut control = Control::default();
        for field in fields.all(FieldId::CacheControl) {
            control.present = true;
            for word in field.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
                control.forbids |= is(b"private") || is(b"no-store") || is(b"no-cache");
                // `no-cache="set-cookie"` speaks of a field only, but that field would be given out too
                control.forbids |= starts(word, b"no-cache=");
                if let Some(seconds) = after(word, b"s-maxage=") {
                    control.shared_age_s = Some(number(seconds).unwrap_or(0));
                } else if let Some(seconds) = after(word, b"max-age=") {
                    control.age_s = Some(number(seconds).unwrap_or(0));
                }
            }
        }
        let pragma = fields.all(FieldId::Pragma).any(|field| field.value.eq_ignore_ascii_case(b"no-cache"));
        control.forbids |= pragma && !control.present;
        control
    }
}

fn starts(word: &[u8], with: &[u8]) -> bool {
    word.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
}

fn after<'a>(word: &'a [u8], with: &[u8]) -> Option<&'a [u8]> {
    starts(word, with).then(|| &word[with.len()..])
}

/// A number, in quotes or not.
fn number(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"\"").map_or(text, |text| text.strip_suffix(b"\"").unwrap_or(text));
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// Seconds until `expires`; 0 when it cannot be read. Not looked at beside `cache-control`.
fn expires_in(fields: &Fields, control: &Control, now_s: u64) -> Option<u64> {
    if control.present {
        return None;
    }
    let text = fields.first(FieldId::Expires)?;
    let at_s = std::str::from_utf8(text).ok().and_then(parse_http_date).unwrap_or(0);
    Some((at_s.max(0) as u64).saturating_sub(now_s))
}

/// What a response varies on, with the values it was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// `accept-encoding`: what it is encoded with.
    pub encodings: Option<Encodings>,
    /// `referer`
    pub referer: Option<Box<[u8]>>,
    /// `origin`
    pub origin: Option<Box<[u8]>>,
}

impl Variant {
    /// What the response varies on; None when it cannot be kept because of it.
    pub fn of(response: &Fields, selectors: &Selectors, vary: bool) -> Option<Variant> {
        let mut variant = Variant::default();
        for field in response.all(FieldId::Vary) {
            if !vary {
                return None;
            }
            for name in field.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                match name {
                    b"" => {}
                    name if name.eq_ignore_ascii_case(b"accept-encoding") => {
                        let content = Encodings::of_content(response)?;
                        // what the client did not ask for is not what others who ask the same should get
                        if !selectors.accepts?.accepts(content) {
                            return None;
                        }
                        variant.encodings = Some(content);
                    }
                    name if name.eq_ignore_ascii_case(b"referer") => {
                        variant.referer = Some(selectors.referer.clone());
                    }
                    name if name.eq_ignore_ascii_case(b"origin") => {
                        variant.origin = Some(selectors.origin.clone());
                    }
                    _ => return None,
                }
            }
        }
        Some(variant)
    }

    /// True when it answers a request with these values.
    pub fn answers(&self, selectors: &Selectors) -> bool {
        let encoded = match (self.encodings, selectors.accepts) {
            (None, _) => true,
            (Some(content), Some(accepts)) => accepts.accepts(content),
            (Some(_), None) => false,
        };
        encoded
            && self.referer.as_ref().is_none_or(|referer| *referer == selectors.referer)
            && self.origin.as_ref().is_none_or(|origin| *origin == selectors.origin)
    }

    /// True when it varies at all.
    pub fn is_some(&self) -> bool {
        self.encodings.is_some() || self.referer.is_some() || self.origin.is_some()
    }
}
