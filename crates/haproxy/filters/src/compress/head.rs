//! Heads of messages that are compressed: whether they may be, and what changes in them.

use haproxy_http::{Field, FieldId, Fields, Framing, Request, Response, Version};

use super::Algorithm;

/// Whether a response may be compressed at all.
pub fn response_allows(response: &Response, types: &[Vec<u8>], min_bytes: u64) -> bool {
    response.version >= Version::HTTP_11
        && matches!(response.status, 200..=203)
        && size_allows(response.framing, min_bytes)
        && !forbids_transform(&response.fields)
        && content_allows(&response.fields, types)
        && entity_tag(&response.fields) != EntityTag::Unusable
}

/// Whether a request may be compressed at all.
pub fn request_allows(request: &Request, types: &[Vec<u8>], min_bytes: u64) -> bool {
    request.version >= Version::HTTP_11
        && size_allows(request.framing, min_bytes)
        && !forbids_transform(&request.fields)
        && content_allows(&request.fields, types)
}

/// Says in a response's head that its body is compressed.
pub fn rewrite_response(response: &mut Response, algorithm: Algorithm) {
    let fields = &mut response.fields;
    if entity_tag(fields) == EntityTag::Strong {
        weaken(fields);
    }
    in_chunks(fields, &mut response.framing);
    vary(fields);
    announce(fields, algorithm);
}

/// Says in a request's head that its body is compressed.
pub fn rewrite_request(request: &mut Request, algorithm: Algorithm) {
    in_chunks(&mut request.fields, &mut request.framing);
    announce(&mut request.fields, algorithm);
}

fn announce(fields: &mut Fields, algorithm: Algorithm) {
    if algorithm != Algorithm::Identity {
        fields.append_known(FieldId::ContentEncoding, algorithm.token().as_bytes());
    }
}

/// A body of unknown end, or none, is not compressed.
fn size_allows(framing: Framing, min_bytes: u64) -> bool {
    match framing {
        Framing::Length(length) => length > 0 && length >= min_bytes,
        Framing::Chunked => true,
        Framing::None | Framing::UntilClose | Framing::Tunnel => false,
    }
}

fn forbids_transform(fields: &Fields) -> bool {
    fields.all(FieldId::CacheControl).any(|field| {
        field
            .value
            .split(|byte| *byte == b',')
            .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    })
}

fn content_allows(fields: &Fields, types: &[Vec<u8>]) -> bool {
    if fields.contains(FieldId::ContentEncoding) {
        return false;
    }
    let begins = |value: &[u8], with: &[u8]| {
        value.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
    };
    match fields.first(FieldId::ContentType) {
        Some(value) if begins(value, b"multipart") => false,
        Some(value) => types.is_empty() || types.iter().any(|wanted| begins(value, wanted)),
        None => types.is_empty(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntityTag {
    Absent,
    Weak,
    Strong,
    /// More than one, or not well formed: what it stands for cannot be told.
    Unusable,
}

fn entity_tag(fields: &Fields) -> EntityTag {
    let mut tags = fields.all(FieldId::Etag).map(|field: Field<'_>| field.value);
    let (first, second) = (tags.next(), tags.next());
    let quoted = |text: &[u8]| text.len() >= 2 && text.starts_with(b"\"") && text.ends_with(b"\"");
    match (first, second) {
        (None, _) => EntityTag::Absent,
        (Some(_), Some(_)) => EntityTag::Unusable,
        (Some(tag), None) => match tag.strip_prefix(b"W/") {
            Some(rest) if quoted(rest) => EntityTag::Weak,
            None if quoted(tag) => EntityTag::Strong,
            Some(_) | None => EntityTag::Unusable,
        },
    }
}

/// The bytes change, the meaning does not: a strong tag becomes a weak one (RFC 9110 §8.8.1).
fn weaken(fields: &mut Fields) {
    let Some(field) = fields.all(FieldId::Etag).next() else { return };
    let (index, weak) = (field.index, [b"W/", field.value].concat());
    fields.replace_value(index, &weak);
}

fn in_chunks(fields: &mut Fields, framing: &mut Framing) {
    if *framing != Framing::Chunked {
        fields.remove_known(FieldId::ContentLength);
        fields.append_known(FieldId::TransferEncoding, b"chunked");
        *framing = Framing::Chunked;
    }
}

/// Adds `Accept-Encoding` to what the response varies on; a field that is there is extended.
fn vary(fields: &mut Fields) {
    const NAME: &[u8] = b"Accept-Encoding";
    let mut first = None;
    for field in fields.all(FieldId::Vary) {
        if field.value.split(|byte| *byte == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(NAME)) {
            return;
        }
        first = first.or(Some((field.index, field.value.to_vec())));
    }
    match first {
        None => fields.append_known(FieldId::Vary, NAME),
        Some((index, value)) if value.is_empty() => fields.replace_value(index, NAME),
        Some((index, value)) => fields.replace_value(index, &[&value, NAME].join(&b',')),
    }
}
