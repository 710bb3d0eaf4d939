//! Frontends and limits.

use std::sync::atomic::Ordering::Relaxed;

use super::{Answer, Call, Command, Level};
use crate::control;
use crate::source::text;

/// Frontends and limits.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["disable", "frontend"],
        usage: "disable frontend <frontend>",
        doc: "temporarily disable specific frontend",
        level: Level::Admin,
        experimental: false,
        run: disable,
    },
    Command {
        words: &["enable", "frontend"],
        usage: "enable frontend <frontend>",
        doc: "re-enable specific frontend",
        level: Level::Admin,
        experimental: false,
        run: enable,
    },
    Command {
        words: &["shutdown", "frontend"],
        usage: "shutdown frontend <frontend>",
        doc: "stop a specific frontend",
        level: Level::Admin,
        experimental: false,
        run: shutdown,
    },
    Command {
        words: &["set", "maxconn", "frontend"],
        usage: "set maxconn frontend <frontend> <value>",
        doc: "change a frontend's maxconn setting",
        level: Level::Admin,
        experimental: false,
        run: frontend_maxconn,
    },
    Command {
        words: &["set", "maxconn", "global"],
        usage: "set maxconn global <value>",
        doc: "change the per-process maxconn setting",
        level: Level::Admin,
        experimental: false,
        run: global_maxconn,
    },
    Command {
        words: &["set", "maxconn", "server"],
        usage: "set maxconn server <bk>/<srv>",
        doc: "change a server's maxconn setting",
        level: Level::Admin,
        experimental: false,
        run: server_maxconn,
    },
];

fn disable(call: &mut Call<'_>) -> Answer {
    if call.arg(0).is_empty() {
        return "A frontend name is expected.\n".into();
    }
    let Some(px) = call.frontend(call.arg(0)) else { return "No such frontend.\n".into() };
    if px.live.stopped.swap(true, Relaxed) {
        return "All sockets are already disabled.\n".into();
    }
    control::log(&call.cx.process, &call.snapshot, px, 4, &format!("Paused frontend {}.", text(&px.name)));
    "".into()
}

fn enable(call: &mut Call<'_>) -> Answer {
    if call.arg(0).is_empty() {
        return "A frontend name is expected.\n".into();
    }
    let Some(px) = call.frontend(call.arg(0)) else { return "No such frontend.\n".into() };
    if !px.live.stopped.swap(false, Relaxed) {
        return "All sockets are already enabled.\n".into();
    }
    control::log(&call.cx.process, &call.snapshot, px, 4, &format!("Resumed frontend {}.", text(&px.name)));
    "".into()
}

fn shutdown(call: &mut Call<'_>) -> Answer {
    if call.arg(0).is_empty() {
        return "A frontend name is expected.\n".into();
    }
    let Some(px) = call.frontend(call.arg(0)) else { return "No such frontend.\n".into() };
    if px.live.stopped.swap(true, Relaxed) {
        return "Frontend was already shut down.\n".into();
    }
    control::log(&call.cx.process, &call.snapshot, px, 4, &format!("Proxy {} stopped.", text(&px.name)));
    "".into()
}

fn frontend_maxconn(call: &mut Call<'_>) -> Answer {
    let Some(px) = call.frontend(call.arg(0)) else { return "No such frontend.\n".into() };
    match call.arg(1) {
        "" => "Integer value expected.\n".into(),
        value => match value.parse() {
            Ok(maxconn) => {
                px.live.maxconn.store(maxconn, Relaxed);
                "".into()
            }
            Err(_) => "Value out of range.\n".into(),
        },
    }
}

fn global_maxconn(call: &mut Call<'_>) -> Answer {
    let hard = call.snapshot.global.maxconn_effective;
    match call.arg(0) {
        "" => "Expects an integer value.\n".into(),
        value => match value.parse::<u32>() {
            Ok(maxconn) if maxconn <= hard => {
                call.cx.process.maxconn.store(if maxconn == 0 { hard } else { maxconn }, Relaxed);
                call.cx.process.slot_free.notify_waiters();
                "".into()
            }
            Ok(_) | Err(_) => "Value out of range.\n".into(),
        },
    }
}

fn server_maxconn(call: &mut Call<'_>) -> Answer {
    let done = call.server(call.arg(0)).and_then(|(_, server)| {
        let value = call.arg(1);
        let maxconn = value.parse().map_err(|_| "maxconn string empty or preceded by garbage".to_owned())?;
        server.live.set_maxconn(maxconn);
        Ok("")
    });
    done.into()
}
