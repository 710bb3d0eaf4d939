//! The balancer of one backend: picks a server without a lock, and learns of changes through [`Balancer::refresh`].

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use arc_swap::ArcSwap;

use crate::algorithm::{Algorithm, HashType};
use crate::server::{Dynamic, Operational, Server};

/// What a hashing algorithm looks at; the engine extracts it as [`Algorithm`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickKey<'a> {
    /// Bytes of a target, header, parameter, cookie or expression.
    Bytes(&'a [u8]),
    /// A client's address.
    Address(IpAddr),
}

/// Settings of a backend that balancing needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerConf {
    /// `balance`.
    pub algorithm: Algorithm,
    /// `hash-type`.
    pub hash_type: HashType,
    /// `hash-balance-factor` in percent; 0 for none.
    pub balance_factor: u32,
    /// `option allbackups`.
    pub all_backups: bool,
    /// `fullconn`; 0 when unknown.
    pub fullconn: u32,
}

/// Chooses among the servers of one backend.
#[derive(Debug)]
pub struct Balancer {
    conf: BalancerConf,
    servers: Vec<Arc<Server>>,
    live: ArcSwap<Live>,
    cursor: Cursor,
    sessions: AtomicU32,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Cursor(AtomicU32);

/// What the last refresh found.
#[derive(Debug, Default)]
struct Live {
    /// Servers that take new sessions, as indexes in the backend, in order of declaration.
    usable: Vec<u32>,
    /// Whose turn it is, for algorithms that go by turns.
    turns: Vec<u32>,
    totals: Totals,
}

/// Sums over a backend that statistics show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Usable servers that are not backups.
    pub active: u32,
    /// Usable backup servers.
    pub backup: u32,
    /// Effective weight of those in use, in units of 1/16.
    pub weight: u32,
    /// User weight of those in use.
    pub user_weight: u32,
}

impl Balancer {
    /// A balancer over `servers`, in order of declaration.
    pub fn new(conf: BalancerConf, servers: Vec<Arc<Server>>) -> Self {
        let balancer = Balancer {
            conf,
            servers,
            live: ArcSwap::from_pointee(Live::default()),
            cursor: Cursor::default(),
            sessions: AtomicU32::new(0),
        };
        balancer.refresh(0);
        balancer
    }

    /// Its settings.
    pub fn conf(&self) -> &BalancerConf {
        &self.conf
    }

    /// All servers, in order of declaration.
    pub fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// Current sessions of the backend: the engine keeps them here when [`Balancer::needs_sessions`].
    pub fn sessions(&self) -> &AtomicU32 {
        &self.sessions
    }

    /// True when a server has a `minconn`, so that its slots depend on the backend's sessions.
    pub fn needs_sessions(&self) -> bool {
        self.servers.iter().any(|server| server.minconn() != 0 && server.minconn() != server.maxconn())
    }

    /// Sums of the last refresh.
    pub fn totals(&self) -> Totals {
        self.live.load().totals
    }

    /// How many servers take part now. 0 means there is nothing to wait for.
    pub fn usable_count(&self) -> usize {
        self.live.load().usable.len()
    }

    /// Slots the server at `index` has now; 0 is unlimited.
    #[inline]
    pub fn slots(&self, index: usize) -> u32 {
        self.servers[index].slots(self.sessions.load(Relaxed), self.conf.fullconn)
    }

    /// True when the server at `index` cannot take one more session without queueing it.
    #[inline]
    pub fn is_full(&self, index: usize) -> bool {
        let server = &self.servers[index];
        let slots = self.slots(index);
        slots != 0 && (server.queue.now() > 0 || server.served() >= slots)
    }

    /// Computes weights at `now_ms` and who takes part. To be called after any change of state, weight or
    /// maintenance; readers go on with what they have until it ends.
    pub fn refresh(&self, now_ms: u64) {
        for server in &self.servers {
            server.recompute_weight(now_ms, Dynamic::Yes);
        }
        let usable_of = |backup: bool| -> Vec<u32> {
            let fits = |server: &Server| server.usable() && server.conf().backup == backup;
            (0..self.servers.len() as u32).filter(|&i| fits(&self.servers[i as usize])).collect()
        };
        let (active, backup) = (usable_of(false), usable_of(true));
        let mut totals =
            Totals { active: active.len() as u32, backup: backup.len() as u32, ..Totals::default() };
        let mut usable = if active.is_empty() { backup } else { active };
        if totals.active == 0 && !self.conf.all_backups {
            usable.truncate(1);
        }
        for &i in &usable {
            totals.weight += self.servers[i as usize].effective_weight();
            totals.user_weight += self.servers[i as usize].user_weight();
        }
        let turns = usable.clone();
        self.live.store(Arc::new(Live { usable, turns, totals }));
    }

    /// Advances slow start. Gives true while a server is still starting, so that the caller comes again in a second.
    pub fn tick(&self, now_ms: u64) -> bool {
        let starting = |server: &Arc<Server>| server.state() == Operational::Starting;
        if !self.servers.iter().any(starting) {
            return false;
        }
        self.refresh(now_ms);
        self.servers.iter().any(starting)
    }

    /// Picks a server: its index in the backend. `random` is any fresh random number, `avoid` the server that just
    /// failed. None when no server is usable ([`Balancer::usable_count`] is 0) or all usable ones are full.
    pub fn pick(&self, key: Option<PickKey<'_>>, random: u32, avoid: Option<usize>) -> Option<usize> {
        let live = self.live.load();
        let _ = (key, random);
        self.pick_turn(&live.turns, avoid).or_else(|| self.pick_turn(&live.turns, None))
    }

    fn pick_turn(&self, turns: &[u32], avoid: Option<usize>) -> Option<usize> {
        if turns.is_empty() {
            return None;
        }
        let start = self.cursor.0.fetch_add(1, Relaxed) as usize % turns.len();
        let order = turns[start..].iter().chain(&turns[..start]).map(|&i| i as usize);
        order.into_iter().find(|&i| Some(i) != avoid && !self.is_full(i))
    }
}
