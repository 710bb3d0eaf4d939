//! Listening sockets as the process keeps them: opened once, watched by one thread each, handed from one configuration to
//! the next by what they are bound to.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use common_base::ids::ListenerId;
use haproxy_model::settings::{BindAddress, BindSettings};
use haproxy_model::snapshot::Snapshot;
use socket2::Socket;
use tokio::sync::Notify;

/// What a listening socket is known by, across configurations and processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketKey {
    /// What it is bound to.
    pub address: BindAddress,
    /// Its network namespace, if not the process's own.
    pub namespace: Option<String>,
    /// The interface it is bound to.
    pub interface: Option<String>,
    /// Whether it is for IPv6 alone, where the configuration says so.
    pub v6only: Option<bool>,
}

impl SocketKey {
    /// The key of a bind line.
    pub fn of(bind: &BindSettings) -> Self {
        let is_v6 = matches!(bind.address, BindAddress::Ip(address) if address.is_ipv6());
        SocketKey {
            address: bind.address.clone(),
            namespace: bind.namespace.clone(),
            interface: bind.interface.clone(),
            v6only: bind.v6only.filter(|_| is_v6),
        }
    }
}

/// An open listening socket.
#[derive(Debug)]
pub struct OpenSocket {
    /// Its number in this process.
    pub id: u64,
    /// What it is known by.
    pub key: SocketKey,
    /// The socket.
    pub socket: Socket,
}

impl OpenSocket {
    /// Takes an open socket in.
    pub fn new(key: SocketKey, socket: Socket) -> Arc<Self> {
        // a descriptor's number is nobody else's while it is open
        let id = u64::try_from(socket.as_raw_fd()).unwrap_or(0);
        Arc::new(OpenSocket { id, key, socket })
    }
}

impl AsRawFd for OpenSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for OpenSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// All listening sockets of the process. Only the control side looks at it.
#[derive(Debug, Default)]
pub struct Doors {
    open: Mutex<Vec<Arc<OpenSocket>>>,
    commands: Mutex<Vec<Arc<OpenSocket>>>,
}

impl Doors {
    /// The sockets of the runtime API, which serve no listener.
    pub fn commands(&self) -> Vec<Arc<OpenSocket>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps these sockets of the runtime API and no others.
    pub fn set_commands(&self, sockets: Vec<Arc<OpenSocket>>) {
        *self.commands.lock().unwrap_or_else(PoisonError::into_inner) = sockets;
    }

    /// The sockets of listeners now.
    pub fn all(&self) -> Vec<Arc<OpenSocket>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a socket.
    pub fn keep(&self, socket: &Arc<OpenSocket>) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(socket));
    }

    /// Forgets sockets.
    pub fn forget(&self, ids: &HashSet<u64>) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|socket| !ids.contains(&socket.id));
    }
}

/// Which listener each socket serves.
pub type Places = HashMap<u64, ListenerId>;

/// How the listeners of a snapshot and open sockets come together.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sockets that serve a listener.
    pub places: Places,
    /// Listeners without a socket.
    pub missing: Vec<ListenerId>,
}

/// Gives each listener of a snapshot a socket that is bound to the same; each socket serves one.
pub fn plan(snapshot: &Snapshot, open: &[Arc<OpenSocket>]) -> Plan {
    let mut free: HashMap<&SocketKey, Vec<u64>> = HashMap::new();
    for socket in open.iter().rev() {
        free.entry(&socket.key).or_default().push(socket.id);
    }
    let mut plan = Plan::default();
    for listener in &snapshot.listeners {
        match free.get_mut(&SocketKey::of(&listener.settings)).and_then(Vec::pop) {
            Some(id) => {
                plan.places.insert(id, listener.id);
            }
            None => plan.missing.push(listener.id),
        }
    }
    plan
}

/// What the watcher of a socket is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Accept connections.
    Accept,
    /// Take what waits and stop listening until told otherwise.
    Pause,
    /// Take what waits and let go.
    Leave,
}

/// A thread's view of a socket it watches.
#[derive(Debug)]
pub struct Door {
    /// The socket.
    pub socket: Arc<OpenSocket>,
    /// Which listener it serves, in which snapshot.
    pub serves: RefCell<(Rc<Arc<Snapshot>>, ListenerId)>,
    duty: Cell<Duty>,
    changed: Notify,
}

impl Door {
    /// A door that is open.
    pub fn new(socket: Arc<OpenSocket>, snapshot: Rc<Arc<Snapshot>>, listener: ListenerId) -> Rc<Self> {
        Rc::new(Door {
            socket,
            serves: RefCell::new((snapshot, listener)),
            duty: Cell::new(Duty::Accept),
            changed: Notify::new(),
        })
    }

    /// What is to be done.
    pub fn duty(&self) -> Duty {
        self.duty.get()
    }

    /// Changes what is to be done; who leaves does not come back.
    pub fn set_duty(&self, duty: Duty) {
        if self.duty.get() != Duty::Leave && self.duty.replace(duty) != duty {
            self.changed.notify_one();
        }
    }

    /// Ends when the duty has changed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
