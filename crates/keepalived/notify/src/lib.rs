//! What keepalived starts, writes to and watches outside the kernel's network: scripts, FIFOs, mail, tracked files
//! and processes.
//!
//! Everything here is driven by the one loop of a process: nothing blocks it, and a script that hangs delays nobody
//! but its own successors. The crate decides nothing about states or priorities; it reports numbers and exit codes.

pub mod fifo;
pub mod files;
pub mod processes;
pub mod queue;
pub mod script;
pub mod smtp;
