//! Byte codecs of keepalived's protocols: VRRP 2 and 3 with PASS, AH and the HMAC trailer, the IPv4 header around
//! them, gratuitous ARP and unsolicited neighbour advertisements.
//!
//! Sans-io: bytes in, values out, and back. The crate knows no socket, no clock and no state of an election. What a
//! virtual router must remember between packets (IP identification, replay counters) is a [`session::Session`] that
//! the caller keeps; everything else is a function of its arguments.
#![forbid(unsafe_code)]

pub mod advert;
pub mod ah;
pub mod arp;
pub mod auth;
pub mod checksum;
pub mod error;
pub mod hmac;
pub mod ipv4;
pub mod nd;
pub mod pdu;
pub mod receive;
pub mod session;
