//! Walks through rule sets: as far as they go without waiting. What they wait for is told to the stream, so that a
//! request whose rules wait for nothing costs no future of its own.

use haproxy_balance::Algorithm;
use haproxy_expr::cx::Direction;
use haproxy_http::Method;
use haproxy_model::snapshot::Proxy;
use haproxy_rules::{RuleSet, Verdict};

use super::request::Arrival;
use super::steps::{End, Stream};
use crate::conn::deadline_after;
use crate::deadline::NEVER;

/// What a walk waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// More bytes of the client, until the walk's deadline.
    Input,
    /// The body, or so many bytes of it.
    Body {
        /// How long, milliseconds.
        timeout_ms: Option<u64>,
        /// How much is enough.
        at_least: Option<u64>,
    },
    /// Time, milliseconds.
    Pause(u64),
    /// The client's taking of 103 responses that rules made.
    EarlyHints,
}

/// Stages of a proxy's request rules, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Body,
    Content,
    Http,
    Own,
    Redirect,
    Hints,
    Done,
}

/// How far the request's rules of one proxy have come.
#[derive(Debug)]
pub struct RequestWalk {
    stage: Stage,
    set: SetWalk,
    /// True when the body was waited for already.
    buffered: bool,
}

/// How far one rule set has come.
#[derive(Debug)]
struct SetWalk {
    from: usize,
    begun: bool,
    complete: bool,
    deadline_ms: u64,
}

impl Default for SetWalk {
    fn default() -> Self {
        SetWalk { from: 0, begun: false, complete: false, deadline_ms: NEVER }
    }
}

impl RequestWalk {
    /// At the beginning of a proxy's rules.
    pub fn new(buffered: bool) -> Self {
        RequestWalk { stage: Stage::default(), set: SetWalk::default(), buffered }
    }

    fn next(&mut self, stage: Stage) {
        self.stage = stage;
        self.set = SetWalk::default();
    }
}

impl Stream<'_> {
    /// Goes through the request rules of one proxy: content, http-request, forbidden names, statistics, redirects.
    pub fn walk_request(&mut self, px: &Proxy, walk: &mut RequestWalk) -> Result<Option<Wait>, End> {
        let rules = &px.rules;
        loop {
            let wait = match walk.stage {
                Stage::Body => {
                    walk.next(Stage::Content);
                    // `balance url_param check_post` looks into the body
                    let posted =
                        matches!(px.balancer.conf().algorithm, Algorithm::UrlParam { check_post: true, .. })
                            && self.txn.request.method() == Method::Post;
                    let wanted = (px.settings.options.http_buffer_request || posted) && !walk.buffered;
                    let timeout_ms = px.settings.timeouts.http_request;
                    wanted.then_some(Wait::Body { timeout_ms, at_least: None })
                }
                Stage::Content => {
                    let delay = rules.inspect_delay_ms;
                    self.walk_set(&rules.tcp_content, delay, walk, Stage::Http)?
                }
                Stage::Http => self.walk_set(&rules.http_request, None, walk, Stage::Own)?,
                Stage::Own => {
                    walk.next(Stage::Redirect);
                    self.restrict_names(px)?;
                    self.statistics(px)?;
                    None
                }
                Stage::Redirect => self.walk_set(&rules.redirect, None, walk, Stage::Hints)?,
                Stage::Hints => {
                    walk.next(Stage::Done);
                    (!self.effects.early_heads.is_empty()).then_some(Wait::EarlyHints)
                }
                Stage::Done => return Ok(None),
            };
            if wait.is_some() {
                return Ok(wait);
            }
        }
    }

    /// Runs one rule set of a walk; the walk is at the next stage when nothing is waited for.
    fn walk_set(
        &mut self,
        rules: &RuleSet,
        inspect_delay_ms: Option<u64>,
        walk: &mut RequestWalk,
        next: Stage,
    ) -> Result<Option<Wait>, End> {
        if rules.is_empty() {
            walk.next(next);
            return Ok(None);
        }
        let set = &mut walk.set;
        if !set.begun {
            set.begun = true;
            set.complete = inspect_delay_ms.is_none() || self.body_is_here();
            set.deadline_ms = deadline_after(self.now_ms(), inspect_delay_ms);
        }
        loop {
            let (verdict, at) = self.run_rules(rules, set.from, Direction::Request, set.complete);
            set.from = at + 1;
            match verdict {
                Verdict::Continue | Verdict::Stop => {
                    walk.next(next);
                    return Ok(None);
                }
                Verdict::Wait if set.complete => {}
                Verdict::Wait => {
                    set.from = at;
                    return Ok(Some(Wait::Input));
                }
                Verdict::WaitForBody { timeout_ms, at_least } => {
                    return Ok(Some(Wait::Body { timeout_ms: Some(timeout_ms), at_least }));
                }
                Verdict::Pause { ms } => return Ok(Some(Wait::Pause(ms))),
                Verdict::Reply(reply) => return Err(End::Reply(reply)),
                Verdict::Tarpit(reply) => return Err(End::Tarpit(reply)),
                Verdict::Reject => {
                    self.ends(b'P', b'R');
                    self.txn.log.request_time_ms = -1;
                    self.count_denied();
                    return Err(End::Close);
                }
                Verdict::SilentDrop { ttl } => {
                    self.ends(b'P', b'R');
                    return Err(End::SilentDrop(ttl));
                }
                Verdict::Service(service) => return Err(End::Service(service)),
                Verdict::Fail => {
                    self.ends(b'P', b'R');
                    return Err(End::Error(500));
                }
            }
        }
    }

    /// Waits for what a walk waits for.
    pub async fn wait_for(&mut self, wait: Wait, walk: &mut RequestWalk) -> Result<(), End> {
        match wait {
            Wait::Input => walk.set.complete = !self.receive_more(walk.set.deadline_ms).await?,
            Wait::Body { timeout_ms, at_least } => self.buffer_body(timeout_ms, at_least).await?,
            Wait::Pause(ms) => {
                self.pause(ms).await;
            }
            Wait::EarlyHints => {
                let heads = std::mem::take(&mut self.effects.early_heads);
                super::reply::send_all(self.conn, &heads).await.map_err(|_| End::Close)?;
            }
        }
        Ok(())
    }
}

/// How far the rules of a response have come: which of the sets, and how far in it.
#[derive(Debug, Default)]
pub struct ResponseWalk {
    number: usize,
    set: SetWalk,
}

impl Stream<'_> {
    /// Goes through the response rules: the backend's, then the frontend's.
    pub fn walk_response(
        &mut self,
        px: &Proxy,
        fe: &Proxy,
        walk: &mut ResponseWalk,
    ) -> Result<Option<Wait>, End> {
        loop {
            let (rules, delay_ms) = match walk.number {
                0 => (&px.rules.tcp_response, px.rules.response_inspect_delay_ms),
                1 => (&px.rules.http_response, None),
                // a `listen` has them once
                2 if px.id != fe.id => (&fe.rules.http_response, None),
                _ => return Ok(None),
            };
            if !rules.is_empty()
                && let Some(wait) = self.walk_response_set(rules, delay_ms, &mut walk.set)?
            {
                return Ok(Some(wait));
            }
            *walk = ResponseWalk { number: walk.number + 1, set: SetWalk::default() };
        }
    }

    fn walk_response_set(
        &mut self,
        rules: &RuleSet,
        inspect_delay_ms: Option<u64>,
        set: &mut SetWalk,
    ) -> Result<Option<Wait>, End> {
        if !set.begun {
            set.begun = true;
            set.complete = inspect_delay_ms.is_none() || self.response_is_here();
            set.deadline_ms = deadline_after(self.now_ms(), inspect_delay_ms);
        }
        loop {
            let (verdict, at) = self.run_rules(rules, set.from, Direction::Response, set.complete);
            set.from = at + 1;
            match verdict {
                Verdict::Continue | Verdict::Stop => return Ok(None),
                Verdict::Wait if set.complete => {}
                Verdict::Wait => {
                    set.from = at;
                    return Ok(Some(Wait::Input));
                }
                Verdict::WaitForBody { timeout_ms, at_least } => {
                    return Ok(Some(Wait::Body { timeout_ms: Some(timeout_ms), at_least }));
                }
                Verdict::Pause { ms } => return Ok(Some(Wait::Pause(ms))),
                Verdict::Reply(mut reply) => {
                    let thread = self.conn.thread.index;
                    if reply.cause == haproxy_rules::ReplyCause::Denied {
                        self.fe().live.frontend.at(thread).denied_responses.inc();
                        self.px().live.backend.at(thread).upstream.denied_responses.inc();
                        if let Some(slot) = &self.slot {
                            slot.server().counters.at(thread).upstream.denied_responses.inc();
                        }
                        self.ends(b'P', b'H');
                        self.txn.log.response_ms = -1;
                    } else {
                        self.ends(b'L', b'H');
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

    /// Waits for what a walk through a response's rules waits for.
    pub async fn wait_for_answer(&mut self, wait: Wait, walk: &mut ResponseWalk) -> Result<(), End> {
        match wait {
            Wait::Input => {
                let arrival = self.receive_answer(walk.set.deadline_ms).await;
                walk.set.complete = arrival != Arrival::Bytes || self.response_is_here();
            }
            Wait::Body { timeout_ms, at_least } => {
                self.buffer_answer(timeout_ms.unwrap_or_default(), at_least).await?;
            }
            Wait::Pause(ms) => {
                self.pause(ms).await;
            }
            Wait::EarlyHints => {}
        }
        Ok(())
    }
}
