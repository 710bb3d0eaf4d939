//! The real machine.

use std::io;
use std::net::ToSocketAddrs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{FileKind, Provider, Stat, User};
use crate::model::ScriptUser;

/// Answers from the running system.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Provider for System {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let meta = std::fs::metadata(path)?;
        let kind = match meta.file_type() {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_dir() => FileKind::Directory,
            _ => FileKind::Other,
        };
        Ok(Stat { kind, mode: meta.mode() & 0o7777, uid: meta.uid(), gid: meta.gid() })
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    fn user(&self, name: &str) -> Option<User> {
        let user = nix::unistd::User::from_name(name).ok().flatten()?;
        Some(User { ids: ScriptUser { uid: user.uid.as_raw(), gid: user.gid.as_raw() } })
    }

    fn group(&self, name: &str) -> Option<u32> {
        Some(nix::unistd::Group::from_name(name).ok().flatten()?.gid.as_raw())
    }

    fn has_interface(&self, name: &str) -> bool {
        nix::net::if_::if_nametoindex(name).is_ok()
    }

    fn is_vmac(&self, name: &str) -> bool {
        // a macvlan stands on another interface; a veth, too, but never with the virtual router's MAC address
        let address = std::fs::read_to_string(format!("/sys/class/net/{name}/address")).unwrap_or_default();
        address.starts_with("00:00:5e:00:0")
    }

    fn is_loopback(&self, name: &str) -> bool {
        /// ARPHRD_LOOPBACK.
        const LOOPBACK: &str = "772";
        let kind = std::fs::read_to_string(format!("/sys/class/net/{name}/type")).unwrap_or_default();
        kind.trim_end() == LOOPBACK
    }

    fn is_vrf(&self, name: &str) -> bool {
        let event = std::fs::read_to_string(format!("/sys/class/net/{name}/uevent")).unwrap_or_default();
        event.lines().any(|line| line == "DEVTYPE=vrf")
    }

    fn own_user(&self) -> ScriptUser {
        ScriptUser { uid: nix::unistd::geteuid().as_raw(), gid: nix::unistd::getegid().as_raw() }
    }

    fn current_dir(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
    }

    fn host_name(&self) -> String {
        let name = nix::unistd::gethostname().unwrap_or_default();
        let name = name.to_string_lossy();
        name.split('.').next().unwrap_or_default().to_owned()
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn cpus(&self) -> u32 {
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
    }

    fn resolves(&self, host: &str, port: &str) -> bool {
        let port = port.parse::<u16>().unwrap_or(0);
        (host, port).to_socket_addrs().is_ok_and(|mut found| found.next().is_some())
    }
}
