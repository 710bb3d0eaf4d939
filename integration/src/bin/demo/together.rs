//! The pair: two balancers with a virtual address, two servers, a client.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use integration::backend::Backend;
use integration::netns::{Lab, Node};
use integration::pair::{Balancer, CHECK, Instance, Programs, Setup, haproxy_config, keepalived_config};
use integration::probe::Probe;
use nix::sys::signal::Signal;

use crate::clock::Clock;
use crate::door;

const VIP: &str = "10.90.0.100";
const SERVERS: [(&str, &str); 2] = [("red", "10.90.0.21:80"), ("blue", "10.90.0.22:80")];

struct Stage<'a> {
    clock: &'a Clock,
    lab: Lab,
    programs: Programs,
    logs: &'a Path,
}

/// Shows it.
pub fn run(clock: &Clock) -> Result<()> {
    let logs = std::env::temp_dir().join(format!("demo-{}", std::process::id()));
    let result = play(clock, &logs);
    let _ = std::fs::remove_dir_all(&logs);
    result
}

fn play(clock: &Clock, logs: &Path) -> Result<()> {
    let stage = Stage { clock, lab: Lab::new("demo")?, programs: Programs::chosen()?, logs };
    println!("haproxy     {}", stage.programs.haproxy.display());
    println!("keepalived  {}\n", stage.programs.keepalived.display());
    stage.lab.bridge("br0")?;
    let mut servers = Vec::new();
    for (name, address) in SERVERS {
        servers.push(stage.server(name, address)?);
    }
    let client = stage.lab.node("client", &[])?;
    stage.lab.plug(&client, "br0", "eth0", &["10.90.0.50/24"])?;
    let target: SocketAddr = format!("{VIP}:80").parse()?;

    let mut lb1 = Some(stage.balancer("lb1")?);
    let lb2 = stage.balancer("lb2")?;
    clock.say(format!(
        "two balancers, lb1 (priority 100) and lb2 (90), two servers, one client; virtual address {VIP}"
    ));
    if !clock.wait(Duration::from_secs(15), || lb1.as_ref().is_some_and(|lb| lb.node.holds(VIP)))? {
        bail!("lb1 never took the virtual address: {}", lb1.map(|lb| lb.messages()).unwrap_or_default());
    }
    clock.say("lb1 holds the virtual address");
    let probe = Probe::start(Some(&client), target, Duration::from_millis(10))?;
    clock.wait(Duration::from_secs(5), || probe.last().is_some())?;
    let mut from = Instant::now();
    clock.pass(Duration::from_secs(3))?;
    clock.say(format!("requests {}", probe.since(from)));

    from = Instant::now();
    if let Some(lb1) = &lb1 {
        let killed = lb1.node.pids("haproxy");
        lb1.node.signal("haproxy", Signal::SIGKILL);
        clock.say(format!("kill -9 of the proxy on lb1 ({} process)", killed.len()));
        clock.wait(Duration::from_secs(8), || {
            lb1.node.pids("haproxy").iter().any(|pid| !killed.contains(pid))
        })?;
        clock.say(format!("haproxy_chk.sh has started it again after {:.1} s", from.elapsed().as_secs_f64()));
        clock.pass(Duration::from_secs(3))?;
        stage.owner(&[("lb1", &lb1.node), ("lb2", &lb2.node)]);
        clock.say(format!("requests {}", probe.since(from)));
    }

    from = Instant::now();
    drop(lb1.take());
    clock.say("lb1 loses its power");
    if !clock.wait(Duration::from_secs(15), || lb2.node.holds(VIP))? {
        bail!("lb2 never took the virtual address: {}", lb2.messages());
    }
    clock.say(format!("lb2 holds the virtual address after {:.1} s", from.elapsed().as_secs_f64()));
    clock.pass(Duration::from_secs(2))?;
    clock.say(format!("requests {}", probe.since(from)));

    from = Instant::now();
    let lb1 = stage.balancer("lb1")?;
    clock.say("lb1 is back");
    if !clock.wait(Duration::from_secs(15), || lb1.node.holds(VIP) && !lb2.node.holds(VIP))? {
        bail!("lb1 never took the virtual address back: {}", lb1.messages());
    }
    clock.say(format!("lb1 holds the virtual address again after {:.1} s", from.elapsed().as_secs_f64()));
    clock.pass(Duration::from_secs(2))?;
    clock.say(format!("requests {}", probe.since(from)));

    println!("\nWhat lb2's keepalived said:");
    lb2.messages()
        .lines()
        .filter(|line| line.contains("STATE") || line.contains("VRRP_Script"))
        .for_each(|line| println!("    {line}"));
    let answered: Vec<String> =
        servers.iter().map(|(name, _, backend)| format!("{name} {}", backend.answered())).collect();
    println!("answered in all by the servers: {}", answered.join(", "));
    let seen = |port: u16| -> Result<SocketAddr> { door::open(&client, format!("{VIP}:{port}").parse()?) };
    println!("statistics: http://{}/stats   metrics: http://{}/metrics", seen(8888)?, seen(8404)?);
    clock.linger()
}

impl Stage<'_> {
    fn server(&self, name: &'static str, address: &str) -> Result<(&'static str, Node, Backend)> {
        let node = self.lab.node(name, &[])?;
        let address: SocketAddr = address.parse()?;
        self.lab.plug(&node, "br0", "eth0", &[&format!("{}/24", address.ip())])?;
        let listener = node.in_net(|| TcpListener::bind(address))??;
        let backend = Backend::start(listener, name)?;
        Ok((name, node, backend))
    }

    /// A balancer with both daemons started.
    fn balancer(&self, name: &str) -> Result<Balancer> {
        let (state, priority, address) =
            if name == "lb1" { ("MASTER", 100, "10.90.0.11/24") } else { ("BACKUP", 90, "10.90.0.12/24") };
        let setup = Setup {
            name: name.to_owned(),
            address: address.to_owned(),
            haproxy: haproxy_config(name, &SERVERS),
            keepalived: keepalived_config(&Instance {
                state,
                priority,
                router_id: 74,
                vip: VIP,
                script: "/etc/keepalived/haproxy_chk.sh",
            }),
            check: CHECK.to_owned(),
        };
        let mut balancer = Balancer::new(&self.lab, &self.programs, &setup, self.logs)?;
        balancer.start_haproxy()?;
        balancer.start_keepalived()?;
        Ok(balancer)
    }

    fn owner(&self, nodes: &[(&str, &Node)]) {
        let owners: Vec<&str> =
            nodes.iter().filter(|(_, node)| node.holds(VIP)).map(|(name, _)| *name).collect();
        self.clock.say(format!(
            "virtual address: {}",
            if owners.is_empty() { "nobody".to_owned() } else { owners.join(" and ") }
        ));
    }
}
