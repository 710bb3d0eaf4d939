//! The pairs of raw sockets, shared by all instances that can use the same.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};

use keepalived_conf::model::Family;
use keepalived_net::mirror::Mirror;
use keepalived_net::vrrp_socket::{Meta, Pool, Receiver, Sender};
use keepalived_vrrp::ids::InstanceId;
use keepalived_wire::auth::Auth;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::input::Input;
use super::translate::InstancePlan;
use crate::inbox;

/// Protocol number of VRRP.
const VRRP: u8 = 112;
/// Protocol number of the authentication header.
const AH: u8 = 51;

/// All open pairs.
#[derive(Debug, Default)]
pub struct Sockets {
    pairs: HashMap<Pool, Pair>,
    pools: HashMap<InstanceId, Pool>,
    by_vrid: HashMap<(u32, u8), InstanceId>,
    next: u32,
}

#[derive(Debug)]
struct Pair {
    number: u32,
    sender: Sender,
    receiving: AbortHandle,
    fds: (i32, i32),
}

/// A packet as it came in.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Number of the pair it came in on.
    pub pair: u32,
    /// Its bytes: IPv4 with header, IPv6 without.
    pub bytes: Vec<u8>,
    /// What the socket told besides.
    pub meta: Meta,
}

impl Sockets {
    /// Opens what is missing and closes what nobody needs, for these instances. An interface that was made anew has
    /// another number, so its sockets are other ones.
    pub fn sync<'a>(
        &mut self,
        instances: impl Iterator<Item = (InstanceId, &'a InstancePlan)>,
        mirror: &Mirror,
        inbox: &mpsc::Sender<Input>,
    ) {
        self.pools.clear();
        self.by_vrid.clear();
        let mut wanted: HashMap<Pool, Option<usize>> = HashMap::new();
        let mut all = Vec::new();
        for (id, plan) in instances {
            let Some(pool) = pool_of(plan, mirror) else { continue };
            let bytes = wanted.entry(pool.clone()).or_default();
            *bytes = (*bytes).max(plan.receive_buffer);
            all.push((id, plan.profile.vrid, pool));
        }
        self.pairs.retain(|pool, pair| {
            let keep = wanted.contains_key(pool);
            if !keep {
                pair.receiving.abort();
            }
            keep
        });
        for (id, vrid, pool) in all {
            if !self.pairs.contains_key(&pool) {
                let bytes = wanted.get(&pool).copied().flatten();
                match self.open(&pool, bytes, inbox) {
                    Ok(pair) => drop(self.pairs.insert(pool.clone(), pair)),
                    Err(error) => {
                        tracing::error!("cant open raw socket on {}: {error}", pool.interface);
                        continue;
                    }
                }
            }
            if let Some(pair) = self.pairs.get(&pool) {
                self.by_vrid.insert((pair.number, vrid), id);
            }
            self.pools.insert(id, pool);
        }
    }

    fn open(&mut self, pool: &Pool, bytes: Option<usize>, inbox: &mpsc::Sender<Input>) -> io::Result<Pair> {
        let receiver = Receiver::open(pool, bytes)?;
        let sender = Sender::open(pool)?;
        self.next += 1;
        let number = self.next;
        let fds = (receiver.as_fd().as_raw_fd(), sender.as_fd().as_raw_fd());
        let receiving = inbox::watch(receiver, inbox.clone(), move |receiver| {
            let received = receiver.receive()?;
            Ok(received
                .map(|(bytes, meta)| Input::Packet(Packet { pair: number, bytes: bytes.to_vec(), meta })))
        })?;
        Ok(Pair { number, sender, receiving, fds })
    }

    /// The instance with this VRID on a pair.
    pub fn instance(&self, pair: u32, vrid: u8) -> Option<InstanceId> {
        self.by_vrid.get(&(pair, vrid)).copied()
    }

    /// Sends one packet of an instance.
    pub fn send(&self, id: InstanceId, bytes: &[u8], source: IpAddr, to: IpAddr) -> io::Result<()> {
        let pair = self.pools.get(&id).and_then(|pool| self.pairs.get(pool));
        match pair {
            Some(pair) => pair.sender.send(bytes, source, to),
            None => Err(io::Error::from_raw_os_error(nix::libc::ENETDOWN)),
        }
    }

    /// The descriptors an instance receives and sends on.
    pub fn fds(&self, id: InstanceId) -> Option<(i32, i32)> {
        Some(self.pairs.get(self.pools.get(&id)?)?.fds)
    }

    /// The section of the data file.
    pub fn dump<'a>(&self, instances: impl Iterator<Item = (InstanceId, &'a str, u8)>) -> String {
        let instances: Vec<(InstanceId, &str, u8)> = instances.collect();
        let mut pairs: Vec<(&Pool, &Pair)> = self.pairs.iter().collect();
        pairs.sort_by_key(|(_, pair)| pair.number);
        let mut text = String::new();
        for (pool, pair) in pairs {
            let family = if pool.address.is_ipv4() { "IPv4" } else { "IPv6" };
            let protocol = if pool.protocol == AH { "AH" } else { "VRRP" };
            let kind = if pool.unicast { "Unicast" } else { "Multicast" };
            let (receiver, sender) = pair.fds;
            text.push_str(&format!(
                " fd_in {receiver} fd_out = {sender}\n   Interface = {}\n   Family = {family}\n   \
                 Protocol = {protocol}\n   Type = {kind}\n",
                pool.interface
            ));
            if pool.unicast {
                text.push_str(&format!("   Address = {}\n", pool.address));
            }
            text.push_str("   Rx buf size = 0\n   VRRP instances\n");
            for (_, name, vrid) in instances.iter().filter(|(id, ..)| self.pools.get(id) == Some(pool)) {
                text.push_str(&format!("     {name} vrid {vrid}\n"));
            }
        }
        text
    }

    /// `VRRP sockpool: [...]`, one line a pair.
    pub fn lines(&self) -> Vec<String> {
        let mut pairs: Vec<(&Pool, &Pair)> = self.pairs.iter().collect();
        pairs.sort_by_key(|(_, pair)| pair.number);
        pairs.into_iter().map(|(pool, pair)| line(pool, pair)).collect()
    }
}

fn line(pool: &Pool, pair: &Pair) -> String {
    let family = if pool.address.is_ipv4() { "IPv4" } else { "IPv6" };
    let (receiver, sender) = pair.fds;
    let how = if pool.unicast { ", unicast" } else { "multicast" };
    format!(
        "VRRP sockpool: [ifindex({:3}), family({family}), proto({}), fd({receiver},{sender}) {how}, address({})]",
        pool.index, pool.protocol, pool.address
    )
}

/// `None` while the interface does not exist.
fn pool_of(plan: &InstancePlan, mirror: &Mirror) -> Option<Pool> {
    let index = if plan.interface.is_empty() { 0 } else { mirror.index_of(&plan.interface)? };
    let unicast = plan.unicast.is_some();
    let any = match plan.family {
        Family::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let address = if unicast { plan.source_ip } else { plan.destinations.first().copied() };
    Some(Pool {
        index,
        interface: plan.interface.to_string(),
        protocol: if matches!(plan.profile.auth, Auth::Ah(_)) { AH } else { VRRP },
        address: address.unwrap_or(any),
        unicast,
        hop_limit: plan.unicast_ttl,
    })
}
