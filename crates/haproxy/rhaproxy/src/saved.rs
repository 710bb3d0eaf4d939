//! States of servers that an earlier process left in files (`load-server-state-from-file`). Read once at the start:
//! after a reload servers keep their state anyway.

use std::path::{Path, PathBuf};

use haproxy_balance::saved::{self, Saved};
use haproxy_conf::{FileProvider, Severity};
use haproxy_model::snapshot::{Proxy, ServerStateSource, Snapshot};

use crate::messages;

/// Clock of a process that has just begun (see the engine's clock).
const START_MS: u64 = 1000;

/// Gives servers their saved states. What cannot be read costs a warning, nothing more.
pub fn restore(snapshot: &Snapshot, files: &dyn FileProvider) {
    let base = snapshot.global.server_state_base.as_deref();
    let wants_global = |px: &&Proxy| px.settings.server_state == ServerStateSource::Global;
    let global = snapshot
        .global
        .server_state_file
        .as_deref()
        .filter(|_| snapshot.proxies.iter().any(|px| wants_global(&px)));
    let global =
        global.map_or_else(Vec::new, |file| read(&place(base, file), "config: ", "global ", "", files));
    for px in snapshot.proxies.iter().filter(|px| px.role.is_backend()) {
        let name = String::from_utf8_lossy(&px.name);
        match &px.settings.server_state {
            ServerStateSource::None => {}
            ServerStateSource::Global => take(px, &name, &global),
            ServerStateSource::Local(file) => {
                let file = file.as_deref().unwrap_or(&name);
                let read = read(&place(base, Path::new(file)), &format!("Proxy '{name}': "), "", ".", files);
                take(px, &name, &read);
            }
        }
    }
}

/// A relative path stands below `server-state-base`.
fn place(base: Option<&Path>, file: &Path) -> PathBuf {
    base.map_or_else(|| file.to_path_buf(), |base| base.join(file))
}

/// Reads a file; `who`, `kind` and `end` stand around the original's words when it cannot be read.
fn read(path: &Path, who: &str, kind: &str, end: &str, files: &dyn FileProvider) -> Vec<Saved> {
    let shown = path.display();
    let warn = |text: String| messages::print(Severity::Warning, &format!("config : {who}{text}"));
    let text = match files.read(&path.to_string_lossy()) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let code = error.raw_os_error().map_or(nix::errno::Errno::EIO, nix::errno::Errno::from_raw);
            warn(format!("Can't open {kind}server state file '{shown}': {}{end}", code.desc()));
            return Vec::new();
        }
    };
    saved::parse(&text).unwrap_or_else(|_| {
        warn(format!("Can't get version of the {kind}server state file '{shown}'."));
        Vec::new()
    })
}

fn take(px: &Proxy, name: &str, saved: &[Saved]) {
    for server in &px.servers {
        let conf = server.live.conf();
        let own = saved.iter().find(|saved| {
            let backend = saved.backend == name || saved.backend_id == px.uuid;
            backend && saved.server == *conf.name
        });
        if let Some(own) = own {
            server.live.restore(own, START_MS);
        }
    }
    px.balancer.refresh(START_MS);
}
