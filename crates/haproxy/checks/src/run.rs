//! One probe as it runs: walks a [`Program`] as the engine reports what happened.

use std::sync::Arc;

use haproxy_balance::report::CheckStatus;

use crate::judge::{self, Verdict};
use crate::outcome::{Failure, Outcome};
use crate::program::{Connect, HttpSend, Kind, Program, StepAction, Text};
use crate::schedule::Intervals;

/// What the engine shall do next. After each it reports back through one of the `on_` methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Close what is open and connect: [`Check::on_connected`], or [`Check::on_error`].
    Connect(Connect),
    /// Send all of this: [`Check::on_sent`].
    Send(Vec<u8>),
    /// Wait for data: [`Check::on_data`], [`Check::on_eof`], or time: [`Check::on_timeout`].
    Wait,
    /// Close the connection; the probe is over.
    Done(Outcome),
}

/// What a probe asks of its surroundings: expressions and facts about the server.
pub trait Host {
    /// Result of a log-format; `answer` is what was received so far.
    fn format(&self, source: &str, answer: &[u8]) -> Vec<u8>;
    /// Result of an integer expression.
    fn integer(&self, source: &str, answer: &[u8]) -> Option<u32>;
    /// Runs `set-var` or `set-var-fmt`.
    fn set_var(&mut self, source: &Text, answer: &[u8]);
    /// Runs `unset-var`.
    fn unset_var(&mut self, name: &str);
    /// Value of `x-haproxy-server-state` (`http-check send-state`).
    fn server_state(&self) -> String;
    /// True when the server is not down: then 404 may mean that it stops (`disable-on-404`).
    fn server_is_up(&self) -> bool;
}

/// Largest answer looked at (`tune.chksize` default): more does not change a verdict.
pub const ANSWER_MAX: usize = 16384;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting,
    Talking,
}

/// One probe of one server.
#[derive(Debug)]
pub struct Check {
    program: Arc<Program>,
    intervals: Intervals,
    phase: Phase,
    /// Index of the step being done; the step after it once a connection is up.
    step: usize,
    /// True when connecting is a step of the program, not implied.
    explicit_connect: bool,
    tls: bool,
    answer: Vec<u8>,
    started_ms: u64,
    deadline_ms: Option<u64>,
    /// What the last judged answer said.
    last: Option<(CheckStatus, Option<u32>, String)>,
}

impl Check {
    /// A probe that has not started.
    pub fn new(program: Arc<Program>, intervals: Intervals) -> Self {
        Check {
            program,
            intervals,
            phase: Phase::Idle,
            step: 0,
            explicit_connect: false,
            tls: false,
            answer: Vec::new(),
            started_ms: 0,
            deadline_ms: None,
            last: None,
        }
    }

    /// Starts the probe. `tls` tells whether the server's settings make its checks use TLS.
    pub fn start(&mut self, now_ms: u64, tls: bool, host: &mut dyn Host) -> Action {
        (self.step, self.started_ms, self.last, self.tls) = (0, now_ms, None, tls);
        self.answer.clear();
        while let Some(step) = self.program.steps.get(self.step) {
            match &step.action {
                StepAction::SetVar(text) => host.set_var(text, &[]),
                StepAction::UnsetVar(name) => host.unset_var(name),
                StepAction::Connect(connect) => {
                    let connect = connect.clone();
                    return self.connect(now_ms, connect, true);
                }
                StepAction::Send(_) | StepAction::SendHttp(_) | StepAction::Expect(_) => break,
            }
            self.step += 1;
        }
        self.connect(now_ms, Connect { default: true, ..Connect::default() }, false)
    }

    /// The connection is up, handshakes included.
    pub fn on_connected(&mut self, now_ms: u64, host: &mut dyn Host) -> Action {
        self.phase = Phase::Talking;
        self.deadline_ms = Some(now_ms + self.intervals.read_ms());
        if self.explicit_connect {
            self.step += 1;
        }
        self.proceed(now_ms, host)
    }

    /// Everything was sent.
    pub fn on_sent(&mut self, now_ms: u64, host: &mut dyn Host) -> Action {
        self.step += 1;
        self.proceed(now_ms, host)
    }

    /// Data came.
    pub fn on_data(&mut self, now_ms: u64, data: &[u8], host: &mut dyn Host) -> Action {
        let room = ANSWER_MAX - self.answer.len().min(ANSWER_MAX);
        self.answer.extend_from_slice(&data[..data.len().min(room)]);
        let last = self.answer.len() >= ANSWER_MAX;
        self.judge(now_ms, last, host)
    }

    /// The server closed its side.
    pub fn on_eof(&mut self, now_ms: u64, host: &mut dyn Host) -> Action {
        self.judge(now_ms, true, host)
    }

    /// The connection failed.
    pub fn on_error(&mut self, now_ms: u64, failure: &Failure) -> Action {
        let status = match (failure, self.phase) {
            (Failure::Tls(_), _) => CheckStatus::L6Response,
            (Failure::Socket(_), _) | (Failure::Os(_), Phase::Talking | Phase::Idle) => {
                CheckStatus::SocketError
            }
            (Failure::Os(_), Phase::Connecting) => CheckStatus::L4Connection,
        };
        let info = failure.text() + &self.place();
        self.done(now_ms, status, None, info)
    }

    /// The deadline passed.
    pub fn on_timeout(&mut self, now_ms: u64, handshaking: bool) -> Action {
        let status = match (self.phase, handshaking, self.current()) {
            (Phase::Idle | Phase::Connecting, false, _) => CheckStatus::L4Timeout,
            (Phase::Idle | Phase::Connecting, true, _) => CheckStatus::L6Timeout,
            (Phase::Talking, _, Some(StepAction::Expect(expect))) => expect.timeout_status,
            (Phase::Talking, _, _) => CheckStatus::L7Timeout,
        };
        let info = self.place();
        self.done(now_ms, status, None, info)
    }

    /// When [`Check::on_timeout`] is due, in monotonic milliseconds.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadline_ms
    }

    fn current(&self) -> Option<&StepAction> {
        self.program.steps.get(self.step).map(|step| &step.action)
    }

    fn connect(&mut self, now_ms: u64, connect: Connect, explicit: bool) -> Action {
        self.phase = Phase::Connecting;
        self.explicit_connect = explicit;
        self.tls |= connect.ssl;
        self.deadline_ms = Some(now_ms + self.intervals.connect_ms());
        self.answer.clear();
        Action::Connect(connect)
    }

    /// Does steps until one needs the network.
    fn proceed(&mut self, now_ms: u64, host: &mut dyn Host) -> Action {
        loop {
            let program = Arc::clone(&self.program);
            let Some(step) = program.steps.get(self.step) else {
                return self.finish(now_ms);
            };
            match &step.action {
                StepAction::Connect(connect) => return self.connect(now_ms, connect.clone(), true),
                StepAction::Send(text) => {
                    let bytes = render(text, &self.answer, host);
                    self.answer.clear();
                    return Action::Send(bytes);
                }
                StepAction::SendHttp(send) => {
                    let bytes = render_http(send, program.send_state, &self.answer, host);
                    self.answer.clear();
                    return Action::Send(bytes);
                }
                StepAction::Expect(_) if self.answer.is_empty() => return Action::Wait,
                StepAction::Expect(_) => return self.judge(now_ms, false, host),
                StepAction::SetVar(text) => host.set_var(text, &self.answer),
                StepAction::UnsetVar(name) => host.unset_var(name),
            }
            self.step += 1;
        }
    }

    fn judge(&mut self, now_ms: u64, last: bool, host: &mut dyn Host) -> Action {
        let program = Arc::clone(&self.program);
        let Some(StepAction::Expect(expect)) = program.steps.get(self.step).map(|step| &step.action) else {
            return Action::Wait;
        };
        let comment = program.steps[self.step].comment.as_deref();
        let judged = judge::judge(&program, expect, &self.answer, last, self.step_number(), comment, host);
        match judged {
            Verdict::NeedMore => Action::Wait,
            Verdict::Passed { code, info } => {
                let before = self.last.take().map(|(_, _, info)| info).unwrap_or_default();
                self.last = Some((expect.ok_status, code, if info.is_empty() { before } else { info }));
                self.step += 1;
                self.proceed(now_ms, host)
            }
            Verdict::Ended { status, code, info } => self.done(now_ms, status, code, info),
            Verdict::Agent { status, report, info } => {
                let code = (status != CheckStatus::Checked).then_some(0);
                let action = self.done(now_ms, status, code, info);
                let Action::Done(outcome) = action else { return action };
                Action::Done(Outcome { agent: Some(report), ..outcome })
            }
        }
    }

    /// All steps passed.
    fn finish(&mut self, now_ms: u64) -> Action {
        match self.last.take() {
            Some((status, code, info)) => self.done(now_ms, status, code, info),
            None => {
                let status = if self.tls { CheckStatus::L6Ok } else { CheckStatus::L4Ok };
                self.done(now_ms, status, None, String::new())
            }
        }
    }

    fn done(&mut self, now_ms: u64, status: CheckStatus, code: Option<u32>, info: String) -> Action {
        (self.phase, self.deadline_ms) = (Phase::Idle, None);
        let duration_ms = now_ms.saturating_sub(self.started_ms);
        Action::Done(Outcome { status, code, duration_ms, info, agent: None })
    }

    fn step_number(&self) -> usize {
        self.step + 1
    }

    /// Where a rule-based TCP check was when it failed; empty for other kinds and for the implied connection.
    fn place(&self) -> String {
        if self.program.kind != Kind::Tcp || (self.phase == Phase::Connecting && !self.explicit_connect) {
            return String::new();
        }
        let Some(step) = self.program.steps.get(self.step) else { return String::new() };
        let what = match &step.action {
            StepAction::Connect(Connect { port: Some(port), .. }) => format!("connect port {port}"),
            StepAction::Connect(_) => "connect".to_owned(),
            StepAction::Send(_) | StepAction::SendHttp(_) => "send".to_owned(),
            StepAction::Expect(expect) => judge::describe(&expect.matcher),
            StepAction::SetVar(_) | StepAction::UnsetVar(_) => return String::new(),
        };
        let comment = step.comment.as_ref().map_or_else(String::new, |c| format!(" comment: '{c}'"));
        format!(" at step {} of tcp-check ({what}){comment}", self.step_number())
    }
}

/// The bytes of a text.
pub fn render(text: &Text, answer: &[u8], host: &dyn Host) -> Vec<u8> {
    match text {
        Text::Plain(bytes) => bytes.clone(),
        Text::Format(source) => host.format(source, answer),
        Text::HexFormat(source) => from_hex(&host.format(source, answer)),
    }
}

/// Bytes written in hexadecimal; what is none ends them.
fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks_exact(2).map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    pairs.map(|byte| byte as u8).collect()
}

/// The bytes of a request, in the original's order: fields as given, content-length, connection, state, body.
fn render_http(send: &HttpSend, send_state: bool, answer: &[u8], host: &dyn Host) -> Vec<u8> {
    let mut out = format!("{} ", send.method).into_bytes();
    let uri = render(&send.uri, answer, host);
    out.extend_from_slice(if uri.is_empty() { b"/" } else { &uri });
    out.extend_from_slice(format!(" {}\r\n", send.version).as_bytes());
    let upgrades = send.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
    let own = |name: &str| {
        (name == "connection" && !upgrades) || ["content-length", "transfer-encoding"].contains(&name)
    };
    for (name, value) in &send.headers {
        let name = name.to_ascii_lowercase();
        if !own(&name) {
            out.extend_from_slice(format!("{name}: ").as_bytes());
            out.extend(render(value, answer, host));
            out.extend_from_slice(b"\r\n");
        }
    }
    if send_state {
        out.extend_from_slice(format!("x-haproxy-server-state: {}\r\n", host.server_state()).as_bytes());
    }
    let body = render(&send.body, answer, host);
    if !body.is_empty() {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    if send.version == "HTTP/1.1" && !upgrades {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend(body);
    out
}

#[cfg(test)]
mod tests;
