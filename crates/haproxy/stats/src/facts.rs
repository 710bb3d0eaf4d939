//! What statistics need to know of each object. The engine fills these in; this crate computes every column from them.

use crate::counter::{Level, MaxCounter, PerThread};
use crate::objects::{BackendCounters, FrontendCounters, ListenerCounters, ServerCounters};

/// Who can be asked for statistics. Objects come in the order of the original: for each proxy its frontend, its
/// listening addresses (when `option socket-stats` is on), its servers, its backend.
pub trait StatSource {
    /// Calls `visit` for every object.
    fn visit(&self, visit: &mut dyn FnMut(Object<'_>));
}

/// One object to show.
#[derive(Clone, Debug)]
pub enum Object<'a> {
    /// The frontend side of a proxy.
    Frontend(FrontendFacts<'a>),
    /// A listening address.
    Listener(ListenerFacts<'a>),
    /// A server.
    Server(Box<ServerFacts<'a>>),
    /// The backend side of a proxy.
    Backend(BackendFacts<'a>),
}

/// A frontend.
#[derive(Clone, Debug)]
pub struct FrontendFacts<'a> {
    /// Name of the proxy.
    pub name: &'a str,
    /// Number of the proxy.
    pub iid: u32,
    /// `description`, for metrics that ask for it.
    pub description: Option<&'a str>,
    /// `tcp`, `http`, `log`, `spop`.
    pub mode: &'static str,
    /// True in HTTP mode.
    pub http: bool,
    /// `OPEN`, `FULL`, `STOP`.
    pub status: &'static str,
    /// `maxconn`.
    pub session_limit: u32,
    /// `rate-limit sessions`, 0 for none.
    pub rate_limit: u32,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// Its counters.
    pub counters: &'a PerThread<FrontendCounters>,
}

/// A listening address.
#[derive(Clone, Debug)]
pub struct ListenerFacts<'a> {
    /// Name of the proxy.
    pub proxy: &'a str,
    /// `name`, or `sock-` and its number.
    pub name: &'a str,
    /// Number of the proxy.
    pub iid: u32,
    /// Number within the proxy.
    pub sid: u32,
    /// As the frontend's.
    pub mode: &'static str,
    /// `OPEN`, `WAITING`, `FULL`.
    pub status: &'static str,
    /// `maxconn`.
    pub session_limit: u32,
    /// Address and port; absent for readers without rights.
    pub address: Option<String>,
    /// `tcpv4`, `tcpv6`, `unix`.
    pub protocol: &'static str,
    /// Its counters.
    pub counters: &'a PerThread<ListenerCounters>,
}

/// A backend.
#[derive(Clone, Debug)]
pub struct BackendFacts<'a> {
    /// Name of the proxy.
    pub name: &'a str,
    /// Number of the proxy.
    pub iid: u32,
    /// `description`, for metrics that ask for it.
    pub description: Option<&'a str>,
    /// As the frontend's.
    pub mode: &'static str,
    /// True in HTTP mode.
    pub http: bool,
    /// False when no server is usable (and it has some).
    pub is_up: bool,
    /// `fullconn`.
    pub session_limit: u32,
    /// Sessions that wait for any server.
    pub queued: u32,
    /// Largest number of them.
    pub queued_max: u32,
    /// Effective weight of the servers in use.
    pub weight: u32,
    /// User weight of the servers in use.
    pub user_weight: u32,
    /// Usable servers.
    pub active: u32,
    /// Usable backup servers.
    pub backup: u32,
    /// Times it lost its last server.
    pub down_transitions: u64,
    /// Seconds since its last change.
    pub last_change_s: u32,
    /// Seconds it was down.
    pub down_s: u32,
    /// Name of the persistence cookie; absent for readers without rights.
    pub cookie: Option<String>,
    /// Name of the algorithm; absent for readers without rights.
    pub algorithm: Option<&'static str>,
    /// Servers in each state of [`SERVER_STATES`].
    pub servers_by_state: [u32; SERVER_STATES.len()],
    /// Servers by result of their last check: its short name and how many.
    pub servers_by_check: Vec<(&'static str, u32)>,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// Its counters.
    pub counters: &'a PerThread<BackendCounters>,
}

/// States of servers as metrics name them, in their order.
pub const SERVER_STATES: [&str; 5] = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];

/// Results of checks as metrics name them, in their order.
pub const CHECK_STATES: [&str; 16] = [
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK",
    "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
];

/// A check or agent of a server, present while it is enabled.
#[derive(Clone, Debug, Default)]
pub struct CheckFacts {
    /// Short name of the last result, with `* ` before it while a probe runs.
    pub status: String,
    /// Code of the last result.
    pub code: Option<u32>,
    /// Milliseconds of the last probe, once there was one.
    pub duration_ms: Option<u64>,
    /// Words of the last result.
    pub description: &'static str,
    /// What the server said.
    pub output: String,
    /// `rise`.
    pub rise: u32,
    /// `fall`.
    pub fall: u32,
    /// Health counter.
    pub health: u32,
    /// Probes failed while up.
    pub failures: u64,
}

/// A server.
#[derive(Clone, Debug)]
pub struct ServerFacts<'a> {
    /// Name of the proxy.
    pub proxy: &'a str,
    /// Name of the server.
    pub name: &'a str,
    /// Number of the proxy.
    pub iid: u32,
    /// Number within the proxy.
    pub sid: u32,
    /// `description` of the proxy, for metrics that ask for it.
    pub description: Option<&'a str>,
    /// As the frontend's.
    pub mode: &'static str,
    /// True in HTTP mode.
    pub http: bool,
    /// Status text: `UP`, `DOWN 1/2`, `no check`.
    pub status: String,
    /// State as metrics see it: an index into [`SERVER_STATES`].
    pub state: usize,
    /// True in maintenance: left out by `no-maint`.
    pub in_maintenance: bool,
    /// Current sessions.
    pub current: u32,
    /// Largest number of sessions.
    pub current_max: u32,
    /// `maxconn`.
    pub session_limit: Option<u32>,
    /// Waiting sessions.
    pub queued: u32,
    /// Largest number of them.
    pub queued_max: u32,
    /// `maxqueue`.
    pub queue_limit: Option<u32>,
    /// Effective weight.
    pub weight: u32,
    /// User weight.
    pub user_weight: u32,
    /// `backup`.
    pub backup: bool,
    /// Seconds since its last change.
    pub last_change_s: u32,
    /// Seconds it was down.
    pub down_s: u32,
    /// Times it went down.
    pub down_transitions: u64,
    /// Percentage of slow start, while it lasts.
    pub throttle: Option<u32>,
    /// Server it tracks.
    pub tracked: Option<String>,
    /// Health check, while enabled.
    pub check: Option<CheckFacts>,
    /// Agent, while enabled.
    pub agent: Option<CheckFacts>,
    /// Errors `observe` saw, when it is used.
    pub analyze_failures: Option<u64>,
    /// Address and port; absent for readers without rights.
    pub address: Option<String>,
    /// Cookie value; absent for readers without rights.
    pub cookie: Option<String>,
    /// Times a server was added under this number.
    pub revision: u32,
    /// Idle connections, all kinds.
    pub idle: u32,
    /// `pool-max-conn`.
    pub idle_limit: Option<u32>,
    /// Idle connections any request may use.
    pub unsafe_idle: u32,
    /// Idle connections only repeatable requests may use.
    pub safe_idle: u32,
    /// Idle connections of one client only.
    pub private_idle: u32,
    /// Connections in use.
    pub used: u32,
    /// Connections estimated to be needed.
    pub needed: u32,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// Its counters.
    pub counters: &'a PerThread<ServerCounters>,
}

/// Current sessions over all threads, and the largest number seen.
fn level<T>(counters: &PerThread<T>, part: impl Fn(&T) -> &Level) -> u32 {
    counters.level(|t| part(t).load()).min(u64::from(u32::MAX)) as u32
}

fn level_max<T>(counters: &PerThread<T>, now: u32, part: impl Fn(&T) -> &MaxCounter) -> u32 {
    counters.max(|t| part(t).load()).max(u64::from(now)).min(u64::from(u32::MAX)) as u32
}

macro_rules! sessions {
    ($($facts:ident),*) => {$(
        impl $facts<'_> {
            /// Current sessions.
            pub fn current(&self) -> u32 {
                level(self.counters, |t| &t.current)
            }

            /// Largest number of sessions.
            pub fn current_max(&self) -> u32 {
                level_max(self.counters, self.current(), |t| &t.current_max)
            }
        }
    )*};
}

sessions!(FrontendFacts, ListenerFacts, BackendFacts);
