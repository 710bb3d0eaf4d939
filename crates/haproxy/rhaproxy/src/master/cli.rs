//! Connections of the master's socket (management manual 9.4). A connection stays until the other side ends it; each
//! line holds commands for the master or, behind an `@` prefix, for a process of its family.

mod commands;
mod line;
mod relay;
mod session;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use haproxy_admin::cli::Level;
use haproxy_model::settings::BindSettings;
use socket2::{Domain, Socket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedSender;

pub use commands::listed;

use super::supervise::{Event, Family};
use super::voice::Voice;

/// Most connections at a time: operators and their tools, not clients.
const CONNECTIONS_MAX: u32 = 64;

/// Pause after a connection could not be accepted, which a lack of descriptors may cause.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections see of the master, and how they ask it.
#[derive(Clone)]
pub struct Post {
    /// The family.
    pub family: Rc<RefCell<Family>>,
    /// Messages of the latest start.
    pub voice: Rc<Voice>,
    /// Where wishes go.
    pub events: UnboundedSender<Event>,
    /// The sockets, as they are listed, and their levels.
    pub sockets: Rc<[(String, Level)]>,
    /// The environment, as it is listed.
    pub environment: Rc<[(String, String)]>,
}

/// Serves the sockets from now on. Within a `LocalSet`.
pub fn serve(post: &Post, sockets: Vec<(BindSettings, Socket)>) -> io::Result<()> {
    let connections = Rc::new(Cell::new(0));
    for (bind, socket) in sockets {
        let door = Door { post: post.clone(), level: level(&bind), connections: Rc::clone(&connections) };
        socket.set_nonblocking(true)?;
        if socket.domain()? == Domain::UNIX {
            let listener = tokio::net::UnixListener::from_std(socket.into())?;
            tokio::task::spawn_local(async move {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => door.open(stream),
                        Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                    }
                }
            });
        } else {
            let listener = tokio::net::TcpListener::from_std(socket.into())?;
            tokio::task::spawn_local(async move {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => door.open(stream),
                        Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                    }
                }
            });
        }
    }
    Ok(())
}

/// The level of a socket's connections: everything, unless its options say less.
pub fn level(bind: &BindSettings) -> Level {
    bind.level.map_or(Level::Admin, |level| Level::from_setting(Some(level)))
}

/// One socket's way in.
struct Door {
    post: Post,
    level: Level,
    connections: Rc<Cell<u32>>,
}

impl Door {
    fn open(&self, stream: impl AsyncRead + AsyncWrite + AsFd + Unpin + 'static) {
        if self.connections.get() >= CONNECTIONS_MAX {
            return;
        }
        self.connections.set(self.connections.get() + 1);
        let (post, level, connections) = (self.post.clone(), self.level, Rc::clone(&self.connections));
        tokio::task::spawn_local(async move {
            // an operator who hangs up ends the connection and nothing else
            drop(session::converse(stream, &post, level).await);
            connections.set(connections.get() - 1);
        });
    }
}
