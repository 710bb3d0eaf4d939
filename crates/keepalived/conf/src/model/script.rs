//! Script lines: what is run, and as whom.

use serde::Serialize;

/// User and group a script runs under, already looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScriptUser {
    /// Numeric user id.
    pub uid: u32,
    /// Numeric group id.
    pub gid: u32,
}

/// A command line of the configuration, split into arguments with its quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Script {
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// Who runs it.
    pub user: ScriptUser,
}

impl Script {
    /// The command as log lines show it: arguments joined by blanks, quoted with `'` if they hold blanks or are empty.
    pub fn command_line(&self) -> String {
        let quoted = self.argv.iter().map(|arg| {
            if arg.is_empty() || arg.contains([' ', '\t']) { format!("'{arg}'") } else { arg.clone() }
        });
        quoted.collect::<Vec<_>>().join(" ")
    }
}

/// One `vrrp_script` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VrrpScript {
    /// Name of the block.
    pub name: String,
    /// `script` with `user`.
    pub script: Script,
    /// `interval`: microseconds between two runs, default 1 s.
    pub interval_us: u64,
    /// `timeout`: microseconds after which a run has failed; 0 means `interval`.
    pub timeout_us: u64,
    /// `weight`, default 0 (a failure is a FAULT).
    pub weight: i32,
    /// `reverse` after the weight.
    pub reverse: bool,
    /// `rise`: successes needed, default 1.
    pub rise: u32,
    /// `fall`: failures needed, default 1.
    pub fall: u32,
    /// `init_fail`: failed until the first success.
    pub init_fail: bool,
}

/// The scripts of an instance or a sync group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NotifyScripts {
    /// `notify_master`.
    pub master: Option<Script>,
    /// `notify_backup`.
    pub backup: Option<Script>,
    /// `notify_fault`.
    pub fault: Option<Script>,
    /// `notify_stop`.
    pub stop: Option<Script>,
    /// `notify_deleted` with a script (instances only).
    pub deleted: Option<Script>,
    /// `notify_master_rx_lower_pri` (instances only).
    pub master_rx_lower_pri: Option<Script>,
    /// `notify`: run for any transition with four more arguments.
    pub any: Option<Script>,
}

impl NotifyScripts {
    /// Whether at least one script is set.
    pub fn is_any(&self) -> bool {
        [
            &self.master,
            &self.backup,
            &self.fault,
            &self.stop,
            &self.deleted,
            &self.master_rx_lower_pri,
            &self.any,
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

/// A notify FIFO with the program that reads it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NotifyFifo {
    /// Path of the FIFO.
    pub path: Option<String>,
    /// Owner of the FIFO, if one was named.
    pub owner: Option<ScriptUser>,
    /// The `_script` keyword: program started with the path as last argument.
    pub script: Option<Script>,
}
