//! Starting the data threads and talking to them.

use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use haproxy_model::snapshot::{Listener, Snapshot};
use haproxy_stats::counter::PerThread;
use tokio::runtime::LocalOptions;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::accept::{self, ListenSocket};
use crate::clock::Clock;
use crate::conn;
use crate::door::{Door, Doors, Duty, OpenSocket};
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
    joins: Mutex<Vec<JoinHandle<()>>>,
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
        doors: Doors::default(),
        health: crate::health::Hub::default(),
        log,
        services,
        captured: AtomicU64::new(0),
        pipes: Arc::default(),
        next_stream: AtomicU64::new(0),
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
    let running = Running { process, joins: Mutex::new(joins), next_thread: AtomicU32::new(0) };
    running.listen(sockets);
    Ok(running)
}

impl Running {
    /// Hands open sockets to the threads, in turns.
    pub fn listen(&self, sockets: Vec<ListenSocket>) {
        for socket in sockets {
            self.process.doors.keep(&socket.socket);
            let turn = self.next_thread.fetch_add(1, Ordering::Relaxed) as usize % self.process.threads;
            // a thread that is gone cannot listen: the process is ending
            drop(self.process.mailboxes[turn].send(ThreadMessage::Listen(vec![socket])));
        }
    }

    /// Puts a new snapshot to work for everything that begins from now on. The sockets that no longer have a listener
    /// come back: they go on with the old one until [`Running::unlisten`].
    pub fn replace(&self, snapshot: Arc<Snapshot>) -> Vec<Arc<OpenSocket>> {
        let process = &self.process;
        let open = process.doors.all();
        for section in &snapshot.caches {
            section.cache.reconfigure(section.settings);
        }
        snapshot.take_over(&process.snapshot.load(), process.clock.now_ms());
        let places = process.put_to_work(snapshot);
        open.into_iter().filter(|socket| !places.contains_key(&socket.id)).collect()
    }

    /// Closes sockets. What waits in their queues is still served.
    pub fn unlisten(&self, sockets: &[Arc<OpenSocket>]) {
        let ids: Arc<HashSet<u64>> = Arc::new(sockets.iter().map(|socket| socket.id).collect());
        self.process.doors.forget(&ids);
        self.process.tell(|| ThreadMessage::Unlisten(Arc::clone(&ids)));
    }

    /// The connections of these listeners end when they can: after their response, or when nothing comes any more, spread
    /// over `spread_ms` (`u64::MAX`: none is closed because of it).
    pub fn leave<'a>(&self, listeners: impl Iterator<Item = &'a Listener>, spread_ms: u64) {
        let now_ms = self.process.clock.now_ms();
        for listener in listeners {
            listener.live.leave(now_ms, spread_ms);
        }
        self.process.tell(|| ThreadMessage::Leaving);
    }

    /// Stops listening for a while.
    pub fn pause(&self) {
        self.process.tell(|| ThreadMessage::Pause(Duty::Pause));
    }

    /// Listens again.
    pub fn resume(&self) {
        self.process.tell(|| ThreadMessage::Pause(Duty::Accept));
    }

    /// Ends what still runs on snapshots of `generation` or older.
    pub fn cut(&self, generation: u64) {
        self.process.tell(|| ThreadMessage::Cut(generation));
    }

    /// Stops accepting, has all connections leave, and ends each thread with its last one.
    pub fn soft_stop(&self, spread_ms: u64) {
        self.unlisten(&self.process.doors.all());
        self.leave(self.process.snapshot.load().listeners.iter(), spread_ms);
        self.process.tell(|| ThreadMessage::SoftStop);
    }

    /// Waits for the threads, which end after a soft stop with their last connection.
    pub fn join(&self) {
        let joins = std::mem::take(&mut *self.joins.lock().unwrap_or_else(PoisonError::into_inner));
        for join in joins {
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
    let mut purge = tokio::time::interval(PURGE_EVERY);
    purge.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut open = true;
    loop {
        let message = tokio::select! {
            message = mailbox.recv(), if open => message,
            _ = purge.tick() => {
                thread.clock.tick();
                purge_idle(&thread);
                thread.measure_cpu();
                if is_finished(&thread) {
                    open = false;
                    if !takes_late_connections(&thread, &mut mailbox) {
                        return;
                    }
                }
                continue;
            }
        };
        thread.clock.tick();
        match message {
            None => return,
            Some(ThreadMessage::Connection(accepted)) => conn::spawn(&thread, accepted),
            Some(ThreadMessage::Forget(server)) => thread.idle.borrow_mut().forget(&server),
            Some(ThreadMessage::Ask(look)) => look(&thread),
            Some(ThreadMessage::Snapshot(snapshot, places)) => {
                thread.renew_snapshot(snapshot, &places);
                tokio::task::spawn_local(renew_idle(Rc::clone(&thread)));
            }
            Some(ThreadMessage::Listen(sockets)) => {
                sockets.into_iter().for_each(|socket| watch(&thread, socket))
            }
            Some(ThreadMessage::Unlisten(ids)) => {
                thread.doors.borrow_mut().retain(|door| {
                    let stays = !ids.contains(&door.socket.id);
                    if !stays {
                        door.set_duty(Duty::Leave);
                    }
                    stays
                });
            }
            Some(ThreadMessage::Pause(duty)) => {
                thread.doors.borrow().iter().for_each(|door| door.set_duty(duty));
            }
            Some(ThreadMessage::Leaving) => {
                thread.turn_epoch();
                thread.notes.all().iter().for_each(|note| note.wake());
            }
            Some(ThreadMessage::Cut(generation)) => thread.cut(generation),
            Some(ThreadMessage::SoftStop) => {
                thread.draining.set(true);
                thread.idle.borrow_mut().purge(0, |_| 0);
                // from now on the end is to be noticed soon
                purge = tokio::time::interval(Duration::from_millis(20));
            }
        }
    }
}

/// Idle connections woken at once, and the time between two such groups.
const RENEW_AT_ONCE: usize = 64;
const RENEW_PAUSE: Duration = Duration::from_millis(2);

/// Has idle connections look at the new snapshot, a few at a time, so that none keeps the old one in memory.
async fn renew_idle(thread: Rc<Thread>) {
    thread.turn_epoch();
    for group in thread.notes.all().chunks(RENEW_AT_ONCE) {
        group.iter().for_each(|note| note.wake());
        tokio::time::sleep(RENEW_PAUSE).await;
    }
}

fn watch(thread: &Rc<Thread>, socket: ListenSocket) {
    let door = Door::new(socket.socket, Rc::new(socket.snapshot), socket.listener);
    thread.doors.borrow_mut().push(Rc::clone(&door));
    tokio::task::spawn_local(accept::run(Rc::clone(thread), door));
}

fn is_finished(thread: &Thread) -> bool {
    thread.draining.get() && thread.process.loads[thread.index].load(Ordering::Relaxed) == 0
}

/// Closes the mailbox and takes what came between the last look and now; true if there was a connection. Who sends from
/// now on is refused and keeps it.
fn takes_late_connections(thread: &Rc<Thread>, mailbox: &mut UnboundedReceiver<ThreadMessage>) -> bool {
    mailbox.close();
    let mut late = false;
    while let Ok(message) = mailbox.try_recv() {
        if let ThreadMessage::Connection(accepted) = message {
            conn::spawn(thread, accepted);
            late = true;
        }
    }
    late
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
