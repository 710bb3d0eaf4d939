//! Steps of the response's side: cookies, captures, rules.

use std::rc::Rc;

use haproxy_expr::cx::Direction;
use haproxy_http::FieldId;
use haproxy_model::snapshot::{Proxy, Server};

use super::steps::{End, Stream};
use super::walk::ResponseWalk;

impl Stream<'_> {
    /// Takes a server's response up: counters, captures and cookies. Its rules come next.
    pub fn begin_response(&mut self, px: &Proxy, server: &Server) {
        let status = self.txn.response.status;
        self.txn.log.status = status as i16;
        self.txn.server_status = status;
        server.live.counters.at(self.conn.thread.index).upstream.responses.count(status);
        self.capture_response();
        self.cookie_out(px, server);
    }

    /// Shows a response to filters before any rule sees it.
    pub fn show_response(&mut self) {
        if self.filtering.is_some() {
            self.consider_response();
        }
    }

    /// Runs the rules on a response that no server gave just now.
    pub async fn rule_response(&mut self, px: &Proxy) -> Result<(), End> {
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        self.show_response();
        let mut walk = ResponseWalk::default();
        while let Some(wait) = self.walk_response(px, fe, &mut walk)? {
            self.wait_for_answer(wait, &mut walk).await?;
        }
        self.after_response();
        Ok(())
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
        self.txn.log.status = self.txn.response.status as i16;
    }

    /// Notes what the log shows of a response, before cookies and rules change it.
    pub fn capture_response(&mut self) {
        let snapshot = Rc::clone(&self.snapshot);
        let settings = &snapshot.proxy(self.frontend).settings;
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
            let length = (*length).min(self.snapshot.global.cookie_length);
            for field in txn.response.fields.all(FieldId::SetCookie) {
                if let Some(text) = super::persistence::captured_cookie(field.value, name, length) {
                    txn.log.cookies[1] = Some(text);
                    break;
                }
            }
        }
    }
}
