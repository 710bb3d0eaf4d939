//! Idle server connections of one thread, by server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::io::Io;

/// A server connection between two requests.
#[derive(Debug)]
pub struct IdleConnection {
    /// The socket.
    pub io: Io,
    /// The server's live state, which also identifies the server across snapshots.
    pub server: Arc<haproxy_balance::Server>,
    /// What else must be equal to share it (PROXY header, source address), hashed; 0 for nothing.
    pub key: u64,
    /// True once it carried requests of more than one session: such a one is safe to share (`http-reuse aggressive`).
    pub shared_before: bool,
    /// When it became idle, milliseconds.
    pub since_ms: u64,
    /// Requests it has carried.
    pub requests: u64,
    /// Where it comes from.
    pub local: Option<SocketAddr>,
}

/// Idle connections of one thread. Taken last-in first-out, so that unneeded ones grow old and are closed.
#[derive(Debug, Default)]
pub struct IdlePool {
    by_server: HashMap<usize, Vec<IdleConnection>, BuildPointerHasher>,
    count: usize,
}

/// Hashes a pointer value: its bits are spread by one multiplication.
#[derive(Clone, Copy, Debug, Default)]
struct BuildPointerHasher;

#[derive(Debug, Default)]
struct PointerHasher(u64);

impl std::hash::BuildHasher for BuildPointerHasher {
    type Hasher = PointerHasher;

    fn build_hasher(&self) -> PointerHasher {
        PointerHasher(0)
    }
}

impl std::hash::Hasher for PointerHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.0 = (value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

fn key_of(server: &Arc<haproxy_balance::Server>) -> usize {
    Arc::as_ptr(server) as usize
}

impl IdlePool {
    /// Takes a living connection to the server, one that was shared before if `only_shared`.
    pub fn take(
        &mut self,
        server: &Arc<haproxy_balance::Server>,
        key: u64,
        only_shared: bool,
    ) -> Option<IdleConnection> {
        let list = self.by_server.get_mut(&key_of(server))?;
        let mut index = list.len();
        while index > 0 {
            index -= 1;
            let fits = list[index].key == key && (!only_shared || list[index].shared_before);
            if !fits {
                continue;
            }
            let connection = list.swap_remove(index);
            self.count -= 1;
            server.idle_connections().fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            if connection.io.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for later requests.
    pub fn give(&mut self, connection: IdleConnection) {
        connection.server.idle_connections().fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.count += 1;
        self.by_server.entry(key_of(&connection.server)).or_default().push(connection);
    }

    /// Closes the connection to the server that has been idle for longest of those as good as another of this key; false
    /// when there is none on this thread.
    pub fn drop_oldest(&mut self, server: &Arc<haproxy_balance::Server>, key: u64) -> bool {
        let Some(list) = self.by_server.get_mut(&key_of(server)) else { return false };
        let Some(oldest) = list.iter().position(|connection| connection.key == key) else { return false };
        drop(list.remove(oldest));
        self.count -= 1;
        server.idle_connections().fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        true
    }

    /// Closes all connections to the server.
    pub fn forget(&mut self, server: &Arc<haproxy_balance::Server>) {
        let list = self.by_server.remove(&key_of(server)).unwrap_or_default();
        self.count -= list.len();
        server.idle_connections().fetch_sub(list.len() as u32, std::sync::atomic::Ordering::Relaxed);
    }

    /// Number of idle connections to the server on this thread.
    pub fn count_of(&self, server: &Arc<haproxy_balance::Server>) -> usize {
        self.by_server.get(&key_of(server)).map_or(0, Vec::len)
    }

    /// Closes connections that were idle for longer than `keep_ms` says of their server, or that the server ended.
    pub fn purge(&mut self, now_ms: u64, keep_ms: impl Fn(&IdleConnection) -> u64) {
        let count = &mut self.count;
        self.by_server.retain(|_, list| {
            list.retain(|connection| {
                let keep = now_ms.saturating_sub(connection.since_ms) < keep_ms(connection)
                    && connection.io.is_quiet();
                if !keep {
                    *count -= 1;
                    connection.server.idle_connections().fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                }
                keep
            });
            !list.is_empty()
        });
    }

    /// Number of idle connections on this thread.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
