//! What a rule decides. Only the stream acts on it.

use std::sync::Arc;

/// What the stream does after a rule ran.
#[derive(Debug)]
pub enum Verdict {
    /// Go on with the next rule.
    Continue,
    /// End this rule set of this proxy (`allow`, `accept`).
    Stop,
    /// More input is needed; run the rule set again from this rule when some came.
    Wait,
    /// Answer the client and end the request's processing.
    Reply(Box<Reply>),
    /// Answer the client after `timeout tarpit`.
    Tarpit(Box<Reply>),
    /// Close without an answer (`reject`); the connection is closed for real.
    Reject,
    /// Forget the connection without telling the client (`silent-drop`).
    SilentDrop {
        /// Time to live given to the reset, where the system lets it be set.
        ttl: Option<u8>,
    },
    /// Let a built-in service answer (`use-service prometheus-exporter`, the stats page).
    Service(Service),
    /// Have the whole body (or `at_least` bytes of it) before the next rule.
    WaitForBody {
        /// How long to wait at most, milliseconds.
        timeout_ms: u64,
        /// Enough when so many bytes are there.
        at_least: Option<u64>,
    },
    /// The rule met an error of the configuration's making (manual: `strict-mode`): 500.
    Fail,
}

/// Services that answer instead of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `prometheus-exporter`.
    Prometheus,
    /// The stats page of the proxy.
    Stats,
}

/// Which kind of decision made a reply: decides counters and the termination code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyCause {
    /// `return`, monitor, redirect: `LR`.
    Local,
    /// `deny`, `auth`: `PR`.
    Denied,
    /// `tarpit`: `PT`.
    Tarpit,
    /// The request could not be read or was too slow: set by the engine.
    Error,
}

/// A response made here instead of by a server.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Reason phrase; HAProxy's own words, or what an errorfile says.
    pub reason: Vec<u8>,
    /// Fields in wire order, without `content-length`.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Body.
    pub body: Arc<[u8]>,
    /// Why it was made.
    pub cause: ReplyCause,
    /// True when `content-length` stands before the other fields, as in redirects and errors.
    pub length_first: bool,
    /// True when the connection is closed after it.
    pub close: bool,
}

impl Reply {
    /// A reply with a status and its usual reason and nothing else.
    pub fn new(status: u16, cause: ReplyCause) -> Self {
        Reply {
            status,
            reason: Vec::new(),
            fields: Vec::new(),
            body: Arc::from(&[][..]),
            cause,
            length_first: true,
            close: false,
        }
    }
}
