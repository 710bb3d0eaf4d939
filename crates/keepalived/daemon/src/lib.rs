//! The shell of each process: timers, sockets, dispatch, reload, data dumps.
//!
//! A process is one thread with one loop. Tasks wait on descriptors and put what they read into an inbox; the loop
//! takes one input at a time, hands it to the pure machines of `keepalived-vrrp`, and carries out their commands
//! through `keepalived-net` and `keepalived-notify`. Nothing here decides an election.

pub mod dump;
pub mod heartbeat;
pub mod idle;
pub mod inbox;
pub mod options;
pub mod vrrp;
