//! What the configuration asks of the machine: files, users, interfaces. Tests answer from memory.

mod memory;
mod system;

use std::io;
use std::path::{Path, PathBuf};

use crate::model::ScriptUser;

pub use memory::Memory;
pub use system::System;

/// What a path is and who may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Kinds of files that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Anything else.
    Other,
}

/// A user as scripts need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// User id and primary group.
    pub ids: ScriptUser,
}

/// The machine as the parser sees it.
pub trait Provider {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What a path is, symbolic links followed.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// The path with every symbolic link resolved.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
    /// Names in a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// A user by name.
    fn user(&self, name: &str) -> Option<User>;
    /// A group's id by name.
    fn group(&self, name: &str) -> Option<u32>;
    /// Whether an interface exists.
    fn has_interface(&self, name: &str) -> bool;
    /// Whether an interface is a macvlan in private mode, as a VMAC of an earlier run is.
    fn is_vmac(&self, name: &str) -> bool;
    /// Whether an interface is the loopback.
    fn is_loopback(&self, name: &str) -> bool;
    /// Whether an interface is a VRF.
    fn is_vrf(&self, name: &str) -> bool;
    /// Who the daemon runs as.
    fn own_user(&self) -> ScriptUser;
    /// Directory that relative paths begin at.
    fn current_dir(&self) -> PathBuf;
    /// Host name up to its first dot.
    fn host_name(&self) -> String;
    /// An environment variable.
    fn env(&self, name: &str) -> Option<String>;
    /// Number of processors.
    fn cpus(&self) -> u32;
    /// Whether a host name (or address) and port resolve.
    fn resolves(&self, host: &str, port: &str) -> bool;
}
