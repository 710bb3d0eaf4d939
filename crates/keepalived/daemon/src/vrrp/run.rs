//! The life of the vrrp process: start, loop, stop.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use common_base::time::Instant;
use common_os::clock;
use keepalived_conf::model::{Buffer, Config};
use keepalived_net::mirror;
use keepalived_net::socket::Netlink;
use keepalived_notify::processes::ProcessMonitor;
use nix::libc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use super::input::Input;
use super::shell::Shell;
use crate::heartbeat::Heartbeat;
use crate::inbox;
use crate::options::Options;

/// Inputs that wait; more stay in the sockets.
const INBOX: usize = 1024;
/// How long the stop waits for notify scripts.
const LINGER: Duration = Duration::from_secs(1);

/// A new configuration, or the reason to keep the old one.
pub type Reread = Box<dyn FnMut() -> Result<Config, String>>;

/// What the process is given.
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// The command line.
    pub options: Options,
    /// Reads the configuration again.
    pub reread: Reread,
    /// What the predecessor left.
    pub heartbeat: Heartbeat,
    /// Opened before the network namespace was entered.
    pub processes: Option<ProcessMonitor>,
    /// Where the control socket is.
    pub control: Option<PathBuf>,
    /// Where metrics are served.
    pub metrics: Option<std::net::SocketAddr>,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was asked to.
    Stopped,
    /// It cannot work, and trying again will not help.
    Fatal,
    /// The configuration cannot be run.
    Config,
    /// Rights are missing.
    NotPermitted,
}

/// Signals the loop takes.
pub fn signals() -> Vec<i32> {
    vec![
        libc::SIGHUP,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGTERM,
        libc::SIGINT,
        common_os::signals::rtmin(2),
        common_os::signals::rtmax(1),
    ]
}

/// Runs until a signal stops it.
pub fn run(setup: Setup) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("Unable to start the event loop: {error}");
            return Exit::Fatal;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        match live(setup).await {
            Ok(exit) => exit,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                tracing::error!("VRRP: {error} - CAP_NET_ADMIN and CAP_NET_RAW are needed");
                Exit::NotPermitted
            }
            Err(error) => {
                tracing::error!("VRRP: {error}");
                Exit::Fatal
            }
        }
    })
}

async fn live(setup: Setup) -> io::Result<Exit> {
    let (sender, mut inbox) = mpsc::channel(INBOX);
    // Signals first: a stop during the start must not kill the process half-way.
    for number in signals() {
        watch_signal(number, sender.clone())?;
    }
    // The monitor before the first reading, so that no change is lost between.
    watch_kernel(setup.config.global.buffers.vrrp_netlink_monitor, &sender)?;
    let Some(mut shell) = Shell::start(setup, sender)? else { return Ok(Exit::Config) };
    while let Some(input) = inbox.recv().await {
        if shell.is_late() {
            // What others said while this process did not run counts before the silence that it imagines.
            shell.take(input);
            while let Ok(input) = inbox.try_recv() {
                shell.take(input);
            }
            shell.catch_up();
        } else {
            shell.tick();
            shell.take(input);
        }
        if shell.is_stopped() {
            break;
        }
        shell.tick();
    }
    shell.finish(LINGER).await;
    Ok(Exit::Stopped)
}

fn watch_signal(number: i32, inbox: mpsc::Sender<Input>) -> io::Result<()> {
    let mut stream = signal(SignalKind::from_raw(number))?;
    spawn_local(async move {
        while stream.recv().await.is_some() {
            if inbox.send(Input::Signal(number)).await.is_err() {
                return;
            }
        }
    });
    common_os::signals::unblock(&[number])
}

fn watch_kernel(buffer: Buffer, sender: &mpsc::Sender<Input>) -> io::Result<()> {
    tracing::info!("Registering Kernel netlink reflector");
    let monitor = Netlink::monitor(libc::NETLINK_ROUTE, mirror::GROUPS)?;
    if let Some(bytes) = buffer.size.and_then(|bytes| usize::try_from(bytes).ok()) {
        monitor.set_receive_buffer(bytes, buffer.force)?;
    }
    inbox::watch(monitor, sender.clone(), |monitor| {
        let heard = monitor.drain()?;
        Ok((heard.lost || !heard.bytes.is_empty()).then_some(Input::Kernel(heard)))
    })?;
    Ok(())
}

/// The clock of the machines.
pub fn now() -> Instant {
    Instant(clock::monotonic_us())
}
