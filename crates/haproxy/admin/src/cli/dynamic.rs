//! Servers that come and go while the process runs.

use std::sync::Arc;

use haproxy_balance::server::Admin;
use haproxy_engine::process::{Process, ThreadMessage};
use haproxy_model::parse::server_at_run_time;
use haproxy_model::snapshot::{Server, Snapshot};

use super::{Call, Command, Level};
use crate::source::text;

/// Servers that come and go while the process runs.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["add", "server"],
        usage: "add server <bk>/<srv>",
        doc: "create a new server",
        level: Level::Admin,
        experimental: false,
        run: |call| add(call).into(),
    },
    Command {
        words: &["del", "server"],
        usage: "del server <bk>/<srv>",
        doc: "remove a dynamically added server",
        level: Level::Admin,
        experimental: false,
        run: |call| remove(call).into(),
    },
];

/// Options that servers of the file have and those of the command do not.
const NOT_DYNAMIC: &[&str] = &["disabled", "enabled", "init-addr", "init-state", "slowstart"];

fn add(call: &mut Call<'_>) -> Result<&'static str, String> {
    if call.arg(0) == "help" {
        return Err(help());
    }
    let (backend, name) = call.arg(0).split_once('/').ok_or("Require 'backend/server'.\n")?;
    let px = call.backend(backend).ok_or("No such backend.\n")?;
    let balance = px.balancer.conf();
    if !balance.algorithm.is_dynamic(balance.hash_type.method) {
        return Err("Backend must use a dynamic load balancing to support dynamic servers.\n".to_owned());
    }
    if px.servers.iter().any(|server| &*server.live.conf().name == name) {
        return Err("Already exists a server with the same name in backend.\n".to_owned());
    }
    let words: Vec<String> =
        std::iter::once(name.to_owned()).chain(call.args.iter().skip(1).cloned()).collect();
    if let Some(word) = words.iter().skip(2).find(|word| NOT_DYNAMIC.contains(&word.as_str())) {
        return Err(format!("'{word}' option is not supported for dynamic servers.\n"));
    }
    let settings = server_at_run_time(px, &words).map_err(|text| format!("{text}\n"))?;
    let mut next = call.snapshot.successor();
    next.add_server(px.id, settings, call.cx.process.threads).map_err(|text| format!("{text}\n"))?;
    call.cx.process.put_to_work(Arc::new(next));
    Ok("New server registered.\n")
}

fn help() -> String {
    let mut out = String::from("List of keywords supported for dynamic servers:\n");
    for name in haproxy_model::parse::server_options().filter(|name| !NOT_DYNAMIC.contains(name)) {
        out.push_str(name);
        out.push('\n');
    }
    out
}

/// Why a server cannot be removed, for good or for now.
enum Obstacle {
    Lasting(&'static str),
    Passing(&'static str),
}

fn obstacle(server: &Server) -> Option<Obstacle> {
    if server.pinned {
        return Some(Obstacle::Lasting(
            "This server cannot be removed at runtime due to other configuration elements pointing to it.\n",
        ));
    }
    if !server.live.admin().any(Admin::MAINT) {
        return Some(Obstacle::Lasting("Only servers in maintenance mode can be deleted.\n"));
    }
    if server.live.current() > 0 || server.live.served() > 0 {
        return Some(Obstacle::Passing("Server still has connections attached to it, cannot remove it.\n"));
    }
    None
}

fn remove(call: &mut Call<'_>) -> Result<&'static str, String> {
    let (_, server) = call.server(call.arg(0))?;
    match obstacle(server) {
        Some(Obstacle::Lasting(text) | Obstacle::Passing(text)) => return Err(text.to_owned()),
        None => {}
    }
    let (id, live) = (server.id, Arc::clone(&server.live));
    let mut next = call.snapshot.successor();
    next.remove_server(id);
    let process = &call.cx.process;
    process.put_to_work(Arc::new(next));
    process.tell(|| ThreadMessage::Forget(Arc::clone(&live)));
    Ok("Server deleted.\n")
}

/// `wait ... srv-removable`.
pub(super) fn is_removable(process: &Process, path: &str) -> Result<bool, String> {
    let snapshot = process.snapshot.load();
    let (backend, name) = path.split_once('/').ok_or("Require 'backend/server'.\n")?;
    let server = find(&snapshot, backend, name).ok_or("No such server.\n")?;
    match obstacle(server) {
        Some(Obstacle::Lasting(text)) => Err(text.to_owned()),
        Some(Obstacle::Passing(_)) => Ok(false),
        None => Ok(server.live.idle_connections().load(std::sync::atomic::Ordering::Relaxed) == 0),
    }
}

fn find<'s>(snapshot: &'s Snapshot, backend: &str, name: &str) -> Option<&'s Server> {
    let mut backends = snapshot.proxies.iter().filter(|px| px.role.is_backend());
    let px = backends.find(|px| text(&px.name) == backend)?;
    px.servers.iter().find(|server| &*server.live.conf().name == name)
}
