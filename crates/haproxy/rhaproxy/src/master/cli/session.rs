//! One connection of the master's socket.

use std::io;
use std::os::fd::AsFd;

use haproxy_admin::cli::Level;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::line::{self, Target};
use super::{Post, commands, relay};
use crate::master::procs::{Child, now_s};

/// Longest line or payload (management manual 9.3: 128 kB).
const INPUT_MAX: u64 = 128 * 1024;

/// What a connection has chosen. The flags hold for every worker it reaches.
#[derive(Clone, Debug)]
pub struct Modes {
    /// What it may do.
    pub level: Level,
    /// `prompt`: each line is asked for.
    pub prompt: bool,
    /// `prompt timed`
    pub timed: bool,
    /// `expert-mode`
    pub expert: bool,
    /// `experimental-mode`
    pub experimental: bool,
    /// `mcli-debug-mode`
    pub debug: bool,
    /// Whom commands without a prefix are for: a process, or the master.
    pub context: Option<i32>,
    /// The connection ends after this command.
    pub closing: bool,
}

/// Reads lines and answers them until the other side ends.
pub async fn converse<S>(stream: S, post: &Post, level: Level) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let mut modes = Modes {
        level,
        prompt: false,
        timed: false,
        expert: false,
        experimental: false,
        debug: false,
        context: None,
        closing: false,
    };
    let mut stream = BufReader::new(stream);
    while let Some(text) = read_line(&mut stream).await? {
        run_line(&mut stream, post, &mut modes, &text).await?;
        if modes.closing {
            break;
        }
        stream.flush().await?;
    }
    stream.flush().await?;
    stream.shutdown().await
}

/// Runs the commands of a line; the prompt stands behind each.
async fn run_line<S>(stream: &mut BufReader<S>, post: &Post, modes: &mut Modes, text: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let mut rest = Some(text);
    while let Some(text) = rest
        && !modes.closing
    {
        let (command, behind) = line::first(text);
        rest = behind.filter(|behind| !behind.trim().is_empty());
        if !run_one(stream, post, modes, text, command).await? {
            rest = None;
        }
        if modes.prompt && !modes.closing {
            stream.write_all(prompt(post, modes).as_bytes()).await?;
        }
    }
    Ok(())
}

/// Runs one command; `line` is the rest of its line, itself included. False when it took that whole.
async fn run_one<S>(
    stream: &mut BufReader<S>,
    post: &Post,
    modes: &mut Modes,
    line: &str,
    command: &str,
) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let Some((word, prefix, own)) = line::prefix(command) else {
        run_command(stream, post, modes, modes.context, command).await?;
        return Ok(true);
    };
    let Some(target) = prefix.target.and_then(|target| find(post, target)) else {
        let text = format!("Can't find the target PID matching the prefix '{word}'\n");
        stream.write_all(text.as_bytes()).await?;
        modes.closing = true;
        return Ok(false);
    };
    match target {
        Some(pid) if prefix.whole => {
            let whole = &line.trim_start()[word.len()..];
            let child = child(post, pid).ok_or(io::ErrorKind::NotConnected)?;
            relay::whole(stream, &child, modes, whole.trim()).await?;
            return Ok(false);
        }
        target if own.is_empty() => modes.context = target,
        target => run_command(stream, post, modes, target, own).await?,
    }
    Ok(true)
}

/// Runs one command where it belongs; `None` is the master.
async fn run_command<S>(
    stream: &mut BufReader<S>,
    post: &Post,
    modes: &mut Modes,
    target: Option<i32>,
    command: &str,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + AsFd + Unpin,
{
    let words = line::words(command);
    if let Some(switch) = commands::find_switch(&words) {
        let text = (switch.run)(modes, &words[1..]);
        return stream.write_all(text.as_bytes()).await;
    }
    let Some(pid) = target else {
        let second = stream.get_ref().as_fd().try_clone_to_owned();
        let text = commands::run(post, modes, &words, second.ok()).await;
        return stream.write_all(text.as_bytes()).await;
    };
    let mut text = command.to_owned();
    if let Some(end) = line::payload_end(command) {
        read_payload(stream, end, &mut text).await?;
    }
    let Some(child) = child(post, pid) else {
        modes.closing = true;
        return Ok(());
    };
    relay::command(stream, &child, modes, &text).await
}

/// The process a target names: `None` for nobody, `Some(None)` for the master.
fn find(post: &Post, target: Target) -> Option<Option<i32>> {
    let family = post.family.borrow();
    let reachable = |child: &&Child| child.link.is_some();
    match target {
        Target::Master => Some(None),
        Target::Pid(pid) => family
            .children
            .iter()
            .filter(reachable)
            .find(|child| child.pid == pid)
            .map(|child| Some(child.pid)),
        Target::Worker(number) => {
            let mut serving = family.children.iter().filter(reachable).filter(|child| !child.leaving);
            serving.nth(number - 1).map(|child| Some(child.pid))
        }
    }
}

fn child(post: &Post, pid: i32) -> Option<Child> {
    post.family.borrow().children.iter().find(|child| child.pid == pid).cloned()
}

/// `master> `, `1271(xe)> `, `[0:00:01:03] master[ReloadFailed]> `.
fn prompt(post: &Post, modes: &Modes) -> String {
    let family = post.family.borrow();
    let name = match modes.context {
        Some(pid) => pid.to_string(),
        None if family.own.failed > 0 => "master[ReloadFailed]".to_owned(),
        None => "master".to_owned(),
    };
    let flags: String = [(modes.experimental, 'x'), (modes.expert, 'e'), (modes.debug, 'd')]
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, flag)| *flag)
        .collect();
    let flags = if flags.is_empty() { flags } else { format!("({flags})") };
    let since_s = match modes.context {
        Some(pid) => family.children.iter().find(|child| child.pid == pid).map_or(0, |child| child.since_s),
        None => family.own.since_s,
    };
    let age = if modes.timed {
        let s = now_s().saturating_sub(since_s);
        format!("[{}:{:02}:{:02}:{:02}] ", s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60)
    } else {
        String::new()
    };
    format!("{age}{name}{flags}> ")
}

/// The next line without its end; `None` at the end of the input.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let n = (&mut *stream).take(INPUT_MAX).read_until(b'\n', &mut bytes).await?;
    if n == 0 {
        return Ok(None);
    }
    if n as u64 == INPUT_MAX && !bytes.ends_with(b"\n") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}

/// Adds the lines of a payload, the one that ends it included.
async fn read_payload<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    end: &str,
    text: &mut String,
) -> io::Result<()> {
    while let Some(line) = read_line(stream).await? {
        text.push('\n');
        text.push_str(&line);
        if line == end {
            break;
        }
        if text.len() as u64 > INPUT_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}
