//! Steps of the response's side: cookies, captures, rules.

use std::rc::Rc;

use haproxy_expr::cx::Direction;
use haproxy_http::FieldId;
use haproxy_model::snapshot::{Proxy, Server};
use haproxy_rules::{RuleSet, Verdict};

use super::request::Arrival;
use super::steps::{End, Stream};
use crate::conn::deadline_after;

impl Stream<'_> {
    /// What is done with a server's response before its head goes out.
    pub async fn receive_response(&mut self, px: &Proxy, server: &Server) -> Result<(), End> {
        let status = self.txn.response.status;
        self.txn.log.status = status as i16;
        self.txn.server_status = status;
        server.live.counters.at(self.conn.thread.index).upstream.responses.count(status);
        self.cookie_out(px, server);
        self.rule_response(px).await
    }

    /// What is done with any response, a server's or a kept one.
    pub async fn rule_response(&mut self, px: &Proxy) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        if self.filtering.is_some() {
            self.consider_response();
        }
        self.capture_response(fe);
        self.evaluate_response(&px.rules.tcp_response, px.rules.response_inspect_delay_ms).await?;
        self.evaluate_response(&px.rules.http_response, None).await?;
        if self.backend != self.frontend {
            self.evaluate_response(&fe.rules.http_response, None).await?;
        }
        self.after_response();
        self.txn.log.status = self.txn.response.status as i16;
        Ok(())
    }

    async fn evaluate_response(&mut self, rules: &RuleSet, inspect_delay_ms: Option<u64>) -> Result<(), End> {
        if rules.is_empty() {
            return Ok(());
        }
        let mut from = 0;
        let mut complete = inspect_delay_ms.is_none() || self.response_is_here();
        let deadline_ms = deadline_after(self.now_ms(), inspect_delay_ms);
        loop {
            let (verdict, at) = self.run_rules(rules, from, Direction::Response, complete);
            match verdict {
                Verdict::Continue | Verdict::Stop => return Ok(()),
                Verdict::Wait if complete => from = at + 1,
                Verdict::Wait => {
                    complete =
                        self.receive_answer(deadline_ms).await != Arrival::Bytes || self.response_is_here();
                    from = at;
                }
                Verdict::WaitForBody { timeout_ms, at_least } => {
                    self.buffer_answer(timeout_ms, at_least).await?;
                    from = at + 1;
                }
                Verdict::Pause { ms } => {
                    self.pause(ms).await;
                    from = at + 1;
                }
                Verdict::Reply(mut reply) => {
                    let thread = self.conn.thread.index;
                    if reply.cause == haproxy_rules::ReplyCause::Denied {
                        self.fe().live.frontend.at(thread).denied_responses.inc();
                        self.px().live.backend.at(thread).upstream.denied_responses.inc();
                        self.ends(b'P', b'H');
                    }
                    reply.close |= !self.body_taken;
                    return Err(End::Reply(reply));
                }
                Verdict::Tarpit(reply) => return Err(End::Reply(reply)),
                Verdict::Reject => {
                    // only `tcp-response` says so: the client is not told
                    self.ends(b'P', b'H');
                    return Err(End::Close);
                }
                Verdict::SilentDrop { ttl } => {
                    self.ends(b'P', b'H');
                    return Err(End::SilentDrop(ttl));
                }
                Verdict::Service(_) | Verdict::Fail => {
                    self.ends(b'P', b'H');
                    return Err(End::Error(500));
                }
            }
        }
    }

    /// `http-after-response`, on every final response; a refusal only stops the rules.
    pub fn after_response(&mut self) {
        let snapshot = Rc::clone(&self.snapshot);
        let be = &snapshot.proxy(self.backend).rules.http_after_response;
        if !be.is_empty() {
            self.run_rules(be, 0, Direction::Response, true);
        }
        if self.backend != self.frontend {
            let fe = &snapshot.proxy(self.frontend).rules.http_after_response;
            if !fe.is_empty() {
                self.run_rules(fe, 0, Direction::Response, true);
            }
        }
    }

    fn capture_response(&mut self, fe: &Proxy) {
        let settings = &fe.settings;
        let txn = &mut *self.txn;
        let declared = &settings.captures.response;
        if !declared.is_empty() {
            super::persistence::capture_fields(
                declared,
                &txn.response.fields,
                &mut txn.log.response_captures,
            );
        }
        if let Some((name, length)) = &settings.capture_cookie {
            for field in txn.response.fields.all(FieldId::SetCookie) {
                if let Some(text) = super::persistence::captured_cookie(field.value, name, *length) {
                    txn.log.cookies[1] = Some(text);
                    break;
                }
            }
        }
    }
}
