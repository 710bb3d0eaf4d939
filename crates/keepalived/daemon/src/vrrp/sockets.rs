//! The pairs of raw sockets, shared by all instances that can use the same.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::rc::Rc;

use keepalived_conf::model::Family;
use keepalived_net::mirror::Mirror;
use keepalived_net::vrrp_socket::{Meta, PACKET_MAX, Pool, Receiver, Sender};
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
/// Packets taken from one socket in a row after a stall; a full receive buffer holds fewer.
const BACKLOG_MAX: usize = 4096;

/// All open pairs.
#[derive(Debug, Default)]
pub struct Sockets {
    pairs: HashMap<Pool, Pair>,
    pools: HashMap<InstanceId, Pool>,
    by_vrid: HashMap<(u32, u8), InstanceId>,
    next: u32,
    /// What is being received; one for all, because packets are taken one by one.
    buffer: Rc<RefCell<Vec<u8>>>,
}

#[derive(Debug)]
struct Pair {
    number: u32,
    receiver: Rc<Receiver>,
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

/// For whom a packet is. A raw socket hears everything of its protocol that reaches its interface, so one packet
/// may come in on several pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// This instance.
    Instance(InstanceId),
    /// An instance of another pair, which has heard it, too.
    Elsewhere,
    /// Nobody here; it came in on this interface.
    Nobody(String),
}

struct Source(Rc<Receiver>);

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
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
        let receiver = Rc::new(Receiver::open(pool, bytes)?);
        let sender = Sender::open(pool)?;
        self.next += 1;
        let number = self.next;
        let fds = (receiver.as_fd().as_raw_fd(), sender.as_fd().as_raw_fd());
        let buffer = Rc::clone(&self.buffer);
        let receiving = inbox::watch(Source(Rc::clone(&receiver)), inbox.clone(), move |source| {
            Ok(receive(&source.0, number, &buffer)?.map(Input::Packet))
        })?;
        Ok(Pair { number, receiver, sender, receiving, fds })
    }

    /// Packets that wait in the sockets: after a stall they count before the timers that came due meanwhile.
    pub fn waiting(&self) -> Vec<Packet> {
        let mut packets = Vec::new();
        for pair in self.pairs.values() {
            let next = || receive(&pair.receiver, pair.number, &self.buffer).ok().flatten();
            packets.extend(std::iter::from_fn(next).take(BACKLOG_MAX));
        }
        packets
    }

    /// For whom a packet with this VRID is that came in on a pair.
    pub fn addressee(&self, number: u32, to: IpAddr, vrid: u8) -> Addressee {
        let Some((here, _)) = self.pairs.iter().find(|(_, pair)| pair.number == number) else {
            return Addressee::Elsewhere;
        };
        let heard = |other: &Pool| {
            (other.protocol, other.address.is_ipv4()) == (here.protocol, here.address.is_ipv4())
                && (other.index == here.index || other.index == 0)
        };
        let known = |number: u32| self.by_vrid.contains_key(&(number, vrid));
        // The one that fits best; of equals the older one.
        let best = |wanted: &dyn Fn(u32) -> bool| {
            let all = self.pairs.iter().filter(|(pool, pair)| heard(pool) && wanted(pair.number));
            all.max_by_key(|(pool, pair)| (fit(pool, to), pool.index, std::cmp::Reverse(pair.number)))
                .map(|(_, pair)| pair.number)
        };
        match best(&known) {
            Some(best) if best == number => match self.by_vrid.get(&(number, vrid)) {
                Some(instance) => Addressee::Instance(*instance),
                None => Addressee::Elsewhere,
            },
            Some(_) => Addressee::Elsewhere,
            None if best(&|_| true) == Some(number) => Addressee::Nobody(here.interface.clone()),
            None => Addressee::Elsewhere,
        }
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

fn receive(receiver: &Receiver, pair: u32, buffer: &RefCell<Vec<u8>>) -> io::Result<Option<Packet>> {
    let mut buffer = buffer.borrow_mut();
    buffer.resize(PACKET_MAX, 0);
    let received = receiver.receive(&mut buffer)?;
    Ok(received.map(|(bytes, meta)| Packet { pair, bytes: bytes.to_vec(), meta }))
}

/// How well a pair fits a destination: its own address, any address, or none of its business.
fn fit(pool: &Pool, to: IpAddr) -> u8 {
    match (pool.unicast, to.is_multicast()) {
        (true, false) | (false, true) if pool.address == to => 2,
        (true, false) if pool.address.is_unspecified() => 1,
        (true, _) | (false, _) => 0,
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
