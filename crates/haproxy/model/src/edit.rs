//! Changes of a running configuration: a snapshot made of another one, in which a backend has other servers.
//!
//! Ids of servers that stay are kept, because compiled expressions hold them; the id of a removed one is never used again.

use std::sync::Arc;

use common_base::ids::{ProxyId, ServerId};
use haproxy_balance::server::{Admin, Operational};
use haproxy_balance::{Balancer, Queue};

use crate::settings::ServerSettings;
use crate::snapshot::{Proxy, Server, Snapshot, UseServerTarget};
use crate::tracking;

/// Where the entry of a removed server leads: nowhere.
const NOWHERE: u32 = u32::MAX;

impl Snapshot {
    /// The same configuration, to be changed and put to work in this one's place.
    pub fn successor(&self) -> Snapshot {
        Snapshot { generation: self.generation + 1, ..self.clone() }
    }

    /// Adds a server to a backend: in maintenance, its checks not enabled, as servers added at run time begin.
    pub fn add_server(
        &mut self,
        proxy: ProxyId,
        mut settings: ServerSettings,
        threads: usize,
    ) -> Result<(), String> {
        let px = &self.proxies[proxy.index()];
        let taken = |id: u32| px.servers.iter().any(|server| server.settings.balance.puid == id);
        settings.balance.puid = match settings.given_id() {
            Some(id) if taken(id) => return Err(format!("server id {id} is already in use.")),
            Some(id) => id,
            None => (1..).find(|id| !taken(*id)).unwrap_or(1),
        };
        let live = Arc::new(haproxy_balance::Server::new(settings.balance.clone(), threads));
        crate::resolve::begin_state(&settings, &live);
        live.set_admin(Admin::FORCED_MAINT);
        live.restore_state(Operational::Stopped, 0);
        live.check().enabled = false;
        live.agent().enabled = false;
        let id = ServerId(self.servers.len() as u32);
        let queue = Arc::new(Queue::new(Arc::clone(&live.queue)));
        let tracks = settings.track.is_some();
        let backend = proxy;
        let mut server =
            Server { id, backend, settings, pinned: false, live, queue, continues: false, tracks: None };
        if tracks {
            let ((backend, index), tracked) = tracking::follow(self, &self.proxies[proxy.index()], &server)?;
            server.live.track(Some(tracked.clone()));
            server.tracks = Some(tracked);
            self.proxies[backend].servers[index].pinned = true;
        }
        let px = &mut self.proxies[proxy.index()];
        self.servers.push((proxy, px.servers.len() as u32));
        px.servers.push(server);
        px.servers_changed();
        Ok(())
    }

    /// Removes a server. No line may name it.
    pub fn remove_server(&mut self, id: ServerId) {
        let (proxy, index) = self.servers[id.index()];
        let px = &mut self.proxies[proxy.index()];
        px.servers.remove(index as usize);
        self.servers[id.index()].1 = NOWHERE;
        for (index, server) in px.servers.iter().enumerate() {
            self.servers[server.id.index()].1 = index as u32;
        }
        for rule in &mut px.use_server {
            if let UseServerTarget::Index(target) = &mut rule.target
                && *target > index
            {
                *target -= 1;
            }
        }
        px.servers_changed();
    }

    /// Changes the settings of a server.
    pub fn change_server(&mut self, id: ServerId, change: impl FnOnce(&mut ServerSettings)) {
        let (proxy, index) = self.servers[id.index()];
        let px = &mut self.proxies[proxy.index()];
        change(&mut px.servers[index as usize].settings);
        px.servers_changed();
    }
}

impl Proxy {
    /// Brings up to date what is derived from the servers.
    fn servers_changed(&mut self) {
        self.servers_by_cookie.clear();
        for (index, server) in self.servers.iter().enumerate() {
            if let Some(cookie) = &server.settings.balance.cookie {
                self.servers_by_cookie.entry(cookie.clone()).or_insert(index as u32);
            }
        }
        let servers = self.servers.iter().map(|server| Arc::clone(&server.live)).collect();
        self.balancer = Arc::new(Balancer::new(self.balancer.conf().clone(), servers));
    }
}
