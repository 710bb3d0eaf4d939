//! External checks: runs the command with the environment the manual lists, and judges how it ended.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use haproxy_checks::Outcome;
use haproxy_checks::external::{self, Exit, External, Facts};
use haproxy_checks::schedule::Intervals;
use haproxy_model::settings::{BindAddress, Mode, ServerAddress};

use super::index::{Index, Place};
use crate::process::Process;

/// What a command that cannot be executed counts as having ended with.
const EXEC_FAILED: i32 = 255;

/// Runs the command once.
pub async fn run(process: &Process, index: &Index, place: Place<'_>, intervals: Intervals) -> Outcome {
    let began_ms = process.clock.now_ms();
    let settings = &place.px.settings.external_check;
    let conf = External {
        command: settings.command.as_ref().map_or_else(String::new, |path| path.display().to_string()),
        path: settings.path.clone().unwrap_or_default(),
    };
    let facts = facts(index, place);
    let command = tokio::process::Command::new(&conf.command)
        .args(facts.arguments())
        .env_clear()
        .envs(facts.environment(&conf))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let exit = match command {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOMEM)) => Exit::NotStarted,
        Err(error) => {
            let words = error.to_string();
            let words = words.split(" (os error").next().unwrap_or_default();
            tracing::error!("Failed to exec process for external health check: {words}. Aborting.");
            Exit::Code(EXEC_FAILED)
        }
        Ok(mut child) => {
            let limit = Duration::from_millis(intervals.timeout_check_ms.unwrap_or(intervals.inter_ms));
            match tokio::time::timeout(limit, child.wait()).await {
                Err(_) => Exit::TimedOut,
                Ok(Err(_)) => Exit::NotStarted,
                Ok(Ok(status)) => match (status.code(), status.signal()) {
                    (Some(code), _) => Exit::Code(code),
                    (None, signal) => Exit::Signal(signal.unwrap_or(0)),
                },
            }
        }
    };
    external::outcome(exit, process.clock.now_ms().saturating_sub(began_ms))
}

fn facts(index: &Index, place: Place<'_>) -> Facts {
    let (px, server) = (place.px, place.server());
    let listener = px.listeners.first().map(|id| index.snapshot.listener(*id));
    let (proxy_addr, proxy_port) = match listener.map(|listener| &listener.settings.address) {
        Some(BindAddress::Ip(address)) => (address.ip().to_string(), Some(address.port())),
        Some(BindAddress::Unix(path)) => (path.display().to_string(), None),
        Some(BindAddress::Abstract(_) | BindAddress::Fd(_)) | None => (String::new(), None),
    };
    let (server_addr, server_port) = match &server.settings.address {
        ServerAddress::Ip(address) => {
            let ip = server.settings.check_addr.unwrap_or(address.ip());
            (ip.to_string(), Some(server.settings.check_port.unwrap_or(address.port())))
        }
        ServerAddress::Unix(path) => (path.display().to_string(), None),
        ServerAddress::Abstract(_) | ServerAddress::Unresolved(..) => (String::new(), None),
    };
    Facts {
        proxy_addr,
        proxy_port,
        proxy_id: px.uuid,
        proxy_name: place.backend(),
        server_addr,
        server_port,
        server_id: server.settings.balance.puid,
        server_name: server.settings.balance.name.to_string(),
        server_maxconn: server.live.maxconn(),
        server_sessions: px.servers[place.at].live.current(),
        server_ssl: false,
        server_proto: if px.settings.mode == Mode::Http { "http" } else { "tcp" }.to_owned(),
    }
}
