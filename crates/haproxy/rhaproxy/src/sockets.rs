//! Listening sockets of a snapshot: taken over where another process or configuration has them, else opened; all or none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use common_base::ids::ListenerId;
use haproxy_admin::handout::Inherited;
use haproxy_engine::accept::ListenSocket;
use haproxy_engine::door::{OpenSocket, SocketKey};
use haproxy_engine::listen::{self, Sharing};
use haproxy_model::settings::{BindAddress, BindSettings};
use haproxy_model::snapshot::{Listener, Snapshot};
use socket2::Socket;

/// Length of the accept queue when neither `backlog` nor `maxconn` says anything.
const BACKLOG: u32 = 1024;

/// A listener with its socket, before the snapshot serves.
pub type Opened = (ListenerId, Arc<OpenSocket>);

/// Where sockets come from besides the system.
#[derive(Debug, Default)]
pub struct Supply {
    /// What another process handed over. Who starts closes what is left of it.
    inherited: Vec<Inherited>,
    /// Processes that may hold an address we want: they are asked to let go of it for a while.
    holders: Vec<i32>,
    /// Whether they were asked.
    asked: bool,
}

/// How often a busy address is tried again once its holders were asked to pause, and the time between two tries.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

impl Supply {
    /// What is known of older processes: their sockets, and themselves.
    pub fn new(inherited: Vec<Inherited>, holders: Vec<i32>) -> Self {
        Supply { inherited, holders, asked: false }
    }

    /// An inherited socket that is bound as the bind line says.
    fn take(&mut self, bind: &BindSettings) -> Option<Socket> {
        let at = self.inherited.iter().position(|inherited| inherited.fits(bind))?;
        Some(self.inherited.swap_remove(at).socket)
    }

    fn open(&mut self, bind: &BindSettings, backlog: i32, sharing: Sharing) -> io::Result<Socket> {
        if let Some(socket) = self.take(bind) {
            listen::adopt(&socket, bind, backlog)?;
            return Ok(socket);
        }
        let mut left = TRIES;
        loop {
            match listen::open(bind, backlog, sharing) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && left > 0 && self.ask() => {
                    left -= 1;
                    std::thread::sleep(BETWEEN_TRIES);
                }
                outcome => return outcome,
            }
        }
    }

    /// Has the holders pause, once; false when there are none.
    fn ask(&mut self) -> bool {
        if !self.asked {
            self.holders.iter().for_each(|pid| common_os::signals::send(*pid, nix::libc::SIGTTOU));
            self.asked = true;
        }
        !self.holders.is_empty()
    }

    /// The start failed: who was asked to pause shall go on.
    pub fn give_back(&self) {
        if self.asked {
            self.holders.iter().for_each(|pid| common_os::signals::send(*pid, nix::libc::SIGTTIN));
        }
    }
}

/// Opens the sockets of the listeners that `wanted` chooses; what could not be opened comes back as messages.
pub fn open(
    snapshot: &Snapshot,
    supply: &mut Supply,
    wanted: impl Fn(&Listener) -> bool,
) -> Result<Vec<Opened>, Vec<String>> {
    let mut sockets = Vec::new();
    let mut faults = Vec::new();
    let sharing = sharing(snapshot);
    for listener in snapshot.listeners.iter().filter(|listener| wanted(listener)) {
        let px = snapshot.proxy(listener.frontend);
        let backlog = px.settings.backlog.or(px.settings.maxconn).unwrap_or(BACKLOG).max(1);
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        match supply.open(&listener.settings, backlog, sharing) {
            Ok(socket) => {
                sockets.push((listener.id, OpenSocket::new(SocketKey::of(&listener.settings), socket)));
            }
            Err(error) => {
                let name = String::from_utf8_lossy(&px.name).into_owned();
                faults.push(format!(
                    "Starting {} {name}: cannot bind socket ({}) [{}]",
                    if px.role.is_backend() { "proxy" } else { "frontend" },
                    os_text(&error),
                    shown(&listener.settings)
                ));
            }
        }
    }
    if faults.is_empty() { Ok(sockets) } else { Err(faults) }
}

/// The sockets as the data plane takes them.
pub fn for_snapshot(snapshot: &Arc<Snapshot>, opened: Vec<Opened>) -> Vec<ListenSocket> {
    opened
        .into_iter()
        .map(|(listener, socket)| ListenSocket { listener, snapshot: Arc::clone(snapshot), socket })
        .collect()
}

fn sharing(snapshot: &Snapshot) -> Sharing {
    if snapshot.global.noreuseport { Sharing::Exclusive } else { Sharing::Shared }
}

/// What a listening socket is known by, as text: two configurations with the same key can share a socket.
pub fn key(key: &SocketKey) -> String {
    let interface = key.interface.as_deref().unwrap_or_default();
    let namespace = key.namespace.as_deref().unwrap_or_default();
    format!("{} {interface} {namespace} {:?}", shown_address(&key.address), key.v6only)
}

/// The same for a socket of the runtime API.
pub fn stats_key(bind: &BindSettings) -> String {
    let rights = (bind.unix_mode, bind.unix_uid, bind.unix_gid);
    // a path can be bound anew with other rights while the old socket is open, an address cannot
    let rights = if bind.address.is_unix() {
        format!(" {rights:?} {:?} {}", bind.level, bind.expose_fd)
    } else {
        String::new()
    };
    format!("stats {}{rights}", shown(bind))
}

/// Opens the sockets of the runtime API that `wanted` chooses.
pub fn open_stats(
    snapshot: &Snapshot,
    supply: &mut Supply,
    wanted: impl Fn(&BindSettings) -> bool,
) -> Result<Vec<(BindSettings, Socket)>, Vec<String>> {
    let mut sockets = Vec::new();
    let mut faults = Vec::new();
    for bind in snapshot.global.stats_sockets.iter().filter(|bind| wanted(bind)) {
        match supply.open(bind, BACKLOG as i32, sharing(snapshot)) {
            Ok(socket) => sockets.push((bind.clone(), socket)),
            Err(error) => {
                faults.push(format!(
                    "Starting proxy GLOBAL: cannot bind UNIX socket ({}) [{}]",
                    os_text(&error),
                    shown(bind)
                ));
            }
        }
    }
    if faults.is_empty() { Ok(sockets) } else { Err(faults) }
}

/// The system's words for an error, without its number.
pub fn os_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

/// An address as messages show it.
pub fn shown(bind: &BindSettings) -> String {
    shown_address(&bind.address)
}

fn shown_address(address: &BindAddress) -> String {
    match address {
        BindAddress::Ip(address) => address.to_string(),
        BindAddress::Unix(path) => path.display().to_string(),
        BindAddress::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
        BindAddress::Fd(fd) => format!("fd@{fd}"),
    }
}
