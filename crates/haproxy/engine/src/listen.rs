//! Opening listening sockets as bind lines say.

use std::io;
use std::os::fd::{AsFd as _, RawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use haproxy_model::settings::{BindAddress, BindSettings};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Whether several processes may bind an address at once (SO_REUSEPORT), so that a new one can start beside the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// They may.
    Shared,
    /// `noreuseport`: the old process must let go first.
    Exclusive,
}

/// Opens, binds and listens as a bind line says, in the network namespace it names.
pub fn open(bind: &BindSettings, backlog: i32, sharing: Sharing) -> io::Result<Socket> {
    match &bind.namespace {
        None => open_here(bind, backlog, sharing),
        Some(name) => common_os::netns::within(name, || open_here(bind, backlog, sharing)),
    }
}

fn open_here(bind: &BindSettings, backlog: i32, sharing: Sharing) -> io::Result<Socket> {
    let socket = match &bind.address {
        BindAddress::Ip(address) => {
            let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            if sharing == Sharing::Shared {
                socket.set_reuse_port(true)?;
            }
            before_bind(&socket, bind, *address)?;
            socket.bind(&(*address).into())?;
            socket
        }
        BindAddress::Unix(path) => bind_unix(bind, path)?,
        BindAddress::Abstract(name) => {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&abstract_address(name)?)?;
            socket
        }
        BindAddress::Fd(fd) => inherited(*fd)?,
    };
    socket.set_cloexec(true)?;
    adopt(&socket, bind, backlog)?;
    Ok(socket)
}

fn before_bind(socket: &Socket, bind: &BindSettings, address: std::net::SocketAddr) -> io::Result<()> {
    if let (true, Some(only)) = (address.is_ipv6(), bind.v6only) {
        // HAProxy leaves the choice to the system unless told (bindv6only)
        socket.set_only_v6(only)?;
    }
    if bind.transparent {
        socket.set_ip_transparent_v4(true)?;
    }
    if let Some(interface) = &bind.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    Ok(())
}

/// Gives a bound socket, new or inherited, what its bind line says besides the address, and has it listen.
pub fn adopt(socket: &Socket, bind: &BindSettings, backlog: i32) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let backlog = bind.backlog.map_or(backlog, |n| i32::try_from(n).unwrap_or(i32::MAX));
    if matches!(socket.domain()?, Domain::IPV4 | Domain::IPV6) {
        // accepted sockets inherit it
        socket.set_tcp_nodelay(true)?;
        if let Some(mss) = bind.mss.filter(|mss| *mss > 0) {
            socket.set_tcp_mss(mss as u32)?;
        }
        if let Some(ms) = bind.tcp_user_timeout_ms {
            socket.set_tcp_user_timeout(Some(Duration::from_millis(u64::from(ms))))?;
        }
        if bind.defer_accept {
            common_os::sockets::set_number(socket.as_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 1)?;
        }
        if bind.tfo {
            common_os::sockets::set_number(socket.as_fd(), libc::IPPROTO_TCP, libc::TCP_FASTOPEN, backlog)?;
        }
    }
    socket.listen(backlog)
}

/// The address of an abstract socket: the whole field counts, zeros included, as with the original.
pub fn abstract_address(name: &[u8]) -> io::Result<SockAddr> {
    use std::os::unix::ffi::OsStrExt;
    let mut whole = [0u8; ABSTRACT_LENGTH];
    let room = whole.get_mut(1..=name.len()).ok_or(io::ErrorKind::InvalidInput)?;
    room.copy_from_slice(name);
    SockAddr::unix(Path::new(std::ffi::OsStr::from_bytes(&whole)))
}

/// Bytes of the path in a unix address.
const ABSTRACT_LENGTH: usize = 108;

/// Binds beside the final name and renames: clients find the old socket until the new one is there.
fn bind_unix(bind: &BindSettings, path: &Path) -> io::Result<Socket> {
    let beside = beside(path, std::process::id());
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(&beside)?)?;
    // nobody may connect before the socket listens, or the name would answer with a refusal
    socket.listen(1)?;
    let named = unix_rights(bind, &beside).and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = named {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    Ok(socket)
}

/// Where a unix socket is bound before it gets its name. Who inherits the socket knows it by this form.
fn beside(path: &Path, pid: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{pid}.tmp"));
    PathBuf::from(name)
}

/// The final name of a unix socket that was bound beside it.
pub fn final_name(bound: &Path) -> PathBuf {
    let text = bound.to_string_lossy();
    let stem = text.strip_suffix(".tmp").and_then(|text| text.rsplit_once('.'));
    match stem {
        Some((path, pid)) if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) => {
            PathBuf::from(path)
        }
        _ => bound.to_path_buf(),
    }
}

fn unix_rights(bind: &BindSettings, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if bind.unix_uid.is_some() || bind.unix_gid.is_some() {
        std::os::unix::fs::chown(path, bind.unix_uid, bind.unix_gid)?;
    }
    if let Some(mode) = bind.unix_mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// An inherited descriptor: duplicated, so that the same one can be named twice.
fn inherited(fd: RawFd) -> io::Result<Socket> {
    // SAFETY: the descriptor number was given by whoever started the process; if it is not open, dup says EBADF.
    #[allow(unsafe_code)]
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    let copy = nix::unistd::dup(borrowed).map_err(io::Error::from)?;
    Ok(Socket::from(copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_bound_beside_its_name_is_known_by_it() {
        for (bound, name) in [
            ("/run/a.sock.123.tmp", "/run/a.sock"),
            ("/run/a.sock", "/run/a.sock"),
            ("/run/a.tmp", "/run/a.tmp"),
            ("/run/a.x1.tmp", "/run/a.x1.tmp"),
        ] {
            assert_eq!(final_name(Path::new(bound)), Path::new(name));
        }
        assert_eq!(final_name(&beside(Path::new("/x/y"), 7)), Path::new("/x/y"));
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        assert!(abstract_address(&[b'a'; 107]).is_ok());
        assert!(abstract_address(&[b'a'; 108]).is_err());
    }
}
