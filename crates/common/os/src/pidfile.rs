//! Pidfiles: written whole, believed only if the process in them is really ours.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::process;

/// A pidfile of this process. It stays until [`Pidfile::remove`]: a crash must leave it for others to see.
#[derive(Debug)]
pub struct Pidfile {
    path: PathBuf,
    pid: i32,
}

/// What a pidfile says about the process that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// No file, or nothing readable as a pid in it.
    Nobody,
    /// The process of the file is gone, or is not one of ours.
    Stale,
    /// A living process of ours.
    Running(i32),
}

impl Pidfile {
    /// Writes this process's pid, mode 0644 whatever the umask is: others read it to send signals. A symbolic link at
    /// `path` is refused.
    pub fn create(path: &Path) -> io::Result<Self> {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        writeln!(file, "{pid}")?;
        Ok(Self { path: path.to_owned(), pid })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file if it still names this process.
    pub fn remove(self) {
        if read(&self.path) == Some(self.pid) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Who holds the pidfile at `path`. A living process counts as ours if it runs the same file as this one or its kernel
/// name is one of `names`; pids are reused, and a foreign process must not keep a daemon from starting.
pub fn holder(path: &Path, names: &[&str]) -> Holder {
    let Some(pid) = read(path) else { return Holder::Nobody };
    if pid == i32::try_from(std::process::id()).unwrap_or(0) {
        return Holder::Stale;
    }
    let ours = process::comm(pid).is_some_and(|comm| names.contains(&comm.as_str()))
        || process::executable(pid).is_some_and(|file| Some(file) == process::executable_of_self());
    if ours && !process::is_zombie(pid) { Holder::Running(pid) } else { Holder::Stale }
}

/// The pid in a pidfile.
pub fn read(path: &Path) -> Option<i32> {
    let text = fs::read_to_string(path).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pidfile-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_foreign_process_is_no_holder() {
        let path = scratch("foreign");
        fs::write(&path, "1\n").unwrap();
        assert_eq!(holder(&path, &["no-such-daemon"]), Holder::Stale);
        for garbage in ["", "x", "-4", "99999999999"] {
            fs::write(&path, garbage).unwrap();
            assert_eq!(holder(&path, &["no-such-daemon"]), Holder::Nobody, "{garbage:?}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(holder(&path, &[]), Holder::Nobody);
    }

    #[test]
    fn removes_only_its_own() {
        let path = scratch("own");
        let file = Pidfile::create(&path).unwrap();
        assert_eq!(read(&path), Some(std::process::id() as i32));
        fs::write(&path, "1\n").unwrap();
        file.remove();
        assert!(path.exists());
        Pidfile::create(&path).unwrap().remove();
        assert!(!path.exists());
    }
}
