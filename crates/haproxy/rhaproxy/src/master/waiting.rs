//! Who waits for the outcome of a reload.

use std::io::Write as _;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use common_os::inherit::{self, OnExec, on_exec};
use socket2::Socket;
use tokio::sync::oneshot;

/// The variable by which a master tells its successor about a connection that waits.
pub const VARIABLE: &str = "HAPROXY_MWORKER_WAITING";

/// Longest time an operator who does not read may hold the master up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the new configuration serves.
    pub success: bool,
    /// All that was said about it.
    pub log: String,
}

impl Report {
    /// As the master's socket answers it.
    pub fn text(&self) -> String {
        format!("Success={}\n--\n{}\n", u8::from(self.success), self.log)
    }
}

/// Who waits.
#[derive(Debug)]
pub enum Waiting {
    /// Nobody: a signal asked.
    Nobody,
    /// A connection of this master, with a second descriptor of it for a successor.
    Session(oneshot::Sender<Report>, Option<OwnedFd>),
    /// A connection of the master before.
    Connection(OwnedFd),
}

impl Waiting {
    /// The connection the master before has left.
    pub fn of_environment() -> Self {
        let fd = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
        fd.and_then(|fd| inherit::take(fd).ok()).map_or(Waiting::Nobody, Waiting::Connection)
    }

    /// Whether anyone waits.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Waiting::Nobody)
    }

    /// Leaves the connection to a successor: the text for its variable.
    pub fn leave(&self) -> Option<String> {
        let connection = match self {
            Waiting::Nobody => None,
            Waiting::Session(_, connection) => connection.as_ref(),
            Waiting::Connection(connection) => Some(connection),
        };
        let connection = connection?;
        on_exec(connection, OnExec::Keep).ok()?;
        Some(connection.as_raw_fd().to_string())
    }

    /// Tells the outcome. Who asked may have hung up.
    pub fn tell(self, report: Report) {
        match self {
            Waiting::Nobody => {}
            Waiting::Session(session, _) => drop(session.send(report)),
            Waiting::Connection(connection) => {
                let mut socket = Socket::from(connection);
                let ready = socket
                    .set_nonblocking(false)
                    .and_then(|()| socket.set_write_timeout(Some(WRITE_TIMEOUT)));
                if ready.is_ok() {
                    drop(socket.write_all(report.text().as_bytes()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_connection_left_behind_is_answered() {
        let (connection, mut operator) = UnixStream::pair().unwrap();
        let waiting = Waiting::Connection(connection.into());
        assert!(waiting.leave().is_some() && !waiting.is_nobody());
        waiting.tell(Report { success: true, log: "well\n".to_owned() });
        let mut text = String::new();
        operator.read_to_string(&mut text).unwrap();
        assert_eq!(text, "Success=1\n--\nwell\n\n");
        assert!(Waiting::Nobody.leave().is_none());
    }
}
