//! Addresses to install, with every option word.

use std::net::IpAddr;

use serde::Serialize;

/// One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IpAddress {
    /// The address; with `peer` the local end.
    pub address: IpAddr,
    /// Prefix length; 32 or 128 if none was written.
    pub prefix: u8,
    /// `peer` with its prefix: the far end of a point-to-point address.
    pub peer: Option<(IpAddr, u8)>,
    /// `dev`: interface; `None` is the instance's own (static: `default_interface`).
    pub dev: Option<String>,
    /// `scope` as the kernel's number (0 global, 200 site, 253 link, 254 host, 255 nowhere).
    pub scope: u8,
    /// `brd` resolved to an address (`+` and `-` computed).
    pub broadcast: Option<IpAddr>,
    /// `label`.
    pub label: Option<String>,
    /// `home`.
    pub home: bool,
    /// `-nodad` was given: duplicate address detection stays on.
    pub dad: bool,
    /// `mngtmpaddr`.
    pub mngtmpaddr: bool,
    /// `noprefixroute`.
    pub noprefixroute: bool,
    /// `autojoin`.
    pub autojoin: bool,
    /// `preferred_lft`.
    pub preferred_lft: PreferredLifetime,
    /// `use_vmac`: put it on a VMAC over its interface.
    pub use_vmac: bool,
    /// `no_track`: its loss is nobody's business.
    pub no_track: bool,
    /// `track_group` (static addresses only).
    pub track_group: Option<String>,
}

/// `preferred_lft` of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum PreferredLifetime {
    /// Not given: forever, but 0 (deprecated) for an IPv6 /128.
    #[default]
    Default,
    /// `forever`.
    Forever,
    /// Seconds.
    Seconds(u32),
}
