//! Settings of the data path, each shown by what it does to traffic.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use haproxy_conf::{Environment, MemFiles, Source};
use haproxy_engine::log::LogOutput;
use haproxy_engine::run::{self, Machine, Running};
use haproxy_engine::service::{ServiceRequest, Services};
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

/// A proxy on a free port, which `{front}` in its configuration stands for.
struct Proxy {
    running: Option<Running>,
    front: SocketAddr,
}

impl Proxy {
    fn start(text: &str) -> Proxy {
        let front = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = text.replace("{front}", &front.to_string());
        let args = Args { sources: vec![Source::new("a.cfg")], ..Args::default() };
        let files = Arc::new(MemFiles::single("a.cfg", text));
        let loaded = load(&args, &mut Environment::new(), files, &Lasting::default(), None);
        let snapshot = loaded.snapshot.unwrap_or_else(|| panic!("{}", loaded.diags.render_plain()));
        let opened = sockets::open(&snapshot, &mut Supply::default(), |_| true).unwrap();
        let snapshot = Arc::new(snapshot);
        let sockets = sockets::for_snapshot(&snapshot, opened);
        let machine = Machine { hostname: "test".to_owned(), pid: std::process::id() };
        let running =
            run::start(snapshot, sockets, LogOutput::default(), Arc::new(NoPages), machine).unwrap();
        Proxy { running: Some(running), front }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.front).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn spliced_bytes(&self) -> u64 {
        self.running.as_ref().unwrap().process.counters.sum(|c| c.spliced_bytes_out.load())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.soft_stop(0);
            running.join();
        }
    }
}

/// A server that reads one head on each connection, answers what `answer` makes of its number and the head, and closes.
fn server(answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            let _ = stream.write_all(&answer(number, &String::from_utf8_lossy(&seen)));
        }
    });
    address
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

const TIMES: &str = " timeout client 10s\n timeout server 10s\n timeout connect 5s\n";

#[test]
fn long_bodies_go_through_pipes_where_they_may() {
    let body: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let sent = body.clone();
    let back = server(move |_, _| ok(&sent));
    let whole = |answer: &[u8]| answer.ends_with(&body);
    for (global, mode, spliced) in [
        ("", " mode tcp\n", true),
        (" nosplice\n", " mode tcp\n", false),
        ("", " mode http\n", false),
        ("", " mode http\n option splice-response\n", true),
        (" tune.pipesize 64k\n maxpipes 2\n", " mode http\n option splice-auto\n", true),
        ("", " mode http\n option splice-request\n", false),
    ] {
        let proxy = Proxy::start(&format!(
            "global\n{global}defaults\n{mode}{TIMES}listen l\n bind {{front}}\n server s {back}\n"
        ));
        let mut stream = proxy.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(whole(&answer), "{global}{mode}: {} bytes", answer.len());
        // a session is counted when both sides have ended
        drop(stream);
        let wait = std::time::Instant::now();
        while (proxy.spliced_bytes() > 0) != spliced && wait.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(proxy.spliced_bytes() > 0, spliced, "{global}{mode}");
    }
}
