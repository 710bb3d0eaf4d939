//! Starting children: workers and readers are this program again, with their role in the environment.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use common_os::inherit::{OnExec, on_exec};
use haproxy_model::global::Program;

use super::invocation::Invocation;
use crate::role;

/// A child that is starting.
#[derive(Debug)]
pub struct Started {
    /// Its process id.
    pub pid: i32,
    /// What it says until its start is over.
    pub said: PipeReader,
}

/// Starts a worker; what comes back beside it is the master's end of their socket pair.
pub fn worker(
    invocation: &Invocation,
    words: Vec<OsString>,
    former: Option<OwnedFd>,
) -> io::Result<(Started, OwnedFd)> {
    let (own, other) = UnixStream::pair()?;
    own.set_nonblocking(true)?;
    let started = child(invocation, words, role::WORKER, other.into(), former)?;
    Ok((started, own.into()))
}

/// Starts a reader that talks to the worker over `conversation`.
pub fn reader(invocation: &Invocation, conversation: OwnedFd) -> io::Result<Started> {
    child(invocation, invocation.words.clone(), role::READER, conversation, None)
}

fn child(
    invocation: &Invocation,
    words: Vec<OsString>,
    name: &str,
    link: OwnedFd,
    former: Option<OwnedFd>,
) -> io::Result<Started> {
    let (said, voice) = io::pipe()?;
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    for fd in [&link, &stderr].into_iter().chain(&former) {
        on_exec(fd, OnExec::Keep)?;
    }
    let text =
        role::text(name, link.as_raw_fd(), stderr.as_raw_fd(), former.as_ref().map(AsRawFd::as_raw_fd));
    let child = command(&invocation.file)
        .arg0(&invocation.name)
        .args(words)
        .env(role::VARIABLE, text)
        .stderr(Stdio::from(voice))
        .spawn()?;
    Ok(Started { pid: pid_of(&child), said })
}

/// Starts a program of a `program` section.
pub fn program(program: &Program) -> io::Result<i32> {
    let (file, words) = program.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = command(file);
    command.args(words);
    if let Some(gid) = program.gid {
        command.gid(gid);
    }
    if let Some(uid) = program.uid {
        command.uid(uid);
    }
    Ok(pid_of(&command.spawn()?))
}

/// A command without what only a successor of this process may find in its environment.
fn command(file: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(file);
    for name in super::FOR_A_SUCCESSOR {
        command.env_remove(name);
    }
    command
}

fn pid_of(child: &std::process::Child) -> i32 {
    i32::try_from(child.id()).unwrap_or(0)
}
