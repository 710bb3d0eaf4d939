//! What all threads of the process share: the live snapshot, limits, counters, mailboxes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use haproxy_model::snapshot::Snapshot;
use haproxy_stats::counter::PerThread;
use haproxy_stats::objects::ProcessCounters;
use tokio::sync::mpsc::UnboundedSender;

use crate::accept::Accepted;
use crate::clock::Clock;
use crate::door::{self, Doors, Duty, Places};
use crate::log::LogOutput;
use crate::service::Services;
use crate::thread::Thread;

/// A message to a data thread.
pub enum ThreadMessage {
    /// A connection another thread accepted.
    Connection(Accepted),
    /// Use this snapshot for what begins from now on, with the sockets of its listeners.
    Snapshot(Arc<Snapshot>, Arc<Places>),
    /// Listen on these sockets too.
    Listen(Vec<crate::accept::ListenSocket>),
    /// Let go of these sockets.
    Unlisten(Arc<HashSet<u64>>),
    /// Stop listening for a while, or listen again.
    Pause(Duty),
    /// Some listeners are leaving: their idle connections end when their time comes.
    Leaving,
    /// End what still runs on snapshots of this generation or older.
    Cut(u64),
    /// End with the last connection.
    SoftStop,
    /// Close the idle connections to a server.
    Forget(Arc<haproxy_balance::Server>),
    /// Look at the thread.
    Ask(Box<dyn FnOnce(&Thread) + Send>),
}

/// The running process.
pub struct Process {
    /// Its clock.
    pub clock: Clock,
    /// The configuration in force.
    pub snapshot: ArcSwap<Snapshot>,
    /// Number of data threads.
    pub threads: usize,
    /// Mailbox of each data thread.
    pub mailboxes: Vec<UnboundedSender<ThreadMessage>>,
    /// Connections of each thread, to choose the least busy.
    pub loads: Vec<AtomicU32>,
    /// Client connections now.
    pub connections: AtomicU32,
    /// Most client connections so far.
    pub connections_max: AtomicU32,
    /// `maxconn` in force.
    pub maxconn: AtomicU32,
    /// Counters of the process.
    pub counters: PerThread<ProcessCounters>,
    /// True while the process drains.
    pub stopping: AtomicBool,
    /// Wakes acceptors that wait for a slot.
    pub slot_free: tokio::sync::Notify,
    /// How many acceptors wait for a slot.
    pub slot_waiters: AtomicU32,
    /// Streams that ended in a panic.
    pub panics: AtomicU64,
    /// Listening sockets.
    pub doors: Doors,
    /// Where the runner of health checks is reached.
    pub health: crate::health::Hub,
    /// Where log lines go.
    pub log: LogOutput,
    /// What answers in place of servers.
    pub services: Arc<dyn Services>,
    /// `node` or the host's name.
    pub node: String,
    /// The host's name.
    pub hostname: String,
    /// Addresses of this machine when the process began.
    pub local_addresses: Vec<std::net::IpAddr>,
    /// Local time.
    pub time_zone: jiff::tz::TimeZone,
    /// Process id.
    pub pid: u32,
    /// Messages that broke the protocol so far.
    pub captured: AtomicU64,
    /// Pipes open in all threads.
    pub pipes: Arc<AtomicU32>,
    /// Next session number.
    pub next_stream: AtomicU64,
}

impl Process {
    /// Puts a snapshot to work for everything that begins from now on; which listener each socket serves then.
    pub fn put_to_work(&self, snapshot: Arc<Snapshot>) -> Arc<Places> {
        let places = Arc::new(door::plan(&snapshot, &self.doors.all()).places);
        self.maxconn.store(snapshot.global.maxconn_effective, Ordering::Relaxed);
        self.snapshot.store(Arc::clone(&snapshot));
        self.health.adopt(Arc::clone(&snapshot));
        self.tell(|| ThreadMessage::Snapshot(Arc::clone(&snapshot), Arc::clone(&places)));
        places
    }

    /// Sends all data threads a message.
    pub fn tell(&self, message: impl Fn() -> ThreadMessage) {
        for mailbox in &self.mailboxes {
            // a thread that is gone has nothing to be told
            drop(mailbox.send(message()));
        }
    }

    /// Counts a new client connection; its number among those open now.
    pub fn connection_began(&self) -> u32 {
        let now = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        if now > self.connections_max.load(Ordering::Relaxed) {
            self.connections_max.store(now, Ordering::Relaxed);
        }
        now
    }

    /// Counts a client connection off and wakes an acceptor that waits for its slot.
    pub fn connection_ended(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        if self.slot_waiters.load(Ordering::Relaxed) > 0 {
            self.slot_free.notify_waiters();
        }
    }
}
