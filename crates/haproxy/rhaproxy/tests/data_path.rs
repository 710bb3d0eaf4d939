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

    /// Sends bytes on a connection of their own and gives all that comes back.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n"))
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

fn http(rest: &str) -> String {
    format!("defaults\n mode http\n{TIMES} retries 3\nlisten l\n bind {{front}}\n{rest}")
}

#[test]
fn a_server_line_can_send_clients_elsewhere() {
    let back = server(|_, _| ok(b"asked"));
    let proxy = Proxy::start(&http(&format!(" server s {back} redir http://img.example.com/x\n")));
    let wanted = "HTTP/1.1 302 Found\r\ncache-control: no-cache\r\ncontent-length: 0\r\n\
                  location: http://img.example.com/x/small?a=b\r\nconnection: close\r\n\r\n";
    assert_eq!(proxy.get("/small?a=b"), wanted);
    assert_eq!(proxy.get("http://t/small?a=b"), wanted, "of a whole URI only the path");
    let posted = proxy.ask("POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    assert!(posted.ends_with("asked"), "{posted}");
}

#[test]
fn requests_are_tried_again_for_what_retry_on_names() {
    type Fault = fn() -> Vec<u8>;
    let nothing: Fault = Vec::new;
    let junk: Fault = || b"what is this\r\n\r\n".to_vec();
    let busy: Fault = || b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
    let status = |answer: &str| answer.get(9..12).unwrap_or_default().to_owned();
    for (words, fault, wanted) in [
        ("empty-response", nothing, "200"),
        ("conn-failure", nothing, "502"),
        ("junk-response", junk, "200"),
        ("empty-response", junk, "502"),
        ("503", busy, "200"),
        ("502", busy, "503"),
        ("all-retryable-errors", busy, "200"),
    ] {
        let back = server(move |number, head| match number {
            0 | 1 => fault(),
            _ => ok(head.rsplit("\r\n\r\n").next().unwrap_or_default().as_bytes()),
        });
        let proxy = Proxy::start(&http(&format!(" retry-on {words}\n server s {back}\n")));
        let request = "PUT / HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody";
        let answer = proxy.ask(request);
        assert_eq!(status(&answer), wanted, "{words}: {answer}");
        assert!(wanted != "200" || answer.ends_with("body"), "{words}: the body is sent again: {answer}");
    }
}

#[test]
fn a_slow_server_is_given_up_for_another_try() {
    let back = server(|number, _| {
        if number == 0 {
            std::thread::sleep(Duration::from_millis(600));
        }
        ok(number.to_string().as_bytes())
    });
    // one after the other: the second answer comes when the first is over
    let text = format!(" timeout server 200ms\n retry-on response-timeout\n retries 9\n server s {back}\n");
    let answer = Proxy::start(&http(&text)).get("/");
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("\r\n0"), "{answer}");
    let off = server(|_, _| {
        std::thread::sleep(Duration::from_millis(600));
        ok(b"late")
    });
    let answer = Proxy::start(&http(&format!(" timeout server 200ms\n server s {off}\n"))).get("/");
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
}

#[test]
fn rules_can_forbid_another_try() {
    let back = server(|number, _| if number == 0 { Vec::new() } else { ok(b"second") });
    let text = format!(" retry-on empty-response\n http-request disable-l7-retry\n server s {back}\n");
    let answer = Proxy::start(&http(&text)).get("/");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[test]
fn a_connection_stays_with_its_server_if_the_backend_prefers_that() {
    let two = || [server(|_, _| ok(b"a")), server(|_, _| ok(b"b"))];
    for (option, wanted) in [(" option prefer-last-server\n", "aaaa"), ("", "abab")] {
        let [a, b] = two();
        let proxy = Proxy::start(&http(&format!("{option} server a {a}\n server b {b}\n")));
        let mut stream = proxy.connect();
        let mut seen = String::new();
        for _ in 0..4 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            let mut byte = [0; 1];
            while !answer.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                answer.push(byte[0]);
            }
            stream.read_exact(&mut byte).unwrap();
            seen.push(char::from(byte[0]));
        }
        assert_eq!(seen, wanted, "{option}");
    }
}

#[test]
fn with_independent_streams_what_is_sent_does_not_keep_a_silent_client() {
    for (option, cut) in [(" option independent-streams\n", true), ("", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let back = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else { return };
            for _ in 0..15 {
                std::thread::sleep(Duration::from_millis(100));
                if stream.write_all(b"x").is_err() {
                    return;
                }
            }
        });
        let proxy = Proxy::start(&format!(
            "defaults\n mode tcp\n timeout client 500ms\n timeout server 10s\n timeout connect 5s\n{option}\
             listen l\n bind {{front}}\n server s {back}\n"
        ));
        let mut stream = proxy.connect();
        let mut got = Vec::new();
        let _ = stream.read_to_end(&mut got);
        assert_eq!(got.len() < 15, cut, "{option}: {} bytes", got.len());
    }
}

#[test]
fn without_linger_a_server_sees_a_reset() {
    for (option, reset) in [(" option nolinger\n", true), ("", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let back = listener.local_addr().unwrap();
        let (send, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"junk\r\n\r\n");
            let _ = send.send(stream.read(&mut buffer).is_err());
        });
        let proxy = Proxy::start(&http(&format!("{option} server s {back}\n")));
        assert!(proxy.get("/").starts_with("HTTP/1.1 502"));
        assert_eq!(ended.recv_timeout(Duration::from_secs(5)).unwrap(), reset, "{option}");
    }
}

#[test]
fn rules_say_who_may_see_the_statistics() {
    let rules = " stats enable\n stats uri /stats\n stats http-request deny unless { hdr(x-in) yes }\n";
    let proxy = Proxy::start(&http(rules));
    assert!(proxy.get("/stats").starts_with("HTTP/1.1 403"));
    let allowed = proxy.ask("GET /stats HTTP/1.1\r\nhost: t\r\nx-in: yes\r\nconnection: close\r\n\r\n");
    // the pages of this test know of none
    assert!(allowed.starts_with("HTTP/1.1 404"), "{allowed}");
}

#[test]
fn captured_cookies_have_a_length() {
    let back = server(|_, _| ok(b""));
    for (global, wanted) in [(" tune.http.cookielen 6\n", "ID=123"), ("", "ID=123456789")] {
        let proxy = Proxy::start(&format!(
            "global\n{global}{}",
            http(&format!(
                " capture cookie ID= len 40\n http-after-response set-header seen %CC\n \
                 server s {back}\n"
            ))
        ));
        let request = "GET / HTTP/1.1\r\nhost: t\r\ncookie: ID=123456789\r\nconnection: close\r\n\r\n";
        let answer = proxy.ask(request);
        assert!(answer.contains(&format!("\r\nseen: {wanted}\r\n")), "{answer}");
    }
}
