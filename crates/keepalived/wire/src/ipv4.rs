//! The IPv4 header that the sender writes itself (`IP_HDRINCL`), and its reading.

use std::net::Ipv4Addr;

use crate::checksum::Sum;

/// Bytes of a header without options.
pub const HEADER_LEN: usize = 20;

/// TOS of every advert: internetwork control.
const TOS: u8 = 0xc0;

/// What a sender fills in; the rest is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    /// Identification; one per advert, the same for all peers.
    pub id: u16,
    /// Time to live.
    pub ttl: u8,
    /// 112 or 51.
    pub protocol: u8,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
}

/// A received header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The fields a receiver looks at.
    pub header: Ipv4Header,
    /// The total length field.
    pub total_length: usize,
    /// What follows the header, up to the total length.
    pub payload: &'a [u8],
}

impl Ipv4Header {
    /// The header in front of `payload`, checksum included, DF clear.
    #[must_use]
    pub fn write(&self, payload: &[u8]) -> Vec<u8> {
        let total = u16::try_from(HEADER_LEN + payload.len()).unwrap_or(u16::MAX);
        let mut packet = Vec::with_capacity(HEADER_LEN + payload.len());
        packet.extend_from_slice(&[0x45, TOS]);
        packet.extend_from_slice(&total.to_be_bytes());
        packet.extend_from_slice(&self.id.to_be_bytes());
        packet.extend_from_slice(&[0, 0, self.ttl, self.protocol, 0, 0]);
        packet.extend_from_slice(&self.source.octets());
        packet.extend_from_slice(&self.destination.octets());
        let sum = Sum::default().bytes(&packet).finish();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend_from_slice(payload);
        packet
    }

    /// Reads a packet as a raw socket delivers it. `None` if it is no IPv4 header with all its options. Bytes beyond
    /// the total length (Ethernet padding) are left out; missing ones show in `total_length`.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Received<'_>> {
        let fixed: &[u8; HEADER_LEN] = packet.first_chunk()?;
        let header_len = usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] >> 4 != 4 || header_len < HEADER_LEN || packet.len() < header_len {
            return None;
        }
        let total_length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        let end = total_length.clamp(header_len, packet.len());
        Some(Received {
            header: Self {
                id: u16::from_be_bytes([fixed[4], fixed[5]]),
                ttl: fixed[8],
                protocol: fixed[9],
                source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
                destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            },
            total_length,
            payload: &packet[header_len..end],
        })
    }
}
