//! Steps of the response's side: cookies, captures, rules.

use std::rc::Rc;

use haproxy_expr::cx::Direction;
use haproxy_http::FieldId;
use haproxy_model::snapshot::{Proxy, Server};
use haproxy_rules::{RuleSet, Verdict};

use super::steps::{End, Stream};

impl Stream<'_> {
    /// What is done with a server's response before its head goes out.
    pub async fn receive_response(&mut self, px: &Proxy, server: &Server) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let status = self.txn.response.status;
        self.txn.log.status = status;
        server.live.counters.at(self.conn.thread.index).upstream.responses.count(status);
        self.cookie_out(px, server);
        self.capture_response(fe);
        self.evaluate_response(&px.rules.tcp_response).await?;
        self.evaluate_response(&px.rules.http_response).await?;
        if self.backend != self.frontend {
            self.evaluate_response(&fe.rules.http_response).await?;
        }
        self.after_response();
        self.txn.log.status = self.txn.response.status;
        Ok(())
    }

    async fn evaluate_response(&mut self, rules: &RuleSet) -> Result<(), End> {
        if rules.is_empty() {
            return Ok(());
        }
        let mut from = 0;
        loop {
            let (verdict, at) = self.run_rules(rules, from, Direction::Response, true);
            match verdict {
                Verdict::Continue | Verdict::Stop => return Ok(()),
                Verdict::Wait | Verdict::WaitForBody { .. } => from = at + 1,
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
                    self.ends(b'P', b'H');
                    return Err(End::Error(502));
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
