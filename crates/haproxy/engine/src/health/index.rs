//! Where the servers of a snapshot stand, found by their live state: checks and observers know nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use common_base::ids::ProxyId;
use haproxy_balance::Server as Live;
use haproxy_checks::health::Source;
use haproxy_checks::program::Text;
use haproxy_checks::schedule::Intervals;
use haproxy_checks::{Program, protocols};
use haproxy_model::snapshot::{Proxy, Server, Snapshot};

/// Places, followers and check programs of one snapshot.
#[derive(Debug)]
pub struct Index {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    places: HashMap<usize, (ProxyId, u32)>,
    followers: HashMap<usize, Vec<Arc<Live>>>,
    programs: HashMap<ProxyId, Arc<Program>>,
}

/// A server and its backend.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The backend.
    pub px: &'a Proxy,
    /// Index of the server in the backend.
    pub at: usize,
}

impl<'a> Place<'a> {
    /// The server.
    pub fn server(&self) -> &'a Server {
        &self.px.servers[self.at]
    }

    /// Name of the backend, as messages show it.
    pub fn backend(&self) -> String {
        String::from_utf8_lossy(&self.px.name).into_owned()
    }
}

fn address(server: &Arc<Live>) -> usize {
    Arc::as_ptr(server) as usize
}

impl Index {
    /// Reads a snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let mut index = Index {
            places: HashMap::new(),
            followers: HashMap::new(),
            programs: HashMap::new(),
            snapshot: Arc::clone(&snapshot),
        };
        for px in &snapshot.proxies {
            for (at, server) in px.servers.iter().enumerate() {
                index.places.insert(address(&server.live), (px.id, at as u32));
                if let Some(tracked) = server.live.tracked() {
                    let of_tracked = index.followers.entry(address(&tracked.server)).or_default();
                    of_tracked.push(Arc::clone(&server.live));
                }
            }
            if px.servers.iter().any(|server| server.settings.check) {
                index.programs.insert(px.id, Arc::new(px.settings.check.clone()));
            }
        }
        index
    }

    /// Where a server stands; none when this snapshot does not have it.
    pub fn place(&self, server: &Arc<Live>) -> Option<Place<'_>> {
        let (px, at) = self.places.get(&address(server))?;
        Some(Place { px: self.snapshot.proxy(*px), at: *at as usize })
    }

    /// Servers that track this one.
    pub fn followers(&self, server: &Arc<Live>) -> &[Arc<Live>] {
        self.followers.get(&address(server)).map_or(&[], Vec::as_slice)
    }

    /// All checks that are to run, in order of declaration. A server that tracks another has none of its own, and a
    /// disabled proxy has none at all.
    pub fn checks(&self) -> Vec<(Arc<Live>, Source)> {
        let mut checks = Vec::new();
        for px in self.snapshot.proxies.iter().filter(|px| !px.disabled) {
            for server in &px.servers {
                if server.settings.check && server.settings.track.is_none() {
                    checks.push((Arc::clone(&server.live), Source::Check));
                }
                if server.settings.agent_check {
                    checks.push((Arc::clone(&server.live), Source::Agent));
                }
            }
        }
        checks
    }

    /// True while this check is to run.
    pub fn wants(&self, place: Place<'_>, source: Source) -> bool {
        let settings = &place.server().settings;
        let wanted = match source {
            Source::Check => settings.check && settings.track.is_none(),
            Source::Agent => settings.agent_check,
        };
        wanted && !place.px.disabled
    }

    /// The steps of a check.
    pub fn program(&self, place: Place<'_>, source: Source) -> Arc<Program> {
        match source {
            Source::Check => self.programs.get(&place.px.id).cloned().unwrap_or_default(),
            Source::Agent => {
                let send = place.server().settings.agent_send.clone().map(Text::Plain);
                Arc::new(protocols::agent_check(send))
            }
        }
    }

    /// The intervals and timeouts of a check.
    pub fn intervals(&self, server: &Arc<Live>, source: Source) -> Intervals {
        let Some(place) = self.place(server) else { return Intervals::default() };
        let (settings, timeouts) = (&place.server().settings, &place.px.settings.timeouts);
        let common = Intervals {
            inter_ms: settings.inter_ms.max(1),
            fast_ms: None,
            down_ms: None,
            timeout_check_ms: timeouts.check.filter(|ms| *ms > 0),
            timeout_connect_ms: timeouts.connect.filter(|ms| *ms > 0),
        };
        match source {
            Source::Check => {
                Intervals { fast_ms: settings.fastinter_ms, down_ms: settings.downinter_ms, ..common }
            }
            Source::Agent => {
                Intervals { inter_ms: settings.agent_inter_ms.unwrap_or(common.inter_ms).max(1), ..common }
            }
        }
    }
}
