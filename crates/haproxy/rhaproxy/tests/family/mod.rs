//! A master with its children, started as a user would, and what one can ask of it.

// each test program uses a part of it
#![allow(dead_code)]

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// This build.
pub const OURS: &str = env!("CARGO_BIN_EXE_rhaproxy");

/// The original, if it is installed.
pub fn original() -> Option<&'static str> {
    let path = "/usr/sbin/haproxy";
    fs::exists(path).ok()?.then_some(path)
}

/// Longest wait for anything; only a fault takes as long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `holds` gives something.
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = holds() {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An address nobody uses.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A master.
pub struct Family {
    /// Its directory: `h.cfg`, `m.sock`, `pid`, `notify`.
    pub dir: PathBuf,
    /// The process started.
    pub child: Child,
    said: Arc<Mutex<String>>,
    told: Arc<Mutex<Vec<String>>>,
    config: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Settings of every configuration here.
pub const DEFAULTS: &str =
    "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n";

impl Family {
    /// An empty directory.
    pub fn room() -> PathBuf {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("family-{}-{number}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// Starts `program` on a configuration, where `DIR` stands for the family's directory.
    pub fn start(program: &str, flags: &[&str], config: &str) -> Family {
        Self::start_in(Self::room(), program, flags, config)
    }

    /// Starts in a directory that is there.
    pub fn start_in(dir: PathBuf, program: &str, flags: &[&str], config: &str) -> Family {
        let config = config.replace("DIR", &dir.display().to_string());
        fs::write(dir.join("h.cfg"), &config).unwrap();
        let notify = UnixDatagram::bind(dir.join("notify")).unwrap();
        let own_socket =
            (!flags.contains(&"-S")).then(|| ["-S".to_owned(), dir.join("m.sock").display().to_string()]);
        // whoever runs the tests may ignore signals, which children would inherit
        let mut child = Command::new("env")
            .arg("--default-signal")
            .arg(program)
            .args(flags.iter().map(|flag| flag.replace("DIR", &dir.display().to_string())))
            .args(own_socket.iter().flatten())
            .args(["-f", dir.join("h.cfg").to_str().unwrap()])
            .args(["-p", dir.join("pid").to_str().unwrap()])
            .env("NOTIFY_SOCKET", dir.join("notify"))
            .env("PLACE", &dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, told) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(Vec::new())));
        let (stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stderr);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|n| n > 0) {
                kept.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let kept = Arc::clone(&told);
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            while let Ok(n) = notify.recv(&mut message) {
                kept.lock().unwrap().push(String::from_utf8_lossy(&message[..n]).into_owned());
            }
        });
        Family { dir, child, said, told, config }
    }

    /// Starts and waits until the worker serves.
    pub fn serving(program: &str, flags: &[&str], config: &str) -> Family {
        Self::serving_in(Self::room(), program, flags, config)
    }

    /// The same in a directory that is there.
    pub fn serving_in(dir: PathBuf, program: &str, flags: &[&str], config: &str) -> Family {
        let family = Family::start_in(dir, program, flags, config);
        until("the master says that its worker serves", || {
            family.said().contains("Loading success.").then_some(())
        });
        until("the pidfile is there", || family.dir.join("pid").exists().then_some(()));
        family.settle();
        family
    }

    /// Waits until the worker answers: the original's processes miss signals that come earlier.
    pub fn settle(&self) {
        let is_number = |answer: String| answer.starts_with(|c: char| c.is_ascii_digit());
        until("the worker answers", || is_number(self.ask("@1 show version")).then_some(()));
    }

    /// The master's process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// All that was said on standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// All that the service manager was told so far.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// Writes another configuration: the present one with `from` replaced by `to`.
    pub fn change(&mut self, from: &str, to: &str) {
        let dir = self.dir.display().to_string();
        let from = from.replace("DIR", &dir);
        assert!(self.config.contains(&from), "{from}");
        self.config = self.config.replace(&from, &to.replace("DIR", &dir));
        fs::write(self.dir.join("h.cfg"), &self.config).unwrap();
    }

    /// The answer of the master's socket to one line.
    pub fn ask(&self, line: &str) -> String {
        // the original becomes another program right after its start, and its connections end
        until("the master answers", || self.try_ask(line).ok())
    }

    fn try_ask(&self, line: &str) -> io::Result<String> {
        let mut answer = String::new();
        let mut stream = UnixStream::connect(self.dir.join("m.sock"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(line.as_bytes())?;
        stream.write_all(b"\n")?;
        // it may have closed already
        let _ = stream.shutdown(Shutdown::Write);
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Process ids of the children `show proc` lists under a title.
    pub fn listed(&self, title: &str) -> Vec<i32> {
        let text = self.ask("show proc");
        let mut lines = text.lines().skip_while(|line| *line != title).skip(1);
        let mut pids = Vec::new();
        while let Some(line) = lines.next().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            pids.push(line.split_whitespace().next().unwrap().parse().unwrap());
        }
        pids
    }

    /// The worker that serves.
    pub fn worker(&self) -> i32 {
        until("there is a worker", || self.listed("# workers").first().copied())
    }

    /// Sends a signal to the master.
    pub fn signal(&self, signal: i32) {
        common_os::signals::send(self.pid(), signal);
    }

    /// Waits for the master's end.
    pub fn end(&mut self) -> ExitStatus {
        until("the master ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(15);
            let end = Instant::now() + Duration::from_secs(5);
            while self.child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
        if std::thread::panicking() {
            eprintln!("--- the master said:\n{}", self.said());
        }
    }
}

/// Whether a process is there and no zombie.
pub fn lives(pid: i32) -> bool {
    common_os::process::comm(pid).is_some() && !common_os::process::is_zombie(pid)
}

/// The body of the answer to one request.
pub fn get(address: SocketAddr) -> String {
    let mut stream = until("the address answers", || TcpStream::connect(address).ok());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned())
}

/// One request and its answer's body on a connection that stays.
pub fn get_on(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the connection ended");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// A frontend that answers `text`.
pub fn frontend(name: &str, address: SocketAddr, text: &str) -> String {
    format!(
        "frontend {name}\n bind {address}\n http-request return status 200 content-type text/plain string \"{text}\"\n"
    )
}
