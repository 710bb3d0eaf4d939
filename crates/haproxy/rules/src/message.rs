//! What several actions do to a message.

use haproxy_expr::cx::Direction;
use haproxy_http::{FieldId, Request, uri};

use crate::cx::RuleCx;

/// True when so many more bytes fit into the head (`tune.bufsize`).
pub(crate) fn has_room(cx: &mut RuleCx<'_>, added: usize) -> bool {
    let effects = &cx.effects;
    // a body shares the buffer, but never takes what is reserved for rewriting
    let body_max = effects.message_max.saturating_sub(effects.rewrite_reserve + effects.head_received);
    let added = added + cx.input.bytes.len().min(body_max);
    let max = effects.message_max;
    // what the buffers hold is an upper bound: the exact size is needed for large heads only
    max == 0
        || cx.fields().is_none_or(|fields| fields.wire_bound() + added + 64 <= max)
        || size(cx) + added <= max
}

/// Bytes the head takes once written.
fn size(cx: &mut RuleCx<'_>) -> usize {
    let start = match (cx.direction, cx.txn.as_deref()) {
        (Direction::Request, Some(txn)) => txn.request.method_text().len() + txn.request.uri().len() + 12,
        (Direction::Response, Some(txn)) => txn.response.reason().len() + 15,
        (_, None) => 0,
    };
    let fields = cx
        .fields()
        .map_or(0, |fields| fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum());
    start + fields + 2
}

/// An absolute target names the same host as the Host field a rule has just set.
pub(crate) fn authority_follows_host(cx: &mut RuleCx<'_>, host: &[u8]) {
    let Some(txn) = cx.txn.as_deref_mut().filter(|_| cx.direction == Direction::Request) else { return };
    let parts = uri::split(txn.request.uri());
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return };
    let behind = scheme.len() + 3 + authority.len();
    let mut target = Vec::with_capacity(txn.request.uri().len() + host.len());
    target.extend_from_slice(&txn.request.uri()[..scheme.len() + 3]);
    target.extend_from_slice(host);
    target.extend_from_slice(&txn.request.uri()[behind..]);
    txn.request.set_uri(&target);
}

/// The Host field names the authority of a target a rule has just set.
pub(crate) fn host_follows_authority(request: &mut Request) {
    let Some(authority) = uri::split(request.uri()).authority else { return };
    let host = uri::without_userinfo(authority).to_vec();
    let index = request.fields.all(FieldId::Host).next().map(|field| field.index);
    if let Some(index) = index {
        request.fields.replace_value(index, &host);
    }
}

/// Members of a comma-separated value, with the blanks around them; commas within quotes separate nothing.
pub(crate) fn list_members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.iter().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted => return true,
                _ => {}
            }
            false
        });
        match end {
            Some(end) => {
                rest = Some(&text[end + 1..]);
                Some(&text[..end])
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}
