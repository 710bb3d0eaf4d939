//! The balancer of one backend: picks a server without a lock, and learns of changes through [`Balancer::refresh`].

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use arc_swap::ArcSwap;

use crate::algorithm::{Algorithm, HashMethod, HashType};
use crate::ring::Ring;
use crate::server::{Dynamic, Operational, Server, WEIGHT_SCALE};
use crate::turns;

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
    /// Servers that take new sessions, as indexes in the backend, in order of declaration; by number for `first`.
    usable: Vec<u32>,
    /// Whose turn it is, for algorithms that go by turns, and the table of map-based hashing.
    turns: Vec<u32>,
    /// Effective weights of `usable`, each added to those before it: what random draws fall into.
    weights: Vec<u32>,
    ring: Ring,
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

impl Totals {
    /// Weight as statistics show it: whole units, rounded up.
    pub fn shown_weight(&self) -> u32 {
        self.weight.div_ceil(WEIGHT_SCALE)
    }
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
        let slots = self.slots(index);
        let server = &self.servers[index];
        slots != 0 && (server.queue.now() > 0 || server.served() >= slots)
    }

    /// Computes weights at `now_ms` and who takes part. To be called after any change of state, weight or
    /// maintenance; readers go on with what they have until it ends.
    pub fn refresh(&self, now_ms: u64) {
        let dynamic = self.conf.algorithm.is_dynamic(self.conf.hash_type.method);
        let dynamic = if dynamic { Dynamic::Yes } else { Dynamic::No };
        for server in &self.servers {
            server.recompute_weight(now_ms, dynamic);
        }
        self.live.store(Arc::new(self.compute()));
    }

    fn compute(&self) -> Live {
        let usable_of = |backup: bool| -> Vec<u32> {
            let fits = |server: &Server| server.usable() && server.conf().backup == backup;
            (0..self.servers.len() as u32).filter(|&i| fits(&self.servers[i as usize])).collect()
        };
        let server = |i: u32| &*self.servers[i as usize];
        let (active, backup) = (usable_of(false), usable_of(true));
        let mut totals =
            Totals { active: active.len() as u32, backup: backup.len() as u32, ..Totals::default() };
        let mut usable = if active.is_empty() { backup } else { active };
        if totals.active == 0 && !self.conf.all_backups {
            usable.truncate(1);
        }
        if self.conf.algorithm == Algorithm::First {
            usable.sort_by_key(|&i| server(i).conf().puid);
        }
        let mut weights = Vec::with_capacity(usable.len());
        for &i in &usable {
            totals.weight += server(i).effective_weight();
            totals.user_weight += server(i).user_weight();
            weights.push(totals.weight);
        }
        let each: Vec<u32> = usable.iter().map(|&i| server(i).effective_weight()).collect();
        let consistent = self.conf.hash_type.method == HashMethod::Consistent;
        let order = match &self.conf.algorithm {
            Algorithm::RoundRobin => turns::round_robin(&each),
            Algorithm::LeastConn | Algorithm::First | Algorithm::Random { .. } | Algorithm::Sticky => {
                Vec::new()
            }
            Algorithm::StaticRr | Algorithm::LogHash(_) => turns::static_order(&each),
            _ if consistent => turns::round_robin(&each),
            _ => turns::static_order(&each),
        };
        let turns = order.into_iter().map(|position| usable[position as usize]).collect();
        let ring = if consistent && self.conf.algorithm.hashes() {
            Ring::new(usable.iter().map(|&i| (i, server(i))))
        } else {
            Ring::default()
        };
        Live { usable, turns, weights, ring, totals }
    }

    /// Advances slow start; to be called each second. Gives the servers whose slow start ended.
    pub fn tick(&self, now_ms: u64) -> Vec<Arc<Server>> {
        let starting = |server: &&Arc<Server>| server.state() == Operational::Starting;
        let before: Vec<Arc<Server>> = self.servers.iter().filter(starting).cloned().collect();
        if before.is_empty() {
            return before;
        }
        self.refresh(now_ms);
        before.into_iter().filter(|server| server.state() == Operational::Running).collect()
    }

    /// Picks a server: its index in the backend. `random` is any fresh random number, `avoid` the server that just
    /// failed, taken again only when there is no other.
    ///
    /// None when no server is usable ([`Balancer::usable_count`] is 0) or all usable ones are full; then the session
    /// waits in the backend's queue. A hash may give a full server: the session waits in that server's queue.
    pub fn pick(&self, key: Option<PickKey<'_>>, random: u32, avoid: Option<usize>) -> Option<usize> {
        let live = self.live.load();
        match live.usable.as_slice() {
            [] => return None,
            [only] if self.conf.algorithm.hashes() => return Some(*only as usize),
            [only] => return Some(*only as usize).filter(|&i| !self.is_full(i)),
            [_, ..] => {}
        }
        match (&self.conf.algorithm, key) {
            (Algorithm::LeastConn, _) => self.least_loaded(&live, avoid),
            (Algorithm::First, _) => self.first_free(&live, avoid),
            (Algorithm::Random { draws }, _) => self.draw(&live, *draws, random, avoid),
            (Algorithm::Sticky, _) => live.usable.first().map(|&i| i as usize),
            (Algorithm::RoundRobin | Algorithm::StaticRr, _) | (_, None) => self.by_turn(&live, avoid),
            (_, Some(key)) => self.by_hash(&live, self.conf.hash_type.hash(key), avoid),
        }
    }

    /// The next in turn that is not full; the one to avoid last.
    fn by_turn(&self, live: &Live, avoid: Option<usize>) -> Option<usize> {
        if live.turns.is_empty() {
            return None;
        }
        let start = self.cursor.0.fetch_add(1, Relaxed) as usize % live.turns.len();
        let order = || live.turns[start..].iter().chain(&live.turns[..start]).map(|&i| i as usize);
        let free = order().find(|&i| Some(i) != avoid && !self.is_full(i));
        free.or_else(|| avoid.filter(|&i| order().any(|j| j == i) && !self.is_full(i)))
    }

    /// Sessions in service and waiting.
    fn inflight(&self, index: usize) -> u32 {
        let server = &self.servers[index];
        server.served().saturating_add(server.queue.now())
    }

    /// Load of a server for its weight; idle servers are equal whatever their weight.
    fn load(&self, index: usize) -> u64 {
        let inflight = u64::from(self.inflight(index));
        let weight = u64::from(self.servers[index].effective_weight()).max(1);
        if inflight == 0 { 0 } else { (inflight + 1) * 4096 / weight }
    }

    /// The least loaded that is not full. Equal ones take turns: the search begins behind the last one picked.
    fn least_loaded(&self, live: &Live, avoid: Option<usize>) -> Option<usize> {
        let count = live.usable.len();
        let start = self.cursor.0.load(Relaxed) as usize % count;
        let mut best: Option<(u64, usize, usize)> = None;
        for step in 0..count {
            let place = (start + step) % count;
            let index = live.usable[place] as usize;
            if Some(index) == avoid || self.is_full(index) {
                continue;
            }
            let load = self.load(index);
            if best.is_none_or(|(least, ..)| load < least) {
                best = Some((load, place, index));
            }
            if load == 0 {
                break;
            }
        }
        let Some((_, place, index)) = best else {
            return avoid.filter(|&i| live.usable.contains(&(i as u32)) && !self.is_full(i));
        };
        self.cursor.0.store(place as u32 + 1, Relaxed);
        Some(index)
    }

    fn first_free(&self, live: &Live, avoid: Option<usize>) -> Option<usize> {
        let free = || live.usable.iter().map(|&i| i as usize).filter(|&i| !self.is_full(i));
        free().find(|&i| Some(i) != avoid).or_else(|| free().next())
    }

    /// The least loaded of `draws` servers drawn by weight; full ones only count when no other is found.
    fn draw(&self, live: &Live, draws: u32, mut random: u32, avoid: Option<usize>) -> Option<usize> {
        let total = live.totals.weight.max(1);
        let mut best: Option<(u64, usize)> = None;
        for _ in 0..draws.max(1) {
            let point = ((u64::from(random) * u64::from(total)) >> 32) as u32;
            let place = live.weights.partition_point(|&sum| sum <= point).min(live.usable.len() - 1);
            let index = live.usable[place] as usize;
            random = random.wrapping_mul(0x9e37_79b1).rotate_left(15) ^ 0x85eb_ca6b;
            if Some(index) == avoid || self.is_full(index) {
                continue;
            }
            let load = self.load(index);
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, index));
            }
        }
        best.map(|(_, index)| index).or_else(|| self.least_loaded(live, avoid))
    }

    fn by_hash(&self, live: &Live, hash: u32, avoid: Option<usize>) -> Option<usize> {
        if self.conf.hash_type.method == HashMethod::Consistent {
            let mut order = live.ring.from_hash(hash);
            let first = order.next();
            let fits = |index: usize| Some(index) != avoid && !self.is_overloaded(live, index);
            return first.filter(|&index| fits(index)).or_else(|| order.find(|&index| fits(index))).or(first);
        }
        if live.turns.is_empty() {
            return None;
        }
        let start = hash as usize % live.turns.len();
        let order = || live.turns[start..].iter().chain(&live.turns[..start]).map(|&i| i as usize);
        order().find(|&index| Some(index) != avoid).or_else(|| order().next())
    }

    /// True when `hash-balance-factor` sends more sessions elsewhere: the backend's sessions with the new one, times
    /// the factor, shared by weight and rounded up, are taken.
    fn is_overloaded(&self, live: &Live, index: usize) -> bool {
        if self.conf.balance_factor == 0 {
            return false;
        }
        let inflight: u64 = live.usable.iter().map(|&i| u64::from(self.inflight(i as usize))).sum();
        let allowed = ((inflight + 1) * u64::from(self.conf.balance_factor)).div_ceil(100);
        let weight = u64::from(self.servers[index].effective_weight());
        let share = (allowed * weight).div_ceil(u64::from(live.totals.weight).max(1)).max(1);
        u64::from(self.inflight(index)) >= share
    }
}

#[cfg(test)]
mod tests;
