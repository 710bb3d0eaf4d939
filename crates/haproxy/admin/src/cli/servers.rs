//! Servers: administrative state, health, weight, agents.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use haproxy_balance::server::{Admin, Operational};
use haproxy_checks::health;
use haproxy_model::settings::{ServerAddress, ServerSettings};
use haproxy_model::snapshot::{Proxy, Server};

use super::{Answer, Call, Command, Level};
use crate::control::{self, Wish};

/// Servers: administrative state, health, weight, agents.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["disable", "agent"],
        usage: "disable agent",
        doc: "disable agent checks",
        level: Level::Admin,
        experimental: false,
        run: |call| agent(call, false),
    },
    Command {
        words: &["disable", "health"],
        usage: "disable health",
        doc: "disable health checks",
        level: Level::Admin,
        experimental: false,
        run: |call| checks(call, false),
    },
    Command {
        words: &["disable", "server"],
        usage: "disable server (DEPRECATED)",
        doc: "disable a server for maintenance (use 'set server' instead)",
        level: Level::Admin,
        experimental: false,
        run: |call| wish(call, Wish::Maint),
    },
    Command {
        words: &["enable", "agent"],
        usage: "enable agent",
        doc: "enable agent checks",
        level: Level::Admin,
        experimental: false,
        run: |call| agent(call, true),
    },
    Command {
        words: &["enable", "health"],
        usage: "enable health",
        doc: "enable health checks",
        level: Level::Admin,
        experimental: false,
        run: |call| checks(call, true),
    },
    Command {
        words: &["enable", "server"],
        usage: "enable server  (DEPRECATED)",
        doc: "enable a disabled server (use 'set server' instead)",
        level: Level::Admin,
        experimental: false,
        run: |call| wish(call, Wish::Ready),
    },
    Command {
        words: &["set", "server"],
        usage: "set server <bk>/<srv> [opts]",
        doc: "change a server's state, weight, address or ssl",
        level: Level::Admin,
        experimental: false,
        run: set_server,
    },
    Command {
        words: &["get", "weight"],
        usage: "get weight <bk>/<srv>",
        doc: "report a server's current weight",
        level: Level::User,
        experimental: false,
        run: get_weight,
    },
    Command {
        words: &["set", "weight"],
        usage: "set weight <bk>/<srv>  (DEPRECATED)",
        doc: "change a server's weight (use 'set server' instead)",
        level: Level::Admin,
        experimental: false,
        run: set_weight_command,
    },
];

/// What to say: nothing when all is done as asked, else a line.
type Done = Result<&'static str, String>;

fn with_server(call: &Call<'_>, act: impl FnOnce(&Proxy, &Server) -> Done) -> Answer {
    call.server(call.arg(0)).and_then(|(px, server)| act(px, server)).into()
}

fn wish(call: &mut Call<'_>, wish: Wish) -> Answer {
    with_server(call, |_, server| {
        control::set_admin(&call.cx.process, &call.snapshot, server, wish);
        Ok("")
    })
}

fn checks(call: &mut Call<'_>, on: bool) -> Answer {
    with_server(call, |_, server| {
        let mut check = server.live.check();
        if on && !check.configured {
            return Err("Health check was not configured on this server, cannot enable.\n".into());
        }
        check.enabled = on && check.configured;
        Ok("")
    })
}

fn agent(call: &mut Call<'_>, on: bool) -> Answer {
    with_server(call, |_, server| {
        let mut agent = server.live.agent();
        if on && !agent.configured {
            return Err("Agent was not configured on this server, cannot enable.\n".into());
        }
        agent.enabled = on && agent.configured;
        Ok("")
    })
}

/// Changes one thing of a server.
type Change = fn(&Call<'_>, &Proxy, &Server) -> Done;

/// What `set server` can change.
const OPTIONS: &[(&str, Change)] = &[
    ("weight", |call, px, server| set_weight(call, px, server, call.arg(2))),
    ("state", set_state),
    ("health", set_health),
    ("agent", set_agent),
    ("addr", set_address),
    ("agent-addr", set_agent_address),
    ("agent-port", set_agent_port),
    ("agent-send", set_agent_text),
    ("check-addr", set_check_address),
    ("check-port", set_check_port),
    ("fqdn", |call, _, _| {
        Err(match call.arg(2) {
            "" => "set server <b>/<s> fqdn requires a FQDN.\n",
            _ => "set server <b>/<s> fqdn failed because no resolution is configured.\n",
        }
        .to_owned())
    }),
    ("name", set_name),
    ("ssl", |_, _, _| {
        Err("'set server <srv> ssl' cannot be set.  default-server should define ssl settings\n".to_owned())
    }),
];

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | \
check-addr | check-port | fqdn | health | name | ssl | state | weight\n";

fn set_server(call: &mut Call<'_>) -> Answer {
    with_server(call, |px, server| match OPTIONS.iter().find(|(name, _)| *name == call.arg(1)) {
        Some((_, change)) => change(call, px, server),
        None => Err(USAGE.to_owned()),
    })
}

const STATES: &[(&str, Wish)] = &[("ready", Wish::Ready), ("drain", Wish::Drain), ("maint", Wish::Maint)];

fn set_state(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    let Some((_, wish)) = STATES.iter().find(|(name, _)| *name == call.arg(2)) else {
        return Err("'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n".into());
    };
    control::set_admin(&call.cx.process, &call.snapshot, server, *wish);
    Ok("")
}

const HEALTHS: &[(&str, Operational)] =
    &[("up", Operational::Running), ("stopping", Operational::Stopping), ("down", Operational::Stopped)];

fn set_health(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    if server.live.tracked().is_some() {
        return Err("cannot change health on a tracking server.\n".into());
    }
    let Some((_, state)) = HEALTHS.iter().find(|(name, _)| *name == call.arg(2)) else {
        return Err("'set server <srv> health' expects 'up', 'stopping', or 'down'.\n".into());
    };
    let transition = health::set_health(&server.live, *state, call.cx.process.clock.now_ms());
    control::spread(&call.cx.process, &call.snapshot, transition.into_iter().collect());
    Ok("")
}

/// The address a server has now.
pub(super) fn address_of(server: &Server) -> Option<SocketAddr> {
    server.live.runtime_address().or(match &server.settings.address {
        ServerAddress::Ip(address) => Some(*address),
        ServerAddress::Unresolved(_, port) => Some(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), *port)),
        ServerAddress::Unix(_) | ServerAddress::Abstract(_) => None,
    })
}

/// `addr <ip> [port <port>]`.
fn set_address(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    const BY: &str = "by 'stats socket command'";
    let (ip, port) = (call.arg(2), call.arg(4));
    if ip.is_empty() {
        return Err("set server <b>/<s> addr requires an address and optionally a port.\n".into());
    }
    let before = address_of(server).ok_or_else(|| format!("Invalid addr '{ip}' {BY}\n"))?;
    let wanted: IpAddr = ip.parse().map_err(|_| format!("Invalid addr '{ip}' {BY}\n"))?;
    let wanted_port = match (call.arg(3), port) {
        ("port", port) => {
            Some(port.parse::<u16>().map_err(|_| "provided port is not an integer\n".to_owned())?)
        }
        _ => None,
    };
    let mut words = vec![if wanted == before.ip() {
        "no need to change the addr".to_owned()
    } else {
        format!("IP changed from '{}' to '{wanted}'", before.ip())
    }];
    words.extend(wanted_port.map(|port| match port == before.port() {
        true => "no need to change the port".to_owned(),
        false => format!("port changed from '{}' to '{port}'", before.port()),
    }));
    let after = SocketAddr::new(wanted, wanted_port.unwrap_or(before.port()));
    if after != before {
        server.live.set_runtime_address(after);
    }
    Err(format!("{} {BY}\n", words.join(", ")))
}

/// Puts a configuration to work in which a server is set up otherwise.
fn change(call: &Call<'_>, server: &Server, change: impl FnOnce(&mut ServerSettings)) {
    let mut next = call.snapshot.successor();
    next.change_server(server.id, change);
    call.cx.process.put_to_work(Arc::new(next));
}

fn has_checks(server: &Server) -> Result<(), String> {
    let enabled = server.live.check().configured;
    if enabled { Ok(()) } else { Err("health checks are not enabled on this server\n".to_owned()) }
}

fn has_agent(server: &Server) -> Result<(), String> {
    let enabled = server.live.agent().configured;
    if enabled { Ok(()) } else { Err("agent checks are not enabled on this server\n".to_owned()) }
}

/// `<address> [port <port>]` from the third word on.
fn address_and_port(call: &Call<'_>) -> Result<(IpAddr, Option<u16>), String> {
    let ip = call.arg(2).parse().map_err(|_| format!("Invalid addr '{}'\n", call.arg(2)))?;
    let port = match call.arg(3) {
        "port" => Some(port(call.arg(4))?),
        _ => None,
    };
    Ok((ip, port))
}

fn port(word: &str) -> Result<u16, String> {
    word.parse().map_err(|_| "provided port is not an integer\n".to_owned())
}

fn set_check_address(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    has_checks(server)?;
    let (ip, port) = address_and_port(call)?;
    change(call, server, |settings| {
        settings.check_addr = Some(ip);
        settings.check_port = port.or(settings.check_port);
    });
    Ok("health check addr updated.\n")
}

fn set_check_port(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    has_checks(server)?;
    let port = port(call.arg(2))?;
    change(call, server, |settings| settings.check_port = Some(port));
    Ok("health check port updated.\n")
}

fn set_agent_address(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    has_agent(server)?;
    let (ip, port) = address_and_port(call)?;
    change(call, server, |settings| {
        settings.agent_addr = Some(ip);
        settings.agent_port = port.or(settings.agent_port);
    });
    Ok("agent check addr updated.\n")
}

fn set_agent_port(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    has_agent(server)?;
    let port = port(call.arg(2))?;
    change(call, server, |settings| settings.agent_port = Some(port));
    Ok("agent check port updated.\n")
}

fn set_agent_text(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    has_agent(server)?;
    let text = call.arg(2).as_bytes().to_vec();
    change(call, server, |settings| settings.agent_send = Some(text));
    Ok("")
}

fn set_name(call: &Call<'_>, px: &Proxy, server: &Server) -> Done {
    let name = call.arg(2);
    if name.is_empty() {
        return Err("set server <b>/<s> name requires a new name.\n".to_owned());
    }
    if !server.live.admin().any(Admin::MAINT) {
        return Err("Server must be in maintenance mode to be renamed.\n".to_owned());
    }
    if name.contains(|c: char| !c.is_ascii_alphanumeric() && !"_:.-".contains(c)) {
        return Err("Server name contains invalid characters.\n".to_owned());
    }
    if server.pinned {
        return Err("Server is statically referenced by other configuration elements.\n".to_owned());
    }
    let is_other = |other: &Server| other.id != server.id && &*other.live.conf().name == name;
    if px.servers.iter().any(is_other) {
        return Err("A server with the same name already exists in this backend.\n".to_owned());
    }
    server.live.rename(name);
    change(call, server, |settings| settings.balance.name = name.into());
    Ok("Server name updated.\n")
}

fn set_agent(call: &Call<'_>, _: &Proxy, server: &Server) -> Done {
    {
        let mut agent = server.live.agent();
        if !agent.configured || !agent.enabled {
            return Err("agent checks are not enabled on this server.\n".into());
        }
        agent.health = match call.arg(2) {
            "up" => agent.health_max(),
            "down" => 0,
            _ => return Err("'set server <srv> agent' expects 'up' or 'down'.\n".into()),
        };
    }
    let up = server.live.agent().is_up() && (!server.live.check().configured || server.live.check().is_up());
    let state = if up { Operational::Running } else { Operational::Stopped };
    let now_ms = call.cx.process.clock.now_ms();
    let transition = health::change_state(&server.live, state, health::Cause::Cli, now_ms);
    control::spread(&call.cx.process, &call.snapshot, transition.into_iter().collect());
    Ok("")
}

fn get_weight(call: &mut Call<'_>) -> Answer {
    let weights = call.server(call.arg(0)).map(|(_, server)| {
        format!("{} (initial {})\n", server.live.user_weight(), server.live.initial_weight())
    });
    weights.into()
}

fn set_weight_command(call: &mut Call<'_>) -> Answer {
    with_server(call, |px, server| set_weight(call, px, server, call.arg(1)))
}

/// Changes a weight: a number to 256, or a percentage of the configured one.
fn set_weight(call: &Call<'_>, px: &Proxy, server: &Server, word: &str) -> Done {
    if word.is_empty() {
        return Err("Require <weight> or <weight%>.\n".into());
    }
    let (digits, percent) = word.strip_suffix('%').map_or((word, false), |digits| (digits, true));
    let number: i64 = digits.parse().map_err(|_| match digits.starts_with(|c: char| c.is_ascii_digit()) {
        true => "Trailing garbage in weight string\n".to_owned(),
        false => "Empty weight string empty or preceded by garbage".to_owned(),
    })?;
    let weight = if percent {
        if !(0..=100_000).contains(&number) {
            return Err("Relative weight must be positive.\n".into());
        }
        (i64::from(server.live.initial_weight()) * number / 100).min(256)
    } else if (0..=256).contains(&number) {
        number
    } else {
        return Err("Absolute weight can only be between 0 and 256 inclusive.\n".into());
    };
    let balance = px.balancer.conf();
    let dynamic = balance.algorithm.is_dynamic(balance.hash_type.method);
    if !dynamic && weight != 0 && weight != i64::from(server.live.initial_weight()) {
        return Err(
            "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n".into()
        );
    }
    server.live.set_user_weight(weight as u32);
    px.balancer.refresh(call.cx.process.clock.now_ms());
    Ok("")
}
