//! Addresses as text, as the configuration and converters read them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Dotted IPv4 with the short forms of inet_aton: `10.12` is 10.0.0.12 (manual §7.1.6).
pub fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let mut parts = [0u64; 4];
    let mut count = 0;
    for part in text.split('.') {
        if count == 4 || part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        parts[count] = part.parse().ok()?;
        count += 1;
    }
    let last = parts[count - 1];
    if last >= 1u64 << (8 * (5 - count)) || parts[..count - 1].iter().any(|part| *part > 255) {
        return None;
    }
    let mut bits = last;
    for (index, part) in parts[..count - 1].iter().enumerate() {
        bits |= part << (24 - 8 * index);
    }
    Some(Ipv4Addr::from(bits as u32))
}

/// An IPv4 mask: `255.255.0.0` or a number of bits.
pub fn parse_mask4(text: &str) -> Option<Ipv4Addr> {
    if text.contains('.') {
        return text.parse().ok();
    }
    let bits: u32 = text.parse().ok()?;
    (bits <= 32).then(|| Ipv4Addr::from(prefix_v4(bits)))
}

/// An IPv6 mask: an address or a number of bits.
pub fn parse_mask6(text: &str) -> Option<Ipv6Addr> {
    if text.contains(':') {
        return text.parse().ok();
    }
    let bits: u32 = text.parse().ok()?;
    (bits <= 128).then(|| Ipv6Addr::from(prefix_v6(bits)))
}

/// Mask of so many leading bits.
pub fn prefix_v4(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

/// Mask of so many leading bits.
pub fn prefix_v6(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

/// The address of a text, strictly: what converters and casts take.
pub fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The IPv4 address inside a mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`) or 6to4 (`2002:...`) address.
pub fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(address);
    let low = Ipv4Addr::from(bits as u32);
    if bits >> 32 == 0xffff || bits >> 32 == 0 {
        return Some(low);
    }
    (bits >> 112 == 0x2002).then(|| Ipv4Addr::from((bits >> 80) as u32))
}
