//! What a probe may ask of the process it runs in.

use std::sync::Arc;

use haproxy_balance::Server as Live;
use haproxy_balance::server::Operational;
use haproxy_checks::program::Text;
use haproxy_model::settings::ServerAddress;

use super::index::Index;
use crate::process::Process;

/// The surroundings of one probe.
pub struct Host {
    process: Arc<Process>,
    index: Arc<Index>,
    server: Arc<Live>,
}

impl Host {
    /// For a probe of `server` under a snapshot.
    pub fn new(process: Arc<Process>, index: Arc<Index>, server: Arc<Live>) -> Self {
        Host { process, index, server }
    }

    /// `UP`, `UP 1/3`, `DOWN`, `DOWN 1/2`, `NOLB`: health alone, whatever operators did.
    fn health(&self) -> String {
        let check = self.server.check().clone();
        let reached = (check.health + 1).saturating_sub(check.rise);
        let full = check.health >= check.health_max();
        match self.server.state() {
            Operational::Stopped if check.health == 0 => "DOWN".to_owned(),
            Operational::Stopped => format!("DOWN {}/{}", check.health, check.rise),
            Operational::Stopping if full => "NOLB".to_owned(),
            Operational::Stopping => format!("NOLB {reached}/{}", check.fall),
            Operational::Starting | Operational::Running if full => "UP".to_owned(),
            Operational::Starting | Operational::Running => format!("UP {reached}/{}", check.fall),
        }
    }
}

impl haproxy_checks::run::Host for Host {
    fn format(&self, source: &str, _answer: &[u8]) -> Vec<u8> {
        source.as_bytes().to_vec()
    }

    fn integer(&self, source: &str, _answer: &[u8]) -> Option<u32> {
        source.parse().ok()
    }

    fn set_var(&mut self, _source: &Text, _answer: &[u8]) {}

    fn unset_var(&mut self, _name: &str) {}

    fn server_state(&self) -> String {
        let Some(place) = self.index.place(&self.server) else { return self.health() };
        let (server, px) = (place.server(), place.px);
        let (address, port) = match &server.settings.address {
            ServerAddress::Ip(address) => (address.ip().to_string(), address.port().to_string()),
            ServerAddress::Unix(path) => (format!("unix:{}", path.display()), String::new()),
            ServerAddress::Abstract(name) => {
                (format!("abns@{}", String::from_utf8_lossy(name)), String::new())
            }
            ServerAddress::Unresolved(..) => (String::new(), String::new()),
        };
        let live = &self.server;
        let backend_sessions = px.live.backend_sessions.load(std::sync::atomic::Ordering::Relaxed);
        let mut text = format!(
            "{}; address={address}; port={port}; name={}/{}; node={}; weight={}/{}; scur={}/{backend_sessions}; qcur={}",
            self.health(),
            place.backend(),
            server.settings.balance.name,
            self.process.node,
            live.shown_weight(),
            px.balancer.totals().shown_weight(),
            live.current(),
            live.queue.now(),
        );
        if live.state() == Operational::Starting {
            text.push_str(&format!("; throttle={}%", live.throttle_percent()));
        }
        text
    }

    fn server_is_up(&self) -> bool {
        self.server.state() != Operational::Stopped
    }
}
