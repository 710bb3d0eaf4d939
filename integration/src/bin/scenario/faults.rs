//! What can happen to a site, and how it is set right again.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use integration::netns::{Cable, parent, wait_until};
use integration::pair::Balancer;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;

use crate::sites::{Sites, Which};

/// One kind of fault; it strikes the balancer that holds the address.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// kill -9 of the proxy.
    KillProxy,
    /// Its configuration is broken, then kill -9.
    BreakProxy,
    /// kill -9 of keepalived's vrrp process.
    KillVrrpChild,
    /// kill -9 of its parent.
    KillKeepalivedParent,
    /// kill -9 of all its processes.
    KillKeepalivedAll,
    /// Both daemons are told to read their configuration again.
    ReloadBoth,
    /// The link goes down and comes up.
    PullCable,
    /// The node is gone, then new.
    PowerOff,
    /// The broker stops and starts.
    RestartBroker,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::KillProxy => "kill -9 haproxy",
            Fault::BreakProxy => "broken configuration",
            Fault::KillVrrpChild => "kill -9 vrrp child",
            Fault::KillKeepalivedParent => "kill -9 keepalived",
            Fault::KillKeepalivedAll => "kill -9 all keepalived",
            Fault::ReloadBoth => "reload of both",
            Fault::PullCable => "link down and up",
            Fault::PowerOff => "node off and on",
            Fault::RestartBroker => "broker restart",
        })
    }
}

/// What has to be done afterwards, and to which balancer.
pub enum Undo {
    /// Nothing: the site heals itself.
    Nothing,
    /// The proxy's configuration is put back and it is started if it does not run.
    Proxy(usize, String),
    /// keepalived is started again.
    Keepalived(usize),
    /// The cable is plugged in.
    Cable(usize),
    /// The node is switched on.
    Power(usize),
}

impl Sites {
    /// Lets it happen.
    pub fn strike(&mut self, which: Which, fault: Fault) -> Result<Undo> {
        let n = self.site(which).active()?;
        if fault == Fault::PowerOff {
            self.site(which).balancers[n] = None;
            return Ok(Undo::Power(n));
        }
        if fault == Fault::RestartBroker {
            let broker = &mut self.site(which).broker;
            broker.stop()?;
            broker.start()?;
            return Ok(Undo::Nothing);
        }
        if fault == Fault::PullCable {
            let site = self.site(which).balancers[n].take().context("no balancer")?;
            let pulled = self.lab.cable(&site.node, "eth0", Cable::Out);
            self.site(which).balancers[n] = Some(site);
            return pulled.map(|()| Undo::Cable(n));
        }
        let balancer = self.site(which).balancers[n].as_mut().context("no balancer")?;
        match fault {
            Fault::KillProxy => {
                balancer.node.signal("haproxy", Signal::SIGKILL);
                Ok(Undo::Nothing)
            }
            Fault::BreakProxy => {
                let good = balancer.node.read("/etc/haproxy/haproxy.cfg")?;
                balancer.node.write("/etc/haproxy/haproxy.cfg", "global\n    this is nonsense\n")?;
                balancer.node.signal("haproxy", Signal::SIGKILL);
                Ok(Undo::Proxy(n, good))
            }
            Fault::KillVrrpChild => {
                keepalived(balancer, Role::Child)?;
                Ok(Undo::Nothing)
            }
            Fault::KillKeepalivedParent => {
                keepalived(balancer, Role::Parent)?;
                Ok(Undo::Keepalived(n))
            }
            Fault::KillKeepalivedAll => {
                balancer.node.signal("keepalived", Signal::SIGKILL);
                Ok(Undo::Keepalived(n))
            }
            Fault::ReloadBoth => {
                // The new process takes the listening sockets' place, the old one serves what it has.
                balancer.node.sh("haproxy -f /etc/haproxy/haproxy.cfg -sf $(cat /run/haproxy.pid) > /dev/null 2>&1 < /dev/null")?;
                balancer.node.sh("kill -HUP $(cat /run/keepalived.pid)")?;
                Ok(Undo::Nothing)
            }
            Fault::PullCable | Fault::PowerOff | Fault::RestartBroker => Ok(Undo::Nothing),
        }
    }

    /// Sets it right.
    pub fn undo(&mut self, which: Which, undo: Undo) -> Result<()> {
        match undo {
            Undo::Nothing => Ok(()),
            Undo::Proxy(n, good) => {
                let balancer = self.site(which).balancers[n].as_mut().context("no balancer")?;
                balancer.node.write("/etc/haproxy/haproxy.cfg", good)?;
                if balancer.node.pids("haproxy").is_empty() {
                    balancer.start_haproxy()?;
                }
                if balancer.node.pids("keepalived").is_empty() {
                    balancer.start_keepalived()?;
                }
                Ok(())
            }
            Undo::Keepalived(n) => {
                let balancer = self.site(which).balancers[n].as_mut().context("no balancer")?;
                // The child of a killed parent takes its leave first.
                wait_until(Duration::from_secs(5), || balancer.node.pids("keepalived").is_empty());
                balancer.start_keepalived()
            }
            Undo::Cable(n) => {
                let balancer = self.site(which).balancers[n].take().context("no balancer")?;
                let plugged = self.lab.cable(&balancer.node, "eth0", Cable::In);
                self.site(which).balancers[n] = Some(balancer);
                plugged
            }
            Undo::Power(n) => {
                let balancer = self.balancer(which, n)?;
                self.site(which).balancers[n] = Some(balancer);
                Ok(())
            }
        }
    }
}

#[derive(PartialEq)]
enum Role {
    Parent,
    Child,
}

/// kill -9 of one of keepalived's processes.
fn keepalived(balancer: &Balancer, role: Role) -> Result<()> {
    let pids = balancer.node.pids("keepalived");
    let is_child = |pid: &i32| parent(*pid).is_some_and(|parent| pids.contains(&parent));
    let found = pids
        .iter()
        .find(|pid| is_child(pid) == (role == Role::Child))
        .context("no such keepalived process")?;
    Ok(kill(Pid::from_raw(*found), Signal::SIGKILL)?)
}
