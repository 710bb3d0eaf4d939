//! What an advertisement says, apart from how it is written.

use std::net::IpAddr;

use common_base::time::Micros;

/// The protocol version: 2 (RFC 3768, IPv4 only) or 3 (RFC 9568).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// RFC 3768: whole seconds, eight bytes of authentication data.
    V2,
    /// RFC 5798 and RFC 9568: hundredths of a second, no authentication.
    V3,
}

/// The address family of a virtual router; it never mixes within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// An advertisement that passed every check of the codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// Who sent it: the source address of the packet.
    pub source: IpAddr,
    /// The version it was written in.
    pub version: Version,
    /// Virtual router id, 1 to 255.
    pub vrid: u8,
    /// 0 = the sender leaves, 255 = address owner.
    pub priority: u8,
    /// The sender's advertisement interval.
    pub interval: Micros,
    /// The virtual addresses in the packet's order.
    pub addresses: Vec<IpAddr>,
}

impl Version {
    /// The number in the packet.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bytes of one address in a packet.
    #[must_use]
    pub const fn address_len(self) -> usize {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
        }
    }
}
