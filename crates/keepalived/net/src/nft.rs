//! Dropping traffic to virtual addresses: tables `ip NAME` and `ip6 NAME` in nftables.
//!
//! ```text
//! table ip keepalived {
//!     set vips { type ipv4_addr; }
//!     chain in  { type filter hook input  priority filter - 1; ip daddr @vips drop }
//!     chain out { type filter hook output priority filter - 1; ip saddr @vips drop }
//! }
//! ```
//!
//! For IPv6 neighbour discovery goes through, and a link-local address is blocked on its own interface only. The
//! netlink attributes are those of linux/netfilter/nf_tables.h.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;

use keepalived_conf::model::Family;

use crate::nl::{self, Message};
use crate::routes::family;
use crate::socket::Netlink;

/// NFNL_SUBSYS_NFTABLES.
const NFTABLES: u16 = 10;
/// NFNL_MSG_BATCH_BEGIN and _END.
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
/// The usual priority of a filter chain is 0.
const PRIORITY: i32 = -1;

/// NFT_MSG_*.
mod msg {
    pub const NEW_TABLE: u16 = 0;
    pub const DEL_TABLE: u16 = 2;
    pub const NEW_CHAIN: u16 = 3;
    pub const NEW_RULE: u16 = 6;
    pub const NEW_SET: u16 = 9;
    pub const NEW_ELEMENT: u16 = 12;
    pub const DEL_ELEMENT: u16 = 14;
}

/// nft's numbers for the types of set keys; the kernel only keeps them.
mod key {
    pub const IPV4: u32 = 7;
    pub const IPV6: u32 = 8;
    /// An IPv6 address and an interface number, 6 bits each.
    pub const IPV6_AND_INTERFACE: u32 = IPV6 << 6 | 20;
}

/// NFT_REG_*: the verdict, and two of 16 bytes that lie side by side.
const REG_VERDICT: u32 = 0;
const REG_1: u32 = 1;
const REG_2: u32 = 2;

/// NFT_META_IIF, NFT_META_OIF, NFT_META_L4PROTO.
const META_IIF: u32 = 4;
const META_OIF: u32 = 5;
const META_L4PROTO: u32 = 16;

const VIPS: &str = "vips";
const VIPS_LINK_LOCAL: &str = "vips_link_local";

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The tables of this daemon.
#[derive(Debug)]
pub struct Firewall {
    netlink: Netlink,
    table: String,
    priority: i32,
    there: HashSet<Family>,
}

impl Firewall {
    /// No table yet; one that an earlier process left under this name is removed with the first use.
    pub fn new(table: Option<&str>, priority: Option<i32>) -> io::Result<Self> {
        Ok(Self {
            netlink: Netlink::commands(libc::NETLINK_NETFILTER)?,
            table: table.unwrap_or("keepalived").to_owned(),
            priority: priority.unwrap_or(PRIORITY),
            there: HashSet::new(),
        })
    }

    /// Drops traffic to and from these addresses, each with the number of its interface.
    pub fn block(&mut self, addresses: &[(IpAddr, u32)]) -> io::Result<()> {
        for of in [Family::Inet, Family::Inet6] {
            let some = self.of(of, addresses);
            if some.is_empty() {
                continue;
            }
            if !self.there.contains(&of) {
                self.make(of)?;
            }
            self.elements(msg::NEW_ELEMENT, of, &some)?;
        }
        Ok(())
    }

    /// Sends membership reports (IGMP, MLD) of interface `vmac` out of interface `parent` instead.
    pub fn redirect(&mut self, of: Family, vmac: u32, parent: u32) -> io::Result<()> {
        if !self.there.contains(&of) {
            self.make(of)?;
        }
        let rule = self.rule(of, Way::Out, |list| {
            meta(list, REG_1, META_OIF);
            compare(list, &vmac.to_ne_bytes());
            let (base, offset, length) = match of {
                // the protocol is IGMP
                Family::Inet => {
                    payload(list, REG_1, 1, 9, 1);
                    compare(list, &[2]);
                    (1, 16, 4)
                }
                // the type is that of an MLDv2 report
                Family::Inet6 => {
                    meta(list, REG_1, META_L4PROTO);
                    compare(list, &[58]);
                    payload(list, REG_1, 2, 0, 1);
                    compare(list, &[143]);
                    (1, 24, 16)
                }
            };
            payload(list, REG_1, base, offset, length);
            immediate(list, REG_2, &parent.to_ne_bytes());
            expression(list, "dup", |data| {
                data.be32(1, REG_1).be32(2, REG_2);
            });
            verdict(list, libc::NF_DROP);
        });
        self.commit(&[rule])
    }

    /// Lets traffic through again; an address that was not blocked is no error.
    pub fn unblock(&mut self, addresses: &[(IpAddr, u32)]) -> io::Result<()> {
        for of in [Family::Inet, Family::Inet6] {
            if self.there.contains(&of) {
                for one in self.of(of, addresses) {
                    match self.elements(msg::DEL_ELEMENT, of, &[one]) {
                        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes the tables.
    pub fn remove(&mut self) -> io::Result<()> {
        for of in std::mem::take(&mut self.there) {
            self.commit(&[self.table_message(msg::DEL_TABLE, 0, of)])?;
        }
        Ok(())
    }

    fn of(&self, of: Family, addresses: &[(IpAddr, u32)]) -> Vec<(IpAddr, u32)> {
        addresses.iter().copied().filter(|(address, _)| Family::of(*address) == of).collect()
    }

    fn make(&mut self, of: Family) -> io::Result<()> {
        // What an earlier process left has unknown contents.
        let _ = self.commit(&[self.table_message(msg::DEL_TABLE, 0, of)]);
        let mut all = vec![self.table_message(msg::NEW_TABLE, libc::NLM_F_CREATE, of)];
        let (kind, length) = match of {
            Family::Inet => (key::IPV4, 4),
            Family::Inet6 => (key::IPV6, 16),
        };
        all.push(self.set(of, VIPS, kind, length, 1));
        if of == Family::Inet6 {
            all.push(self.set(of, VIPS_LINK_LOCAL, key::IPV6_AND_INTERFACE, 20, 2));
        }
        for way in [Way::In, Way::Out] {
            all.push(self.chain(of, way));
            all.extend(self.rules(of, way));
        }
        self.commit(&all)?;
        self.there.insert(of);
        Ok(())
    }

    /// Sends a transaction: all of it happens or nothing.
    fn commit(&mut self, messages: &[Message]) -> io::Result<()> {
        let edge = |kind: u16| {
            let mut message = Message::new(kind, 0);
            message.fixed(&head(0, NFTABLES));
            message
        };
        self.netlink.transaction(&edge(BATCH_BEGIN), messages, &edge(BATCH_END))
    }

    fn message(&self, kind: u16, flags: i32, of: Family) -> Message {
        let mut message = Message::new(NFTABLES << 8 | kind, flags | libc::NLM_F_ACK);
        message.fixed(&head(family(of), 0));
        message
    }

    fn table_message(&self, kind: u16, flags: i32, of: Family) -> Message {
        let mut message = self.message(kind, flags, of);
        message.text(1, &self.table);
        message
    }

    fn set(&self, of: Family, name: &str, kind: u32, length: u32, id: u32) -> Message {
        let mut message = self.table_message(msg::NEW_SET, libc::NLM_F_CREATE, of);
        message.text(2, name).be32(3, 0).be32(4, kind).be32(5, length).be32(10, id);
        message
    }

    fn chain(&self, of: Family, way: Way) -> Message {
        let (name, hook) = match way {
            Way::In => ("in", 1),
            Way::Out => ("out", 3),
        };
        let mut message = self.table_message(msg::NEW_CHAIN, libc::NLM_F_CREATE, of);
        let priority = self.priority.to_be_bytes();
        message.text(3, name);
        message.nest(4, |inner| {
            inner.be32(1, hook).attr(2, &priority);
        });
        message.be32(5, u32::try_from(libc::NF_ACCEPT).unwrap_or(1)).text(7, "filter");
        message
    }

    fn rules(&self, of: Family, way: Way) -> Vec<Message> {
        let drop = |list: &mut Message| verdict(list, libc::NF_DROP);
        let (offset_v4, offset_v6) = match way {
            Way::In => (16, 24),
            Way::Out => (12, 8),
        };
        match of {
            Family::Inet => vec![self.rule(of, way, |list| {
                payload(list, REG_1, 1, offset_v4, 4);
                lookup(list, VIPS);
                drop(list);
            })],
            Family::Inet6 => {
                let discovery = |kind: u8| {
                    self.rule(of, way, |list| {
                        // ICMPv6, and its type
                        meta(list, REG_1, META_L4PROTO);
                        compare(list, &[58]);
                        payload(list, REG_1, 2, 0, 1);
                        compare(list, &[kind]);
                        verdict(list, libc::NF_ACCEPT);
                    })
                };
                let link_local = self.rule(of, way, |list| {
                    payload(list, REG_1, 1, offset_v6, 16);
                    meta(list, REG_2, if way == Way::In { META_IIF } else { META_OIF });
                    lookup(list, VIPS_LINK_LOCAL);
                    drop(list);
                });
                let others = self.rule(of, way, |list| {
                    payload(list, REG_1, 1, offset_v6, 16);
                    lookup(list, VIPS);
                    drop(list);
                });
                vec![discovery(135), discovery(136), link_local, others]
            }
        }
    }

    fn rule(&self, of: Family, way: Way, fill: impl FnOnce(&mut Message)) -> Message {
        let flags = libc::NLM_F_CREATE | libc::NLM_F_APPEND;
        let mut message = self.table_message(msg::NEW_RULE, flags, of);
        message.text(2, if way == Way::In { "in" } else { "out" });
        message.nest(4, fill);
        message
    }

    fn elements(&mut self, kind: u16, of: Family, addresses: &[(IpAddr, u32)]) -> io::Result<()> {
        let is_local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        let mut messages = Vec::new();
        for (set, local) in [(VIPS, false), (VIPS_LINK_LOCAL, true)] {
            let keys: Vec<Vec<u8>> = addresses
                .iter()
                .filter(|(address, _)| is_local(address) == local)
                .map(|(address, index)| {
                    let mut key = nl::octets(*address);
                    if local {
                        key.extend(index.to_ne_bytes());
                    }
                    key
                })
                .collect();
            if keys.is_empty() {
                continue;
            }
            let flags = if kind == msg::NEW_ELEMENT { libc::NLM_F_CREATE } else { 0 };
            let mut message = self.table_message(kind, flags, of);
            message.text(2, set);
            message.nest(3, |list| {
                for key in &keys {
                    list.nest(1, |element| {
                        element.nest(1, |data| {
                            data.attr(1, key);
                        });
                    });
                }
            });
            messages.push(message);
        }
        self.commit(&messages)
    }
}

/// struct nfgenmsg.
fn head(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

fn expression(list: &mut Message, name: &str, fill: impl FnOnce(&mut Message)) {
    list.nest(1, |element| {
        element.text(1, name);
        element.nest(2, fill);
    });
}

/// Loads bytes of a header (1: network, 2: transport).
fn payload(list: &mut Message, register: u32, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.be32(1, register).be32(2, base).be32(3, offset).be32(4, length);
    });
}

fn meta(list: &mut Message, register: u32, key: u32) {
    expression(list, "meta", |data| {
        data.be32(1, register).be32(2, key);
    });
}

fn compare(list: &mut Message, value: &[u8]) {
    expression(list, "cmp", |data| {
        data.be32(1, REG_1).be32(2, 0);
        data.nest(3, |inner| {
            inner.attr(1, value);
        });
    });
}

/// Loads a constant.
fn immediate(list: &mut Message, register: u32, value: &[u8]) {
    expression(list, "immediate", |data| {
        data.be32(1, register);
        data.nest(2, |inner| {
            inner.attr(1, value);
        });
    });
}

fn lookup(list: &mut Message, set: &str) {
    expression(list, "lookup", |data| {
        data.text(1, set).be32(2, REG_1);
    });
}

fn verdict(list: &mut Message, code: i32) {
    expression(list, "immediate", |data| {
        data.be32(1, REG_VERDICT);
        data.nest(2, |inner| {
            inner.nest(2, |verdict| {
                verdict.be32(1, u32::try_from(code).unwrap_or(0));
            });
        });
    });
}
