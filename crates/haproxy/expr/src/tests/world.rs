//! A process, a session and a transaction for tests.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_http::{Framing, Request, Response, Version};
use jiff::tz::TimeZone;

use crate::cx::{
    Cx, Date, Direction, Endpoint, Input, ProcessFacts, ProxyNumber, ServerNumber, Session, TimeoutKind, Txn,
    World,
};
use crate::load::Names;
use crate::userlist::{Password, Userlist};
use crate::vars::ProcessVars;

#[derive(Debug, Default)]
pub struct TestWorld {
    vars: ProcessVars,
    zone: Option<TimeZone>,
}

impl World for TestWorld {
    fn proxy_name(&self, _proxy: ProxyId) -> &[u8] {
        b"f"
    }
    fn proxy_uuid(&self, _proxy: ProxyId) -> i64 {
        2
    }
    fn server_name(&self, _server: ServerId) -> &[u8] {
        b"s1"
    }
    fn server_puid(&self, _server: ServerId) -> i64 {
        1
    }
    fn listener_name(&self, _listener: ListenerId) -> Option<&[u8]> {
        Some(b"l1")
    }
    fn listener_luid(&self, _listener: ListenerId) -> i64 {
        1
    }
    fn proxy_number(&self, _proxy: ProxyId, number: ProxyNumber) -> i64 {
        number as i64 + 10
    }
    fn server_number(&self, _server: ServerId, number: ServerNumber) -> i64 {
        number as i64 + 100
    }
    fn process_connections(&self) -> i64 {
        7
    }
    fn process(&self) -> ProcessFacts<'_> {
        ProcessFacts {
            node: "node1",
            hostname: "host1",
            threads: 4,
            thread: 1,
            pid: 4242,
            requests: 9,
            started_ms: 1_000,
        }
    }
    fn process_vars(&self) -> &ProcessVars {
        &self.vars
    }
    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }
    fn time_zone(&self) -> &TimeZone {
        self.zone.as_ref().unwrap_or(const { &TimeZone::UTC })
    }
    fn proxy_timeout_ms(&self, _proxy: ProxyId, _which: TimeoutKind) -> Option<u64> {
        Some(2_000)
    }
}

/// Everything an evaluation needs, owned.
pub struct Stage {
    pub world: TestWorld,
    pub session: Session,
    pub txn: Txn,
    pub body: Vec<u8>,
    pub direction: Direction,
    pub complete: bool,
}

pub const DATE: Date = Date { secs: 1_795_350_735, micros: 558_123 };

impl Stage {
    /// A stage without a message.
    pub fn empty() -> Stage {
        let client = Endpoint::Ip("192.0.2.7:4711".parse().unwrap());
        let local = Endpoint::Ip("198.51.100.1:80".parse().unwrap());
        let session = Session {
            id: 3,
            frontend: ProxyId(0),
            listener: ListenerId(0),
            source: client,
            destination: local,
            connection_source: client,
            connection_destination: local,
            accepted: DATE,
            accepted_ms: 5_000,
            handshake_ms: 0,
            fd: -1,
            tls: None,
            proxy: None,
            fault: None,
            vars: RefCell::default(),
        };
        Stage {
            world: TestWorld::default(),
            session,
            txn: Txn { http: true, first: true, ..Txn::default() },
            body: Vec::new(),
            direction: Direction::Request,
            complete: true,
        }
    }

    /// A stage with a request as sent on the wire.
    pub fn request(text: &[u8]) -> Stage {
        let mut stage = Stage::empty();
        stage.body = fill_request(&mut stage.txn.request, text);
        stage.txn.log.request_line = text.split(|byte| *byte == b'\r').next().unwrap_or_default().to_vec();
        stage.txn.has_request = true;
        stage
    }

    /// The same stage with a response too, looked at in response rules.
    pub fn response(mut self, text: &[u8]) -> Stage {
        self.body = fill_response(&mut self.txn.response, text);
        self.txn.has_response = true;
        self.txn.log.status = self.txn.response.status as i16;
        self.direction = Direction::Response;
        self
    }

    pub fn cx(&self) -> Cx<'_> {
        Cx {
            session: &self.session,
            txn: Some(&self.txn),
            world: &self.world,
            direction: self.direction,
            input: Input { bytes: &self.body, complete: self.complete },
            date: DATE,
            now_ms: 6_000,
            check_vars: None,
        }
    }
}

fn split_head(text: &[u8]) -> (Vec<&[u8]>, Vec<u8>) {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(text.len());
    let body = text.get(end + 4..).unwrap_or_default().to_vec();
    (text[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect(), body)
}

fn fill_request(request: &mut Request, text: &[u8]) -> Vec<u8> {
    let (lines, body) = split_head(text);
    let mut words = lines[0].split(|byte| *byte == b' ');
    request.set_method(words.next().unwrap_or_default());
    request.set_uri(words.next().unwrap_or_default());
    request.version = if words.next() == Some(b"HTTP/1.0") { Version::HTTP_10 } else { Version::HTTP_11 };
    lines[1..].iter().for_each(|line| {
        if let Some(at) = line.iter().position(|byte| *byte == b':') {
            request.fields.append(&line[..at], line[at + 1..].trim_ascii());
        }
    });
    request.framing = Framing::Length(body.len() as u64);
    body
}

fn fill_response(response: &mut Response, text: &[u8]) -> Vec<u8> {
    let (lines, body) = split_head(text);
    let line = String::from_utf8_lossy(lines[0]).into_owned();
    let mut words = line.splitn(3, ' ');
    words.next();
    let status = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    response.set_status(status, words.next().unwrap_or_default().as_bytes());
    lines[1..].iter().for_each(|line| {
        if let Some(at) = line.iter().position(|byte| *byte == b':') {
            response.fields.append(&line[..at], line[at + 1..].trim_ascii());
        }
    });
    response.framing = Framing::UntilClose;
    body
}

/// One frontend and backend `f` with a server `s1`, and a userlist `u`.
pub struct TestNames;

impl Names for TestNames {
    fn frontend(&self, name: &str) -> Option<ProxyId> {
        (name == "f").then_some(ProxyId(0))
    }
    fn backend(&self, name: &str) -> Option<ProxyId> {
        (name == "f").then_some(ProxyId(0))
    }
    fn server(&self, _backend: ProxyId, name: &str) -> Option<ServerId> {
        (name == "s1").then_some(ServerId(0))
    }
    fn userlist(&self, name: &str) -> Option<Arc<Userlist>> {
        let mut list = Userlist::default();
        list.add_user(b"joe", Some(Password::Plain(b"secret".to_vec())), vec!["ops".into()]);
        (name == "u").then(|| Arc::new(list))
    }
}
