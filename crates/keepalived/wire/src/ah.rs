//! The IP authentication header with HMAC-MD5-96 (RFC 2402, RFC 2403) as VRRP 2 uses it.

use hmac::{Hmac, Mac};
use md5::Md5;

use crate::ipv4;

/// Protocol number of AH.
pub const PROTOCOL: u8 = 51;
/// Bytes of the header with a 96 bit digest.
pub const HEADER_LEN: usize = 24;

/// Payload length field: header length in words of 32 bits, minus two.
const LENGTH_FIELD: u8 = 4;
const DIGEST: std::ops::Range<usize> = 12..24;

/// Whether the time to live is part of the digest. It is for multicast, where it must be 255 anyway, and is not for
/// unicast, where routers lower it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It is signed.
    Signed,
    /// It counts as zero.
    Mutable,
}

/// A received authentication header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Security parameter index; the sender's address.
    pub spi: u32,
    /// Replay counter.
    pub sequence: u32,
}

/// The header without digest.
#[must_use]
pub fn write(next: u8, spi: u32, sequence: u32) -> [u8; HEADER_LEN] {
    let mut out = [0; HEADER_LEN];
    out[0] = next;
    out[1] = LENGTH_FIELD;
    out[4..8].copy_from_slice(&spi.to_be_bytes());
    out[8..12].copy_from_slice(&sequence.to_be_bytes());
    out
}

/// Reads a header in front of `next`; `None` if it is too short or another kind.
#[must_use]
pub fn read(payload: &[u8], next: u8) -> Option<Header> {
    let bytes: &[u8; HEADER_LEN] = payload.first_chunk()?;
    (bytes[0] == next && bytes[1] == LENGTH_FIELD).then_some(Header {
        spi: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        sequence: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
    })
}

/// Signs a packet of IPv4 header, authentication header and message in place. Nothing happens if it is shorter.
pub fn sign(packet: &mut [u8], key: &[u8], ttl: Ttl) {
    let Some(header_len) = header_len(packet) else { return };
    if let Some(digest) = digest(packet, header_len, key, ttl)
        && let Some(field) = packet.get_mut(header_len..).and_then(|rest| rest.get_mut(DIGEST))
    {
        field.copy_from_slice(&digest[..12]);
    }
}

/// Whether the digest of such a packet is right.
#[must_use]
pub fn verify(packet: &[u8], key: &[u8], ttl: Ttl) -> bool {
    let Some(header_len) = header_len(packet) else { return false };
    let Some(expected) = digest(packet, header_len, key, ttl) else { return false };
    let received = packet.get(header_len..).and_then(|rest| rest.get(DIGEST)).unwrap_or_default();
    // no early exit: the time it takes must not tell how many bytes were right
    received.len() == 12 && received.iter().zip(&expected).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
}

fn header_len(packet: &[u8]) -> Option<usize> {
    let length = usize::from(packet.first()? & 0x0f) * 4;
    (length >= ipv4::HEADER_LEN && packet.len() >= length + HEADER_LEN).then_some(length)
}

/// HMAC-MD5 over the packet with its mutable fields (TOS, fragment, checksum, digest, perhaps TTL) as zero.
fn digest(packet: &[u8], header_len: usize, key: &[u8], ttl: Ttl) -> Option<[u8; 16]> {
    let mut copy = packet.to_vec();
    copy[1] = 0;
    copy[6..8].fill(0);
    copy[10..12].fill(0);
    if ttl == Ttl::Mutable {
        copy[8] = 0;
    }
    copy[header_len..].get_mut(DIGEST)?.fill(0);
    let mut mac = Hmac::<Md5>::new_from_slice(key).ok()?;
    mac.update(&copy);
    Some(mac.finalize().into_bytes().into())
}
