//! The gratuitous ARP of a virtual address.

use std::net::Ipv4Addr;

/// Bytes of the frame; it is not padded to Ethernet's minimum, the driver does that.
pub const FRAME_LEN: usize = 42;

/// An ARP *request* to everybody in which sender and target are the virtual address and the target's hardware
/// address is the broadcast address, as keepalived writes it.
#[must_use]
pub fn gratuitous(mac: [u8; 6], address: Ipv4Addr) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    frame[..6].fill(0xff);
    frame[6..12].copy_from_slice(&mac);
    // ARP; Ethernet, IPv4, lengths 6 and 4, request
    frame[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame[22..28].copy_from_slice(&mac);
    frame[28..32].copy_from_slice(&address.octets());
    frame[32..38].fill(0xff);
    frame[38..42].copy_from_slice(&address.octets());
    frame
}
