//! Starting the data threads and talking to them.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use haproxy_model::snapshot::Snapshot;
use haproxy_stats::counter::PerThread;
use tokio::runtime::LocalOptions;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::accept::{self, ListenSocket};
use crate::clock::Clock;
use crate::conn;
use crate::log::LogOutput;
use crate::process::{Process, ThreadMessage};
use crate::service::Services;
use crate::thread::Thread;

/// How often idle server connections are looked over.
const PURGE_EVERY: Duration = Duration::from_secs(1);

/// Stack of a data thread: streams live on the heap, rules do not recurse deeply.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Tasks that run between two looks for events, when there are as many.
const TURNS_PER_POLL: u32 = 64;

/// Facts of the machine that the process was started on.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Host name.
    pub hostname: String,
    /// Process id.
    pub pid: u32,
}

/// The running data plane.
pub struct Running {
    /// What its threads share.
    pub process: Arc<Process>,
    joins: Vec<JoinHandle<()>>,
    next_thread: AtomicU32,
}

/// Starts the data threads on a snapshot and its open sockets.
pub fn start(
    snapshot: Arc<Snapshot>,
    sockets: Vec<ListenSocket>,
    log: LogOutput,
    services: Arc<dyn Services>,
    machine: Machine,
) -> io::Result<Running> {
    let threads = snapshot.global.threads.max(1) as usize;
    let (mailboxes, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| unbounded_channel()).unzip();
    let process = Arc::new(Process {
        clock: Clock::start(),
        maxconn: AtomicU32::new(snapshot.global.maxconn_effective),
        node: snapshot.global.node.clone().unwrap_or_else(|| machine.hostname.clone()),
        hostname: machine.hostname,
        pid: machine.pid,
        local_addresses: local_addresses(),
        time_zone: jiff::tz::TimeZone::system(),
        snapshot: ArcSwap::new(snapshot),
        threads,
        mailboxes,
        loads: (0..threads).map(|_| AtomicU32::new(0)).collect(),
        connections: AtomicU32::new(0),
        connections_max: AtomicU32::new(0),
        counters: PerThread::new(threads),
        stopping: AtomicBool::new(false),
        slot_free: tokio::sync::Notify::new(),
        slot_waiters: AtomicU32::new(0),
        panics: AtomicU64::new(0),
        health: crate::health::Hub::default(),
        log,
        services,
        captured: AtomicU64::new(0),
        next_session: AtomicU64::new(0),
    });
    let mut joins = Vec::with_capacity(threads);
    for (index, mailbox) in receivers.into_iter().enumerate() {
        let process = Arc::clone(&process);
        let join = std::thread::Builder::new()
            .name("haproxy".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || data_thread(index, process, mailbox))?;
        joins.push(join);
    }
    let running = Running { process, joins, next_thread: AtomicU32::new(0) };
    running.listen(sockets);
    Ok(running)
}

impl Running {
    /// Hands open sockets to the threads, in turns.
    pub fn listen(&self, sockets: Vec<ListenSocket>) {
        for socket in sockets {
            let turn = self.next_thread.fetch_add(1, Ordering::Relaxed) as usize % self.process.threads;
            // a thread that is gone cannot listen: the process is ending
            drop(self.process.mailboxes[turn].send(ThreadMessage::Listen(vec![socket])));
        }
    }

    /// Puts a new snapshot to work for everything that begins from now on.
    pub fn replace(&self, snapshot: Arc<Snapshot>) {
        for section in &snapshot.caches {
            section.cache.reconfigure(section.settings);
        }
        self.process.put_to_work(snapshot);
    }

    /// Stops accepting and ends idle connections; streams go on to their end.
    pub fn soft_stop(&self) {
        self.process.stopping.store(true, Ordering::Relaxed);
        self.process.tell(|| ThreadMessage::SoftStop);
    }

    /// Closes the listeners opened for `generation` or before.
    pub fn unlisten(&self, generation: u64) {
        self.process.tell(|| ThreadMessage::Unlisten(generation));
    }

    /// Waits for the threads, which end after a soft stop with their last connection.
    pub fn join(self) {
        for join in self.joins {
            drop(join.join());
        }
    }
}

/// Addresses of this machine's interfaces; none when the system does not tell.
fn local_addresses() -> Vec<std::net::IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            if let Some(v4) = address.as_sockaddr_in() {
                return Some(std::net::IpAddr::V4(v4.ip()));
            }
            address.as_sockaddr_in6().map(|v6| std::net::IpAddr::V6(v6.ip()))
        })
        .collect()
}

fn data_thread(index: usize, process: Arc<Process>, mailbox: UnboundedReceiver<ThreadMessage>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(TURNS_PER_POLL)
        .build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start thread {}: {error}", index + 1);
            return;
        }
    };
    runtime.block_on(serve(Rc::new(Thread::new(index, process)), mailbox));
}

async fn serve(thread: Rc<Thread>, mut mailbox: UnboundedReceiver<ThreadMessage>) {
    let (gone, _) = tokio::sync::watch::channel(0u64);
    let mut purge = tokio::time::interval(PURGE_EVERY);
    purge.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            message = mailbox.recv() => message,
            _ = purge.tick() => {
                thread.clock.tick();
                purge_idle(&thread);
                thread.measure_cpu();
                if is_finished(&thread) {
                    return;
                }
                continue;
            }
        };
        thread.clock.tick();
        match message {
            None => return,
            Some(ThreadMessage::Connection(accepted)) => conn::spawn(&thread, accepted),
            Some(ThreadMessage::Snapshot) => thread.renew_snapshot(),
            Some(ThreadMessage::Forget(server)) => thread.idle.borrow_mut().forget(&server),
            Some(ThreadMessage::Ask(look)) => look(&thread),
            Some(ThreadMessage::Listen(sockets)) => {
                for socket in sockets {
                    tokio::task::spawn_local(accept::run(Rc::clone(&thread), socket, gone.subscribe()));
                }
            }
            Some(ThreadMessage::Unlisten(generation)) => {
                gone.send_replace(generation);
            }
            Some(ThreadMessage::SoftStop) => {
                gone.send_replace(u64::MAX);
                thread.drain();
                thread.idle.borrow_mut().purge(0, |_| 0);
                if is_finished(&thread) {
                    return;
                }
                // from now on the end is to be noticed soon
                purge = tokio::time::interval(Duration::from_millis(20));
            }
        }
    }
}

fn is_finished(thread: &Thread) -> bool {
    thread.draining.get() && thread.process.loads[thread.index].load(Ordering::Relaxed) == 0
}

fn purge_idle(thread: &Thread) {
    if thread.index == 0 {
        forget_need(&thread.snapshot());
    }
    let mut idle = thread.idle.borrow_mut();
    if idle.is_empty() {
        return;
    }
    let snapshot = thread.snapshot();
    let now_ms = thread.now_ms();
    let delays: std::collections::HashMap<usize, u64> = snapshot
        .proxies
        .iter()
        .flat_map(|px| &px.servers)
        .map(|server| (Arc::as_ptr(&server.live) as usize, server.settings.pool_purge_delay_ms))
        .collect();
    idle.purge(now_ms, |connection| {
        // a server that is no longer configured keeps nothing
        delays.get(&(Arc::as_ptr(&connection.server) as usize)).copied().unwrap_or(0)
    });
}

/// What servers needed at once fades towards what they use now.
fn forget_need(snapshot: &Snapshot) {
    for server in snapshot.proxies.iter().flat_map(|px| &px.servers) {
        let needed = server.live.needed_connections();
        let before = needed.load(Ordering::Relaxed);
        let used = server.live.current();
        if before > used {
            needed.store(used + (before - used) / 2, Ordering::Relaxed);
        }
    }
}
