//! Connections of the runtime API.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::time::timeout;

use haproxy_engine::door::OpenSocket;

use super::words::{self, Line};
use super::{Answer, Context, Level, Prompt, Session, run};
use crate::handout::{self, Given};

/// What the clock of a process shows at its start.
const CLOCK_ORIGIN_MS: u64 = 1000;

/// Longest line or payload (manual of the statistics: 128 kB).
const INPUT_MAX: usize = 128 * 1024;

/// Bounds of a socket.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Level of its connections.
    pub level: Level,
    /// `stats timeout`.
    pub timeout: Duration,
    /// `stats maxconn`.
    pub connections_max: u32,
    /// `expose-fd listeners`: its connections may ask for the listening sockets.
    pub hands_out: bool,
    /// Connections now, over all sockets.
    pub connections: Arc<AtomicU32>,
}

/// Serves a unix socket until the task is dropped. Runs within a `LocalSet`.
pub async fn serve_unix(listener: UnixListener, context: Arc<Context>, limits: Limits) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            begin(stream, &context, &limits, hand_out);
        } else {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Serves a TCP socket until the task is dropped. Runs within a `LocalSet`.
pub async fn serve_tcp(listener: TcpListener, context: Arc<Context>, limits: Limits) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // descriptors travel over unix sockets only
            begin(stream, &context, &limits, |_, _| {});
        } else {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Counts a connection for as long as it lives.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn begin<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stream: S,
    context: &Arc<Context>,
    limits: &Limits,
    hand_out: fn(S, &Context),
) {
    if limits.connections.fetch_add(1, Relaxed) >= limits.connections_max {
        limits.connections.fetch_sub(1, Relaxed);
        return;
    }
    let counted = Counted(Arc::clone(&limits.connections));
    let session = Session { hands_out: limits.hands_out, ..Session::new(limits.level, limits.timeout) };
    let context = Arc::clone(context);
    tokio::task::spawn_local(async move {
        // an operator who hangs up ends the connection and nothing else
        if let Ok(Some(stream)) = converse(stream, &context, session).await {
            hand_out(stream, &context);
        }
        drop(counted);
    });
}

/// Serves one connection that is there already, with the state it begins with. Within a `LocalSet`.
pub fn serve_one(stream: UnixStream, context: Arc<Context>, session: Session) {
    tokio::task::spawn_local(async move {
        // an operator who hangs up ends the connection and nothing else
        if let Ok(Some(stream)) = converse(stream, &context, session).await {
            hand_out(stream, &context);
        }
    });
}

/// Gives the listening sockets of the process away, on a thread of its own: the taker may be slow.
fn hand_out(stream: UnixStream, context: &Context) {
    let doors = &context.process.doors;
    let sockets: Vec<Arc<OpenSocket>> = doors.all().into_iter().chain(doors.commands()).collect();
    let Ok(stream) = stream.into_std() else { return };
    let work = move || {
        let given: Vec<Given<'_>> = sockets
            .iter()
            .map(|socket| Given {
                socket: socket.as_fd(),
                namespace: socket.key.namespace.as_deref().unwrap_or_default(),
                interface: socket.key.interface.as_deref().unwrap_or_default(),
            })
            .collect();
        if let Err(error) = handout::give(&stream, &given) {
            tracing::warn!("Failed to hand the listening sockets over: {error}");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("haproxy".to_owned()).spawn(work) {
        tracing::warn!("Failed to hand the listening sockets over: {error}");
    }
}

/// Reads commands and answers them: one line, or, once `prompt` was given, until the other side ends. The stream comes
/// back when the other side has asked for the listening sockets and may have them.
pub(super) async fn converse<S>(stream: S, context: &Context, mut session: Session) -> io::Result<Option<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    if session.prompt == Prompt::Shown {
        stream.write_all(ask(context, &session).as_bytes()).await?;
        stream.flush().await?;
    }
    loop {
        let Some(line) = read_line(&mut stream, session.timeout).await? else { return Ok(None) };
        let mut lines = words::split(&line);
        if let Some(mark) = lines.last().and_then(|line| line.payload.clone()) {
            let payload = read_payload(&mut stream, session.timeout, &mark).await?;
            if let Some(last) = lines.last_mut() {
                last.payload = Some(payload);
            }
        }
        for line in lines {
            let text = answer(context, &mut session, line).await;
            if session.closing {
                stream.flush().await?;
                return Ok(session.gives.then(|| stream.into_inner()));
            }
            stream.write_all(text.as_bytes()).await?;
            stream.write_all(b"\n").await?;
        }
        match session.prompt {
            Prompt::Off => {
                stream.flush().await?;
                stream.shutdown().await?;
                return Ok(None);
            }
            Prompt::Silent => {}
            Prompt::Shown => stream.write_all(ask(context, &session).as_bytes()).await?,
        }
        stream.flush().await?;
    }
}

/// The prompt: `> `, or with the age `[d:hh:mm:ss]> `.
fn ask(context: &Context, session: &Session) -> String {
    if !session.timed {
        return "> ".to_owned();
    }
    let s = context.process.clock.now_ms().saturating_sub(CLOCK_ORIGIN_MS) / 1000;
    format!("[{}:{:02}:{:02}:{:02}]> ", s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60)
}

async fn answer(context: &Context, session: &mut Session, line: Line) -> String {
    match run(context, session, &line.words, line.payload) {
        Answer::Text(text) => text,
        Answer::Later(text) => text.await,
    }
}

async fn read_line<R: AsyncBufReadExt + Unpin>(
    reader: &mut R,
    limit: Duration,
) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let Ok(chunk) = timeout(limit, reader.fill_buf()).await else { return Ok(None) };
        let chunk = chunk?;
        if chunk.is_empty() {
            return Ok((!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned()));
        }
        let end = chunk.iter().position(|&b| b == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        bytes.extend_from_slice(&chunk[..taken]);
        reader.consume(taken);
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        if bytes.len() > INPUT_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// Lines up to the one that is the mark.
async fn read_payload<R: AsyncBufReadExt + Unpin>(
    reader: &mut R,
    limit: Duration,
    mark: &str,
) -> io::Result<String> {
    let mut payload = String::new();
    while let Some(line) = read_line(reader, limit).await? {
        if line.trim_end_matches(['\r', '\n']) == mark {
            break;
        }
        payload.push_str(&line);
        if payload.len() > INPUT_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(payload)
}
