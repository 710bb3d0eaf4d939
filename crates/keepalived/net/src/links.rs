//! Network interfaces.

use crate::nl::{self, Message};

/// Bytes of struct ifinfomsg.
const INFO_LEN: usize = 16;

/// What is known of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware type (ARPHRD_*).
    pub hardware: u16,
    /// Flags (IFF_*).
    pub flags: u32,
    /// Ethernet address, if it has one of six bytes.
    pub mac: Option<[u8; 6]>,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// The interface below (macvlan, vlan).
    pub parent: Option<u32>,
    /// The bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// Kind of a virtual interface, such as `macvlan`.
    pub kind: Option<String>,
}

impl Link {
    /// Reads an RTM_NEWLINK or RTM_DELLINK.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut link = Self {
            hardware: nl::u16_at(body, 2)?,
            index: nl::u32_at(body, 4)?,
            flags: nl::u32_at(body, 8)?,
            name: String::new(),
            mac: None,
            mtu: 0,
            parent: None,
            master: None,
            kind: None,
        };
        for (kind, value) in nl::attrs(body, INFO_LEN) {
            match kind {
                libc::IFLA_IFNAME => link.name = nl::text_of(value),
                libc::IFLA_ADDRESS => link.mac = value.try_into().ok(),
                libc::IFLA_MTU => link.mtu = nl::u32_at(value, 0).unwrap_or(0),
                libc::IFLA_LINK => link.parent = nl::u32_at(value, 0),
                libc::IFLA_MASTER => link.master = nl::u32_at(value, 0),
                libc::IFLA_LINKINFO => link.kind = kind_of(value),
                _ => {}
            }
        }
        (!link.name.is_empty()).then_some(link)
    }

    /// Administratively up, with carrier.
    pub fn is_running(&self) -> bool {
        self.has(libc::IFF_UP) && self.has(libc::IFF_RUNNING)
    }

    /// Whether ARP and neighbour discovery make sense on it.
    pub fn has_arp(&self) -> bool {
        !self.has(libc::IFF_NOARP) && !self.has(libc::IFF_LOOPBACK) && self.mac.is_some()
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: i32) -> bool {
        u32::try_from(flag).is_ok_and(|flag| self.flags & flag != 0)
    }
}

fn kind_of(info: &[u8]) -> Option<String> {
    nl::attrs(info, 0).find(|(kind, _)| *kind == libc::IFLA_INFO_KIND).map(|(_, value)| nl::text_of(value))
}

/// struct ifinfomsg for interface `index`, changing the flags in `change`.
pub(crate) fn info(index: u32, flags: u32, change: u32) -> [u8; INFO_LEN] {
    let mut info = [0; INFO_LEN];
    info[4..8].copy_from_slice(&index.to_ne_bytes());
    info[8..12].copy_from_slice(&flags.to_ne_bytes());
    info[12..16].copy_from_slice(&change.to_ne_bytes());
    info
}

/// Asks for all interfaces.
pub fn list() -> Message {
    let mut message = Message::new(libc::RTM_GETLINK, libc::NLM_F_DUMP);
    message.fixed(&info(0, 0, 0));
    message
}

/// Sets an interface administratively up.
pub fn set_up(index: u32) -> Message {
    let up = libc::IFF_UP as u32;
    let mut message = Message::new(libc::RTM_NEWLINK, libc::NLM_F_ACK);
    message.fixed(&info(index, up, up));
    message
}

/// Removes an interface.
pub fn delete(index: u32) -> Message {
    let mut message = Message::new(libc::RTM_DELLINK, libc::NLM_F_ACK);
    message.fixed(&info(index, 0, 0));
    message
}
