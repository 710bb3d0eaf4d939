//! Opening a connection to a server.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, IntoRawFd};

use haproxy_model::settings::{ServerAddress, SourceSettings};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpStream, UnixStream};

use crate::io::Io;

/// Where to connect and how.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The server's address, port already computed.
    pub address: &'a ServerAddress,
    /// Address to come from.
    pub source: Option<&'a SourceSettings>,
    /// The client's address, for `usesrc clientip`.
    pub client: Option<SocketAddr>,
    /// `option srvtcpka`
    pub keepalive: bool,
    /// `tcp-ut`, milliseconds.
    pub user_timeout_ms: Option<u32>,
    /// `set-bc-mark`
    pub mark: Option<u32>,
    /// `set-bc-tos`
    pub tos: Option<u8>,
    /// `tune.rcvbuf.server`
    pub receive_buffer: Option<u32>,
    /// `tune.sndbuf.server`
    pub send_buffer: Option<u32>,
    /// `option tcp-smart-connect`
    pub late_ack: bool,
    /// `option nolinger`
    pub reset: bool,
}

/// Starts the connection; it is established once the socket is writable without error ([`established`]).
pub fn begin(target: &Target<'_>) -> io::Result<Io> {
    match target.address {
        ServerAddress::Ip(address) => begin_tcp(*address, target).map(Io::Tcp),
        ServerAddress::Unix(path) => {
            let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
            connect_now(&socket, &SockAddr::unix(path)?)?;
            unix_stream(socket)
        }
        ServerAddress::Abstract(name) => {
            let address = crate::listen::abstract_address(name)?;
            let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
            connect_now(&socket, &address)?;
            unix_stream(socket)
        }
        ServerAddress::Unresolved(..) => Err(io::Error::from(io::ErrorKind::AddrNotAvailable)),
    }
}

/// The error a connect ended with, if it did.
pub fn established(io: &Io) -> io::Result<()> {
    match socket2::SockRef::from(io).take_error()? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn unix_stream(socket: Socket) -> io::Result<Io> {
    let fd = socket.into_raw_fd();
    // SAFETY: the descriptor was just taken out of the socket that owned it, so it is open and owned by nobody else.
    #[allow(unsafe_code)]
    let stream = unsafe { std::os::unix::net::UnixStream::from_raw_fd(fd) };
    UnixStream::from_std(stream).map(Io::Unix)
}

fn begin_tcp(address: SocketAddr, target: &Target<'_>) -> io::Result<TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    if target.keepalive {
        socket.set_keepalive(true)?;
    }
    if let Some(ms) = target.user_timeout_ms {
        socket.set_tcp_user_timeout(Some(std::time::Duration::from_millis(u64::from(ms))))?;
    }
    if let Some(mark) = target.mark {
        socket.set_mark(mark)?;
    }
    if let (Some(tos), SocketAddr::V4(_)) = (target.tos, address) {
        socket.set_tos_v4(u32::from(tos))?;
    }
    if let Some(size) = target.receive_buffer {
        socket.set_recv_buffer_size(size as usize)?;
    }
    if let Some(size) = target.send_buffer {
        socket.set_send_buffer_size(size as usize)?;
    }
    if target.late_ack {
        // the answer to the handshake goes with the first data
        socket.set_tcp_quickack(false)?;
    }
    if target.reset {
        socket.set_linger(Some(std::time::Duration::ZERO))?;
    }
    if let Some(source) = target.source {
        if let Some(interface) = &source.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        let from = match (source.use_client, target.client) {
            (true, Some(client)) => {
                socket.set_ip_transparent_v4(true)?;
                Some(SocketAddr::new(client.ip(), 0))
            }
            _ => source.address,
        };
        if let Some(from) = from {
            socket.set_reuse_address(true)?;
            socket.bind(&from.into())?;
        }
    }
    connect_now(&socket, &address.into())?;
    let fd = socket.into_raw_fd();
    // SAFETY: the descriptor was just taken out of the socket that owned it, so it is open and owned by nobody else.
    #[allow(unsafe_code)]
    let stream = unsafe { std::net::TcpStream::from_raw_fd(fd) };
    TcpStream::from_std(stream)
}

/// A connect that does not wait: in progress is as good as done.
fn connect_now(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    match socket.connect(address) {
        Ok(()) => Ok(()),
        Err(error)
            if error.kind() == io::ErrorKind::WouldBlock
                || error.raw_os_error() == Some(nix::libc::EINPROGRESS) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
