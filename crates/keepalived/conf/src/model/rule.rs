//! Policy rules to install, with every option word of `ip rule`.

use serde::Serialize;

use super::{Family, Prefix};

/// One line of `virtual_rules` or `static_rules`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IpRule {
    /// Family of the rule.
    pub family: Family,
    /// `not`: the rule applies where the selectors do not.
    pub not: bool,
    /// `from`.
    pub from: Option<Prefix>,
    /// `to`.
    pub to: Option<Prefix>,
    /// `preference`, `order` or `priority`; assigned from 16384 downwards where none is given.
    pub preference: u32,
    /// `tos` or `dsfield`.
    pub tos: u8,
    /// `fwmark` with its mask.
    pub fwmark: Option<Masked>,
    /// `realms`: from in the high half, to in the low half.
    pub realms: Option<u32>,
    /// `suppress_prefixlength`.
    pub suppress_prefixlength: Option<u32>,
    /// `suppress_ifgroup` as its number.
    pub suppress_ifgroup: Option<u32>,
    /// `iif` or `dev`.
    pub iif: Option<String>,
    /// `oif`.
    pub oif: Option<String>,
    /// `tunnel-id`.
    pub tunnel_id: Option<u64>,
    /// `uidrange`.
    pub uidrange: Option<(u32, u32)>,
    /// `l3mdev`.
    pub l3mdev: bool,
    /// `protocol`: who made the rule, as its number.
    pub protocol: Option<u8>,
    /// `ipproto` or `ip_proto`, as its number.
    pub ip_protocol: Option<u8>,
    /// `sport`.
    pub sport: Option<(u16, u16)>,
    /// `dport`.
    pub dport: Option<(u16, u16)>,
    /// What happens on a match.
    pub action: RuleAction,
    /// `no_track`.
    pub no_track: bool,
    /// `track_group` (static rules only).
    pub track_group: Option<String>,
}

/// A number of which only the masked bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// The number.
    pub value: u32,
    /// The mask, all ones if none was written.
    pub mask: u32,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RuleAction {
    /// `table` or `lookup`, as its number.
    Table(u32),
    /// `goto` a preference.
    Goto(u32),
    /// `nop`.
    Nop,
    /// `blackhole`.
    Blackhole,
    /// `unreachable`.
    Unreachable,
    /// `prohibit`.
    Prohibit,
    /// None written (with `l3mdev`).
    Default,
}
