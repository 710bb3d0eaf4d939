//! The client: sends the bytes of an exchange, reads until it is over.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
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

/// Where an exchange goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// A TCP port.
    Port(SocketAddr),
    /// A unix socket.
    Path(PathBuf),
}

/// What both kinds of streams can do.
trait Stream: Read + Write {
    fn patience(&self, limit: Duration) -> std::io::Result<()>;
    fn half_close(&self) -> std::io::Result<()>;
}

impl Stream for TcpStream {
    fn patience(&self, limit: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(limit))
    }

    fn half_close(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for UnixStream {
    fn patience(&self, limit: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(limit))
    }

    fn half_close(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Does one exchange.
pub fn exchange(to: &Target, exchange: &Exchange) -> Seen {
    match connect(to) {
        Ok((mut stream, port)) => Seen { answer: converse(stream.as_mut(), exchange), port },
        // Rejected so early that the connection never was: by timing it may also look like this.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {
            Seen { answer: b"{closed}".to_vec(), port: 0 }
        }
        Err(error) => Seen { answer: format!("{{no connection: {}}}", error.kind()).into_bytes(), port: 0 },
    }
}

fn connect(to: &Target) -> std::io::Result<(Box<dyn Stream>, u16)> {
    Ok(match to {
        Target::Port(address) => {
            let stream = TcpStream::connect_timeout(address, LIMIT)?;
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(LIMIT))?;
            let port = stream.local_addr()?.port();
            (Box::new(stream), port)
        }
        Target::Path(path) => (Box::new(UnixStream::connect(path)?), 0),
    })
}

fn converse(stream: &mut dyn Stream, exchange: &Exchange) -> Vec<u8> {
    let mut answer = Vec::new();
    for (pause_ms, run) in exchange.send.runs() {
        thread::sleep(Duration::from_millis(pause_ms));
        // An early answer may close the connection while bytes are still to go: the answer is what counts.
        if stream.write_all(&run).is_err() {
            break;
        }
    }
    if exchange.half_close {
        let _ = stream.half_close();
    }
    let kind = if exchange.send.bytes().starts_with(b"HEAD ") { Kind::HeadResponse } else { Kind::Response };
    let end = Instant::now() + LIMIT;
    let mut chunk = vec![0; 65536];
    while !over(&answer, exchange.until, kind) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.patience(left).is_err() {
            answer.extend(b"{open}");
            break;
        }
        match stream.read(&mut chunk) {
            Ok(len) if len > 0 => answer.extend_from_slice(&chunk[..len]),
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            // A reset after the answer and an orderly end differ by timing only.
            Ok(_) | Err(_) => {
                answer.extend(b"{closed}");
                break;
            }
        }
    }
    answer
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
