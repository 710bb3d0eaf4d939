//! Byte codecs of keepalived's protocols: VRRP 2 and 3 with PASS, AH and the HMAC trailer, the IPv4 header around
//! them, gratuitous ARP and unsolicited neighbour advertisements.
//!
//! Sans-io: bytes in, values out, and back. The crate knows no socket, no clock and no state of an election; what a
//! receiver must remember between packets (replay counters) is a value of its own that the caller keeps.
#![forbid(unsafe_code)]

pub mod advert;
pub mod auth;
pub mod error;
