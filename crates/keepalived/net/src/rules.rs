//! Policy rules with every option word.

use keepalived_conf::model::{IpRule, RuleAction};

use crate::nl::{self, Message};
use crate::routes::family;

/// Bytes of struct fib_rule_hdr.
const HEAD_LEN: usize = 12;
/// keepalived's number in /etc/iproute2/rt_protos.
const PROTOCOL: u8 = 18;
const FIB_RULE_INVERT: u32 = 2;

/// FRA_* numbers.
mod fra {
    pub const DST: u16 = 1;
    pub const SRC: u16 = 2;
    pub const IIFNAME: u16 = 3;
    pub const GOTO: u16 = 4;
    pub const PRIORITY: u16 = 6;
    pub const FWMARK: u16 = 10;
    pub const FLOW: u16 = 11;
    pub const TUN_ID: u16 = 12;
    pub const SUPPRESS_IFGROUP: u16 = 13;
    pub const SUPPRESS_PREFIXLEN: u16 = 14;
    pub const TABLE: u16 = 15;
    pub const FWMASK: u16 = 16;
    pub const OIFNAME: u16 = 17;
    pub const L3MDEV: u16 = 19;
    pub const UID_RANGE: u16 = 20;
    pub const PROTOCOL: u16 = 21;
    pub const IP_PROTO: u16 = 22;
    pub const SPORT_RANGE: u16 = 23;
    pub const DPORT_RANGE: u16 = 24;
}

/// FR_ACT_* numbers.
fn action(rule: &IpRule) -> u8 {
    match rule.action {
        RuleAction::Table(_) | RuleAction::Default => 1,
        RuleAction::Goto(_) => 2,
        RuleAction::Nop => 3,
        RuleAction::Blackhole => 6,
        RuleAction::Unreachable => 7,
        RuleAction::Prohibit => 8,
    }
}

/// Sets a rule.
pub fn add(rule: &IpRule) -> Message {
    build(libc::RTM_NEWRULE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, rule)
}

/// Removes a rule.
pub fn delete(rule: &IpRule) -> Message {
    build(libc::RTM_DELRULE, 0, rule)
}

fn build(kind: u16, flags: i32, rule: &IpRule) -> Message {
    let table = table(rule);
    let mut message = Message::new(kind, flags | libc::NLM_F_ACK);
    message.fixed(&head(rule, table));
    message.u32(fra::PRIORITY, rule.preference);
    if let Some(from) = rule.from {
        message.ip(fra::SRC, from.address);
    }
    if let Some(to) = rule.to {
        message.ip(fra::DST, to.address);
    }
    if let Some(iif) = &rule.iif {
        message.text(fra::IIFNAME, iif);
    }
    if let Some(oif) = &rule.oif {
        message.text(fra::OIFNAME, oif);
    }
    let numbers = [
        (fra::FWMARK, rule.fwmark.map(|mark| mark.value)),
        (fra::FWMASK, rule.fwmark.filter(|mark| mark.mask != u32::MAX).map(|mark| mark.mask)),
        (fra::FLOW, rule.realms),
        (fra::SUPPRESS_PREFIXLEN, rule.suppress_prefixlength),
        (fra::SUPPRESS_IFGROUP, rule.suppress_ifgroup),
        (fra::TABLE, (table > 255).then_some(table)),
    ];
    for (kind, value) in numbers {
        if let Some(value) = value {
            message.u32(kind, value);
        }
    }
    if let RuleAction::Goto(target) = rule.action {
        message.u32(fra::GOTO, target);
    }
    selectors(&mut message, rule);
    message.u8(fra::PROTOCOL, rule.protocol.unwrap_or(PROTOCOL));
    message
}

fn selectors(message: &mut Message, rule: &IpRule) {
    if let Some(id) = rule.tunnel_id {
        message.attr(fra::TUN_ID, &id.to_be_bytes());
    }
    if rule.l3mdev {
        message.u8(fra::L3MDEV, 1);
    }
    if let Some((first, last)) = rule.uidrange {
        message.attr(fra::UID_RANGE, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
    }
    if let Some(protocol) = rule.ip_protocol {
        message.u8(fra::IP_PROTO, protocol);
    }
    for (kind, range) in [(fra::SPORT_RANGE, rule.sport), (fra::DPORT_RANGE, rule.dport)] {
        if let Some((first, last)) = range {
            message.attr(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
        }
    }
}

fn table(rule: &IpRule) -> u32 {
    match rule.action {
        RuleAction::Table(table) => table,
        RuleAction::Goto(_)
        | RuleAction::Nop
        | RuleAction::Blackhole
        | RuleAction::Unreachable
        | RuleAction::Prohibit
        | RuleAction::Default => 0,
    }
}

/// struct fib_rule_hdr.
fn head(rule: &IpRule, table: u32) -> [u8; HEAD_LEN] {
    let mut head = [0; HEAD_LEN];
    head[..8].copy_from_slice(&[
        family(rule.family),
        rule.to.map_or(0, |to| to.len),
        rule.from.map_or(0, |from| from.len),
        rule.tos,
        u8::try_from(table).unwrap_or(0),
        0,
        0,
        action(rule),
    ]);
    if rule.not {
        head[8..].copy_from_slice(&FIB_RULE_INVERT.to_ne_bytes());
    }
    head
}

/// What identifies a rule in a notification: preferences are ours to choose, so family, preference and action are
/// enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleKey {
    /// AF_INET or AF_INET6.
    pub family: u8,
    /// Preference.
    pub preference: u32,
    /// Table, 0 for other actions.
    pub table: u32,
}

impl RuleKey {
    /// The key of a configured rule.
    pub fn of(rule: &IpRule) -> Self {
        Self { family: family(rule.family), preference: rule.preference, table: table(rule) }
    }

    /// Reads an RTM_NEWRULE or RTM_DELRULE.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut key = Self { family: *body.first()?, preference: 0, table: u32::from(*body.get(4)?) };
        for (kind, value) in nl::attrs(body, HEAD_LEN) {
            match kind {
                fra::PRIORITY => key.preference = nl::u32_at(value, 0)?,
                fra::TABLE => key.table = nl::u32_at(value, 0)?,
                _ => {}
            }
        }
        Some(key)
    }
}

/// Asks for all rules.
pub fn list() -> Message {
    let mut message = Message::new(libc::RTM_GETRULE, libc::NLM_F_DUMP);
    message.fixed(&[0; HEAD_LEN]);
    message
}
