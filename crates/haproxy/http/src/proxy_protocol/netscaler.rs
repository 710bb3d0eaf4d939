//! NetScaler's client IP insertion (`accept-netscaler-cip <magic>`): copies of the client's IP and TCP headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Command, Decoded, Endpoints, Header, ProxyError, Tlvs};

/// Bytes of an inserted header, at most: magic, lengths, and the longest IP and TCP headers.
const LENGTH_MAX: usize = 12 + 60 + 60;

/// Reads an inserted header, legacy or standard form, from the start of `buf`.
pub fn decode(buf: &[u8], magic: u32) -> Result<Decoded, ProxyError> {
    let Some(told) = word(buf, 0) else { return Ok(Decoded::Partial) };
    if told != magic {
        return Err(ProxyError::Netscaler);
    }
    let (Some(length), Some(next)) = (word(buf, 4), word(buf, 8)) else { return Ok(Decoded::Partial) };
    // Standard form: a type of 1 and a length of 16 bits each follow. Legacy form: the IP header follows at once.
    let ip_at = match next >> 16 {
        1 => 12,
        first if matches!(first >> 12, 4 | 6) => 8,
        _ => return Err(ProxyError::Netscaler),
    };
    let end = match ip_at {
        8 => 8usize.checked_add(length as usize),
        _ => Some(ip_at + (next & 0xffff) as usize),
    };
    let end = end.filter(|end| *end <= LENGTH_MAX).ok_or(ProxyError::Length)?;
    let Some(headers) = buf.get(ip_at..end) else { return Ok(Decoded::Partial) };
    let endpoints = ends(headers)?;
    let header = Header { command: Command::Proxy, endpoints, tlvs: Tlvs::default() };
    Ok(Decoded::Complete { header, length: end })
}

fn word(buf: &[u8], at: usize) -> Option<u32> {
    buf.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// Addresses and ports of an IP header with a TCP header behind it.
fn ends(headers: &[u8]) -> Result<Endpoints, ProxyError> {
    let first = *headers.first().ok_or(ProxyError::Length)?;
    let array4 = |at: usize| -> Result<[u8; 4], ProxyError> {
        headers.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(ProxyError::Length)
    };
    let array16 = |at: usize| -> Result<[u8; 16], ProxyError> {
        headers.get(at..at + 16).and_then(|b| b.try_into().ok()).ok_or(ProxyError::Length)
    };
    let (from, to, protocol, tcp_at): (IpAddr, IpAddr, u8, usize) = match first >> 4 {
        4 => {
            let length = usize::from(first & 15) * 4;
            let protocol = *headers.get(9).ok_or(ProxyError::Length)?;
            (Ipv4Addr::from(array4(12)?).into(), Ipv4Addr::from(array4(16)?).into(), protocol, length.max(20))
        }
        6 => {
            let protocol = *headers.get(6).ok_or(ProxyError::Length)?;
            (Ipv6Addr::from(array16(8)?).into(), Ipv6Addr::from(array16(24)?).into(), protocol, 40)
        }
        _ => return Err(ProxyError::Netscaler),
    };
    if protocol != 6 {
        return Err(ProxyError::Netscaler);
    }
    let [a, b, c, d] = array4(tcp_at)?;
    Ok(Endpoints::Inet {
        source: SocketAddr::new(from, u16::from_be_bytes([a, b])),
        destination: SocketAddr::new(to, u16::from_be_bytes([c, d])),
    })
}
