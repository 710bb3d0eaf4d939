//! A picture of the kernel's links and addresses that follows every change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::net::IpAddr;

use crate::addresses::{self, Address};
use crate::links::{self, Link};
use crate::nl::{self, Received};
use crate::routes::{self, RouteKey};
use crate::rules::{self, RuleKey};
use crate::socket::Netlink;

/// The groups a monitor has to hear.
pub const GROUPS: i32 = libc::RTMGRP_LINK
    | libc::RTMGRP_IPV4_IFADDR
    | libc::RTMGRP_IPV6_IFADDR
    | libc::RTMGRP_IPV4_ROUTE
    | libc::RTMGRP_IPV6_ROUTE
    | RTMGRP_IPV4_RULE
    | RTMGRP_IPV6_RULE;
const RTMGRP_IPV4_RULE: i32 = 0x80;
const RTMGRP_IPV6_RULE: i32 = 1 << (19 - 1);

/// Something that became different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An interface appeared, or its name, flags or MAC address changed.
    Link(Link),
    /// An interface is gone.
    LinkGone(Link),
    /// An address appeared, or became usable.
    Address(Address),
    /// An address is gone.
    AddressGone(Address),
}

/// Links and addresses as the kernel last told, and the watched routes and rules that are missing.
#[derive(Debug, Default)]
pub struct Mirror {
    links: BTreeMap<u32, Link>,
    addresses: BTreeMap<Key, Known>,
    seen: u64,
    routes: HashMap<RouteKey, Presence>,
    rules: HashMap<RuleKey, Presence>,
}

/// Interface, address, prefix length.
type Key = (u32, IpAddr, u8);

/// An address with its place in the order of arrival, which is the order the kernel lists them in.
#[derive(Debug)]
struct Known {
    order: u64,
    address: Address,
}

/// Whether a watched object is in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

impl Mirror {
    /// Reads everything from the kernel; what differs from before is the result.
    pub fn load(&mut self, commands: &mut Netlink) -> io::Result<Vec<Change>> {
        let mut links = Vec::new();
        commands.dump(&links::list(), |message| links.extend(Link::read(message.body)))?;
        let mut found = Vec::new();
        commands.dump(&addresses::list(), |message| found.extend(Address::read(message.body)))?;
        let mut changes = Vec::new();
        let indices: HashSet<u32> = links.iter().map(|link| link.index).collect();
        let gone: Vec<u32> = self.links.keys().filter(|index| !indices.contains(index)).copied().collect();
        for index in gone {
            self.remove_link(index, &mut changes);
        }
        for link in links {
            self.set_link(link, &mut changes);
        }
        let keys: HashSet<_> = found.iter().map(key).collect();
        let gone: Vec<_> = self.addresses.keys().filter(|key| !keys.contains(key)).copied().collect();
        for key in gone {
            changes.extend(self.addresses.remove(&key).map(|known| Change::AddressGone(known.address)));
        }
        for address in found {
            self.set_address(address, &mut changes);
        }
        self.load_watched(commands)?;
        Ok(changes)
    }

    /// Asks again for the watched routes and rules only.
    fn load_watched(&mut self, commands: &mut Netlink) -> io::Result<()> {
        if !self.routes.is_empty() {
            let mut there = HashSet::new();
            commands.dump(&routes::list(), |message| there.extend(RouteKey::read(message.body)))?;
            for (key, presence) in &mut self.routes {
                *presence = presence_of(there.contains(key));
            }
        }
        if !self.rules.is_empty() {
            let mut there = HashSet::new();
            commands.dump(&rules::list(), |message| there.extend(RuleKey::read(message.body)))?;
            for (key, presence) in &mut self.rules {
                *presence = presence_of(there.contains(key));
            }
        }
        Ok(())
    }

    /// Takes in messages of a monitor: whole messages, one after the other.
    pub fn follow(&mut self, bytes: &[u8]) -> Vec<Change> {
        let mut changes = Vec::new();
        for message in nl::messages(bytes) {
            self.apply(&message, &mut changes);
        }
        changes
    }

    fn apply(&mut self, message: &Received<'_>, changes: &mut Vec<Change>) {
        match message.kind {
            libc::RTM_NEWLINK => {
                // Messages of the bridge family (AF_BRIDGE) describe ports, not links.
                if message.body.first() == Some(&0)
                    && let Some(link) = Link::read(message.body)
                {
                    self.set_link(link, changes);
                }
            }
            libc::RTM_DELLINK => {
                if message.body.first() == Some(&0)
                    && let Some(link) = Link::read(message.body)
                {
                    self.remove_link(link.index, changes);
                }
            }
            libc::RTM_NEWADDR => {
                if let Some(address) = Address::read(message.body) {
                    self.set_address(address, changes);
                }
            }
            libc::RTM_DELADDR => {
                if let Some(address) = Address::read(message.body) {
                    changes.extend(
                        self.addresses.remove(&key(&address)).map(|known| Change::AddressGone(known.address)),
                    );
                }
            }
            libc::RTM_NEWROUTE | libc::RTM_DELROUTE => {
                if let Some(presence) = RouteKey::read(message.body).and_then(|key| self.routes.get_mut(&key))
                {
                    *presence = presence_of(message.kind == libc::RTM_NEWROUTE);
                }
            }
            libc::RTM_NEWRULE | libc::RTM_DELRULE => {
                if let Some(presence) = RuleKey::read(message.body).and_then(|key| self.rules.get_mut(&key)) {
                    *presence = presence_of(message.kind == libc::RTM_NEWRULE);
                }
            }
            _ => {}
        }
    }

    fn set_link(&mut self, link: Link, changes: &mut Vec<Change>) {
        if self.links.get(&link.index) != Some(&link) {
            self.links.insert(link.index, link.clone());
            changes.push(Change::Link(link));
        }
    }

    fn remove_link(&mut self, index: u32, changes: &mut Vec<Change>) {
        let gone: Vec<_> = self.addresses.keys().filter(|key| key.0 == index).copied().collect();
        for key in gone {
            changes.extend(self.addresses.remove(&key).map(|known| Change::AddressGone(known.address)));
        }
        changes.extend(self.links.remove(&index).map(Change::LinkGone));
    }

    fn set_address(&mut self, address: Address, changes: &mut Vec<Change>) {
        self.seen += 1;
        let order = self.seen;
        let known =
            self.addresses.entry(key(&address)).or_insert(Known { order: 0, address: address.clone() });
        if known.order == 0 {
            known.order = order;
        } else if known.address == address {
            return;
        }
        known.address = address.clone();
        changes.push(Change::Address(address));
    }

    /// All links by number.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// A link by number.
    pub fn link(&self, index: u32) -> Option<&Link> {
        self.links.get(&index)
    }

    /// A link by name.
    pub fn link_named(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name)
    }

    /// The number of a link.
    pub fn index_of(&self, name: &str) -> Option<u32> {
        self.link_named(name).map(|link| link.index)
    }

    /// The addresses of an interface, in the kernel's order.
    pub fn addresses_of(&self, index: u32) -> Vec<&Address> {
        let mut all: Vec<&Known> =
            self.addresses.values().filter(|known| known.address.index == index).collect();
        all.sort_by_key(|known| known.order);
        all.into_iter().map(|known| &known.address).collect()
    }

    /// Whether an interface has an address.
    pub fn has(&self, index: u32, address: IpAddr, prefix: u8) -> bool {
        self.addresses.contains_key(&(index, address, prefix))
    }

    /// Begins or ends watching a route that we set or remove.
    pub fn watch_route(&mut self, key: RouteKey, watch: Watch) {
        match watch {
            Watch::Begin => drop(self.routes.insert(key, Presence::There)),
            Watch::End => drop(self.routes.remove(&key)),
        }
    }

    /// Begins or ends watching a rule that we set or remove.
    pub fn watch_rule(&mut self, key: RuleKey, watch: Watch) {
        match watch {
            Watch::Begin => drop(self.rules.insert(key, Presence::There)),
            Watch::End => drop(self.rules.remove(&key)),
        }
    }

    /// Watched routes that somebody removed.
    pub fn missing_routes(&self) -> impl Iterator<Item = &RouteKey> {
        self.routes.iter().filter(|(_, presence)| **presence == Presence::Gone).map(|(key, _)| key)
    }

    /// Watched rules that somebody removed.
    pub fn missing_rules(&self) -> impl Iterator<Item = &RuleKey> {
        self.rules.iter().filter(|(_, presence)| **presence == Presence::Gone).map(|(key, _)| key)
    }
}

/// Whether a route or rule of ours is to be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// It was set.
    Begin,
    /// It was removed.
    End,
}

fn presence_of(there: bool) -> Presence {
    if there { Presence::There } else { Presence::Gone }
}

fn key(address: &Address) -> Key {
    (address.index, address.address, address.prefix)
}
