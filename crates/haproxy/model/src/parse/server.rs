//! `server`, `default-server` and `server-template` lines.

use std::net::SocketAddr;
use std::path::PathBuf;

use common_base::address::{AddressRules, Host, Port, Target};
use haproxy_conf::{Cursor, ParseError, Row, Sections, Status, did_you_mean_suffix};

use super::{Keyword, address, text};
use crate::draft::Draft;
use crate::settings::{InitState, SendProxy, ServerAddress, ServerSettings, SourceSettings};

const BACK: Sections = Sections::LISTEN.and(Sections::BACKEND);

/// The lines themselves.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "server",
        sections: BACK,
        args: "<name> <address>[:[port]] [options]",
        status: Status::Supported,
        run: server,
        doc: "a server of the backend",
    },
    Keyword {
        name: "default-server",
        sections: Sections::BACK,
        args: "[options]",
        status: Status::Supported,
        run: default_server,
        doc: "options for the servers that follow",
    },
    Keyword {
        name: "server-template",
        sections: BACK,
        args: "<prefix> <number | range> <address>[:<port>] [options]",
        status: Status::Supported,
        run: server_template,
        doc: "several servers of one address",
    },
];

/// One option of a server line.
pub type ServerOption = Row<ServerSettings>;

const NO_TLS: Status = Status::Refused("TLS is not part of this version of rhaproxy");
const NO_DNS: Status = Status::Refused("run-time name resolution is not part of this version of rhaproxy");

macro_rules! option {
    ($name:literal, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        ServerOption {
            name: $name,
            sections: Sections::BACK,
            args: $args,
            status: $status,
            run: $run,
            doc: $doc,
        }
    };
}

/// Options of a server line.
pub const OPTIONS: &[ServerOption] = &[
    option!("addr", "<address>", Status::Supported, addr, "address for checks"),
    option!("agent-addr", "<address>", Status::Supported, agent_addr, "address of the agent"),
    option!("agent-check", "", Status::Supported, agent_check, "ask an agent for the state"),
    option!("agent-inter", "<time>", Status::Supported, agent_inter, "time between questions"),
    option!("agent-port", "<port>", Status::Supported, agent_port, "port of the agent"),
    option!("agent-send", "<text>", Status::Supported, agent_send, "what is sent to the agent"),
    option!("backup", "", Status::Supported, backup, "used when no other is up"),
    option!("check", "", Status::Supported, check, "check the server"),
    option!(
        "check-reuse-pool",
        "",
        Status::Accepted("checks open their own connections"),
        nothing,
        "reuse idle connections"
    ),
    option!("check-send-proxy", "", Status::Supported, check_send_proxy, "PROXY header in checks"),
    option!("check-ssl", "", NO_TLS, refused, "TLS in checks"),
    option!("check-sni", "...", NO_TLS, refused, "TLS in checks"),
    option!("check-alpn", "...", NO_TLS, refused, "TLS in checks"),
    option!("check-proto", "<name>", Status::Supported, proto, "protocol of checks"),
    option!(
        "check-via-socks4",
        "",
        Status::Refused("SOCKS4 is not part of this version"),
        refused,
        "SOCKS4 in checks"
    ),
    option!("cookie", "<value>", Status::Supported, cookie, "value of the persistence cookie"),
    option!("disabled", "", Status::Supported, disabled, "start in maintenance"),
    option!("downinter", "<time>", Status::Supported, downinter, "time between checks while down"),
    option!("enabled", "", Status::Supported, enabled, "undo disabled"),
    option!("error-limit", "<number>", Status::Supported, error_limit, "errors that count as a failed check"),
    option!("fall", "<number>", Status::Supported, fall, "failed checks until down"),
    option!("fastinter", "<time>", Status::Supported, fastinter, "time between checks in transition"),
    option!("guid", "<text>", Status::Supported, guid, "global id"),
    option!("hash-key", "<kind>", Status::Supported, hash_key, "what consistent hashing hashes"),
    option!("id", "<number>", Status::Supported, id, "number of the server"),
    option!("init-addr", "<list>", Status::Supported, init_addr, "how the address is found at start"),
    option!("init-state", "<state>", Status::Supported, init_state, "state before the first check"),
    option!("inter", "<time>", Status::Supported, inter, "time between checks"),
    option!(
        "log-proto",
        "<proto>",
        Status::Accepted("log servers are not part of this version"),
        one_ignored,
        "framing of logs"
    ),
    option!("max-reuse", "<number>", Status::Supported, max_reuse, "requests on one connection"),
    option!("maxconn", "<number>", Status::Supported, maxconn, "connections at most"),
    option!("maxqueue", "<number>", Status::Supported, maxqueue, "waiting requests at most"),
    option!("minconn", "<number>", Status::Supported, minconn, "connections when idle"),
    option!(
        "namespace",
        "<name>",
        Status::Refused("namespaces per server are not part of this version"),
        refused,
        "network namespace"
    ),
    option!("no-backup", "", Status::Supported, no_backup, "undo backup"),
    option!("no-check", "", Status::Supported, no_check, "undo check"),
    option!("no-agent-check", "", Status::Supported, no_agent_check, "undo agent-check"),
    option!("no-send-proxy", "", Status::Supported, no_send_proxy, "undo send-proxy"),
    option!("no-send-proxy-v2", "", Status::Supported, no_send_proxy, "undo send-proxy-v2"),
    option!("no-check-send-proxy", "", Status::Supported, no_check_send_proxy, "undo check-send-proxy"),
    option!("no-tfo", "", Status::Supported, no_tfo, "undo tfo"),
    option!(
        "non-stick",
        "",
        Status::Accepted("stick tables are not part of this version"),
        nothing,
        "keep out of stick tables"
    ),
    option!("observe", "<mode>", Status::Supported, observe, "watch traffic for errors"),
    option!("on-error", "<mode>", Status::Supported, on_error, "what an observed error does"),
    option!("on-marked-down", "shutdown-sessions", Status::Supported, on_marked_down, "what going down does"),
    option!(
        "on-marked-up",
        "shutdown-backup-sessions",
        Status::Supported,
        on_marked_up,
        "what coming up does"
    ),
    option!(
        "pool-low-conn",
        "<number>",
        Status::Accepted("pools are per thread"),
        one_ignored,
        "idle connections kept"
    ),
    option!("pool-max-conn", "<number>", Status::Supported, pool_max_conn, "idle connections at most"),
    option!("pool-purge-delay", "<time>", Status::Supported, pool_purge_delay, "life of an idle connection"),
    option!("port", "<port>", Status::Supported, port, "port for checks"),
    option!("proto", "<name>", Status::Supported, proto, "protocol without negotiation"),
    option!(
        "proxy-v2-options",
        "<list>",
        Status::Supported,
        proxy_v2_options,
        "extensions of the PROXY header"
    ),
    option!("redir", "<prefix>", Status::Supported, redir, "redirect instead of forwarding"),
    option!("resolve-net", "...", NO_DNS, refused, "name resolution"),
    option!("resolve-opts", "...", NO_DNS, refused, "name resolution"),
    option!("resolve-prefer", "...", NO_DNS, refused, "name resolution"),
    option!("resolvers", "...", NO_DNS, refused, "name resolution"),
    option!("rise", "<number>", Status::Supported, rise, "good checks until up"),
    option!("send-proxy", "", Status::Supported, send_proxy, "PROXY header, version 1"),
    option!("send-proxy-v2", "", Status::Supported, send_proxy_v2, "PROXY header, version 2"),
    option!("send-proxy-v2-ssl", "", NO_TLS, refused, "PROXY header with TLS facts"),
    option!("send-proxy-v2-ssl-cn", "", NO_TLS, refused, "PROXY header with TLS facts"),
    option!(
        "set-proxy-v2-tlv-fmt*",
        "<format>",
        Status::Refused("own TLVs are not part of this version"),
        refused,
        "PROXY header extension"
    ),
    option!(
        "shard",
        "<number>",
        Status::Accepted("peers are not part of this version"),
        one_ignored,
        "shard of a peer"
    ),
    option!("slowstart", "<time>", Status::Supported, slowstart, "time to full weight"),
    option!(
        "socks4",
        "<address>",
        Status::Refused("SOCKS4 is not part of this version"),
        refused,
        "SOCKS4 proxy"
    ),
    option!("source", "<address>", Status::Supported, source, "address to come from"),
    option!(
        "stick",
        "",
        Status::Accepted("stick tables are not part of this version"),
        nothing,
        "undo non-stick"
    ),
    option!(
        "tcp-md5sig",
        "...",
        Status::Refused("TCP MD5 signatures are not part of this version"),
        refused,
        "TCP MD5 signature"
    ),
    option!("tcp-ut", "<time>", Status::Supported, tcp_ut, "TCP user timeout"),
    option!("tfo", "", Status::Supported, tfo, "TCP fast open"),
    option!("track", "[<backend>/]<server>", Status::Supported, track, "follow another server's state"),
    option!(
        "usesrc",
        "...",
        Status::Refused("'usesrc' only allowed after a 'source' statement"),
        refused,
        "client's address as source"
    ),
    option!("weight", "<number>", Status::Supported, weight, "share of the load"),
    option!(
        "ws",
        "<mode>",
        Status::Accepted("WebSockets use HTTP/1 here"),
        one_ignored,
        "protocol of WebSockets"
    ),
    option!("ssl", "", NO_TLS, refused, "TLS"),
    option!("no-ssl", "", Status::Supported, nothing, "no TLS"),
    option!("no-check-ssl", "", Status::Supported, nothing, "no TLS in checks"),
    option!("verify", "...", NO_TLS, refused, "TLS"),
    option!("verifyhost", "...", NO_TLS, refused, "TLS"),
    option!("sni", "...", NO_TLS, refused, "TLS"),
    option!("no-sni-auto", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("sni-auto", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("alpn", "...", NO_TLS, refused, "TLS"),
    option!("npn", "...", NO_TLS, refused, "TLS"),
    option!("ca-file", "...", NO_TLS, refused, "TLS"),
    option!("crl-file", "...", NO_TLS, refused, "TLS"),
    option!("crt", "...", NO_TLS, refused, "TLS"),
    option!("ciphers", "...", NO_TLS, refused, "TLS"),
    option!("ciphersuites", "...", NO_TLS, refused, "TLS"),
    option!("curves", "...", NO_TLS, refused, "TLS"),
    option!("sigalgs", "...", NO_TLS, refused, "TLS"),
    option!("client-sigalgs", "...", NO_TLS, refused, "TLS"),
    option!("allow-0rtt", "", NO_TLS, refused, "TLS"),
    option!("force-*", "...", NO_TLS, refused, "TLS"),
    option!("ssl-min-ver", "...", NO_TLS, refused, "TLS"),
    option!("ssl-max-ver", "...", NO_TLS, refused, "TLS"),
    option!("ssl-reuse", "", NO_TLS, refused, "TLS"),
    option!("no-ssl-reuse", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("no-sslv3", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("no-tlsv*", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("no-tls-tickets", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
    option!("tls-tickets", "", NO_TLS, refused, "TLS"),
    option!("no-verifyhost", "", Status::Accepted("TLS is not part of this version"), nothing, "TLS"),
];

impl ServerSettings {
    /// The manual's defaults, without an address.
    pub fn new(place: (String, u32)) -> Self {
        ServerSettings {
            balance: haproxy_balance::ServerConf::default(),
            address: ServerAddress::Ip(SocketAddr::from(([0, 0, 0, 0], 0))),
            port_offset: None,
            check: false,
            agent_check: false,
            inter_ms: 2_000,
            fastinter_ms: None,
            downinter_ms: None,
            rise: 2,
            fall: 3,
            check_port: None,
            check_addr: None,
            check_send_proxy: false,
            send_proxy: SendProxy::Off,
            proxy_v2_options: Vec::new(),
            source: None,
            track: None,
            redir: None,
            pool_max_conn: -1,
            pool_purge_delay_ms: 5_000,
            max_reuse: -1,
            tfo: false,
            tcp_user_timeout_ms: None,
            on_error: None,
            observe: None,
            error_limit: 10,
            shutdown_on_down: false,
            shutdown_backups_on_up: false,
            agent_port: None,
            agent_inter_ms: None,
            agent_send: None,
            agent_addr: None,
            init_none: false,
            init_state: InitState::default(),
            place,
        }
    }
}

fn server(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let (Some(name), Some(target)) = (cursor.next_word(), cursor.next_word()) else {
        return Err(cursor.error("'server' expects <name> and <addr>[:<port>] as arguments."));
    };
    let name = name.as_bstr().to_string();
    if let Some(bad) =
        name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
    {
        return Err(
            cursor.error_before(format!("character '{bad}' is not permitted in server name '{name}'."))
        );
    }
    let target = target.as_bstr().to_string();
    let mut one = base(draft);
    one.balance.name = name.as_str().into();
    options(&mut one, cursor)?;
    place_at(draft, &mut one, &target, cursor)?;
    duplicate(draft, &name, cursor)?;
    draft.px.servers.push(one);
    Ok(())
}

/// Options of a server line that do something.
pub fn option_names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().filter(|row| row.status == Status::Supported).map(|row| row.name)
}

/// Reads the words of a server line that is added at run time: name, address, options.
pub fn at_run_time(px: &crate::snapshot::Proxy, words: &[String]) -> Result<ServerSettings, String> {
    let load = haproxy_expr::Load::new(std::sync::Arc::default());
    let mut draft = Draft::new(load, std::sync::Arc::new(haproxy_conf::OsFiles));
    draft.env = haproxy_conf::Environment::from_process();
    // a name that does not resolve now may do so later
    draft.ignore_resolution = true;
    draft.px.name = String::from_utf8_lossy(&px.name).into_owned();
    draft.px.role = Some(px.role);
    let words = std::iter::once("server").chain(words.iter().map(String::as_str));
    let line = haproxy_conf::Line {
        file: haproxy_conf::FileId(0),
        number: 0,
        words: words.map(haproxy_conf::Word::new).collect(),
        negation: haproxy_conf::Negation::None,
        text: Default::default(),
    };
    server(&mut draft, &mut Cursor::new(&line, 1)).map_err(|error| error.message)?;
    draft.px.servers.pop().ok_or_else(|| "no server was given".to_owned())
}

fn base(draft: &Draft) -> ServerSettings {
    let place = draft.here();
    match &draft.px.default_server {
        Some(settings) => ServerSettings { place, ..settings.clone() },
        None => ServerSettings::new(place),
    }
}

fn duplicate(draft: &Draft, name: &str, cursor: &Cursor<'_>) -> Result<(), ParseError> {
    match draft.px.servers.iter().find(|other| &*other.balance.name == name) {
        None => Ok(()),
        Some(other) => Err(cursor.error(format!(
            "backend '{}' has another server named '{name}' at line {}, names must be unique.",
            draft.px.name, other.place.1
        ))),
    }
}

fn default_server(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let mut settings = base(draft);
    options(&mut settings, cursor)?;
    draft.px.default_server = Some(settings);
    Ok(())
}

fn server_template(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let (Some(prefix), Some(range), Some(target)) =
        (cursor.next_word(), cursor.next_word(), cursor.next_word())
    else {
        return Err(
            cursor.error("'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.")
        );
    };
    let (first, last) = range.as_str().split_once('-').unwrap_or(("1", range.as_str()));
    let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
        return Err(ParseError::new(format!("'server-template' : wrong value for range '{range}'")).at(range));
    };
    if first > last || last - first > 100_000 {
        return Err(ParseError::new(format!("'server-template' : wrong value for range '{range}'")).at(range));
    }
    let (prefix, target) = (prefix.as_bstr().to_string(), target.as_bstr().to_string());
    let mut one = base(draft);
    options(&mut one, cursor)?;
    place_at(draft, &mut one, &target, cursor)?;
    for number in first..=last {
        let name = format!("{prefix}{number}");
        duplicate(draft, &name, cursor)?;
        let mut copy = one.clone();
        copy.balance.name = name.into();
        draft.px.servers.push(copy);
    }
    Ok(())
}

fn place_at(
    draft: &Draft,
    one: &mut ServerSettings,
    target: &str,
    cursor: &mut Cursor<'_>,
) -> Result<(), ParseError> {
    let parsed = address(draft, target, &AddressRules::SERVER)
        .map_err(|message| cursor.error_before(format!("'server {}' : {message}", one.balance.name)))?;
    one.balance.address = target.to_owned();
    match parsed.target {
        Target::Unix(path) => one.address = ServerAddress::Unix(PathBuf::from(path)),
        Target::Abstract { name, .. } => one.address = ServerAddress::Abstract(name.into_bytes()),
        Target::Fd(_) | Target::SockPair(_) => {
            return Err(cursor.error_before(format!(
                "'server {}' : a descriptor is no server address.",
                one.balance.name
            )));
        }
        Target::Ip(host, port) => {
            let number = match port {
                Port::One(port) | Port::Range(port, _) => port,
                Port::None => {
                    one.port_offset = Some(0);
                    0
                }
                Port::Offset(offset) => {
                    one.port_offset = Some(offset);
                    0
                }
            };
            one.address = match host {
                Host::Ip(ip) => ServerAddress::Ip(SocketAddr::new(ip, number)),
                Host::Name(name, family) => {
                    match super::bind::resolve(&*draft.files, &name, family)
                        .and_then(|ips| ips.first().copied())
                    {
                        Some(ip) => ServerAddress::Ip(SocketAddr::new(ip, number)),
                        None if one.init_none || draft.ignore_resolution => {
                            ServerAddress::Unresolved(name, number)
                        }
                        None => {
                            return Err(ParseError::new(format!(
                                "'server {}' : could not resolve address '{name}'.",
                                one.balance.name
                            )));
                        }
                    }
                }
            };
        }
    }
    Ok(())
}

fn options(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    while let Some(word) = cursor.next_word() {
        let keyword = cursor.line().keyword();
        let Some(row) = find(word.as_str()) else {
            let names =
                OPTIONS.iter().filter(|row| !matches!(row.status, Status::Refused(_))).map(|row| row.name);
            let suffix = did_you_mean_suffix(word.as_str(), names);
            let shown = match keyword {
                "server" => format!("'server {}' : unknown keyword '{word}'{suffix}.", one.balance.name),
                _ => format!("'{keyword}' : unknown keyword '{word}'{suffix}."),
            };
            return Err(ParseError::new(shown).at(word));
        };
        match row.status {
            Status::Refused(why) => {
                return Err(
                    cursor.error_before(format!("'{keyword} {}' : '{word}' : {why}.", one.balance.name))
                );
            }
            Status::Accepted(why) => cursor.warn(format!("'{keyword}' : '{word}' has no effect: {why}.")),
            Status::Legacy { modern } => {
                cursor.warn(format!(
                    "'{keyword}' : '{word}' is a form of older versions. Use '{modern}' instead."
                ));
            }
            Status::Supported => {}
        }
        (row.run)(one, cursor)?;
    }
    Ok(())
}

fn find(word: &str) -> Option<&'static ServerOption> {
    OPTIONS.iter().find(|row| row.name == word).or_else(|| {
        OPTIONS
            .iter()
            .find(|row| row.name.strip_suffix('*').is_some_and(|beginning| word.starts_with(beginning)))
    })
}

type Outcome = Result<(), ParseError>;

fn nothing(_: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    Ok(())
}

fn refused(_: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    Err(cursor.error_before("not part of this version of rhaproxy"))
}

fn one_ignored(_: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    text(cursor, "an argument").map(drop)
}

fn ip(cursor: &mut Cursor<'_>) -> Result<std::net::IpAddr, ParseError> {
    let word = text(cursor, "an address")?;
    word.parse()
        .ok()
        .or_else(|| {
            super::bind::resolve(&haproxy_conf::OsFiles, &word, common_base::address::Family::Any)
                .and_then(|ips| ips.first().copied())
        })
        .ok_or_else(|| cursor.error_before(format!("could not resolve address '{word}'.")))
}

fn addr(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.check_addr = Some(ip(cursor)?);
    Ok(())
}

fn agent_addr(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.agent_addr = Some(ip(cursor)?);
    Ok(())
}

fn agent_check(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.agent_check = true;
    one.balance.agent = true;
    Ok(())
}

fn agent_inter(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.agent_inter_ms = Some(positive_time(cursor)?);
    Ok(())
}

fn agent_port(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.agent_port = Some(cursor.integer()?);
    Ok(())
}

fn agent_send(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.agent_send = Some(text(cursor, "a string")?.into_bytes());
    Ok(())
}

fn backup(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.balance.backup = true;
    Ok(())
}

fn no_backup(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.balance.backup = false;
    Ok(())
}

fn check(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.check = true;
    one.balance.check = true;
    Ok(())
}

fn no_check(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.check = false;
    one.balance.check = false;
    Ok(())
}

fn no_agent_check(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.agent_check = false;
    one.balance.agent = false;
    Ok(())
}

fn check_send_proxy(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.check_send_proxy = true;
    Ok(())
}

fn no_check_send_proxy(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.check_send_proxy = false;
    Ok(())
}

fn cookie(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.cookie = Some(text(cursor, "a value")?.into_bytes());
    Ok(())
}

fn disabled(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.balance.disabled = true;
    Ok(())
}

fn enabled(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.balance.disabled = false;
    Ok(())
}

fn positive_time(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    let ms = u64::from(cursor.duration_ms()?);
    if ms == 0 {
        let words = &cursor.line().words;
        let at = cursor.position();
        return Err(cursor.error_before(format!(
            "'{}' : invalid value {} for argument '{}' of server.",
            cursor.line().keyword(),
            words[at - 1],
            words[at - 2]
        )));
    }
    Ok(ms)
}

fn downinter(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.downinter_ms = Some(positive_time(cursor)?);
    Ok(())
}

fn fastinter(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.fastinter_ms = Some(positive_time(cursor)?);
    Ok(())
}

fn inter(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.inter_ms = positive_time(cursor)?;
    Ok(())
}

fn error_limit(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.error_limit = cursor.integer()?;
    Ok(())
}

fn fall(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.fall = cursor.integer::<u32>()?.max(1);
    one.balance.fall = one.fall;
    Ok(())
}

fn rise(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.rise = cursor.integer::<u32>()?.max(1);
    one.balance.rise = one.rise;
    Ok(())
}

fn guid(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.guid = Some(text(cursor, "a global id")?);
    Ok(())
}

fn hash_key(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    use haproxy_balance::server::HashKey;
    one.balance.hash_key = match text(cursor, "'id', 'id32', 'addr' or 'addr-port'")?.as_str() {
        "id" => HashKey::Id,
        "id32" => HashKey::Id32,
        "addr" => HashKey::Addr,
        "addr-port" => HashKey::AddrPort,
        "guid" => HashKey::Guid,
        _ => {
            return Err(
                cursor.error_before("'hash-key' has to be 'id', 'id32', 'addr', 'addr-port' or 'guid'.")
            );
        }
    };
    Ok(())
}

fn id(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let id: i64 = cursor.integer()?;
    match u32::try_from(id) {
        Ok(id) if id > 0 => one.balance.puid = id,
        _ => return Err(cursor.error_before("'id' : custom id has to be > 0.")),
    }
    one.explicit_id();
    Ok(())
}

impl ServerSettings {
    /// Marks the number as given, so that none is invented for it.
    fn explicit_id(&mut self) {
        self.balance.puid |= EXPLICIT_ID;
    }

    /// The number given on the line, if one was.
    pub fn given_id(&self) -> Option<u32> {
        (self.balance.puid & EXPLICIT_ID != 0).then_some(self.balance.puid & !EXPLICIT_ID)
    }
}

/// Set in a draft's server number when the line gave it.
const EXPLICIT_ID: u32 = 1 << 31;

fn init_addr(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let list = text(cursor, "a list of methods")?;
    for method in list.split(',') {
        match method {
            "last" | "libc" => {}
            "none" => one.init_none = true,
            other if other.parse::<std::net::IpAddr>().is_ok() => one.init_none = true,
            other => {
                return Err(cursor.error_before(format!(
                    "'init-addr' : unknown init-addr method or invalid IP address '{other}', supported methods are 'libc', 'last', 'none', and IP addresses"
                )));
            }
        }
    }
    Ok(())
}

const INIT_STATES: &[(&str, InitState)] = &[
    ("fully-up", InitState::FullyUp),
    ("up", InitState::Up),
    ("none", InitState::Up),
    ("down", InitState::Down),
    ("fully-down", InitState::FullyDown),
];

fn init_state(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let word = text(cursor, "a state")?;
    match INIT_STATES.iter().find(|(name, _)| *name == word) {
        Some((_, state)) => one.init_state = *state,
        None => {
            return Err(cursor.error_before(format!(
                "'init-state' : expects one of 'fully-up', 'up', 'down', 'fully-down' or 'none' but got '{word}'"
            )));
        }
    }
    Ok(())
}

fn max_reuse(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.max_reuse = cursor.integer()?;
    Ok(())
}

fn maxconn(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.maxconn = cursor.integer()?;
    Ok(())
}

fn maxqueue(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.maxqueue = cursor.integer()?;
    Ok(())
}

fn minconn(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.minconn = cursor.integer()?;
    Ok(())
}

fn observe(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let mode = text(cursor, "<mode> as argument")?;
    if !matches!(mode.as_str(), "none" | "layer4" | "tcp-check" | "layer7" | "http") {
        return Err(cursor.error_before(format!(
            "'observe' expects one of 'none', 'layer4', 'layer7' as argument, got '{mode}'."
        )));
    }
    one.observe = (mode != "none").then_some(mode);
    Ok(())
}

fn on_error(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let mode = text(cursor, "<mode> as argument")?;
    if !matches!(mode.as_str(), "fastinter" | "fail-check" | "sudden-death" | "mark-down") {
        return Err(cursor.error_before(
            "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' as argument.",
        ));
    }
    one.on_error = Some(mode);
    Ok(())
}

fn on_marked_down(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    if !cursor.take_if("shutdown-sessions") {
        return Err(cursor.error("'on-marked-down' expects 'shutdown-sessions' as argument."));
    }
    one.shutdown_on_down = true;
    Ok(())
}

fn on_marked_up(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    if !cursor.take_if("shutdown-backup-sessions") {
        return Err(cursor.error("'on-marked-up' expects 'shutdown-backup-sessions' as argument."));
    }
    one.shutdown_backups_on_up = true;
    Ok(())
}

fn pool_max_conn(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.pool_max_conn = cursor.integer()?;
    one.balance.pool_max_conn = u32::try_from(one.pool_max_conn).ok();
    Ok(())
}

fn pool_purge_delay(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.pool_purge_delay_ms = u64::from(cursor.duration_ms()?);
    Ok(())
}

fn port(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.check_port = Some(cursor.integer()?);
    Ok(())
}

fn proto(_: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    match text(cursor, "a protocol name")?.as_str() {
        "h1" | "none" => Ok(()),
        other => {
            Err(cursor.error_before(format!("'proto' : '{other}' is not part of this version of rhaproxy")))
        }
    }
}

fn proxy_v2_options(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let list = text(cursor, "a list of options")?;
    for word in list.split(',') {
        match word {
            "crc32c" | "unique-id" | "authority" => one.proxy_v2_options.push(word.to_owned()),
            "ssl" | "cert-cn" | "ssl-cipher" | "cert-sig" | "cert-key" => {
                return Err(cursor.error_before(format!(
                    "'proxy-v2-options' : '{word}' : TLS is not part of this version of rhaproxy"
                )));
            }
            other => {
                return Err(
                    cursor.error_before(format!("'proxy-v2-options' : option '{other}' not implemented."))
                );
            }
        }
    }
    Ok(())
}

fn redir(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.redir = Some(text(cursor, "<prefix> as argument")?.into_bytes());
    Ok(())
}

fn send_proxy(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.send_proxy = SendProxy::V1;
    Ok(())
}

fn send_proxy_v2(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.send_proxy = SendProxy::V2;
    Ok(())
}

fn no_send_proxy(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.send_proxy = SendProxy::Off;
    Ok(())
}

fn slowstart(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.balance.slowstart_ms = u64::from(cursor.duration_ms()?);
    Ok(())
}

fn source(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.source = Some(source_settings(cursor)?);
    Ok(())
}

/// The words after `source`, on a server or in a backend.
pub fn source_settings(cursor: &mut Cursor<'_>) -> Result<SourceSettings, ParseError> {
    let word = text(cursor, "<addr>[:<port>[-<port>]] as argument")?;
    let rules = AddressRules::SOURCE;
    let parsed = common_base::address::parse_address(&word, &word, &rules)
        .map_err(|error| cursor.error_before(format!("'source {word}' : {error}")))?;
    let address = match parsed.target {
        Target::Ip(Host::Ip(ip), port) => {
            let port = match port {
                Port::One(port) | Port::Range(port, _) => port,
                _ => 0,
            };
            Some(SocketAddr::new(ip, port))
        }
        _ => return Err(cursor.error_before(format!("'source' : '{word}' is not an address."))),
    };
    let mut settings = SourceSettings { address, ..SourceSettings::default() };
    loop {
        if cursor.take_if("usesrc") {
            match text(cursor, "<addr> | client | clientip | hdr_ip(name,#) as argument")?.as_str() {
                "client" | "clientip" => settings.use_client = true,
                other => {
                    return Err(cursor.error_before(format!(
                        "'usesrc' : '{other}' is not part of this version of rhaproxy"
                    )));
                }
            }
        } else if cursor.take_if("interface") {
            settings.interface = Some(text(cursor, "an interface name")?);
        } else {
            return Ok(settings);
        }
    }
}

fn tcp_ut(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.tcp_user_timeout_ms = Some(cursor.duration_ms()?);
    Ok(())
}

fn tfo(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.tfo = true;
    Ok(())
}

fn no_tfo(one: &mut ServerSettings, _: &mut Cursor<'_>) -> Outcome {
    one.tfo = false;
    Ok(())
}

fn track(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    one.track = Some(text(cursor, "[<proxy>/]<server> as argument")?.into_bytes());
    Ok(())
}

fn weight(one: &mut ServerSettings, cursor: &mut Cursor<'_>) -> Outcome {
    let weight: i64 = cursor.integer()?;
    if !(0..=256).contains(&weight) {
        return Err(cursor.error_before(format!(
            "weight of server {} is not within 0 and 256 ({weight}).",
            one.balance.name
        )));
    }
    one.balance.weight = weight as u32;
    Ok(())
}
