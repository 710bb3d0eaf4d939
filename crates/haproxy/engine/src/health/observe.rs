//! Passive checks: what streams saw of a server (manual §5.2 "observe").

use std::sync::Arc;

use haproxy_balance::Server as Live;
use haproxy_checks::health::{self, Observe, OnError, Seen};
use haproxy_model::snapshot::Server;

use super::transition;
use crate::process::Process;

/// An error seen by a stream.
#[derive(Debug)]
pub struct Observed {
    server: Arc<Live>,
    words: &'static str,
}

/// Words of the two settings.
const OBSERVE: &[(&str, Observe)] = &[
    ("layer4", Observe::Layer4),
    ("tcp-check", Observe::Layer4),
    ("layer7", Observe::Layer7),
    ("http", Observe::Layer7),
];

const ON_ERROR: &[(&str, OnError)] = &[
    ("fastinter", OnError::FastInter),
    ("fail-check", OnError::FailCheck),
    ("sudden-death", OnError::SuddenDeath),
    ("mark-down", OnError::MarkDown),
];

fn setting<T: Copy + Default>(table: &[(&str, T)], word: Option<&String>) -> T {
    word.and_then(|word| table.iter().find(|(name, _)| name == word)).map(|row| row.1).unwrap_or_default()
}

/// To be called by a stream when a server answered or failed on a layer it may observe. Costs a comparison for servers
/// that do not `observe`.
pub fn observe(process: &Process, server: &Server, layer: Observe, seen: Seen) {
    if server.settings.observe.is_none() || setting(OBSERVE, server.settings.observe.as_ref()) != layer {
        return;
    }
    match seen {
        Seen::Good => {
            let mut check = server.live.check();
            if check.consecutive_errors != 0 {
                check.consecutive_errors = 0;
            }
        }
        Seen::Bad(words) => {
            // a full mailbox means that errors come faster than they can be judged: these do not matter any more
            let observed = Observed { server: Arc::clone(&server.live), words };
            drop(process.health.observed.try_send(observed));
        }
    }
}

/// Takes an error into account. The server when its check is to come sooner.
pub fn judge(process: &Process, observed: &Observed) -> Option<Arc<Live>> {
    let index = process.health.index()?;
    let place = index.place(&observed.server)?;
    let settings = &place.server().settings;
    let on_error = setting(ON_ERROR, settings.on_error.as_ref());
    let now_ms = process.clock.now_ms();
    let seen = Seen::Bad(observed.words);
    let (soon, applied) = health::observe(&observed.server, seen, settings.error_limit, on_error, now_ms);
    transition::perform(process, &index, applied.transitions);
    soon.then(|| Arc::clone(&observed.server))
}
