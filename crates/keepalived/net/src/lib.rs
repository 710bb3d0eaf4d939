//! The kernel's side of keepalived: links, addresses, routes, rules, vmacs, firewall, raw sockets.
//!
//! Requests are synchronous: a command socket sends a batch and reads the kernel's answers, so the order of what
//! happens is the order of the calls. A second socket listens to what others change; [`mirror::Mirror`] turns its
//! messages into [`mirror::Change`]s and reads everything anew when the kernel says that messages were lost.
//!
//! Netlink messages are written by the small builder in [`nl`]: the same one serves rtnetlink and nfnetlink, knows
//! every option word of routes and rules, and never fails on an attribute it does not know. The crate knows nothing
//! of elections, timers or logs.

pub mod addresses;
pub mod frames;
pub mod links;
pub mod mirror;
pub mod nft;
pub mod nl;
pub mod routes;
pub mod rules;
pub mod socket;
pub mod sysctl;
pub mod vmac;
pub mod vrrp_socket;
