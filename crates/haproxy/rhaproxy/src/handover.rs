//! A new configuration for a running worker, which has no rights any more: a reader, started by the master and with the
//! master's rights, reads the files and opens the sockets; the worker gets contents and descriptors, builds its
//! snapshot from them and goes on with it. The worker can ask for nothing, so it gains nothing by it.
//!
//! The conversation: the worker tells what it is bound to and which sockets it has; the reader offers the contents (in
//! memory that both see) and the sockets that are missing; the worker says yes or why not.

mod bundle;
pub mod fixed;
pub mod reader;
pub mod receiver;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use common_os::fdpass;
use serde::{Deserialize, Serialize};

/// Exit code of a reader that finds changes a running process cannot make.
pub const NEEDS_A_WORKER: i32 = 3;

/// Longest message: names of sockets, some hundred bytes each.
const MESSAGE_MAX: u32 = 64 * 1024 * 1024;

/// Descriptors in one message.
const BATCH: usize = 200;

/// What the worker says first.
#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    /// What it cannot change, as [`fixed::list`] gives it.
    fixed: Vec<(String, String)>,
    /// Keys of the sockets it has.
    sockets: Vec<String>,
}

/// What the reader offers. The memory with the contents and the sockets follow as descriptors, in this order.
#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    /// Keys of the sockets that follow.
    sockets: Vec<String>,
}

/// What the worker says at the end.
#[derive(Debug, Serialize, Deserialize)]
struct Verdict {
    /// Why it goes on as before, if it does.
    refused: Option<String>,
}

fn write(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(&text)
}

fn read<T: for<'a> Deserialize<'a>>(stream: &mut UnixStream) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MESSAGE_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = vec![0; length as usize];
    stream.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn send_descriptors(stream: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    for batch in fds.chunks(BATCH) {
        fdpass::send(stream.as_fd(), &[0], batch)?;
    }
    Ok(())
}

fn receive_descriptors(stream: &UnixStream, count: usize) -> io::Result<Vec<OwnedFd>> {
    let mut fds = Vec::with_capacity(count);
    while fds.len() < count {
        let mut byte = [0; 1];
        let (n, more) = fdpass::receive(stream.as_fd(), &mut byte)?;
        if n == 0 || more.is_empty() {
            // the limit of descriptors lets fewer through
            return Err(io::Error::from_raw_os_error(nix::libc::EMFILE));
        }
        fds.extend(more);
    }
    Ok(fds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_descriptors_cross() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let many: Vec<UnixStream> = (0..BATCH + 7).map(|_| a.try_clone().unwrap()).collect();
        let fds: Vec<BorrowedFd<'_>> = many.iter().map(AsFd::as_fd).collect();
        write(&mut a, &Offer { sockets: vec!["x".to_owned()] }).unwrap();
        send_descriptors(&a, &fds).unwrap();
        write(&mut a, &Verdict { refused: None }).unwrap();
        assert_eq!(read::<Offer>(&mut b).unwrap().sockets, ["x"]);
        assert_eq!(receive_descriptors(&b, fds.len()).unwrap().len(), fds.len());
        assert!(read::<Verdict>(&mut b).unwrap().refused.is_none());
        drop((a, many));
        assert!(read::<Verdict>(&mut b).is_err() && receive_descriptors(&b, 1).is_err());
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        a.write_all(&u32::MAX.to_le_bytes()).unwrap();
        assert_eq!(read::<Offer>(&mut b).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
