//! From a descriptor to the loop's inbox.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};

/// Waits until `source` is readable, lets `read` take what is there, and sends it; ends with the inbox.
///
/// `read` returns `None` when nothing is left, which is what the next wait is for. Must be called on a `LocalSet`.
pub fn watch<S, I, R>(mut source: S, inbox: mpsc::Sender<I>, mut read: R) -> io::Result<AbortHandle>
where
    S: AsFd + 'static,
    I: 'static,
    R: FnMut(&mut S) -> io::Result<Option<I>> + 'static,
{
    let ready = register(source.as_fd().try_clone_to_owned()?)?;
    let task = spawn_local(async move {
        loop {
            let Ok(mut ready) = ready.readable().await else { return };
            match read(&mut source) {
                Ok(Some(input)) => {
                    if inbox.send(input).await.is_err() {
                        return;
                    }
                }
                Ok(None) => ready.clear_ready(),
                Err(error) => {
                    // Errors of a socket (ENETDOWN, EHOSTUNREACH) are told once each and do not end the watch.
                    tracing::debug!("reading a descriptor: {error}");
                    ready.clear_ready();
                }
            }
        }
    });
    Ok(task.abort_handle())
}

/// An own descriptor for the same open file: it lives as long as the registration, whatever the source does.
#[allow(unsafe_code)]
fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd stays open and keeps its number until it is dropped.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.map_err(|error| error.into_parts().1)
}
