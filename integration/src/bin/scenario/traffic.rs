//! Publisher and consumer: both lose their connections at any time and go on, and every message is accounted for.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_lite::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};

use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use nix::sched::{CloneFlags, setns};
use tokio::time::timeout;

use crate::sites::{Sites, Which};

/// A way from site a to site b.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    name: &'static str,
    exchange: &'static str,
    key: &'static str,
    /// Where it comes out at site b.
    queue: &'static str,
}

/// The three ways.
pub const PATHS: [Path; 3] = [
    Path { name: "exchange", exchange: "fed_x", key: "", queue: "fed_out" },
    Path { name: "queue", exchange: "", key: "fq_q", queue: "fq_q" },
    Path { name: "shovel", exchange: "", key: "shovel_in", queue: "shovel_out" },
];

/// Confirms that may be outstanding.
const WINDOW: usize = 200;

/// After so long without a sign the connection is given up: an address that moved may never answer the old one.
const PATIENCE: Duration = Duration::from_secs(6);

#[derive(Default)]
struct Ledger {
    confirmed: Vec<bool>,
    /// How often each message came.
    arrived: Vec<u32>,
    confirms: Vec<Instant>,
    arrivals: Vec<Instant>,
}

/// Both clients at work; they end with it.
pub struct Traffic {
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Publishes `messages`, evenly over `time`, and consumes them.
    pub fn start(sites: &Sites, messages: u32, time: Duration) -> Result<Traffic> {
        let count = messages as usize;
        let ledger = Ledger { confirmed: vec![false; count], arrived: vec![0; count], ..Ledger::default() };
        let mut traffic =
            Traffic { ledger: Arc::new(Mutex::new(ledger)), stop: Arc::default(), workers: Vec::new() };
        let uri = |which: Which| format!("amqp://admin:123@{}:5672/%2f?heartbeat=5", which.vip());
        let client = || Client { ledger: Arc::clone(&traffic.ledger), stop: Arc::clone(&traffic.stop) };
        let (publisher, consumers) = (client(), PATHS.each_ref().map(|path| (path, client())));
        let net = || File::open(format!("/proc/{}/ns/net", sites.client.init_pid()));
        let (to, from) = (uri(Which::A), uri(Which::B));
        let mut workers = vec![inside(net()?, publisher.publish(to, messages, time))];
        for (path, consumer) in consumers {
            workers.push(inside(net()?, consumer.consume(from.clone(), path)));
        }
        traffic.workers = workers;
        Ok(traffic)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages of a path have arrived.
    pub fn arrived(&self, path: &Path) -> usize {
        let ledger = self.ledger();
        (0..ledger.arrived.len()).filter(|id| PATHS[id % 3] == *path && ledger.arrived[*id] > 0).count()
    }

    /// Whether all are confirmed.
    pub fn published(&self) -> bool {
        self.ledger().confirmed.iter().all(|confirmed| *confirmed)
    }

    /// Confirmed messages that have not arrived.
    pub fn lost(&self) -> usize {
        let ledger = self.ledger();
        ledger
            .confirmed
            .iter()
            .zip(&ledger.arrived)
            .filter(|(confirmed, arrived)| **confirmed && **arrived == 0)
            .count()
    }

    /// Deliveries beyond the first of each message.
    pub fn duplicates(&self) -> u32 {
        self.ledger().arrived.iter().map(|times| times.saturating_sub(1)).sum()
    }

    /// For the eye: confirmed and arrived, by path.
    pub fn counts(&self) -> String {
        let ledger = self.ledger();
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (id, (confirmed, arrived)) in ledger.confirmed.iter().zip(&ledger.arrived).enumerate() {
            let path = counts.entry(PATHS[id % 3].name).or_default();
            path.0 += usize::from(*confirmed);
            path.1 += usize::from(*arrived > 0);
        }
        counts
            .iter()
            .map(|(name, (confirmed, arrived))| format!("{name} {confirmed}/{arrived}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The longest times in milliseconds without a confirm and without an arrival, since a moment.
    pub fn gaps(&self, from: Instant) -> (u128, u128) {
        let ledger = self.ledger();
        (longest(&ledger.confirms, from), longest(&ledger.arrivals, from))
    }
}

fn longest(moments: &[Instant], from: Instant) -> u128 {
    let mut last = from;
    let mut gap = Duration::ZERO;
    for moment in moments.iter().filter(|moment| **moment >= from).copied().chain([Instant::now()]) {
        gap = gap.max(moment - last);
        last = moment;
    }
    gap.as_millis()
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// Runs the work on a thread whose network is the namespace's.
fn inside(net: File, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let (Ok(()), Ok(runtime)) = (setns(net, CloneFlags::CLONE_NEWNET), runtime) {
            runtime.block_on(work);
        }
    })
}

struct Client {
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
}

impl Client {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    async fn publish(self, uri: String, messages: u32, time: Duration) {
        let pace = Pace { began: Instant::now(), each: time / messages };
        while !self.stopped() {
            let open: VecDeque<u32> = {
                let ledger = self.ledger();
                (0..messages).filter(|id| !ledger.confirmed[*id as usize]).collect()
            };
            if open.is_empty() {
                return;
            }
            // A session ends by what the faults do to it; what was not confirmed is sent again.
            let _ = self.session(&uri, open, &pace).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn session(&self, uri: &str, mut open: VecDeque<u32>, pace: &Pace) -> Result<()> {
        let connection =
            timeout(PATIENCE, Connection::connect(uri, ConnectionProperties::default())).await??;
        let channel = timeout(PATIENCE, connection.create_channel()).await??;
        timeout(PATIENCE, channel.confirm_select(ConfirmSelectOptions::default())).await??;
        let mut waiting: VecDeque<(u32, PublisherConfirm)> = VecDeque::new();
        while !self.stopped() {
            match open.front() {
                Some(id) if waiting.len() < WINDOW && pace.due(*id) => {
                    let id = open.pop_front().context("there is one")?;
                    let path = &PATHS[id as usize % 3];
                    let body = format!("{id:012}");
                    let properties = BasicProperties::default().with_delivery_mode(2);
                    let publish = channel.basic_publish(
                        path.exchange.into(),
                        path.key.into(),
                        BasicPublishOptions::default(),
                        body.as_bytes(),
                        properties,
                    );
                    waiting.push_back((id, publish.await?));
                }
                _ => match waiting.pop_front() {
                    Some((id, confirm)) => match timeout(PATIENCE, confirm).await?? {
                        Confirmation::Ack(_) => {
                            let mut ledger = self.ledger();
                            ledger.confirmed[id as usize] = true;
                            ledger.confirms.push(Instant::now());
                        }
                        other => bail!("{id} was not confirmed: {other:?}"),
                    },
                    None if open.is_empty() => break,
                    None => tokio::time::sleep(Duration::from_millis(2)).await,
                },
            }
        }
        let _ = timeout(PATIENCE, connection.close(200, "done".into())).await;
        Ok(())
    }

    async fn consume(self, uri: String, path: &'static Path) {
        while !self.stopped() {
            let _ = self.consume_until_broken(&uri, path).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn consume_until_broken(&self, uri: &str, path: &Path) -> Result<()> {
        let connection =
            timeout(PATIENCE, Connection::connect(uri, ConnectionProperties::default())).await??;
        let channel = timeout(PATIENCE, connection.create_channel()).await??;
        timeout(PATIENCE, channel.basic_qos(200, BasicQosOptions::default())).await??;
        let options = BasicConsumeOptions::default();
        let mut consumer = timeout(
            PATIENCE,
            channel.basic_consume(path.queue.into(), "scenario".into(), options, FieldTable::default()),
        )
        .await??;
        while !self.stopped() {
            // Silence is suspicious while messages flow, and harmless to doubt when they do not.
            let Some(delivery) = timeout(PATIENCE, consumer.next()).await? else { break };
            let delivery = delivery?;
            let id: usize = std::str::from_utf8(&delivery.data)?.parse()?;
            {
                let mut ledger = self.ledger();
                *ledger.arrived.get_mut(id).context("a message nobody sent")? += 1;
                ledger.arrivals.push(Instant::now());
            }
            delivery.ack(BasicAckOptions::default()).await?;
        }
        Ok(())
    }
}

/// When each message may be sent.
struct Pace {
    began: Instant,
    each: Duration,
}

impl Pace {
    fn due(&self, id: u32) -> bool {
        self.began.elapsed() >= self.each * id
    }
}
