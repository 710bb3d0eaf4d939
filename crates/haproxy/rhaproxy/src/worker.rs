//! A worker's tie to its master: conversations that come over the socket pair, the word that it is ready, and the end
//! when the master has died.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use haproxy_admin::cli::{self, Context, Level, Prompt, Session};
use haproxy_conf::Severity;
use tokio::io::Interest;
use tokio::sync::{mpsc, oneshot};

use crate::handover::receiver::{self, Bound, Fresh};
use crate::link::{self, Arrival, Rights, Subject};
use crate::messages;
use crate::role::Ties;

/// Pause after a conversation could not be taken, which a lack of descriptors may cause.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A configuration to be put in force, and where the outcome goes: why it was refused, if it was.
pub type Wish = (Fresh, oneshot::Sender<Option<String>>);

/// Gives what a conversation about a configuration needs to know of the process now.
pub type Describe = Arc<dyn Fn() -> Bound + Send + Sync>;

/// Serves the master from now on, and tells it that the worker is ready. Within a `LocalSet`.
pub fn start(
    ties: Ties,
    context: &Arc<Context>,
    describe: Describe,
    wishes: mpsc::UnboundedSender<Wish>,
) -> io::Result<()> {
    let timeout = Duration::from_millis(context.process.snapshot.load().global.stats_timeout_ms);
    nix::unistd::dup2_stderr(&ties.stderr)?;
    drop(ties.stderr);
    let link = UnixStream::from(ties.link);
    io::Write::write_all(&mut &link, link::READY)?;
    link.set_nonblocking(true)?;
    let link = tokio::net::UnixStream::from_std(link)?;
    let context = Arc::clone(context);
    tokio::task::spawn_local(async move {
        loop {
            match next(&link).await {
                Ok(Arrival::Conversation(Subject::Commands(session), fd)) => {
                    if let Err(error) = talk(fd, &context, session, timeout) {
                        tracing::error!("cannot answer the master: {error}");
                    }
                }
                Ok(Arrival::Conversation(Subject::Configuration, fd)) => {
                    take_configuration(fd, &describe, &wishes)
                }
                Ok(Arrival::Nonsense) => {}
                // nobody is left to supervise this process
                Ok(Arrival::End) => std::process::exit(1),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    });
    Ok(())
}

async fn next(link: &tokio::net::UnixStream) -> io::Result<Arrival> {
    link.async_io(Interest::READABLE, || link::accept(link.as_fd())).await
}

fn talk(fd: OwnedFd, context: &Arc<Context>, session: link::Session, timeout: Duration) -> io::Result<()> {
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(true)?;
    let stream = tokio::net::UnixStream::from_std(stream)?;
    let level = match session.rights {
        Rights::Admin => Level::Admin,
        Rights::Operator => Level::Operator,
        Rights::User => Level::User,
    };
    let session = Session {
        expert: session.expert,
        experimental: session.experimental,
        prompt: match (session.interactive, session.prompt) {
            (false, _) => Prompt::Off,
            (true, false) => Prompt::Silent,
            (true, true) => Prompt::Shown,
        },
        timed: session.timed,
        // who speaks for the master may have everything
        hands_out: true,
        ..Session::new(level, timeout)
    };
    cli::serve_one(stream, Arc::clone(context), session);
    Ok(())
}

/// Loads what is offered, on a thread of its own, so that checks and commands go on.
fn take_configuration(fd: OwnedFd, describe: &Describe, wishes: &mpsc::UnboundedSender<Wish>) {
    let (describe, wishes) = (Arc::clone(describe), wishes.clone());
    let work = move || {
        let mut stream = UnixStream::from(fd);
        let refused = match receiver::receive(&mut stream, &describe()) {
            Ok(Ok(fresh)) => put_in_force(fresh, &wishes),
            Ok(Err(text)) => Some(text),
            // the reader has told already why it ends
            Err(_) => return,
        };
        if let Err(error) = receiver::answer(&mut stream, refused) {
            tracing::warn!("the reader did not wait for the end of the reload: {error}");
        }
    };
    let spawned = std::thread::Builder::new().name("haproxy".to_owned()).spawn(work);
    if let Err(error) = spawned {
        messages::print(Severity::Alert, &format!("Cannot load a configuration: {error}"));
    }
}

fn put_in_force(fresh: Fresh, wishes: &mpsc::UnboundedSender<Wish>) -> Option<String> {
    let (done, outcome) = oneshot::channel();
    drop(wishes.send((fresh, done)));
    outcome.blocking_recv().unwrap_or_else(|_| Some("The worker is ending.".to_owned()))
}
