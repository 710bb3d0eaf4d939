//! A client that asks again and again, and keeps who answered when: gaps and shares are read off afterwards.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sched::{CloneFlags, setns};

use crate::framing::{Kind, message_len};
use crate::netns::Node;

/// One request, on a connection of its own.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it was answered or given up.
    pub at: Instant,
    /// `X-Proxy` and `X-Backend` of a 200, else why there was none.
    pub by: Result<String, String>,
}

/// A running client; stops with its handle.
#[derive(Debug)]
pub struct Probe {
    answers: Arc<Mutex<Vec<Answer>>>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Answers by who gave them.
    pub answered: BTreeMap<String, usize>,
    /// Failures by their reason.
    pub failed: BTreeMap<String, usize>,
    /// The longest time without a good answer.
    pub gap: Duration,
}

/// After this a request counts as lost: a client behind a dead address would wait much longer.
const PATIENCE: Duration = Duration::from_millis(250);

impl Probe {
    /// Asks `target` every `interval`, from inside a node if one is given.
    pub fn start(node: Option<&Node>, target: SocketAddr, interval: Duration) -> Result<Probe> {
        let net = node.map(|node| File::open(format!("/proc/{}/ns/net", node.init_pid()))).transpose()?;
        let (answers, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&answers), Arc::clone(&stop));
        let worker = thread::spawn(move || {
            if net.is_some_and(|net| setns(net, CloneFlags::CLONE_NEWNET).is_err()) {
                return;
            }
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                let by = ask(target);
                if let Ok(mut all) = kept.lock() {
                    all.push(Answer { at: Instant::now(), by });
                }
                thread::sleep(interval.saturating_sub(began.elapsed()));
            }
        });
        Ok(Probe { answers, stop, worker: Some(worker) })
    }

    /// All answers between two moments.
    pub fn between(&self, from: Instant, to: Instant) -> Vec<Answer> {
        let all = self.answers.lock().map(|all| all.clone()).unwrap_or_default();
        all.into_iter().filter(|answer| answer.at >= from && answer.at <= to).collect()
    }

    /// The last good answer's author.
    pub fn last(&self) -> Option<String> {
        let all = self.answers.lock().ok()?;
        all.iter().rev().find_map(|answer| answer.by.clone().ok())
    }

    /// What happened since a moment; a gap that is still open counts to now.
    pub fn since(&self, from: Instant) -> Summary {
        let now = Instant::now();
        let mut summary = Summary::default();
        let mut good = from;
        for answer in self.between(from, now) {
            match answer.by {
                Ok(by) => {
                    *summary.answered.entry(by).or_default() += 1;
                    summary.gap = summary.gap.max(answer.at - good);
                    good = answer.at;
                }
                Err(why) => *summary.failed.entry(why).or_default() += 1,
            }
        }
        summary.gap = summary.gap.max(now - good);
        summary
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |counts: &BTreeMap<String, usize>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let failed = if self.failed.is_empty() { "none".to_owned() } else { list(&self.failed) };
        write!(
            f,
            "answered: {}; failed: {failed}; longest gap {} ms",
            list(&self.answered),
            self.gap.as_millis()
        )
    }
}

/// One request on a fresh connection.
pub fn ask(target: SocketAddr) -> Result<String, String> {
    let answer = fetch(target, "/").map_err(|error| reason(&error))?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("closed").to_owned();
    let header = |name: &str| {
        text.split("\r\n")
            .filter_map(|l| l.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    };
    match status.as_str() {
        "200" => {
            Ok([header("x-proxy"), header("x-backend")].into_iter().flatten().collect::<Vec<_>>().join(" > "))
        }
        _ => Err(status),
    }
}

/// The whole answer to a GET.
pub fn fetch(target: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n").as_bytes())?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 16384]);
    while message_len(&answer, Kind::Response).is_none() {
        match stream.read(&mut chunk)? {
            0 => break,
            len => answer.extend_from_slice(&chunk[..len]),
        }
    }
    Ok(answer)
}
/// Why a request failed. A read that waited too long is told by the kernel in words nobody would look for.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.to_string(),
        kind => kind.to_string(),
    }
}
