//! The reader's side: it reads, opens, offers, and ends with what the worker says.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use haproxy_conf::{Environment, FileProvider, OsFiles, Severity};
use haproxy_engine::door::SocketKey;
use haproxy_model::snapshot::Snapshot;
use socket2::Socket;

use super::bundle::Recorder;
use super::{Hello, NEEDS_A_WORKER, Offer, Verdict, fixed};
use crate::answers::Process;
use crate::args::Args;
use crate::load::{self, Lasting};
use crate::role::Ties;
use crate::sockets::Supply;
use crate::{messages, sockets, start};

/// Reads the configuration and offers it to the worker behind `ties`.
pub fn run(args: &Args, process: &Process, ties: Ties) -> ExitCode {
    let recorder = Arc::new(Recorder::new(OsFiles));
    let files: Arc<dyn FileProvider + Send + Sync> = Arc::clone(&recorder) as _;
    let Some(snapshot) = read(args, process, files) else { return ExitCode::from(1) };
    let mut stream = UnixStream::from(ties.link);
    match offer(&mut stream, &snapshot, &recorder) {
        Ok(Outcome::Applied) => ExitCode::SUCCESS,
        Ok(Outcome::Refused) => ExitCode::from(1),
        Ok(Outcome::NeedsAWorker) => ExitCode::from(NEEDS_A_WORKER as u8),
        Err(error) => {
            messages::print(
                Severity::Alert,
                &format!("The worker does not take the configuration: {error}."),
            );
            ExitCode::from(1)
        }
    }
}

fn read(args: &Args, process: &Process, files: Arc<dyn FileProvider + Send + Sync>) -> Option<Snapshot> {
    let mut env = Environment::from_process();
    if let Err(error) = crate::environment::before_reading(&mut env, args, &start::host_name()) {
        messages::print(Severity::Alert, &error.to_string());
        return None;
    }
    let loaded = load::load(args, &mut env, files, &Lasting::default(), None);
    let quiet = args.is_silent() || (loaded.quiet && !args.switches.verbose);
    start::show(&loaded, args, process, quiet);
    if !start::may_start(&loaded, args) {
        return None;
    }
    let snapshot = loaded.snapshot?;
    if !start::has_listener(&snapshot) {
        messages::print(Severity::Alert, &start::no_listener(process));
        return None;
    }
    Some(snapshot)
}

enum Outcome {
    Applied,
    Refused,
    NeedsAWorker,
}

fn offer(
    stream: &mut UnixStream,
    snapshot: &Snapshot,
    recorder: &Arc<Recorder<OsFiles>>,
) -> io::Result<Outcome> {
    let hello: Hello = super::read(stream)?;
    if let Some(change) = fixed::difference(&hello.fixed, &fixed::list(&snapshot.global)) {
        let text = format!("{change}, which a running process cannot do: a new worker takes over.");
        messages::print(Severity::Notice, &text);
        return Ok(Outcome::NeedsAWorker);
    }
    let known: HashSet<&str> = hello.sockets.iter().map(String::as_str).collect();
    let (keys, sockets) = match open_missing(snapshot, &known) {
        Ok(opened) => opened.into_iter().unzip::<_, _, Vec<String>, Vec<Socket>>(),
        Err(faults) => {
            for fault in faults {
                messages::print(Severity::Alert, &fault);
            }
            return Ok(Outcome::Refused);
        }
    };
    let memory = Arc::clone(recorder).into_memory()?;
    super::write(stream, &Offer { sockets: keys })?;
    let fds: Vec<BorrowedFd<'_>> =
        std::iter::once(memory.as_fd()).chain(sockets.iter().map(AsFd::as_fd)).collect();
    super::send_descriptors(stream, &fds)?;
    let verdict: Verdict = super::read(stream)?;
    if let Some(text) = verdict.refused {
        messages::print(Severity::Alert, &text);
        return Ok(Outcome::Refused);
    }
    Ok(Outcome::Applied)
}

/// Opens the sockets the worker has not, all or none.
fn open_missing(snapshot: &Snapshot, known: &HashSet<&str>) -> Result<Vec<(String, Socket)>, Vec<String>> {
    let is_missing = |key: &str| !known.contains(key);
    let mut supply = Supply::default();
    let listeners = sockets::open(snapshot, &mut supply, |listener| {
        is_missing(&sockets::key(&SocketKey::of(&listener.settings)))
    })?;
    let mut opened: Vec<(String, Socket)> = listeners
        .into_iter()
        .filter_map(|(_, open)| Some((sockets::key(&open.key), Arc::into_inner(open)?.socket)))
        .collect();
    let stats = sockets::open_stats(snapshot, &mut supply, |bind| is_missing(&sockets::stats_key(bind)))?;
    opened.extend(stats.into_iter().map(|(bind, socket)| (sockets::stats_key(&bind), socket)));
    Ok(opened)
}
