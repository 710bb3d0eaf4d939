//! The keyword tables, one file per block.

mod addresses;
mod bfd;
mod checker;
mod checker_http;
mod checker_kinds;
mod global;
mod global_files;
mod global_firewall;
mod global_lvs;
mod global_mail;
mod global_notify;
mod global_process;
mod global_vrrp;
mod groups;
mod instance;
mod instance_garp;
mod instance_lists;
mod instance_net;
mod instance_notify;
mod real_server;
mod root;
mod scripts;
mod static_objects;
mod track_objects;
mod values;
mod virtual_server;
mod virtual_server_group;

use crate::registry::RootKeyword;

pub use addresses::Preferences;

/// Every keyword that stands at the root.
pub fn root() -> impl Iterator<Item = &'static RootKeyword> {
    root::TABLES.iter().flat_map(|table| table.iter())
}
