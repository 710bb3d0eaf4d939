//! A process, a session and a transaction on which rules are run.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_conf::{
    Cursor, Environment, FileId, Line, MemFiles, Negation, ParseError, Pseudo, Span, tokenize,
};
use haproxy_expr::acl::AclSet;
use haproxy_expr::cx::{
    Date, Direction, Endpoint, Input, ProcessFacts, ProxyNumber, ServerNumber, Session, TimeoutKind, Txn,
    World,
};
use haproxy_expr::load::{Load, ParseCx, ProxyScope};
use haproxy_expr::vars::{ProcessVars, VarNames};
use haproxy_http::h1::write::{WriteOptions, write_request_head, write_response_head};
use haproxy_http::h1::{Limits, Relax, ReplyTo, Resume, parse_request, parse_response};
use jiff::tz::TimeZone;

use crate::cx::{Effects, RuleCx};
use crate::family::Family;
use crate::load::{CaptureSlots, Later, ProxyFacts, Question, RuleLoad};
use crate::rule::RuleSet;
use crate::verdict::{Reply, Verdict};

pub struct TestWorld {
    vars: ProcessVars,
    zone: TimeZone,
}

impl World for TestWorld {
    fn proxy_name(&self, _: ProxyId) -> &[u8] {
        b"p"
    }
    fn proxy_uuid(&self, _: ProxyId) -> i64 {
        2
    }
    fn server_name(&self, _: ServerId) -> &[u8] {
        b"s"
    }
    fn server_puid(&self, _: ServerId) -> i64 {
        1
    }
    fn listener_name(&self, _: ListenerId) -> Option<&[u8]> {
        None
    }
    fn listener_luid(&self, _: ListenerId) -> i64 {
        1
    }
    fn proxy_number(&self, _: ProxyId, _: ProxyNumber) -> i64 {
        0
    }
    fn server_number(&self, _: ServerId, _: ServerNumber) -> i64 {
        0
    }
    fn process_connections(&self) -> i64 {
        1
    }
    fn process(&self) -> ProcessFacts<'_> {
        ProcessFacts { node: "n", hostname: "h", threads: 1, thread: 1, pid: 1, requests: 1, started_ms: 0 }
    }
    fn process_vars(&self) -> &ProcessVars {
        &self.vars
    }
    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }
    fn time_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn proxy_timeout_ms(&self, _: ProxyId, _: TimeoutKind) -> Option<u64> {
        None
    }
}

/// One stream in the middle of its rules.
pub struct Stage {
    pub world: TestWorld,
    pub session: Session,
    pub txn: Txn,
    pub direction: Direction,
    pub effects: Effects,
}

pub const RESPONSE: &str =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-R: 1\r\nX-R: 2, 3\r\nSet-Cookie: a=1\r\n\r\n";

impl Stage {
    /// A stage with a request.
    pub fn request(raw: &str) -> Stage {
        let client = Endpoint::Ip("127.0.0.1:4711".parse().unwrap());
        let local = Endpoint::Ip("127.0.0.2:80".parse().unwrap());
        let session = Session {
            id: 1,
            frontend: ProxyId(0),
            listener: ListenerId(0),
            source: client,
            destination: local,
            connection_source: client,
            connection_destination: local,
            accepted: Date::default(),
            accepted_ms: 0,
            handshake_ms: 0,
            fd: -1,
            tls: None,
            proxy: None,
            fault: None,
            vars: RefCell::default(),
        };
        let mut txn = Txn { http: true, has_request: true, ..Txn::default() };
        let limits = Limits::default();
        parse_request(raw.as_bytes(), &mut Resume::default(), &limits, Relax::default(), &mut txn.request)
            .unwrap();
        Stage {
            world: TestWorld { vars: ProcessVars::default(), zone: TimeZone::UTC },
            session,
            txn,
            direction: Direction::Request,
            effects: Effects::default(),
        }
    }

    /// The same stage with a response.
    pub fn response(mut self, raw: &str) -> Stage {
        let (limits, relax) = (Limits::default(), Relax::default());
        let response = &mut self.txn.response;
        parse_response(raw.as_bytes(), &mut Resume::default(), &limits, relax, ReplyTo::default(), response)
            .unwrap();
        self.txn.has_response = true;
        self.direction = Direction::Response;
        self
    }

    /// Runs a rule set to its end.
    pub fn run(&mut self, rules: &RuleSet) -> Verdict {
        let mut scratch = Vec::new();
        let mut cx = RuleCx {
            session: &mut self.session,
            txn: Some(&mut self.txn),
            world: &self.world,
            direction: self.direction,
            input: Input { bytes: b"", complete: true },
            date: Date::default(),
            now_ms: 0,
            effects: &mut self.effects,
            scratch: &mut scratch,
        };
        rules.run(&mut cx, 0).0
    }

    /// The message looked at, `|` for line ends.
    pub fn message(&self) -> String {
        let mut out = Vec::new();
        match self.direction {
            Direction::Request => write_request_head(&self.txn.request, WriteOptions::default(), &mut out),
            Direction::Response => write_response_head(&self.txn.response, WriteOptions::default(), &mut out),
        }
        lines(&out)
    }
}

fn lines(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "|")
}

/// A reply as it would be sent, without a page of the proxy's own.
pub fn wire(reply: Reply) -> String {
    let reply = reply.resolved(None);
    let reason = match reply.reason.is_empty() {
        true => haproxy_http::status::reason(reply.status).as_bytes().to_vec(),
        false => reply.reason.clone(),
    };
    let version = reply.version;
    let mut out = format!("HTTP/{}.{} {} ", version.major, version.minor, reply.status).into_bytes();
    out.extend_from_slice(&reason);
    out.extend_from_slice(b"\r\n");
    for number in 0..=reply.fields.len() {
        if reply.length_at == Some(number) {
            out.extend_from_slice(format!("content-length: {}\r\n", reply.body.len()).as_bytes());
        }
        if let Some((name, value)) = reply.fields.get(number) {
            out.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&reply.body);
    lines(&out)
}

/// One line of a configuration.
pub fn line(text: &str) -> Line {
    let tokens = tokenize(text.as_bytes(), &Environment::new(), &Pseudo::default()).unwrap();
    Line { file: FileId(0), number: 1, words: tokens.words, negation: Negation::None, text: text.into() }
}

/// A listen section that is being read.
pub struct Reading {
    pub load: Load,
    pub acls: AclSet,
    pub captures: CaptureSlots,
    pub later: Vec<Later>,
    pub files: MemFiles,
}

impl Reading {
    pub fn new() -> Reading {
        let mut files = MemFiles::new();
        files.insert("/404.http", "HTTP/1.0 404 Nope\r\nContent-Type: text/plain\r\nX-A: b\r\n\r\nbody\n");
        files.insert("/junk", "import x\n\n");
        files.insert("/text", "some text");
        files.insert("/empty", "");
        Reading {
            load: Load::new(Arc::new(VarNames::default())),
            acls: AclSet::default(),
            captures: CaptureSlots::default(),
            later: Vec::new(),
            files,
        }
    }

    /// Lets `read` read in the section.
    pub fn with<T>(
        &mut self,
        read: impl FnOnce(&mut RuleLoad<'_, '_>) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let mut expr = ParseCx {
            proxy: ProxyScope { name: "p".into(), id: None },
            place: Span { file: FileId(0), line: 1, column: 0 },
            acls: Some(&self.acls),
            ..ParseCx::bare(&mut self.load, &self.files)
        };
        let mut load = RuleLoad {
            expr: &mut expr,
            acls: &self.acls,
            proxy: ProxyFacts { name: "p", kind: "proxy", frontend: true, backend: true, defaults: false },
            family: Family::HttpRequest,
            captures: &mut self.captures,
            later: &mut self.later,
            experimental: true,
            warnings: Vec::new(),
        };
        read(&mut load)
    }

    /// Reads a rule into its set; the words that name the family are looked for.
    pub fn rule(&mut self, text: &str, rules: &mut RuleSet) -> Result<Family, ParseError> {
        let line = line(text);
        let family = Family::ALL.into_iter().find(|family| text.starts_with(family.keyword())).unwrap();
        let mut cursor = Cursor::new(&line, family.keyword().split(' ').count());
        let before = rules.clone();
        let rule = self.with(|load| {
            load.family = family;
            crate::parse::rule(&mut cursor, load, &before)
        })?;
        rules.push(rule);
        Ok(family)
    }

    /// Answers the questions about pattern lists.
    pub fn settle(&mut self) {
        for later in &self.later {
            if let Question::Patterns { name, slot } = &later.question
                && let Some(list) =
                    self.load.patterns.all().iter().find(|list| list.name.as_deref() == Some(name))
            {
                let _ = slot.set(list.clone());
            }
        }
    }
}

/// Reads rules separated by ` && ` into the set of each family.
pub fn parse_all(text: &str) -> Result<Vec<(Family, RuleSet)>, ParseError> {
    let mut reading = Reading::new();
    let mut sets: Vec<(Family, RuleSet)> = Vec::new();
    for rule in text.split(" && ") {
        if let Some(acl) = rule.strip_prefix("acl ") {
            let words: Vec<&str> = acl.split(' ').collect();
            let mut cx = ParseCx::bare(&mut reading.load, &reading.files);
            reading.acls.declare(&words, &mut cx).unwrap();
            continue;
        }
        let mut one = RuleSet::default();
        let family = reading.rule(rule, &mut one)?;
        match sets.iter_mut().find(|(known, _)| *known == family) {
            Some((_, set)) => set.extend(&one),
            None => sets.push((family, one)),
        }
    }
    reading.settle();
    Ok(sets)
}

/// Runs request rules, then (if nothing answered) response rules; what the server or the client would see.
pub fn run(rules: &str, request: &str) -> String {
    let sets = match parse_all(rules) {
        Ok(sets) => sets,
        Err(error) => return format!("ERR {}", error.message),
    };
    let mut stage = Stage::request(request);
    for (family, set) in &sets {
        if family.is_response() && stage.direction == Direction::Request {
            stage = stage.response(RESPONSE);
        }
        match stage.run(set) {
            Verdict::Continue | Verdict::Stop => {}
            Verdict::Reply(reply) => {
                let early = lines(&stage.effects.early_heads);
                return format!("{early}{}", wire(*reply));
            }
            Verdict::Tarpit(reply) => return format!("tarpit {}", wire(*reply)),
            other => return format!("{other:?}"),
        }
    }
    let early = lines(&stage.effects.early_heads);
    format!("{early}{}", stage.message())
}
