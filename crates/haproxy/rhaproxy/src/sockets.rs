//! Listening sockets of a snapshot: opened all or none.

use haproxy_engine::accept::{self, ListenSocket};
use haproxy_model::settings::{BindAddress, BindSettings};
use haproxy_model::snapshot::{Listener, Snapshot};
use socket2::Socket;

/// Length of the accept queue when neither `backlog` nor `maxconn` says anything.
const BACKLOG: u32 = 1024;

/// Opens the sockets of the listeners that `wanted` chooses; what could not be opened comes back as messages.
pub fn open(snapshot: &Snapshot, wanted: impl Fn(usize) -> bool) -> Result<Vec<ListenSocket>, Vec<String>> {
    let mut sockets = Vec::new();
    let mut faults = Vec::new();
    for (index, listener) in snapshot.listeners.iter().enumerate() {
        if !wanted(index) {
            continue;
        }
        let px = snapshot.proxy(listener.frontend);
        let backlog = px.settings.backlog.or(px.settings.maxconn).unwrap_or(BACKLOG).max(1);
        match accept::open(&listener.settings, i32::try_from(backlog).unwrap_or(i32::MAX)) {
            Ok(socket) => {
                sockets.push(ListenSocket { listener: listener.id, generation: snapshot.generation, socket });
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

/// What tells a listener from all others, whatever its number is: two configurations with the same key can share a
/// socket.
pub fn key(snapshot: &Snapshot, listener: &Listener) -> String {
    let name = String::from_utf8_lossy(&snapshot.proxy(listener.frontend).name).into_owned();
    let interface = listener.settings.interface.as_deref().unwrap_or_default();
    format!("{name} {} {interface}", shown(&listener.settings))
}

/// The same for a socket of the runtime API.
pub fn stats_key(bind: &BindSettings) -> String {
    let rights = (bind.unix_mode, bind.unix_uid, bind.unix_gid);
    // a path can be bound anew with other rights while the old socket is open, an address cannot
    let rights = if bind.address.is_unix() { format!(" {rights:?} {:?}", bind.level) } else { String::new() };
    format!("stats {}{rights}", shown(bind))
}

/// Opens the sockets of the runtime API that `wanted` chooses.
pub fn open_stats(
    snapshot: &Snapshot,
    wanted: impl Fn(&BindSettings) -> bool,
) -> Result<Vec<(BindSettings, Socket)>, Vec<String>> {
    let mut sockets = Vec::new();
    let mut faults = Vec::new();
    for bind in snapshot.global.stats_sockets.iter().filter(|bind| wanted(bind)) {
        match accept::open(bind, BACKLOG as i32) {
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
pub fn os_text(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

/// An address as messages show it.
pub fn shown(bind: &BindSettings) -> String {
    match &bind.address {
        BindAddress::Ip(address) => address.to_string(),
        BindAddress::Unix(path) => path.display().to_string(),
        BindAddress::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
        BindAddress::Fd(fd) => format!("fd@{fd}"),
    }
}
