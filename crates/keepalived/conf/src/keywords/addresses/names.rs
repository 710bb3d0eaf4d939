//! Names that stand for numbers: built in, and in iproute2's files.

use std::path::Path;

use crate::parse::Ctx;

/// Directories of iproute2's files, the administrator's first.
const DIRECTORIES: &[&str] = &["/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2"];

/// A kind of name.
pub struct NameTable {
    file: &'static str,
    built_in: &'static [(&'static str, u32)],
    max: u32,
}

/// Routing tables.
pub static TABLES: NameTable = NameTable {
    file: "rt_tables",
    built_in: &[("default", 253), ("main", 254), ("local", 255), ("unspec", 0)],
    max: u32::MAX,
};

/// Scopes.
pub static SCOPES: NameTable = NameTable {
    file: "rt_scopes",
    built_in: &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)],
    max: 255,
};

/// Protocols: who made a route or rule.
pub static PROTOCOLS: NameTable = NameTable {
    file: "rt_protos",
    built_in: &[
        ("unspec", 0),
        ("redirect", 1),
        ("kernel", 2),
        ("boot", 3),
        ("static", 4),
        ("gated", 8),
        ("ra", 9),
        ("mrt", 10),
        ("zebra", 11),
        ("bird", 12),
        ("dnrouted", 13),
        ("xorp", 14),
        ("ntk", 15),
        ("dhcp", 16),
        ("keepalived", 18),
        ("babel", 42),
        ("bgp", 186),
        ("isis", 187),
        ("ospf", 188),
        ("rip", 189),
        ("eigrp", 192),
    ],
    max: 255,
};

/// TOS values.
pub static TOS: NameTable = NameTable { file: "rt_dsfield", built_in: &[("default", 0)], max: 255 };

/// Realms.
pub static REALMS: NameTable = NameTable { file: "rt_realms", built_in: &[("cosmos", 0)], max: 65535 };

/// Groups of interfaces.
pub static GROUPS: NameTable = NameTable { file: "group", built_in: &[("default", 0)], max: i32::MAX as u32 };

impl NameTable {
    /// The number of a name, or the number written.
    pub fn find(&self, ctx: &Ctx<'_>, word: &str) -> Option<u32> {
        if let Some(number) = number(word) {
            return (number <= self.max).then_some(number);
        }
        if let Some((_, number)) = self.built_in.iter().find(|(name, _)| *name == word) {
            return Some(*number);
        }
        DIRECTORIES.iter().find_map(|directory| {
            let bytes = ctx.provider.read(&Path::new(directory).join(self.file)).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.lines().find_map(|line| {
                let mut words = line.split('#').next()?.split_ascii_whitespace();
                let (value, name) = (words.next()?, words.next()?);
                (name == word).then(|| number(value)).flatten()
            })
        })
    }
}

/// A number in decimal, or hexadecimal after 0x.
pub fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if word.bytes().all(|b| b.is_ascii_digit()) => word.parse().ok(),
        None => None,
    }
}

/// `FROM/TO` or `TO` realms as one number.
pub fn realms(ctx: &Ctx<'_>, word: &str) -> Option<u32> {
    match word.split_once('/') {
        Some((from, to)) => Some(REALMS.find(ctx, from)? << 16 | REALMS.find(ctx, to)?),
        None => REALMS.find(ctx, word),
    }
}
