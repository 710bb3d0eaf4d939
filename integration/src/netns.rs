//! Network laboratories: nodes in their own net, mount, pid and uts namespaces, joined by bridges.
//!
//! A [`Lab`] holds the switch: a namespace with bridges and nothing else. A [`Node`] is a small machine: its PID 1 reaps
//! orphans and ends when its standard input closes, so everything inside ends with the program that made it, however
//! that program ends. Nothing is created in the machine's own network namespace. Needs root.
//!
//! ```no_run
//! use integration::netns::Lab;
//! let lab = Lab::new("t1")?;
//! lab.bridge("br0")?;
//! let node = lab.node("a", &["/run", "/etc/haproxy"])?;
//! lab.plug(&node, "br0", "eth0", &["10.99.0.1/24"])?;
//! assert!(node.sh("ip -br addr show eth0")?.contains("10.99.0.1"));
//! # anyhow::Ok(())
//! ```

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// PID 1 of a node: prepares the namespace, says so, then reaps (bash does on SIGCHLD) until its standard input closes.
const INIT: &str = r#"
set -e
name=$1; shift
hostname "$name"
ip link set lo up
for dir in "$@"; do mkdir -p "$dir"; mount -t tmpfs -o mode=755 tmpfs "$dir"; done
set +e
echo ready
while read -r _; do :; done
"#;

/// How long a namespace may take to come up, and a killed process to go.
const PATIENCE: Duration = Duration::from_secs(10);

/// True if this process may make namespaces (effective user id 0).
pub fn allowed() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The switch of a laboratory and the maker of its nodes.
pub struct Lab {
    name: String,
    switch: Node,
}

impl Lab {
    /// Makes an empty laboratory. `name` is for the eye (host names begin with it); two laboratories never share anything.
    pub fn new(name: &str) -> Result<Lab> {
        let switch = Node::start(&format!("{name}-switch"), &[])?;
        Ok(Lab { name: name.to_owned(), switch })
    }

    /// Adds a bridge to the switch. At most 15 characters.
    pub fn bridge(&self, name: &str) -> Result<()> {
        self.switch.ip(&["link", "add", name, "type", "bridge", "forward_delay", "0"])?;
        self.switch.ip(&["link", "set", name, "up"])
    }

    /// Makes a node without any link but `lo`. Each of `private` becomes an empty tmpfs of its own in the node.
    pub fn node(&self, name: &str, private: &[&str]) -> Result<Node> {
        Node::start(&format!("{}-{name}", self.name), private)
    }

    /// Joins a node to a bridge: `link` inside the node with `addresses` (`a.b.c.d/n`), up at both ends.
    pub fn plug(&self, node: &Node, bridge: &str, link: &str, addresses: &[&str]) -> Result<()> {
        let port = port_name(node, link);
        let pid = node.init.to_string();
        // Outside the switch's pid namespace: the node's pid means nothing in there.
        let mut cable = Command::new("nsenter");
        cable.arg(format!("--target={}", self.switch.init)).args(["--net", "--", "ip", "link", "add", &port]);
        cable.args(["type", "veth", "peer", "name", link, "netns", &pid]);
        checked(&mut cable)?;
        self.switch.ip(&["link", "set", &port, "master", bridge, "up"])?;
        for address in addresses {
            // An IPv6 address would be tentative for a second.
            let duplicate_check = if address.contains(':') { &["nodad"][..] } else { &[] };
            node.ip(&[&["addr", "add", address, "dev", link], duplicate_check].concat())?;
        }
        node.ip(&["link", "set", link, "up"])
    }

    /// Pulls (`up == Cable::Out`) or puts back the cable of a node: its carrier goes, the link stays administratively up.
    pub fn cable(&self, node: &Node, link: &str, cable: Cable) -> Result<()> {
        let state = match cable {
            Cable::In => "up",
            Cable::Out => "down",
        };
        self.switch.ip(&["link", "set", &port_name(node, link), state])
    }

    /// The namespace that holds the bridges: for captures of what passes between nodes.
    pub fn switch(&self) -> &Node {
        &self.switch
    }
}

/// Whether a cable is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cable {
    /// Carrier present.
    In,
    /// Carrier lost.
    Out,
}

/// Name of the bridge port of a node's link: unique by the pid, within the kernel's 15 characters.
fn port_name(node: &Node, link: &str) -> String {
    let tail: String = link.chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
    format!("p{}{tail}", node.init)
}

/// A small machine. Dropping it ends every process in it and removes its links and mounts.
pub struct Node {
    name: String,
    unshare: Child,
    init: i32,
}

impl Node {
    fn start(name: &str, private: &[&str]) -> Result<Node> {
        if !allowed() {
            bail!("namespaces need root");
        }
        let mut unshare = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--pid",
                "--uts",
                "--ipc",
                "--fork",
                "--mount-proc",
                "--",
                "bash",
                "-c",
                INIT,
            ])
            .arg("init")
            .arg(name)
            .args(private)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting unshare (util-linux)")?;
        let stdout = unshare.stdout.take().ok_or_else(|| anyhow!("no pipe from the namespace"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.trim() != "ready" {
            let status = unshare.wait()?;
            bail!("the namespace {name} did not come up ({status})");
        }
        let init =
            *children(unshare.id() as i32).first().ok_or_else(|| anyhow!("namespace {name} has no PID 1"))?;
        Ok(Node { name: name.to_owned(), unshare, init })
    }

    /// The node's host name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The machine's pid of the node's PID 1.
    pub fn init_pid(&self) -> i32 {
        self.init
    }

    /// Where a path of the node is seen from outside: files can be written and read there without entering.
    pub fn path(&self, inside: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.init)).join(inside.trim_start_matches('/'))
    }

    /// Writes a file of the node, with its directories.
    pub fn write(&self, inside: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(inside);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| format!("writing {inside} in {}", self.name))
    }

    /// Reads a file of the node.
    pub fn read(&self, inside: &str) -> Result<String> {
        fs::read_to_string(self.path(inside)).with_context(|| format!("reading {inside} in {}", self.name))
    }

    /// A command that will run inside. The child of the spawned process is the program itself (see [`Node::spawn`]).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.init))
            .args(["--net", "--mount", "--pid", "--uts", "--ipc", "--"]);
        command.arg(program);
        command
    }

    /// Runs a program inside to its end.
    pub fn output(&self, words: &[&str]) -> Result<Output> {
        let (program, args) = words.split_first().ok_or_else(|| anyhow!("empty command"))?;
        self.command(program)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{program} in {}", self.name))
    }

    /// Runs a shell line inside; its standard output if it ends with 0, an error with both outputs if not.
    pub fn sh(&self, line: &str) -> Result<String> {
        let output = self.output(&["sh", "-c", line])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        bail!("{}: `{line}`: {}: {text}{}", self.name, output.status, String::from_utf8_lossy(&output.stderr))
    }

    /// Starts a daemon or a tool inside, standard output and error going to `log` (a path of the machine, appended to).
    pub fn spawn(&self, words: &[&str], log: &Path) -> Result<Process> {
        let (program, args) = words.split_first().ok_or_else(|| anyhow!("empty command"))?;
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = self.command(program);
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Process::start(command).with_context(|| format!("{program} in {}", self.name))
    }

    /// Runs `work` on a thread whose network is the node's: sockets made there stay in it.
    pub fn in_net<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let net = File::open(format!("/proc/{}/ns/net", self.init))?;
        thread::scope(|scope| {
            scope
                .spawn(move || {
                    setns(net, CloneFlags::CLONE_NEWNET)?;
                    Ok(work())
                })
                .join()
                .map_err(|_| anyhow!("the work inside the namespace panicked"))?
        })
    }

    /// The machine's pids of the processes of this node whose kernel name is `comm`, zombies not counted.
    pub fn pids(&self, comm: &str) -> Vec<i32> {
        let space = fs::read_link(format!("/proc/{}/ns/pid", self.init)).ok();
        all_pids()
            .filter(|pid| space.is_some() && fs::read_link(format!("/proc/{pid}/ns/pid")).ok() == space)
            .filter(|pid| stat(*pid).is_some_and(|stat| stat.comm == comm && stat.state != 'Z'))
            .collect()
    }

    /// Sends a signal to every process of this node with that kernel name; how many there were.
    pub fn signal(&self, comm: &str, signal: Signal) -> usize {
        self.pids(comm).into_iter().filter(|pid| kill(Pid::from_raw(*pid), signal).is_ok()).count()
    }

    /// True if the node holds the address (`10.0.0.1`, without its prefix length). Cheap: no program is run.
    pub fn holds(&self, address: &str) -> bool {
        let table =
            |file: &str| fs::read_to_string(format!("/proc/{}/net/{file}", self.init)).unwrap_or_default();
        match address.parse() {
            // `|-- 10.0.0.1` and below it `/32 host LOCAL`
            Ok(IpAddr::V4(v4)) => {
                let text = table("fib_trie");
                let mut lines = text.lines().skip_while(|line| line.trim_start() != format!("|-- {v4}"));
                lines.nth(1).is_some_and(|line| line.contains("/32 host LOCAL"))
            }
            Ok(IpAddr::V6(v6)) => {
                let digits: String = v6.octets().iter().map(|byte| format!("{byte:02x}")).collect();
                table("if_inet6").lines().any(|line| line.starts_with(&digits))
            }
            Err(_) => false,
        }
    }

    /// Runs `ip` inside.
    pub fn ip(&self, args: &[&str]) -> Result<()> {
        checked(self.command("ip").args(args))
    }
}

/// Runs a command to its end; its outputs are the error if it does not end with 0.
fn checked(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.unshare.stdin.take());
        let gone = wait_until(PATIENCE, || matches!(self.unshare.try_wait(), Ok(Some(_)) | Err(_)));
        if !gone {
            let _ = kill(Pid::from_raw(self.init), Signal::SIGKILL);
            let _ = self.unshare.wait();
        }
    }
}

/// A program started inside a node; killed when dropped.
pub struct Process {
    wrapper: Child,
    pid: i32,
}

impl Process {
    /// Starts a command made by [`Node::command`]: the wrapper enters the pid namespace by a fork, the child is the program.
    pub fn start(mut command: Command) -> Result<Process> {
        let mut wrapper = command.spawn()?;
        let mut pid = None;
        wait_until(PATIENCE, || {
            pid = children(wrapper.id() as i32).first().copied();
            pid.is_some() || !matches!(wrapper.try_wait(), Ok(None))
        });
        // A program that ended within the moment has no pid any more: its exit status is still there.
        Ok(Process { pid: pid.unwrap_or(0), wrapper })
    }

    /// The machine's pid of the program; 0 if it ended before it was seen.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if self.pid == 0 {
            bail!("the program has ended");
        }
        Ok(kill(Pid::from_raw(self.pid), signal)?)
    }

    /// The exit code (128 + signal if it was killed) if the program ends within `limit`.
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let mut status = None;
        wait_until(limit, || {
            status = self.wrapper.try_wait().ok().flatten();
            status.is_some()
        });
        use std::os::unix::process::ExitStatusExt;
        status.map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.wrapper.try_wait(), Ok(None)) {
            let _ = self.signal(Signal::SIGKILL);
            if self.wait(PATIENCE).is_none() {
                let _ = self.wrapper.kill();
                let _ = self.wrapper.wait();
            }
        }
    }
}

/// Polls every 10 ms until `done` or `limit`; whether it was done.
pub fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The parent of a process, if it is there.
pub fn parent(pid: i32) -> Option<i32> {
    Some(stat(pid)?.parent)
}

struct Stat {
    comm: String,
    state: char,
    parent: i32,
}

/// `/proc/PID/stat`: the name stands in brackets and may hold anything, so split at the last bracket.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = text.rsplit_once(')')?;
    let mut fields = tail.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Stat { comm: head.split_once('(')?.1.to_owned(), state, parent })
}

fn all_pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn children(parent: i32) -> Vec<i32> {
    all_pids().filter(|pid| stat(*pid).is_some_and(|stat| stat.parent == parent)).collect()
}

#[cfg(test)]
mod tests;
