//! Listening sockets: accepting in bounded bursts, handing connections to the least busy thread.
//!
//! One thread accepts for a listener, so that a new connection wakes one thread only; with several threads it passes
//! each connection on to the thread with the fewest.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common_base::ids::ListenerId;
use haproxy_expr::cx::Endpoint;
use haproxy_model::settings::BindAddress;
use haproxy_model::snapshot::Snapshot;
use socket2::SockAddr;
use tokio::io::unix::AsyncFd;

use crate::conn;
use crate::door::{Door, Duty, OpenSocket};
use crate::process::ThreadMessage;
use crate::thread::Thread;

/// Connections accepted at most before others get their turn, unless `tune.maxaccept` says otherwise.
const BURST_DEFAULT: usize = 64;

/// An open listening socket and the listener it serves.
#[derive(Debug)]
pub struct ListenSocket {
    /// Which listening address it is.
    pub listener: ListenerId,
    /// The snapshot the listener belongs to.
    pub snapshot: Arc<Snapshot>,
    /// The socket, listening.
    pub socket: Arc<OpenSocket>,
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

/// Accepts on one socket until the listener is taken away.
pub async fn run(thread: Rc<Thread>, door: Rc<Door>) {
    let socket = Arc::clone(&door.socket);
    // SAFETY: the AsyncFd owns a share of the socket: nobody closes its descriptor while it is watched.
    #[allow(unsafe_code)]
    let watched = unsafe { AsyncFd::register_with_interest(socket, tokio::io::Interest::READABLE) };
    let fd = match watched {
        Ok(fd) => fd,
        Err(error) => {
            tracing::error!("cannot watch a listening socket: {error}");
            return;
        }
    };
    loop {
        match door.duty() {
            Duty::Accept => {}
            Duty::Pause => {
                pause(&thread, &door).await;
                continue;
            }
            Duty::Leave => {
                take_waiting(&thread, &door);
                return;
            }
        }
        let mut ready = tokio::select! {
            ready = fd.readable() => match ready {
                Ok(ready) => ready,
                Err(_) => return,
            },
            () = door.changed() => continue,
        };
        thread.clock.tick();
        match accept_burst(&thread, &door) {
            Burst::Enough => {}
            Burst::Empty => ready.clear_ready(),
            Burst::Full => wait_for_slot(&thread, &door).await,
            Burst::Failed => tokio::time::sleep(AFTER_FAILURE).await,
        }
        tokio::task::yield_now().await;
    }
}

/// How a burst of accepts ended.
enum Burst {
    /// As many as are taken in a row.
    Enough,
    /// None waits any more.
    Empty,
    /// No slot is free.
    Full,
    /// The system refuses; more tries at once would not help.
    Failed,
}

/// Time after a refused accept.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

fn accept_burst(thread: &Rc<Thread>, door: &Door) -> Burst {
    let (known, listener) = door.serves.borrow().clone();
    let burst = usize::try_from(known.global.maxaccept).ok().filter(|n| *n > 0).unwrap_or(BURST_DEFAULT);
    for _ in 0..burst {
        if is_full(thread, &known, listener) {
            return Burst::Full;
        }
        match accept_one(door.socket.as_raw_fd()) {
            Ok((socket, peer)) => {
                let accepted = Accepted { fd: socket, peer, listener, snapshot: Arc::clone(&known) };
                dispatch(thread, accepted);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Burst::Empty,
            Err(error) => match error.raw_os_error() {
                Some(nix::libc::EINTR | nix::libc::ECONNABORTED) => {}
                Some(nix::libc::EMFILE | nix::libc::ENFILE | nix::libc::ENOBUFS | nix::libc::ENOMEM) => {
                    tracing::error!(
                        "Proxy {} reached process FD limit (maxsock). Please check 'ulimit-n' and restart.",
                        bstr::BStr::new(&known.proxy(known.listener(listener).frontend).name)
                    );
                    return Burst::Failed;
                }
                _ => return Burst::Failed,
            },
        }
    }
    Burst::Enough
}

/// Accepts what is in the queue already: whoever lets go of a socket answers those who came before.
fn take_waiting(thread: &Rc<Thread>, door: &Door) {
    while let Burst::Enough = accept_burst(thread, door) {}
}

/// Stops listening until the duty changes. A unix socket could not be taken up again: its clients wait in the queue.
async fn pause(thread: &Rc<Thread>, door: &Door) {
    take_waiting(thread, door);
    let is_tcp = matches!(door.socket.key.address, BindAddress::Ip(_));
    if is_tcp && let Err(error) = common_os::sockets::stop_listening(door.socket.as_fd()) {
        tracing::warn!("cannot stop listening: {error}");
    }
    while door.duty() == Duty::Pause {
        door.changed().await;
    }
    if !is_tcp || door.duty() == Duty::Leave {
        return;
    }
    let settings = door.serves.borrow().0.listener(door.serves.borrow().1).settings.clone();
    if let Err(error) = crate::listen::adopt(&door.socket.socket, &settings, BACKLOG_AGAIN) {
        tracing::error!("cannot listen again: {error}");
    }
}

/// Accept queue of a listener that was paused, when its bind line says nothing.
const BACKLOG_AGAIN: i32 = 1024;

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

async fn wait_for_slot(thread: &Thread, door: &Door) {
    let process = &thread.process;
    process.slot_waiters.fetch_add(1, Ordering::Relaxed);
    loop {
        let (snapshot, listener) = door.serves.borrow().clone();
        if door.duty() != Duty::Accept || !is_full(thread, &snapshot, listener) {
            break;
        }
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
        return;
    }
    let Err(refused) = process.mailboxes[best].send(ThreadMessage::Connection(accepted)) else { return };
    // that thread has ended, as threads without a connection do while the process drains: this one takes its turn
    process.loads[best].fetch_sub(1, Ordering::Relaxed);
    process.loads[thread.index].fetch_add(1, Ordering::Relaxed);
    if let ThreadMessage::Connection(accepted) = refused.0 {
        conn::spawn(thread, accepted);
    }
}
