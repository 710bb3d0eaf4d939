//! Process life: daemonise, pidfile, signals, limits, users and capabilities, network namespaces, fd passing, sd_notify.
//!
//! Thin, typed doors to the kernel for whatever a daemon does besides its job. Each module stands alone, keeps no global
//! state, and reports errors as `io::Error`; wording and policy (what to log, which exit code) belong to the caller.

pub mod capabilities;
pub mod clock;
pub mod daemon;
pub mod fdpass;
pub mod inherit;
pub mod limits;
pub mod memory;
pub mod netns;
pub mod pidfile;
pub mod process;
pub mod sdnotify;
pub mod signals;
pub mod sockets;
pub mod tcpinfo;
pub mod users;
