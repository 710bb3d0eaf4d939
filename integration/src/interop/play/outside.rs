//! A daemon beside the laboratory's process namespaces: the kernel tells of processes only to listeners in the first one.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Stage;
use crate::netns::Process;

/// Private /run and /tmp, the node's network by name, then the daemon.
const ENTER: &str = r#"
init=$1; shift
mount -t tmpfs tmpfs /run; mkdir -p /run/netns; : > /run/netns/lab
mount --bind /proc/$init/ns/net /run/netns/lab
mount -t tmpfs tmpfs /tmp
exec "$@"
"#;

impl Stage<'_> {
    /// Starts a host's daemon with `-s`, in the machine's own process namespace.
    pub(super) fn start_outside(&mut self, host: &str) -> Result<()> {
        let node = self.node(host)?;
        let init = node.init_pid().to_string();
        let config = node.path("/etc/keepalived/keepalived.conf").display().to_string();
        let log = fs::File::options().create(true).append(true).open(self.log_path(host))?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--fork", "--kill-child", "--", "sh", "-c", ENTER, "enter", &init]);
        command.args([self.program(host), "-n", "-l", "-D", "-G", "-s", "lab", "-f", &config]);
        command.stdout(log.try_clone()?).stderr(log);
        let daemon = Process::start(command)?;
        self.daemons.insert(host.to_owned(), daemon);
        Ok(())
    }

    /// Puts a new link in the place of one that was deleted.
    pub(super) fn replug(&self, host: &str) -> Result<()> {
        let node = self.node(host)?;
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let (v4, v6) = (format!("192.0.2.{digits}/24"), format!("2001:db8::{digits}/64"));
        self.lab.plug(node, "br0", "eth0", &[&v4, &v6])
    }
}
