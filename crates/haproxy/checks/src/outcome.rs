//! What one probe found.

use haproxy_balance::report::CheckStatus;
use nix::errno::Errno;

use crate::agent::AgentReport;

/// Result of one probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The result.
    pub status: CheckStatus,
    /// Code of layer 5 to 7, when there is one.
    pub code: Option<u32>,
    /// Milliseconds it took.
    pub duration_ms: u64,
    /// Words for logs and `last_chk`.
    pub info: String,
    /// What an agent said, for agent checks.
    pub agent: Option<AgentReport>,
}

/// What went wrong with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No socket could be made: the error of the system.
    Socket(i32),
    /// Connecting, reading or writing failed: the error of the system.
    Os(i32),
    /// The TLS handshake failed: what the TLS layer said.
    Tls(String),
}

impl Failure {
    /// The words of logs: `ECONNREFUSED returned by OS (Connection refused)`.
    pub fn text(&self) -> String {
        match self {
            Failure::Socket(errno) | Failure::Os(errno) => {
                let errno = Errno::from_raw(*errno);
                let description = std::io::Error::from_raw_os_error(errno as i32).to_string();
                let words = description.split(" (os error").next().unwrap_or("");
                format!("{errno:?} returned by OS ({words})")
            }
            Failure::Tls(text) => text.clone(),
        }
    }
}

/// Longest text kept of what a server said (the original's check buffer for descriptions).
pub const INFO_MAX: usize = 256;

/// Text of a server made safe for logs and statistics: line ends and control characters become spaces.
pub fn clean(bytes: &[u8]) -> String {
    let line = bytes.split(|&b| b == b'\r' || b == b'\n' || b == 0).next().unwrap_or(&[]);
    let mut text = String::from_utf8_lossy(&line[..line.len().min(INFO_MAX)]).into_owned();
    text.retain(|c| !c.is_control());
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_have_their_name_and_words() {
        assert_eq!(Failure::Os(111).text(), "ECONNREFUSED returned by OS (Connection refused)");
        assert_eq!(Failure::Os(104).text(), "ECONNRESET returned by OS (Connection reset by peer)");
    }
}
