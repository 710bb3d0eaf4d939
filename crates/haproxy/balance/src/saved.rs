//! Saved states of servers: the lines of `show servers state` and what a later process takes from them
//! (`load-server-state-from-file`; format in the manual of the statistics, 9.3).

use crate::report::{CheckReport, CheckStatus, CheckVerdict};
use crate::server::{Admin, Operational, Server};

/// One saved server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Number of the backend.
    pub backend_id: u32,
    /// Name of the backend.
    pub backend: String,
    /// Number of the server.
    pub server_id: u32,
    /// Name of the server.
    pub server: String,
    state: Operational,
    admin: Admin,
    user_weight: u32,
    initial_weight: u32,
    since_s: u64,
    status: usize,
    health: u32,
}

/// The version of the format.
const VERSION: &str = "1";

/// Fields a line has at least; later ones describe addresses, which the configuration gives.
const FIELDS_MIN: usize = 15;

/// The file does not begin with a version known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion;

/// Reads a file of states. Lines that make no sense are left out; a file of another version is refused.
pub fn parse(text: &str) -> Result<Vec<Saved>, UnknownVersion> {
    let mut lines = text.lines();
    match lines.next().map(str::trim) {
        None | Some("") => return Ok(Vec::new()),
        Some(VERSION) => {}
        Some(_) => return Err(UnknownVersion),
    }
    Ok(lines.filter(|line| !line.starts_with('#')).filter_map(parse_line).collect())
}

fn parse_line(line: &str) -> Option<Saved> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if fields.len() < FIELDS_MIN {
        return None;
    }
    let number = |at: usize| fields[at].parse::<u32>().ok();
    Some(Saved {
        backend_id: number(0)?,
        backend: fields[1].to_owned(),
        server_id: number(2)?,
        server: fields[3].to_owned(),
        state: Operational::from_number(fields[5].parse().ok()?)?,
        admin: Admin(fields[6].parse().ok()?),
        user_weight: number(7).filter(|weight| *weight <= 256)?,
        initial_weight: number(8)?,
        since_s: fields[9].parse().ok()?,
        status: fields[10].parse().ok()?,
        health: number(12)?,
    })
}

impl Server {
    /// Takes over a saved state at `now_ms`. A weight set at run time holds only while the configured one is the same;
    /// maintenance and drain hold when an operator asked for them.
    pub fn restore(&self, saved: &Saved, now_ms: u64) {
        if saved.initial_weight == self.initial_weight() {
            self.set_user_weight(saved.user_weight);
        }
        let by_operator = saved.admin.any(Admin::FORCED_MAINT) && !saved.admin.any(Admin::CONFIG_MAINT);
        if by_operator {
            self.set_admin(Admin::FORCED_MAINT);
        }
        if saved.admin.any(Admin::FORCED_DRAIN) {
            self.set_admin(Admin::FORCED_DRAIN);
        }
        let since_ms = now_ms.saturating_sub(saved.since_s * 1000);
        if self.admin().any(Admin::MAINT) {
            self.restore_state(Operational::Stopped, since_ms);
            return;
        }
        let mut check = self.check();
        let was_maint = saved.admin.any(Admin::MAINT);
        if check.configured && !was_maint {
            check.health = saved.health.min(check.health_max());
            check.status = STATUS_NUMBERS.get(saved.status).copied().flatten().unwrap_or_default();
            self.restore_state(saved.state, since_ms);
        }
    }
}

/// Results by the numbers saved states have, from 0.
const STATUS_NUMBERS: &[Option<CheckStatus>] = &[
    Some(CheckStatus::Unknown),
    Some(CheckStatus::Init),
    None,
    Some(CheckStatus::Checked),
    Some(CheckStatus::Analyze),
    Some(CheckStatus::SocketError),
    Some(CheckStatus::L4Ok),
    Some(CheckStatus::L4Timeout),
    Some(CheckStatus::L4Connection),
    Some(CheckStatus::L6Ok),
    Some(CheckStatus::L6Timeout),
    Some(CheckStatus::L6Response),
    Some(CheckStatus::L7Timeout),
    Some(CheckStatus::L7Response),
    Some(CheckStatus::L7Ok),
    Some(CheckStatus::L7OkConditional),
    Some(CheckStatus::L7Status),
    Some(CheckStatus::ProcessError),
    Some(CheckStatus::ProcessTimeout),
    Some(CheckStatus::ProcessOk),
];

/// Number of a check's last result.
pub fn status_number(check: &CheckReport) -> usize {
    let status = if check.status == CheckStatus::Unknown { CheckStatus::Init } else { check.status };
    STATUS_NUMBERS.iter().position(|known| *known == Some(status)).unwrap_or(0)
}

/// Number of what it meant.
pub fn result_number(check: &CheckReport) -> u8 {
    match (check.status, check.status.verdict()) {
        (CheckStatus::Unknown | CheckStatus::Init, _) => 0,
        (_, CheckVerdict::Neutral) => 1,
        (_, CheckVerdict::Failed) => 2,
        (_, CheckVerdict::Passed) => 3,
        (_, CheckVerdict::Conditional) => 4,
    }
}

const RUNNING: u8 = 1;
const CONFIGURED: u8 = 2;
const ENABLED: u8 = 4;
/// Bit of checks that rest because their server is in maintenance.
pub const PAUSED: u8 = 8;
/// Bit of agents in the state of a check.
pub const AGENT: u8 = 16;

/// Bits of a check's state; `base` is [`AGENT`] for agents.
pub fn state_bits(check: &CheckReport, base: u8) -> u8 {
    if !check.configured {
        return 0;
    }
    base | CONFIGURED | if check.enabled { ENABLED } else { 0 } | if check.running { RUNNING } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ServerConf;

    const FILE: &str = "1\n# be_id be_name srv_id ...\n\
        3 b 1 s1 127.0.0.1 0 0 7 1 12 8 2 0 6 0 0 0 - 1 - 0 0 - - 0\n\
        3 b 2 s2 127.0.0.1 0 1 3 3 2 1 0 0 8 0 0 0 - 24003 - 0 0 - - 0\n\
        bad line\n";

    #[test]
    fn states_come_back() {
        let saved = parse(FILE).unwrap();
        assert_eq!(saved.len(), 2);
        let server = Server::new(ServerConf { check: true, ..ServerConf::default() }, 1);
        server.restore(&saved[0], 60_000);
        assert_eq!((server.status_text(), server.user_weight()), ("DOWN".to_owned(), 7));
        assert_eq!((server.last_change_ms(), server.check().status), (48_000, CheckStatus::L4Connection));
        let other = Server::new(ServerConf { weight: 5, ..ServerConf::default() }, 1);
        other.restore(&saved[1], 60_000);
        assert_eq!((other.status_text(), other.user_weight()), ("MAINT".to_owned(), 5));
        assert!(parse("2\n").is_err() && parse("").unwrap().is_empty());
    }
}
