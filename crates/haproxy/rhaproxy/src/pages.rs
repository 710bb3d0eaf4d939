//! What operators use of the running process: built-in services, and the sockets of the runtime API.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use haproxy_admin::AdminServices;
use haproxy_admin::cli::{self, Context, Level, Limits, Variables};
use haproxy_admin::source::{About, IdleMeter};
use haproxy_engine::door::{OpenSocket, SocketKey};
use haproxy_engine::process::Process;
use haproxy_expr::pattern::store::PatternRef;
use haproxy_expr::vars::VarNames;
use haproxy_model::settings::{BindAddress, BindSettings};
use haproxy_model::snapshot::Snapshot;
use socket2::{Domain, Socket};
use tokio::task::JoinHandle;

use crate::sockets::stats_key;
use crate::version::{RELEASED, VERSION};

/// The program as statistics name it.
pub const ABOUT: About = About { version: VERSION, release_date: RELEASED };

/// The services of the program.
pub fn services() -> AdminServices {
    AdminServices::new(ABOUT)
}

/// What a start leaves to be asked for.
#[derive(Debug, Default)]
pub struct Told {
    /// Its messages.
    pub startup_logs: String,
    /// The environment after it.
    pub environment: Variables,
}

/// What the commands of the runtime API work on.
pub fn context(
    process: &Arc<Process>,
    idle: Arc<IdleMeter>,
    vars: Arc<VarNames>,
    patterns: Vec<Arc<PatternRef>>,
    sockets: &[(BindSettings, Socket)],
    told: Told,
) -> Context {
    let shown = |(bind, _): &(BindSettings, Socket)| (shown_place(bind), Level::from_setting(bind.level));
    Context {
        process: Arc::clone(process),
        about: ABOUT,
        idle,
        vars,
        patterns: ArcSwap::from_pointee(patterns),
        sockets: sockets.iter().map(shown).collect(),
        startup_logs: told.startup_logs,
        environment: ArcSwap::from_pointee(told.environment),
    }
}

/// A socket of commands, as lists and variables name it.
pub fn shown_place(bind: &BindSettings) -> String {
    match &bind.address {
        BindAddress::Ip(ip) if ip.is_ipv4() => format!("ipv4@{ip}"),
        BindAddress::Ip(ip) => format!("ipv6@{ip}"),
        BindAddress::Unix(path) => format!("unix@{}", path.display()),
        BindAddress::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
        BindAddress::Fd(fd) => format!("fd@{fd}"),
    }
}

/// The sockets of the runtime API that are being served.
#[derive(Default)]
pub struct Doors {
    open: HashMap<String, (Arc<OpenSocket>, JoinHandle<()>)>,
    keys: DoorKeys,
    connections: Arc<AtomicU32>,
}

/// Keys of the sockets being served, for other threads to see.
#[derive(Clone, Debug, Default)]
pub struct DoorKeys(Arc<Mutex<Vec<String>>>);

impl DoorKeys {
    /// The keys.
    pub fn list(&self) -> Vec<String> {
        self.0.lock().map(|keys| keys.clone()).unwrap_or_default()
    }
}

impl Doors {
    /// Their keys.
    pub fn keys(&self) -> DoorKeys {
        self.keys.clone()
    }

    /// Begins to serve sockets. Within a `LocalSet`.
    pub fn open(&mut self, context: &Arc<Context>, sockets: Vec<(BindSettings, Socket)>) -> io::Result<()> {
        let snapshot = context.process.snapshot.load_full();
        self.open_for(context, &snapshot, sockets)
    }

    /// Serves what a new configuration names: sockets it does not name any more are closed, `fresh` ones opened.
    pub fn renew(
        &mut self,
        context: &Arc<Context>,
        snapshot: &Snapshot,
        fresh: Vec<(BindSettings, Socket)>,
    ) -> io::Result<()> {
        let wanted: Vec<String> = snapshot.global.stats_sockets.iter().map(stats_key).collect();
        self.open.retain(|key, (_, task)| {
            let stays = wanted.contains(key);
            if !stays {
                task.abort();
            }
            stays
        });
        self.open_for(context, snapshot, fresh)
    }

    fn open_for(
        &mut self,
        context: &Arc<Context>,
        snapshot: &Snapshot,
        sockets: Vec<(BindSettings, Socket)>,
    ) -> io::Result<()> {
        for (bind, socket) in sockets {
            let limits = Limits {
                level: Level::from_setting(bind.level),
                hands_out: bind.expose_fd,
                timeout: Duration::from_millis(snapshot.global.stats_timeout_ms),
                connections_max: snapshot.global.stats_maxconn,
                connections: Arc::clone(&self.connections),
            };
            socket.set_nonblocking(true)?;
            let kept = OpenSocket::new(SocketKey::of(&bind), socket.try_clone()?);
            let context = Arc::clone(context);
            let task = if socket.domain()? == Domain::UNIX {
                let listener = tokio::net::UnixListener::from_std(socket.into())?;
                tokio::task::spawn_local(cli::serve_unix(listener, context, limits))
            } else {
                let listener = tokio::net::TcpListener::from_std(socket.into())?;
                tokio::task::spawn_local(cli::serve_tcp(listener, context, limits))
            };
            self.open.insert(stats_key(&bind), (kept, task));
        }
        let sockets = self.open.values().map(|(socket, _)| Arc::clone(socket)).collect();
        context.process.doors.set_commands(sockets);
        if let Ok(mut keys) = self.keys.0.lock() {
            *keys = self.open.keys().cloned().collect();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
