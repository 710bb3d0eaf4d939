//! `bind` lines and the address of `stats socket`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use common_base::address::{AddressRules, Family, Host, Port, Target, Transport};
use haproxy_conf::{Cursor, FileProvider, ParseError, Row, Sections, Status, did_you_mean_suffix};

use super::{Keyword, address, text};
use crate::draft::Draft;
use crate::settings::{BindAddress, BindSettings};

/// `bind` itself.
pub const KEYWORDS: &[Keyword] = &[Keyword {
    name: "bind",
    sections: Sections::LISTEN.and(Sections::FRONTEND),
    args: "<address> [options]",
    status: Status::Supported,
    run: bind,
    doc: "listening address",
}];

/// One option of a bind line.
pub type BindOption = Row<BindSettings>;

const NO_TLS: Status = Status::Refused("TLS is not part of this version of rhaproxy");
const ANY: Sections = Sections::FRONT;

macro_rules! option {
    ($name:literal, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        BindOption { name: $name, sections: ANY, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// Options of a bind line.
pub const OPTIONS: &[BindOption] = &[
    option!("accept-proxy", "", Status::Supported, accept_proxy, "expect a PROXY header"),
    option!(
        "accept-netscaler-cip",
        "<magic>",
        Status::Refused("the NetScaler protocol is not part of this version"),
        number_ignored,
        "expect a NetScaler header"
    ),
    option!("backlog", "<number>", Status::Supported, backlog, "length of the accept queue"),
    option!("defer-accept", "", Status::Supported, defer_accept, "wait for data before accepting"),
    option!("expose-fd", "listeners", Status::Supported, expose_fd, "hand listening sockets out"),
    option!("gid", "<number>", Status::Supported, gid, "group of a unix socket"),
    option!("group", "<name>", Status::Supported, group, "group of a unix socket"),
    option!("id", "<number>", Status::Supported, id, "number of the listener"),
    option!("interface", "<name>", Status::Supported, interface, "network interface"),
    option!("label", "<text>", Status::Accepted("it is a comment"), word_ignored, "label"),
    option!("level", "<level>", Status::Supported, level, "rights on a stats socket"),
    option!("maxconn", "<number>", Status::Supported, maxconn, "connections at most"),
    option!("mode", "<mode>", Status::Supported, mode, "mode of a unix socket"),
    option!("mss", "<size>", Status::Supported, mss, "segment size"),
    option!("name", "<name>", Status::Supported, name, "name in statistics"),
    option!("namespace", "<name>", Status::Supported, namespace, "network namespace"),
    option!(
        "nice",
        "<number>",
        Status::Accepted("all streams have the same priority"),
        word_ignored,
        "priority"
    ),
    option!("process", "<set>", Status::Legacy { modern: "thread" }, word_ignored, "processes"),
    option!("proto", "<name>", Status::Supported, proto, "protocol without negotiation"),
    option!(
        "severity-output",
        "<format>",
        Status::Accepted("set it on the connection"),
        word_ignored,
        "severity in answers"
    ),
    option!(
        "shards",
        "<number>",
        Status::Accepted("listeners are shared by all threads"),
        word_ignored,
        "sockets of the address"
    ),
    option!(
        "tcp-md5sig",
        "<password>",
        Status::Refused("TCP MD5 signatures are not part of this version"),
        word_ignored,
        "TCP MD5 signature"
    ),
    option!("tcp-ut", "<time>", Status::Supported, tcp_ut, "TCP user timeout"),
    option!("tfo", "", Status::Supported, tfo, "TCP fast open"),
    option!(
        "thread",
        "<set>",
        Status::Accepted("connections go to the least busy thread"),
        word_ignored,
        "threads"
    ),
    option!("transparent", "", Status::Supported, transparent, "bind to a foreign address"),
    option!("uid", "<number>", Status::Supported, uid, "owner of a unix socket"),
    option!("user", "<name>", Status::Supported, user, "owner of a unix socket"),
    option!("v4v6", "", Status::Supported, v4v6, "both families"),
    option!("v6only", "", Status::Supported, v6only, "IPv6 only"),
    option!(
        "guid-prefix",
        "<text>",
        Status::Accepted("there are no global ids in this version"),
        word_ignored,
        "global id"
    ),
    option!("ssl", "", NO_TLS, refused, "TLS"),
    option!("crt", "<cert>", NO_TLS, refused, "certificate"),
    option!("crt-list", "<file>", NO_TLS, refused, "certificates"),
    option!("ca-file", "<file>", NO_TLS, refused, "CA certificates"),
    option!("ca-ignore-err", "...", NO_TLS, refused, "TLS"),
    option!("ca-sign-file", "...", NO_TLS, refused, "TLS"),
    option!("ca-verify-file", "...", NO_TLS, refused, "TLS"),
    option!("crl-file", "...", NO_TLS, refused, "TLS"),
    option!("crt-ignore-err", "...", NO_TLS, refused, "TLS"),
    option!("alpn", "...", NO_TLS, refused, "TLS"),
    option!("npn", "...", NO_TLS, refused, "TLS"),
    option!("allow-0rtt", "", NO_TLS, refused, "TLS"),
    option!("ciphers", "...", NO_TLS, refused, "TLS"),
    option!("ciphersuites", "...", NO_TLS, refused, "TLS"),
    option!("curves", "...", NO_TLS, refused, "TLS"),
    option!("ecdhe", "...", NO_TLS, refused, "TLS"),
    option!("ecdsa-*", "...", NO_TLS, refused, "TLS"),
    option!("force-*", "...", NO_TLS, refused, "TLS"),
    option!("generate-certificates", "", NO_TLS, refused, "TLS"),
    option!("ktls", "...", NO_TLS, refused, "TLS"),
    option!("no-*", "", NO_TLS, refused, "TLS"),
    option!("no-ca-names", "", NO_TLS, refused, "TLS"),
    option!("prefer-client-ciphers", "", NO_TLS, refused, "TLS"),
    option!("sigalgs", "...", NO_TLS, refused, "TLS"),
    option!("client-sigalgs", "...", NO_TLS, refused, "TLS"),
    option!("ssl-min-ver", "...", NO_TLS, refused, "TLS"),
    option!("ssl-max-ver", "...", NO_TLS, refused, "TLS"),
    option!("strict-sni", "", NO_TLS, refused, "TLS"),
    option!("tls-ticket-keys", "...", NO_TLS, refused, "TLS"),
    option!("verify", "...", NO_TLS, refused, "TLS"),
    option!("ech", "...", NO_TLS, refused, "TLS"),
    option!("default-crt", "...", NO_TLS, refused, "TLS"),
    option!(
        "quic-*",
        "...",
        Status::Refused("QUIC is not part of this version of rhaproxy"),
        refused,
        "QUIC"
    ),
];

fn bind(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'bind' expects <address>:<port>[,...] as argument."));
    };
    let list = word.as_bstr().to_string();
    let binds = settings(draft, &list, Some(cursor))?;
    draft.px.binds.extend(binds);
    Ok(())
}

/// Adds addresses without options, as old `listen` lines give them.
pub fn addresses(draft: &mut Draft, list: &str, cursor: Option<&mut Cursor<'_>>) -> Result<(), String> {
    let binds = settings(draft, list, cursor).map_err(|error| error.message)?;
    draft.px.binds.extend(binds);
    Ok(())
}

/// The sockets of a comma separated address list with the options that follow.
pub fn settings(
    draft: &mut Draft,
    list: &str,
    cursor: Option<&mut Cursor<'_>>,
) -> Result<Vec<BindSettings>, ParseError> {
    let mut binds = Vec::new();
    for part in list.split(',').filter(|part| !part.is_empty()) {
        let opened = open_address(draft, part).map_err(|message| {
            let keyword = cursor.as_ref().map_or_else(|| "bind".to_owned(), |cursor| cursor.keyword());
            let shown = if keyword == "stats socket" {
                format!("'stats socket' : {message}")
            } else {
                format!("'{keyword}' : {message}")
            };
            match &cursor {
                Some(cursor) => cursor.error_before(shown),
                None => ParseError::new(shown),
            }
        })?;
        binds.extend(opened);
    }
    let Some(cursor) = cursor else { return Ok(binds) };
    let mut template = BindSettings::new(BindAddress::Fd(-1), draft.here());
    options(draft, &mut template, cursor)?;
    for bind in &mut binds {
        let address = std::mem::replace(&mut bind.address, BindAddress::Fd(-1));
        *bind = BindSettings { address, ..template.clone() };
    }
    Ok(binds)
}

fn open_address(draft: &Draft, part: &str) -> Result<Vec<BindSettings>, String> {
    let parsed = address(draft, part, &AddressRules::BIND)?;
    if parsed.transport == Transport::Quic {
        return Err(format!("'{part}' : QUIC is not part of this version of rhaproxy"));
    }
    let place = draft.here();
    let one = |address| BindSettings::new(address, place.clone());
    match parsed.target {
        Target::Unix(path) => Ok(vec![one(BindAddress::Unix(PathBuf::from(path)))]),
        Target::Abstract { name, .. } => Ok(vec![one(BindAddress::Abstract(name.into_bytes()))]),
        Target::Fd(fd) => Ok(vec![one(BindAddress::Fd(fd))]),
        Target::SockPair(_) => Err(format!(
            "'{part}' : socket pairs come with the master process, which is not part of this version"
        )),
        Target::Ip(host, port) => {
            let ips = match host {
                Host::Ip(ip) => vec![ip],
                Host::Name(name, family) => resolve(&*draft.files, &name, family)
                    .ok_or_else(|| format!("could not resolve address '{name}' in '{part}'"))?,
            };
            let ports = match port {
                Port::One(port) => port..=port,
                Port::Range(first, last) => first..=last,
                Port::None | Port::Offset(_) => {
                    return Err(format!("missing port specification in '{part}'"));
                }
            };
            let mut binds = Vec::new();
            for port in ports {
                for ip in ips.iter().take(1) {
                    binds.push(one(BindAddress::Ip(SocketAddr::new(*ip, port))));
                }
            }
            Ok(binds)
        }
    }
}

/// Addresses of a name by the system's resolver.
pub fn resolve(files: &dyn FileProvider, name: &str, family: Family) -> Option<Vec<IpAddr>> {
    let found: Vec<IpAddr> = files
        .addresses(name)
        .ok()?
        .into_iter()
        .filter(|ip| match family {
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
            Family::Any => true,
        })
        .collect();
    // IPv4 first, as the original prefers it at start
    let mut sorted: Vec<IpAddr> = found.iter().copied().filter(IpAddr::is_ipv4).collect();
    sorted.extend(found.iter().copied().filter(IpAddr::is_ipv6));
    (!sorted.is_empty()).then_some(sorted)
}

fn options(draft: &Draft, bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    while let Some(word) = cursor.next_word() {
        let Some(row) = find(word.as_str()) else {
            let names =
                OPTIONS.iter().filter(|row| !matches!(row.status, Status::Refused(_))).map(|row| row.name);
            let suffix = did_you_mean_suffix(word.as_str(), names);
            let keyword = cursor.keyword();
            let shown = match cursor.line().words.get(1).filter(|_| keyword == "bind") {
                Some(address) => format!("'{keyword} {address}' : unknown keyword '{word}'{suffix}."),
                None => format!("'{keyword}' unknown keyword '{word}'{suffix}."),
            };
            return Err(ParseError::new(shown).at(word));
        };
        match row.status {
            Status::Refused(why) => {
                return Err(cursor.error_before(format!("'bind' : '{word}' : {why}.")));
            }
            Status::Accepted(why) => cursor.warn(format!("'bind' : '{word}' has no effect: {why}.")),
            Status::Legacy { modern } => {
                cursor
                    .warn(format!("'bind' : '{word}' is a form of older versions. Use '{modern}' instead."));
            }
            Status::Supported => {}
        }
        (row.run)(bind, cursor)?;
        owner_names(draft, bind, cursor)?;
    }
    Ok(())
}

fn find(word: &str) -> Option<&'static BindOption> {
    OPTIONS.iter().find(|row| row.name == word).or_else(|| {
        OPTIONS
            .iter()
            .find(|row| row.name.strip_suffix('*').is_some_and(|beginning| word.starts_with(beginning)))
    })
}

/// `user` and `group` need the system's files, which rows cannot reach: the name is looked up here.
fn owner_names(draft: &Draft, bind: &mut BindSettings, cursor: &Cursor<'_>) -> Result<(), ParseError> {
    let words = &cursor.line().words;
    let at = cursor.position();
    if at < 2 {
        return Ok(());
    }
    let (option, value) = (words[at - 2].as_str(), words[at - 1].as_str());
    let missing = |what: &str| {
        cursor.error_before(format!("'bind' : '{option}' : '{value}' is not a {what} of this system"))
    };
    if option == "user" {
        bind.unix_uid = Some(super::global::user_id(draft, value).ok_or_else(|| missing("user"))?);
    } else if option == "group" {
        bind.unix_gid = Some(super::global::group_id(draft, value).ok_or_else(|| missing("group"))?);
    }
    Ok(())
}

type Outcome = Result<(), ParseError>;

fn refused(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    Err(cursor.error_before("'bind' : not part of this version of rhaproxy"))
}

fn word_ignored(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    text(cursor, "an argument").map(drop)
}

fn number_ignored(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    cursor.integer::<u64>().map(drop)
}

fn accept_proxy(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.accept_proxy = true;
    Ok(())
}

fn backlog(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.backlog = Some(cursor.integer()?);
    Ok(())
}

fn defer_accept(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.defer_accept = true;
    Ok(())
}

fn expose_fd(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    if !cursor.take_if("listeners") {
        return Err(cursor.error("'expose-fd' expects 'listeners'"));
    }
    bind.expose_fd = true;
    Ok(())
}

fn gid(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.unix_gid = Some(cursor.integer()?);
    Ok(())
}

fn uid(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.unix_uid = Some(cursor.integer()?);
    Ok(())
}

fn group(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    text(cursor, "a group name").map(drop)
}

fn user(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    text(cursor, "a user name").map(drop)
}

fn id(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let id: i64 = cursor.integer()?;
    match u32::try_from(id) {
        Ok(id) if id > 0 => bind.id = Some(id),
        _ => return Err(cursor.error_before("'id' : custom id has to be > 0")),
    }
    Ok(())
}

fn interface(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.interface = Some(text(cursor, "an interface name")?);
    Ok(())
}

fn level(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let word = text(cursor, "'user', 'operator' or 'admin'")?;
    bind.level = Some(match word.as_str() {
        "user" => 1,
        "operator" => 2,
        "admin" => 3,
        _ => {
            return Err(cursor
                .error_before("'level' only supports 'user', 'operator', and 'admin' (case insensitive)."));
        }
    });
    Ok(())
}

fn maxconn(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.maxconn = Some(cursor.integer()?);
    Ok(())
}

fn mode(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let word = text(cursor, "an octal mode")?;
    match u32::from_str_radix(&word, 8) {
        Ok(mode) => bind.unix_mode = Some(mode),
        Err(_) => {
            return Err(cursor.error_before("'mode' : missing or invalid mode '(octal integer expected)'"));
        }
    }
    Ok(())
}

fn mss(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let mss: i32 = cursor.integer()?;
    if mss == 0 || mss.abs() > 65535 {
        return Err(cursor.error_before("'mss' : expects an MSS with and absolute value between 1 and 65535"));
    }
    bind.mss = Some(mss);
    Ok(())
}

fn name(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.name = Some(text(cursor, "a name")?.into_bytes());
    Ok(())
}

fn namespace(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.namespace = Some(text(cursor, "a namespace id")?);
    Ok(())
}

fn proto(_: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    match text(cursor, "a protocol name")?.as_str() {
        "h1" | "none" => Ok(()),
        other => {
            Err(cursor.error_before(format!("'proto' : '{other}' is not part of this version of rhaproxy")))
        }
    }
}

fn tcp_ut(bind: &mut BindSettings, cursor: &mut Cursor<'_>) -> Outcome {
    bind.tcp_user_timeout_ms = Some(cursor.duration_ms()?);
    Ok(())
}

fn tfo(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.tfo = true;
    Ok(())
}

fn transparent(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.transparent = true;
    Ok(())
}

fn v4v6(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.v6only = Some(false);
    if let BindAddress::Ip(SocketAddr::V4(v4)) = &bind.address
        && v4.ip().is_unspecified()
    {
        bind.address = BindAddress::Ip(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), v4.port()));
    }
    Ok(())
}

fn v6only(bind: &mut BindSettings, _: &mut Cursor<'_>) -> Outcome {
    bind.v6only = Some(true);
    Ok(())
}
