//! A configuration is replaced under live streams: they end on the one they began with, new ones use the new one, and the
//! old one's memory returns when the last of them has ended.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use haproxy_conf::{Environment, MemFiles, Source};
use haproxy_engine::log::LogOutput;
use haproxy_engine::run::{self, Machine, Running};
use haproxy_engine::service::{ServiceRequest, Services};
use haproxy_model::snapshot::Snapshot;
use haproxy_rules::{Reply, ReplyCause};
use rhaproxy::args::Args;
use rhaproxy::load::{Lasting, load};
use rhaproxy::sockets::{self, Supply};

struct NoPages;

impl Services for NoPages {
    fn answer(&self, _: &ServiceRequest<'_>) -> Reply {
        Reply::built_in(404, ReplyCause::Local)
    }
}

/// A server that answers each request with its name; the second half of a slow answer waits for the channel.
fn server(name: &'static str) -> (SocketAddr, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (go, wait) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut seen = Vec::new();
            let mut buffer = [0; 1024];
            while !seen.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            let slow = seen.starts_with(b"GET /slow");
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", name.len() * 2);
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(name.as_bytes());
            if slow {
                let _ = wait.recv_timeout(Duration::from_secs(10));
            }
            let _ = stream.write_all(name.as_bytes());
        }
    });
    (address, go)
}

fn snapshot(front: SocketAddr, back: SocketAddr, old: Option<&Snapshot>) -> Snapshot {
    let text = format!(
        "defaults\n mode http\n timeout client 10s\n timeout server 10s\n timeout connect 1s\nfrontend f\n bind {front}\n \
         default_backend b\nbackend b\n server s {back}\n"
    );
    let args = Args { sources: vec![Source::new("a.cfg")], ..Args::default() };
    let files = Arc::new(MemFiles::single("a.cfg", text));
    let loaded = load(&args, &mut Environment::new(), files, &Lasting::default(), old);
    loaded.snapshot.unwrap_or_else(|| panic!("{}", loaded.diags.render_plain()))
}

fn start(snapshot: Snapshot) -> (Running, Weak<Snapshot>) {
    let opened = sockets::open(&snapshot, &mut Supply::default(), |_| true).unwrap();
    let snapshot = Arc::new(snapshot);
    let sockets = sockets::for_snapshot(&snapshot, opened);
    let weak = Arc::downgrade(&snapshot);
    let machine = Machine { hostname: "test".to_owned(), pid: std::process::id() };
    (run::start(snapshot, sockets, LogOutput::default(), Arc::new(NoPages), machine).unwrap(), weak)
}

fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
    stream
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn live_streams_end_on_the_configuration_they_began_with() {
    let (one, go) = server("one");
    let (two, _) = server("two");
    let front = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (running, old) = start(snapshot(front, one, None));

    let mut slow = ask(front, "/slow");
    let mut head = [0; 256];
    let n = slow.read(&mut head).unwrap();
    assert!(head[..n].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head[..n]));

    let before = running.process.snapshot.load_full();
    running.replace(Arc::new(snapshot(front, two, Some(&before))));
    drop(before);
    // the server keeps its name, so its live state is the same object
    until("new streams use the new configuration", || {
        let mut answer = String::new();
        ask(front, "/").read_to_string(&mut answer).unwrap();
        answer.ends_with("twotwo")
    });
    assert!(old.strong_count() > 0, "the slow stream still needs the old configuration");

    go.send(()).unwrap();
    let mut rest = String::from_utf8_lossy(&head[..n]).into_owned();
    slow.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("oneone"), "{rest}");
    until("the old configuration's memory returns", || old.strong_count() == 0);
    running.soft_stop(0);
    running.join();
}
