//! BFD sessions.

use std::net::IpAddr;

use serde::Serialize;

/// One `bfd_instance` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BfdInstance {
    /// Name of the block.
    pub name: String,
    /// `neighbor_ip`.
    pub neighbor_ip: IpAddr,
    /// `source_ip`.
    pub source_ip: Option<IpAddr>,
    /// `min_rx` in microseconds, default 10 ms.
    pub min_rx_us: u32,
    /// `min_tx` in microseconds, default 10 ms.
    pub min_tx_us: u32,
    /// `idle_tx` in microseconds, default 1 s.
    pub idle_tx_us: u32,
    /// `multiplier`, default 5.
    pub multiplier: u8,
    /// `passive`: wait for the neighbour to begin.
    pub passive: bool,
    /// `ttl` or `hoplimit` of what is sent; default 255 (IPv6: 64).
    pub ttl: u8,
    /// `max_hops`: how far the received TTL may have fallen; 255 means unchecked.
    pub max_hops: u8,
    /// `multihop`: UDP port 4784.
    pub multihop: bool,
    /// `weight` used by a `track_bfd` without its own.
    pub weight: i32,
    /// `reverse` after the weight.
    pub reverse: bool,
    /// Events go to the vrrp process.
    pub vrrp: bool,
    /// Events go to the checker process.
    pub checker: bool,
}
