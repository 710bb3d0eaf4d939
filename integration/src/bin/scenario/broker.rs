//! A broker in a node, set up through its management interface.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use integration::netns::{Lab, Node, Process, wait_until};
use nix::sys::signal::Signal;

/// The script that stays in the foreground and drops no rights: the node is its own machine.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

const PRIVATE: &[&str] = &["/run", "/tmp", "/etc/rabbitmq", "/var/lib/rabbitmq", "/var/log/rabbitmq"];

const PLUGINS: &str = "[rabbitmq_management,rabbitmq_federation,rabbitmq_federation_management,rabbitmq_shovel,rabbitmq_shovel_management].";

/// A broker.
pub struct Broker {
    node: Node,
    process: Option<Process>,
    log: PathBuf,
}

impl Broker {
    /// Makes the node and starts the broker; [`Broker::ready`] waits for it.
    pub fn new(lab: &Lab, name: &str, address: &str, logs: &Path) -> Result<Broker> {
        if !Path::new(SERVER).exists() {
            bail!("{SERVER} is not there: integration/scripts/deps.sh --scenario");
        }
        let node = lab.node(name, PRIVATE)?;
        lab.plug(&node, "br0", "eth0", &[address])?;
        // The broker's own name must resolve, to itself.
        node.write("/run/hosts", format!("127.0.0.1 localhost {}\n", node.name()))?;
        node.sh("mount --bind /run/hosts /etc/hosts")?;
        node.write("/etc/rabbitmq/enabled_plugins", PLUGINS)?;
        node.write("/etc/rabbitmq/rabbitmq.conf", "log.console.level = warning\n")?;
        let mut broker = Broker { node, process: None, log: logs.join(format!("{name}.log")) };
        broker.start()?;
        Ok(broker)
    }

    /// Starts the broker program; its data are those it had.
    pub fn start(&mut self) -> Result<()> {
        let name = format!("RABBITMQ_NODENAME=rabbit@{}", self.node.name());
        let words = [
            "env",
            "HOME=/var/lib/rabbitmq",
            &name,
            "RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq/mnesia",
            "RABBITMQ_LOG_BASE=/var/log/rabbitmq",
            "RABBITMQ_CONFIG_FILE=/etc/rabbitmq/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE=/etc/rabbitmq/enabled_plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 1:1 +sbwt none",
            SERVER,
        ];
        self.process = Some(self.node.spawn(&words, &self.log)?);
        Ok(())
    }

    /// Stops it as an administrator would.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            // The virtual machine, not the shell around it: on SIGTERM it closes its queues in order.
            self.node.signal("beam.smp", Signal::SIGTERM);
            process.wait(Duration::from_secs(30)).context("the broker does not stop")?;
        }
        Ok(())
    }

    /// Waits until the management interface answers.
    pub fn ready(&self) -> Result<()> {
        if wait_until(Duration::from_secs(90), || self.api("GET", "overview", "").is_ok()) {
            return Ok(());
        }
        bail!("{} never came up", self.node.name())
    }

    /// One call of the management interface; the body of the answer.
    pub fn api(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let url = format!("http://127.0.0.1:15672/api/{path}");
        let words = [
            "curl",
            "-sf",
            "-m",
            "5",
            "-u",
            "guest:guest",
            "-X",
            method,
            "-H",
            "content-type: application/json",
        ];
        let output = self.node.output(&[&words[..], &["-d", body, &url]].concat())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        bail!("{}: {method} {path}: {}", self.node.name(), output.status)
    }

    /// Several calls, in order.
    pub fn set_up(&self, calls: &[(&str, &str, String)]) -> Result<()> {
        calls.iter().try_for_each(|(method, path, body)| self.api(method, path, body).map(drop))
    }
}
