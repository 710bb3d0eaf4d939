//! Log profiles (manual §8.3.5) and the moments at which lines are written.

use std::sync::Arc;

use haproxy_expr::LogFormat;
use haproxy_expr::logformat::Origin;

/// A moment that `on` of a log profile, or `log-steps`, names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// After accept.
    Accept,
    /// After the request was received.
    Request,
    /// After the connection to the server stood.
    Connect,
    /// During response handling.
    Response,
    /// At the end.
    Close,
    /// For a session that failed.
    Error,
    /// `do-log` of `tcp-request connection`.
    TcpRequestConnection,
    /// `do-log` of `tcp-request session`.
    TcpRequestSession,
    /// `do-log` of `tcp-request content`.
    TcpRequestContent,
    /// `do-log` of `tcp-response content`.
    TcpResponseContent,
    /// `do-log` of `http-request`.
    HttpRequest,
    /// `do-log` of `http-response`.
    HttpResponse,
    /// `do-log` of `http-after-response`.
    HttpAfterResponse,
}

/// Words of `on` with their steps. Those before `error` are moments of a transaction: `log-steps` names them too.
pub const STEPS: &[(&str, Step)] = &[
    ("accept", Step::Accept),
    ("request", Step::Request),
    ("connect", Step::Connect),
    ("response", Step::Response),
    ("close", Step::Close),
    ("error", Step::Error),
    ("tcp-req-conn", Step::TcpRequestConnection),
    ("tcp-req-sess", Step::TcpRequestSession),
    ("tcp-req-cont", Step::TcpRequestContent),
    ("tcp-res-cont", Step::TcpResponseContent),
    ("http-req", Step::HttpRequest),
    ("http-res", Step::HttpResponse),
    ("http-after-res", Step::HttpAfterResponse),
];

/// How many of `STEPS` are moments of a transaction.
pub const TRANSACTION_STEPS: usize = 5;

impl Step {
    /// The step of a line's origin.
    pub fn of(origin: Origin) -> Option<Step> {
        Some(match origin {
            Origin::Unspecified => return None,
            Origin::SessionError | Origin::SessionKilled => Step::Error,
            Origin::Accept => Step::Accept,
            Origin::Request => Step::Request,
            Origin::Connect => Step::Connect,
            Origin::Response => Step::Response,
            Origin::Close => Step::Close,
            Origin::TcpRequestConnection => Step::TcpRequestConnection,
            Origin::TcpRequestSession => Step::TcpRequestSession,
            Origin::TcpRequestContent => Step::TcpRequestContent,
            Origin::TcpResponseContent => Step::TcpResponseContent,
            Origin::HttpRequest => Step::HttpRequest,
            Origin::HttpResponse => Step::HttpResponse,
            Origin::HttpAfterResponse => Step::HttpAfterResponse,
        })
    }
}

/// `log-steps`: at which moments of a transaction lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSteps(u16);

impl LogSteps {
    /// Adds a moment.
    pub fn add(&mut self, step: Step) {
        self.0 |= 1 << step as u8;
    }

    /// True when a line is written at this moment.
    pub fn has(self, origin: Origin) -> bool {
        Step::of(origin).is_some_and(|step| self.0 & (1 << step as u8) != 0)
    }
}

/// What `on` says of a step.
#[derive(Clone, Debug, Default)]
pub struct StepLine {
    /// `drop`: no line.
    pub drop: bool,
    /// `format`
    pub format: Option<Arc<LogFormat>>,
    /// `sd`
    pub structured: Option<Arc<LogFormat>>,
}

/// A `log-profile` section.
#[derive(Clone, Debug, Default)]
pub struct LogProfile {
    /// Its name.
    pub name: String,
    /// `log-tag`
    pub tag: Option<Vec<u8>>,
    /// What `on` says, by step.
    pub steps: [Option<StepLine>; STEPS.len()],
    /// `on any`
    pub any: Option<StepLine>,
}

impl LogProfile {
    /// What it says of lines of this origin.
    pub fn line(&self, origin: Origin) -> Option<&StepLine> {
        let own = Step::of(origin).and_then(|step| self.steps[step as usize].as_ref());
        own.or(self.any.as_ref())
    }
}
