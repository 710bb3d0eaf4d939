//! Sending Ethernet frames: gratuitous ARP and unsolicited neighbour advertisements.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use keepalived_wire::nd::Role;
use keepalived_wire::{arp, nd};

use crate::sysctl;

/// A packet socket that receives nothing and sends whole frames on any interface.
#[derive(Debug)]
pub struct FrameSender {
    fd: OwnedFd,
}

impl FrameSender {
    /// Opens the socket; needs CAP_NET_RAW.
    #[allow(unsafe_code)]
    pub fn open() -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: plain numbers; protocol 0 receives nothing; the result is checked and owned by nobody else.
        let fd = unsafe {
            let fd = libc::socket(libc::AF_PACKET, kind, 0);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self { fd })
    }

    /// Announces `address` at `mac` on an interface: gratuitous ARP or neighbour advertisement.
    pub fn announce(&self, index: u32, name: &str, mac: [u8; 6], address: IpAddr) -> io::Result<()> {
        match address {
            IpAddr::V4(address) => self.send(index, libc::ETH_P_ARP, &arp::gratuitous(mac, address)),
            IpAddr::V6(address) => {
                let role = if sysctl::forwards_ipv6(name) { Role::Router } else { Role::Host };
                self.send(index, libc::ETH_P_IPV6, &nd::unsolicited(mac, address, role))
            }
        }
    }

    #[allow(unsafe_code)]
    fn send(&self, index: u32, protocol: i32, frame: &[u8]) -> io::Result<()> {
        let mut to = MaybeUninit::<libc::sockaddr_ll>::zeroed();
        let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or(0);
        // SAFETY: all-zero is a valid sockaddr_ll; frame and address outlive the call.
        let sent = unsafe {
            let address = to.assume_init_mut();
            address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or(0);
            address.sll_protocol = u16::try_from(protocol).unwrap_or(0).to_be();
            address.sll_ifindex = i32::try_from(index).unwrap_or(0);
            libc::sendto(
                self.fd.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                to.as_ptr().cast(),
                length,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
