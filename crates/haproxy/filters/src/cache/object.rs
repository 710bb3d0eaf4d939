//! One kept response, and how it comes to be.

use std::sync::Arc;

use haproxy_expr::conv::time::parse_http_date;
use haproxy_http::{FieldId, Fields, Method, Request, Response};

use super::response::Variant;
use super::{BLOCK_BYTES, Cache};
use crate::chain::{Filter, Flow, Passed};

/// A kept response.
#[derive(Debug)]
pub struct Object {
    /// Its head, as it was when the rule kept it, without `age`.
    pub response: Response,
    /// Its body, without framing.
    pub body: Vec<u8>,
    /// Fields behind its body.
    pub trailers: Fields,
    /// Age it had when it came, seconds.
    pub age_s: u64,
    /// When it was kept, seconds since the epoch.
    pub kept_s: u64,
    /// When it is no longer given, seconds since the epoch.
    pub expires_s: u64,
    /// What it varies on.
    pub variant: Variant,
    /// Bytes it takes.
    pub bytes: u64,
}

impl Object {
    /// Blocks it takes.
    pub fn blocks(&self) -> u32 {
        u32::try_from(self.bytes.div_ceil(BLOCK_BYTES)).unwrap_or(u32::MAX).max(1)
    }

    /// Its age now, seconds.
    pub fn age_now_s(&self, now_s: u64) -> u64 {
        self.age_s + now_s.saturating_sub(self.kept_s)
    }

    /// True when a request that has a copy already need not get another (RFC 9110 §13.2.2).
    pub fn is_known_to(&self, request: &Request) -> bool {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return false;
        }
        let fields = &request.fields;
        if fields.contains(FieldId::IfNoneMatch) {
            let tag = self.response.fields.first(FieldId::Etag).map(opaque);
            return fields.all(FieldId::IfNoneMatch).any(|field| names_tag(field.value, tag));
        }
        let since = fields.first(FieldId::IfModifiedSince).and_then(date);
        since.is_some_and(|since| self.modified_s() <= since)
    }

    /// When it was made: as it says, else when it was sent, else when it was kept.
    fn modified_s(&self) -> i64 {
        let fields = &self.response.fields;
        let said = fields.first(FieldId::LastModified).or_else(|| fields.first(FieldId::Date)).and_then(date);
        said.unwrap_or(self.kept_s as i64)
    }
}

fn date(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok().and_then(parse_http_date)
}

/// A tag without its mark of weakness: conditions on reading compare weakly (RFC 9110 §8.8.3.2).
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

fn names_tag(list: &[u8], tag: Option<&[u8]>) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    list.split(|byte| *byte == b',').any(|named| Some(opaque(named.trim_ascii())) == tag)
}

/// Bytes of a head, as the size of an object counts them.
pub fn head_bytes(fields: &Fields) -> usize {
    fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum::<usize>() + 64
}

/// A response that is to be kept once its body is here.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Where it goes.
    pub cache: Arc<Cache>,
    /// For which request.
    pub key: Box<[u8]>,
    /// The object without its body.
    pub object: Arc<Object>,
}

/// The filter that collects a body and keeps it when it is whole. A transfer that breaks off keeps nothing.
#[derive(Debug)]
pub struct Collector {
    pending: Option<Pending>,
    body: Vec<u8>,
    body_max: usize,
}

impl Collector {
    /// A filter that keeps what passes.
    pub fn new(pending: Pending) -> Self {
        let settings = pending.cache.settings();
        let head = pending.object.bytes;
        let body_max = usize::try_from(settings.object_max_bytes.saturating_sub(head)).unwrap_or(usize::MAX);
        Collector { pending: Some(pending), body: Vec::new(), body_max }
    }

    /// The cache it collects for.
    pub fn cache_name(&self) -> Option<&str> {
        self.pending.as_ref().map(|pending| &*pending.cache.name)
    }
}

impl Filter for Collector {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        flow.out.extend_from_slice(input);
        if self.pending.is_some() {
            if self.body.len() + input.len() > self.body_max {
                self.pending = None;
                self.body = Vec::new();
            } else {
                self.body.extend_from_slice(input);
            }
        }
        Passed::all(input)
    }

    fn end(&mut self, flow: &mut Flow<'_>) {
        let Some(Pending { cache, key, object }) = self.pending.take() else { return };
        let mut body = std::mem::take(&mut self.body);
        body.shrink_to_fit();
        // nobody else has the pending object: this takes it back
        let Some(object) = Arc::into_inner(object) else { return };
        let bytes = object.bytes + body.len() as u64;
        cache.keep(key, Object { body, bytes, trailers: flow.trailers.clone(), ..object });
    }
}
