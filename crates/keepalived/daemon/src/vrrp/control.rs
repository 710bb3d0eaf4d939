//! Questions from outside: the control socket and the metrics listener.
//!
//! Both live on a thread of their own, so that no client can hold up an advert; they ask the loop, which answers
//! from what it knows. The protocol of the socket is one line of request and the whole answer, then the end.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common_metrics::{Health, Source};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::input::Input;

/// Longest request line.
const LINE_MAX: u64 = 256;
/// How long a client may take, and the loop to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Clients served at once.
const CLIENTS_MAX: usize = 16;

/// A question and where its answer goes.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub question: Question,
    /// Where the answer goes.
    pub answer: oneshot::Sender<String>,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The state of every instance, as JSON.
    Status,
    /// The Prometheus text.
    Metrics,
    /// Take an instance (or all) out of service, or back.
    Maintenance {
        /// Its name; `None` is all.
        instance: Option<String>,
        /// In or out.
        on: bool,
    },
}

impl Question {
    /// Reads a request line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let question = match (words.next()?, words.next()) {
            ("status", None) => Self::Status,
            ("metrics", None) => Self::Metrics,
            ("maintenance", Some("on")) => {
                Self::Maintenance { instance: words.next().map(str::to_owned), on: true }
            }
            ("maintenance", Some("off")) => {
                Self::Maintenance { instance: words.next().map(str::to_owned), on: false }
            }
            _ => return None,
        };
        words.next().is_none().then_some(question)
    }
}

/// The socket file, removed when dropped.
#[derive(Debug)]
pub struct Door {
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Starts the thread. The socket is for the daemon's own user alone.
pub fn open(
    path: Option<&Path>,
    metrics: Option<SocketAddr>,
    inbox: &mpsc::Sender<Input>,
) -> io::Result<Option<Door>> {
    let socket = path.map(bind).transpose()?;
    let listener = metrics.map(std::net::TcpListener::bind).transpose()?;
    if socket.is_none() && listener.is_none() {
        return Ok(None);
    }
    let inbox = inbox.clone();
    std::thread::Builder::new().name(String::from("keepalived")).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let control = async {
                match socket {
                    Some(socket) => serve(socket, inbox.clone()).await,
                    None => std::future::pending().await,
                }
            };
            let scrapes = async {
                match listener {
                    Some(listener) => scrape(listener, inbox.clone()).await,
                    None => std::future::pending().await,
                }
            };
            let (control, scrapes) = tokio::join!(control, scrapes);
            for error in [control, scrapes].into_iter().filter_map(Result::err) {
                tracing::warn!("control: {error}");
            }
        });
    })?;
    Ok(path.map(|path| Door { path: path.to_owned() }))
}

/// A socket that a dead process left is replaced.
fn bind(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
        fs::remove_file(path)?;
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn serve(socket: std::os::unix::net::UnixListener, inbox: mpsc::Sender<Input>) -> io::Result<()> {
    let socket = UnixListener::from_std(socket)?;
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let (stream, _) = socket.accept().await?;
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        let inbox = inbox.clone();
        tokio::spawn(async move {
            let _ = timeout(PATIENCE * 2, client(stream, &inbox)).await;
            drop(place);
        });
    }
}

async fn client(stream: UnixStream, inbox: &mpsc::Sender<Input>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_MAX)).read_line(&mut line).await?;
    let answer = match Question::parse(&line) {
        Some(question) => ask(question, inbox).await,
        None => Some(String::from("unknown request\n")),
    };
    write.write_all(answer.unwrap_or_default().as_bytes()).await
}

async fn ask(question: Question, inbox: &mpsc::Sender<Input>) -> Option<String> {
    let (answer, wait) = oneshot::channel();
    inbox.send(Input::Control(Request { question, answer })).await.ok()?;
    timeout(PATIENCE, wait).await.ok()?.ok()
}

async fn scrape(listener: std::net::TcpListener, inbox: mpsc::Sender<Input>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (for_metrics, for_health) = (inbox.clone(), inbox);
    let source = Source {
        metrics: Arc::new(move || {
            let inbox = for_metrics.clone();
            Box::pin(async move { ask(Question::Metrics, &inbox).await })
        }),
        health: Arc::new(move || {
            let inbox = for_health.clone();
            Box::pin(async move {
                match ask(Question::Status, &inbox).await {
                    Some(status) => Health::Good(status),
                    None => Health::Bad(String::from("the vrrp process does not answer\n")),
                }
            })
        }),
    };
    common_metrics::serve(listener, source).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        assert_eq!(Question::parse("status\n"), Some(Question::Status));
        let on = Question::Maintenance { instance: None, on: true };
        assert_eq!(Question::parse("maintenance on"), Some(on));
        let off = Question::Maintenance { instance: Some("VI_1".into()), on: false };
        assert_eq!(Question::parse("maintenance off VI_1"), Some(off));
        for bad in ["", "x", "status x", "maintenance", "maintenance on a b"] {
            assert_eq!(Question::parse(bad), None, "{bad}");
        }
    }
}
