//! Addresses on interfaces.

use std::net::IpAddr;

use keepalived_conf::model::{IpAddress, PreferredLifetime};

use crate::nl::{self, Message};

/// Bytes of struct ifaddrmsg.
const HEAD_LEN: usize = 8;
/// Who set the address: the number `ip addr` shows as `proto keepalived`. Older kernels ignore the attribute.
const PROTOCOL: u8 = 18;
const IFA_PROTO: u16 = 11;
const IFA_FLAGS: u16 = 8;

/// An address as the kernel reports it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Number of the interface.
    pub index: u32,
    /// The address of this machine (of a point-to-point pair the local end).
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// Scope (RT_SCOPE_*).
    pub scope: u8,
    /// Flags (IFA_F_*).
    pub flags: u32,
}

impl Address {
    /// Reads an RTM_NEWADDR or RTM_DELADDR.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut flags = u32::from(*body.get(2)?);
        let (mut local, mut plain) = (None, None);
        for (kind, value) in nl::attrs(body, HEAD_LEN) {
            match kind {
                libc::IFA_LOCAL => local = nl::ip_of(value),
                libc::IFA_ADDRESS => plain = nl::ip_of(value),
                IFA_FLAGS => flags = nl::u32_at(value, 0)?,
                _ => {}
            }
        }
        let index = nl::u32_at(body, 4)?;
        Some(Self { index, address: local.or(plain)?, prefix: body[1], scope: *body.get(3)?, flags })
    }

    /// Not usable yet, or found to be a duplicate.
    pub fn is_tentative(&self) -> bool {
        self.flags & (libc::IFA_F_TENTATIVE | libc::IFA_F_DADFAILED) != 0
    }
}

/// Asks for all addresses.
pub fn list() -> Message {
    let mut message = Message::new(libc::RTM_GETADDR, libc::NLM_F_DUMP);
    message.fixed(&[0; HEAD_LEN]);
    message
}

/// Sets a configured address on interface `index`, with every option; an existing one is replaced.
pub fn add(index: u32, address: &IpAddress) -> Message {
    let mut message = head(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE, index, address);
    if let Some(broadcast) = address.broadcast.filter(IpAddr::is_ipv4) {
        message.ip(libc::IFA_BROADCAST, broadcast);
    }
    if let Some(label) = &address.label {
        message.text(libc::IFA_LABEL, label);
    }
    if let Some(preferred) = preferred_lifetime(address) {
        let mut cache = [0; 16];
        cache[..4].copy_from_slice(&preferred.to_ne_bytes());
        cache[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
        message.attr(libc::IFA_CACHEINFO, &cache);
    }
    let flags = flags(address);
    if flags != 0 {
        message.u32(IFA_FLAGS, flags);
    }
    message.u8(IFA_PROTO, PROTOCOL);
    message
}

/// Removes a configured address from interface `index`.
pub fn delete(index: u32, address: &IpAddress) -> Message {
    head(libc::RTM_DELADDR, 0, index, address)
}

fn head(kind: u16, flags: i32, index: u32, address: &IpAddress) -> Message {
    let mut message = Message::new(kind, flags | libc::NLM_F_ACK);
    let (far, prefix) = address.peer.unwrap_or((address.address, address.prefix));
    let mut head = [family(address.address), prefix, 0, address.scope, 0, 0, 0, 0];
    head[4..].copy_from_slice(&index.to_ne_bytes());
    message.fixed(&head).ip(libc::IFA_LOCAL, address.address).ip(libc::IFA_ADDRESS, far);
    message
}

/// AF_INET or AF_INET6.
pub(crate) fn family(address: IpAddr) -> u8 {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    u8::try_from(family).unwrap_or(0)
}

/// A /128 is deprecated unless told otherwise, so that it is never chosen as a source address.
fn preferred_lifetime(address: &IpAddress) -> Option<u32> {
    match address.preferred_lft {
        PreferredLifetime::Seconds(seconds) => Some(seconds),
        PreferredLifetime::Forever => Some(u32::MAX),
        PreferredLifetime::Default => (address.address.is_ipv6() && address.prefix == 128).then_some(0),
    }
}

/// Without duplicate detection an IPv6 address is usable at once: the other router may still hold it for a moment.
fn flags(address: &IpAddress) -> u32 {
    let v6 = address.address.is_ipv6();
    [
        (v6 && !address.dad, libc::IFA_F_NODAD),
        (v6 && address.home, libc::IFA_F_HOMEADDRESS),
        (v6 && address.mngtmpaddr, libc::IFA_F_MANAGETEMPADDR),
        (address.noprefixroute, libc::IFA_F_NOPREFIXROUTE),
        (address.autojoin, libc::IFA_F_MCAUTOJOIN),
    ]
    .iter()
    .filter(|(set, _)| *set)
    .fold(0, |all, (_, flag)| all | flag)
}
