//! What one data thread owns: its snapshot, buffers, idle server connections, spare transactions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use haproxy_expr::cx::{Date, Txn};
use haproxy_filters::compress::Encoders;
use haproxy_model::snapshot::Snapshot;
use haproxy_stats::objects::ProcessCounters;

use crate::buffer::BufferPool;
use crate::clock::ThreadClock;
use crate::door::{Door, Places};
use crate::idle::IdlePool;
use crate::pipe::PipePool;
use crate::process::Process;
use crate::sessions::{Note, Notes};

/// Size of the buffers that carry long bodies.
const LARGE_BUFFER: usize = 64 * 1024;

/// How many spare transactions a thread keeps.
const SPARE_MAX: usize = 128;

/// State of one data thread. Never leaves it.
pub struct Thread {
    /// Its index, from 0.
    pub index: usize,
    /// The process it belongs to.
    pub process: Arc<Process>,
    /// Its view of the clock.
    pub clock: Rc<ThreadClock>,
    /// Receive buffers of `tune.bufsize`.
    pub buffers: BufferPool,
    /// Receive buffers for long bodies.
    pub large_buffers: BufferPool,
    /// Pipes for bodies that are not copied.
    pub pipes: PipePool,
    /// Spare compression encoders.
    pub encoders: Rc<Encoders>,
    /// Its connections, for operators.
    pub notes: Notes,
    /// Idle server connections.
    pub idle: RefCell<IdlePool>,
    // streams count themselves on the Rc without atomics; the Arc is shared with other threads
    #[allow(clippy::redundant_allocation)]
    snapshot: RefCell<Rc<Arc<Snapshot>>>,
    // a transaction is large: taking and giving back moves a pointer
    #[allow(clippy::vec_box)]
    spare_txns: RefCell<Vec<Box<Txn>>>,
    spare_texts: RefCell<Vec<Vec<u8>>>,
    random: Cell<u64>,
    /// Sockets it accepts on.
    pub doors: RefCell<Vec<Rc<Door>>>,
    /// True once the thread ends with its last connection.
    pub draining: Cell<bool>,
    /// CPU the thread used of the last second, percent.
    pub cpu_percent: Cell<u32>,
    cpu_before: Cell<(u64, u64)>,
    epoch: Cell<u64>,
}

impl Thread {
    /// The state of thread `index`.
    pub fn new(index: usize, process: Arc<Process>) -> Self {
        let snapshot = process.snapshot.load_full();
        let bufsize = snapshot.global.bufsize;
        let seed = 0x9e37_79b9_7f4a_7c15u64
            .wrapping_mul(index as u64 + 1)
            .wrapping_add(crate::clock::date().micros as u64)
            .wrapping_add((process.pid as u64) << 32);
        Thread {
            index,
            clock: Rc::new(ThreadClock::new(process.clock)),
            buffers: BufferPool::new(bufsize),
            large_buffers: BufferPool::new(LARGE_BUFFER.max(bufsize)),
            pipes: PipePool::new(Arc::clone(&process.pipes)),
            encoders: Rc::default(),
            notes: Notes::default(),
            idle: RefCell::new(IdlePool::default()),
            snapshot: RefCell::new(Rc::new(snapshot)),
            spare_txns: RefCell::new(Vec::new()),
            spare_texts: RefCell::new(Vec::new()),
            random: Cell::new(seed | 1),
            doors: RefCell::new(Vec::new()),
            draining: Cell::new(false),
            cpu_percent: Cell::new(0),
            cpu_before: Cell::new((0, 0)),
            epoch: Cell::new(0),
            process,
        }
    }

    /// The snapshot for what begins now.
    pub fn snapshot(&self) -> Rc<Arc<Snapshot>> {
        self.snapshot.borrow().clone()
    }

    /// True while `snapshot` is the one for what begins now.
    pub fn is_current(&self, snapshot: &Rc<Arc<Snapshot>>) -> bool {
        Rc::ptr_eq(&self.snapshot.borrow(), snapshot)
    }

    /// Takes up a snapshot for what begins from now on. Doors without a place in it go on as before.
    pub fn renew_snapshot(&self, snapshot: Arc<Snapshot>, places: &Places) {
        let snapshot = Rc::new(snapshot);
        for door in self.doors.borrow().iter() {
            if let Some(listener) = places.get(&door.socket.id) {
                *door.serves.borrow_mut() = (Rc::clone(&snapshot), *listener);
            }
        }
        *self.snapshot.borrow_mut() = snapshot;
    }

    /// Ends the streams that run on a snapshot of `generation` or older.
    pub fn cut(&self, generation: u64) {
        let runs_on = |note: &Rc<Note>| note.generation().is_some_and(|own| own <= generation);
        self.notes.streams().into_iter().filter(runs_on).for_each(|note| note.kill());
    }

    /// Counts how often idle connections had reason to look around.
    pub fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    /// Gives idle connections reason to look around once they are woken.
    pub fn turn_epoch(&self) {
        self.epoch.set(self.epoch.get() + 1);
    }

    /// Milliseconds at the beginning of this turn.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The date at the beginning of this turn.
    pub fn date(&self) -> Date {
        self.clock.date()
    }

    /// This thread's part of the process's counters.
    pub fn counters(&self) -> &ProcessCounters {
        self.process.counters.at(self.index)
    }

    /// The next stream's number.
    pub fn next_stream(&self) -> u64 {
        self.process.next_stream.fetch_add(1, Ordering::Relaxed)
    }

    /// The number the next stream will have: what a connection without any is known by.
    pub fn coming_stream(&self) -> u64 {
        self.process.next_stream.load(Ordering::Relaxed)
    }

    /// Looks how much CPU the thread used since it last looked.
    pub fn measure_cpu(&self) {
        let (now_ms, used_ms) = (self.now_ms(), crate::clock::thread_cpu_ms());
        let (then_ms, before_ms) = self.cpu_before.replace((now_ms, used_ms));
        let passed_ms = now_ms.saturating_sub(then_ms).max(1);
        self.cpu_percent.set((used_ms.saturating_sub(before_ms) * 100 / passed_ms).min(100) as u32);
    }

    /// A transaction, reused where there is one.
    pub fn txn(&self) -> Box<Txn> {
        self.spare_txns.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a transaction back.
    pub fn give_txn(&self, mut txn: Box<Txn>) {
        let mut spare = self.spare_txns.borrow_mut();
        if spare.len() < SPARE_MAX {
            txn.reset();
            spare.push(txn);
        }
    }

    /// An empty text buffer, reused where there is one.
    pub fn text(&self) -> Vec<u8> {
        self.spare_texts.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(2048))
    }

    /// Takes a text buffer back.
    pub fn give_text(&self, mut text: Vec<u8>) {
        let mut spare = self.spare_texts.borrow_mut();
        if spare.len() < SPARE_MAX && text.capacity() > 0 && text.capacity() <= 64 * 1024 {
            text.clear();
            spare.push(text);
        }
    }

    /// A pseudo-random number (xorshift), for balancing and jitter only.
    pub fn random(&self) -> u64 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        x
    }
}
