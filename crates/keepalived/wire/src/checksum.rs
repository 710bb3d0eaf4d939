//! The internet checksum (RFC 1071) and the pseudo headers that VRRP puts in front of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocol number of VRRP.
pub const VRRP: u8 = 112;

/// A running ones' complement sum.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u32);

impl Sum {
    /// Adds bytes; a last odd byte counts as if a zero followed it.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut sum = self.0;
        for pair in bytes.chunks(2) {
            let word = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
            sum += u32::from(word);
            sum = (sum & 0xffff) + (sum >> 16);
        }
        Self(sum)
    }

    /// The pseudo header of RFC 5798 §5.2.8 for either family; nothing for addresses of mixed families.
    #[must_use]
    pub fn pseudo(self, source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Self {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.pseudo_v4(source, destination, protocol, length)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.pseudo_v6(source, destination, protocol, length)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => self,
        }
    }

    fn pseudo_v4(self, source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: usize) -> Self {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.bytes(&source.octets())
            .bytes(&destination.octets())
            .bytes(&[0, protocol])
            .bytes(&length.to_be_bytes())
    }

    fn pseudo_v6(self, source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, length: usize) -> Self {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.bytes(&source.octets())
            .bytes(&destination.octets())
            .bytes(&length.to_be_bytes())
            .bytes(&[0, 0, 0, protocol])
    }

    /// The value for the checksum field.
    #[must_use]
    pub fn finish(self) -> u16 {
        let low = u16::try_from(self.0 & 0xffff).unwrap_or_default();
        let high = u16::try_from(self.0 >> 16).unwrap_or_default();
        !low.wrapping_add(high)
    }

    /// Whether bytes that contain their checksum add up.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.finish() == 0
    }
}
