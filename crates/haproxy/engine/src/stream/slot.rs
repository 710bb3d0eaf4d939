//! A stream's claim on a server: counted while it lives, and handed to the next in line when it ends.

use std::sync::Arc;
use std::task::Context;

use haproxy_balance::eviction::{EvictionCause, Watch};
use haproxy_balance::{Balancer, Queue, Server};
use haproxy_model::snapshot::{ProxyLive, Waiter};

/// One taken slot of a server.
#[derive(Debug)]
pub struct Slot {
    /// Index of the server within its backend.
    pub index: u32,
    /// The server.
    pub server: Arc<Server>,
    queue: Arc<Queue<Waiter>>,
    live: Arc<ProxyLive>,
    balancer: Arc<Balancer>,
    watch: Option<Watch>,
}

impl Slot {
    /// Wraps a slot that `Server::try_slot` has given.
    pub fn taken(
        index: u32,
        server: Arc<Server>,
        queue: Arc<Queue<Waiter>>,
        live: Arc<ProxyLive>,
        balancer: Arc<Balancer>,
    ) -> Self {
        server.begin_session();
        Slot { index, server, queue, live, balancer, watch: None }
    }

    /// Lets the server's end end the session: `on-marked-down shutdown-sessions` and its like.
    pub fn watch(&mut self) {
        self.watch.get_or_insert_with(|| self.server.evictions.watch());
    }

    /// The termination code once the session is to end; `cx` is woken then.
    pub fn evicted(&self, cx: &Context<'_>) -> Option<u8> {
        let watch = self.watch.as_ref()?;
        self.server.evictions.poll(watch, cx).map(EvictionCause::code)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            self.server.evictions.unwatch(watch);
        }
        self.server.end_session();
        self.server.release_slot();
        serve_queues(self.index, &self.server, &self.queue, &self.live, &self.balancer);
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
