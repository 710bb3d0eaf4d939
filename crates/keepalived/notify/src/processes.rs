//! Tracked processes: who starts and who ends, told by the kernel's process connector.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use keepalived_conf::model::{ParamMatch, TrackProcess};
use netlink_sys::{Socket, SocketAddr};

const NETLINK_CONNECTOR: isize = 11;
/// connector.h: index and value of the process events.
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const PROC_CN_MCAST_LISTEN: u32 = 1;
/// Bytes of nlmsghdr and cn_msg before an event.
const EVENT_AT: usize = 16 + 20;
const BUFFER: usize = 4096;

/// cn_proc.h: kinds of events.
mod what {
    pub const FORK: u32 = 1;
    pub const EXEC: u32 = 2;
    pub const COMM: u32 = 0x200;
    pub const EXIT: u32 = 0x8000_0000;
}

/// The socket to the kernel. It has to be opened in the first network namespace: in others the kernel refuses
/// listeners.
#[derive(Debug)]
pub struct ProcessMonitor {
    socket: Socket,
    buffer: Vec<u8>,
}

/// What the kernel told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    events: Vec<Event>,
    lost: bool,
}

/// What happened to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Appeared(i32),
    Renamed(i32),
    Ended(i32),
}

impl Told {
    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.lost
    }
}

impl ProcessMonitor {
    /// Opens the socket and subscribes. Needs CAP_NET_ADMIN.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_CONNECTOR)?;
        socket.bind(&SocketAddr::new(0, CN_IDX_PROC))?;
        socket.set_non_blocking(true)?;
        let mut message = Vec::with_capacity(40);
        message.extend(40_u32.to_ne_bytes());
        message.extend(u16::try_from(libc::NLMSG_DONE).unwrap_or(0).to_ne_bytes());
        message.extend([0; 10]);
        message.extend(CN_IDX_PROC.to_ne_bytes());
        message.extend(CN_VAL_PROC.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(4_u16.to_ne_bytes());
        message.extend([0; 2]);
        message.extend(PROC_CN_MCAST_LISTEN.to_ne_bytes());
        socket.send(&message, 0)?;
        Ok(Self { socket, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Everything that waits.
    pub fn drain(&mut self) -> io::Result<Told> {
        let mut told = Told::default();
        loop {
            self.buffer.clear();
            self.buffer.reserve(BUFFER);
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => told.events.extend(read(&self.buffer)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(told),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => told.lost = true,
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for ProcessMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Threads come and go in the same stream; only thread group leaders count.
fn read(bytes: &[u8]) -> Option<Event> {
    let event = bytes.get(EVENT_AT..)?;
    let word = |at: usize| Some(u32::from_ne_bytes(*event.get(at..)?.first_chunk()?));
    let pid = |at: usize| i32::try_from(word(at)?).ok();
    match word(0)? {
        what::FORK => {
            let (child, group) = (pid(24)?, pid(28)?);
            (child == group).then_some(Event::Appeared(child))
        }
        what::EXEC => Some(Event::Renamed(pid(20)?)),
        what::COMM => {
            let (process, group) = (pid(16)?, pid(20)?);
            (process == group).then_some(Event::Renamed(group))
        }
        what::EXIT => {
            let (process, group) = (pid(16)?, pid(20)?);
            (process == group).then_some(Event::Ended(group))
        }
        _ => None,
    }
}

/// Counts the processes that match each `vrrp_track_process`.
#[derive(Debug, Default)]
pub struct ProcessTable {
    matchers: Vec<TrackProcess>,
    /// For each process that matches at least once: the numbers of the matchers.
    matched: HashMap<i32, Vec<usize>>,
}

impl ProcessTable {
    /// A table of what runs now.
    pub fn new(matchers: &[TrackProcess]) -> Self {
        let mut table = Self { matchers: matchers.to_vec(), matched: HashMap::new() };
        table.reload();
        table
    }

    /// Looks at every process anew.
    pub fn reload(&mut self) {
        self.matched.clear();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                self.look(pid);
            }
        }
    }

    /// The number of processes that match `number`.
    pub fn count(&self, number: usize) -> u32 {
        let count = self.matched.values().filter(|numbers| numbers.contains(&number)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Takes in what the kernel told; the numbers of the matchers whose count changed. Lost messages mean that
    /// everything is looked at anew.
    pub fn follow(&mut self, told: &Told) -> Vec<usize> {
        let before: Vec<u32> = (0..self.matchers.len()).map(|number| self.count(number)).collect();
        for event in &told.events {
            match *event {
                Event::Appeared(pid) | Event::Renamed(pid) => self.look(pid),
                Event::Ended(pid) => drop(self.matched.remove(&pid)),
            }
        }
        if told.lost {
            self.reload();
        }
        (0..self.matchers.len()).filter(|number| before.get(*number) != Some(&self.count(*number))).collect()
    }

    fn look(&mut self, pid: i32) {
        let numbers: Vec<usize> = self
            .matchers
            .iter()
            .enumerate()
            .filter(|(_, matcher)| matches(matcher, pid))
            .map(|(number, _)| number)
            .collect();
        if numbers.is_empty() {
            self.matched.remove(&pid);
        } else {
            self.matched.insert(pid, numbers);
        }
    }
}

fn matches(matcher: &TrackProcess, pid: i32) -> bool {
    let by_command =
        matcher.full_command || !matcher.params.is_empty() || matcher.param_match != ParamMatch::None;
    if !by_command {
        let Ok(comm) = fs::read_to_string(format!("/proc/{pid}/comm")) else { return false };
        return is_name(&matcher.process, comm.trim_end_matches('\n'));
    }
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let line = String::from_utf8_lossy(&line);
    let mut words = line.trim_end_matches('\0').split('\0');
    words.next().is_some_and(|program| program == matcher.process)
        && params_match(matcher, &words.collect::<Vec<_>>())
}

/// The kernel keeps 15 bytes of a name.
fn is_name(configured: &str, comm: &str) -> bool {
    let name = configured.rsplit('/').next().unwrap_or(configured);
    name.as_bytes().get(..15).unwrap_or(name.as_bytes()) == comm.as_bytes()
}

fn params_match(matcher: &TrackProcess, words: &[&str]) -> bool {
    let wanted = &matcher.params;
    match matcher.param_match {
        ParamMatch::None if wanted.is_empty() => true,
        ParamMatch::None | ParamMatch::Exact => wanted == words,
        ParamMatch::Partial => words.len() >= wanted.len() && words.iter().zip(wanted).all(|(a, b)| a == b),
        ParamMatch::Initial => match wanted.split_last() {
            None => words.is_empty(),
            Some((last, first)) => {
                words.len() >= wanted.len()
                    && words.iter().zip(first).all(|(a, b)| a == b)
                    && words[first.len()].starts_with(last.as_str())
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_this_process() {
        let pid = std::process::id() as i32;
        let comm = fs::read_to_string("/proc/self/comm").unwrap();
        assert!(is_name(&format!("/usr/bin/{}", comm.trim_end()), comm.trim_end()));
        assert!(fs::metadata(format!("/proc/{pid}")).is_ok());
        assert!(is_name("a-very-long-process-name", "a-very-long-pro"));
        assert!(!is_name("ssh", "sshd"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_event_is_read(kind in 0..12_u32, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)) {
            let mut bytes = bytes;
            if let Some(at) = bytes.get_mut(EVENT_AT..EVENT_AT + 4) {
                at.copy_from_slice(&(1_u32 << kind).to_ne_bytes());
            }
            let mut table = ProcessTable::default();
            let told = Told { events: read(&bytes).into_iter().collect(), lost: false };
            proptest::prop_assert!(table.follow(&told).is_empty(), "nothing is tracked");
        }
    }

    #[test]
    fn damaged_events_are_nothing() {
        for length in 0..80 {
            assert_eq!(read(&vec![0; length]), None);
        }
    }
}
