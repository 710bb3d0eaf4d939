//! Raw sockets of VRRP: one pair for receiving and sending per interface, family, protocol and way of addressing.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, sendmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// TOS and traffic class of adverts: internetwork control.
const TRAFFIC_CLASS: u32 = 0xc0;
/// Bytes a buffer for receiving must have: VRRP packets are smaller than any interface's MTU.
pub const PACKET_MAX: usize = 9216;

/// What one pair of sockets serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pool {
    /// Interface; 0 is any (unicast without an interface).
    pub index: u32,
    /// Its name.
    pub interface: String,
    /// IP protocol: 112, or 51 with AH.
    pub protocol: u8,
    /// Multicast group, or for unicast our own address (`None`: whatever it is).
    pub address: IpAddr,
    /// Adverts go to peers, not to the group.
    pub unicast: bool,
    /// TTL or hop limit of multicast and IPv6 unicast packets.
    pub hop_limit: Option<u8>,
}

/// A received IPv6 packet's surroundings, or an IPv4 packet with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Source address.
    pub source: IpAddr,
    /// Destination (IPv6 only; IPv4 has it in the header).
    pub destination: Option<IpAddr>,
    /// Hop limit (IPv6 only).
    pub hop_limit: Option<u8>,
}

/// The socket that hears adverts.
#[derive(Debug)]
pub struct Receiver {
    socket: Socket,
    v6: bool,
}

/// The socket that sends adverts.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
    index: u32,
}

impl Receiver {
    /// Opens the socket and joins the group.
    pub fn open(pool: &Pool, buffer_bytes: Option<usize>) -> io::Result<Self> {
        let socket = raw(pool)?;
        if !pool.interface.is_empty() {
            socket.bind_device(Some(pool.interface.as_bytes()))?;
        }
        if let Some(bytes) = buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        match pool.address {
            IpAddr::V4(group) => {
                // Only what this very socket joined, not what others on the machine did.
                setsockopt_int(&socket, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0)?;
                if !pool.unicast {
                    socket
                        .join_multicast_v4_n(&group, &socket2::InterfaceIndexOrAddress::Index(pool.index))?;
                }
            }
            IpAddr::V6(group) => {
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
                setsockopt_int(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1)?;
                setsockopt_int(&socket, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL, 0)?;
                if !pool.unicast {
                    socket.join_multicast_v6(&group, pool.index)?;
                }
            }
        }
        Ok(Self { socket, v6: pool.address.is_ipv6() })
    }

    /// The next packet, put into `buffer`; `None` when none is waiting. An IPv4 packet begins with its IP header.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<(&'b [u8], Meta)>> {
        let received = match receive(self.socket.as_raw_fd(), buffer, self.v6) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        let (length, meta) = received;
        Ok(Some((&buffer[..length], meta)))
    }
}

impl Sender {
    /// Opens the socket; it hears nothing, and what it sends does not come back to this machine.
    pub fn open(pool: &Pool) -> io::Result<Self> {
        let socket = raw(pool)?;
        if !pool.interface.is_empty() {
            socket.bind_device(Some(pool.interface.as_bytes()))?;
        }
        // A raw socket always receives; the smallest buffer keeps that cheap.
        socket.set_recv_buffer_size(256)?;
        // Real-time traffic goes ahead of a full queue (TC_PRIO_CONTROL).
        setsockopt(&socket, sockopt::Priority, &7)?;
        let hops = u32::from(pool.hop_limit.unwrap_or(255));
        match pool.address {
            IpAddr::V4(_) => {
                socket.set_header_included_v4(true)?;
                if !pool.unicast {
                    socket.set_multicast_loop_v4(false)?;
                    socket.set_multicast_ttl_v4(hops)?;
                }
            }
            IpAddr::V6(_) => {
                socket.set_tclass_v6(TRAFFIC_CLASS)?;
                if pool.unicast {
                    if pool.hop_limit.is_some() {
                        socket.set_unicast_hops_v6(hops)?;
                    }
                } else {
                    socket.set_multicast_if_v6(pool.index)?;
                    socket.set_multicast_loop_v6(false)?;
                    socket.set_multicast_hops_v6(hops)?;
                }
            }
        }
        Ok(Self { socket, index: pool.index })
    }

    /// Sends one packet: IPv4 with its header, IPv6 the message alone, from `source`.
    pub fn send(&self, bytes: &[u8], source: IpAddr, destination: IpAddr) -> io::Result<()> {
        match destination {
            IpAddr::V4(to) => {
                let to = SockAddr::from(std::net::SocketAddrV4::new(to, 0));
                self.socket.send_to(bytes, &to).map(drop)
            }
            IpAddr::V6(to) => self.send_v6(bytes, source, to),
        }
    }

    fn send_v6(&self, bytes: &[u8], source: IpAddr, to: Ipv6Addr) -> io::Result<()> {
        let scope = if to.is_unicast_link_local() || to.is_multicast() { self.index } else { 0 };
        let to = SockaddrIn6::from(SocketAddrV6::new(to, 0, 0, scope));
        let source = match source {
            IpAddr::V6(source) => source,
            IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
        };
        let info =
            libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: source.octets() }, ipi6_ifindex: scope };
        let control = [ControlMessage::Ipv6PacketInfo(&info)];
        let parts = [IoSlice::new(bytes)];
        sendmsg(self.socket.as_raw_fd(), &parts, &control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
        Ok(())
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn raw(pool: &Pool) -> io::Result<Socket> {
    let domain = if pool.address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(i32::from(pool.protocol))))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn receive(fd: RawFd, buffer: &mut [u8], v6: bool) -> io::Result<(usize, Meta)> {
    if !v6 {
        let length = nix::sys::socket::recv(fd, buffer, MsgFlags::MSG_DONTWAIT)?;
        let meta = Meta { source: Ipv4Addr::UNSPECIFIED.into(), destination: None, hop_limit: None };
        return Ok((length, meta));
    }
    let mut space = cmsg_space!(libc::in6_pktinfo, i32);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrIn6>(fd, &mut parts, Some(&mut space), MsgFlags::MSG_DONTWAIT)?;
    let source = message.address.map_or(Ipv6Addr::UNSPECIFIED, |address| address.ip());
    let mut meta = Meta { source: source.into(), destination: None, hop_limit: None };
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                meta.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
            }
            ControlMessageOwned::Ipv6HopLimit(hops) => meta.hop_limit = u8::try_from(hops).ok(),
            _ => {}
        }
    }
    Ok((message.bytes, meta))
}

#[allow(unsafe_code)]
fn setsockopt_int(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<i32>()).unwrap_or(0);
    // SAFETY: the option takes an int; `value` outlives the call.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
