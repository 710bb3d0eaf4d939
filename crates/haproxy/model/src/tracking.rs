//! `track`: servers that follow the state of another one.

use std::sync::Arc;

use haproxy_balance::server::Tracked;
use haproxy_conf::{Diagnostics, Severity};

use crate::snapshot::{Proxy, Server, Snapshot};

/// Lets all servers of a configuration follow those they name.
pub fn all(snapshot: &mut Snapshot, diags: &mut Diagnostics) {
    let mut followed = Vec::new();
    for px in &snapshot.proxies {
        for server in px.servers.iter().filter(|server| server.settings.track.is_some()) {
            match follow(snapshot, px, server) {
                Ok((place, tracked)) => followed.push(((px.id.index(), server.id), place, tracked)),
                Err(text) => {
                    let text = format!("'server {}' : {text}", server.settings.balance.name);
                    diags.plain(Severity::Alert, text);
                }
            }
        }
    }
    for ((own, follower), (proxy, index), tracked) in followed {
        snapshot.proxies[proxy].servers[index].pinned = true;
        let follower = snapshot.proxies[own].servers.iter_mut().find(|server| server.id == follower);
        if let Some(follower) = follower {
            if !follower.continues {
                follower.live.track(Some(tracked.clone()));
            }
            follower.tracks = Some(tracked);
        }
    }
}

/// Indexes of a server's backend and in it.
pub type Position = (usize, usize);

/// The server that one names to follow, and where it stands.
pub fn follow(snapshot: &Snapshot, px: &Proxy, server: &Server) -> Result<(Position, Tracked), String> {
    let wanted = String::from_utf8_lossy(server.settings.track.as_deref().unwrap_or_default()).into_owned();
    let (backend, name) = match wanted.split_once('/') {
        Some((backend, name)) => (snapshot.backend_named(backend.as_bytes()), name),
        None => (Some(px), wanted.as_str()),
    };
    let found = backend.and_then(|backend| {
        let index = backend.servers.iter().position(|s| &*s.settings.balance.name == name)?;
        Some((backend, index))
    });
    let Some((backend, index)) = found else {
        return Err(format!("unable to find required server '{wanted}' for tracking."));
    };
    let followed = &backend.servers[index];
    let path = format!("{}/{name}", String::from_utf8_lossy(&backend.name));
    let settings = &followed.settings;
    if !settings.check && !settings.agent_check && settings.track.is_none() {
        return Err(format!(
            "unable to use {path} for tracking as it does not have any check nor agent enabled."
        ));
    }
    let tracked = Tracked { name: path, server: Arc::clone(&followed.live) };
    Ok(((backend.id.index(), index), tracked))
}
