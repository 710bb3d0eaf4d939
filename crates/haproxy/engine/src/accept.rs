//! Listening sockets: opening them, accepting in bounded bursts, handing connections to the least busy thread.
//!
//! One thread accepts for a listener, so that a new connection wakes one thread only; with several threads it passes
//! each connection on to the thread with the fewest.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common_base::ids::ListenerId;
use haproxy_expr::cx::Endpoint;
use haproxy_model::settings::{BindAddress, BindSettings};
use haproxy_model::snapshot::Snapshot;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::unix::AsyncFd;

use crate::conn;
use crate::process::ThreadMessage;
use crate::thread::Thread;

/// Connections accepted at most before others get their turn, unless `tune.maxaccept` says otherwise.
const BURST_DEFAULT: usize = 64;

/// An open listening socket.
#[derive(Debug)]
pub struct ListenSocket {
    /// Which listening address it is.
    pub listener: ListenerId,
    /// Generation of the snapshot it was opened for.
    pub generation: u64,
    /// The socket, listening.
    pub socket: Socket,
}

/// A fresh connection on its way to its thread.
#[derive(Debug)]
pub struct Accepted {
    /// The socket.
    pub fd: OwnedFd,
    /// The client.
    pub peer: Endpoint,
    /// Where it came in.
    pub listener: ListenerId,
    /// The snapshot it was accepted under.
    pub snapshot: Arc<Snapshot>,
}

/// Opens, binds and listens as a bind line says.
pub fn open(bind: &BindSettings, backlog: i32) -> io::Result<Socket> {
    let socket = match &bind.address {
        BindAddress::Ip(address) => {
            let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            if address.is_ipv6() {
                // HAProxy leaves the choice to the system unless told (bindv6only)
                if let Some(only) = bind.v6only {
                    socket.set_only_v6(only)?;
                }
            }
            if bind.transparent {
                socket.set_ip_transparent_v4(true)?;
            }
            if let Some(interface) = &bind.interface {
                socket.bind_device(Some(interface.as_bytes()))?;
            }
            if let Some(mss) = bind.mss
                && mss > 0
            {
                socket.set_tcp_mss(mss as u32)?;
            }
            if let Some(ms) = bind.tcp_user_timeout_ms {
                socket.set_tcp_user_timeout(Some(Duration::from_millis(u64::from(ms))))?;
            }
            socket.bind(&(*address).into())?;
            socket
        }
        BindAddress::Unix(path) => {
            // a socket left behind by a former process is replaced
            if std::fs::symlink_metadata(path).is_ok() {
                std::fs::remove_file(path)?;
            }
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(path)?)?;
            unix_rights(bind, path)?;
            socket
        }
        BindAddress::Abstract(name) => {
            use std::os::unix::ffi::OsStrExt;
            let mut path = vec![0u8];
            path.extend_from_slice(name);
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(std::path::Path::new(std::ffi::OsStr::from_bytes(&path)))?)?;
            socket
        }
        BindAddress::Fd(fd) => inherited(*fd)?,
    };
    socket.set_cloexec(true)?;
    socket.set_nonblocking(true)?;
    if matches!(socket.domain()?, Domain::IPV4 | Domain::IPV6) {
        // accepted sockets inherit it
        socket.set_tcp_nodelay(true)?;
    }
    let backlog = bind.backlog.map_or(backlog, |n| i32::try_from(n).unwrap_or(i32::MAX));
    socket.listen(backlog)?;
    Ok(socket)
}

fn unix_rights(bind: &BindSettings, path: &std::path::Path) -> io::Result<()> {
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

/// Accepts on one socket until the listener is taken away.
pub async fn run(thread: Rc<Thread>, listen: ListenSocket, mut gone: tokio::sync::watch::Receiver<u64>) {
    // SAFETY: the socket is owned by the AsyncFd from here on; nobody else closes its descriptor while it is watched.
    #[allow(unsafe_code)]
    let fd = match unsafe { AsyncFd::register_with_interest(listen.socket, tokio::io::Interest::READABLE) } {
        Ok(fd) => fd,
        Err(error) => {
            tracing::error!("cannot watch a listening socket: {error}");
            return;
        }
    };
    let generation = listen.generation;
    let mut listener = listen.listener;
    let mut known = thread.snapshot();
    loop {
        let mut ready = tokio::select! {
            ready = fd.readable() => match ready {
                Ok(ready) => ready,
                Err(_) => return,
            },
            changed = gone.changed() => {
                if changed.is_err() || *gone.borrow() >= generation {
                    return;
                }
                continue;
            }
        };
        thread.clock.tick();
        if !thread.is_current(&known) {
            let now = thread.snapshot();
            match same_listener(&known, listener, &now) {
                Some(id) => {
                    listener = id;
                    known = now;
                }
                None => return,
            }
        }
        let global = &known.global;
        let burst = usize::try_from(global.maxaccept).ok().filter(|n| *n > 0).unwrap_or(BURST_DEFAULT);
        for _ in 0..burst {
            if is_full(&thread, &known, listener) {
                wait_for_slot(&thread, &known, listener).await;
                break;
            }
            match accept_one(fd.get_ref().as_raw_fd()) {
                Ok((socket, peer)) => {
                    let accepted = Accepted { fd: socket, peer, listener, snapshot: Arc::clone(&known) };
                    dispatch(&thread, accepted);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    break;
                }
                Err(error) => match error.raw_os_error() {
                    Some(nix::libc::EINTR | nix::libc::ECONNABORTED) => {}
                    Some(nix::libc::EMFILE | nix::libc::ENFILE | nix::libc::ENOBUFS | nix::libc::ENOMEM) => {
                        tracing::error!(
                            "Proxy {} reached process FD limit (maxsock). Please check 'ulimit-n' and restart.",
                            bstr::BStr::new(&known.proxy(known.listener(listener).frontend).name)
                        );
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        break;
                    }
                    _ => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        break;
                    }
                },
            }
        }
        tokio::task::yield_now().await;
    }
}

/// The listener of the same address in another snapshot.
pub fn same_listener(old: &Snapshot, id: ListenerId, new: &Snapshot) -> Option<ListenerId> {
    let before = old.listener(id);
    let name = &old.proxy(before.frontend).name;
    new.listeners
        .iter()
        .find(|l| {
            l.settings.address == before.settings.address
                && l.settings.interface == before.settings.interface
                && new.proxy(l.frontend).name == *name
        })
        .map(|l| l.id)
}

fn is_full(thread: &Thread, snapshot: &Snapshot, listener: ListenerId) -> bool {
    let process = &thread.process;
    if process.connections.load(Ordering::Relaxed) >= process.maxconn.load(Ordering::Relaxed) {
        return true;
    }
    let listener = snapshot.listener(listener);
    let px = snapshot.proxy(listener.frontend);
    if px.live.stopped.load(Ordering::Relaxed) {
        // `disable frontend`: clients wait in the accept queue
        return true;
    }
    let limit = px.live.maxconn.load(Ordering::Relaxed);
    if limit != 0 && px.live.frontend_sessions.load(Ordering::Relaxed) >= limit {
        return true;
    }
    if let Some(limit) = listener.settings.maxconn
        && limit != 0
        && listener.live.connections.load(Ordering::Relaxed) >= limit
    {
        return true;
    }
    if let Some(rate) = px.settings.rate_limit_sessions {
        let now_ms = thread.now_ms();
        let current: u32 = px.live.frontend.iter().map(|c| c.session_rate.read(now_ms)).sum();
        return current >= rate;
    }
    false
}

async fn wait_for_slot(thread: &Thread, snapshot: &Snapshot, listener: ListenerId) {
    let process = &thread.process;
    process.slot_waiters.fetch_add(1, Ordering::Relaxed);
    while is_full(thread, snapshot, listener) {
        // the notice may come between the look and the wait: look again soon in any case
        let notified = process.slot_free.notified();
        drop(tokio::time::timeout(Duration::from_millis(20), notified).await);
        thread.clock.tick();
    }
    process.slot_waiters.fetch_sub(1, Ordering::Relaxed);
}

fn accept_one(fd: RawFd) -> io::Result<(OwnedFd, Endpoint)> {
    // SAFETY: the storage and its length come from try_init and outlive the call; the kernel writes an address of at
    // most that length and updates the length.
    #[allow(unsafe_code)]
    let (accepted, address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let flags = nix::libc::SOCK_NONBLOCK | nix::libc::SOCK_CLOEXEC;
            let accepted = nix::libc::accept4(fd, storage.cast(), length, flags);
            if accepted < 0 { Err(io::Error::last_os_error()) } else { Ok(accepted) }
        })
    }?;
    // SAFETY: accept4 has just made this descriptor; nobody else owns it.
    #[allow(unsafe_code)]
    let socket = unsafe { OwnedFd::from_raw_fd(accepted) };
    Ok((socket, address.as_socket().map_or(Endpoint::Unix, Endpoint::Ip)))
}

fn dispatch(thread: &Rc<Thread>, accepted: Accepted) {
    let process = &thread.process;
    process.connection_began();
    let mut best = thread.index;
    if process.threads > 1 {
        let mut fewest = process.loads[best].load(Ordering::Relaxed);
        for (index, load) in process.loads.iter().enumerate() {
            let load = load.load(Ordering::Relaxed);
            if load < fewest {
                best = index;
                fewest = load;
            }
        }
    }
    process.loads[best].fetch_add(1, Ordering::Relaxed);
    if best == thread.index {
        conn::spawn(thread, accepted);
    } else if process.mailboxes[best].send(ThreadMessage::Connection(accepted)).is_err() {
        // that thread is ending; the connection ends with it
        process.loads[best].fetch_sub(1, Ordering::Relaxed);
        process.connection_ended();
    }
}
