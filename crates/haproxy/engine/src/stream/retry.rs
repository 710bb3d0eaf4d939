//! `retry-on`: a request that got no answer, or not the one wanted, is sent once more.

use haproxy_model::snapshot::{Proxy, Server};

use super::body::Transfer;
use super::choose::RETRIES_DEFAULT;
use super::exchange::Answer;
use super::steps::Stream;

impl Stream<'_> {
    /// Attempts the stream may make after the first.
    pub fn retries(&self, px: &Proxy) -> u32 {
        self.effects.retries.or(px.settings.retries).unwrap_or(RETRIES_DEFAULT)
    }

    /// True when what came of the request is something to try again for, and the request is still there to be sent.
    pub(super) fn is_retryable(&self, px: &Proxy, request: &Transfer, answer: &Answer) -> bool {
        let on = &px.settings.retry_on;
        if !on.looks_at_answers() {
            return false;
        }
        let wanted = match answer {
            Answer::Head { .. } => on.statuses.contains(&self.txn.response.status),
            Answer::ServerGone { sent_nothing } => *sent_nothing && on.empty_response,
            Answer::Junk { .. } => on.junk_response,
            Answer::ServerSlow => on.response_timeout,
            Answer::TooLarge
            | Answer::Evicted(_)
            | Answer::ClientGone
            | Answer::ClientSlow
            | Answer::ClientBroken
            | Answer::ClientMalformed => false,
        };
        wanted
            && !self.effects.no_l7_retry
            && self.txn.log.retries < self.retries(px)
            && request.kept_body().is_some()
    }

    /// Lets go of the server connection for another attempt, on another server where `option redispatch` wants that.
    pub(super) fn try_again(&mut self, px: &Proxy) {
        self.close_upstream();
        self.txn.response.clear();
        let Some(index) = self.slot.as_ref().map(|slot| slot.index as usize) else { return };
        self.txn.log.retries += 1;
        self.count_attempt(px, &px.servers[index], index);
    }

    /// Counts another attempt after one on the server; true when it is to go to another server.
    pub(super) fn count_attempt(&mut self, px: &Proxy, server: &Server, index: usize) -> bool {
        let thread = self.conn.thread.index;
        let counters = &server.live.counters.at(thread).upstream;
        let of_backend = &px.live.backend.at(thread).upstream;
        let retries = self.retries(px);
        if !self.may_redispatch(px, retries, retries.saturating_sub(self.txn.log.retries)) {
            counters.retries.inc();
            of_backend.retries.inc();
            return false;
        }
        counters.redispatches.inc();
        of_backend.redispatches.inc();
        self.txn.log.redispatched = true;
        self.wanted_server = None;
        let cookie = &mut self.txn.log.termination.cookie_in;
        *cookie = if *cookie == b'V' { b'D' } else { *cookie };
        self.avoid = Some(index as u32);
        self.slot = None;
        true
    }
}
