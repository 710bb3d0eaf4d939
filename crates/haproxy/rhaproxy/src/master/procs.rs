//! The master's children as data: the list of `show proc`, and the variable by which a master that becomes a new program
//! finds its children again. Both are the original's.

use std::fmt::Write as _;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::version::VERSION;

/// What a child does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Serves traffic.
    Worker,
    /// A `program` section's program.
    Program(String),
}

/// A child.
#[derive(Clone, Debug)]
pub struct Child {
    /// What it does.
    pub kind: Kind,
    /// Its process id.
    pub pid: i32,
    /// Reloads it has survived.
    pub reloads: u32,
    /// When it was started, seconds since 1970.
    pub since_s: u64,
    /// The version it was started with; none for programs.
    pub version: Option<String>,
    /// The master's end of the socket pair to a worker.
    pub link: Option<Rc<OwnedFd>>,
    /// It was told to end, or replaced.
    pub leaving: bool,
}

impl Child {
    /// A worker just started.
    pub fn worker(pid: i32, link: OwnedFd) -> Self {
        let version = Some(VERSION.to_owned());
        Child {
            kind: Kind::Worker,
            pid,
            reloads: 0,
            since_s: now_s(),
            version,
            link: Some(Rc::new(link)),
            leaving: false,
        }
    }

    /// A program just started.
    pub fn program(pid: i32, name: &str) -> Self {
        let kind = Kind::Program(name.to_owned());
        Child { kind, pid, reloads: 0, since_s: now_s(), version: None, link: None, leaving: false }
    }

    /// As messages name it.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Worker => format!("worker ({})", self.pid),
            Kind::Program(name) => format!("program '{name}' ({})", self.pid),
        }
    }
}

/// Seconds since 1970.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The master itself, for the list.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Its process id.
    pub pid: u32,
    /// Reloads asked for.
    pub reloads: u32,
    /// Failed ones since the last that did not.
    pub failed: u32,
    /// When it was first started, seconds since 1970.
    pub since_s: u64,
}

impl Own {
    /// A master that begins.
    pub fn new() -> Self {
        Own { pid: std::process::id(), reloads: 0, failed: 0, since_s: now_s() }
    }
}

/// Width of a column.
const WIDTH: usize = 15;

fn row(out: &mut String, cells: [&str; 5]) {
    let cells = cells.map(|cell| format!("{cell:WIDTH$}"));
    // writing to a string cannot fail
    let _ = writeln!(out, "{}", cells.join(" "));
}

/// The answer to `show proc`; with `debug` the numbers of the descriptors too.
pub fn show(own: &Own, children: &[Child], now_s: u64, debug: bool) -> String {
    let mut out = String::new();
    row(&mut out, ["#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"]);
    let reloads = format!("{} [failed: {}]", own.reloads, own.failed);
    let uptime = |since_s: u64| uptime(now_s.saturating_sub(since_s));
    row(&mut out, [&own.pid.to_string(), "master", &reloads, &uptime(own.since_s), VERSION]);
    let mut list = |title: &str, always: bool, wanted: &dyn Fn(&Child) -> bool| {
        let mut titled = false;
        if always {
            titled = true;
            let _ = writeln!(out, "{title}");
        }
        for child in children.iter().filter(|child| wanted(child)) {
            if !std::mem::replace(&mut titled, true) {
                let _ = writeln!(out, "{title}");
            }
            let kind = match &child.kind {
                Kind::Worker => "worker",
                Kind::Program(name) => name,
            };
            let version = child.version.as_deref().unwrap_or("-");
            let reloads = child.reloads.to_string();
            row(&mut out, [&child.pid.to_string(), kind, &reloads, &uptime(child.since_s), version]);
            if debug && let Some(link) = &child.link {
                let _ = writeln!(out, "  ipc_fd: {}", link.as_raw_fd());
            }
        }
    };
    let is_worker = |child: &Child| child.kind == Kind::Worker;
    list("# workers", true, &|child| is_worker(child) && !child.leaving);
    list("# old workers", false, &|child| is_worker(child) && child.leaving);
    list("# programs", false, &|child| !is_worker(child) && !child.leaving);
    list("# old programs", false, &|child| !is_worker(child) && child.leaving);
    out
}

fn uptime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{days}d{:02}h{:02}m{:02}s", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// Name of the variable that carries [`to_variable`].
pub const VARIABLE: &str = "HAPROXY_PROCESSES";

/// The children as a program that takes the master's place finds them. All count as survivors of the reload that made it
/// come, as the original counts them.
pub fn to_variable(own: &Own, children: &[Child]) -> String {
    let mut out = String::new();
    let mut push = |kind: char,
                    fd: RawFd,
                    pid: i64,
                    reloads: u32,
                    failed: u32,
                    since: u64,
                    id: &str,
                    version: &str| {
        let _ = write!(
            out,
            "|type={kind};fd={fd};pid={pid};reloads={reloads};failedreloads={failed};timestamp={since};id={id};\
             version={version}"
        );
    };
    push('m', -1, i64::from(own.pid), own.reloads, own.failed, own.since_s, "", VERSION);
    for child in children {
        let (kind, id) = match &child.kind {
            Kind::Worker => ('w', ""),
            Kind::Program(name) => ('e', name.as_str()),
        };
        let fd = child.link.as_ref().map_or(-1, |link| link.as_raw_fd());
        let version = child.version.as_deref().unwrap_or("");
        // the others were counted when the reload began
        let reloads = child.reloads + u32::from(!child.leaving);
        push(kind, fd, i64::from(child.pid), reloads, 0, child.since_s, id, version);
    }
    out
}

/// What a variable tells: the master's own numbers, and the children with the numbers of their descriptors.
///
/// Nothing is believed of a text that another process's master has written.
pub fn from_variable(text: &str) -> Option<(Own, Vec<(Child, RawFd)>)> {
    let mut own = Own::new();
    let mut is_ours = false;
    let mut children = Vec::new();
    for entry in text.split('|').filter(|entry| !entry.is_empty()) {
        let field = |name: &str| {
            entry
                .split(';')
                .find_map(|field| field.split_once('=').filter(|(own, _)| *own == name))
                .map_or("", |f| f.1)
        };
        let since_s = field("timestamp").parse().unwrap_or_else(|_| now_s());
        let reloads = field("reloads").parse().unwrap_or(0);
        let kind = match field("type") {
            "m" => {
                is_ours = field("pid").parse() == Ok(own.pid);
                own.reloads = reloads;
                own.failed = field("failedreloads").parse().unwrap_or(0);
                own.since_s = since_s;
                continue;
            }
            "w" => Kind::Worker,
            "e" => Kind::Program(field("id").to_owned()),
            _ => continue,
        };
        let Some(pid) = field("pid").parse().ok().filter(|pid| *pid > 1) else { continue };
        let version = (kind == Kind::Worker).then(|| field("version").to_owned());
        let child = Child { kind, pid, reloads, since_s, version, link: None, leaving: false };
        children.push((child, field("fd").parse().unwrap_or(-1)));
    }
    tell_former(&mut children);
    is_ours.then_some((own, children))
}

/// Tells who was told to end: everyone but the latest worker and the latest process of each program, which have survived
/// the fewest reloads.
fn tell_former(children: &mut [(Child, RawFd)]) {
    let ages: Vec<(Kind, u32)> =
        children.iter().map(|(child, _)| (child.kind.clone(), child.reloads)).collect();
    for (child, _) in children {
        child.leaving = ages.iter().any(|(kind, reloads)| *kind == child.kind && *reloads < child.reloads);
        if !child.leaving {
            // it has survived this reload once it is told to end, or the reload has failed
            child.reloads = child.reloads.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
