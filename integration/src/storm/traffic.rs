//! The load of a storm: clients in closed loops with a pause, which count every request that is not answered as it
//! should be.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many clients of each kind, and the pause of each between two requests.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Requests one after the other on one connection.
    pub keep_alive: u32,
    /// A connection for each request.
    pub one_each: u32,
    /// TCP connections that stay.
    pub tcp: u32,
    /// Upgraded connections that stay.
    pub tunnels: u32,
    /// Pause of clients that ask, and of connections that stay.
    pub pauses: (Duration, Duration),
}

/// What clients saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Requests and echoes answered.
    pub requests: u64,
    /// What went wrong.
    pub failures: Vec<String>,
    /// Kept connections that were closed while they were idle, before a byte of the answer: a client asks again.
    pub closed_idle: u64,
    /// Times of requests, microseconds, in order.
    pub times_us: Vec<u32>,
}

impl Seen {
    /// The time that `percent` of the requests did not exceed, microseconds.
    pub fn percentile_us(&self, percent: f64) -> u32 {
        let at = (self.times_us.len() as f64 * percent / 100.0) as usize;
        self.times_us.get(at.min(self.times_us.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// A load that runs.
pub struct Load {
    seen: Arc<Mutex<Seen>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// The longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the clients.
pub fn start(runtime: &Runtime, clients: &Clients, http: u16, tcp: u16) -> Load {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (stop, stopped) = watch::channel(false);
    let kinds = [
        (clients.keep_alive, Kind::KeepAlive, clients.pauses.0),
        (clients.one_each, Kind::OneEach, clients.pauses.0),
        (clients.tcp, Kind::Tcp, clients.pauses.1),
        (clients.tunnels, Kind::Tunnel, clients.pauses.1),
    ];
    let mut tasks = Vec::new();
    for (count, kind, pause) in kinds {
        for _ in 0..count {
            let port = if kind == Kind::Tcp { tcp } else { http };
            let client = Client { kind, port, pause, seen: Arc::clone(&seen), stream: None, used: false };
            tasks.push(runtime.spawn(client.run(stopped.clone())));
        }
    }
    Load { seen, stop, tasks }
}

impl Load {
    /// What was seen since the last time.
    pub fn take(&self) -> Seen {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.times_us.sort_unstable();
        seen
    }

    /// Ends the load; what was seen since the last time.
    pub fn stop(mut self, runtime: &Runtime) -> Seen {
        let _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            let _ = runtime.block_on(task);
        }
        self.take()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    KeepAlive,
    OneEach,
    Tcp,
    Tunnel,
}

struct Client {
    kind: Kind,
    port: u16,
    pause: Duration,
    seen: Arc<Mutex<Seen>>,
    stream: Option<TcpStream>,
    /// The connection has carried a request already.
    used: bool,
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: storm\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: storm\r\nConnection: close\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: storm\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ECHO: &[u8] = b"0123456789abcdef";

impl Client {
    async fn run(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let began = Instant::now();
            let outcome = tokio::time::timeout(PATIENCE, self.once()).await;
            let outcome = outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            self.note(outcome, began);
            tokio::time::sleep(self.pause).await;
        }
    }

    fn note(&mut self, outcome: io::Result<()>, began: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                seen.requests += 1;
                seen.times_us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Err(error) if self.kind == Kind::KeepAlive && self.used && is_closing(&error) => {
                seen.closed_idle += 1;
                self.stream = None;
            }
            Err(error) => {
                seen.failures.push(format!("{:?}: {error}", self.kind));
                self.stream = None;
            }
        }
    }

    async fn once(&mut self) -> io::Result<()> {
        match self.kind {
            Kind::KeepAlive => self.ask(REQUEST).await,
            Kind::OneEach => {
                self.stream = None;
                self.ask(LAST_REQUEST).await
            }
            Kind::Tcp => self.say().await,
            Kind::Tunnel => {
                if self.stream.is_none() {
                    let mut stream = connect(self.port).await?;
                    stream.write_all(UPGRADE).await?;
                    expect(&mut stream, b"HTTP/1.1 101").await?;
                    self.stream = Some(stream);
                }
                self.say().await
            }
        }
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                self.used = false;
                connect(self.port).await?
            }
        };
        stream.write_all(request).await?;
        let head = expect(&mut stream, b"HTTP/1.1 200").await?;
        self.used = true;
        if !head.windows(17).any(|window| window.eq_ignore_ascii_case(b"connection: close")) {
            self.stream = Some(stream);
        }
        Ok(())
    }

    async fn say(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            self.stream = Some(connect(self.port).await?);
        }
        let Some(stream) = &mut self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        stream.write_all(ECHO).await?;
        let mut back = [0; ECHO.len()];
        stream.read_exact(&mut back).await?;
        if back == ECHO { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// True for the end of a connection before a byte of the answer.
fn is_closing(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads a head, and the five bytes that follow an answer's.
async fn expect(stream: &mut TcpStream, start: &[u8]) -> io::Result<Vec<u8>> {
    let (mut seen, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let end = seen.windows(4).position(|window| window == b"\r\n\r\n");
        let body = if seen.starts_with(b"HTTP/1.1 200") { 5 } else { 0 };
        if end.is_some_and(|end| seen.len() >= end + 4 + body) {
            break;
        }
        let length = stream.read(&mut chunk).await?;
        if length == 0 {
            let cut = seen.is_empty();
            return Err(
                if cut { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::ConnectionAborted }.into()
            );
        }
        seen.extend_from_slice(&chunk[..length]);
    }
    if seen.starts_with(start) {
        return Ok(seen);
    }
    Err(io::Error::other(String::from_utf8_lossy(&seen[..seen.len().min(20)]).into_owned()))
}
