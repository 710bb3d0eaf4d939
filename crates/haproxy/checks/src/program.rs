//! A probe as data: steps that connect, send and expect (manual: `http-check`, `tcp-check`).

use std::net::IpAddr;

use haproxy_balance::report::CheckStatus;
use pcre2::bytes::Regex;

/// What kind of probe it is: decides how failures are worded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but a connection, or `option tcp-check` with its rules.
    #[default]
    Tcp,
    /// `option httpchk`.
    Http,
    /// One of the ready-made protocol checks.
    Protocol,
    /// `agent-check`.
    Agent,
}

/// A whole probe. Without steps it only connects.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// How failures are worded.
    pub kind: Kind,
    /// `http-check disable-on-404`.
    pub disable_on_404: bool,
    /// `http-check send-state`.
    pub send_state: bool,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of a probe.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub action: StepAction,
    /// Comment that goes into the report of a failure.
    pub comment: Option<String>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepAction {
    /// Open a connection; a later one ends the one before.
    Connect(Connect),
    /// Send bytes.
    Send(Text),
    /// Send a request.
    SendHttp(HttpSend),
    /// Wait for an answer and judge it.
    Expect(Box<Expect>),
    /// Set a variable: `set-var` and `set-var-fmt`, as written after the keyword.
    SetVar(Text),
    /// Remove a variable.
    UnsetVar(String),
}

/// Bytes that are known at load, or a log-format computed for each probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Known at load.
    Plain(Vec<u8>),
    /// A log-format, as written; the host of the check evaluates it.
    Format(String),
    /// A log-format whose result is bytes in hexadecimal.
    HexFormat(String),
}

impl Text {
    /// Its bytes or its source: for reports about the configuration.
    pub fn source(&self) -> &[u8] {
        match self {
            Text::Plain(bytes) => bytes,
            Text::Format(source) | Text::HexFormat(source) => source.as_bytes(),
        }
    }
}

/// Where and how a probe connects; what is absent comes from the server's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// `default`: take everything from the server and its `check-*` settings.
    pub default: bool,
    /// `addr`.
    pub addr: Option<IpAddr>,
    /// `port`: a number or an expression as written.
    pub port: Option<String>,
    /// `ssl`.
    pub ssl: bool,
    /// `sni`.
    pub sni: Option<String>,
    /// `alpn`, as written.
    pub alpn: Option<String>,
    /// `proto`.
    pub proto: Option<String>,
    /// `send-proxy`.
    pub send_proxy: bool,
    /// `via-socks4`.
    pub via_socks4: bool,
    /// `linger`: close with FIN instead of RST.
    pub linger: bool,
}

/// An HTTP request to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSend {
    /// Method.
    pub method: String,
    /// Target.
    pub uri: Text,
    /// Version, `HTTP/1.0` when not given.
    pub version: String,
    /// Header fields in order.
    pub headers: Vec<(String, Text)>,
    /// Body.
    pub body: Text,
}

impl Default for HttpSend {
    fn default() -> Self {
        HttpSend {
            method: "OPTIONS".into(),
            uri: Text::Plain(b"/".to_vec()),
            version: "HTTP/1.0".into(),
            headers: Vec::new(),
            body: Text::Plain(Vec::new()),
        }
    }
}

/// What an answer must be.
#[derive(Clone, Debug)]
pub struct Expect {
    /// `!` stood before it.
    pub negate: bool,
    /// The condition.
    pub matcher: Matcher,
    /// Bytes needed before it is judged; none for the whole answer a matcher needs.
    pub min_recv: Option<usize>,
    /// `ok-status`.
    pub ok_status: CheckStatus,
    /// `error-status`; the matcher's own when absent.
    pub error_status: Option<CheckStatus>,
    /// `tout-status`.
    pub timeout_status: CheckStatus,
    /// `on-success`.
    pub on_success: Option<Text>,
    /// `on-error`.
    pub on_error: Option<Text>,
    /// `status-code`, an expression as written.
    pub status_code: Option<String>,
}

impl Expect {
    /// An expectation with the default statuses of layer 7.
    pub fn new(matcher: Matcher) -> Self {
        Expect {
            negate: false,
            matcher,
            min_recv: None,
            ok_status: CheckStatus::L7Ok,
            error_status: None,
            timeout_status: CheckStatus::L7Timeout,
            on_success: None,
            on_error: None,
            status_code: None,
        }
    }
}

/// A pattern with the text it was written as.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub source: String,
    /// Compiled.
    pub regex: Regex,
}

/// How a name or value of a header is compared.
#[derive(Clone, Debug)]
pub enum TextMatch {
    /// Equal.
    Is(Text),
    /// Begins with.
    Begins(Text),
    /// Ends with.
    Ends(Text),
    /// Contains.
    Contains(Text),
    /// Matches.
    Regex(Pattern),
}

/// Conditions on an answer.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// `string` of a TCP check.
    String(Text),
    /// `rstring` of a TCP check.
    StringRegex(Pattern),
    /// `binary`.
    Binary(Text),
    /// `rbinary`: over the answer in hexadecimal.
    BinaryRegex(Pattern),
    /// `status`: ranges of codes.
    Status(Vec<(u16, u16)>),
    /// `rstatus`.
    StatusRegex(Pattern),
    /// `hdr` and `fhdr`.
    Header {
        /// Name.
        name: TextMatch,
        /// Value; any when absent.
        value: Option<TextMatch>,
        /// Compare the whole line (`fhdr`) instead of each comma-separated value.
        full: bool,
    },
    /// `string` of an HTTP check: in the body.
    Body(Text),
    /// `rstring` of an HTTP check: in the body.
    BodyRegex(Pattern),
    /// 2xx or 3xx: what an HTTP check without `expect` wants.
    HttpDefault,
    /// An answer some ready-made protocol check understands.
    Protocol(ProtocolAnswer),
}

/// Answers of ready-made checks, judged by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolAnswer {
    /// First bytes of a TLS or SSLv3 record: handshake or alert.
    SslHello,
    /// Greeting of an SMTP server.
    SmtpBanner,
    /// Answer to HELO or EHLO.
    SmtpHello,
    /// Answer to QUIT.
    SmtpQuit,
    /// Greeting of MySQL.
    MysqlGreeting,
    /// Answer of MySQL to a login.
    MysqlLogin,
    /// Answer of PostgreSQL to a startup message.
    Pgsql,
    /// `+PONG`.
    Redis,
    /// LDAPv3 bind response.
    Ldap,
    /// SPOP agent hello.
    Spop,
    /// The line of an agent.
    Agent,
}
