//! One connection's socket, whatever its family.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use nix::fcntl::{SpliceFFlags, splice};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A stream socket registered with the thread's runtime.
#[derive(Debug)]
pub enum Io {
    /// TCP over IPv4 or IPv6.
    Tcp(TcpStream),
    /// Unix or abstract socket.
    Unix(UnixStream),
}

impl Io {
    /// Receives into `room`; 0 is the end of the stream.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(room);
        let poll = match self {
            Io::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut read),
            Io::Unix(stream) => Pin::new(stream).poll_read(cx, &mut read),
        };
        poll.map_ok(|()| read.filled().len())
    }

    /// Sends some of `bytes`.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Io::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Io::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    /// Sends some of the pieces, in order.
    pub fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Io::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Io::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }

    /// Takes at most `max` bytes from the socket into a pipe that is empty; 0 is the end of the stream.
    pub fn poll_splice_into(
        &self,
        cx: &mut Context<'_>,
        inlet: BorrowedFd<'_>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        let Io::Tcp(stream) = self else { return Poll::Ready(Err(io::ErrorKind::InvalidInput.into())) };
        loop {
            std::task::ready!(stream.poll_read_ready(cx))?;
            match stream.try_io(Interest::READABLE, || move_bytes(stream.as_fd(), inlet, max)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Sends at most `max` bytes out of a pipe that holds as many.
    pub fn poll_splice_from(
        &self,
        cx: &mut Context<'_>,
        outlet: BorrowedFd<'_>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        let Io::Tcp(stream) = self else { return Poll::Ready(Err(io::ErrorKind::InvalidInput.into())) };
        loop {
            std::task::ready!(stream.poll_write_ready(cx))?;
            match stream.try_io(Interest::WRITABLE, || move_bytes(outlet, stream.as_fd(), max)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// True for a socket whose bytes can go through a pipe.
    pub fn is_spliceable(&self) -> bool {
        matches!(self, Io::Tcp(_))
    }

    /// Ready when something (data, end or error) can be read.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Io::Tcp(stream) => stream.poll_read_ready(cx),
            Io::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// Ready when something can be sent (or a connect ended).
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Io::Tcp(stream) => stream.poll_write_ready(cx),
            Io::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Receives without waiting.
    pub fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Io::Tcp(stream) => stream.try_read(room),
            Io::Unix(stream) => stream.try_read(room),
        }
    }

    /// True while an idle connection has neither data nor an end waiting, as far as the last poll of the kernel told.
    pub fn is_quiet(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        if self.poll_read_ready(&mut cx).is_pending() {
            return true;
        }
        // readiness may be stale: ask the socket itself
        matches!(self.try_read(&mut [0; 1]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Ends the sending side: the peer reads an end.
    pub fn shutdown_write(&self) {
        let fd = socket2::SockRef::from(self);
        // an error only says that the peer is gone already
        drop(fd.shutdown(std::net::Shutdown::Write));
    }

    /// Makes the next close send a reset instead of an end.
    pub fn reset_on_close(&self) {
        if let Io::Tcp(_) = self {
            let fd = socket2::SockRef::from(self);
            drop(fd.set_linger(Some(std::time::Duration::ZERO)));
        }
    }

    /// The descriptor, for socket options.
    pub fn fd(&self) -> RawFd {
        self.as_raw_fd()
    }
}

fn move_bytes(from: BorrowedFd<'_>, to: BorrowedFd<'_>, max: usize) -> io::Result<usize> {
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    Ok(splice(from, None, to, None, max, flags)?)
}

impl AsRawFd for Io {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Io::Tcp(stream) => stream.as_raw_fd(),
            Io::Unix(stream) => stream.as_raw_fd(),
        }
    }
}

impl std::os::fd::AsFd for Io {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Io::Tcp(stream) => stream.as_fd(),
            Io::Unix(stream) => stream.as_fd(),
        }
    }
}
