//! Patterns as text: numbers and ranges, networks, hexadecimal bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::address;
use crate::fault::Fault;

/// Numbers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least number.
    pub low: i64,
    /// Greatest number.
    pub high: i64,
}

impl Range {
    /// True when the number lies within.
    pub const fn has(self, number: i64) -> bool {
        self.low <= number && number <= self.high
    }
}

/// Reads `5`, `1:9`, `1:`, `:9` (manual §7.1.2).
pub fn range(text: &str) -> Result<Range, Fault> {
    let refuse = || Fault::new(format!("'{text}' is not a number"));
    let number = |part: &str| part.parse::<i64>().map_err(|_| refuse());
    match text.split_once(':') {
        None => number(text).map(|value| Range { low: value, high: value }),
        Some((low, high)) => {
            let low = if low.is_empty() { i64::MIN } else { number(low)? };
            let high = if high.is_empty() { i64::MAX } else { number(high)? };
            if low > high {
                return Err(Fault::new(format!("'{text}' is not a valid number range")));
            }
            Ok(Range { low, high })
        }
    }
}

/// A version or a range of versions, `3.1` or `3.0:3.2`, as numbers: the major part counts 65536.
pub fn versions(text: &str) -> Result<String, Fault> {
    let number = |part: &str| -> Result<String, Fault> {
        if part.is_empty() {
            return Ok(String::new());
        }
        let (major, minor) = part.split_once('.').unwrap_or((part, "0"));
        let read = |digits: &str| digits.parse::<u16>().ok();
        match (read(major), read(minor)) {
            (Some(major), Some(minor)) => Ok((u32::from(major) << 16 | u32::from(minor)).to_string()),
            _ => Err(Fault::new(format!("'{text}' is not a dotted number"))),
        }
    };
    match text.split_once(':') {
        None => number(text),
        Some((low, high)) => Ok(format!("{}:{}", number(low)?, number(high)?)),
    }
}

/// Comparison in front of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
    /// Less or equal.
    Le,
    /// Less.
    Lt,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("ge", Operator::Ge),
    ("gt", Operator::Gt),
    ("le", Operator::Le),
    ("lt", Operator::Lt),
];

impl Operator {
    /// The operator of a word.
    pub fn named(word: &str) -> Option<Operator> {
        OPERATORS.iter().find(|(name, _)| *name == word).map(|(_, operator)| *operator)
    }

    /// The range that the operator and a pattern's text mean, as text.
    pub fn apply(self, text: &str) -> Result<String, Fault> {
        if self == Operator::Eq {
            return Ok(text.to_owned());
        }
        let bounds = range(text)?;
        Ok(match self {
            Operator::Eq => text.to_owned(),
            Operator::Ge => format!("{}:", bounds.low),
            Operator::Gt => format!("{}:", bounds.low.saturating_add(1)),
            Operator::Le => format!(":{}", bounds.high),
            Operator::Lt => format!(":{}", bounds.high.saturating_sub(1)),
        })
    }
}

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Address and mask.
    V4(u32, u32),
    /// Address and mask.
    V6(u128, u128),
}

/// Reads an address or network (manual §7.1.6). Host names are not looked up.
pub fn network(text: &str) -> Result<Network, Fault> {
    let refuse = || Fault::new(format!("'{text}' is not a valid IPv4 or IPv6 address"));
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    if host.contains(':') {
        let address: Ipv6Addr = host.parse().map_err(|_| refuse())?;
        let mask = match mask {
            Some(mask) => address::parse_mask6(mask).ok_or_else(refuse)?,
            None => Ipv6Addr::from(u128::MAX),
        };
        return Ok(Network::V6(address.into(), mask.into()));
    }
    // the one host name every machine knows; others would need the network
    let address = if host == "localhost" { Some(Ipv4Addr::LOCALHOST) } else { address::parse_v4(host) }
        .ok_or_else(refuse)?;
    let mask = match mask {
        Some(mask) => address::parse_mask4(mask).ok_or_else(refuse)?,
        None => Ipv4Addr::BROADCAST,
    };
    Ok(Network::V4(address.into(), mask.into()))
}

/// Reads an even number of hexadecimal digits.
pub fn hex(text: &str) -> Result<Vec<u8>, Fault> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        Some(_) => Err(Fault::new("an even number of hex digit is expected")),
        None => {
            let bad = text.chars().find(|c| !c.is_ascii_hexdigit()).unwrap_or('?');
            Err(Fault::new(format!("an hex digit is expected (found '{bad}')")))
        }
    }
}
