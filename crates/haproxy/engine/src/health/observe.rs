//! Passive checks: what streams saw of a server (manual §5.2 "observe").

use std::sync::Arc;

use haproxy_balance::Server as Live;
use haproxy_checks::health::{self, Observe, OnError, Seen, Source};
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

/// What a stream saw of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The connection came about.
    Connected,
    /// It did not.
    NotConnected,
    /// An answer of this status.
    Answered(u16),
    /// An answer that is none of HTTP.
    Malformed,
    /// The server closed before it answered.
    Closed,
    /// It did not answer in time.
    TimedOut,
}

impl Sight {
    /// What it means for one who watches `layer`; none when it says nothing there.
    fn seen(self, layer: Observe) -> Option<Seen> {
        if self == Sight::NotConnected {
            return Some(Seen::Bad("L4 unsuccessful connection"));
        }
        match (layer, self) {
            (Observe::Layer4, Sight::Connected) => Some(Seen::Good),
            (Observe::None | Observe::Layer4, _) | (Observe::Layer7, Sight::Connected) => None,
            (Observe::Layer7, Sight::Answered(100..=499 | 501 | 505)) => Some(Seen::Good),
            (Observe::Layer7, Sight::Answered(_)) => Some(Seen::Bad("Wrong http response")),
            (Observe::Layer7, Sight::Malformed) => Some(Seen::Bad("Invalid http response (headers)")),
            (Observe::Layer7, Sight::Closed) => Some(Seen::Bad("Close from server (http)")),
            (Observe::Layer7, Sight::TimedOut) => Some(Seen::Bad("Read timeout (http)")),
            (Observe::Layer7, Sight::NotConnected) => None,
        }
    }
}

fn setting<T: Copy + Default>(table: &[(&str, T)], word: Option<&String>) -> T {
    word.and_then(|word| table.iter().find(|(name, _)| name == word)).map(|row| row.1).unwrap_or_default()
}

/// To be called by a stream when it saw something of its server. Costs one look for servers that do not `observe`.
pub fn observe(process: &Process, server: &Server, sight: Sight) {
    let Some(layer) = &server.settings.observe else { return };
    match sight.seen(setting(OBSERVE, Some(layer))) {
        None => {}
        Some(Seen::Good) => {
            let mut check = server.live.check();
            if check.consecutive_errors != 0 {
                check.consecutive_errors = 0;
            }
        }
        Some(Seen::Bad(words)) => {
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
    let observation = health::observe(&observed.server, seen, settings.error_limit, on_error, now_ms);
    if let Some(outcome) = &observation.outcome {
        transition::probed(process, &index, &observed.server, Source::Check, outcome, observation.applied);
    }
    observation.probe_soon.then(|| Arc::clone(&observed.server))
}
