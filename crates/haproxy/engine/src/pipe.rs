//! Kernel pipes, through which bytes go from one socket to another without being copied.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// How many unused pipes a thread keeps.
const FREE_MAX: usize = 16;

/// Bytes a pipe should hold unless `tune.pipesize` says otherwise.
const SIZE_DEFAULT: usize = 256 * 1024;

/// A pipe and what is in it.
#[derive(Debug)]
pub struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    /// Bytes in it.
    pub filled: usize,
    open: Arc<AtomicU32>,
}

impl Pipe {
    fn open(size: Option<usize>, open: Arc<AtomicU32>) -> io::Result<Pipe> {
        let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        // the system may allow less; the pipe then keeps the size it has
        let _ = fcntl(&write, FcntlArg::F_SETPIPE_SZ(size.unwrap_or(SIZE_DEFAULT) as i32));
        open.fetch_add(1, Ordering::Relaxed);
        Ok(Pipe { read, write, filled: 0, open })
    }

    /// The end bytes come out of.
    pub fn outlet(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// The end bytes go into.
    pub fn inlet(&self) -> BorrowedFd<'_> {
        self.write.as_fd()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The pipes of one thread, within the process's number (`maxpipes`).
#[derive(Debug)]
pub struct PipePool {
    free: RefCell<Vec<Pipe>>,
    open: Arc<AtomicU32>,
}

impl PipePool {
    /// A pool that counts its pipes in `open`, which all threads share.
    pub fn new(open: Arc<AtomicU32>) -> Self {
        PipePool { free: RefCell::default(), open }
    }

    /// An empty pipe of `size` bytes; none when `max` are open already or the system gives none.
    pub fn take(&self, max: u32, size: Option<usize>) -> Option<Pipe> {
        if let Some(pipe) = self.free.borrow_mut().pop() {
            return Some(pipe);
        }
        if self.open.load(Ordering::Relaxed) >= max {
            return None;
        }
        Pipe::open(size, Arc::clone(&self.open)).ok()
    }

    /// Takes a pipe back. One that still holds something is closed.
    pub fn give(&self, pipe: Pipe) {
        let mut free = self.free.borrow_mut();
        if pipe.filled == 0 && free.len() < FREE_MAX {
            free.push(pipe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_used_again_and_bounded() {
        let open = Arc::new(AtomicU32::new(0));
        let pool = PipePool::new(Arc::clone(&open));
        let first = pool.take(1, None).unwrap();
        assert!(pool.take(1, None).is_none());
        pool.give(first);
        let mut again = pool.take(1, None).unwrap();
        again.filled = 3;
        pool.give(again);
        assert_eq!(open.load(Ordering::Relaxed), 0, "one with something in it is closed");
    }
}
