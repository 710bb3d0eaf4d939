//! PROXY protocol versions 1 and 2 (HAProxy's proxy-protocol.txt), and NetScaler's client IP insertion.
//!
//! Decoding takes the bytes received so far and either wants more, or tells the header and its length.

mod crc32c;
mod encode;
pub mod netscaler;
mod tlv;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub use encode::{V2, encode_v2, write_v1, write_v2};
pub use tlv::{Ssl, Tlv, TlvType, Tlvs, TlvsOut};

/// The twelve bytes a version 2 header begins with.
pub const V2_SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// A version 1 line has at most so many bytes, line end included.
const V1_MAX: usize = 107;
/// Bytes before the addresses of a version 2 header.
const V2_FIXED: usize = 16;
/// Size of a unix socket's path in a version 2 header.
const UNIX_PATH: usize = 108;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The sender's own, such as a health check: the real addresses hold.
    Local,
    /// Relayed for the addresses told.
    Proxy,
}

/// The two ends of the relayed connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Endpoints {
    /// Not told, or of a kind unknown here: the real addresses hold.
    #[default]
    Unknown,
    /// IPv4 or IPv6, both of one family, with ports.
    Inet {
        /// The client.
        source: SocketAddr,
        /// What the client connected to.
        destination: SocketAddr,
    },
    /// Unix sockets; paths without the padding, possibly empty.
    Unix {
        /// The client's socket.
        source: Vec<u8>,
        /// The socket the client connected to.
        destination: Vec<u8>,
    },
}

/// A received header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose connection it is.
    pub command: Command,
    /// Its ends; `Unknown` for `Local`.
    pub endpoints: Endpoints,
    /// What else was told (version 2 only).
    pub tlvs: Tlvs,
}

/// Why a header was refused; the connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyError {
    /// The first bytes belong to no known header.
    NotAHeader,
    /// A version 1 line that is too long or holds anything unexpected.
    Line,
    /// A version other than 2, or an unknown command, behind version 2's signature.
    Command,
    /// Addresses or extensions do not fit the announced length.
    Length,
    /// The checksum is wrong.
    Checksum,
    /// NetScaler: another magic number, an unknown type, or no TCP over IP behind it.
    Netscaler,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyError::NotAHeader => "not a PROXY protocol header",
            ProxyError::Line => "invalid PROXY protocol line",
            ProxyError::Command => "unknown PROXY protocol version or command",
            ProxyError::Length => "invalid length in PROXY protocol header",
            ProxyError::Checksum => "wrong checksum in PROXY protocol header",
            ProxyError::Netscaler => "invalid NetScaler client IP header",
        })
    }
}

impl std::error::Error for ProxyError {}

/// Outcome of a look at the first bytes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// More bytes are needed.
    Partial,
    /// A whole header.
    Complete {
        /// What it says.
        header: Header,
        /// Bytes it took.
        length: usize,
    },
}

/// Reads a header of either version from the start of `buf`.
pub fn decode(buf: &[u8]) -> Result<Decoded, ProxyError> {
    if starts_alike(buf, &V2_SIGNATURE) {
        return if buf.len() < V2_FIXED { Ok(Decoded::Partial) } else { decode_v2(buf) };
    }
    if starts_alike(buf, b"PROXY ") { decode_v1(buf) } else { Err(ProxyError::NotAHeader) }
}

/// True while `buf` is, or can still become, something that begins with `prefix`.
fn starts_alike(buf: &[u8], prefix: &[u8]) -> bool {
    let common = buf.len().min(prefix.len());
    buf[..common] == prefix[..common]
}

fn decode_v1(buf: &[u8]) -> Result<Decoded, ProxyError> {
    let seen = &buf[..buf.len().min(V1_MAX)];
    let Some(lf) = memchr::memchr(b'\n', seen) else {
        return if buf.len() >= V1_MAX { Err(ProxyError::Line) } else { Ok(Decoded::Partial) };
    };
    let line = seen[..lf].strip_suffix(b"\r").ok_or(ProxyError::Line)?;
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Line)?;
    let mut words = line.split(' ').skip(1);
    let endpoints = match words.next() {
        Some("UNKNOWN") => Endpoints::Unknown,
        Some("TCP4") => v1_ends::<Ipv4Addr>(words)?,
        Some("TCP6") => v1_ends::<Ipv6Addr>(words)?,
        _ => return Err(ProxyError::Line),
    };
    let header = Header { command: Command::Proxy, endpoints, tlvs: Tlvs::default() };
    Ok(Decoded::Complete { header, length: lf + 1 })
}

fn v1_ends<'a, A>(mut words: impl Iterator<Item = &'a str>) -> Result<Endpoints, ProxyError>
where
    A: std::str::FromStr + Into<IpAddr>,
{
    let mut address = || words.next().and_then(|word| word.parse::<A>().ok()).ok_or(ProxyError::Line);
    let (source, destination) = (address()?.into(), address()?.into());
    let mut port = || words.next().and_then(v1_port).ok_or(ProxyError::Line);
    let (source_port, destination_port) = (port()?, port()?);
    if words.next().is_some() {
        return Err(ProxyError::Line);
    }
    Ok(Endpoints::Inet {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// Decimal without sign or leading zero.
fn v1_port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    if plain { word.parse().ok() } else { None }
}

fn decode_v2(buf: &[u8]) -> Result<Decoded, ProxyError> {
    let length = usize::from(u16::from_be_bytes([buf[14], buf[15]]));
    let command = match buf[12] {
        0x20 => Command::Local,
        0x21 => Command::Proxy,
        _ => return Err(ProxyError::Command),
    };
    let end = V2_FIXED + length;
    let Some(whole) = buf.get(..end) else { return Ok(Decoded::Partial) };
    let body = &whole[V2_FIXED..];
    if command == Command::Local {
        let header = Header { command, endpoints: Endpoints::Unknown, tlvs: Tlvs::default() };
        return Ok(Decoded::Complete { header, length: end });
    }
    let (endpoints, used) = match buf[13] {
        0x11 => (v2_inet::<4, Ipv4Addr>(body)?, 12),
        0x21 => (v2_inet::<16, Ipv6Addr>(body)?, 36),
        0x31 => (v2_unix(body)?, 2 * UNIX_PATH),
        // Datagrams and unknown kinds: their addresses are skipped, the real ones hold.
        0x12 => (Endpoints::Unknown, 12),
        0x22 => (Endpoints::Unknown, 36),
        0x32 => (Endpoints::Unknown, 2 * UNIX_PATH),
        _ => (Endpoints::Unknown, length),
    };
    let rest = body.get(used..).ok_or(ProxyError::Length)?;
    let tlvs = Tlvs::parse(rest)?;
    if let Some(sum) = tlvs.first(TlvType::CRC32C) {
        check_sum(whole, V2_FIXED + used, sum)?;
    }
    Ok(Decoded::Complete { header: Header { command, endpoints, tlvs }, length: end })
}

fn v2_inet<const N: usize, A>(body: &[u8]) -> Result<Endpoints, ProxyError>
where
    A: From<[u8; N]> + Into<IpAddr>,
{
    let address = |at: usize| -> Result<IpAddr, ProxyError> {
        let bytes: [u8; N] =
            body.get(at..at + N).and_then(|b| b.try_into().ok()).ok_or(ProxyError::Length)?;
        Ok(A::from(bytes).into())
    };
    let port = |at: usize| -> Result<u16, ProxyError> {
        let bytes = body.get(at..at + 2).and_then(|b| b.try_into().ok()).ok_or(ProxyError::Length)?;
        Ok(u16::from_be_bytes(bytes))
    };
    Ok(Endpoints::Inet {
        source: SocketAddr::new(address(0)?, port(2 * N)?),
        destination: SocketAddr::new(address(N)?, port(2 * N + 2)?),
    })
}

fn v2_unix(body: &[u8]) -> Result<Endpoints, ProxyError> {
    let path = |at: usize| -> Result<Vec<u8>, ProxyError> {
        let bytes = body.get(at..at + UNIX_PATH).ok_or(ProxyError::Length)?;
        // A leading zero byte is the name of an abstract socket, the padding is behind it.
        let abstract_name = usize::from(bytes.first() == Some(&0));
        let length = memchr::memchr(0, &bytes[abstract_name..]).unwrap_or(UNIX_PATH - abstract_name);
        let length = if length == 0 { 0 } else { length + abstract_name };
        Ok(bytes[..length].to_vec())
    };
    Ok(Endpoints::Unix { source: path(0)?, destination: path(UNIX_PATH)? })
}

/// Checks the sum over the whole header, its own bytes counted as zero (§2.2.3).
fn check_sum(whole: &[u8], tlvs_at: usize, told: &[u8]) -> Result<(), ProxyError> {
    let told: [u8; 4] = told.try_into().map_err(|_| ProxyError::Length)?;
    let at = tlv::offset_of(&whole[tlvs_at..], TlvType::CRC32C).ok_or(ProxyError::Length)?;
    let mut copy = whole.to_vec();
    copy[tlvs_at + at..tlvs_at + at + 4].fill(0);
    if crc32c::sum(&copy) == u32::from_be_bytes(told) { Ok(()) } else { Err(ProxyError::Checksum) }
}

#[cfg(test)]
mod tests;
