//! Streams: one request with its response, or one TCP session.
//!
//! `http.rs` and `tcp.rs` walk the phases in HAProxy's order; the other files are the steps they call.

pub mod answer;
pub mod body;
pub mod cached;
pub mod carry;
pub mod choose;
pub mod exchange;
pub mod faults;
pub mod filtered;
pub mod filtering;
pub mod finish;
pub mod http;
pub mod lines;
pub mod persistence;
pub mod reply;
pub mod request;
pub mod response;
pub mod retry;
pub mod slot;
pub mod spliced;
pub mod steps;
pub mod tcp;
pub mod upstream;
pub mod walk;

use std::task::{Context, Poll};

use haproxy_expr::cx::Txn;
use haproxy_rules::Effects;

use crate::io::Io;
use crate::side::{Received, Side};
use crate::thread::Thread;

/// What logs show in place of a server when there was none to be had.
pub const NO_SERVER: &str = "<NOSRV>";

/// What becomes of the client connection after a stream.
#[derive(Debug)]
pub enum After {
    /// Another request may come.
    KeepAlive,
    /// It is over.
    Close,
    /// A TCP stream turned into HTTP (`switch-mode http`).
    Http(Box<Txn>),
}

/// True when the client has ended its connection. Bytes that come instead stay in its buffer.
pub fn client_gone(cx: &mut Context<'_>, client: &mut Side, thread: &Thread) -> bool {
    loop {
        if client.ended {
            return true;
        }
        match client.poll_receive(cx, &thread.buffers) {
            Poll::Pending | Poll::Ready(Ok(Received::Full)) => return false,
            Poll::Ready(Ok(Received::Bytes(_))) => {}
            Poll::Ready(Ok(Received::End) | Err(_)) => return true,
        }
    }
}

/// Socket options that rules asked for on the client's side.
pub fn client_socket_effects(io: &Io, effects: &Effects) {
    let socket = socket2::SockRef::from(io);
    if let Some(mark) = effects.client_mark {
        drop(socket.set_mark(mark));
    }
    if let Some(tos) = effects.client_tos {
        drop(socket.set_tos_v4(u32::from(tos)));
    }
}

/// Makes the connection vanish without the client being told: the system may no longer answer for it.
pub fn silent_drop(io: &Io, ttl: Option<u8>) {
    let socket = socket2::SockRef::from(io);
    // repair mode closes without a word (needs CAP_NET_ADMIN); else a reset that does not travel far
    if nix::sys::socket::setsockopt(io, TcpRepair, &1).is_err() {
        drop(socket.set_ttl_v4(u32::from(ttl.unwrap_or(1))));
        io.reset_on_close();
    }
}

/// `TCP_REPAIR`, which nix does not name.
#[derive(Clone, Copy, Debug)]
struct TcpRepair;

impl nix::sys::socket::SetSockOpt for TcpRepair {
    type Val = i32;

    fn set<F: std::os::fd::AsFd>(&self, fd: &F, value: &i32) -> nix::Result<()> {
        use std::os::fd::AsRawFd;
        // SAFETY: the pointer and its length describe the integer `value`, which outlives the call.
        #[allow(unsafe_code)]
        let result = unsafe {
            nix::libc::setsockopt(
                fd.as_fd().as_raw_fd(),
                nix::libc::IPPROTO_TCP,
                nix::libc::TCP_REPAIR,
                std::ptr::from_ref(value).cast(),
                size_of::<i32>() as nix::libc::socklen_t,
            )
        };
        nix::errno::Errno::result(result).map(drop)
    }
}
