//! Recorded packets: keepalived 2.2.7 (A) and 2.4.3 (B) on a quiet bridge.
//!
//! `cap1`: version 2 with PASS, a failover. `capvm`: vmac, IPv4 and IPv6. `capb`: unicast with BFD. `ah`: AH over
//! multicast (VRID 51) and unicast (52).

pub const RECORDINGS: &[(&str, &[u8])] = &[
    ("cap1", include_bytes!("cap1.pcap")),
    ("capvm", include_bytes!("capvm.pcap")),
    ("capb", include_bytes!("capb.pcap")),
    ("ah", include_bytes!("ah.pcap")),
];

/// The frames of a classic little-endian pcap file.
pub fn frames(file: &'static [u8]) -> Vec<&'static [u8]> {
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1], "little-endian, microseconds");
    let mut rest = &file[24..];
    let mut out = Vec::new();
    while let Some((head, tail)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        let (frame, tail) = tail.split_at(length);
        out.push(frame);
        rest = tail;
    }
    out
}
