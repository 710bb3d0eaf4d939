//! Things an instance or a group watches, and how it refers to them.

use serde::Serialize;

/// A reference from an instance or a group to a tracked object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tracked {
    /// Interface name, or name of the script, file, process or BFD block; it exists.
    pub name: String,
    /// Weight that counts here: the reference's own, else the block's. 0 means FAULT.
    pub weight: i32,
    /// Whether the weight works in reverse.
    pub reverse: bool,
}

/// One `track_file` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackFile {
    /// Name of the block.
    pub name: String,
    /// `file`: path of the watched file.
    pub file: String,
    /// `weight`, default 1.
    pub weight: i32,
    /// `reverse` after the weight.
    pub reverse: bool,
    /// `init_file`: create the file, or write it anew.
    pub init_file: Option<InitFile>,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct InitFile {
    /// Number to write, default 0.
    pub value: i32,
    /// Write even if the file exists.
    pub overwrite: bool,
}

/// One `vrrp_track_process` block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackProcess {
    /// Name of the block.
    pub name: String,
    /// `process`: path or name of the program.
    pub process: String,
    /// Parameters after the program.
    pub params: Vec<String>,
    /// `param_match`.
    pub param_match: ParamMatch,
    /// `weight`, default 0.
    pub weight: i32,
    /// `reverse` after the weight.
    pub reverse: bool,
    /// `quorum`: fewest processes for success, default 1.
    pub quorum: u32,
    /// `quorum_max`: most processes for success.
    pub quorum_max: Option<u32>,
    /// `fork_delay` (or `delay`) in microseconds.
    pub fork_delay_us: u64,
    /// `terminate_delay` (or `delay`) in microseconds.
    pub terminate_delay_us: u64,
    /// `full_command`: match the command line instead of the name.
    pub full_command: bool,
}

/// How the parameters of a tracked process are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum ParamMatch {
    /// No parameters given and none asked for: the name alone counts.
    #[default]
    None,
    /// All parameters are equal.
    Exact,
    /// `partial`: the first parameters are equal.
    Partial,
    /// `initial`: as partial, and the last may go on.
    Initial,
}

/// One `track_group`: instances that follow static addresses, routes and rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackGroup {
    /// Name of the block.
    pub name: String,
    /// Names of its instances; each exists.
    pub instances: Vec<String>,
}

/// One entry of `linkbeat_interfaces`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkbeatInterface {
    /// Interface name.
    pub interface: String,
    /// Preferred polling; `None` leaves the choice.
    pub method: Option<LinkbeatMethod>,
}

/// How the link of an interface is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LinkbeatMethod {
    /// MII registers.
    Mii,
    /// Ethtool.
    Ethtool,
    /// Interface flags by ioctl.
    Ioctl,
}

/// One entry of `interface_up_down_delays`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InterfaceDelay {
    /// Interface name.
    pub interface: String,
    /// Microseconds an interface must be down before it counts.
    pub down_delay_us: u64,
    /// Microseconds an interface must be up before it counts.
    pub up_delay_us: u64,
}
