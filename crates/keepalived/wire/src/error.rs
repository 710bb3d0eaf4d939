//! Why a received packet was not used: one variant, one counter, one text.

use std::{fmt, net::IpAddr};

use common_base::time::Micros;

use crate::advert::Version;

/// A packet that was dropped, with its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Source address of the packet.
    pub source: IpAddr,
    /// What was wrong with it.
    pub error: ReceiveError,
}

/// The first check that a packet failed, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// Too short for the headers it must have.
    TooShort {
        /// Bytes received.
        received: usize,
        /// Bytes needed at least.
        needed: usize,
    },
    /// AH is configured and the packet has none, or the other way round.
    AhPresence {
        /// Whether the packet carried an authentication header.
        present: bool,
    },
    /// Length and address count do not agree.
    Length {
        /// Bytes received, headers included.
        received: usize,
        /// Bytes that the address count asks for, headers included.
        expected: usize,
    },
    /// TTL or hop limit is not 255 (multicast) or outside the peer's range (unicast).
    Ttl {
        /// TTL of the packet.
        received: u8,
        /// Smallest that is accepted.
        min: u8,
        /// Largest that is accepted.
        max: u8,
    },
    /// Another protocol version.
    Version {
        /// The packet's version field.
        received: u8,
        /// The configured version.
        expected: Version,
    },
    /// The HMAC trailer is missing or wrong.
    Hmac(HmacError),
    /// An authentication type that no RFC knows.
    AuthType {
        /// The packet's type field.
        received: u8,
    },
    /// A known authentication type, but not the configured one.
    AuthMismatch {
        /// The packet's type field.
        received: u8,
        /// The configured type.
        expected: u8,
    },
    /// The PASS password differs.
    Password,
    /// The AH digest differs.
    AhDigest,
    /// The AH security parameter index is not the sender's address, or the header is malformed.
    AhHeader,
    /// The AH counter was seen before.
    AhReplay {
        /// Counter of the packet.
        received: u32,
        /// Highest counter accepted so far.
        last: u32,
    },
    /// VRRP 2: the interval differs.
    Interval {
        /// The configured interval.
        mine: Micros,
        /// The packet's interval.
        received: Micros,
    },
    /// Not an advertisement.
    PacketType {
        /// The packet's type field.
        received: u8,
    },
    /// The IP header's total length and the bytes received disagree.
    TotalLength {
        /// Length that the IP header gives.
        header: usize,
        /// Bytes received.
        received: usize,
    },
    /// The checksum is wrong.
    Checksum {
        /// The version of the packet.
        version: Version,
    },
    /// A multicast packet for an instance that speaks unicast.
    MulticastForUnicast,
    /// A unicast packet for an instance that speaks multicast.
    UnicastForMulticast,
    /// `check_unicast_src`: the sender is not a configured peer.
    NotPeer,
    /// An unknown virtual router id.
    Vrid {
        /// The packet's id.
        received: u8,
    },
}

/// What is wrong with an HMAC trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacError {
    /// The packet has no trailer and the mode demands one.
    Missing,
    /// The trailer's type, length or reserved bits are wrong.
    Malformed,
    /// No key with this id.
    UnknownKey(u8),
    /// The code does not verify.
    Invalid,
    /// The time lies outside the window.
    Stale,
    /// This time and counter were seen before.
    Replay,
}

/// A counter of the statistics that a failed check raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// `Packet Errors: Length`.
    Length,
    /// `Packet Errors: TTL`.
    Ttl,
    /// `Packet Errors: Invalid Type`.
    InvalidType,
    /// `Packet Errors: Advertisement Interval`.
    Interval,
    /// `Packet Errors: Address List`.
    AddressList,
    /// `Authentication Errors: Invalid Type`.
    AuthInvalidType,
    /// `Authentication Errors: Type Mismatch`.
    AuthMismatch,
    /// `Authentication Errors: Failure`.
    AuthFailure,
    /// `Authentication Extension Errors: Missing`.
    HmacMissing,
    /// `Authentication Extension Errors: Malformed`.
    HmacMalformed,
    /// `Authentication Extension Errors: Unknown Key`.
    HmacUnknownKey,
    /// `Authentication Extension Errors: Invalid HMAC`.
    HmacInvalid,
    /// `Authentication Extension Errors: Stale`.
    HmacStale,
    /// `Authentication Extension Errors: Replay`.
    HmacReplay,
    /// Checksum errors (VRRP MIB).
    Checksum,
    /// Version errors (VRRP MIB).
    Version,
    /// Virtual router id errors (VRRP MIB).
    Vrid,
}

impl ReceiveError {
    /// The counter that this error raises; `None` for packets that are no error of the sender's.
    #[must_use]
    pub const fn counter(&self) -> Option<Counter> {
        Some(match self {
            Self::TooShort { .. } | Self::Length { .. } | Self::TotalLength { .. } => Counter::Length,
            Self::Ttl { .. } => Counter::Ttl,
            Self::Version { .. } => Counter::Version,
            Self::AhPresence { .. } | Self::AuthMismatch { .. } => Counter::AuthMismatch,
            Self::AuthType { .. } => Counter::AuthInvalidType,
            Self::Password | Self::AhDigest | Self::AhHeader | Self::AhReplay { .. } => Counter::AuthFailure,
            Self::Interval { .. } => Counter::Interval,
            Self::PacketType { .. } => Counter::InvalidType,
            Self::Checksum { .. } => Counter::Checksum,
            Self::Vrid { .. } => Counter::Vrid,
            Self::Hmac(error) => match error {
                HmacError::Missing => Counter::HmacMissing,
                HmacError::Malformed => Counter::HmacMalformed,
                HmacError::UnknownKey(_) => Counter::HmacUnknownKey,
                HmacError::Invalid => Counter::HmacInvalid,
                HmacError::Stale => Counter::HmacStale,
                HmacError::Replay => Counter::HmacReplay,
            },
            Self::MulticastForUnicast | Self::UnicastForMulticast | Self::NotPeer => return None,
        })
    }
}

impl fmt::Display for Rejected {
    /// The log text, without the instance's name in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.source;
        match &self.error {
            ReceiveError::TooShort { received, .. } => {
                write!(f, "VRRP packet too short from {from} - {received} bytes")
            }
            ReceiveError::Length { received, expected } => {
                let word = if received < expected { "short" } else { "long" };
                write!(f, "vrrp packet too {word} from {from}, length {received} and expect {expected}")
            }
            ReceiveError::AhPresence { present: true } => {
                write!(f, "unexpected AH packet from {from}")
            }
            ReceiveError::AhPresence { present: false } => {
                write!(f, "received a packet without AH from {from}, expecting AH!")
            }
            ReceiveError::Ttl { received, min, max } if min == max => {
                write!(f, "invalid TTL/HL from {from}. Received {received} and expect {max}")
            }
            ReceiveError::Ttl { received, min, max } => {
                write!(f, "TTL/HL {received} from {from} not in range {min} - {max}")
            }
            ReceiveError::Version { received, expected } => write!(
                f,
                "wrong VRRP version from {from}. Received {received} and expect {}",
                expected.number()
            ),
            ReceiveError::Hmac(error) => write!(f, "auth_hmac: {error} from {from}"),
            ReceiveError::AuthType { received } => write!(f, "Invalid auth type from {from}: {received}"),
            ReceiveError::AuthMismatch { received, expected } => {
                write!(f, "received a {received} auth from {from}, expecting {expected}!")
            }
            ReceiveError::Password => write!(f, "received an invalid passwd from {from}!"),
            ReceiveError::AhDigest => write!(
                f,
                "IPSEC-AH : invalid IPSEC HMAC-MD5 value from {from}. Due to fields mutation or bad password !"
            ),
            ReceiveError::AhHeader => write!(f, "IPSEC-AH : invalid header from {from}"),
            ReceiveError::AhReplay { received, last } => write!(
                f,
                "IPSEC-AH : sequence number {received} from {from} already processed. Packet dropped. Local({last})"
            ),
            ReceiveError::Interval { mine, received } => write!(
                f,
                "advertisement interval mismatch with {from} mine={} sec rcv'd={} sec",
                mine.as_secs(),
                received.as_secs()
            ),
            ReceiveError::PacketType { received } => {
                write!(f, "Invalid packet type from {from}. {received} and expect 1")
            }
            ReceiveError::TotalLength { header, received } => write!(
                f,
                "ip_tot_len mismatch against received length from {from}. {header} and received {received}"
            ),
            ReceiveError::Checksum { version } => {
                write!(f, "Invalid VRRPv{} checksum from {from}", version.number())
            }
            ReceiveError::MulticastForUnicast => {
                write!(f, "received multicast packet from {from} but configured for unicast")
            }
            ReceiveError::UnicastForMulticast => {
                write!(f, "received unicast packet from {from} but configured for multicast")
            }
            ReceiveError::NotPeer => write!(f, "unicast source address {from} not a unicast peer"),
            ReceiveError::Vrid { received } => {
                write!(f, "received advert from {from} with unknown VRID {received}")
            }
        }
    }
}

impl fmt::Display for HmacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing trailer"),
            Self::Malformed => f.write_str("malformed trailer"),
            Self::UnknownKey(id) => write!(f, "unknown key {id}"),
            Self::Invalid => f.write_str("invalid HMAC"),
            Self::Stale => f.write_str("stale time"),
            Self::Replay => f.write_str("replayed advert"),
        }
    }
}
