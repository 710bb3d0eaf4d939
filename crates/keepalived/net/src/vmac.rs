//! Interfaces with the virtual router's own MAC address (macvlan in private mode).

use std::io;
use std::net::Ipv6Addr;

use keepalived_conf::model::Family;

use crate::addresses;
use crate::links;
use crate::nl::Message;
use crate::sysctl::{Saved, Setting};

const MACVLAN_MODE_PRIVATE: u32 = 1;
const IFLA_MACVLAN_MODE: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;

/// The MAC address of a virtual router (RFC 9568 §7.3).
pub fn mac(family: Family, vrid: u8) -> [u8; 6] {
    let kind = match family {
        Family::Inet => 1,
        Family::Inet6 => 2,
    };
    [0, 0, 0x5e, 0, kind, vrid]
}

/// Makes a macvlan over interface `parent`.
pub fn create(parent: u32, name: &str, mac: [u8; 6]) -> Message {
    let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL | libc::NLM_F_ACK;
    let mut message = Message::new(libc::RTM_NEWLINK, flags);
    message.fixed(&links::info(0, 0, 0));
    message.text(libc::IFLA_IFNAME, name).attr(libc::IFLA_ADDRESS, &mac).u32(libc::IFLA_LINK, parent);
    message.nest_plain(libc::IFLA_LINKINFO, |info| {
        info.text(libc::IFLA_INFO_KIND, "macvlan");
        info.nest_plain(libc::IFLA_INFO_DATA, |data| {
            data.u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
        });
    });
    message
}

/// Keeps the kernel from inventing a link-local address on interface `index`.
pub fn no_link_local(index: u32) -> Message {
    let mut message = Message::new(libc::RTM_NEWLINK, libc::NLM_F_ACK);
    message.fixed(&links::info(index, 0, 0));
    message.nest_plain(libc::IFLA_AF_SPEC, |spec| {
        spec.nest_plain(u16::try_from(libc::AF_INET6).unwrap_or(0), |inet6| {
            inet6.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        });
    });
    message
}

/// Gives interface `index` the link-local address of the interface below, from which adverts are to leave. Without
/// duplicate detection: the address is there twice on purpose.
pub fn link_local(index: u32, address: Ipv6Addr) -> Message {
    const PREFIX: u8 = 64;
    const SCOPE_LINK: u8 = 253;
    let mut message =
        Message::new(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE | libc::NLM_F_ACK);
    let mut head = [addresses::family(address.into()), PREFIX, 0, SCOPE_LINK, 0, 0, 0, 0];
    head[4..].copy_from_slice(&index.to_ne_bytes());
    message.fixed(&head).ip(libc::IFA_LOCAL, address.into()).ip(libc::IFA_ADDRESS, address.into());
    message.u32(libc::IFA_FLAGS, libc::IFA_F_NODAD);
    message
}

/// Settings of a new vmac: it answers for its own addresses only and takes packets that come from this machine.
pub fn configure(name: &str) -> io::Result<()> {
    for (key, value) in
        [("arp_ignore", "1"), ("accept_local", "1"), ("rp_filter", "0"), ("promote_secondaries", "1")]
    {
        setting(name, key).write(value)?;
    }
    Ok(())
}

/// Settings of the interface below: it must not answer for the vmac's addresses. They are put back at the end.
pub fn configure_parent(name: &str) -> io::Result<Vec<Saved>> {
    let mut saved = Vec::new();
    for key in ["arp_ignore", "arp_filter"] {
        saved.extend(setting(name, key).change("1")?);
    }
    Ok(saved)
}

fn setting(interface: &str, name: &'static str) -> Setting {
    Setting { family: Family::Inet, interface: interface.to_owned(), name }
}
