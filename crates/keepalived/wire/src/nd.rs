//! The unsolicited neighbour advertisement of a virtual address.

use std::net::{IpAddr, Ipv6Addr};

use crate::checksum::Sum;

/// Bytes of the frame.
pub const FRAME_LEN: usize = 86;

const ICMPV6: u8 = 58;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const OVERRIDE: u8 = 0x20;
const ROUTER: u8 = 0x80;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Whether the interface forwards IPv6, which an advertisement tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It does: the Router flag is set.
    Router,
    /// It does not.
    Host,
}

/// An Ethernet frame to all nodes, sent from the virtual address itself, with Override and the link-layer address.
#[must_use]
pub fn unsolicited(mac: [u8; 6], address: Ipv6Addr, role: Role) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    frame[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
    frame[6..12].copy_from_slice(&mac);
    frame[12..14].copy_from_slice(&[0x86, 0xdd]);
    // IPv6: version 6, 32 bytes, ICMPv6, hop limit 255
    frame[14..22].copy_from_slice(&[0x60, 0, 0, 0, 0, 32, ICMPV6, 255]);
    frame[22..38].copy_from_slice(&address.octets());
    frame[38..54].copy_from_slice(&ALL_NODES.octets());
    frame[54] = NEIGHBOUR_ADVERTISEMENT;
    frame[58] = match role {
        Role::Router => ROUTER | OVERRIDE,
        Role::Host => OVERRIDE,
    };
    frame[62..78].copy_from_slice(&address.octets());
    // option: target link-layer address, one unit of eight bytes
    frame[78..80].copy_from_slice(&[2, 1]);
    frame[80..86].copy_from_slice(&mac);
    let sum = Sum::default()
        .pseudo(IpAddr::V6(address), IpAddr::V6(ALL_NODES), ICMPV6, FRAME_LEN - 54)
        .bytes(&frame[54..])
        .finish();
    frame[56..58].copy_from_slice(&sum.to_be_bytes());
    frame
}
