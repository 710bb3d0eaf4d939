//! The client: sends the bytes of an exchange, reads until it is over.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Exchange, Until};
use crate::framing::{Kind, message_len};

/// The longest an exchange may take: what is still open then is told as such.
pub const LIMIT: Duration = Duration::from_secs(4);

/// What the client saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The bytes, and after them `{closed}`, `{open}` or `{error ...}` where that is what was waited for.
    pub answer: Vec<u8>,
    /// The client's own port.
    pub port: u16,
}

/// Does one exchange.
pub fn exchange(to: SocketAddr, exchange: &Exchange) -> Seen {
    let mut seen = Seen::default();
    let mut stream = match TcpStream::connect_timeout(&to, LIMIT) {
        Ok(stream) => stream,
        // Rejected so early that the connection never was: by timing it may also look like this.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {
            seen.answer = b"{closed}".to_vec();
            return seen;
        }
        Err(error) => {
            seen.answer = format!("{{no connection: {}}}", error.kind()).into_bytes();
            return seen;
        }
    };
    seen.port = stream.local_addr().map_or(0, |address| address.port());
    let _ = stream.set_nodelay(true);
    let _ = stream.set_write_timeout(Some(LIMIT));
    for (pause_ms, run) in exchange.send.runs() {
        thread::sleep(Duration::from_millis(pause_ms));
        // An early answer may close the connection while bytes are still to go: the answer is what counts.
        if stream.write_all(&run).is_err() {
            break;
        }
    }
    if exchange.half_close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let kind = if exchange.send.bytes().starts_with(b"HEAD ") { Kind::HeadResponse } else { Kind::Response };
    let end = Instant::now() + LIMIT;
    let mut chunk = vec![0; 65536];
    while !over(&seen.answer, exchange.until, kind) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            seen.answer.extend(b"{open}");
            return seen;
        }
        match stream.read(&mut chunk) {
            Ok(0) => {
                seen.answer.extend(b"{closed}");
                return seen;
            }
            Ok(len) => seen.answer.extend_from_slice(&chunk[..len]),
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            // A reset after the answer and an orderly end differ by timing only.
            Err(_) => {
                seen.answer.extend(b"{closed}");
                return seen;
            }
        }
    }
    seen
}

fn over(answer: &[u8], until: Until, kind: Kind) -> bool {
    match until {
        Until::Closed => false,
        Until::Bytes(count) => answer.len() >= count,
        Until::Responses(count) => {
            let (mut at, mut complete) = (0, 0);
            while let Some(len) = message_len(&answer[at..], kind) {
                at += len;
                complete += 1;
            }
            complete >= count
        }
    }
}
