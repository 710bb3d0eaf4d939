//! Numbers of the whole process: `show info` and the `haproxy_process_` metrics (manual of the statistics, 9.3).

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::counter::{Counter, Level, PerThread, Rate};
use crate::forms::{Describe, json_tags, json_value};
use crate::objects::ProcessCounters;
use crate::value::Value::{self, Str, U32, U64};

mod table;

pub use table::INFO;

/// Facts of the process that no counter holds.
#[derive(Clone, Debug)]
pub struct ProcessFacts<'a> {
    /// Product name readers know: `HAProxy`.
    pub name: &'a str,
    /// Version, `3.4.0-...`.
    pub version: &'a str,
    /// Date of release, `2026/06/01`.
    pub release_date: &'a str,
    /// Threads.
    pub threads: u32,
    /// Process id.
    pub pid: u32,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
    /// Start in seconds of the epoch.
    pub started_unix_s: u32,
    /// Milliseconds loading took.
    pub boot_ms: u32,
    /// Limit of memory in bytes, 0 for none.
    pub memory_max: u64,
    /// Bytes in buffer pools.
    pub pool_allocated: u64,
    /// Bytes of them in use.
    pub pool_used: u64,
    /// Limit of file descriptors.
    pub files_max: u32,
    /// Sockets that limit leaves.
    pub sockets_max: u32,
    /// `maxconn`.
    pub maxconn: u32,
    /// `maxconn` the limits allow.
    pub hard_maxconn: u32,
    /// Times `maxconn` was reached.
    pub maxconn_reached: u32,
    /// `maxsslconn`.
    pub tls_max: u32,
    /// `maxpipes`.
    pub pipes_max: u32,
    /// `maxconnrate`.
    pub connection_rate_limit: u32,
    /// `maxsessrate`.
    pub session_rate_limit: u32,
    /// `maxsslrate`.
    pub tls_rate_limit: u32,
    /// `maxcomprate` in bytes per second.
    pub comp_rate_limit: u32,
    /// Tasks.
    pub tasks: u32,
    /// Tasks ready to run.
    pub run_queue: u32,
    /// Percentage of time spent waiting.
    pub idle_percent: u32,
    /// `node`.
    pub node: &'a str,
    /// `description`.
    pub description: Option<&'a str>,
    /// True while stopping softly.
    pub stopping: bool,
    /// Jobs.
    pub jobs: u32,
    /// Jobs that do not keep a process that stops.
    pub unstoppable_jobs: u32,
    /// Listening sockets.
    pub listeners: u32,
    /// Peers spoken to.
    pub active_peers: u32,
    /// Peers connected.
    pub connected_peers: u32,
    /// Warnings given at load.
    pub warnings: u32,
    /// Entries added to maps and lists.
    pub patterns_added: u64,
    /// Entries removed from them.
    pub patterns_freed: u64,
    /// Show numbers with fractions where they have them.
    pub float: bool,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// The process's counters.
    pub counters: &'a PerThread<ProcessCounters>,
}

/// One line of `show info`.
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// Origin, nature, scope and persistence.
    pub tag: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its value.
    pub value: fn(&ProcessFacts<'_>) -> Value,
}

/// The value of a line.
pub fn value(process: &ProcessFacts<'_>, name: &str) -> Value {
    INFO.iter().find(|info| info.name == name).map_or(Value::Empty, |info| (info.value)(process))
}

/// `name: value` lines; an empty line ends the list.
pub fn plain(process: &ProcessFacts<'_>, describe: Describe) -> String {
    let mut out = String::new();
    for info in INFO {
        let value = (info.value)(process);
        if value.is_empty() {
            continue;
        }
        let _ = write!(out, "{}: {value}", info.name);
        describe_line(&mut out, info, describe);
    }
    out + "\n"
}

/// The same with places and types.
pub fn typed(process: &ProcessFacts<'_>, describe: Describe) -> String {
    let mut out = String::new();
    for (at, info) in INFO.iter().enumerate() {
        let value = (info.value)(process);
        if value.is_empty() {
            continue;
        }
        let _ = write!(out, "{at}.{}.1:{}:{}:{value}", info.name, info.tag, value.type_name());
        describe_line(&mut out, info, describe);
    }
    out + "\n"
}

fn describe_line(out: &mut String, info: &Info, describe: Describe) {
    if describe == Describe::Yes {
        let _ = write!(out, ":\"{}\"", info.doc);
    }
    out.push('\n');
}

/// The same as a JSON list.
pub fn json(process: &ProcessFacts<'_>) -> String {
    let each = INFO.iter().enumerate().map(|(at, info)| {
        json!({
            "field": { "pos": at, "name": info.name },
            "processNum": 1,
            "tags": json_tags(info.tag),
            "value": json_value(&(info.value)(process)),
        })
    });
    Json::Array(each.collect()).to_string() + "\n"
}

const MEGA: u64 = 1024 * 1024;

/// Bytes one event of the output rate stands for, so that the rate fits its counter.
pub const BYTES_OUT_UNIT: u64 = 32;

fn text(text: &str) -> Value {
    Str(text.to_owned())
}

fn uptime(ms: u64) -> String {
    let s = ms / 1000;
    format!("{}d {}h{:02}m{:02}s", s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60)
}

fn to_u32(n: u64) -> u32 {
    n.min(u64::from(u32::MAX)) as u32
}

fn sum(process: &ProcessFacts<'_>, part: impl Fn(&ProcessCounters) -> &Counter) -> Value {
    U64(process.counters.sum(|t| part(t).load()))
}

fn level(process: &ProcessFacts<'_>, part: impl Fn(&ProcessCounters) -> &Level) -> Value {
    U32(to_u32(process.counters.level(|t| part(t).load())))
}

fn rate_now(process: &ProcessFacts<'_>, part: impl Fn(&ProcessCounters) -> &Rate) -> u64 {
    process.counters.sum(|t| u64::from(part(t).read(process.now_ms)))
}

fn rate(process: &ProcessFacts<'_>, part: impl Fn(&ProcessCounters) -> &Rate) -> Value {
    U32(to_u32(rate_now(process, part)))
}

fn rate_max(process: &ProcessFacts<'_>, part: impl Fn(&ProcessCounters) -> &Rate) -> Value {
    let now = rate_now(process, &part);
    U32(to_u32(now.max(process.counters.max(|t| u64::from(part(t).max())))))
}

/// Percentage of TLS sessions of the last second that needed no new key.
fn tls_reuse(process: &ProcessFacts<'_>) -> Value {
    let (sessions, keys) =
        (rate_now(process, |t| &t.tls_rate), rate_now(process, |t| &t.tls_frontend_key_rate));
    let reused = sessions.saturating_sub(keys);
    U32(to_u32((reused * 100).checked_div(sessions).unwrap_or(0)))
}
