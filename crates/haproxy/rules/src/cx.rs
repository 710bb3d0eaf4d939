//! What a rule may change.

use haproxy_expr::cx::{Cx, Date, Direction, Endpoint, Input, Session, Txn, World};
use haproxy_expr::logformat::{LogFormat, Origin};
use haproxy_filters::cache::Work;
use haproxy_http::Fields;

use crate::verdict::Verdict;

/// Wishes of rules that the stream carries out: they concern sockets, timers and queues, not the message.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// `set-timeout client`, milliseconds.
    pub client_timeout_ms: Option<u64>,
    /// `set-timeout server`, milliseconds.
    pub server_timeout_ms: Option<u64>,
    /// `set-timeout tunnel`, milliseconds.
    pub tunnel_timeout_ms: Option<u64>,
    /// `set-timeout connect`, milliseconds.
    pub connect_timeout_ms: Option<u64>,
    /// `set-timeout queue`, milliseconds.
    pub queue_timeout_ms: Option<u64>,
    /// `set-timeout tarpit`, milliseconds.
    pub tarpit_timeout_ms: Option<u64>,
    /// `set-fc-mark` / `set-mark`.
    pub client_mark: Option<u32>,
    /// `set-fc-tos` / `set-tos`.
    pub client_tos: Option<u8>,
    /// `set-bc-mark`.
    pub server_mark: Option<u32>,
    /// `set-bc-tos`.
    pub server_tos: Option<u8>,
    /// `set-nice`.
    pub nice: Option<i32>,
    /// `set-priority-class`.
    pub priority_class: i32,
    /// `set-priority-offset`, milliseconds.
    pub priority_offset_ms: i32,
    /// `set-retries`.
    pub retries: Option<u32>,
    /// `disable-l7-retry`.
    pub no_l7_retry: bool,
    /// `do-log`: write a line now.
    pub log_now: Vec<LogWish>,
    /// Replies of this status class are counted as rewrites failed etc.: number of failed rewrites.
    pub failed_rewrites: u32,
    /// 1xx replies to send to the client before going on (`early-hint`), as complete heads.
    pub early_heads: Vec<u8>,
    /// `strict-mode off`: rewrites that fail are passed over for the rest of the rule set.
    pub lenient_rewrites: bool,
    /// Bytes a message may have after rewriting; 0: no limit (`tune.bufsize`).
    pub message_max: usize,
    /// `reqallow` matched: the other old words refuse no more.
    pub old_rules_allowed: bool,
    /// `reqpass` matched: the other old words do nothing.
    pub old_rules_skipped: bool,
    /// Of those, bytes that only rewriting may use (`tune.maxrewrite`).
    pub rewrite_reserve: usize,
    /// Bytes of the head as it was received: what is left of the buffer is the body's.
    pub head_received: usize,
    /// `expect-proxy layer4`: a PROXY header comes before anything else.
    pub expect_proxy: bool,
    /// `expect-netscaler-cip layer4`.
    pub expect_netscaler_cip: bool,
    /// `switch-mode http`: the TCP stream goes on as HTTP.
    pub switch_to_http: bool,
    /// The session's source before a rule of this stream changed it: put it back when the stream ends.
    pub source_before: Option<Endpoint>,
    /// The session's destination before a rule of this stream changed it: put it back when the stream ends.
    pub destination_before: Option<Endpoint>,
    /// What `cache-use` found and `cache-store` is to keep.
    pub cache: Option<Box<Work>>,
    /// How often caches were asked and had an answer: in rules of the frontend, and of the backend.
    pub cache_counts: [CacheCounts; 2],
    /// Bandwidth limits that rules want on this stream.
    pub bandwidth: Vec<BandwidthWish>,
    /// `sc-*`, captures and others that ask the frontend to count a denied request.
    pub denied: bool,
}

/// How often caches were asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Times asked.
    pub lookups: u32,
    /// Times with an answer.
    pub hits: u32,
}

/// `do-log`.
#[derive(Clone, Debug)]
pub struct LogWish {
    /// Which rule set wants it.
    pub origin: Origin,
    /// The log profile to use instead of the target's own.
    pub profile: Option<u32>,
}

/// `set-bandwidth-limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandwidthWish {
    /// The filter's number.
    pub filter: u32,
    /// Bytes a period, if not the filter's own.
    pub limit_bytes: Option<u64>,
    /// The period in milliseconds, if not the filter's own.
    pub period_ms: Option<u64>,
}

/// The state a rule works on.
pub struct RuleCx<'a> {
    /// The client connection.
    pub session: &'a mut Session,
    /// The transaction; absent in connection and session rules.
    pub txn: Option<&'a mut Txn>,
    /// The running process.
    pub world: &'a dyn World,
    /// Which message is being processed.
    pub direction: Direction,
    /// Raw bytes or the body of that message.
    pub input: Input<'a>,
    /// Wall clock now.
    pub date: Date,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// Wishes for the stream.
    pub effects: &'a mut Effects,
    /// A buffer to build text in: take it with `std::mem::take`, give it back cleared.
    pub scratch: &'a mut Vec<u8>,
}

impl RuleCx<'_> {
    /// The same state as expressions see it.
    pub fn view(&self) -> Cx<'_> {
        Cx {
            session: self.session,
            txn: self.txn.as_deref(),
            world: self.world,
            direction: self.direction,
            input: self.input,
            date: self.date,
            now_ms: self.now_ms,
            check_vars: None,
        }
    }

    /// The fields of the message being processed, if there is one.
    pub fn fields(&mut self) -> Option<&mut Fields> {
        let direction = self.direction;
        let txn = self.txn.as_deref_mut()?;
        Some(match direction {
            Direction::Request => &mut txn.request.fields,
            Direction::Response => &mut txn.response.fields,
        })
    }

    /// Computes a text and hands it on. No allocation once the scratch buffer is warm.
    pub fn with_text<R>(&mut self, format: &LogFormat, use_text: impl FnOnce(&mut Self, &[u8]) -> R) -> R {
        if let Some(text) = format.constant() {
            return use_text(self, text);
        }
        let mut text = std::mem::take(self.scratch);
        text.clear();
        format.write(&self.view(), &mut text);
        let result = use_text(self, &text);
        text.clear();
        *self.scratch = text;
        result
    }

    /// Verdict for a rewrite that did not fit: an error, unless `strict-mode off`.
    pub fn rewrite_failed(&mut self) -> Verdict {
        self.effects.failed_rewrites += 1;
        if self.effects.lenient_rewrites { Verdict::Continue } else { Verdict::Fail }
    }
}
