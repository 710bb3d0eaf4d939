//! What a rule may change.

use haproxy_expr::cx::{Cx, Date, Direction, Input, Session, Txn, World};

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
    pub log_now: bool,
    /// Replies of this status class are counted as rewrites failed etc.: number of failed rewrites.
    pub failed_rewrites: u32,
    /// 1xx replies to send to the client before going on (`early-hint`), as complete heads.
    pub early_heads: Vec<u8>,
    /// `sc-*`, captures and others that ask the frontend to count a denied request.
    pub denied: bool,
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
}
