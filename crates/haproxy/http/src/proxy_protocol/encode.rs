//! Headers to send.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::tlv::{TlvType, TlvsOut};
use super::{Command, Endpoints, UNIX_PATH, V2_FIXED, V2_SIGNATURE, crc32c};

/// Appends a version 1 line for source and destination, or for ends that cannot be told. Addresses of two families are
/// both written as IPv6.
pub fn write_v1(ends: Option<(SocketAddr, SocketAddr)>, out: &mut Vec<u8>) {
    let Some((source, destination)) = ends else {
        out.extend_from_slice(b"PROXY UNKNOWN\r\n");
        return;
    };
    let (from, to) = one_family(source.ip(), destination.ip());
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    let mut line = String::with_capacity(super::V1_MAX);
    let (from_port, to_port) = (source.port(), destination.port());
    let _ = write!(line, "PROXY {family} {from} {to} {from_port} {to_port}\r\n");
    out.extend_from_slice(line.as_bytes());
}

/// Appends a version 2 header for source and destination with extensions as type and value; without ends a `Local` one.
/// What is too long for a header is left out.
pub fn write_v2(
    ends: Option<(SocketAddr, SocketAddr)>,
    extensions: &[(u8, Vec<u8>)],
    checksum: bool,
    out: &mut Vec<u8>,
) {
    let mut tlvs = TlvsOut::default();
    for (kind, value) in extensions {
        tlvs.push(TlvType(*kind), value);
    }
    let (command, endpoints) = match ends {
        Some((source, destination)) => (Command::Proxy, Endpoints::Inet { source, destination }),
        None => (Command::Local, Endpoints::Unknown),
    };
    if !encode_v2(&V2 { command, endpoints: &endpoints, tlvs: &tlvs, checksum }, out) {
        encode_v2(&V2 { command, endpoints: &endpoints, tlvs: &TlvsOut::default(), checksum }, out);
    }
}

fn one_family(a: IpAddr, b: IpAddr) -> (IpAddr, IpAddr) {
    let wide = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
        v6 => v6,
    };
    if a.is_ipv4() == b.is_ipv4() { (a, b) } else { (wide(a), wide(b)) }
}

/// A version 2 header to send.
#[derive(Clone, Debug)]
pub struct V2<'a> {
    /// Whose connection it is.
    pub command: Command,
    /// Its ends, told for `Proxy` only.
    pub endpoints: &'a Endpoints,
    /// What else to tell.
    pub tlvs: &'a TlvsOut,
    /// Close with a checksum (`proxy-v2-options crc32c`).
    pub checksum: bool,
}

/// Appends a version 2 header; false (and nothing appended) when the extensions are too long for one.
pub fn encode_v2(header: &V2<'_>, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.extend_from_slice(&V2_SIGNATURE);
    let (command, endpoints) = match header.command {
        Command::Local => (0x20, &Endpoints::Unknown),
        Command::Proxy => (0x21, header.endpoints),
    };
    out.extend_from_slice(&[command, 0, 0, 0]);
    out[start + 13] = match endpoints {
        Endpoints::Unknown => 0x00,
        Endpoints::Inet { source, destination } => inet(*source, *destination, out),
        Endpoints::Unix { source, destination } => {
            unix(source, out);
            unix(destination, out);
            0x31
        }
    };
    out.extend_from_slice(header.tlvs.as_bytes());
    let mut sum_at = None;
    if header.checksum {
        out.extend_from_slice(&[TlvType::CRC32C.0, 0, 4, 0, 0, 0, 0]);
        sum_at = Some(out.len() - 4);
    }
    let Ok(length) = u16::try_from(out.len() - start - V2_FIXED) else {
        out.truncate(start);
        return false;
    };
    out[start + 14..start + 16].copy_from_slice(&length.to_be_bytes());
    if let Some(at) = sum_at {
        let sum = crc32c::sum(&out[start..]);
        out[at..at + 4].copy_from_slice(&sum.to_be_bytes());
    }
    true
}

fn inet(source: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) -> u8 {
    let family = match one_family(source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
            0x11
        }
        (from, to) => {
            for ip in [from, to] {
                match ip {
                    IpAddr::V6(v6) => out.extend_from_slice(&v6.octets()),
                    IpAddr::V4(v4) => out.extend_from_slice(&v4.to_ipv6_mapped().octets()),
                }
            }
            0x21
        }
    };
    out.extend_from_slice(&source.port().to_be_bytes());
    out.extend_from_slice(&destination.port().to_be_bytes());
    family
}

fn unix(path: &[u8], out: &mut Vec<u8>) {
    let end = out.len() + UNIX_PATH;
    out.extend_from_slice(&path[..path.len().min(UNIX_PATH)]);
    out.resize(end, 0);
}
