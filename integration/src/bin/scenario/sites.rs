//! The two sites: a broker, two balancers and a virtual address each; the links between them.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use integration::netns::{Lab, Node, wait_until};
use integration::pair::{Balancer, CHECK, Instance, Programs, Setup, keepalived_config};
use serde::Deserialize;

use crate::broker::Broker;

/// One of the two sites.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// Where messages are published.
    A,
    /// Where they are consumed.
    B,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::A => "a",
            Which::B => "b",
        })
    }
}

impl Which {
    /// The virtual address.
    pub fn vip(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 90, 0, if self == Which::A { 100 } else { 200 })
    }

    /// Last bytes of the addresses: broker, first and second balancer.
    fn hosts(self) -> [u8; 3] {
        if self == Which::A { [21, 11, 12] } else { [22, 13, 14] }
    }

    fn router_id(self) -> u8 {
        if self == Which::A { 74 } else { 75 }
    }
}

/// One site.
pub struct Site {
    which: Which,
    /// Its broker.
    pub broker: Broker,
    /// Its balancers; `None` is one without power.
    pub balancers: [Option<Balancer>; 2],
}

/// Everything.
pub struct Sites {
    /// The network.
    pub lab: Lab,
    programs: [Programs; 2],
    pair: String,
    sites: [Site; 2],
    /// The machine of publisher and consumer.
    pub client: Node,
    logs: PathBuf,
}

/// A site's own wording of the tutorials' configuration.
fn proxy_config(broker: u8) -> String {
    format!(
        "global\n    daemon\n    maxconn 5120\n    pidfile /run/haproxy.pid\n    stats socket /run/haproxy.sock mode 600 level admin\n\
         defaults\n    mode tcp\n    option dontlognull\n    option clitcpka\n    option redispatch\n    retries 3\n    maxconn 2000\n\
         \x20   timeout connect 5s\n    timeout client 3h\n    timeout server 3h\n\
         listen rabbitmq_cluster\n    bind *:5672\n    mode tcp\n    balance roundrobin\n\
         \x20   server mq 10.90.0.{broker}:5672 check inter 1000 rise 2 fall 2\n\
         listen stats\n    bind *:8888\n    mode http\n    stats enable\n    stats uri /stats\n    stats refresh 5s\n"
    )
}

impl Sites {
    /// Builds both sites and waits until their links run.
    pub fn build(logs: &Path) -> Result<Sites> {
        let pair = std::env::var("PAIR").unwrap_or_else(|_| "ours".to_owned());
        let programs = match pair.as_str() {
            "ours" => [Programs::chosen()?, Programs::chosen()?],
            "original" => [Programs::originals()?, Programs::originals()?],
            "mixed" => [Programs::chosen()?, Programs::originals()?],
            "mixed-back" => [Programs::originals()?, Programs::chosen()?],
            other => bail!("PAIR={other}: ours, original, mixed or mixed-back"),
        };
        std::fs::create_dir_all(logs)?;
        let lab = Lab::new("sites")?;
        lab.bridge("br0")?;
        let client = lab.node("client", &[])?;
        lab.plug(&client, "br0", "eth0", &["10.90.0.50/24"])?;
        let site = |which: Which| -> Result<Site> {
            let broker =
                Broker::new(&lab, &format!("mq{which}"), &format!("10.90.0.{}/24", which.hosts()[0]), logs)?;
            Ok(Site { which, broker, balancers: [None, None] })
        };
        let sites = [site(Which::A)?, site(Which::B)?];
        let mut all = Sites { lab, programs, pair, sites, client, logs: logs.to_path_buf() };
        for which in [Which::A, Which::B] {
            all.site(which).broker.ready()?;
            for n in [0, 1] {
                let balancer = all.balancer(which, n)?;
                all.site(which).balancers[n] = Some(balancer);
            }
        }
        if !wait_until(Duration::from_secs(15), || {
            [Which::A, Which::B].iter().all(|which| all.owners(*which).len() == 1)
        }) {
            bail!("the virtual addresses have no single owner");
        }
        all.link()?;
        Ok(all)
    }

    /// A site.
    pub fn site(&mut self, which: Which) -> &mut Site {
        &mut self.sites[usize::from(which == Which::B)]
    }

    /// Which programs ran where.
    pub fn programs(&self) -> &str {
        &self.pair
    }

    /// The balancers that hold the site's address.
    pub fn owners(&self, which: Which) -> Vec<String> {
        let site = &self.sites[usize::from(which == Which::B)];
        let vip = which.vip().to_string();
        site.balancers
            .iter()
            .flatten()
            .filter(|lb| lb.node.holds(&vip))
            .map(|lb| lb.node.name().to_owned())
            .collect()
    }

    /// Makes a balancer and starts both daemons in it.
    pub fn balancer(&self, which: Which, n: usize) -> Result<Balancer> {
        let (state, priority) = [("MASTER", 100), ("BACKUP", 90)][n];
        let [broker, hosts @ ..] = which.hosts();
        let (vip, script) = (which.vip().to_string(), "/etc/keepalived/haproxy_chk.sh");
        let setup = Setup {
            name: format!("lb{which}{}", n + 1),
            address: format!("10.90.0.{}/24", hosts[n]),
            haproxy: proxy_config(broker),
            keepalived: keepalived_config(&Instance {
                state,
                priority,
                router_id: which.router_id(),
                vip: &vip,
                script,
            }),
            check: CHECK.to_owned(),
        };
        let mut balancer = Balancer::new(&self.lab, &self.programs[n], &setup, &self.logs)?;
        balancer.start_haproxy()?;
        balancer.start_keepalived()?;
        Ok(balancer)
    }

    /// Users, queues, federation and shovel; waits until the links run.
    fn link(&mut self) -> Result<()> {
        let user = |broker: &Broker| {
            broker.set_up(&[
                ("PUT", "users/admin", r#"{"password":"123","tags":"administrator"}"#.to_owned()),
                ("PUT", "permissions/%2f/admin", r#"{"configure":".*","write":".*","read":".*"}"#.to_owned()),
            ])
        };
        let durable = || r#"{"durable":true}"#.to_owned();
        let fanout = || r#"{"type":"fanout","durable":true}"#.to_owned();
        let uri = |which: Which| format!("amqp://admin:123@{}:5672/%2f?heartbeat=5", which.vip());
        let a = &self.sites[0].broker;
        let b = &self.sites[1].broker;
        user(a)?;
        user(b)?;
        a.set_up(&[
            ("PUT", "exchanges/%2f/fed_x", fanout()),
            ("PUT", "queues/%2f/fq_q", durable()),
            ("PUT", "queues/%2f/shovel_in", durable()),
        ])?;
        b.set_up(&[
            ("PUT", "exchanges/%2f/fed_x", fanout()),
            ("PUT", "queues/%2f/fed_out", durable()),
            ("POST", "bindings/%2f/e/fed_x/q/fed_out", "{}".to_owned()),
            ("PUT", "queues/%2f/fq_q", durable()),
            ("PUT", "queues/%2f/shovel_out", durable()),
            (
                "PUT",
                "parameters/federation-upstream/%2f/site-a",
                format!(
                    r#"{{"value":{{"uri":"{}","ack-mode":"on-confirm","reconnect-delay":1}}}}"#,
                    uri(Which::A)
                ),
            ),
            ("PUT", "policies/%2f/fedx", policy("^fed_x$", "exchanges")),
            ("PUT", "policies/%2f/fedq", policy("^fq_q$", "queues")),
        ])?;
        let shovel = format!(
            r#"{{"value":{{"src-protocol":"amqp091","src-uri":"{}","src-queue":"shovel_in","dest-protocol":"amqp091",
            "dest-uri":"{}","dest-queue":"shovel_out","ack-mode":"on-confirm","reconnect-delay":1}}}}"#,
            uri(Which::A),
            uri(Which::B)
        );
        a.set_up(&[("PUT", "parameters/shovel/%2f/s1", shovel)])?;
        let running = |broker: &Broker, path: &str, links: usize| {
            broker.api("GET", path, "").is_ok_and(|text| text.matches(r#""running""#).count() >= links)
        };
        // Exchange and queue have a link each; the queue's shows as running even before it has a consumer.
        if !wait_until(Duration::from_secs(40), || {
            running(b, "federation-links", 2) && running(a, "shovels", 1)
        }) {
            let said = (b.api("GET", "federation-links", ""), a.api("GET", "shovels", ""));
            bail!("federation or shovel do not run: {said:?}");
        }
        Ok(())
    }
}

fn policy(pattern: &str, apply_to: &str) -> String {
    format!(
        r#"{{"pattern":"{pattern}","apply-to":"{apply_to}","definition":{{"federation-upstream":"site-a"}}}}"#
    )
}

impl Site {
    /// The balancer that holds the address now, by its number.
    pub fn active(&self) -> Result<usize> {
        let vip = self.which.vip().to_string();
        let holds = |lb: &Option<Balancer>| lb.as_ref().is_some_and(|lb| lb.node.holds(&vip));
        match self.balancers.iter().position(holds) {
            Some(n) => Ok(n),
            None => bail!("nobody holds the address of site {}", self.which),
        }
    }
}
