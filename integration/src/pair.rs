//! A balancer node as operators build it: haproxy, keepalived, a check script, one virtual address.
//!
//! The programs under test stand in the node's `/usr/local/sbin` under the originals' names, so scripts find them as
//! they would after a swap of the binaries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::netns::{Lab, Node, Process};
use crate::subject;

/// The two programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Stands as `haproxy`.
    pub haproxy: PathBuf,
    /// Stands as `keepalived`.
    pub keepalived: PathBuf,
}

impl Programs {
    /// Ours, or what `HAPROXY` and `KEEPALIVED` name.
    pub fn chosen() -> Result<Programs> {
        let choose = |variable: &str, ours: &str| match std::env::var_os(variable) {
            Some(path) => fs::canonicalize(&path).with_context(|| format!("{variable}={}", path.display())),
            None => subject::ours(ours),
        };
        Ok(Programs {
            haproxy: choose("HAPROXY", "rhaproxy")?,
            keepalived: choose("KEEPALIVED", "rkeepalived")?,
        })
    }

    /// The installed originals.
    pub fn originals() -> Result<Programs> {
        Ok(Programs { haproxy: subject::original("haproxy")?, keepalived: subject::original("keepalived")? })
    }
}

/// What a balancer is set up with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Host name.
    pub name: String,
    /// With its prefix length.
    pub address: String,
    /// haproxy.cfg
    pub haproxy: String,
    /// keepalived.conf
    pub keepalived: String,
    /// `/etc/keepalived/haproxy_chk.sh`
    pub check: String,
}

/// A balancer node.
pub struct Balancer {
    /// The machine.
    pub node: Node,
    keepalived: Option<Process>,
    log: PathBuf,
}

/// What a node must not share with the machine.
const PRIVATE: &[&str] = &["/run", "/tmp", "/etc/haproxy", "/etc/keepalived", "/usr/local/sbin"];

/// The tutorials' check: none running, start one; still none, give up the node.
pub const CHECK: &str = "#!/bin/bash\n\
    if [ \"$(ps -C haproxy --no-header | wc -l)\" -eq 0 ]; then\n\
    \x20   haproxy -f /etc/haproxy/haproxy.cfg\n\
    \x20   sleep 2\n\
    \x20   if [ \"$(ps -C haproxy --no-header | wc -l)\" -eq 0 ]; then\n\
    \x20       killall keepalived\n\
    \x20   fi\n\
    fi\n";

impl Balancer {
    /// Makes the node, plugs it in, writes its files. `logs` is a folder of the machine. Nothing is started yet.
    pub fn new(lab: &Lab, programs: &Programs, setup: &Setup, logs: &Path) -> Result<Balancer> {
        let node = lab.node(&setup.name, PRIVATE)?;
        lab.plug(&node, "br0", "eth0", &[&setup.address])?;
        for (name, program) in [("haproxy", &programs.haproxy), ("keepalived", &programs.keepalived)] {
            // Not a link: the names of the file and of the process are then the same for every way of looking.
            let place = node.path(&format!("/usr/local/sbin/{name}"));
            fs::copy(program, &place).with_context(|| format!("copying {}", program.display()))?;
        }
        node.write("/etc/haproxy/haproxy.cfg", &setup.haproxy)?;
        node.write("/etc/keepalived/keepalived.conf", &setup.keepalived)?;
        node.write("/etc/keepalived/haproxy_chk.sh", &setup.check)?;
        fs::set_permissions(node.path("/etc/keepalived/haproxy_chk.sh"), fs::Permissions::from_mode(0o755))?;
        fs::create_dir_all(logs)?;
        Ok(Balancer { node, keepalived: None, log: logs.join(format!("{}.log", setup.name)) })
    }

    /// Starts haproxy as the tutorials do; with `daemon` in its configuration it stays.
    pub fn start_haproxy(&self) -> Result<()> {
        // Its standard streams must not be the pipe this waits on: a daemon keeps them open.
        self.node.sh("haproxy -f /etc/haproxy/haproxy.cfg > /tmp/haproxy.out 2>&1 < /dev/null || { cat /tmp/haproxy.out; exit 1; }").map(drop)
    }

    /// Starts keepalived in the foreground, its messages going to the log file.
    pub fn start_keepalived(&mut self) -> Result<()> {
        self.keepalived = Some(
            self.node.spawn(&["keepalived", "--dont-fork", "--log-console", "--log-detail"], &self.log)?,
        );
        Ok(())
    }

    /// The exit code of keepalived if it has ended, waiting for it so long.
    pub fn keepalived_ended(&mut self, limit: Duration) -> Option<i32> {
        self.keepalived.as_mut()?.wait(limit)
    }

    /// keepalived's messages so far.
    pub fn messages(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// haproxy.cfg of a site: HTTP on 80 to the servers, statistics on 8888, metrics on 8404.
pub fn haproxy_config(name: &str, servers: &[(&str, &str)]) -> String {
    let lines: String = servers
        .iter()
        .map(|(server, address)| format!("    server {server} {address} check inter 500 rise 2 fall 2\n"))
        .collect();
    format!(
        "global\n    daemon\n    maxconn 2000\n    pidfile /run/haproxy.pid\n    stats socket /run/haproxy.sock mode 600 level admin\n\
         defaults\n    mode http\n    option redispatch\n    retries 3\n    timeout connect 1s\n    timeout client 30s\n    timeout server 30s\n\
         frontend web\n    bind *:80\n    http-response set-header X-Proxy {name}\n    default_backend servers\n\
         backend servers\n    balance roundrobin\n{lines}\
         listen stats\n    bind *:8888\n    stats enable\n    stats uri /stats\n    stats refresh 5s\n\
         frontend metrics\n    bind *:8404\n    http-request use-service prometheus-exporter if {{ path /metrics }}\n"
    )
}

/// One end of a virtual router.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// `MASTER` or `BACKUP`.
    pub state: &'a str,
    /// The tutorials have 100 and 90.
    pub priority: u8,
    /// `virtual_router_id`
    pub router_id: u8,
    /// The virtual address.
    pub vip: &'a str,
    /// What `vrrp_script` runs.
    pub script: &'a str,
}

/// keepalived.conf in the tutorials' form.
pub fn keepalived_config(instance: &Instance<'_>) -> String {
    let Instance { state, priority, router_id, vip, script } = *instance;
    format!(
        "global_defs {{\n    router_id LVS_{state}\n}}\n\
         vrrp_script chk_haproxy {{\n    script \"{script}\"\n    interval 2\n    weight -20\n}}\n\
         vrrp_instance VI_1 {{\n    state {state}\n    interface eth0\n    virtual_router_id {router_id}\n    priority {priority}\n    advert_int 1\n\
         \x20   authentication {{\n        auth_type PASS\n        auth_pass 1111\n    }}\n\
         \x20   track_script {{\n        chk_haproxy\n    }}\n\
         \x20   virtual_ipaddress {{\n        {vip}\n    }}\n}}\n"
    )
}
