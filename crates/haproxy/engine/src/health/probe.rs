//! One probe over a socket: does what the sans-io check asks and tells it what happened.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use haproxy_balance::Server as Live;
use haproxy_checks::health::Source;
use haproxy_checks::outcome::Failure;
use haproxy_checks::program::Connect;
use haproxy_checks::run::Host as _;
use haproxy_checks::schedule::Intervals;
use haproxy_checks::{Action, Check, Outcome};
use haproxy_http::proxy_protocol::{write_v1, write_v2};
use haproxy_model::settings::{SendProxy, ServerAddress};

use super::host::Host;
use super::index::{Index, Place};
use crate::connect::{self, Target};
use crate::io::Io;
use crate::process::Process;

/// Bytes received at once; the check keeps no more of an answer.
const ROOM: usize = haproxy_checks::run::ANSWER_MAX;

/// Errors of the system that say that no socket could be had, rather than that the server cannot be reached.
const NO_SOCKET: &[i32] =
    &[libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EACCES, libc::EPERM];

/// Runs one probe to its outcome.
pub async fn run(
    process: &Arc<Process>,
    index: &Arc<Index>,
    server: &Arc<Live>,
    source: Source,
    intervals: Intervals,
) -> Outcome {
    let Some(place) = index.place(server) else { return Outcome::default() };
    let mut host = Host::new(Arc::clone(process), Arc::clone(index), Arc::clone(server));
    let mut check = Check::new(index.program(place, source), intervals);
    let mut line = Line { io: None, room: Vec::new(), lingers: false };
    let mut action = check.start(process.clock.now_ms(), false, &mut host);
    loop {
        let deadline = check.next_deadline().map(|ms| process.clock.origin + Duration::from_millis(ms));
        let step = async {
            match &action {
                Action::Connect(connect) => line.connect(index, place, source, connect, &host).await,
                Action::Send(bytes) => line.send(bytes).await.map(|()| Event::Sent),
                Action::Wait => line.receive().await.map(Event::Received),
                Action::Done(outcome) => return Err(Ended::Done(outcome.clone())),
            }
            .map_err(Ended::Failed)
        };
        let event = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, step).await,
            None => Ok(step.await),
        };
        let now_ms = process.clock.now_ms();
        action = match event {
            Err(_) => check.on_timeout(now_ms, false),
            Ok(Err(Ended::Done(outcome))) => {
                line.close();
                return outcome;
            }
            Ok(Err(Ended::Failed(failure))) => check.on_error(now_ms, &failure),
            Ok(Ok(Event::Connected)) => check.on_connected(now_ms, &mut host),
            Ok(Ok(Event::Sent)) => check.on_sent(now_ms, &mut host),
            Ok(Ok(Event::Received(0))) => check.on_eof(now_ms, &mut host),
            Ok(Ok(Event::Received(n))) => check.on_data(now_ms, &line.room[..n], &mut host),
        };
    }
}

enum Event {
    Connected,
    Sent,
    Received(usize),
}

enum Ended {
    Failed(Failure),
    Done(Outcome),
}

/// The connection of a probe.
struct Line {
    io: Option<Io>,
    room: Vec<u8>,
    /// True when it is to be closed in good form instead of by a reset.
    lingers: bool,
}

impl Line {
    async fn connect(
        &mut self,
        index: &Index,
        place: Place<'_>,
        source: Source,
        connect: &Connect,
        host: &Host,
    ) -> Result<Event, Failure> {
        self.close();
        self.lingers = connect.linger;
        let address = address(place, source, connect, host);
        let (px, server) = (place.px, place.server());
        let target = Target {
            address: &address,
            source: server.settings.source.as_ref().or(px.settings.source.as_ref()),
            client: None,
            keepalive: false,
            user_timeout_ms: None,
            mark: None,
            tos: None,
            receive_buffer: index.snapshot.global.rcvbuf_server,
            send_buffer: index.snapshot.global.sndbuf_server,
            late_ack: false,
            reset: false,
        };
        let io = connect::begin(&target).map_err(failure)?;
        std::future::poll_fn(|cx| io.poll_write_ready(cx)).await.map_err(failure)?;
        connect::established(&io).map_err(failure)?;
        let preface = preface(place, source, connect, &io);
        self.io = Some(io);
        self.send(&preface).await?;
        Ok(Event::Connected)
    }

    async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        let Some(io) = &mut self.io else { return Err(Failure::Os(libc::ENOTCONN)) };
        while !bytes.is_empty() {
            let sent = std::future::poll_fn(|cx| io.poll_write(cx, bytes)).await.map_err(failure)?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<usize, Failure> {
        let Some(io) = &mut self.io else { return Err(Failure::Os(libc::ENOTCONN)) };
        self.room.resize(ROOM, 0);
        let room = &mut self.room;
        std::future::poll_fn(|cx| io.poll_read(cx, room)).await.map_err(failure)
    }

    /// Closes by a reset, so that no port of ours stays in TIME-WAIT after each probe.
    fn close(&mut self) {
        if let Some(io) = self.io.take()
            && !self.lingers
        {
            io.reset_on_close();
        }
    }
}

fn failure(error: io::Error) -> Failure {
    let errno = error.raw_os_error().unwrap_or(match error.kind() {
        io::ErrorKind::AddrNotAvailable => libc::EADDRNOTAVAIL,
        _ => libc::EIO,
    });
    if NO_SOCKET.contains(&errno) { Failure::Socket(errno) } else { Failure::Os(errno) }
}

/// Where a probe connects: what the step says, else the `addr` and `port` of the server line, else the server itself.
fn address(place: Place<'_>, source: Source, connect: &Connect, host: &Host) -> ServerAddress {
    let settings = &place.server().settings;
    let (ip, port) = match source {
        Source::Check => {
            let port = connect.port.as_ref().and_then(|port| match port.parse::<u16>() {
                Ok(port) => Some(port),
                Err(_) => host.integer(port, &[]).and_then(|port| u16::try_from(port).ok()),
            });
            (connect.addr.or(settings.check_addr), port.or(settings.check_port))
        }
        Source::Agent => (settings.agent_addr, settings.agent_port),
    };
    let changed = place.server().live.runtime_address().map(ServerAddress::Ip);
    match (changed.as_ref().unwrap_or(&settings.address), ip) {
        (ServerAddress::Ip(own), ip) => {
            ServerAddress::Ip(SocketAddr::new(ip.unwrap_or(own.ip()), port.unwrap_or(own.port())))
        }
        (_, Some(ip)) => ServerAddress::Ip(SocketAddr::new(ip, port.unwrap_or(0))),
        (other, None) => other.clone(),
    }
}

/// The PROXY protocol header of a probe. What the server line says of traffic holds for its checks too, unless they go
/// to an address or port of their own (manual §5.2 "check-send-proxy").
fn preface(place: Place<'_>, source: Source, connect: &Connect, io: &Io) -> Vec<u8> {
    let settings = &place.server().settings;
    let own_target = settings.check_port.is_some() || settings.check_addr.is_some();
    let as_traffic = settings.send_proxy != SendProxy::Off && !own_target;
    let from_line = connect.default && (settings.check_send_proxy || as_traffic);
    let mut out = Vec::new();
    if source == Source::Agent || !(connect.send_proxy || from_line) {
        return out;
    }
    if settings.send_proxy == SendProxy::V2 {
        let checksum = settings.proxy_v2_options.iter().any(|option| option == "crc32c");
        write_v2(None, &[], checksum, &mut out);
        return out;
    }
    let socket = socket2::SockRef::from(io);
    let local = socket.local_addr().ok().and_then(|address| address.as_socket());
    let remote = socket.peer_addr().ok().and_then(|address| address.as_socket());
    write_v1(local.zip(remote), &mut out);
    out
}
