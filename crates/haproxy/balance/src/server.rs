//! One server of a backend: what is configured, and what is true of it now.
//!
//! A [`Server`] is shared by all threads and by successive configurations: a reload adopts the new [`ServerConf`]
//! and keeps sessions, health, weights set at run time and counters.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use haproxy_stats::counter::PerThread;
use haproxy_stats::objects::ServerCounters;

use crate::eviction::Evictions;
use crate::queue::QueueLength;
use crate::report::CheckReport;

/// What consistent hashing takes a server's points from (`hash-key`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashKey {
    /// The number of the server, `id`.
    #[default]
    Id,
    /// The number of the server over all its bits.
    Id32,
    /// Its address.
    Addr,
    /// Its address and port.
    AddrPort,
    /// Its `guid`.
    Guid,
}

/// Settings of a server that balancing, checks and statistics look at.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConf {
    /// Name within its backend.
    pub name: Box<str>,
    /// Number within its backend (`id`), from 1.
    pub puid: u32,
    /// `weight`, 0 to 256.
    pub weight: u32,
    /// `maxconn`; 0 is unlimited.
    pub maxconn: u32,
    /// `minconn`; 0 when `maxconn` is not dynamic.
    pub minconn: u32,
    /// `maxqueue`; 0 is unlimited.
    pub maxqueue: u32,
    /// `backup`.
    pub backup: bool,
    /// `slowstart` in milliseconds.
    pub slowstart_ms: u64,
    /// `disabled`.
    pub disabled: bool,
    /// `cookie`.
    pub cookie: Option<Vec<u8>>,
    /// `check` is on.
    pub check: bool,
    /// `rise` of the check.
    pub rise: u32,
    /// `fall` of the check.
    pub fall: u32,
    /// `agent-check` is on.
    pub agent: bool,
    /// `pool-max-conn`; none is unlimited.
    pub pool_max_conn: Option<u32>,
    /// `hash-key`.
    pub hash_key: HashKey,
    /// Address and port as statistics show them; empty when unknown.
    pub address: String,
    /// `guid`.
    pub guid: Option<String>,
}

impl Default for ServerConf {
    fn default() -> Self {
        ServerConf {
            name: Box::from(""),
            puid: 1,
            weight: 1,
            maxconn: 0,
            minconn: 0,
            maxqueue: 0,
            backup: false,
            slowstart_ms: 0,
            disabled: false,
            cookie: None,
            check: false,
            rise: 2,
            fall: 3,
            agent: false,
            pool_max_conn: None,
            hash_key: HashKey::Id,
            address: String::new(),
            guid: None,
        }
    }
}

/// Operational state; the numbers are those of `srv_op_state` in `show servers state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operational {
    /// Down.
    Stopped = 0,
    /// Up, its weight still rising (`slowstart`).
    Starting = 1,
    /// Up.
    Running = 2,
    /// Up for those who persist on it, closed for others (404 with `disable-on-404`).
    Stopping = 3,
}

impl Operational {
    /// From its number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Operational::Stopped, Operational::Starting, Operational::Running, Operational::Stopping]
            .get(usize::from(number))
            .copied()
    }
}

/// Reasons an operator, the configuration or another server keeps this one out; a set of bits, numbered as
/// `srv_admin_state` in `show servers state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admin(pub u8);

impl Admin {
    /// Put in maintenance by an operator.
    pub const FORCED_MAINT: Admin = Admin(0x01);
    /// In maintenance because the tracked server is.
    pub const INHERITED_MAINT: Admin = Admin(0x02);
    /// In maintenance by configuration (`disabled`); shown together with the forced flag.
    pub const CONFIG_MAINT: Admin = Admin(0x04);
    /// Put in drain by an operator.
    pub const FORCED_DRAIN: Admin = Admin(0x08);
    /// In drain because the tracked server is.
    pub const INHERITED_DRAIN: Admin = Admin(0x10);
    /// In maintenance because its name does not resolve.
    pub const RESOLVER_MAINT: Admin = Admin(0x20);
    /// In maintenance because its name was changed at run time; shown only.
    pub const HOSTNAME_MAINT: Admin = Admin(0x40);
    /// Any maintenance.
    pub const MAINT: Admin = Admin(0x01 | 0x02 | 0x04 | 0x20);
    /// Any drain.
    pub const DRAIN: Admin = Admin(0x08 | 0x10);

    /// True when any bit of `other` is set.
    pub fn any(self, other: Admin) -> bool {
        self.0 & other.0 != 0
    }
}

/// Scale of effective weights: one configured unit is 16, so that slow start has steps (manual: `weight`).
pub const WEIGHT_SCALE: u32 = 16;

/// Numbers each request touches, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Hot {
    /// Sessions assigned to the server.
    current: AtomicU32,
    /// Sessions it serves: assigned and past the queue.
    served: AtomicU32,
    /// Largest `current`.
    current_max: AtomicU32,
}

/// A server as all threads see it.
#[derive(Debug)]
pub struct Server {
    conf: ArcSwap<ServerConf>,
    hot: Hot,
    state: AtomicU8,
    admin: AtomicU8,
    user_weight: AtomicU32,
    initial_weight: AtomicU32,
    effective_weight: AtomicU32,
    maxconn: AtomicU32,
    minconn: AtomicU32,
    last_change_ms: AtomicU64,
    down_ms: AtomicU64,
    down_transitions: AtomicU64,
    revision: AtomicU32,
    idle_connections: AtomicU32,
    safe_connections: AtomicU32,
    used_connections: AtomicU32,
    needed_connections: AtomicU32,
    private_connections: AtomicU32,
    check: Mutex<CheckReport>,
    agent: Mutex<CheckReport>,
    tracked: ArcSwapOption<Tracked>,
    address: ArcSwapOption<SocketAddr>,
    address_changes: AtomicU32,
    /// How its sessions are ended from outside.
    pub evictions: Evictions,
    /// Length of the queue before it.
    pub queue: Arc<QueueLength>,
    /// Its counters, one instance per thread.
    pub counters: PerThread<ServerCounters>,
}

/// The server another one follows (`track`).
#[derive(Clone, Debug)]
pub struct Tracked {
    /// `backend/server` as statistics show it.
    pub name: String,
    /// The server followed.
    pub server: Arc<Server>,
}

impl Server {
    /// A server that starts as configured: up, unless `disabled`.
    pub fn new(conf: ServerConf, threads: usize) -> Self {
        let check = if conf.check {
            CheckReport::starting_up(conf.rise, conf.fall)
        } else {
            CheckReport::absent(conf.rise)
        };
        let agent = if conf.agent { CheckReport::starting_up(1, 1) } else { CheckReport::absent(1) };
        let admin = if conf.disabled { Admin::FORCED_MAINT.0 | Admin::CONFIG_MAINT.0 } else { 0 };
        let state = if conf.disabled { Operational::Stopped } else { Operational::Running };
        Server {
            hot: Hot::default(),
            state: AtomicU8::new(state as u8),
            admin: AtomicU8::new(admin),
            user_weight: AtomicU32::new(conf.weight),
            initial_weight: AtomicU32::new(conf.weight),
            effective_weight: AtomicU32::new(conf.weight * WEIGHT_SCALE),
            maxconn: AtomicU32::new(conf.maxconn),
            minconn: AtomicU32::new(conf.minconn),
            last_change_ms: AtomicU64::new(0),
            down_ms: AtomicU64::new(0),
            down_transitions: AtomicU64::new(0),
            revision: AtomicU32::new(0),
            idle_connections: AtomicU32::new(0),
            safe_connections: AtomicU32::new(0),
            used_connections: AtomicU32::new(0),
            needed_connections: AtomicU32::new(0),
            private_connections: AtomicU32::new(0),
            check: Mutex::new(check),
            agent: Mutex::new(agent),
            tracked: ArcSwapOption::empty(),
            address: ArcSwapOption::empty(),
            address_changes: AtomicU32::new(0),
            evictions: Evictions::default(),
            queue: Arc::default(),
            counters: PerThread::new(threads),
            conf: ArcSwap::from_pointee(conf),
        }
    }

    /// The settings it has now. Not for the data path: what that needs has its own accessor.
    pub fn conf(&self) -> Arc<ServerConf> {
        self.conf.load_full()
    }

    /// Takes the settings of a new configuration and keeps what is live. What was set at run time (weight, maxconn,
    /// address) gives way only where the file says something else than before.
    pub fn adopt(&self, conf: ServerConf) {
        // what was changed at run time stays, unless the configuration changed it too
        let before = self.conf.load_full();
        if before.weight != conf.weight {
            self.user_weight.store(conf.weight, Relaxed);
            self.initial_weight.store(conf.weight, Relaxed);
        }
        if (before.maxconn, before.minconn) != (conf.maxconn, conf.minconn) {
            self.maxconn.store(conf.maxconn, Relaxed);
            self.minconn.store(conf.minconn, Relaxed);
        }
        adopt_check(&mut self.check(), before.check, conf.check, conf.rise, conf.fall);
        adopt_check(&mut self.agent(), before.agent, conf.agent, 1, 1);
        if before.address != conf.address && self.address.swap(None).is_some() {
            self.address_changes.fetch_add(1, Relaxed);
        }
        match (before.disabled, conf.disabled) {
            (false, true) => self.set_admin(Admin(Admin::FORCED_MAINT.0 | Admin::CONFIG_MAINT.0)),
            (true, false) => self.clear_admin(Admin(Admin::FORCED_MAINT.0 | Admin::CONFIG_MAINT.0)),
            (true, true) | (false, false) => {}
        }
        self.conf.store(Arc::new(conf));
    }

    /// Sessions assigned to it now.
    #[inline]
    pub fn current(&self) -> u32 {
        self.hot.current.load(Relaxed)
    }

    /// Largest number of sessions at once.
    pub fn current_max(&self) -> u32 {
        self.hot.current_max.load(Relaxed)
    }

    /// Forgets the largest number, for `clear counters`.
    pub fn clear_current_max(&self) {
        self.hot.current_max.store(self.current(), Relaxed);
    }

    /// Sessions it serves now: assigned and out of the queue.
    #[inline]
    pub fn served(&self) -> u32 {
        self.hot.served.load(Relaxed)
    }

    /// One more session assigned; gives their number.
    #[inline]
    pub fn begin_session(&self) -> u32 {
        let now = self.hot.current.fetch_add(1, Relaxed) + 1;
        if now > self.hot.current_max.load(Relaxed) {
            self.hot.current_max.fetch_max(now, Relaxed);
        }
        now
    }

    /// One session less.
    #[inline]
    pub fn end_session(&self) {
        self.hot.current.fetch_sub(1, Relaxed);
    }

    /// Takes a slot if fewer than `limit` are taken; 0 is no limit. Each taken slot is given back by
    /// [`Server::release_slot`].
    #[inline]
    pub fn try_slot(&self, limit: u32) -> bool {
        let served = &self.hot.served;
        if limit == 0 {
            served.fetch_add(1, Relaxed);
            return true;
        }
        served.fetch_update(Relaxed, Relaxed, |n| (n < limit).then_some(n + 1)).is_ok()
    }

    /// Gives a slot back.
    #[inline]
    pub fn release_slot(&self) {
        self.hot.served.fetch_sub(1, Relaxed);
    }

    /// Slots it may serve at once given the sessions of its backend and the backend's `fullconn`: `maxconn`, or the
    /// ramp from `minconn` to it; 0 is unlimited.
    #[inline]
    pub fn slots(&self, backend_sessions: u32, fullconn: u32) -> u32 {
        let (min, max) = (self.minconn.load(Relaxed), self.maxconn.load(Relaxed));
        crate::queue::dynamic_maxconn(min, max, backend_sessions, fullconn, self.throttle_percent())
    }

    /// `maxconn` now; 0 is unlimited.
    pub fn maxconn(&self) -> u32 {
        self.maxconn.load(Relaxed)
    }

    /// `minconn` now.
    pub fn minconn(&self) -> u32 {
        self.minconn.load(Relaxed)
    }

    /// Changes `maxconn`. A static limit (`minconn` equal to it) stays static.
    pub fn set_maxconn(&self, maxconn: u32) {
        if self.minconn.load(Relaxed) == self.maxconn.load(Relaxed) {
            self.minconn.store(maxconn, Relaxed);
        }
        self.maxconn.store(maxconn, Relaxed);
    }

    /// Address given at run time, in place of the configured one.
    #[inline]
    pub fn runtime_address(&self) -> Option<SocketAddr> {
        // most servers never get one: the counter spares them the pointer
        if self.address_changes() == 0 { None } else { self.address.load().as_deref().copied() }
    }

    /// How often the address changed. Connections opened before a change are not to be used again.
    #[inline]
    pub fn address_changes(&self) -> u32 {
        self.address_changes.load(Relaxed)
    }

    /// Changes the address until the next reload that names another.
    pub fn set_runtime_address(&self, address: SocketAddr) {
        self.address.store(Some(Arc::new(address)));
        self.address_changes.fetch_add(1, Relaxed);
        self.conf.rcu(|conf| ServerConf { address: address.to_string(), ..(**conf).clone() });
    }

    /// Gives it another name until the next reload.
    pub fn rename(&self, name: &str) {
        self.conf.rcu(|conf| ServerConf { name: name.into(), ..(**conf).clone() });
    }

    /// Idle connections open for reuse by any request.
    pub fn idle_connections(&self) -> &AtomicU32 {
        &self.idle_connections
    }

    /// Idle connections open for reuse by requests that may be retried.
    pub fn safe_connections(&self) -> &AtomicU32 {
        &self.safe_connections
    }

    /// Connections in use.
    pub fn used_connections(&self) -> &AtomicU32 {
        &self.used_connections
    }

    /// Estimate of connections needed.
    pub fn needed_connections(&self) -> &AtomicU32 {
        &self.needed_connections
    }

    /// Idle connections only their own client may use again.
    pub fn private_connections(&self) -> &AtomicU32 {
        &self.private_connections
    }

    /// Weight set by configuration, CLI or agent, 0 to 256.
    pub fn user_weight(&self) -> u32 {
        self.user_weight.load(Relaxed)
    }

    /// Weight of the configuration.
    pub fn initial_weight(&self) -> u32 {
        self.initial_weight.load(Relaxed)
    }

    /// Weight now in units of 1/16: user weight, reduced during slow start.
    #[inline]
    pub fn effective_weight(&self) -> u32 {
        self.effective_weight.load(Relaxed)
    }

    /// Weight now as statistics show it: whole units, rounded up.
    pub fn shown_weight(&self) -> u32 {
        self.effective_weight().div_ceil(WEIGHT_SCALE)
    }

    /// Changes the user weight; it counts after the next `Balancer::refresh`.
    pub fn set_user_weight(&self, weight: u32) {
        self.user_weight.store(weight.min(256), Relaxed);
    }

    /// Computes the effective weight at `now_ms`: during slow start it rises in sixteenths with each whole second.
    /// Gives true when it changed. `dynamic` tells whether the algorithm can follow a weight in motion.
    pub fn recompute_weight(&self, now_ms: u64, dynamic: Dynamic) -> bool {
        if self.state() == Operational::Stopped {
            return false;
        }
        let user = self.user_weight();
        let slowstart_ms = self.conf.load().slowstart_ms;
        let mut weight = user * WEIGHT_SCALE;
        if self.state() == Operational::Starting {
            let since_ms = now_ms.saturating_sub(self.last_change_ms());
            if since_ms >= slowstart_ms {
                self.state.store(Operational::Running as u8, Relaxed);
            } else if dynamic == Dynamic::Yes {
                let whole_ms = since_ms - since_ms % 1000;
                let sixteenths = (u64::from(WEIGHT_SCALE) * whole_ms + slowstart_ms) / slowstart_ms;
                weight = user * sixteenths.min(u64::from(WEIGHT_SCALE)) as u32;
            }
        }
        self.effective_weight.swap(weight, Relaxed) != weight
    }

    /// Percentage of slow start reached, 100 outside it.
    pub fn throttle_percent(&self) -> u32 {
        if self.state() != Operational::Starting {
            return 100;
        }
        let user = self.user_weight() * WEIGHT_SCALE;
        (self.effective_weight() * 100).checked_div(user).map_or(100, |percent| percent.max(1))
    }

    /// Operational state.
    #[inline]
    pub fn state(&self) -> Operational {
        Operational::from_number(self.state.load(Relaxed)).unwrap_or(Operational::Stopped)
    }

    /// Changes the operational state and keeps the books of downtime. A server that comes up with `slowstart` starts
    /// in [`Operational::Starting`]. Gives the state before when it changed.
    pub fn set_state(&self, mut state: Operational, now_ms: u64) -> Option<Operational> {
        let before = self.state();
        let rising = before == Operational::Stopped && state == Operational::Running;
        if rising && self.conf.load().slowstart_ms > 0 {
            state = Operational::Starting;
        }
        if before == state || (before == Operational::Starting && state == Operational::Running) {
            return None;
        }
        if before == Operational::Stopped {
            self.down_ms.fetch_add(now_ms.saturating_sub(self.last_change_ms()), Relaxed);
        }
        if state == Operational::Stopped {
            self.down_transitions.fetch_add(1, Relaxed);
        }
        self.state.store(state as u8, Relaxed);
        self.last_change_ms.store(now_ms, Relaxed);
        Some(before)
    }

    /// Restores state from a saved file, without counting a transition.
    pub fn restore_state(&self, state: Operational, last_change_ms: u64) {
        self.state.store(state as u8, Relaxed);
        self.last_change_ms.store(last_change_ms, Relaxed);
    }

    /// Monotonic milliseconds of the last change of state.
    pub fn last_change_ms(&self) -> u64 {
        self.last_change_ms.load(Relaxed)
    }

    /// Milliseconds it was down so far.
    pub fn down_ms(&self, now_ms: u64) -> u64 {
        let running = match self.state() {
            Operational::Stopped => now_ms.saturating_sub(self.last_change_ms()),
            Operational::Starting | Operational::Running | Operational::Stopping => 0,
        };
        self.down_ms.load(Relaxed) + running
    }

    /// Transitions from up to down, `chkdown`.
    pub fn down_transitions(&self) -> u64 {
        self.down_transitions.load(Relaxed)
    }

    /// Number of times this server was added at run time under the same number, `srid`.
    pub fn revision(&self) -> u32 {
        self.revision.load(Relaxed)
    }

    /// Sets the revision of a server added at run time.
    pub fn set_revision(&self, revision: u32) {
        self.revision.store(revision, Relaxed);
    }

    /// What keeps it out.
    pub fn admin(&self) -> Admin {
        Admin(self.admin.load(Relaxed))
    }

    /// Adds reasons.
    pub fn set_admin(&self, admin: Admin) {
        self.admin.fetch_or(admin.0, Relaxed);
    }

    /// Removes reasons.
    pub fn clear_admin(&self, admin: Admin) {
        self.admin.fetch_and(!admin.0, Relaxed);
    }

    /// True when new sessions may be balanced to it: up, not in maintenance, not draining.
    pub fn usable(&self) -> bool {
        matches!(self.state(), Operational::Running | Operational::Starting)
            && !self.admin().any(Admin(Admin::MAINT.0 | Admin::DRAIN.0))
            && self.effective_weight() > 0
    }

    /// True when persistence may send sessions to it: like [`Server::usable`], and also while it drains.
    pub fn willing(&self) -> bool {
        self.state() != Operational::Stopped && !self.admin().any(Admin::MAINT)
    }

    /// Report of the health check.
    pub fn check(&self) -> MutexGuard<'_, CheckReport> {
        self.check.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Report of the agent.
    pub fn agent(&self) -> MutexGuard<'_, CheckReport> {
        self.agent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server this one follows.
    pub fn tracked(&self) -> Option<Arc<Tracked>> {
        self.tracked.load_full()
    }

    /// Makes it follow another server. The caller has excluded loops.
    pub fn track(&self, tracked: Option<Tracked>) {
        self.tracked.store(tracked.map(Arc::new));
    }

    /// Status as statistics show it.
    pub fn status_text(&self) -> String {
        let (admin, tracked) = (self.admin(), self.tracked());
        if admin.any(Admin::RESOLVER_MAINT) {
            return "MAINT (resolution)".to_owned();
        }
        if admin.any(Admin::INHERITED_MAINT)
            && let Some(tracked) = &tracked
        {
            return format!("MAINT (via {})", tracked.name);
        }
        if admin.any(Admin::MAINT) {
            return "MAINT".to_owned();
        }
        let mut origin: Option<Arc<Tracked>> = None;
        while let Some(next) = origin.as_ref().map_or_else(|| self.tracked(), |o| o.server.tracked()) {
            origin = Some(next);
        }
        let checked = origin.as_ref().map_or(self, |origin| &origin.server);
        let (check, agent) = (checked.check().clone(), checked.agent().clone());
        if self.state() == Operational::Stopped {
            return down_text(&check, &agent);
        }
        if admin.any(Admin::DRAIN) {
            let agent_drains = agent.enabled && agent.configured;
            return if agent_drains { "DRAIN (agent)" } else { "DRAIN" }.to_owned();
        }
        if !check.configured || !check.enabled {
            return "no check".to_owned();
        }
        let word = if self.state() == Operational::Stopping { "NOLB" } else { "UP" };
        if check.health < check.health_max() {
            let reached = (check.health + 1).saturating_sub(check.rise);
            return format!("{word} {reached}/{}", check.fall);
        }
        word.to_owned()
    }
}

/// Whether an algorithm follows weights that change at run time (manual: `balance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dynamic {
    /// Slow start takes effect.
    Yes,
    /// The weight is fixed while the server is up.
    No,
}

fn down_text(check: &CheckReport, agent: &CheckReport) -> String {
    if agent.configured && agent.enabled && agent.health == 0 {
        return "DOWN (agent)".to_owned();
    }
    if check.configured && check.enabled && check.health > 0 && check.health < check.rise {
        return format!("DOWN {}/{}", check.health, check.rise);
    }
    "DOWN".to_owned()
}

fn adopt_check(report: &mut CheckReport, before: bool, after: bool, rise: u32, fall: u32) {
    if !before && after {
        *report = CheckReport::starting_up(rise, fall);
        return;
    }
    if (report.rise, report.fall) != (rise, fall) {
        let up = report.is_up();
        (report.rise, report.fall) = (rise, fall);
        report.health = if up { report.health_max() } else { 0 };
    }
    report.configured = after;
}

#[cfg(test)]
mod tests;
