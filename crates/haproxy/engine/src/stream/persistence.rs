//! Cookie persistence (manual §4.2 "cookie", "persist"): who the client was sent to before, and telling it who it is now.

use std::rc::Rc;

use haproxy_expr::cx::Direction;
use haproxy_http::{FieldId, Method, cookie as pairs};
use haproxy_model::settings::{CookieMethod, CookiePersistence};
use haproxy_model::snapshot::{Proxy, Server};

use super::steps::{End, Stream};

impl Stream<'_> {
    /// `use-server`, then the cookie.
    pub fn persistence(&mut self) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let px = snapshot.proxy(self.backend);
        let cookie_server = match &px.settings.cookie {
            Some(cookie) => self.cookie_in(px, cookie),
            None => None,
        };
        if !px.use_server.is_empty()
            && let Some(index) = self.ruled_server(px)
        {
            self.wanted_server = Some(index);
            return Ok(());
        }
        self.wanted_server = cookie_server;
        Ok(())
    }

    fn persistence_forced(&self, px: &Proxy) -> (bool, bool) {
        let mut ignored = false;
        for (force, condition) in &px.persist_rules {
            if self.look(Direction::Request, |cx| condition.eval(cx).holds()) {
                if *force {
                    return (true, false);
                }
                ignored = true;
            }
        }
        (px.settings.options.persist, ignored)
    }

    /// Reads the persistence cookie, removes or shortens it as configured, and finds its server.
    fn cookie_in(&mut self, px: &Proxy, cookie: &CookiePersistence) -> Option<u32> {
        let log = &mut self.txn.log;
        log.termination.cookie_in = b'N';
        let (force, ignore) = self.persistence_forced(px);
        self.persistence_ignored = ignore;
        let mark = if cookie.method == CookieMethod::Prefix { b'~' } else { b'|' };
        let key_of = |value: &[u8]| value.split(|b| *b == mark).next().unwrap_or_default().to_vec();
        let known = |value: &[u8]| px.servers_by_cookie.contains_key(&key_of(value));
        let (value, field_index, range) = find_cookie(&self.txn.request, &cookie.name, known)?;
        let key = key_of(&value);
        let found = px.servers_by_cookie.get(&key).copied().filter(|_| !ignore);
        let usable = found.filter(|index| px.servers[*index as usize].live.willing() || force);
        let log = &mut self.txn.log;
        log.termination.cookie_in = match (found, usable) {
            _ if ignore => b'U',
            (_, Some(_)) => b'V',
            (Some(_), None) => b'D',
            (None, _) => b'I',
        };
        match cookie.method {
            CookieMethod::Prefix if value.len() > key.len() => {
                // the application gets its own value back
                let field = self.txn.request.fields.at(field_index)?;
                let mut text = field.value[..range.start].to_vec();
                text.extend_from_slice(&value[(key.len() + 1).min(value.len())..]);
                text.extend_from_slice(&field.value[range.end..]);
                self.txn.request.fields.replace_value(field_index, &text);
            }
            CookieMethod::Insert if cookie.indirect => {
                let field = self.txn.request.fields.at(field_index)?;
                let text = without_cookie(field.value, &cookie.name);
                if text.is_empty() {
                    self.txn.request.fields.remove_at(field_index);
                } else {
                    self.txn.request.fields.replace_value(field_index, &text);
                }
            }
            _ => {}
        }
        usable
    }

    /// Sets, rewrites or prefixes the cookie in the response.
    pub fn cookie_out(&mut self, px: &Proxy, server: &Server) {
        let Some(cookie) = &px.settings.cookie else { return };
        let own = server.settings.balance.cookie.as_deref();
        match cookie.method {
            CookieMethod::Passive => {}
            CookieMethod::Insert => self.insert_cookie(cookie, own),
            CookieMethod::Rewrite | CookieMethod::Prefix => self.change_cookies(cookie, own),
        }
        self.strip_or_note(cookie);
    }

    fn insert_cookie(&mut self, cookie: &CookiePersistence, own: Option<&[u8]>) {
        let log = &self.txn.log;
        let seen = log.termination.cookie_in;
        let already = seen == b'V' && !log.redispatched;
        if set_by_server(&self.txn.response, &cookie.name) {
            if cookie.preserve {
                self.txn.log.termination.cookie_out = b'P';
                return;
            }
            self.remove_cookies(&cookie.name);
            self.txn.log.termination.cookie_out = b'D';
        }
        if self.persistence_ignored {
            return;
        }
        // the server's own cookie of that name would contradict ours
        if self.remove_cookies(&cookie.name) {
            self.txn.log.termination.cookie_out = b'D';
        }
        if already && (cookie.indirect || cookie.maxidle_s.is_none()) && cookie.maxidle_s.is_none() {
            return;
        }
        if cookie.postonly && self.txn.request.method() != Method::Post {
            return;
        }
        let Some(own) = own else { return };
        let mut text = Vec::with_capacity(64);
        text.extend_from_slice(&cookie.name);
        text.push(b'=');
        text.extend_from_slice(own);
        if cookie.maxidle_s.is_some() || cookie.maxlife_s.is_some() {
            text.extend_from_slice(&dates(self.conn.thread.date().secs, cookie.maxlife_s.is_some()));
        }
        text.extend_from_slice(b"; path=/");
        for domain in &cookie.domains {
            text.extend_from_slice(b"; domain=");
            text.extend_from_slice(domain);
        }
        if cookie.httponly {
            text.extend_from_slice(b"; HttpOnly");
        }
        if cookie.secure {
            text.extend_from_slice(b"; Secure");
        }
        for attribute in &cookie.attributes {
            text.extend_from_slice(b"; ");
            text.extend_from_slice(attribute);
        }
        self.txn.response.fields.append_known(FieldId::SetCookie, &text);
        self.txn.log.termination.cookie_out = if already { b'U' } else { b'I' };
        if cookie.nocache && is_cacheable(self) {
            self.txn.response.fields.append_known(FieldId::CacheControl, b"private");
        }
    }

    fn change_cookies(&mut self, cookie: &CookiePersistence, own: Option<&[u8]>) {
        let mut changes = Vec::new();
        for field in self.txn.response.fields.all(FieldId::SetCookie) {
            let Some(pair) = pairs::set_cookie(field.value).filter(|pair| pair.name == cookie.name) else {
                continue;
            };
            // blanks around the sign go, what follows the value stays
            let mut text = cookie.name.clone();
            text.push(b'=');
            text.extend_from_slice(own.unwrap_or_default());
            if cookie.method == CookieMethod::Prefix {
                text.push(b'~');
                text.extend_from_slice(pair.value);
            }
            text.extend_from_slice(&field.value[pair.range.end..]);
            changes.push((field.index, text));
        }
        for (index, text) in changes {
            self.txn.response.fields.replace_value(index, &text);
            self.txn.log.termination.cookie_out = b'R';
        }
    }

    /// Takes the server's own cookie of that name out; true when there was one.
    fn remove_cookies(&mut self, name: &[u8]) -> bool {
        if !set_by_server(&self.txn.response, name) {
            return false;
        }
        self.txn.response.fields.retain(|field| {
            field.id != FieldId::SetCookie
                || pairs::set_cookie(field.value).is_none_or(|pair| pair.name != name)
        });
        true
    }

    fn strip_or_note(&mut self, cookie: &CookiePersistence) {
        if self.txn.log.termination.cookie_out == b'-' {
            let seen = set_by_server(&self.txn.response, &cookie.name);
            self.txn.log.termination.cookie_out = if seen { b'P' } else { b'N' };
        }
    }
}

/// `!day!life` dates of the value, coded in 5 characters each (manual §4.2 "maxidle").
fn dates(now_s: i64, with_life: bool) -> Vec<u8> {
    let days = (now_s as u64) >> 2;
    let coded = |mut value: u64| {
        let mut text = [b'A'; 5];
        for slot in text.iter_mut().rev() {
            *slot =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(value & 63) as usize];
            value >>= 6;
        }
        text
    };
    let mut text = vec![b'|'];
    text.extend_from_slice(&coded(days));
    if with_life {
        text.push(b'|');
        text.extend_from_slice(&coded(days));
    }
    text
}

/// True when a cache could keep the response: only then `nocache` says something (RFC 9111 §3).
fn is_cacheable(stream: &Stream<'_>) -> bool {
    let fields = &stream.txn.response.fields;
    let forbidden = fields.all(FieldId::CacheControl).any(|field| {
        let value = field.value.to_ascii_lowercase();
        [&b"private"[..], b"no-cache", b"no-store", b"max-age=0", b"s-maxage=0"]
            .iter()
            .any(|word| memchr::memmem::find(&value, word).is_some())
    });
    let told = fields.contains(FieldId::CacheControl) || fields.contains(FieldId::Expires);
    let by_method = matches!(stream.txn.request.method(), Method::Get | Method::Head);
    by_method && told && !forbidden
}

fn set_by_server(response: &haproxy_http::Response, name: &[u8]) -> bool {
    let set = |value| pairs::set_cookie(value).is_some_and(|pair: pairs::Pair<'_>| pair.name == name);
    response.fields.all(FieldId::SetCookie).any(|field| set(field.value))
}

/// Value of a cookie in a request: its bytes, the field that has it, and its place within the field's value. Among
/// several of the name the first that is `known`, else the last.
fn find_cookie(
    request: &haproxy_http::Request,
    name: &[u8],
    known: impl Fn(&[u8]) -> bool,
) -> Option<(Vec<u8>, usize, std::ops::Range<usize>)> {
    let mut last = None;
    for field in request.fields.all(FieldId::Cookie) {
        for pair in pairs::scan(field.value).filter(|pair| pair.name == name) {
            let found = known(pair.value);
            last = Some((pair.value.to_vec(), field.index, pair.value_range));
            if found {
                return last;
            }
        }
    }
    last
}

/// A `Cookie` value without one cookie, however often it is there: `k=v; SRV=A; z=1` becomes `k=v; z=1`.
fn without_cookie(value: &[u8], name: &[u8]) -> Vec<u8> {
    let mut text = value.to_vec();
    while let Some(pair) = pairs::find(&text, name) {
        let mut rest = Vec::with_capacity(text.len());
        pairs::without(&text, &pair, &mut rest);
        text = rest;
    }
    text
}

/// `capture cookie`: `name=value` of the first cookie whose name begins so, cut to its length.
pub fn captured_cookie(value: &[u8], name: &[u8], length: usize) -> Option<Vec<u8>> {
    value
        .split(|b| *b == b';')
        .map(<[u8]>::trim_ascii)
        .find(|piece| piece.starts_with(name))
        .map(|piece| piece[..piece.len().min(length)].to_vec())
}

/// Fills the slots that name a header with its last value, cut to their length.
pub fn capture_fields(
    declared: &[haproxy_rules::CaptureSlot],
    fields: &haproxy_http::Fields,
    slots: &mut Vec<Option<Vec<u8>>>,
) {
    slots.resize(declared.len(), None);
    for (slot, capture) in slots.iter_mut().zip(declared) {
        let Some(name) = &capture.header else { continue };
        let found = fields.named(FieldId::of(name), name).last();
        *slot = found.map(|field| field.value[..field.value.len().min(capture.length)].to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indirect_cookie_leaves_no_trace() {
        assert_eq!(without_cookie(b"k=v; SRV=A; z=1", b"SRV"), b"k=v; z=1");
        assert_eq!(without_cookie(b"SRV=A; z=1", b"SRV"), b"z=1");
        assert_eq!(without_cookie(b"SRV=A", b"SRV"), b"");
    }

    #[test]
    fn captured_cookie_is_cut() {
        assert_eq!(captured_cookie(b"a=1; SESSID=abcdef", b"SESS", 9), Some(b"SESSID=ab".to_vec()));
        assert_eq!(captured_cookie(b"a=1", b"SESS", 9), None);
    }
}
