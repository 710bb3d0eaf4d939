//! The socket pair between master and worker, as the original uses it: the master hands a fresh connection over it for
//! each conversation, with two zero bytes; the worker writes a line when it is ready. Its end means that the other
//! side has died.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use common_os::fdpass;

/// What a conversation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Commands of the runtime API.
    Commands(Session),
    /// A new configuration for the running process.
    Configuration,
}

/// How a conversation of commands begins. The default is what the original's master means by two zero bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// What the operator may do.
    pub rights: Rights,
    /// `expert-mode on`
    pub expert: bool,
    /// `experimental-mode on`
    pub experimental: bool,
    /// The conversation goes on after the first line.
    pub interactive: bool,
    /// Each line is asked for.
    pub prompt: bool,
    /// The prompt shows the process's age.
    pub timed: bool,
}

/// What an operator may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    #[default]
    Admin,
    /// Look at everything, change little.
    Operator,
    /// Look at what is harmless.
    User,
}

/// First byte of a conversation about a configuration.
const CONFIGURATION: u8 = b'c';

/// Rights in the lowest two bits of the second byte.
const RIGHTS: &[(Rights, u8)] = &[(Rights::Admin, 0), (Rights::Operator, 1), (Rights::User, 2)];
const RIGHTS_MASK: u8 = 3;
const EXPERT: u8 = 4;
const EXPERIMENTAL: u8 = 8;
const INTERACTIVE: u8 = 16;
const PROMPT: u8 = 32;
const TIMED: u8 = 64;

impl Subject {
    fn to_bytes(self) -> [u8; 2] {
        let Subject::Commands(session) = self else { return [CONFIGURATION, 0] };
        let rights = RIGHTS.iter().find(|(rights, _)| *rights == session.rights).map_or(0, |(_, bits)| *bits);
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(session.expert, EXPERT)
            | flag(session.experimental, EXPERIMENTAL)
            | flag(session.interactive, INTERACTIVE)
            | flag(session.prompt, PROMPT)
            | flag(session.timed, TIMED);
        [0, rights | flags]
    }

    fn of_bytes(bytes: [u8; 2]) -> Option<Subject> {
        match bytes {
            [CONFIGURATION, 0] => Some(Subject::Configuration),
            [0, bits] => {
                let (rights, _) = RIGHTS.iter().find(|(_, own)| *own == bits & RIGHTS_MASK)?;
                Some(Subject::Commands(Session {
                    rights: *rights,
                    expert: bits & EXPERT != 0,
                    experimental: bits & EXPERIMENTAL != 0,
                    interactive: bits & INTERACTIVE != 0,
                    prompt: bits & PROMPT != 0,
                    timed: bits & TIMED != 0,
                }))
            }
            _ => None,
        }
    }
}

/// What the worker writes once it serves.
pub const READY: &[u8] = b"READY\n";

/// Opens a conversation: the other end goes over `link`.
pub fn connect(link: BorrowedFd<'_>, subject: Subject) -> io::Result<UnixStream> {
    let (own, other) = UnixStream::pair()?;
    fdpass::send(link, &subject.to_bytes(), &[other.as_fd()])?;
    Ok(own)
}

/// What arrived on the worker's end.
#[derive(Debug)]
pub enum Arrival {
    /// A conversation.
    Conversation(Subject, OwnedFd),
    /// Something without a descriptor or of an unknown subject.
    Nonsense,
    /// The master has died.
    End,
}

/// Takes the next conversation.
pub fn accept(link: BorrowedFd<'_>) -> io::Result<Arrival> {
    let mut bytes = [0; 2];
    let (n, fds) = fdpass::receive(link, &mut bytes)?;
    if n == 0 {
        return Ok(Arrival::End);
    }
    Ok(match (Subject::of_bytes(bytes), fds.into_iter().next()) {
        (Some(subject), Some(fd)) => Arrival::Conversation(subject, fd),
        _ => Arrival::Nonsense,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn sessions_cross() {
        assert_eq!(Subject::Commands(Session::default()).to_bytes(), [0, 0], "as the original");
        for bits in 0..=255 {
            if let Some(subject) = Subject::of_bytes([0, bits]) {
                assert_eq!(subject.to_bytes()[1], bits & 127);
            }
        }
        assert_eq!(Subject::of_bytes([0, RIGHTS_MASK]), None);
        assert_eq!(Subject::of_bytes(Subject::Configuration.to_bytes()), Some(Subject::Configuration));
    }

    #[test]
    fn conversations_arrive_one_by_one() {
        let (master, worker) = UnixStream::pair().unwrap();
        let mut first = connect(master.as_fd(), Subject::Commands(Session::default())).unwrap();
        let _second = connect(master.as_fd(), Subject::Configuration).unwrap();
        fdpass::send(master.as_fd(), b"??", &[]).unwrap();
        let Ok(Arrival::Conversation(Subject::Commands(_), fd)) = accept(worker.as_fd()) else {
            panic!("first")
        };
        first.write_all(b"hi").unwrap();
        let mut text = [0; 2];
        UnixStream::from(fd).read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hi");
        let second = accept(worker.as_fd()).unwrap();
        assert!(matches!(second, Arrival::Conversation(Subject::Configuration, _)), "{second:?}");
        assert!(matches!(accept(worker.as_fd()), Ok(Arrival::Nonsense)));
        drop(master);
        assert!(matches!(accept(worker.as_fd()), Ok(Arrival::End)));
    }
}
