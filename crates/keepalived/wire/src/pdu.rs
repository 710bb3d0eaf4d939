//! The VRRP message itself, behind all headers.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Version| Type  | Virtual Rtr ID|   Priority    | Count IP Addrs|
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | v2: Auth Type |  v2: seconds  |           Checksum            |
//! | v3: 0 |     centiseconds      |                               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | addresses, 4 or 16 bytes each ...                             |
//! | v2: eight bytes of authentication data, zero without PASS     |
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use common_base::time::Micros;

use crate::advert::{Family, Version};

/// Bytes before the addresses.
pub const HEADER_LEN: usize = 8;
/// Bytes of authentication data at the end of every version 2 message.
pub const AUTH_LEN: usize = 8;
/// The most addresses a message can count.
pub const ADDRESSES_MAX: usize = 255;
/// The only type there is.
pub const ADVERTISEMENT: u8 = 1;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// Version.
    pub version: Version,
    /// Virtual router id.
    pub vrid: u8,
    /// Priority.
    pub priority: u8,
    /// Interval; whole seconds (2) or hundredths (3) are written, clamped to the field.
    pub interval: Micros,
    /// Addresses, all of the message's family; beyond 255 they are left out.
    pub addresses: &'a [IpAddr],
    /// Version 2: the authentication type.
    pub auth_type: u8,
    /// Version 2: the authentication data.
    pub auth_data: [u8; AUTH_LEN],
}

/// Fixed part of a message, as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version nibble, any value.
    pub version: u8,
    /// Type nibble, any value.
    pub kind: u8,
    /// Virtual router id.
    pub vrid: u8,
    /// Priority.
    pub priority: u8,
    /// Number of addresses.
    pub count: u8,
    /// Bytes 4 and 5: authentication type and seconds, or centiseconds.
    pub interval: [u8; 2],
    /// Checksum field.
    pub checksum: u16,
}

impl Fields<'_> {
    /// The message with a zero checksum.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let addresses = &self.addresses[..self.addresses.len().min(ADDRESSES_MAX)];
        let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
        let mut out = Vec::with_capacity(HEADER_LEN + 16 * addresses.len() + AUTH_LEN);
        out.extend_from_slice(&[self.version.number() << 4 | ADVERTISEMENT, self.vrid, self.priority, count]);
        out.extend_from_slice(&self.interval_bytes());
        out.extend_from_slice(&[0, 0]);
        for address in addresses {
            match address {
                IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
                IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
            }
        }
        if self.version == Version::V2 {
            out.extend_from_slice(&self.auth_data);
        }
        out
    }

    fn interval_bytes(&self) -> [u8; 2] {
        match self.version {
            Version::V2 => [self.auth_type, u8::try_from(self.interval.as_secs()).unwrap_or(u8::MAX)],
            Version::V3 => {
                let centis = u16::try_from(self.interval.as_centis()).unwrap_or(u16::MAX);
                centis.min(0x0fff).to_be_bytes()
            }
        }
    }
}

/// Puts a checksum into a message.
pub fn set_checksum(pdu: &mut [u8], checksum: u16) {
    if let Some(field) = pdu.get_mut(6..8) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}

impl Header {
    /// Reads the fixed part; `None` if there are fewer than eight bytes.
    #[must_use]
    pub fn read(pdu: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_LEN] = pdu.first_chunk()?;
        Some(Self {
            version: bytes[0] >> 4,
            kind: bytes[0] & 0x0f,
            vrid: bytes[1],
            priority: bytes[2],
            count: bytes[3],
            interval: [bytes[4], bytes[5]],
            checksum: u16::from_be_bytes([bytes[6], bytes[7]]),
        })
    }

    /// How long the whole message must be; a version that nobody knows is measured as version 3.
    #[must_use]
    pub fn expected_len(&self, family: Family) -> usize {
        let auth = if self.version == 2 { AUTH_LEN } else { 0 };
        HEADER_LEN + usize::from(self.count) * family.address_len() + auth
    }

    /// The interval in the way `version` writes it.
    #[must_use]
    pub fn interval(&self, version: Version) -> Micros {
        match version {
            Version::V2 => Micros::from_secs(u64::from(self.interval[1])),
            Version::V3 => Micros::from_centis(u64::from(u16::from_be_bytes(self.interval) & 0x0fff)),
        }
    }
}

/// The addresses of a message that is long enough for its count; fewer if it is not.
#[must_use]
pub fn addresses(pdu: &[u8], count: u8, family: Family) -> Vec<IpAddr> {
    let bytes = pdu.get(HEADER_LEN..).unwrap_or_default();
    let count = usize::from(count);
    match family {
        Family::V4 => {
            bytes.as_chunks::<4>().0.iter().take(count).map(|a| Ipv4Addr::from(*a).into()).collect()
        }
        Family::V6 => {
            bytes.as_chunks::<16>().0.iter().take(count).map(|a| Ipv6Addr::from(*a).into()).collect()
        }
    }
}
