//! Backends that frontends may choose or not.

use std::sync::atomic::Ordering::Relaxed;

use haproxy_engine::process::Process;
use haproxy_model::settings::Role;
use haproxy_model::snapshot::Proxy;

use super::{Call, Command, Level};
use crate::source::text;

/// Backends that frontends may choose or not.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["publish", "backend"],
        usage: "publish backend <backend>",
        doc: "mark backend as ready for traffic",
        level: Level::Operator,
        experimental: false,
        run: |call| publish(call, true).into(),
    },
    Command {
        words: &["unpublish", "backend"],
        usage: "unpublish backend <backend>",
        doc: "remove backend for any traffic processing",
        level: Level::Operator,
        experimental: false,
        run: |call| publish(call, false).into(),
    },
];

fn publish(call: &mut Call<'_>, published: bool) -> Result<&'static str, String> {
    let px = call.backend(call.arg(0)).ok_or("No such backend.\n")?;
    if px.disabled {
        return Err("No effect on a disabled backend.\n".to_owned());
    }
    px.live.unpublished.store(!published, Relaxed);
    Ok(if published { "Backend published.\n" } else { "Backend unpublished.\n" })
}

/// Why a backend cannot be removed.
fn obstacle(px: &Proxy) -> Option<&'static str> {
    if px.role == Role::Listen {
        return Some("Cannot delete a listen section.\n");
    }
    if !px.live.unpublished.load(Relaxed) {
        return Some("Backend must be unpublished prior to its deletion.\n");
    }
    (!px.servers.is_empty()).then_some("Only a backend without server can be deleted.\n")
}

/// `wait ... be-removable`.
pub(super) fn is_removable(process: &Process, name: &str) -> Result<bool, String> {
    let snapshot = process.snapshot.load();
    let px = snapshot.proxies.iter().find(|px| px.role.is_backend() && text(&px.name) == name);
    let px = px.ok_or("No such backend.\n")?;
    match obstacle(px) {
        Some(text) => Err(text.to_owned()),
        None => Ok(px.live.backend_sessions.load(Relaxed) == 0),
    }
}
