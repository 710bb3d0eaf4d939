//! The ring of consistent hashing (manual §4.2, `hash-type consistent`).

use common_base::hash::{avalanche, xxh32};

use crate::server::{HashKey, Server};

/// Each server owns points of a circle of 32-bit numbers, as many as its effective weight; a hash belongs to the
/// nearest point, of two equally near to the lower one.
#[derive(Debug, Default)]
pub struct Ring(Vec<(u32, u32)>);

impl Ring {
    /// A ring over servers and their indexes.
    pub fn new<'a>(servers: impl Iterator<Item = (u32, &'a Server)>) -> Self {
        let mut points = Vec::new();
        for (index, server) in servers {
            let base = first_point(server);
            points.extend((0..server.effective_weight()).map(|i| (avalanche(base.wrapping_add(i)), index)));
        }
        points.sort_unstable();
        Ring(points)
    }

    /// The servers to try for `hash`: the owner, then those of the points above it, all around.
    pub fn from_hash(&self, hash: u32) -> impl Iterator<Item = usize> {
        let above = self.0.partition_point(|&(point, _)| point < hash);
        let start = self.nearest(above, hash);
        self.0[start..].iter().chain(&self.0[..start]).map(|&(_, index)| index as usize)
    }

    fn nearest(&self, above: usize, hash: u32) -> usize {
        let count = self.0.len();
        if count == 0 {
            return 0;
        }
        let (next, previous) = (above % count, (above + count - 1) % count);
        let up = self.0[next].0.wrapping_sub(hash);
        let down = hash.wrapping_sub(self.0[previous].0);
        if down <= up { previous } else { next }
    }
}

/// Where a server's points begin. By default its number times 4096, so that points of different servers rarely meet.
fn first_point(server: &Server) -> u32 {
    let conf = server.conf();
    let hashed = |text: &str| xxh32(text.as_bytes(), 0);
    match conf.hash_key {
        HashKey::Id => conf.puid.wrapping_mul(4096),
        HashKey::Id32 => avalanche(conf.puid),
        HashKey::AddrPort => hashed(&conf.address),
        HashKey::Addr => {
            hashed(conf.address.rsplit_once(':').map_or(conf.address.as_str(), |(addr, _)| addr))
        }
        HashKey::Guid => hashed(conf.guid.as_deref().unwrap_or("")),
    }
}
