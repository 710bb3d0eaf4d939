//! Where the pidfiles are.

use std::path::{Path, PathBuf};

use keepalived_conf::model::Root;

use crate::args::Args;
use crate::identity::Role;

/// The paths of one daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Of the parent.
    pub parent: PathBuf,
    vrrp: PathBuf,
    check: PathBuf,
    bfd: PathBuf,
    /// `/run/keepalived` is used, which has to exist.
    pub directory: Option<PathBuf>,
}

impl Paths {
    /// In /run, or in /run/keepalived when several daemons may run; the command line overrides.
    pub fn new(args: &Args, root: &Root, namespace: Option<&str>) -> Self {
        let own_directory = root.use_pid_dir || root.instance.is_some() || namespace.is_some();
        let directory = own_directory.then(|| PathBuf::from("/run/keepalived"));
        let suffix = root.instance.as_ref().map_or_else(String::new, |name| format!("_{name}"));
        let path = |given: &Option<PathBuf>, stem: &str| match (given, &directory) {
            (Some(path), _) => path.clone(),
            (None, Some(directory)) => directory.join(format!("{stem}{suffix}.pid")),
            (None, None) => Path::new("/run").join(format!("{stem}.pid")),
        };
        Self {
            parent: path(&args.pid, "keepalived"),
            vrrp: path(&args.vrrp_pid, Role::Vrrp.about().pidfile),
            check: path(&args.checkers_pid, Role::Check.about().pidfile),
            bfd: path(&args.bfd_pid, Role::Bfd.about().pidfile),
            directory,
        }
    }

    /// Of a child.
    pub fn of(&self, role: Role) -> &Path {
        match role {
            Role::Vrrp => &self.vrrp,
            Role::Check => &self.check,
            Role::Bfd => &self.bfd,
        }
    }

    /// Of the control socket: beside the parent's pidfile.
    pub fn control(&self) -> PathBuf {
        control_of(&self.parent)
    }
}

/// The control socket that belongs to a parent's pidfile.
pub fn control_of(pidfile: &Path) -> PathBuf {
    pidfile.with_extension("sock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let args = Args::default();
        let plain = Paths::new(&args, &Root::default(), None);
        assert_eq!(plain.parent, Path::new("/run/keepalived.pid"));
        assert_eq!(plain.of(Role::Check), Path::new("/run/checkers.pid"));
        assert_eq!(plain.control(), Path::new("/run/keepalived.sock"));
        let root = Root { instance: Some("a".into()), ..Root::default() };
        let own = Paths::new(&args, &root, Some("ns"));
        assert_eq!(own.of(Role::Vrrp), Path::new("/run/keepalived/vrrp_a.pid"));
    }
}
