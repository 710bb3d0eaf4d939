//! Addresses as haproxy.cfg writes them (configuration manual 2.9). Names are not resolved here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How bytes travel to an address, where a prefix says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A byte stream: TCP or a unix stream socket.
    Stream,
    /// Datagrams: UDP or a unix datagram socket.
    Datagram,
    /// QUIC over UDP.
    Quic,
    /// Multipath TCP.
    Mptcp,
}

/// The IP family an address is bound to by a prefix or by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Whatever a name resolves to.
    Any,
}

/// The host part of an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A literal, or the wildcard of a family (`*`, an empty host).
    Ip(IpAddr),
    /// A name to resolve, within a family.
    Name(String, Family),
}

/// The port part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// None was written.
    None,
    /// One port; 0 where the place allows it.
    One(u16),
    /// From the first to the second, both included.
    Range(u16, u16),
    /// Added to the client's destination port.
    Offset(i32),
}

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An IP address or name with its port.
    Ip(Host, Port),
    /// A unix socket in the file system.
    Unix(String),
    /// A unix socket in the abstract name space.
    Abstract {
        /// The name without the leading zero byte.
        name: String,
        /// `abnsz`: the name ends with a zero byte instead of filling the whole field.
        zero_terminated: bool,
    },
    /// An inherited descriptor of a bound socket.
    Fd(i32),
    /// An inherited descriptor of a connected unix socket that passes descriptors.
    SockPair(i32),
}

/// An address as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// How to reach it: by a prefix, or the place's default.
    pub transport: Transport,
    /// What it names.
    pub target: Target,
}

impl Address {
    /// The single port, 0 where there is none.
    pub fn port(&self) -> u16 {
        match self.target {
            Target::Ip(_, Port::One(port) | Port::Range(port, _)) => port,
            _ => 0,
        }
    }
}

/// What a place in the language accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRules {
    /// The transport without a prefix.
    pub default: Transport,
    /// Whether stream addresses are acceptable.
    pub stream: bool,
    /// Whether datagram addresses are acceptable.
    pub datagram: bool,
    /// Whether a port must stand there.
    pub port_required: bool,
    /// Whether `a-b` is acceptable.
    pub port_range: bool,
    /// Whether `+n` and `-n` are acceptable.
    pub port_offset: bool,
    /// Whether an inherited descriptor is acceptable.
    pub fd: bool,
    /// Bytes a socket's path may have.
    pub path_max: usize,
}

impl AddressRules {
    /// `bind`: a stream with a port or range. The path leaves room for the temporary name it is bound under.
    pub const BIND: AddressRules = AddressRules {
        default: Transport::Stream,
        stream: true,
        datagram: false,
        port_required: true,
        port_range: true,
        port_offset: false,
        fd: true,
        path_max: 97,
    };
    /// `server`: a stream, the port optional or an offset.
    pub const SERVER: AddressRules = AddressRules {
        port_required: false,
        port_range: false,
        port_offset: true,
        fd: false,
        path_max: 107,
        ..AddressRules::BIND
    };
    /// `peer`: a stream with one port.
    pub const PEER: AddressRules =
        AddressRules { port_required: true, port_offset: false, ..AddressRules::SERVER };
    /// `log`: datagrams by default, the port optional.
    pub const LOG: AddressRules = AddressRules {
        default: Transport::Datagram,
        datagram: true,
        fd: true,
        port_offset: false,
        ..AddressRules::SERVER
    };
    /// `nameserver`: datagrams by default, with a port.
    pub const NAMESERVER: AddressRules = AddressRules { port_required: true, fd: false, ..AddressRules::LOG };
    /// `source`: an address to bind before connecting.
    pub const SOURCE: AddressRules = AddressRules { port_offset: false, ..AddressRules::SERVER };
    /// A server's `source`, which may name a range of ports.
    pub const SERVER_SOURCE: AddressRules = AddressRules { port_range: true, ..AddressRules::SOURCE };
    /// `dgram-bind`: datagrams with a port or range.
    pub const DGRAM_BIND: AddressRules =
        AddressRules { default: Transport::Datagram, stream: false, datagram: true, ..AddressRules::BIND };
}

/// Why an address is refused, in the original's words; `in` is the address as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing is left once variables are expanded.
    #[error("'{0}' resolves to an empty address (environment variable missing?)")]
    Empty(String),
    /// The port is missing.
    #[error("missing port specification in '{0}'")]
    MissingPort(String),
    /// The port is no number from 1 to 65535.
    #[error("invalid port '{0}'")]
    InvalidPort(String),
    /// The range is empty.
    #[error("invalid port range '{0}'")]
    InvalidPortRange(String),
    /// A port begins with something else than a digit.
    #[error("invalid character '{character}' in port number '{port}' in '{address}'")]
    PortCharacter {
        /// The first character.
        character: char,
        /// The port as written.
        port: String,
        /// The address as written.
        address: String,
    },
    /// `+n` or `-n` where it means nothing.
    #[error("port offset not permitted here in '{0}'")]
    OffsetNotPermitted(String),
    /// `a-b` where one port is meant.
    #[error("port range not permitted here in '{0}'")]
    RangeNotPermitted(String),
    /// The host is no address of the family, or its brackets are open.
    #[error("invalid address: '{host}' in '{address}'")]
    InvalidAddress {
        /// The host as written.
        host: String,
        /// The address as written.
        address: String,
    },
    /// `fd@` or `sockpair@` without a number.
    #[error("file descriptor '{fd}' is not a valid integer in '{address}'")]
    InvalidFd {
        /// What stands for the number.
        fd: String,
        /// The address as written.
        address: String,
    },
    /// A descriptor where only addresses make sense.
    #[error("a file descriptor is not acceptable here in '{0}'")]
    FdNotPermitted(String),
    /// Datagrams where a stream is meant.
    #[error("dgram-type address not acceptable in '{0}'")]
    DatagramNotPermitted(String),
    /// A stream where datagrams are meant.
    #[error("stream-type address not acceptable in '{0}'")]
    StreamNotPermitted(String),
    /// The path does not fit into a socket address.
    #[error("socket path '{path}' too long (max {max})")]
    PathTooLong {
        /// The path as written.
        path: String,
        /// Bytes it may have.
        max: usize,
    },
}

/// Prefixes that name transport and family in one word.
const PREFIXES: &[(&str, Option<Transport>, Kind)] = &[
    ("ip@", None, Kind::Ip(Family::Any)),
    ("ipv4@", None, Kind::Ip(Family::V4)),
    ("ipv6@", None, Kind::Ip(Family::V6)),
    ("tcp@", Some(Transport::Stream), Kind::Ip(Family::Any)),
    ("tcp4@", Some(Transport::Stream), Kind::Ip(Family::V4)),
    ("tcp6@", Some(Transport::Stream), Kind::Ip(Family::V6)),
    ("mptcp@", Some(Transport::Mptcp), Kind::Ip(Family::Any)),
    ("mptcp4@", Some(Transport::Mptcp), Kind::Ip(Family::V4)),
    ("mptcp6@", Some(Transport::Mptcp), Kind::Ip(Family::V6)),
    ("udp@", Some(Transport::Datagram), Kind::Ip(Family::Any)),
    ("udp4@", Some(Transport::Datagram), Kind::Ip(Family::V4)),
    ("udp6@", Some(Transport::Datagram), Kind::Ip(Family::V6)),
    ("quic@", Some(Transport::Quic), Kind::Ip(Family::Any)),
    ("quic4@", Some(Transport::Quic), Kind::Ip(Family::V4)),
    ("quic6@", Some(Transport::Quic), Kind::Ip(Family::V6)),
    ("unix@", None, Kind::Unix),
    ("uxst@", Some(Transport::Stream), Kind::Unix),
    ("uxdg@", Some(Transport::Datagram), Kind::Unix),
    ("abns@", None, Kind::Abstract { zero_terminated: false }),
    ("abnsz@", None, Kind::Abstract { zero_terminated: true }),
    ("fd@", None, Kind::Fd),
    ("sockpair@", None, Kind::SockPair),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ip(Family),
    Unix,
    Abstract { zero_terminated: bool },
    Fd,
    SockPair,
}

/// Reads one address. `written` is what messages shall show; `text` is the same with its variables expanded.
pub fn parse_address(written: &str, text: &str, rules: &AddressRules) -> Result<Address, AddressError> {
    let shown = || text.to_owned();
    if text.is_empty() {
        return Err(AddressError::Empty(written.to_owned()));
    }
    let (transport, kind, rest) = split_prefix(text);
    let transport = transport.unwrap_or(match kind {
        // an inherited socket or a log's unix socket follows the place's default as well
        Kind::Ip(_) | Kind::Unix | Kind::Abstract { .. } | Kind::Fd => rules.default,
        Kind::SockPair => Transport::Stream,
    });
    match transport {
        Transport::Datagram if !rules.datagram => return Err(AddressError::DatagramNotPermitted(shown())),
        Transport::Stream | Transport::Mptcp | Transport::Quic if !rules.stream => {
            return Err(AddressError::StreamNotPermitted(shown()));
        }
        _ => {}
    }
    let target = match kind {
        Kind::Ip(family) => parse_ip(text, rest, family, rules)?,
        Kind::Unix => Target::Unix(check_path(rest, rules)?),
        Kind::Abstract { zero_terminated } => {
            Target::Abstract { name: check_path(rest, rules)?, zero_terminated }
        }
        Kind::Fd if !rules.fd => return Err(AddressError::FdNotPermitted(shown())),
        Kind::Fd => Target::Fd(parse_fd(text, rest)?),
        Kind::SockPair => Target::SockPair(parse_fd(text, rest)?),
    };
    Ok(Address { transport, target })
}

fn split_prefix(text: &str) -> (Option<Transport>, Kind, &str) {
    let forced = [
        ("stream+", Transport::Stream),
        ("dgram+", Transport::Datagram),
        ("quic+", Transport::Quic),
        ("mptcp+", Transport::Mptcp),
    ];
    let (transport, text) = forced
        .iter()
        .find_map(|(prefix, transport)| Some((Some(*transport), text.strip_prefix(prefix)?)))
        .unwrap_or((None, text));
    for (prefix, named, kind) in PREFIXES {
        if let Some(rest) = text.strip_prefix(prefix) {
            return (transport.or(*named), *kind, rest);
        }
    }
    let kind = if text.starts_with('/') { Kind::Unix } else { Kind::Ip(Family::Any) };
    (transport, kind, text)
}

fn check_path(path: &str, rules: &AddressRules) -> Result<String, AddressError> {
    if path.len() > rules.path_max {
        return Err(AddressError::PathTooLong { path: path.to_owned(), max: rules.path_max });
    }
    Ok(path.to_owned())
}

fn parse_fd(text: &str, fd: &str) -> Result<i32, AddressError> {
    let number = fd.parse().ok().filter(|&number: &i32| number >= 0);
    number.ok_or_else(|| AddressError::InvalidFd { fd: fd.to_owned(), address: text.to_owned() })
}

fn parse_ip(text: &str, rest: &str, family: Family, rules: &AddressRules) -> Result<Target, AddressError> {
    let (host, port) = split_port(rest);
    let port = parse_port(text, port, rules)?;
    Ok(Target::Ip(parse_host(text, host, family)?, port))
}

/// The port stands after the last colon; a colon inside brackets is none.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rfind(':') {
        Some(colon) if !text[colon..].contains(']') => (&text[..colon], Some(&text[colon + 1..])),
        _ => (text, None),
    }
}

fn parse_port(text: &str, port: Option<&str>, rules: &AddressRules) -> Result<Port, AddressError> {
    let missing = || AddressError::MissingPort(text.to_owned());
    let Some(port) = port.filter(|port| !port.is_empty()) else {
        return if rules.port_required { Err(missing()) } else { Ok(Port::None) };
    };
    let first = port.chars().next().unwrap_or_default();
    match first {
        '0'..='9' => {}
        '+' | '-' if !rules.port_offset => return Err(AddressError::OffsetNotPermitted(text.to_owned())),
        '+' => return Ok(Port::Offset(leading_number(&port[1..]))),
        '-' => return Ok(Port::Offset(-leading_number(&port[1..]))),
        character => {
            let (port, address) = (port.to_owned(), text.to_owned());
            return Err(AddressError::PortCharacter { character, port, address });
        }
    }
    if let Some((low, high)) = port.split_once('-') {
        if !rules.port_range {
            return Err(AddressError::RangeNotPermitted(text.to_owned()));
        }
        let (low, high) = (check_port(low, rules)?, check_port(high, rules)?);
        return match low <= high {
            true if low == high => Ok(Port::One(low)),
            true => Ok(Port::Range(low, high)),
            false => Err(AddressError::InvalidPortRange(port.to_owned())),
        };
    }
    check_port(port, rules).map(Port::One)
}

fn check_port(port: &str, rules: &AddressRules) -> Result<u16, AddressError> {
    let number = u16::try_from(leading_number(port)).ok();
    let invalid = || AddressError::InvalidPort(port.to_owned());
    number.filter(|&number| number > 0 || (!rules.port_required && !port.is_empty())).ok_or_else(invalid)
}

/// The digits a text begins with; what follows them is passed over, as the original does.
fn leading_number(text: &str) -> i32 {
    text.bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0i32, |number, byte| number.saturating_mul(10).saturating_add(i32::from(byte - b'0')))
}

fn parse_host(text: &str, host: &str, family: Family) -> Result<Host, AddressError> {
    let invalid = || AddressError::InvalidAddress { host: host.to_owned(), address: text.to_owned() };
    if host.is_empty() || host == "*" {
        return Ok(Host::Ip(match family {
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            Family::V4 | Family::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }));
    }
    if host.starts_with('[') || host.contains(':') {
        let bare = match host.strip_prefix('[') {
            Some(open) => open.strip_suffix(']').ok_or_else(invalid)?,
            None => host,
        };
        if family == Family::V4 {
            return Err(invalid());
        }
        return bare.parse().map(|ip| Host::Ip(IpAddr::V6(ip))).map_err(|_| invalid());
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return if family == Family::V6 { Err(invalid()) } else { Ok(Host::Ip(IpAddr::V4(ip))) };
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !host.bytes().all(is_name) {
        return Err(invalid());
    }
    Ok(Host::Name(host.to_owned(), family))
}

#[cfg(test)]
mod tests;
