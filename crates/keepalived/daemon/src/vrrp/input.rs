//! What the loop of the vrrp process takes in.

use keepalived_net::socket::Heard;
use keepalived_notify::processes::Told;
use keepalived_vrrp::event::Outcome;
use keepalived_vrrp::ids::ScriptId;

use super::control::Request;
use super::sockets::Packet;

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// An advert, or what looks like one.
    Packet(Packet),
    /// Messages of the kernel.
    Kernel(Heard),
    /// A check script ended.
    ScriptEnded {
        /// Which.
        script: ScriptId,
        /// How.
        outcome: Outcome,
    },
    /// Tracked files changed.
    Files(Vec<usize>),
    /// The file of BFD events changed.
    BfdEvents,
    /// The kernel told of processes.
    Processes(Told),
    /// The timer is due.
    Due,
    /// A signal arrived.
    Signal(i32),
    /// Somebody asks.
    Control(Request),
}
