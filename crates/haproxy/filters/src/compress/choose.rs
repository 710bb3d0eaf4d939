//! What a request accepts.

use haproxy_http::{FieldId, Fields};

use super::Algorithm;

/// The best of `offered` that the request's `accept-encoding` allows: the highest weight wins, then the first in the field,
/// and among those a `*` stands for, the first offered. Browsers that cannot be trusted accept nothing.
pub fn accepts(request: &Fields, offered: &[Algorithm]) -> Option<Algorithm> {
    if request.first(FieldId::UserAgent).is_some_and(is_old_browser) {
        return None;
    }
    let mut best = None;
    let mut best_weight = 0;
    for field in request.all(FieldId::AcceptEncoding) {
        for member in field.value.split(|byte| *byte == b',') {
            let mut parts = member.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let token = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(1000);
            if weight <= best_weight {
                continue;
            }
            let found = offered
                .iter()
                .find(|algorithm| token == b"*" || token.eq_ignore_ascii_case(algorithm.token().as_bytes()));
            if let Some(algorithm) = found {
                best = Some(*algorithm);
                best_weight = weight;
            }
        }
    }
    best
}

/// `identity` needs no leave of the client.
pub fn wants_identity(offered: &[Algorithm]) -> Option<Algorithm> {
    offered.contains(&Algorithm::Identity).then_some(Algorithm::Identity)
}

/// The weight of `q=...` in thousandths; a weight that is none counts as full.
fn weight(parameter: &[u8]) -> Option<u32> {
    let text = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let Some((&whole, rest)) = text.split_first() else { return Some(1000) };
    if whole != b'0' {
        return Some(1000);
    }
    let digits = rest.strip_prefix(b".").unwrap_or_default();
    let mut weight = 0;
    let mut unit = 100;
    for digit in digits.iter().take(3).take_while(|byte| byte.is_ascii_digit()) {
        weight += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(weight)
}

/// `Mozilla/4` is not to be trusted unless it is MSIE 6 with the second service pack of XP, or a later MSIE (manual §4.2).
fn is_old_browser(agent: &[u8]) -> bool {
    if !agent.starts_with(b"Mozilla/4") {
        return false;
    }
    let Some(version) = agent.get(25..).and_then(|rest| rest.strip_prefix(b"MSIE ")).and_then(<[u8]>::first)
    else {
        return true;
    };
    *version < b'6' || (*version == b'6' && agent.get(51..54) != Some(b"SV1"))
}
