//! `garp_interval` and `gna_interval`: gratuitous packets wait their turn, per interface or `garp_group`.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use common_base::time::{Instant, Micros};

use crate::{
    command::{Command, Level, Log},
    config::{RouterConfig, Vip},
    ids::{InstanceId, Name},
};

/// Packets that wait in one lane; beyond that the oldest is given up. A thousand addresses in blocks of five, twice.
const WAITING_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Packet {
    instance: InstanceId,
    interface: Name,
    address: IpAddr,
}

/// Packets of one kind that share an interval.
#[derive(Debug, Default)]
struct Lane {
    interval: Micros,
    free_at: Instant,
    waiting: VecDeque<Packet>,
}

/// Interfaces that share intervals.
#[derive(Debug, Default)]
struct Lanes {
    arp: Lane,
    na: Lane,
}

/// All lanes of a router.
#[derive(Debug, Default)]
pub(crate) struct GarpQueue {
    lanes: Vec<Lanes>,
    of: HashMap<Name, usize>,
    arp_interval: Micros,
    na_interval: Micros,
}

impl GarpQueue {
    /// The lanes of a configuration; what waited in `old` waits on.
    pub fn new(config: &RouterConfig, old: Self) -> Self {
        let mut queue =
            Self { arp_interval: config.garp_interval, na_interval: config.gna_interval, ..Self::default() };
        for group in &config.garp_groups {
            let index = queue.add_lanes(group.garp_interval, group.gna_interval);
            queue.of.extend(group.interfaces.iter().map(|name| (name.clone(), index)));
        }
        for lanes in old.lanes {
            for lane in [lanes.arp, lanes.na] {
                for packet in lane.waiting {
                    let new = queue.lane(&packet);
                    new.free_at = new.free_at.max(lane.free_at);
                    new.enqueue(packet);
                }
            }
        }
        queue
    }

    /// Passes commands on; gratuitous packets only if it is their turn.
    pub fn pass(&mut self, now: Instant, commands: &mut Vec<Command>, out: &mut Vec<Command>) {
        for command in commands.drain(..) {
            match command {
                Command::SendGarp { instance, interface, address } => {
                    self.offer(now, Packet { instance, interface, address }, out);
                }
                Command::RemoveAddresses { instance, ref addresses } => {
                    self.forget(instance, addresses);
                    out.push(command);
                }
                other => out.push(other),
            }
        }
    }

    /// Sends what is due.
    pub fn run(&mut self, now: Instant, out: &mut Vec<Command>) {
        for lanes in &mut self.lanes {
            for lane in [&mut lanes.arp, &mut lanes.na] {
                while lane.free_at <= now
                    && let Some(packet) = lane.waiting.pop_front()
                {
                    lane.free_at = now + lane.interval;
                    send(packet, out);
                }
            }
        }
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.lanes
            .iter()
            .flat_map(|lanes| [&lanes.arp, &lanes.na])
            .filter(|lane| !lane.waiting.is_empty())
            .map(|lane| lane.free_at)
            .min()
    }

    fn offer(&mut self, now: Instant, packet: Packet, out: &mut Vec<Command>) {
        let lane = self.lane(&packet);
        if lane.waiting.is_empty() && lane.free_at <= now {
            lane.free_at = now + lane.interval;
            send(packet, out);
        } else {
            lane.enqueue(packet);
        }
    }

    /// A router that gave an address up must not announce it any more.
    fn forget(&mut self, instance: InstanceId, addresses: &[Vip]) {
        for lanes in &mut self.lanes {
            for lane in [&mut lanes.arp, &mut lanes.na] {
                lane.waiting.retain(|packet| {
                    packet.instance != instance || !addresses.iter().any(|vip| vip.address == packet.address)
                });
            }
        }
    }

    fn lane(&mut self, packet: &Packet) -> &mut Lane {
        let index = match self.of.get(&packet.interface) {
            Some(index) => *index,
            None => {
                let index = self.add_lanes(self.arp_interval, self.na_interval);
                self.of.insert(packet.interface.clone(), index);
                index
            }
        };
        let lanes = &mut self.lanes[index];
        if packet.address.is_ipv4() { &mut lanes.arp } else { &mut lanes.na }
    }

    fn add_lanes(&mut self, arp: Micros, na: Micros) -> usize {
        let lane = |interval| Lane { interval, ..Lane::default() };
        self.lanes.push(Lanes { arp: lane(arp), na: lane(na) });
        self.lanes.len() - 1
    }
}

impl Lane {
    fn enqueue(&mut self, packet: Packet) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(packet);
    }
}

fn send(packet: Packet, out: &mut Vec<Command>) {
    let Packet { instance, interface, address } = packet;
    let what = if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" };
    let text = format!("Sending {what} on {interface} for {address}");
    out.push(Command::Log(Log { level: Level::Info, detail: true, text }));
    out.push(Command::SendGarp { instance, interface, address });
}
