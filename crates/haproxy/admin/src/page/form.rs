//! The page's form: an action for some servers of a backend.

use haproxy_balance::server::Operational;
use haproxy_checks::health;
use haproxy_engine::service::ServiceRequest;
use haproxy_model::snapshot::{Proxy, Server};

use crate::control::{self, Wish};
use crate::source::text;

/// How a form ended, as the address it leads back to says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Nothing to do.
    None,
    /// Done for some servers only.
    Part,
    /// Not allowed.
    Denied,
    /// No such backend or action.
    Error,
    /// More than a buffer.
    TooLarge,
    /// Server or action unknown.
    Unknown,
}

/// Outcomes with their codes and words.
const OUTCOMES: &[(Outcome, &str, &str, &str)] = &[
    (Outcome::Done, "DONE", "active_up", "Action processed successfully."),
    (Outcome::None, "NONE", "active_going_down", "Nothing has changed."),
    (Outcome::Part, "PART", "active_going_down", "Action partially processed."),
    (Outcome::Denied, "DENY", "active_down", "Action denied."),
    (Outcome::Error, "ERRP", "active_down", "Action not processed because of invalid parameters."),
    (
        Outcome::TooLarge,
        "EXCD",
        "active_down",
        "Action not processed: the buffer couldn't store all the data.",
    ),
    (Outcome::Unknown, "UNKN", "active_down", "Unexpected result."),
];

impl Outcome {
    /// Its code.
    pub fn code(self) -> &'static str {
        OUTCOMES.iter().find(|row| row.0 == self).map_or("UNKN", |row| row.1)
    }

    /// Class and words of a code.
    pub fn shown(code: &str) -> (&'static str, &'static str) {
        let row = OUTCOMES.iter().find(|row| row.1 == code).or(OUTCOMES.last());
        row.map_or(("", ""), |row| (row.2, row.3))
    }
}

/// What an action does with a server; false when it changes nothing.
type Run = fn(&ServiceRequest<'_>, &Server) -> bool;

/// Actions of the page's list, and older names scripts still send.
pub(super) const ACTIONS: &[(&str, &str, Run)] = &[
    ("ready", "Set state to READY", |r, s| admin(r, s, Wish::Ready)),
    ("drain", "Set state to DRAIN", |r, s| admin(r, s, Wish::Drain)),
    ("maint", "Set state to MAINT", |r, s| admin(r, s, Wish::Maint)),
    ("dhlth", "Health: disable checks", |_, s| set(&mut s.live.check().enabled, false)),
    ("ehlth", "Health: enable checks", |_, s| enable_check(s)),
    ("hrunn", "Health: force UP", |r, s| force(r, s, Operational::Running)),
    ("hnolb", "Health: force NOLB", |r, s| force(r, s, Operational::Stopping)),
    ("hdown", "Health: force DOWN", |r, s| force(r, s, Operational::Stopped)),
    ("dagent", "Agent: disable checks", |_, s| set(&mut s.live.agent().enabled, false)),
    ("eagent", "Agent: enable checks", |_, s| enable_agent(s)),
    ("enable", "", |r, s| admin(r, s, Wish::Ready)),
    ("disable", "", |r, s| admin(r, s, Wish::Maint)),
    ("stop", "", |r, s| admin(r, s, Wish::Drain)),
    ("start", "", |r, s| admin(r, s, Wish::Ready)),
];

fn admin(request: &ServiceRequest<'_>, server: &Server, wish: Wish) -> bool {
    let before = server.live.admin();
    control::set_admin(request.process, request.snapshot, server, wish);
    server.live.admin() != before
}

fn force(request: &ServiceRequest<'_>, server: &Server, state: Operational) -> bool {
    if !server.live.check().configured {
        return false;
    }
    let transition = health::set_health(&server.live, state, request.process.clock.now_ms());
    let changed = transition.is_some();
    control::spread(request.process, request.snapshot, transition.into_iter().collect());
    changed
}

fn set(flag: &mut bool, to: bool) -> bool {
    std::mem::replace(flag, to) != to
}

fn enable_check(server: &Server) -> bool {
    let mut check = server.live.check();
    check.configured && set(&mut check.enabled, true)
}

fn enable_agent(server: &Server) -> bool {
    let mut agent = server.live.agent();
    agent.configured && set(&mut agent.enabled, true)
}

/// Does what a form asks for: `s=server` any number of times, `b=#number` or name of the backend, `action`.
pub(super) fn apply(request: &ServiceRequest<'_>, page: &Proxy, is_admin: bool) -> Outcome {
    if !is_admin {
        return Outcome::Denied;
    }
    let body = String::from_utf8_lossy(request.body);
    let pairs: Vec<(String, String)> = body
        .trim_end()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    let value = |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(action), Some(backend)) = (value("action"), value("b")) else { return Outcome::Error };
    let Some((_, _, run)) = ACTIONS.iter().find(|row| row.0 == action) else { return Outcome::Error };
    let number = backend.strip_prefix('#').and_then(|number| number.parse::<u32>().ok());
    let is_it = |px: &&Proxy| px.role.is_backend() && (Some(px.uuid) == number || text(&px.name) == backend);
    let Some(px) = request.snapshot.proxies.iter().find(is_it) else { return Outcome::Error };
    let scopes = page.settings.stats.as_ref().map_or(&[][..], |stats| &stats.scopes);
    let in_scope =
        |name: &[u8]| scopes.iter().any(|scope| scope == name || (scope == b"." && page.name == name));
    if !scopes.is_empty() && !in_scope(&px.name) {
        return Outcome::Denied;
    }
    let (mut changed, mut unchanged) = (0, 0);
    for (_, name) in pairs.iter().filter(|(key, _)| key == "s") {
        let server = px.servers.iter().find(|server| &*server.live.conf().name == name.as_str());
        match server.is_some_and(|server| run(request, server)) {
            true => changed += 1,
            false => unchanged += 1,
        }
    }
    match (changed, unchanged) {
        (0, _) => Outcome::None,
        (_, 0) => Outcome::Done,
        (_, _) => Outcome::Part,
    }
}

/// Form decoding.
fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut rest = bytes.clone();
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                match std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(byte) => {
                        bytes = rest;
                        byte
                    }
                    None => b'%',
                }
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}
