//! How a child ended, in the original's words and codes.

use common_os::signals;
use nix::sys::wait::WaitStatus;

/// A child's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, or 128 and the signal that killed it.
    pub code: i32,
    /// `Exit`, or the signal's name.
    pub how: String,
}

/// Codes of ends that were asked for: a clean one, an interrupt, a termination.
const EXPECTED: &[i32] = &[0, 128 + nix::libc::SIGINT, 128 + nix::libc::SIGTERM];

impl Exit {
    /// The end a wait reports; `None` for a child that goes on.
    pub fn of(status: WaitStatus) -> Option<(i32, Exit)> {
        match status {
            WaitStatus::Exited(pid, code) => Some((pid.as_raw(), Exit { code, how: "Exit".to_owned() })),
            WaitStatus::Signaled(pid, signal, _) => {
                let signal = signal as i32;
                Some((pid.as_raw(), Exit { code: 128 + signal, how: signals::describe(signal) }))
            }
            _ => None,
        }
    }

    /// Whether nothing but a failure ends like this.
    pub fn is_failure(&self) -> bool {
        !EXPECTED.contains(&self.code)
    }
}

/// What the master ends with: the first code that is neither success nor an answer to a termination.
pub fn combine(before: i32, exit: &Exit) -> i32 {
    if before == 0 && exit.code != 128 + nix::libc::SIGTERM { exit.code } else { before }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::Signal;
    use nix::unistd::Pid;

    use super::*;

    #[test]
    fn ends_have_the_originals_codes() {
        let killed = |signal| Exit::of(WaitStatus::Signaled(Pid::from_raw(7), signal, false)).unwrap();
        let (pid, kill) = killed(Signal::SIGKILL);
        assert_eq!((pid, kill.code, kill.how.as_str(), kill.is_failure()), (7, 137, "Killed", true));
        let (_, term) = killed(Signal::SIGTERM);
        assert_eq!((term.code, term.how.as_str(), term.is_failure()), (143, "Terminated", false));
        assert_eq!((combine(0, &term), combine(0, &kill), combine(1, &kill)), (0, 137, 1));
        let (_, usr1) = killed(Signal::SIGUSR1);
        assert_eq!((usr1.how.as_str(), usr1.is_failure()), ("User defined signal 1", true));
        let one = Exit::of(WaitStatus::Exited(Pid::from_raw(7), 1)).unwrap().1;
        assert_eq!((one.how.as_str(), one.is_failure()), ("Exit", true));
        assert!(Exit::of(WaitStatus::StillAlive).is_none());
    }
}
