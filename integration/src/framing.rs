//! Just enough HTTP/1 to know where a message ends: for scripted clients and servers that must not hide what was sent.

/// Whose messages are read: it decides which have no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No length means no body.
    Request,
    /// No length means a body until the end of the connection.
    Response,
    /// A response to HEAD: never a body.
    HeadResponse,
}

/// The length of the first complete message in `bytes` (interim 1xx responses are messages of their own);
/// `None` if more must be read.
pub fn message_len(bytes: &[u8], kind: Kind) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let interim = status.len() == 3 && status.starts_with('1') && status != "101";
    if kind == Kind::HeadResponse || kind == Kind::Response && (interim || status == "204" || status == "304")
    {
        return Some(head);
    }
    let header = |name: &str| {
        text.split("\r\n").filter_map(|l| l.split_once(':')).find(|(n, _)| *n == name).map(|(_, v)| v.trim())
    };
    if header("transfer-encoding").is_some_and(|value| value.ends_with("chunked")) {
        return chunked_len(&bytes[head..]).map(|len| head + len);
    }
    match header("content-length").map(str::parse::<usize>) {
        Some(Ok(len)) => (bytes.len() >= head + len).then_some(head + len),
        Some(Err(_)) => Some(head),
        None if kind == Kind::Request => Some(head),
        None => None,
    }
}

/// The length of a chunked body with its trailers.
fn chunked_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = String::from_utf8_lossy(&bytes[at..at + line]);
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size > 0 {
            at = at.checked_add(size)?.checked_add(2)?;
            if at > bytes.len() {
                return None;
            }
            continue;
        }
        loop {
            let line = find(&bytes[at..], b"\r\n")?;
            at += line + 2;
            if line == 0 {
                return Some(at);
            }
        }
    }
}

/// Where `needle` begins.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_messages() {
        let len = |text: &str, kind| message_len(text.as_bytes(), kind);
        assert_eq!(len("GET / HTTP/1.1\r\n\r\nmore", Kind::Request), Some(18));
        assert_eq!(len("GET / HTTP/1.1\r\nA: b\r\n", Kind::Request), None);
        assert_eq!(len("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok!", Kind::Response), Some(40));
        assert_eq!(len("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", Kind::Response), None);
        assert_eq!(len("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", Kind::HeadResponse), Some(38));
        assert_eq!(len("HTTP/1.1 200 OK\r\n\r\nuntil eof", Kind::Response), None);
        assert_eq!(len("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", Kind::Response), Some(25));
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}3;x=1\r\nabc\r\n0\r\nT: 1\r\n\r\n");
        assert_eq!(len(&whole, Kind::Response), Some(whole.len()));
        assert!((0..whole.len()).all(|cut| len(&whole[..cut], Kind::Response).is_none()));
    }
}
