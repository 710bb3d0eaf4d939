//! The streams of a thread as operators see them: listed, looked at, ended.
//!
//! Each client connection has a [`Note`] that its thread knows; the streams of the connection write on it where they are.
//! Operators ask the thread ([`ThreadMessage::Ask`](crate::process::ThreadMessage::Ask)).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use common_base::ids::{ProxyId, ServerId};
use haproxy_expr::cx::{Date, Endpoint};
use haproxy_model::snapshot::Snapshot;

/// Where a stream of a connection is, if there is one.
#[derive(Debug)]
pub struct Note {
    /// Number of the connection, by which operators name its stream.
    pub id: u64,
    /// The client.
    pub client: Cell<Endpoint>,
    /// File descriptor of the client's socket.
    pub fd: i32,
    /// The stream's configuration; none while there is no stream.
    // the stream's own handle: counting it takes no atomic
    #[allow(clippy::redundant_allocation)]
    snapshot: RefCell<Option<Rc<Arc<Snapshot>>>>,
    /// The frontend.
    pub frontend: Cell<ProxyId>,
    /// The backend, the frontend itself before it is chosen.
    pub backend: Cell<ProxyId>,
    /// The server.
    pub server: Cell<Option<ServerId>>,
    /// File descriptor of the connection to the server, -1 for none.
    pub server_fd: Cell<i32>,
    /// When the stream began, monotonic milliseconds.
    pub began_ms: Cell<u64>,
    /// The same moment's date.
    pub began: Cell<Date>,
    /// How often the stream's task was called.
    pub calls: Cell<u32>,
    killed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Note {
    /// The note of a new connection, without a stream.
    pub fn new(id: u64, client: Endpoint, fd: i32, frontend: ProxyId) -> Note {
        Note {
            id,
            client: Cell::new(client),
            fd,
            snapshot: RefCell::default(),
            frontend: Cell::new(frontend),
            backend: Cell::new(frontend),
            server: Cell::new(None),
            server_fd: Cell::new(-1),
            began_ms: Cell::new(0),
            began: Cell::default(),
            calls: Cell::new(0),
            killed: Cell::new(false),
            waker: RefCell::default(),
        }
    }

    /// A stream begins.
    pub fn begin(&self, snapshot: &Rc<Arc<Snapshot>>, frontend: ProxyId, now_ms: u64, date: Date) {
        *self.snapshot.borrow_mut() = Some(Rc::clone(snapshot));
        self.frontend.set(frontend);
        self.backend.set(frontend);
        self.server.set(None);
        self.server_fd.set(-1);
        self.began_ms.set(now_ms);
        self.began.set(date);
        self.calls.set(0);
    }

    /// The stream ends.
    pub fn end(&self) {
        *self.snapshot.borrow_mut() = None;
    }

    /// The configuration of the stream; none while there is no stream.
    #[allow(clippy::redundant_allocation)]
    pub fn snapshot(&self) -> Option<Rc<Arc<Snapshot>>> {
        self.snapshot.borrow().clone()
    }

    /// Ends the stream, as soon as it is polled.
    pub fn kill(&self) {
        self.killed.set(true);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Has the connection look where it is.
    pub fn wake(&self) {
        if let Some(task) = &*self.waker.borrow() {
            task.wake_by_ref();
        }
    }

    /// Generation of the stream's configuration; none while there is no stream.
    pub fn generation(&self) -> Option<u64> {
        self.snapshot.borrow().as_ref().map(|snapshot| snapshot.generation)
    }

    /// True when the stream is to end; `cx` is woken then.
    fn is_killed(&self, cx: &Context<'_>) -> bool {
        self.calls.set(self.calls.get().wrapping_add(1));
        let mut waker = self.waker.borrow_mut();
        if waker.is_none() {
            *waker = Some(cx.waker().clone());
        }
        self.killed.get()
    }
}

/// Runs a stream's work until it is done, or none when an operator ends it.
pub fn killable<'a, T>(
    note: &'a Note,
    mut work: Pin<&'a mut (impl Future<Output = T> + ?Sized)>,
) -> impl Future<Output = Option<T>> {
    std::future::poll_fn(move |cx| {
        if note.is_killed(cx) {
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
}

/// The notes of a thread.
#[derive(Debug, Default)]
pub struct Notes {
    all: RefCell<BTreeMap<u64, Rc<Note>>>,
}

impl Notes {
    /// Adds a connection.
    pub fn add(&self, note: &Rc<Note>) {
        self.all.borrow_mut().insert(note.id, Rc::clone(note));
    }

    /// Forgets a connection.
    pub fn remove(&self, id: u64) {
        self.all.borrow_mut().remove(&id);
    }

    /// All connections.
    pub fn all(&self) -> Vec<Rc<Note>> {
        self.all.borrow().values().map(Rc::clone).collect()
    }

    /// Those that have a stream, in the order their connections came.
    pub fn streams(&self) -> Vec<Rc<Note>> {
        let all = self.all.borrow();
        all.values().filter(|note| note.snapshot.borrow().is_some()).map(Rc::clone).collect()
    }
}

#[cfg(test)]
mod tests;
