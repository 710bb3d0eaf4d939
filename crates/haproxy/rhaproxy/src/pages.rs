//! What operators use of the running process: built-in services, and the sockets of the runtime API.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use arc_swap::ArcSwap;
use haproxy_admin::AdminServices;
use haproxy_admin::cli::{self, Context, Level, Limits};
use haproxy_admin::source::{About, IdleMeter};
use haproxy_engine::process::Process;
use haproxy_expr::pattern::store::PatternRef;
use haproxy_expr::vars::VarNames;
use haproxy_model::settings::{BindAddress, BindSettings};
use socket2::{Domain, Socket};

use crate::version::{RELEASED, VERSION};

/// The program as statistics name it.
pub const ABOUT: About = About { version: VERSION, release_date: RELEASED };

/// The services of the program.
pub fn services() -> AdminServices {
    AdminServices::new(ABOUT)
}

/// What the commands of the runtime API work on.
pub fn context(
    process: &Arc<Process>,
    idle: Arc<IdleMeter>,
    vars: Arc<VarNames>,
    patterns: Vec<Arc<PatternRef>>,
    sockets: &[(BindSettings, Socket)],
) -> Context {
    let shown = |(bind, _): &(BindSettings, Socket)| {
        let place = match &bind.address {
            BindAddress::Ip(ip) if ip.is_ipv4() => format!("ipv4@{ip}"),
            BindAddress::Ip(ip) => format!("ipv6@{ip}"),
            BindAddress::Unix(path) => format!("unix@{}", path.display()),
            BindAddress::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
            BindAddress::Fd(fd) => format!("fd@{fd}"),
        };
        (place, Level::from_setting(bind.level))
    };
    Context {
        process: Arc::clone(process),
        about: ABOUT,
        idle,
        vars,
        patterns: ArcSwap::from_pointee(patterns),
        sockets: sockets.iter().map(shown).collect(),
        startup_logs: String::new(),
    }
}

/// Begins to serve the sockets of the runtime API. Within a `LocalSet`.
pub fn serve(context: &Arc<Context>, sockets: Vec<(BindSettings, Socket)>) -> io::Result<()> {
    let global = &context.process.snapshot.load_full().global;
    let connections = Arc::new(AtomicU32::new(0));
    for (bind, socket) in sockets {
        let limits = Limits {
            level: Level::from_setting(bind.level),
            timeout: Duration::from_millis(global.stats_timeout_ms),
            connections_max: global.stats_maxconn,
            connections: Arc::clone(&connections),
        };
        socket.set_nonblocking(true)?;
        let context = Arc::clone(context);
        if socket.domain()? == Domain::UNIX {
            let listener = tokio::net::UnixListener::from_std(socket.into())?;
            tokio::task::spawn_local(cli::serve_unix(listener, context, limits));
        } else {
            let listener = tokio::net::TcpListener::from_std(socket.into())?;
            tokio::task::spawn_local(cli::serve_tcp(listener, context, limits));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
