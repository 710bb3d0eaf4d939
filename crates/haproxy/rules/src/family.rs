//! The rule sets of a proxy.

use haproxy_expr::at::{Context, Contexts};

/// One rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Family {
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content`
    TcpContent,
    /// `tcp-response content`
    TcpResponse,
    /// `http-request`
    HttpRequest,
    /// `http-response`
    HttpResponse,
    /// `http-after-response`
    HttpAfterResponse,
}

impl Family {
    /// All, in the order of the manual's matrix (§4.3).
    pub const ALL: [Family; 7] = [
        Family::TcpConnection,
        Family::TcpSession,
        Family::TcpContent,
        Family::TcpResponse,
        Family::HttpRequest,
        Family::HttpResponse,
        Family::HttpAfterResponse,
    ];

    /// The words that begin its rules.
    pub const fn keyword(self) -> &'static str {
        match self {
            Family::TcpConnection => "tcp-request connection",
            Family::TcpSession => "tcp-request session",
            Family::TcpContent => "tcp-request content",
            Family::TcpResponse => "tcp-response content",
            Family::HttpRequest => "http-request",
            Family::HttpResponse => "http-response",
            Family::HttpAfterResponse => "http-after-response",
        }
    }

    /// How messages speak of an expression in it.
    pub const fn expression(self) -> &'static str {
        match self {
            Family::TcpConnection | Family::TcpSession | Family::TcpContent => "tcp-request expression",
            Family::TcpResponse => "tcp-response expression",
            Family::HttpRequest => "http-request expression",
            Family::HttpResponse => "http-response expression",
            Family::HttpAfterResponse => "http-after-response expression",
        }
    }

    /// True for the three families of HTTP.
    pub const fn is_http(self) -> bool {
        matches!(self, Family::HttpRequest | Family::HttpResponse | Family::HttpAfterResponse)
    }

    /// True where the server's response is looked at.
    pub const fn is_response(self) -> bool {
        matches!(self, Family::TcpResponse | Family::HttpResponse | Family::HttpAfterResponse)
    }

    /// True where there is no stream yet.
    pub const fn is_early(self) -> bool {
        matches!(self, Family::TcpConnection | Family::TcpSession)
    }

    /// Places its expressions run at, in a proxy with these sides.
    pub fn contexts(self, frontend: bool, backend: bool) -> Contexts {
        let (front, back) = match self {
            Family::TcpConnection => (Context::FeConnection, Context::FeConnection),
            Family::TcpSession => (Context::FeSession, Context::FeSession),
            Family::TcpContent => (Context::FeRequestContent, Context::BeRequestContent),
            Family::TcpResponse => (Context::FeResponseContent, Context::BeResponseContent),
            Family::HttpRequest => (Context::FeHttpRequest, Context::BeHttpRequest),
            Family::HttpResponse | Family::HttpAfterResponse => {
                (Context::FeHttpResponse, Context::BeHttpResponse)
            }
        };
        sides(front, back, frontend, backend)
    }
}

/// The place of a frontend, of a backend, or both.
pub fn sides(front: Context, back: Context, frontend: bool, backend: bool) -> Contexts {
    match (frontend, backend) {
        (true, true) => Contexts::of(front).and(back),
        (false, true) => Contexts::of(back),
        (true, false) | (false, false) => Contexts::of(front),
    }
}

/// A set of rule sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// `tcp-request connection`
    pub const CONNECTION: Families = Families(1 << Family::TcpConnection as u8);
    /// `tcp-request session`
    pub const SESSION: Families = Families(1 << Family::TcpSession as u8);
    /// `tcp-request content`
    pub const CONTENT: Families = Families(1 << Family::TcpContent as u8);
    /// `tcp-response content`
    pub const TCP_RESPONSE: Families = Families(1 << Family::TcpResponse as u8);
    /// `http-request`
    pub const REQUEST: Families = Families(1 << Family::HttpRequest as u8);
    /// `http-response`
    pub const RESPONSE: Families = Families(1 << Family::HttpResponse as u8);
    /// `http-after-response`
    pub const AFTER: Families = Families(1 << Family::HttpAfterResponse as u8);
    /// The three of HTTP.
    pub const HTTP: Families = Families::REQUEST.and(Families::RESPONSE).and(Families::AFTER);
    /// The three of `tcp-request`.
    pub const TCP_REQUEST: Families = Families::CONNECTION.and(Families::SESSION).and(Families::CONTENT);
    /// The four of TCP.
    pub const TCP: Families = Families::TCP_REQUEST.and(Families::TCP_RESPONSE);
    /// All seven.
    pub const ALL: Families = Families::TCP.and(Families::HTTP);

    /// Both sets together.
    pub const fn and(self, other: Families) -> Families {
        Families(self.0 | other.0)
    }

    /// True when the family is in the set.
    pub const fn has(self, family: Family) -> bool {
        self.0 & (1 << family as u8) != 0
    }
}
