//! Running a script the way keepalived runs it.
//!
//! Its own process group, standard input and output on /dev/null, no loader variables in the environment, normal
//! scheduling, the configured user, and SIGTERM when the daemon dies. No shell: arguments are already split.

use std::env;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use common_os::{limits, process, signals, users};
use keepalived_conf::model::Script;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid, setgid, setgroups, setuid};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Variables a script must not inherit: they could change what it loads or how its shell splits words.
const DROPPED: &[&str] = &["IFS", "NOTIFY_SOCKET"];
/// Every variable that begins so goes, too.
const DROPPED_PREFIX: &str = "LD_";
/// How long a process group may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// How often a blocking run looks whether its script has ended.
const POLL: Duration = Duration::from_millis(5);

/// Whether scripts get all groups of their user, or its one group alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Groups {
    /// The one group.
    #[default]
    Single,
    /// `set_supplementary_groups`.
    Supplementary,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Exited(i32),
    /// Killed by this signal.
    Signalled(i32),
}

/// A script that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Pid,
}

/// Starts a script with further arguments.
pub fn start(script: &Script, more: &[String], groups: Groups) -> io::Result<Running> {
    let child = Command::from(command(script, more, groups)?).spawn()?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
    Ok(Running { child, group: Pid::from_raw(pid) })
}

/// Runs a script to its end in a process without a runtime; what takes longer than `limit` is ended. `None` if that
/// had to be done.
pub fn run_blocking(script: &Script, groups: Groups, limit: Duration) -> io::Result<Option<Ended>> {
    let mut child = command(script, &[], groups)?.spawn()?;
    let group = i32::try_from(child.id()).unwrap_or(0);
    let deadlines = [(limit, Signal::SIGTERM), (GRACE, Signal::SIGKILL)];
    for (at, (patience, signal)) in deadlines.into_iter().enumerate() {
        let begin = Instant::now();
        while begin.elapsed() < patience {
            if let Some(status) = child.try_wait()? {
                return Ok((at == 0).then(|| ended(status)));
            }
            std::thread::sleep(POLL);
        }
        signal_group(group, signal);
    }
    child.wait()?;
    Ok(None)
}

fn command(script: &Script, more: &[String], groups: Groups) -> io::Result<std::process::Command> {
    let (program, args) =
        script.argv.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut command = std::process::Command::new(program);
    command.args(args).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0);
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with(DROPPED_PREFIX) || DROPPED.contains(&name_text.as_ref()) {
            command.env_remove(name);
        }
    }
    prepare(&mut command, identity(script, groups));
    Ok(command)
}

impl Running {
    /// Process id and process group of the script.
    pub fn pid(&self) -> i32 {
        self.group.as_raw()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> io::Result<Ended> {
        Ok(ended(self.child.wait().await?))
    }

    /// Sends a signal to the whole process group.
    pub fn signal(&self, signal: Signal) {
        signal_group(self.group.as_raw(), signal);
    }

    /// Waits for its end at most so long, then ends the group: SIGTERM, and SIGKILL two seconds later.
    pub async fn ended_within(&mut self, limit: Duration) -> io::Result<Ended> {
        if let Ok(result) = timeout(limit, self.ended()).await {
            return result;
        }
        self.signal(Signal::SIGTERM);
        if let Ok(result) = timeout(GRACE, self.ended()).await {
            return result;
        }
        self.signal(Signal::SIGKILL);
        self.ended().await
    }
}

/// Signals a process group; one that has ended is no mistake.
pub fn signal_group(group: i32, signal: Signal) {
    if group > 1 {
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

fn ended(status: ExitStatus) -> Ended {
    match status.signal() {
        Some(signal) => Ended::Signalled(signal),
        None => Ended::Exited(status.code().unwrap_or(0)),
    }
}

/// The user a script changes to.
struct Identity {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

/// `None` if the script runs as the daemon does.
fn identity(script: &Script, groups: Groups) -> Option<Identity> {
    let (uid, gid) = (Uid::from_raw(script.user.uid), Gid::from_raw(script.user.gid));
    if uid == Uid::effective() && gid == Gid::effective() {
        return None;
    }
    let all = match groups {
        Groups::Single => vec![gid],
        Groups::Supplementary => users::user(&script.user.uid.to_string())
            .ok()
            .flatten()
            .and_then(|account| users::groups_of(&account).ok())
            .map_or_else(|| vec![gid], |all| all.into_iter().map(Gid::from_raw).collect()),
    };
    Some(Identity { uid, gid, groups: all })
}

#[allow(unsafe_code)]
fn prepare(command: &mut std::process::Command, identity: Option<Identity>) {
    let child = move || {
        if let Some(identity) = &identity {
            setgroups(&identity.groups)?;
            setgid(identity.gid)?;
            setuid(identity.uid)?;
        }
        // Being normal again can only fail for a process that was never anything else.
        let _ = limits::set_normal();
        signals::reset_all();
        process::die_with_parent(Signal::SIGTERM)
    };
    // SAFETY: between fork and exec `child` does nothing but system calls on values made before the fork.
    unsafe {
        command.pre_exec(child);
    }
}

#[cfg(test)]
mod tests {
    use keepalived_conf::model::ScriptUser;

    use super::*;

    fn script(words: &[&str]) -> Script {
        let user = ScriptUser { uid: Uid::effective().as_raw(), gid: Gid::effective().as_raw() };
        Script { argv: words.iter().map(|word| (*word).to_owned()).collect(), user }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn exit_codes_and_signals_are_told_apart() {
        run(async {
            let mut one = start(&script(&["/bin/sh", "-c", "exit $0", "7"]), &[], Groups::Single).unwrap();
            assert_eq!(one.ended().await.unwrap(), Ended::Exited(7));
            let mut two = start(&script(&["/bin/sh", "-c", "kill -9 $$"]), &[], Groups::Single).unwrap();
            assert_eq!(two.ended().await.unwrap(), Ended::Signalled(9));
            assert!(start(&script(&["/no/such/file"]), &[], Groups::Single).is_err());
        });
    }

    #[test]
    fn a_group_that_ignores_term_is_killed() {
        run(async {
            let line = "trap '' TERM; sleep 30 & wait; sleep 30";
            let mut one = start(&script(&["/bin/sh", "-c", line]), &[], Groups::Single).unwrap();
            let end = one.ended_within(Duration::from_millis(100)).await.unwrap();
            assert_eq!(end, Ended::Signalled(9));
        });
    }
}
