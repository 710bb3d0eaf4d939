//! Passing commands on to a worker and its answers back.

use std::io;
use std::os::fd::AsFd;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::session::Modes;
use crate::link::{self, Rights, Session, Subject};
use crate::master::procs::Child;
use haproxy_admin::cli::Level;

/// Bytes moved at a time.
const CHUNK: usize = 16 * 1024;

/// What is known of the other side's habits.
fn is_ours(child: &Child) -> bool {
    child.version.as_deref().is_some_and(|version| version.contains("rhaproxy"))
}

fn rights(level: Level) -> Rights {
    match level {
        Level::User => Rights::User,
        Level::Operator => Rights::Operator,
        Level::Admin => Rights::Admin,
    }
}

/// A conversation with a worker, in this session's modes, and what must be said first to one that does not know them.
fn open(child: &Child, modes: &Modes, interactive: bool) -> io::Result<(UnixStream, String)> {
    let link = child.link.as_ref().ok_or(io::ErrorKind::NotConnected)?;
    let session = Session {
        rights: rights(modes.level),
        expert: modes.expert,
        experimental: modes.experimental,
        interactive,
        prompt: interactive && modes.prompt,
        timed: interactive && modes.prompt && modes.timed,
    };
    let stream = link::connect(link.as_fd(), Subject::Commands(session))?;
    stream.set_nonblocking(true)?;
    let mut first = String::new();
    if !is_ours(child) {
        let wishes = [
            (modes.level == Level::Operator, "operator;"),
            (modes.level == Level::User, "user;"),
            (modes.expert, "expert-mode on;"),
            (modes.experimental, "experimental-mode on;"),
        ];
        first.extend(wishes.iter().filter(|(wished, _)| *wished).map(|(_, text)| *text));
    }
    Ok((UnixStream::from_std(stream)?, first))
}

/// Has a worker run one command; its answer goes to `client`.
pub async fn command(
    client: &mut (impl AsyncWrite + Unpin),
    child: &Child,
    modes: &Modes,
    text: &str,
) -> io::Result<()> {
    let (mut worker, first) = open(child, modes, false)?;
    worker.write_all(format!("{first}{text}\n").as_bytes()).await?;
    worker.shutdown().await?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match worker.read(&mut chunk).await? {
            0 => return Ok(()),
            n => client.write_all(&chunk[..n]).await?,
        }
    }
}

/// Gives the whole connection to a worker until the worker ends: with a line, until its commands are done; without one,
/// until the operator quits.
pub async fn whole(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    child: &Child,
    modes: &Modes,
    text: &str,
) -> io::Result<()> {
    let (mut worker, first) = open(child, modes, text.is_empty())?;
    if !text.is_empty() {
        worker.write_all(format!("{first}{text}\n").as_bytes()).await?;
    }
    let (mut from_client, mut from_worker) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut client_open = true;
    loop {
        tokio::select! {
            read = worker.read(&mut from_worker) => match read? {
                0 => return Ok(()),
                n => client.write_all(&from_worker[..n]).await?,
            },
            read = client.read(&mut from_client), if client_open => match read? {
                0 => {
                    client_open = false;
                    worker.shutdown().await?;
                }
                n => worker.write_all(&from_client[..n]).await?,
            },
        }
    }
}
