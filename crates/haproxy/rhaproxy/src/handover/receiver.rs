//! The worker's side: it builds a snapshot from what it was handed, beside the one that serves.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use haproxy_admin::cli::Variables;
use haproxy_conf::Environment;
use haproxy_engine::door::{self, OpenSocket, SocketKey};
use haproxy_expr::pattern::store::PatternRef;
use haproxy_model::settings::BindSettings;
use haproxy_model::snapshot::Snapshot;
use socket2::Socket;

use super::bundle::Bundle;
use super::{Hello, Offer, Verdict, fixed};
use crate::args::Args;
use crate::load::{self, Lasting};
use crate::sockets::{self, Opened};
use crate::start;

/// A configuration ready to be put in force.
pub struct Fresh {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Its maps and pattern lists, by number.
    pub patterns: Vec<Arc<PatternRef>>,
    /// The environment, as it is listed.
    pub environment: Variables,
    /// Sockets of listeners that are new.
    pub listening: Vec<Opened>,
    /// Sockets of the runtime API that are new.
    pub stats: Vec<(BindSettings, Socket)>,
}

/// What a worker brings to the conversation.
pub struct Bound {
    /// The command line.
    pub args: Args,
    /// What outlives a configuration.
    pub lasting: Lasting,
    /// The machine's name.
    pub host: String,
    /// The snapshot in force.
    pub old: Arc<Snapshot>,
    /// The sockets of listeners.
    pub open: Vec<Arc<OpenSocket>>,
    /// Keys of the runtime API's sockets.
    pub stats: Vec<String>,
}

/// Takes an offer: the configuration, or why there is none. The verdict is the caller's to send.
pub fn receive(stream: &mut UnixStream, bound: &Bound) -> io::Result<Result<Fresh, String>> {
    let old = &bound.old;
    let mut keys: Vec<String> = bound.open.iter().map(|socket| sockets::key(&socket.key)).collect();
    keys.extend(bound.stats.iter().cloned());
    super::write(stream, &Hello { fixed: fixed::list(&old.global), sockets: keys })?;
    let offer: Offer = super::read(stream)?;
    let mut fds = super::receive_descriptors(stream, offer.sockets.len() + 1)?;
    let sockets: HashMap<String, OwnedFd> = offer.sockets.into_iter().zip(fds.drain(1..)).collect();
    let Some(memory) = fds.pop() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
    Ok(build(bound, Bundle::from_memory(memory)?, sockets))
}

/// Tells the reader how it ended.
pub fn answer(stream: &mut UnixStream, refused: Option<String>) -> io::Result<()> {
    super::write(stream, &Verdict { refused })
}

fn build(bound: &Bound, bundle: Bundle, mut offered: HashMap<String, OwnedFd>) -> Result<Fresh, String> {
    let mut env = Environment::from_process();
    crate::environment::before_reading(&mut env, &bound.args, &bound.host)
        .map_err(|error| error.to_string())?;
    let loaded = load::load(&bound.args, &mut env, Arc::new(bundle), &bound.lasting, Some(&bound.old));
    let environment = start::listed(env, &loaded);
    let Some(snapshot) = loaded.snapshot else {
        return Err(format!("The worker cannot use the configuration: {}", loaded.diags.render_plain()));
    };
    let mut listening = Vec::new();
    for id in door::plan(&snapshot, &bound.open).missing {
        let key = SocketKey::of(&snapshot.listener(id).settings);
        let text = sockets::key(&key);
        let fd =
            offered.remove(&text).ok_or_else(|| format!("The socket of '{text}' was not handed over."))?;
        listening.push((id, OpenSocket::new(key, Socket::from(fd))));
    }
    let mut stats = Vec::new();
    for bind in &snapshot.global.stats_sockets {
        if let Some(fd) = offered.remove(&sockets::stats_key(bind)) {
            stats.push((bind.clone(), Socket::from(fd)));
        }
    }
    Ok(Fresh { snapshot, patterns: loaded.patterns, environment, listening, stats })
}
