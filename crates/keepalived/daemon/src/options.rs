//! What the command line says to every process.

use std::path::PathBuf;

/// What happens to the addresses when the daemon stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtStop {
    /// They are removed.
    #[default]
    Release,
    /// `--dont-release-vrrp`: they stay, for a change of the program without a gap.
    Keep,
}

/// Options of the command line that matter to a child process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--dont-release-vrrp`.
    pub at_stop: AtStop,
    /// `--address-monitoring`.
    pub report_addresses: bool,
    /// `--log-detail`.
    pub detail: bool,
    /// `--dump-conf`.
    pub dump_conf: bool,
    /// The network namespace of `-s` or `net_namespace`.
    pub namespace: Option<String>,
    /// Where the data dumps go: $TMPDIR or /tmp.
    pub dump_dir: PathBuf,
    /// The version as log lines and dumps tell it.
    pub version: &'static str,
}
