//! What a rule decides. Only the stream acts on it.

use std::sync::Arc;

use haproxy_http::Version;
use haproxy_http::status::built_in;

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
    /// Go on with the next rule after so many milliseconds (`pause`).
    Pause {
        /// Milliseconds.
        ms: u64,
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
    /// Reason phrase; HAProxy's own words, or what an errorfile says. Empty: the usual one.
    pub reason: Vec<u8>,
    /// Version of the status line; an errorfile may say 1.0.
    pub version: Version,
    /// Fields in wire order, without `content-length`.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Fields a rule adds behind all others, also when the proxy's own page takes the place of this one (`auth`).
    pub added: Vec<(Vec<u8>, Vec<u8>)>,
    /// Body.
    pub body: Arc<[u8]>,
    /// Why it was made.
    pub cause: ReplyCause,
    /// Number of fields that stand before `content-length`; None when there is none (204, errorfiles without it: the
    /// connection's end is the body's).
    pub length_at: Option<usize>,
    /// True when the connection is closed after it.
    pub close: bool,
    /// True when the proxy's own page for this status (`errorfile`, `http-error`) takes the place of everything but `added`.
    pub own_page: bool,
    /// Status for the log where it is not the one sent: what a rule asked for, whatever its errorfile says.
    pub logged: Option<u16>,
    /// Nothing is sent at all, the connection is only closed (an empty errorfile).
    pub silent: bool,
}

impl Reply {
    /// A reply with a status and its usual reason and nothing else.
    pub fn new(status: u16, cause: ReplyCause) -> Self {
        Reply {
            status,
            reason: Vec::new(),
            version: Version::HTTP_11,
            fields: Vec::new(),
            added: Vec::new(),
            body: Arc::from(&[][..]),
            cause,
            length_at: Some(0),
            close: false,
            own_page: false,
            logged: None,
            silent: false,
        }
    }

    /// The built-in page of a status, or a reply without body where there is none.
    pub fn built_in(status: u16, cause: ReplyCause) -> Self {
        let mut reply = Reply::new(status, cause);
        if let Some(page) = built_in(status) {
            reply.reason = page.reason.as_bytes().to_vec();
            reply.fields = vec![
                (b"cache-control".to_vec(), b"no-cache".to_vec()),
                (b"content-type".to_vec(), b"text/html".to_vec()),
            ];
            reply.body = Arc::from(page.body().into_bytes());
            reply.close = page.closes();
        }
        reply
    }

    /// The reply as it is sent: the proxy's own page, where the reply wants it and there is one, and fields a rule added.
    pub fn resolved(self, page: Option<Reply>) -> Self {
        let added = self.added.clone();
        let (cause, close) = (self.cause, self.close);
        let mut reply = match page {
            Some(page) if self.own_page => {
                Reply { cause, close: page.close || close, logged: Some(self.status), ..page }
            }
            _ => self,
        };
        for (name, _) in &added {
            for index in (0..reply.fields.len()).rev() {
                if reply.fields[index].0 == *name {
                    reply.fields.remove(index);
                    reply.length_at = reply.length_at.map(|at| if at > index { at - 1 } else { at });
                }
            }
        }
        reply.fields.extend(added);
        reply.added.clear();
        reply.own_page = false;
        reply
    }
}
