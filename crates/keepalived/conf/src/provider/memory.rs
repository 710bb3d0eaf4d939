//! A machine that exists in memory only: files, users and interfaces as a test lays them out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileKind, Provider, Stat, User};
use crate::model::ScriptUser;

/// A made-up machine. Directories exist as far as files lie in them.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Files by absolute path: permission bits and bytes.
    pub files: BTreeMap<PathBuf, (u32, Vec<u8>)>,
    /// Interfaces that exist.
    pub interfaces: Vec<String>,
    /// Users (each with a group of the same name and number).
    pub users: BTreeMap<String, u32>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Host name.
    pub host: String,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            interfaces: ["lo", "eth0", "eth1"].map(String::from).to_vec(),
            users: BTreeMap::from([(String::from("root"), 0), (String::from("nobody"), 65534)]),
            env: BTreeMap::new(),
            host: String::from("host"),
        }
    }
}

impl Memory {
    /// A machine with one file.
    pub fn with_file(path: &str, text: &str) -> Self {
        let mut memory = Self::default();
        memory.add(path, 0o644, text);
        memory
    }

    /// Adds a file that root owns.
    pub fn add(&mut self, path: &str, mode: u32, text: &str) {
        self.files.insert(PathBuf::from(path), (mode, text.as_bytes().to_vec()));
    }

    fn file(&self, path: &Path) -> io::Result<&(u32, Vec<u8>)> {
        self.files.get(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Provider for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.file(path)?.1.clone())
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        if let Ok((mode, _)) = self.file(path) {
            return Ok(Stat { kind: FileKind::File, mode: *mode, uid: 0, gid: 0 });
        }
        if self.files.keys().any(|file| file.starts_with(path)) {
            return Ok(Stat { kind: FileKind::Directory, mode: 0o755, uid: 0, gid: 0 });
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.stat(path).map(|_| path.to_owned())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let inside = self.files.keys().filter_map(|file| file.strip_prefix(directory).ok());
        let mut names: Vec<String> = inside
            .filter_map(|rest| Some(rest.components().next()?.as_os_str().to_string_lossy().into_owned()))
            .collect();
        names.dedup();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn user(&self, name: &str) -> Option<User> {
        let id = *self.users.get(name)?;
        Some(User { ids: ScriptUser { uid: id, gid: id } })
    }

    fn group(&self, name: &str) -> Option<u32> {
        self.users.get(name).copied()
    }

    fn has_interface(&self, name: &str) -> bool {
        self.interfaces.iter().any(|known| known == name)
    }

    fn is_vmac(&self, name: &str) -> bool {
        name.starts_with("vrrp")
    }

    fn is_loopback(&self, name: &str) -> bool {
        name == "lo"
    }

    fn is_vrf(&self, name: &str) -> bool {
        name.starts_with("vrf")
    }

    fn own_user(&self) -> ScriptUser {
        ScriptUser { uid: 0, gid: 0 }
    }

    fn current_dir(&self) -> PathBuf {
        PathBuf::from("/")
    }

    fn host_name(&self) -> String {
        self.host.clone()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn cpus(&self) -> u32 {
        2
    }

    fn resolves(&self, host: &str, port: &str) -> bool {
        host.parse::<std::net::IpAddr>().is_ok() && port.parse::<u16>().is_ok()
    }
}
