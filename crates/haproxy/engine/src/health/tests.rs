//! Checks over real sockets on loopback, and the log lines they lead to.

use std::net::SocketAddr;
use std::time::Duration;

use haproxy_balance::server::Operational;
use haproxy_conf::{Diagnostics, Environment, Facts, Flow, MemFiles, Reader, Source as File, Version};
use haproxy_expr::Load;
use haproxy_model::draft::Draft;
use haproxy_model::parse::{NEGATABLE, SECTIONS, Sink};
use haproxy_model::snapshot::Snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::accept::ListenSocket;
use crate::door::{OpenSocket, SocketKey};
use crate::listen::{self, Sharing};
use crate::log::LogOutput;
use crate::run::{Machine, Running as Plane, start};
use crate::service::{ServiceRequest, Services};

/// Longest wait for anything in these tests.
const PATIENCE: Duration = Duration::from_secs(5);

struct NoServices;

impl Services for NoServices {
    fn answer(&self, _: &ServiceRequest<'_>) -> haproxy_rules::Reply {
        haproxy_rules::Reply::new(404, haproxy_rules::verdict::ReplyCause::Local)
    }
}

/// The snapshot of a configuration.
fn load(text: &str, old: Option<&Snapshot>) -> Arc<Snapshot> {
    let files = Arc::new(MemFiles::single("cfg", text));
    let mut sink = Sink::new(Draft::new(Load::new(Arc::default()), files.clone()));
    let (mut diags, mut env) = (Diagnostics::new(), Environment::new());
    let facts = Facts::new(Version::parse(b"3.4.0"));
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &*files };
    let flow = reader.read(&[File::new("cfg")], &mut env, &mut diags, &mut sink);
    assert_eq!(flow, Flow::Continue, "{}", diags.render_plain());
    sink.draft.global.maxconn_effective = 100;
    sink.draft.global.threads = 1;
    let generation = old.map_or(1, |old| old.generation + 1);
    let snapshot = haproxy_model::resolve::resolve(sink.draft, old, generation, &mut diags);
    Arc::new(snapshot.unwrap_or_else(|| panic!("{}", diags.render_plain())))
}

/// A data plane with its checks, and where its log lines come in.
struct Bench {
    plane: Plane,
    logs: UdpSocket,
    checks: tokio::task::JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.checks.abort();
        self.plane.soft_stop(0);
    }
}

impl Bench {
    /// Runs a configuration; `LOG` in it stands for the address of the log.
    async fn run(text: &str) -> Bench {
        let logs = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let text = text.replace("LOG", &logs.local_addr().unwrap().to_string());
        let snapshot = load(&text, None);
        let open = |listener: &haproxy_model::snapshot::Listener| ListenSocket {
            listener: listener.id,
            snapshot: Arc::clone(&snapshot),
            socket: OpenSocket::new(
                SocketKey::of(&listener.settings),
                listen::open(&listener.settings, 16, Sharing::Shared).unwrap(),
            ),
        };
        let sockets = snapshot.listeners.iter().map(open).collect();
        let machine = Machine { hostname: "host".into(), pid: 7 };
        let plane =
            start(Arc::clone(&snapshot), sockets, LogOutput::default(), Arc::new(NoServices), machine)
                .unwrap();
        let checks = tokio::spawn(run(Arc::clone(&plane.process)));
        Bench { plane, logs, checks }
    }

    /// The next log line: its priority and text, durations masked.
    async fn line(&self) -> String {
        let mut room = [0; 2048];
        let received = tokio::time::timeout(PATIENCE, self.logs.recv(&mut room)).await;
        let length = received.expect("a log line comes in time").unwrap();
        let line = std::str::from_utf8(&room[..length]).unwrap().trim_end();
        let (priority, rest) = line.split_once('>').unwrap();
        let text = rest.split_once(": ").unwrap().1;
        let masked = match text.split_once("check duration: ") {
            Some((before, after)) => {
                format!("{before}check duration: {}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => text.to_owned(),
        };
        format!("{priority}> {masked}")
    }

    /// The server's live state.
    fn server(&self, backend: &str, name: &str) -> Arc<Server> {
        let snapshot = self.plane.process.snapshot.load_full();
        let px = snapshot.backend_named(backend.as_bytes()).unwrap();
        Arc::clone(px.balancer.servers().iter().find(|server| &*server.conf().name == name).unwrap())
    }

    async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("never: {what}"));
    }
}

/// A server that answers every connection's first bytes (or the connection itself when `first` is empty).
async fn server(first: &'static [u8], answer: &'static [u8]) -> (SocketAddr, tokio::task::AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(answer_all(listener, first, answer)).abort_handle())
}

async fn answer_all(listener: TcpListener, first: &'static [u8], answer: &'static [u8]) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut received = vec![0; first.len()];
            if stream.read_exact(&mut received).await.is_ok() && received == first {
                drop(stream.write_all(answer).await);
            }
        });
    }
}

const HEAD: &str = "global\n log LOG local0\ndefaults\n log global\n timeout connect 1s\n timeout client 5s\n timeout server 5s\n";

/// The future can be spawned on any runtime.
#[test]
fn the_runner_can_be_sent() {
    fn is_send<T: Send>(_: &impl Fn(Arc<Process>) -> T) {}
    is_send(&run);
}

#[tokio::test]
async fn a_server_goes_down_and_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bench = Bench::run(&format!("{HEAD}backend be\n server s {address} check inter 20ms\n")).await;
    let live = bench.server("be", "s");
    bench.until("a first check", || live.check().duration_ms < 1000 && live.check().health == 4).await;
    drop(listener);
    assert_eq!(
        bench.line().await,
        "<129> Server be/s is DOWN, reason: Layer4 connection problem, info: \"ECONNREFUSED returned by OS (Connection refused)\", check duration: ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
    );
    assert_eq!(bench.line().await, "<128> backend be has no server available!");
    assert_eq!(live.down_transitions(), 1);
    let _listener = TcpListener::bind(address).await.unwrap();
    assert_eq!(
        bench.line().await,
        "<133> Server be/s is UP, reason: Layer4 check passed, check duration: ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
    );
}

#[tokio::test]
async fn answers_are_judged() {
    const ASK: &[u8] = b"OPTIONS / HTTP/1.0\r\n\r\n";
    let (good, _a) = server(ASK, b"HTTP/1.0 200 OK\r\n\r\nall is well").await;
    let (bad, _b) = server(ASK, b"HTTP/1.0 503 Service Unavailable\r\n\r\n").await;
    let (lines, _c) = server(b"PING x\n", b"PONG\n").await;
    let bench = Bench::run(&format!(
        "{HEAD} option log-health-checks
backend status\n option httpchk\n server s {bad} check inter 20ms rise 1 fall 1
backend body\n option httpchk\n http-check expect string well\n server s {good} check inter 60ms
backend words\n option tcp-check\n tcp-check set-var(check.who) str(x)\n tcp-check send-lf \"PING %[var(check.who)]\\n\"\n tcp-check expect string PONG\n server s {lines} check inter 60ms"
    ))
    .await;
    let mut got = Vec::new();
    for _ in 0..5 {
        got.push(bench.line().await);
    }
    got.sort();
    assert_eq!(
        got,
        [
            "<128> backend status has no server available!",
            "<129> Server status/s is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "<133> Health check for server body/s succeeded, reason: Layer7 check passed, code: 200, check duration: ms, status: 3/3 UP.",
            "<133> Health check for server status/s failed, reason: Layer7 wrong status, code: 503, info: \"Service Unavailable\", check duration: ms, status: 0/1 DOWN.",
            "<133> Health check for server words/s succeeded, reason: Layer7 check passed, code: 0, info: \"(tcp-check)\", check duration: ms, status: 3/3 UP.",
        ]
    );
}

#[tokio::test]
async fn silence_is_a_timeout_of_its_layer() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let full_address = full.local_addr().unwrap().as_socket().unwrap();
    // connections that nobody accepts fill the queue: further ones stay unanswered
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let connecting = TcpStream::connect(full_address);
        waiting.push(tokio::time::timeout(Duration::from_millis(50), connecting).await);
    }
    let bench = Bench::run(&format!(
        "{HEAD} timeout check 30ms
backend l4\n server s {full_address} check inter 50ms
backend l7\n option httpchk\n server s {} check inter 500ms",
        mute.local_addr().unwrap()
    ))
    .await;
    let (l4, l7) = (bench.server("l4", "s"), bench.server("l7", "s"));
    bench.until("both down", || [&l4, &l7].iter().all(|s| s.state() == Operational::Stopped)).await;
    assert_eq!(l4.check().status.code(), "L4TOUT");
    assert_eq!(l7.check().status.code(), "L7TOUT");
}

#[tokio::test]
async fn intervals_follow_health() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let bench = Bench::run(&format!(
        "{HEAD}backend be\n server s {address} check inter 1h fastinter 30ms downinter 20ms rise 3 fall 2\n"
    ))
    .await;
    // one failure is enough at the start; the next probes come at downinter
    assert!(bench.line().await.contains("is DOWN"));
    bench.line().await;
    let listener = TcpListener::bind(address).await.unwrap();
    let mut probes = 0;
    let live = bench.server("be", "s");
    while live.state() == Operational::Stopped {
        if let Ok(accepted) = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await {
            accepted.unwrap();
            probes += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(probes, 3);
    assert!(bench.line().await.contains("is UP"));
    // settled: the next one is an hour away
    assert!(tokio::time::timeout(Duration::from_millis(100), listener.accept()).await.is_err());
}

#[tokio::test]
async fn an_agent_is_obeyed() {
    let (address, _agent) = server(b"hello", b"down 50%,maxconn:30 #gone\n").await;
    let bench = Bench::run(&format!(
        "{HEAD}backend be\n server s {address} weight 100 agent-check agent-port {} agent-inter 20ms agent-send hello\n",
        address.port()
    ))
    .await;
    let line = bench.line().await;
    assert!(
        line.contains("Server be/s is DOWN, reason: Layer7 wrong status, code: 0, info: \"via agent : down"),
        "{line}"
    );
    let live = bench.server("be", "s");
    assert_eq!((live.user_weight(), live.maxconn()), (50, 30));
}

#[tokio::test]
async fn who_tracks_follows() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bench = Bench::run(&format!(
        "{HEAD}backend a\n server s {address} check inter 20ms\nbackend b\n server t {address} track a/s\n"
    ))
    .await;
    drop(listener);
    for wanted in
        ["Server a/s is DOWN", "backend a has", "Server b/t is DOWN via a/s. 0 active", "backend b has"]
    {
        let line = bench.line().await;
        assert!(line.contains(wanted), "{line}");
    }
}

#[tokio::test]
async fn a_reload_keeps_who_stays() {
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = refused.local_addr().unwrap();
    drop(refused);
    let text = format!(
        "{HEAD}backend be\n server kept {address} check inter 20ms\n server gone {address} check inter 20ms\n"
    );
    let bench = Bench::run(&text).await;
    for _ in 0..3 {
        bench.line().await;
    }
    let (kept, gone) = (bench.server("be", "kept"), bench.server("be", "gone"));
    let log = bench.logs.local_addr().unwrap().to_string();
    let text = text.replace("server gone", "server new").replace("LOG", &log);
    let old = bench.plane.process.snapshot.load_full();
    bench.plane.replace(load(&text, Some(&old)));
    drop(old);
    let line = bench.line().await;
    assert!(line.contains("Server be/new is DOWN"), "{line}");
    assert_eq!(kept.state(), Operational::Stopped);
    assert!(Arc::ptr_eq(&kept, &bench.server("be", "kept")));
    // its task has ended, and with it what it held
    bench.until("the old server is let go", || Arc::strong_count(&gone) == 1).await;
}

#[tokio::test]
async fn sessions_end_when_their_server_is_marked_down() {
    let traffic = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let checked = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = free.local_addr().unwrap();
    drop(free);
    let bench = Bench::run(&format!(
        "{HEAD} option tcplog\nlisten li\n bind {front}\n server s {} check port {} inter 20ms on-marked-down shutdown-sessions\n",
        traffic.local_addr().unwrap(),
        checked.local_addr().unwrap().port()
    ))
    .await;
    let mut client = TcpStream::connect(front).await.unwrap();
    let (mut upstream, _) = traffic.accept().await.unwrap();
    upstream.write_all(b"x").await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'x');
    drop(checked);
    let line = bench.line().await;
    assert!(line.contains("1 sessions active, 0 requeued"), "{line}");
    assert_eq!(bench.line().await, "<128> proxy li has no server available!");
    let ended = tokio::time::timeout(PATIENCE, client.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
    let line = bench.line().await;
    assert!(line.contains(" DD "), "{line}");
}

#[tokio::test]
async fn errors_of_traffic_are_seen() {
    let (address, _server) =
        server(b"GET / HTTP/1.1\r\n", b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n").await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = free.local_addr().unwrap();
    drop(free);
    let bench = Bench::run(&format!(
        "{HEAD} mode http\n no log\nlisten li\n log LOG local0 notice\n bind {front}\n server s {address} check inter 1h observe layer7 error-limit 2 on-error mark-down\n"
    ))
    .await;
    let live = bench.server("li", "s");
    bench.until("a first check", || live.check().health == 4).await;
    for _ in 0..2 {
        let mut client = TcpStream::connect(front).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let read = client.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.expect("the answer comes in time").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 500"));
    }
    let line = bench.line().await;
    let wanted = "<129> Server li/s is DOWN, reason: Health analyze, info: \"Detected 2 consecutive errors, last one was: Wrong http response\"";
    assert!(line.starts_with(wanted), "{line}");
}

#[tokio::test]
async fn a_program_judges() {
    let text =
        format!("global\n external-check\n insecure-fork-wanted\n{}", HEAD.trim_start_matches("global\n"));
    let bench = Bench::run(&format!(
        "{text} option external-check\n option log-health-checks
backend bad\n external-check command /bin/false\n server s 127.0.0.1:9 check inter 1s
backend good\n external-check command /bin/true\n server s 127.0.0.1:9 check inter 1s\n"
    ))
    .await;
    let first = bench.line().await;
    assert_eq!(
        first,
        "<133> Health check for server bad/s failed, reason: External check error, code: 1, check duration: ms, status: 0/2 DOWN."
    );
    bench.line().await;
    bench.line().await;
    assert_eq!(
        bench.line().await,
        "<133> Health check for server good/s succeeded, reason: External check passed, code: 0, check duration: ms, status: 3/3 UP."
    );
}

#[tokio::test]
async fn a_server_may_begin_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bench = Bench::run(&format!(
        "{HEAD}backend be\n server s {address} check inter 20ms rise 3 init-state fully-down\n"
    ))
    .await;
    for _ in 0..3 {
        assert_eq!(bench.server("be", "s").state(), Operational::Stopped);
        tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    }
    assert!(bench.line().await.contains("Server be/s is UP, reason: Layer4 check passed"));
}

#[tokio::test]
async fn a_check_that_panics_begins_again() {
    let plane = start(
        load("frontend f\n  bind 127.0.0.1:0\n  timeout client 1s\n", None),
        Vec::new(),
        LogOutput::default(),
        Arc::new(NoServices),
        Machine::default(),
    )
    .unwrap();
    let mut rounds = Vec::new();
    let check = restarted(Arc::clone(&plane.process), 7, |again_ms| {
        rounds.push(again_ms);
        let first = again_ms.is_none();
        async move { assert!(!first, "the first round ends in a panic") }
    });
    tokio::time::timeout(PATIENCE, check).await.unwrap();
    assert_eq!(rounds, [None, Some(7)]);
    assert_eq!(plane.process.panics.load(Ordering::Relaxed), 1);
    plane.soft_stop(0);
    plane.join();
}
