//! A stream's claim on a server: counted while it lives, and handed to the next in line when it ends.

use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;

use common_base::ids::ProxyId;
use haproxy_balance::eviction::{EvictionCause, Watch};
use haproxy_balance::{Balancer, Queue, Server};
use haproxy_model::snapshot::{ProxyLive, Snapshot, Waiter};

/// One taken slot of a server.
#[derive(Debug)]
pub struct Slot {
    /// Index of the server within its backend.
    pub index: u32,
    backend: ProxyId,
    // shared with the stream: counted without atomics
    #[allow(clippy::redundant_allocation)]
    snapshot: Rc<Arc<Snapshot>>,
    watch: Option<Watch>,
}

impl Slot {
    /// Wraps a slot that `Server::try_slot` has given.
    pub fn taken(snapshot: &Rc<Arc<Snapshot>>, backend: ProxyId, index: u32) -> Self {
        let slot = Slot { index, backend, snapshot: Rc::clone(snapshot), watch: None };
        slot.server().begin_session();
        slot
    }

    /// The server.
    pub fn server(&self) -> &Arc<Server> {
        &self.snapshot.proxy(self.backend).servers[self.index as usize].live
    }

    /// Lets the server's end end the session: `on-marked-down shutdown-sessions` and its like.
    pub fn watch(&mut self) {
        if self.watch.is_none() {
            self.watch = Some(self.server().evictions.watch());
        }
    }

    /// The termination code once the session is to end; `cx` is woken then.
    pub fn evicted(&self, cx: &Context<'_>) -> Option<u8> {
        let watch = self.watch.as_ref()?;
        self.server().evictions.poll(watch, cx).map(EvictionCause::code)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let px = self.snapshot.proxy(self.backend);
        let server = &px.servers[self.index as usize];
        if let Some(watch) = &self.watch {
            server.live.evictions.unwatch(watch);
        }
        server.live.end_session();
        server.live.release_slot();
        serve_queues(self.index, &server.live, &server.queue, &px.live, &px.balancer);
    }
}

/// Gives free slots of a server to those who wait for it or for any server of its backend.
pub fn serve_queues(
    index: u32,
    server: &Arc<Server>,
    queue: &Queue<Waiter>,
    live: &ProxyLive,
    balancer: &Balancer,
) {
    while queue.length().now() > 0 || live.queue.length().now() > 0 {
        let takes_any = server.usable();
        if !takes_any && queue.length().now() == 0 {
            return;
        }
        if !server.try_slot(balancer.slots(index as usize)) {
            return;
        }
        loop {
            let next = if takes_any { queue.pop_before(&live.queue) } else { queue.pop() };
            match next {
                None => {
                    server.release_slot();
                    return;
                }
                Some(Waiter(wake)) => {
                    if wake(Some(server)) {
                        break;
                    }
                }
            }
        }
    }
}
