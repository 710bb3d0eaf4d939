//! The proxy alone on loopback: two servers, one fails and comes back.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use integration::backend::Backend;
use integration::pair::Programs;
use integration::ports::{free_port, listening};
use integration::probe::{Probe, Summary, fetch};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock::Clock;

/// Shows it.
pub fn run(clock: &Clock) -> Result<()> {
    let programs = Programs::chosen()?;
    let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (web, stats, metrics) = (free_port()?, free_port()?, free_port()?);
    let red = Backend::start(TcpListener::bind(local(0))?, "red")?;
    let blue = Backend::start(TcpListener::bind(local(0))?, "blue")?;
    let config = config(web, stats, metrics, &red, &blue);
    let proxy = Proxy::start(&programs, &config, &[web, stats, metrics])?;
    clock.say(format!("the proxy listens on http://{}/, in front of the servers red and blue", local(web)));
    clock.say(format!(
        "statistics: http://{}/stats   metrics: http://{}/metrics",
        local(stats),
        local(metrics)
    ));

    let probe = Probe::start(None, local(web), Duration::from_millis(5))?;
    let told = |what: &str, from: Instant| {
        let summary: Summary = probe.since(from);
        clock.say(format!("{what}: {summary}"));
        summary
    };
    let mut from = Instant::now();
    clock.pass(Duration::from_secs(3))?;
    told("three seconds of requests", from);

    from = Instant::now();
    let (address, answered) = (red.address, red.answered());
    drop(red);
    clock.say("server red stops");
    if !clock.wait(Duration::from_secs(10), || server_is(local(stats), "red", "DOWN"))? {
        bail!("the proxy never noticed that red is gone");
    }
    clock.say(format!("the proxy's checks say: red is DOWN, after {:.1} s", from.elapsed().as_secs_f64()));
    clock.pass(Duration::from_secs(2))?;
    told("requests meanwhile", from);

    from = Instant::now();
    let red = Backend::start(TcpListener::bind(address)?, "red")?;
    clock.say("server red is back");
    if !clock.wait(Duration::from_secs(10), || server_is(local(stats), "red", "UP"))? {
        bail!("the proxy never noticed that red is back");
    }
    clock.say(format!("the proxy's checks say: red is UP, after {:.1} s", from.elapsed().as_secs_f64()));
    clock.pass(Duration::from_secs(2))?;
    told("requests meanwhile", from);
    clock.say(format!("answered in all: red {}, blue {}", answered + red.answered(), blue.answered()));
    clock.say(format!(
        "statistics: http://{}/stats   metrics: http://{}/metrics",
        local(stats),
        local(metrics)
    ));
    clock.linger()?;
    drop(proxy);
    Ok(())
}

/// What the statistics say of a server of the backend.
fn server_is(stats: SocketAddr, server: &str, state: &str) -> bool {
    let Ok(answer) = fetch(stats, "/stats;csv") else { return false };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let mut lines = text.lines();
    lines
        .any(|line| line.starts_with(&format!("servers,{server},")) && line.split(',').nth(17) == Some(state))
}

fn config(web: u16, stats: u16, metrics: u16, red: &Backend, blue: &Backend) -> String {
    format!(
        "global\n    maxconn 2000\n\
         defaults\n    mode http\n    option redispatch\n    retries 3\n    timeout connect 1s\n    timeout client 30s\n    timeout server 30s\n\
         frontend web\n    bind 127.0.0.1:{web}\n    default_backend servers\n\
         backend servers\n    balance roundrobin\n    server red {} check inter 300 fall 2 rise 2\n    server blue {} check inter 300 fall 2 rise 2\n\
         listen stats\n    bind 127.0.0.1:{stats}\n    stats enable\n    stats uri /stats\n    stats refresh 5s\n\
         frontend metrics\n    bind 127.0.0.1:{metrics}\n    http-request use-service prometheus-exporter if {{ path /metrics }}\n",
        red.address, blue.address
    )
}

struct Proxy {
    child: Child,
    dir: std::path::PathBuf,
}

impl Proxy {
    fn start(programs: &Programs, config: &str, ports: &[u16]) -> Result<Proxy> {
        let dir = std::env::temp_dir().join(format!("demo-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let file = dir.join("haproxy.cfg");
        fs::write(&file, config)?;
        let log = File::create(dir.join("said"))?;
        let mut command = Command::new(&programs.haproxy);
        command.arg("-db").arg("-f").arg(&file).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut proxy = Proxy { child: command.spawn()?, dir };
        let mut ended = false;
        let ready = integration::netns::wait_until(Duration::from_secs(10), || {
            ended = !matches!(proxy.child.try_wait(), Ok(None));
            ended || listening(ports)
        });
        if ended || !ready {
            bail!(
                "{} did not start: {}",
                programs.haproxy.display(),
                fs::read_to_string(proxy.dir.join("said"))?
            );
        }
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM);
        if !integration::netns::wait_until(Duration::from_secs(3), || {
            !matches!(self.child.try_wait(), Ok(None))
        }) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}
