//! External checks: the command, its arguments and environment, and what its end means (manual: `external-check`).

use haproxy_balance::report::CheckStatus;

use crate::outcome::Outcome;

/// How an external check is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// `external-check command`.
    pub command: String,
    /// `external-check path`: the command's `PATH`.
    pub path: String,
}

/// What a command is told; addresses as text, ports 0 when there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// First listening address of the proxy, empty when it has none.
    pub proxy_addr: String,
    /// Its port.
    pub proxy_port: Option<u16>,
    /// The proxy's number.
    pub proxy_id: u32,
    /// The proxy's name.
    pub proxy_name: String,
    /// The server's address.
    pub server_addr: String,
    /// The server's port.
    pub server_port: Option<u16>,
    /// The server's number.
    pub server_id: u32,
    /// The server's name.
    pub server_name: String,
    /// The server's `maxconn`.
    pub server_maxconn: u32,
    /// The server's sessions now.
    pub server_sessions: u32,
    /// True when the server is reached through TLS.
    pub server_ssl: bool,
    /// `tcp`, `http` or another protocol.
    pub server_proto: String,
}

impl Facts {
    /// The command's four arguments.
    pub fn arguments(&self) -> [String; 4] {
        let or_unused = |text: &str| if text.is_empty() { "NOT_USED".to_owned() } else { text.to_owned() };
        let port = |port: Option<u16>| port.map_or_else(|| "NOT_USED".to_owned(), |port| port.to_string());
        [
            or_unused(&self.proxy_addr),
            port(self.proxy_port),
            or_unused(&self.server_addr),
            port(self.server_port),
        ]
    }

    /// The command's whole environment.
    pub fn environment(&self, external: &External) -> Vec<(&'static str, String)> {
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| port.to_string());
        vec![
            ("PATH", external.path.clone()),
            ("HAPROXY_PROXY_NAME", self.proxy_name.clone()),
            ("HAPROXY_PROXY_ID", self.proxy_id.to_string()),
            ("HAPROXY_PROXY_ADDR", self.proxy_addr.clone()),
            ("HAPROXY_PROXY_PORT", port(self.proxy_port)),
            ("HAPROXY_SERVER_NAME", self.server_name.clone()),
            ("HAPROXY_SERVER_ID", self.server_id.to_string()),
            ("HAPROXY_SERVER_ADDR", self.server_addr.clone()),
            ("HAPROXY_SERVER_PORT", port(self.server_port)),
            ("HAPROXY_SERVER_MAXCONN", self.server_maxconn.to_string()),
            ("HAPROXY_SERVER_CURCONN", self.server_sessions.to_string()),
            ("HAPROXY_SERVER_SSL", u8::from(self.server_ssl).to_string()),
            ("HAPROXY_SERVER_PROTO", self.server_proto.clone()),
        ]
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It was killed because it took too long.
    TimedOut,
    /// It could not be started.
    NotStarted,
}

/// What the end of a command means.
pub fn outcome(exit: Exit, duration_ms: u64) -> Outcome {
    let (status, code) = match exit {
        Exit::Code(0) => (CheckStatus::ProcessOk, 0),
        Exit::Code(code) => (CheckStatus::ProcessError, code.unsigned_abs()),
        Exit::Signal(signal) => (CheckStatus::ProcessError, signal.unsigned_abs()),
        Exit::TimedOut => (CheckStatus::ProcessTimeout, 0),
        Exit::NotStarted => {
            return Outcome { status: CheckStatus::SocketError, duration_ms, ..Outcome::default() };
        }
    };
    Outcome { status, code: Some(code), duration_ms, ..Outcome::default() }
}
