//! `balance` and `hash-type` as data (manual §4.2).

use std::net::IpAddr;

use common_base::hash::{HashFunction, avalanche};

use crate::balancer::PickKey;

/// How a backend chooses among its servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// By weight, in turns; follows weights at run time.
    #[default]
    RoundRobin,
    /// By weight, in turns; weights fixed at load.
    StaticRr,
    /// The server with the fewest sessions for its weight.
    LeastConn,
    /// The first server with a free slot.
    First,
    /// The least loaded of some drawn at random.
    Random {
        /// How many are drawn.
        draws: u32,
    },
    /// By the client's address.
    Source,
    /// By the target of the request.
    Uri(UriPart),
    /// By a parameter of the query string.
    UrlParam {
        /// Name of the parameter.
        name: Vec<u8>,
        /// Also look at the body of a POST.
        check_post: bool,
    },
    /// By a header of the request.
    Header {
        /// Name of the header.
        name: Vec<u8>,
        /// Only the main part of a domain name counts.
        domain_only: bool,
    },
    /// By the RDP cookie.
    RdpCookie {
        /// Name of the cookie, `mstshash` unless given.
        name: Vec<u8>,
    },
    /// By an expression, as written.
    Hash(String),
    /// By the message passed through these converters (`mode log`).
    LogHash(String),
    /// The same server until it fails (`mode log`).
    Sticky,
}

/// Which part of the target counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UriPart {
    /// The query counts too.
    pub whole: bool,
    /// Only the path counts, without scheme and authority.
    pub path_only: bool,
    /// Bytes that count at most; 0 for all.
    pub length: usize,
    /// Slashes that count at most; 0 for all.
    pub depth: usize,
}

impl UriPart {
    /// The part of `target` that counts.
    pub fn cut<'a>(&self, target: &'a [u8]) -> &'a [u8] {
        let mut rest = target;
        if self.path_only && !rest.starts_with(b"/") {
            let after = rest.windows(3).position(|w| w == b"://").map_or(rest, |at| &rest[at + 3..]);
            rest = after.iter().position(|&b| b == b'/').map_or(&after[after.len()..], |at| &after[at..]);
        }
        if self.length > 0 {
            rest = &rest[..rest.len().min(self.length)];
        }
        if !self.whole {
            rest = rest.iter().position(|&b| b == b'?').map_or(rest, |at| &rest[..at]);
        }
        if self.depth > 0 {
            let mut slashes = rest.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
            if let Some(end) = slashes.nth(self.depth) {
                rest = &rest[..end];
            }
        }
        rest
    }
}

/// The part of a host name that counts with `use_domain_only`: the last label but one, or what stands before a colon.
pub fn main_domain(host: &[u8]) -> &[u8] {
    let end = host.iter().position(|&b| b == b':').unwrap_or(host.len());
    let host = &host[..end];
    let Some(last) = host.iter().rposition(|&b| b == b'.') else { return host };
    let start = host[..last].iter().rposition(|&b| b == b'.').map_or(0, |at| at + 1);
    &host[start..last]
}

/// How a hash becomes a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashMethod {
    /// Position in a table of all weights: even, but changes when a server does.
    #[default]
    MapBased,
    /// Nearest point on a ring: most keys stay when a server changes.
    Consistent,
}

/// `hash-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashType {
    /// How a hash becomes a server.
    pub method: HashMethod,
    /// What hashes a key; none when keys are numbers already (`none`).
    pub function: Option<HashFunction>,
    /// The hash is stirred by a full avalanche.
    pub avalanche: bool,
}

impl Algorithm {
    /// Name in statistics (`algo`): known only for algorithms the original names there.
    pub fn stat_name(&self) -> &'static str {
        match self {
            Algorithm::RoundRobin => "roundrobin",
            Algorithm::StaticRr => "static-rr",
            Algorithm::LeastConn => "leastconn",
            Algorithm::First => "first",
            Algorithm::Source => "source",
            Algorithm::Uri(_) => "uri",
            Algorithm::UrlParam { .. } => "url_param",
            Algorithm::Header { .. } => "hdr",
            Algorithm::RdpCookie { .. } => "rdp-cookie",
            Algorithm::Hash(_) => "hash",
            Algorithm::Random { .. } | Algorithm::LogHash(_) | Algorithm::Sticky => "unknown",
        }
    }

    /// True for algorithms that choose by a key of the request.
    pub fn hashes(&self) -> bool {
        match self {
            Algorithm::Source
            | Algorithm::Uri(_)
            | Algorithm::UrlParam { .. }
            | Algorithm::Header { .. }
            | Algorithm::RdpCookie { .. }
            | Algorithm::Hash(_)
            | Algorithm::LogHash(_) => true,
            Algorithm::RoundRobin
            | Algorithm::StaticRr
            | Algorithm::LeastConn
            | Algorithm::First
            | Algorithm::Random { .. }
            | Algorithm::Sticky => false,
        }
    }

    /// True when weights may change at run time, slow start works, and servers can be added.
    pub fn is_dynamic(&self, method: HashMethod) -> bool {
        match self {
            Algorithm::RoundRobin | Algorithm::LeastConn | Algorithm::First | Algorithm::Random { .. } => {
                true
            }
            Algorithm::StaticRr | Algorithm::LogHash(_) | Algorithm::Sticky => false,
            Algorithm::Source
            | Algorithm::Uri(_)
            | Algorithm::UrlParam { .. }
            | Algorithm::Header { .. }
            | Algorithm::RdpCookie { .. }
            | Algorithm::Hash(_) => method == HashMethod::Consistent,
        }
    }
}

impl Default for HashType {
    fn default() -> Self {
        HashType { method: HashMethod::MapBased, function: Some(HashFunction::Sdbm), avalanche: false }
    }
}

impl HashType {
    /// Hash of a key. An address is folded by exclusive or and never goes through a hash function.
    pub fn hash(&self, key: PickKey<'_>) -> u32 {
        let hash = match (key, self.function) {
            (PickKey::Address(address), _) => fold(address),
            (PickKey::Bytes(bytes), Some(function)) => function.hash(bytes),
            (PickKey::Bytes(bytes), None) => number(bytes),
        };
        if self.avalanche { avalanche(hash) } else { hash }
    }
}

/// The exclusive or of an address's 32-bit words.
fn fold(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(v4) => u32::from(v4),
        IpAddr::V6(v6) => {
            v6.octets().chunks_exact(4).fold(0, |acc, w| acc ^ u32::from_be_bytes([w[0], w[1], w[2], w[3]]))
        }
    }
}

/// A decimal number, or the first bytes when it is none.
fn number(bytes: &[u8]) -> u32 {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse::<i64>().ok());
    text.map_or_else(
        || bytes.iter().take(4).fold(0, |acc, &b| acc << 8 | u32::from(b)),
        |number| number as u32,
    )
}
