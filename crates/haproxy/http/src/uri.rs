//! Request targets taken apart: scheme, authority, path, query, parameters, percent-encoding.

/// Form of a request target (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/path?query`
    Origin,
    /// `scheme://authority/path?query`
    Absolute,
    /// `*`
    Asterisk,
    /// Anything else; only CONNECT has a use for it (`host:port`).
    Authority,
}

/// The form of a target.
pub fn classify(target: &[u8]) -> Target {
    match target {
        [b'/', ..] => Target::Origin,
        b"*" => Target::Asterisk,
        _ if scheme(target).is_some() => Target::Absolute,
        _ => Target::Authority,
    }
}

/// A target in pieces. Their order and the characters between them are those of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Without `://`; only of absolute targets.
    pub scheme: Option<&'a [u8]>,
    /// With userinfo and port; of absolute targets, or the whole authority form.
    pub authority: Option<&'a [u8]>,
    /// From the first `/` to the query; empty for the asterisk and authority forms.
    pub path: &'a [u8],
    /// Behind the first `?` of an origin or absolute target.
    pub query: Option<&'a [u8]>,
}

/// Takes a target apart.
pub fn split(target: &[u8]) -> Parts<'_> {
    let (scheme, authority, rest) = match classify(target) {
        Target::Origin => (None, None, target),
        Target::Asterisk => return Parts::default(),
        Target::Authority => return Parts { authority: Some(target), ..Parts::default() },
        Target::Absolute => {
            let scheme = scheme(target).unwrap_or_default();
            let behind = &target[scheme.len() + 3..];
            let end = behind.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(behind.len());
            (Some(scheme), Some(&behind[..end]), &behind[end..])
        }
    };
    match memchr::memchr(b'?', rest) {
        Some(mark) => Parts { scheme, authority, path: &rest[..mark], query: Some(&rest[mark + 1..]) },
        None => Parts { scheme, authority, path: rest, query: None },
    }
}

/// The path without query, if the target has one.
pub fn path(target: &[u8]) -> Option<&[u8]> {
    let pathq = path_and_query(target)?;
    Some(memchr::memchr(b'?', pathq).map_or(pathq, |mark| &pathq[..mark]))
}

/// The path with its query, if the target has a path.
pub fn path_and_query(target: &[u8]) -> Option<&[u8]> {
    match target {
        [b'/', ..] => Some(target),
        _ => {
            let scheme = scheme(target)?;
            let behind = &target[scheme.len() + 3..];
            let end = behind.iter().position(|b| matches!(b, b'/' | b'?' | b'#'))?;
            (behind[end] == b'/').then(|| &behind[end..])
        }
    }
}

/// The query behind the first `?`, if there is one.
pub fn query(target: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b'?', target).map(|mark| &target[mark + 1..])
}

/// The scheme of an absolute target: letter, then letters, digits, `+ - .`, before `://`.
fn scheme(target: &[u8]) -> Option<&[u8]> {
    if !target.first()?.is_ascii_alphabetic() {
        return None;
    }
    let len =
        target.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).count();
    target[len..].starts_with(b"://").then(|| &target[..len])
}

/// Characters that can stand in no authority and no Host: they would let two readers see two hosts.
pub fn forbidden_in_authority(byte: u8) -> bool {
    matches!(
        byte,
        0..=b' ' | b'"' | b'#' | b',' | b'/' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f..=0xff
    )
}

/// An authority without `user:password@`.
pub fn without_userinfo(authority: &[u8]) -> &[u8] {
    memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..])
}

/// Host and port of an authority. The port is `Some(b"")` when the colon stands alone; colons inside brackets are the host's.
pub fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memrchr(b':', authority) {
        Some(colon) if !authority[colon..].contains(&b']') => {
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        _ => (authority, None),
    }
}

/// Without the port when it is empty or the scheme's own (80 for http, 443 for https).
pub fn without_default_port<'a>(scheme: &[u8], authority: &'a [u8]) -> &'a [u8] {
    let own: &[u8] = match scheme {
        _ if scheme.eq_ignore_ascii_case(b"http") => b"80",
        _ if scheme.eq_ignore_ascii_case(b"https") => b"443",
        _ => return authority,
    };
    match split_port(authority) {
        (host, Some(port)) if port.is_empty() || port == own => host,
        _ => authority,
    }
}

/// Name and value pairs of a query, split at `delimiter` (usually `&`). A name without `=` has an empty value.
pub fn params(query: &[u8], delimiter: u8) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    query.split(move |byte| *byte == delimiter).filter(|pair| !pair.is_empty()).map(|pair| {
        match memchr::memchr(b'=', pair) {
            Some(sign) => (&pair[..sign], &pair[sign + 1..]),
            None => (pair, &pair[pair.len()..]),
        }
    })
}

/// What `+` means to `percent_decode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A blank everywhere: the text is a query.
    Blank,
    /// A blank behind the first `?` only: the text is a whole target.
    BlankInQuery,
    /// Itself.
    Literal,
}

/// Decodes `%hh`; None when a `%` is not followed by two hexadecimal digits.
pub fn percent_decode(text: &[u8], plus: Plus, out: &mut Vec<u8>) -> Option<()> {
    let mut in_query = plus == Plus::Blank;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' if in_query => out.push(b' '),
            b'?' if plus == Plus::BlankInQuery => {
                in_query = true;
                out.push(b'?');
            }
            b'%' => {
                let [high, low, after @ ..] = tail else { return None };
                out.push(hex(*high)? << 4 | hex(*low)?);
                rest = after;
            }
            byte => out.push(*byte),
        }
    }
    Some(())
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_fall_apart_as_written() {
        let parts = split(b"http://u@h:81/p/q?a=b?c");
        assert_eq!(parts.scheme, Some(&b"http"[..]));
        assert_eq!(parts.authority, Some(&b"u@h:81"[..]));
        assert_eq!(parts.path, b"/p/q");
        assert_eq!(parts.query, Some(&b"a=b?c"[..]));
        assert_eq!(split(b"*"), Parts::default());
        assert_eq!(split(b"h:1").authority, Some(&b"h:1"[..]));
        assert_eq!(split(b"http://h?x").path, b"");
        assert_eq!(split(b"http://h?x").query, Some(&b"x"[..]));
        assert_eq!(path(b"/a?b"), Some(&b"/a"[..]));
        assert_eq!(path(b"http://h"), None);
        assert_eq!(path_and_query(b"http://h/a?b"), Some(&b"/a?b"[..]));
        assert_eq!(path(b"*"), None);
    }

    #[test]
    fn ports_are_told_from_addresses() {
        assert_eq!(split_port(b"[::1]:80"), (&b"[::1]"[..], Some(&b"80"[..])));
        assert_eq!(split_port(b"[::1]"), (&b"[::1]"[..], None));
        assert_eq!(split_port(b"h:"), (&b"h"[..], Some(&b""[..])));
        assert_eq!(without_default_port(b"HTTP", b"a:80"), b"a");
        assert_eq!(without_default_port(b"https", b"a:80"), b"a:80");
        assert_eq!(without_default_port(b"ws", b"a:80"), b"a:80");
    }

    #[test]
    fn percent_decoding() {
        let decode = |text: &[u8], plus| {
            let mut out = Vec::new();
            percent_decode(text, plus, &mut out).map(|()| out)
        };
        assert_eq!(decode(b"a%20b+c", Plus::Blank).unwrap(), b"a b c");
        assert_eq!(decode(b"/a+b?c+d", Plus::BlankInQuery).unwrap(), b"/a+b?c d");
        assert_eq!(decode(b"a+b", Plus::Literal).unwrap(), b"a+b");
        assert_eq!(decode(b"a%2", Plus::Literal), None);
        assert_eq!(decode(b"a%zz", Plus::Literal), None);
    }

    #[test]
    fn parameters_in_order() {
        let all: Vec<_> = params(b"a=1&b&&c==2", b'&').collect();
        assert_eq!(all, [(&b"a"[..], &b"1"[..]), (b"b", b""), (b"c", b"=2")]);
    }
}
