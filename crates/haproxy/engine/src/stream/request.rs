//! Steps of the request's side: receiving it, what is answered before any rule, choosing the backend.

use std::task::Poll;

use haproxy_expr::cx::{Direction, TimeoutKind};
use haproxy_http::h1::chunk::{ChunkDecoder, Step};
use haproxy_http::h1::{ConnFlags, H1Error, Limits, Parsed, Relax, Resume, parse_request};
use haproxy_http::{FieldId, Framing, Method, Version};
use haproxy_model::settings::{ConnectionMode, Mode};
use haproxy_model::snapshot::{Proxy, RestrictNames};
use haproxy_rules::{Reply, ReplyCause, Service, Verdict};
use haproxy_stats::objects::Protocol;

use super::steps::{End, Stream};
use crate::conn::{Connection, deadline_after};
use crate::side::Received;

/// What became of one receive with a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// More is there.
    Bytes,
    /// Nothing more fits.
    Full,
    /// The sender has ended.
    End,
    /// Nothing came in time.
    Timeout,
}

impl Stream<'_> {
    /// Limits of a head in this process.
    pub fn limits(&self) -> Limits {
        let global = &self.snapshot.global;
        Limits {
            raw_max: global.bufsize,
            parsed_max: global.bufsize.saturating_sub(global.maxrewrite),
            lines_max: global.max_headers,
        }
    }

    /// Reads the request's head from what has come; false when more must come.
    pub fn read_request(&mut self) -> Result<bool, End> {
        self.note_begin(self.conn.requests == 0);
        self.read_head(&mut Resume::default())
    }

    fn read_head(&mut self, resume: &mut Resume) -> Result<bool, End> {
        if self.conn.client.input.is_empty() {
            return Ok(false);
        }
        let options = &self.snapshot.proxy(self.frontend).settings.options;
        let relax = Relax { unsafe_violations: options.accept_unsafe_request, ..Relax::default() };
        let limits = self.limits();
        let bytes = self.conn.client.input.bytes();
        match parse_request(bytes, resume, &limits, relax, &mut self.txn.request) {
            Ok(Parsed::Complete { head_len, flags }) => {
                self.effects.head_received = head_len;
                if self.txn.request.framing == Framing::Chunked && chunks_broken(&bytes[head_len..]) {
                    return Err(self.unreadable(400, b'P'));
                }
                self.take_head(head_len, flags);
                Ok(true)
            }
            Ok(Parsed::Partial) => Ok(false),
            Err(error) => Err(self.bad_request(&error)),
        }
    }

    /// Receives the request's head to its end.
    pub async fn receive_request(&mut self) -> Result<(), End> {
        let fe = self.snapshot.proxy(self.frontend);
        let timeouts = &fe.settings.timeouts;
        let first = self.conn.requests == 0;
        let base_ms = if first { self.conn.session.accepted_ms } else { self.now_ms() };
        let deadline_ms = deadline_after(base_ms, timeouts.http_request.or(timeouts.client));
        let mut resume = Resume::default();
        loop {
            if self.read_head(&mut resume)? {
                return Ok(());
            }
            match self.receive_once(deadline_ms).await {
                Arrival::Bytes => {}
                Arrival::Full => {
                    self.txn.log.bytes_in = self.conn.client.input.len() as u64;
                    return Err(self.unreadable(431, b'P'));
                }
                Arrival::End => {
                    self.txn.log.bytes_in = self.conn.client.input.len() as u64;
                    return Err(self.client_left_early(first));
                }
                Arrival::Timeout => {
                    self.txn.log.bytes_in = self.conn.client.input.len() as u64;
                    return Err(self.request_too_slow());
                }
            }
        }
    }

    async fn receive_once(&mut self, deadline_ms: u64) -> Arrival {
        let Connection { client, deadline, thread, .. } = &mut *self.conn;
        std::future::poll_fn(|cx| {
            match client.poll_receive(cx, &thread.buffers) {
                Poll::Ready(Ok(Received::Bytes(_))) => return Poll::Ready(Arrival::Bytes),
                Poll::Ready(Ok(Received::Full)) => return Poll::Ready(Arrival::Full),
                Poll::Ready(Ok(Received::End) | Err(_)) => return Poll::Ready(Arrival::End),
                Poll::Pending => {}
            }
            deadline.poll(cx, deadline_ms).map(|()| Arrival::Timeout)
        })
        .await
    }

    /// Receives more for rules that wait; false when nothing more can come.
    pub async fn receive_more(&mut self, deadline_ms: u64) -> Result<bool, End> {
        if self.body_is_here() {
            return Ok(false);
        }
        match self.receive_once(deadline_ms).await {
            Arrival::Bytes => Ok(true),
            Arrival::Full | Arrival::Timeout => Ok(false),
            Arrival::End => {
                self.client_left = true;
                Ok(false)
            }
        }
    }

    /// True when no more of the request can come: its body is complete or fills the buffer.
    pub fn body_is_here(&self) -> bool {
        let input = &self.conn.client.input;
        match self.txn.request.framing {
            Framing::None => true,
            Framing::Length(n) => input.len() as u64 >= n || input.is_full(),
            Framing::Chunked => chunks_done(input.bytes()) || input.is_full(),
            Framing::UntilClose | Framing::Tunnel => true,
        }
    }

    /// Waits for the body, or enough of it, as far as it fits the buffer.
    pub async fn buffer_body(&mut self, timeout_ms: Option<u64>, at_least: Option<u64>) -> Result<(), End> {
        let client_timeout = self.fe().settings.timeouts.client;
        let deadline_ms = deadline_after(self.now_ms(), timeout_ms.or(client_timeout));
        self.expect_continue().await;
        while !self.client_left && !self.body_is_here() {
            if at_least.is_some_and(|n| self.conn.client.input.len() as u64 >= n) {
                return Ok(());
            }
            match self.receive_once(deadline_ms).await {
                Arrival::Bytes => {}
                Arrival::Full => return Ok(()),
                Arrival::End => {
                    self.client_left = true;
                    return Ok(());
                }
                Arrival::Timeout => {
                    self.ends(b'c', b'R');
                    return Err(End::Error(408));
                }
            }
        }
        Ok(())
    }

    /// A client that waits for leave to send its body gets it when the body is wanted here.
    async fn expect_continue(&mut self) {
        if self.request_flags.has(ConnFlags::EXPECT_100) && self.conn.client.input.is_empty() {
            self.txn.request.fields.remove_known(FieldId::Expect);
            super::reply::send_plain(self.conn, b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
    }

    /// Times at which the request began.
    fn note_begin(&mut self, first: bool) {
        let now_ms = self.now_ms();
        let log = &mut self.txn.log;
        log.request_ms = now_ms;
        log.request_date = self.conn.thread.date();
        let since = if first {
            self.conn.session.accepted_ms + u64::from(self.conn.session.handshake_ms)
        } else {
            self.conn.idle_since_ms
        };
        log.idle_ms = now_ms.saturating_sub(since) as i32;
    }

    fn take_head(&mut self, head_len: usize, flags: ConnFlags) {
        let keep_length = self.snapshot.global.log_uri_length;
        self.conn.client.input.consume(head_len);
        self.conn.requests += 1;
        let now_ms = self.now_ms();
        self.request_flags = flags;
        let txn = &mut *self.txn;
        txn.has_request = true;
        txn.first = self.conn.requests == 1;
        self.head_only = txn.request.method() == Method::Head;
        let request = &txn.request;
        let log = &mut txn.log;
        log.request_time_ms = now_ms.saturating_sub(log.request_ms) as i32;
        log.bytes_in = request.kept_len() as u64;
        log.request_line.clear();
        log.request_line.extend_from_slice(request.method_text());
        log.request_line.push(b' ');
        log.request_line.extend_from_slice(request.uri());
        log.request_line.extend_from_slice(b" HTTP/");
        log.request_line.push(b'0' + request.version.major);
        log.request_line.push(b'.');
        log.request_line.push(b'0' + request.version.minor);
        log.request_line.truncate(keep_length.max(1) - 1);
        let mode = self.snapshot.proxy(self.frontend).settings.connection_mode;
        self.keep_client = !flags.has(ConnFlags::CLOSE)
            && !flags.has(ConnFlags::INSECURE_FRAMING)
            && mode != ConnectionMode::Close
            && !self.conn.is_leaving();
    }

    /// Counts a request that was read.
    pub fn count_request(&mut self) {
        let now_ms = self.now_ms();
        let counters = self.fe().live.frontend.at(self.conn.thread.index);
        counters.requests.inc();
        counters.requests_by.of(Protocol::H1).inc();
        counters.request_rate.update(now_ms, 1);
        self.conn.thread.counters().requests.inc();
    }

    fn bad_request(&mut self, error: &H1Error) -> End {
        self.txn.log.bytes_in = self.conn.client.input.len() as u64;
        self.keep_request_fault(error.at);
        self.unreadable(error.status(), b'P')
    }

    fn unreadable(&mut self, status: u16, cause: u8) -> End {
        self.txn.has_request = false;
        self.txn.log.request_line = b"<BADREQ>".to_vec();
        self.keep_client = false;
        self.ends(cause, b'R');
        let fe = self.fe();
        let counters = fe.live.frontend.at(self.conn.thread.index);
        counters.requests.inc();
        counters.request_errors.inc();
        self.snapshot
            .listener(self.conn.session.listener)
            .live
            .counters
            .at(self.conn.thread.index)
            .request_errors
            .inc();
        End::Error(status)
    }

    /// The client closed before a whole request: 400 in the log, and on the wire when it sent something.
    fn client_left_early(&mut self, first: bool) -> End {
        let nothing = self.conn.client.input.is_empty();
        let options = &self.fe().settings.options;
        let silent = nothing && (!first || options.dontlognull || options.http_ignore_probes);
        if silent {
            self.logged = true;
            return End::Close;
        }
        self.unreadable(400, b'C')
    }

    fn request_too_slow(&mut self) -> End {
        let nothing = self.conn.client.input.is_empty();
        let options = &self.fe().settings.options;
        if nothing && options.http_ignore_probes {
            self.logged = true;
            return End::Close;
        }
        if nothing && options.dontlognull {
            self.logged = true;
        }
        self.unreadable(408, b'c')
    }

    /// `monitor-uri`: answered before any rule, never logged.
    pub fn monitor(&mut self) -> Result<(), End> {
        let fe = self.fe();
        let Some(wanted) = &fe.settings.monitor_uri else { return Ok(()) };
        let uri = self.txn.request.uri();
        let seen = if wanted.starts_with(b"/") { haproxy_http::uri::path(uri).unwrap_or(uri) } else { uri };
        if seen != wanted.as_slice() {
            return Ok(());
        }
        let failed =
            fe.rules.monitor_fail.iter().any(|c| self.look(Direction::Request, |cx| c.eval(cx).holds()));
        self.logged = true;
        self.fe().live.frontend.at(self.conn.thread.index).intercepted.inc();
        self.ends(b'L', b'R');
        if failed {
            return Err(End::Error(503));
        }
        Err(End::Error(200))
    }

    /// `capture request header` and `capture cookie`.
    pub fn capture_request(&mut self) {
        let snapshot = std::rc::Rc::clone(&self.snapshot);
        let settings = &snapshot.proxy(self.frontend).settings;
        let txn = &mut *self.txn;
        let declared = &settings.captures.request;
        if !declared.is_empty() {
            super::persistence::capture_fields(declared, &txn.request.fields, &mut txn.log.request_captures);
        }
        txn.log.response_captures.resize(settings.captures.response.len(), None);
        if let Some((name, length)) = &settings.capture_cookie {
            let length = (*length).min(self.snapshot.global.cookie_length);
            for field in txn.request.fields.all(FieldId::Cookie) {
                if let Some(text) = super::persistence::captured_cookie(field.value, name, length) {
                    txn.log.cookies[0] = Some(text);
                    break;
                }
            }
        }
    }

    /// `http-restrict-req-hdr-names`.
    pub fn restrict_names(&mut self, px: &Proxy) -> Result<(), End> {
        let fine = |name: &[u8]| name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        match px.settings.restrict_header_names {
            None | Some(RestrictNames::Preserve) => Ok(()),
            Some(RestrictNames::Delete) => {
                self.txn.request.fields.retain(|field| fine(field.name));
                Ok(())
            }
            Some(RestrictNames::Reject) => {
                if self.txn.request.fields.iter().all(|field| fine(field.name)) {
                    return Ok(());
                }
                self.ends(b'P', b'R');
                self.count_denied();
                Err(End::Error(403))
            }
        }
    }

    /// Counts a denied request where it was denied.
    pub fn count_denied(&mut self) {
        let thread = self.conn.thread.index;
        self.fe().live.frontend.at(thread).denied_requests.inc();
        self.snapshot.listener(self.conn.session.listener).live.counters.at(thread).denied_requests.inc();
        if self.backend != self.frontend {
            self.px().live.backend.at(thread).denied_requests.inc();
        }
    }

    /// The statistics page of a proxy.
    pub fn statistics(&mut self, px: &Proxy) -> Result<(), End> {
        let Some(page) = &px.settings.stats else { return Ok(()) };
        if !self.txn.request.uri().starts_with(&page.uri) {
            return Ok(());
        }
        self.statistics_rules(px)?;
        if !page.users.is_empty() && !self.is_authorized(&page.users) {
            let mut reply = Reply::built_in(401, ReplyCause::Local);
            let realm = [b"Basic realm=\"", page.realm.as_slice(), b"\""].concat();
            reply.added.push((b"www-authenticate".to_vec(), realm));
            return Err(End::Reply(Box::new(reply)));
        }
        Err(End::Service(Service::Stats))
    }

    /// `stats http-request`: who may see the page.
    fn statistics_rules(&mut self, px: &Proxy) -> Result<(), End> {
        let rules = &px.rules.stats_http_request;
        if rules.is_empty() {
            return Ok(());
        }
        match self.run_rules(rules, 0, Direction::Request, true).0 {
            Verdict::Reply(reply) => Err(End::Reply(reply)),
            Verdict::Tarpit(reply) => Err(End::Tarpit(reply)),
            Verdict::Reject => {
                self.ends(b'P', b'R');
                self.count_denied();
                Err(End::Close)
            }
            Verdict::SilentDrop { ttl } => {
                self.ends(b'P', b'R');
                Err(End::SilentDrop(ttl))
            }
            Verdict::Fail => {
                self.ends(b'P', b'R');
                Err(End::Error(500))
            }
            Verdict::Service(service) => Err(End::Service(service)),
            Verdict::Continue
            | Verdict::Stop
            | Verdict::Wait
            | Verdict::WaitForBody { .. }
            | Verdict::Pause { .. } => Ok(()),
        }
    }

    fn is_authorized(&self, users: &[(Vec<u8>, Vec<u8>)]) -> bool {
        use base64::Engine;
        let Some(value) = self.txn.request.fields.first(FieldId::Authorization) else { return false };
        let Some(text) = value.get(..6).filter(|s| s.eq_ignore_ascii_case(b"basic ")).map(|_| &value[6..])
        else {
            return false;
        };
        let Ok(pair) = base64::engine::general_purpose::STANDARD.decode(text.trim_ascii()) else {
            return false;
        };
        users.iter().any(|(user, password)| pair == [user.as_slice(), b":", password.as_slice()].concat())
    }

    /// `use_backend` and `default_backend`.
    pub fn switch_backend(&mut self) -> Result<(), End> {
        let snapshot = std::rc::Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let mut chosen = None;
        for switch in &fe.switching {
            let holds = switch
                .condition
                .as_ref()
                .is_none_or(|condition| self.look(Direction::Request, |cx| condition.eval(cx).holds()));
            if !holds {
                continue;
            }
            chosen = match &switch.target {
                haproxy_rules::SwitchTarget::Static(id) => Some(*id),
                haproxy_rules::SwitchTarget::Named(format) => {
                    let mut name = self.conn.thread.text();
                    self.look(Direction::Request, |cx| format.write(cx, &mut name));
                    let found = fe.backends_by_name.get(&name).copied();
                    self.conn.thread.give_text(name);
                    found
                }
            };
            if chosen.is_some_and(|backend| !self.may_switch_to(backend)) {
                chosen = None;
                continue;
            }
            break;
        }
        let default = fe.default_backend.filter(|backend| self.may_switch_to(*backend));
        if let Some(backend) = chosen.or(default) {
            if backend != self.frontend {
                self.forget_backend_timeouts();
            }
            self.backend = backend;
            self.txn.backend = backend;
            self.conn.note.backend.set(backend);
        }
        let be = self.px();
        if be.role.is_backend() && (be.settings.mode == Mode::Http || be.settings.mode == Mode::Tcp) {
            return Ok(());
        }
        self.txn.log.service = Some(super::NO_SERVER);
        self.txn.log.request_time_ms = -1;
        self.ends(b'S', b'C');
        Err(End::Error(503))
    }

    /// False for a backend that is disabled, or not published unless a rule forces the choice.
    fn may_switch_to(&self, backend: common_base::ids::ProxyId) -> bool {
        let be = self.snapshot.proxy(backend);
        if be.disabled {
            return false;
        }
        if !be.live.unpublished.load(std::sync::atomic::Ordering::Relaxed) {
            return true;
        }
        let forced = &self.fe().force_switch;
        forced.iter().any(|condition| self.look(Direction::Request, |cx| condition.eval(cx).holds()))
    }

    /// What a frontend's rules set for the server side holds in a `listen` only (manual §4.4 "set-timeout").
    fn forget_backend_timeouts(&mut self) {
        let effects = &mut self.effects;
        effects.server_timeout_ms = None;
        effects.tunnel_timeout_ms = None;
        effects.connect_timeout_ms = None;
        effects.queue_timeout_ms = None;
        effects.retries = None;
        self.txn.retries = None;
        let set = &mut self.txn.timeouts_ms;
        for kind in [TimeoutKind::Server, TimeoutKind::Tunnel, TimeoutKind::Connect, TimeoutKind::Queue] {
            set[kind as usize] = None;
        }
    }

    /// Counts the stream at its backend.
    pub fn count_backend(&mut self) {
        let now_ms = self.now_ms();
        let be = self.px();
        let live = &be.live;
        let now = live.backend_sessions.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        live.backend_sessions_max.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
        if be.balancer.needs_sessions() {
            be.balancer.sessions().fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        let counters = live.backend.at(self.conn.thread.index);
        counters.upstream.sessions.inc();
        counters.upstream.requests.inc();
        counters.upstream.session_rate.update(now_ms, 1);
        counters.current.inc();
        counters.current_max.raise(u64::from(now));
        self.backend_counted = true;
    }

    /// Fields the proxy itself adds: unique id, forwarded addresses.
    pub fn prepare_request(&mut self) {
        let snapshot = std::rc::Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let be = snapshot.proxy(self.backend);
        if let Some(format) = &fe.settings.unique_id_format {
            let mut id = self.txn.unique_id.borrow_mut().take().unwrap_or_default();
            if id.is_empty() {
                self.look(Direction::Request, |cx| format.write(cx, &mut id));
            }
            if let Some(name) = &fe.settings.unique_id_header {
                self.txn.request.fields.append(name, &id);
            }
            *self.txn.unique_id.borrow_mut() = Some(id);
        }
        if let Some(header) = &be.settings.forwarded {
            let host = self.txn.request.fields.first(FieldId::Host).unwrap_or_default();
            let session = &self.conn.session;
            let ends = [session.source.ip(), session.destination.ip()];
            let mut text = self.conn.thread.text();
            self.look(Direction::Request, |cx| header.write(cx, host, ends, &mut text));
            self.txn.request.fields.append(b"forwarded", &text);
            self.conn.thread.give_text(text);
        }
        let forwarded = be.settings.forwarded_for.as_ref().or(fe.settings.forwarded_for.as_ref());
        if let (Some(header), Some(source)) = (forwarded, self.conn.session.source.ip()) {
            // if-none only counts when every side that asks for the header says so
            let if_none = [&fe.settings.forwarded_for, &be.settings.forwarded_for]
                .into_iter()
                .flatten()
                .all(|side| side.if_none);
            self.add_address(header, source.ip(), if_none);
        }
        let original = be.settings.original_to.as_ref().or(fe.settings.original_to.as_ref());
        if let (Some(header), Some(destination)) = (original, self.conn.session.destination.ip()) {
            self.add_address(header, destination.ip(), header.if_none);
        }
        if self.txn.request.version > Version::HTTP_11 {
            self.txn.request.version = Version::HTTP_11;
        }
    }

    fn add_address(
        &mut self,
        header: &haproxy_model::settings::AddressHeader,
        address: std::net::IpAddr,
        if_none: bool,
    ) {
        use std::io::Write;
        if header.except.is_some_and(|(network, prefix)| crate::conn::in_network(address, network, prefix)) {
            return;
        }
        if if_none && self.txn.request.fields.named(header.id, &header.name).next().is_some() {
            return;
        }
        let mut text = [0u8; 48];
        let mut rest = &mut text[..];
        // an address is at most 45 characters long
        let _ = write!(rest, "{address}");
        let left = rest.len();
        let length = text.len() - left;
        self.txn.request.fields.append(&header.name, &text[..length]);
    }

    /// True when the answer has no body whatever its head says.
    pub fn answers_head(&self) -> bool {
        self.head_only
    }
}

/// True when what has come of a chunked body can never become one: a fault that is seen with the head is the head's.
pub fn chunks_broken(bytes: &[u8]) -> bool {
    walk_chunks(bytes).is_none()
}

/// True when a chunked body is here to its end.
pub fn chunks_done(bytes: &[u8]) -> bool {
    walk_chunks(bytes) != Some(false)
}

/// Whether the chunks end within these bytes; none if they make no sense.
fn walk_chunks(bytes: &[u8]) -> Option<bool> {
    let mut decoder = ChunkDecoder::default();
    let mut at = 0;
    while at < bytes.len() {
        let (consumed, step) = decoder.decode(&bytes[at..]).ok()?;
        at += consumed;
        if consumed == 0 || matches!(step, Step::End) {
            break;
        }
    }
    Some(decoder.is_done())
}
