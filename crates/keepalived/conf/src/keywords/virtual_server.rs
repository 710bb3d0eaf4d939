//! `virtual_server`.

use std::net::IpAddr;

use crate::draft::{CheckDefaults, VirtualServerDraft};
use crate::model::*;
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, block, done, line};
use crate::words::Words;

use super::global::{INTERVAL, SKIP};
use super::values;

/// Longest delay that fits the original's microseconds.
pub const DELAY_MAX_US: u64 = u64::MAX - 1;

const SCHEDULERS: &[&str] =
    &["rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"];

/// `virtual_server`.
pub static VIRTUAL_SERVER: Block =
    Block { name: "virtual_server", tables: &[TIMES, FORWARDING, STATE], end: done };

/// The head line.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let first = words.need(1, &mut ctx.sink)?;
    let id = match first {
        "fwmark" => {
            let text = words.need(2, &mut ctx.sink)?;
            match number::unsigned(&mut ctx.sink, text, 0, u32::MAX) {
                Some(mark) => VirtualServerId::FwMark(mark),
                None => {
                    ctx.config(format!(
                        "virtual server fwmark '{text}' must be in [0, 4294967295] - ignoring"
                    ));
                    return SKIP;
                }
            }
        }
        "group" => VirtualServerId::Group(words.need(2, &mut ctx.sink)?.to_owned()),
        address => match address_port(ctx, address, words.at(2), 1) {
            Some((address, port)) => VirtualServerId::Address { address, port },
            None => {
                ctx.config(match words.at(2) {
                    Some(port) => {
                        format!("Invalid virtual server IP address/port {address}/{port} - skipping")
                    }
                    None => format!("Invalid virtual server IP address {address} - skipping"),
                });
                return SKIP;
            }
        },
    };
    let family = match &id {
        VirtualServerId::Address { address, .. } => Some(Family::of(*address)),
        _ => None,
    };
    let server = VirtualServer {
        id,
        family,
        protocol: None,
        scheduler: String::from("wlc"),
        hashed: false,
        ops: false,
        flags: [false; 3],
        method: LvsMethod::Nat,
        persistence_engine: None,
        persistence_timeout_s: 0,
        persistence_granularity: None,
        ha_suspend: false,
        alpha: false,
        omega: false,
        inhibit_on_failure: false,
        weight: 1,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        sorry_server: None,
        smtp_alert: false,
        virtualhost: None,
        snmp_name: None,
        real_servers: Vec::new(),
    };
    ctx.draft.lvs.servers.push(VirtualServerDraft {
        server,
        scheduler: None,
        method: None,
        protocol: None,
        defaults: CheckDefaults::default(),
        smtp_alert: None,
        weight: None,
        sorry_method: None,
        hashed: false,
        reals: Vec::new(),
    });
    GO
}

/// An address and an optional port; `None` after number complaints. `min` is the least port.
pub fn address_port(ctx: &mut Ctx<'_>, address: &str, port: Option<&str>, min: u32) -> Option<(IpAddr, u16)> {
    // the original passes over a prefix length
    let parsed = address.split('/').next().unwrap_or(address).parse::<IpAddr>();
    let port = match port {
        None => 0,
        Some("0") => 0,
        Some(text) => u16::try_from(number::unsigned(&mut ctx.sink, text, min, 65535)?).ok()?,
    };
    Some((parsed.ok()?, port))
}

/// The virtual server being read.
pub fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut VirtualServerDraft)) -> Outcome {
    if let Some(server) = ctx.draft.lvs.servers.last_mut() {
        record(server);
    }
    GO
}

const TIMES: &[Keyword] = &[
    line("delay_loop", "SECONDS", delay_loop, "time between checks"),
    line("retry", "NUMBER", retry, "further tries after a failed check"),
    line(
        "delay_before_retry",
        "SECONDS",
        |c, w| delay(c, w, "delay before retry", |d, v| d.delay_before_retry_us = v),
        "time before a further try",
    ),
    line(
        "warmup",
        "SECONDS",
        |c, w| delay(c, w, "warmup", |d, v| d.warmup_us = v),
        "largest random delay of the first check",
    ),
    line("connect_timeout", "SECONDS", connect_timeout, "time a connection may take"),
];

fn delay_loop(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let form = Decimal::seconds(1, DELAY_MAX_US);
    let value = values::decimal(ctx, words, form, |word| {
        format!("virtual server delay loop '{word}' invalid - ignoring")
    })?;
    with(ctx, |server| server.defaults.delay_loop_us = value.or(server.defaults.delay_loop_us))
}

fn retry(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = values::number(ctx, words, (1, u32::MAX), |word| format!("retry value invalid - {word}"))?;
    with(ctx, |server| server.defaults.retry = value.or(server.defaults.retry))
}

fn delay(
    ctx: &mut Ctx<'_>,
    words: &Words,
    what: &str,
    record: fn(&mut CheckDefaults, Option<u64>),
) -> Outcome {
    let form = Decimal::seconds(0, DELAY_MAX_US);
    let value = values::decimal(ctx, words, form, |word| {
        format!("virtual server {what} '{word}' invalid - ignoring")
    })?;
    with(ctx, |server| record(&mut server.defaults, value))
}

fn connect_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("virtual server connect_timeout {word} invalid - ignoring");
    let value = values::decimal(ctx, words, INTERVAL, complaint)?;
    with(ctx, |server| server.defaults.connect_timeout_us = value.or(server.defaults.connect_timeout_us))
}

const FORWARDING: &[Keyword] = &[
    line("ip_family", "inet|inet6", ip_family, "family of a mark service"),
    line("lb_algo", "SCHEDULER", scheduler, "same as lvs_sched"),
    line("lvs_sched", "SCHEDULER", scheduler, "IPVS scheduler"),
    line("hashed", "", |c, w| flag(c, w, Some("sh"), 1), "hashed entries of sh"),
    line("ops", "", |c, _| with(c, |s| s.server.ops = true), "one-packet scheduling"),
    line("flag-1", "", |c, w| flag(c, w, None, 0), "scheduler flag 1"),
    line("flag-2", "", |c, w| flag(c, w, None, 1), "scheduler flag 2"),
    line("flag-3", "", |c, w| flag(c, w, None, 2), "scheduler flag 3"),
    line("sh-port", "", |c, w| flag(c, w, Some("sh"), 1), "sh looks at the port"),
    line("sh-fallback", "", |c, w| flag(c, w, Some("sh"), 0), "sh falls back to another server"),
    line("mh-port", "", |c, w| flag(c, w, Some("mh"), 1), "mh looks at the port"),
    line("mh-fallback", "", |c, w| flag(c, w, Some("mh"), 0), "mh falls back to another server"),
    line("lb_kind", "NAT|DR|TUN...", lvs_method, "same as lvs_method"),
    line(
        "lvs_method",
        "NAT|DR|TUN [type ipip|gue port N|gre [nocsum|csum|remcsum]]",
        lvs_method,
        "forwarding method",
    ),
    line("persistence_engine", "NAME", persistence_engine, "persistence engine"),
    line("persistence_timeout", "[SECONDS]", persistence_timeout, "how long a client stays with a server"),
    line("persistence_granularity", "MASK", persistence_granularity, "which clients are one"),
    line("protocol", "TCP|UDP|SCTP", protocol, "transport protocol"),
];

fn ip_family(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let family = match words.need(1, &mut ctx.sink)? {
        "inet" => Family::Inet,
        "inet6" => Family::Inet6,
        other => {
            ctx.config(format!("unknown address family {other}"));
            return GO;
        }
    };
    let clash =
        ctx.draft.lvs.servers.last().is_some_and(|s| s.server.family.is_some_and(|known| known != family));
    if clash {
        let word = words.at(1).unwrap_or_default();
        ctx.config(format!("Virtual server specified family {word} conflicts with server family"));
        return GO;
    }
    with(ctx, |server| server.server.family = Some(family))
}

fn scheduler(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    if !SCHEDULERS.contains(&word) {
        ctx.config(format!("Invalid lvs_scheduler '{word}' - ignoring"));
        ctx.sink.hint(format!("one of {}", SCHEDULERS.join(", ")));
        return GO;
    }
    with(ctx, |server| server.scheduler = Some(word.to_owned()))
}

/// A scheduler flag; the named ones need sh or mh before them.
fn flag(ctx: &mut Ctx<'_>, words: &Words, needs: Option<&str>, index: usize) -> Outcome {
    let keyword = words.keyword();
    let scheduler = ctx.draft.lvs.servers.last().and_then(|server| server.scheduler.clone());
    if needs.is_some() && !matches!(scheduler.as_deref(), Some("sh" | "mh")) {
        ctx.config(format!("{keyword} only applies to sh scheduler - ignoring"));
        ctx.sink.hint("give lvs_sched before its flags");
        return GO;
    }
    let hashed = keyword == "hashed";
    with(ctx, |server| {
        server.hashed |= hashed;
        if !hashed {
            server.server.flags[index] = true;
        }
    })
}

fn lvs_method(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    words.need(1, &mut ctx.sink)?;
    match method(ctx, words, "virtual server") {
        Some(method) => with(ctx, |server| server.method = Some(method)),
        None => GO,
    }
}

/// `NAT|DR|TUN [type ...]`; `None` after a complaint.
pub fn method(ctx: &mut Ctx<'_>, words: &Words, owner: &str) -> Option<LvsMethod> {
    let mut index = 2;
    let method = match words.at(1)? {
        "NAT" => LvsMethod::Nat,
        "DR" => LvsMethod::Dr,
        "TUN" => {
            let mut tunnel = Tunnel::default();
            if words.at(2) == Some("type") {
                index = tunnel_type(ctx, words, owner, &mut tunnel)?;
            }
            tunnel.checksum = match words.at(index) {
                Some("nocsum") => TunnelChecksum::None,
                Some("csum") => TunnelChecksum::Checksum,
                Some("remcsum") if tunnel.kind == TunnelKind::Gre => {
                    ctx.config("gre tunnels do not support remote checksum option.");
                    return None;
                }
                Some("remcsum") => TunnelChecksum::Remote,
                _ => {
                    index = index.wrapping_sub(1);
                    TunnelChecksum::None
                }
            };
            index = index.wrapping_add(1);
            LvsMethod::Tun(tunnel)
        }
        other => {
            ctx.config(format!("PARSER : unknown [{other}] routing method for {owner}."));
            ctx.sink.hint("write NAT, DR or TUN in capitals");
            return None;
        }
    };
    if let Some(extra) = words.at(index) {
        ctx.config(format!("Invalid tunnel option {extra} for {owner}."));
        return None;
    }
    Some(method)
}

/// `type ipip|gue port N|gre`; the index of the next word, `None` after a complaint.
fn tunnel_type(ctx: &mut Ctx<'_>, words: &Words, owner: &str, tunnel: &mut Tunnel) -> Option<usize> {
    let Some(kind) = words.at(3) else {
        ctx.config(format!("Missing tunnel type for {owner}."));
        return None;
    };
    let has_port = words.at(4) == Some("port");
    if (kind == "gue") != has_port && matches!(kind, "gue" | "ipip" | "gre") {
        ctx.config("gue tunnels require port, otherwise cannot have port.");
        return None;
    }
    tunnel.kind = match kind {
        "ipip" => TunnelKind::IpIp,
        "gre" => TunnelKind::Gre,
        "gue" => {
            let text = words.at(5).unwrap_or_default();
            let port =
                number::unsigned(&mut ctx.sink, text, 1, 65535).and_then(|port| u16::try_from(port).ok());
            let Some(port) = port else {
                ctx.config(format!("Invalid gue tunnel port {text} for {owner}."));
                return None;
            };
            TunnelKind::Gue { port }
        }
        other => {
            ctx.config(format!("Unknown tunnel type {other} for {owner}."));
            return None;
        }
    };
    Some(if has_port { 6 } else { 4 })
}

fn persistence_engine(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let engine = words.need(1, &mut ctx.sink)?.to_owned();
    with(ctx, |server| server.server.persistence_engine = Some(engine))
}

fn persistence_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let seconds = match words.at(1) {
        None => Some(360),
        Some(word) => number::unsigned(&mut ctx.sink, word, 1, 2_678_400),
    };
    match seconds {
        Some(seconds) => with(ctx, |server| server.server.persistence_timeout_s = seconds),
        None => {
            ctx.config("persistence_timeout invalid");
            GO
        }
    }
}

fn persistence_granularity(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let v6 = ctx.draft.lvs.servers.last().is_some_and(|server| server.server.family == Some(Family::Inet6));
    let mask = if v6 {
        number::unsigned(&mut ctx.sink, word, 1, 128)
    } else {
        // the original takes every form of inet_aton
        dotted(word)
    };
    match mask {
        Some(mask) => with(ctx, |server| server.server.persistence_granularity = Some(mask)),
        None => {
            let family = if v6 { "IPv6" } else { "IPv4" };
            ctx.config(format!("Invalid {family} persistence_granularity specified - {word}"));
            GO
        }
    }
}

/// An IPv4 address in one to four parts.
fn dotted(word: &str) -> Option<u32> {
    let parts: Option<Vec<u32>> = word.split('.').map(|part| part.parse().ok()).collect();
    let parts = parts?;
    let (last, head) = parts.split_last()?;
    if head.len() > 3 || head.iter().any(|part| *part > 255) {
        return None;
    }
    let shift = 8 * (4 - head.len() as u32);
    if shift < 32 && *last >= 1 << shift {
        return None;
    }
    let high = head.iter().fold(0u32, |sum, part| sum << 8 | part);
    Some(high.checked_shl(shift).unwrap_or(0) | last)
}

fn protocol(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let protocol = match word.to_ascii_uppercase().as_str() {
        "TCP" => LvsProtocol::Tcp,
        "UDP" => LvsProtocol::Udp,
        "SCTP" => LvsProtocol::Sctp,
        _ => {
            ctx.config(format!("Unknown protocol {word} - ignoring"));
            return GO;
        }
    };
    with(ctx, |server| server.protocol = Some(protocol))
}

const STATE: &[Keyword] = &[
    line(
        "ha_suspend",
        "",
        |c, _| with(c, |s| s.server.ha_suspend = true),
        "no checks while the address is not here",
    ),
    line("smtp_alert", "[BOOL]", smtp_alert, "mail on quorum changes"),
    line("virtualhost", "STRING", virtualhost, "default virtual host of HTTP checks"),
    line("snmp_name", "STRING", snmp_name, "name in SNMP data"),
    line("alpha", "", |c, _| with(c, |s| s.defaults.alpha = Some(true)), "real servers start down"),
    line("omega", "", |c, _| with(c, |s| s.server.omega = true), "run the down scripts at the stop"),
    line(
        "inhibit_on_failure",
        "",
        |c, _| with(c, |s| s.server.inhibit_on_failure = true),
        "weight 0 instead of removal",
    ),
    line(
        "quorum_up",
        "SCRIPT [USER [GROUP]]",
        |c, w| quorum_script(c, w, |s| &mut s.quorum_up),
        "run on gaining the quorum",
    ),
    line(
        "quorum_down",
        "SCRIPT [USER [GROUP]]",
        |c, w| quorum_script(c, w, |s| &mut s.quorum_down),
        "run on losing the quorum",
    ),
    line("quorum", "NUMBER", quorum, "total weight needed"),
    line("hysteresis", "NUMBER", hysteresis, "weight to ignore around the quorum"),
    line("weight", "NUMBER", weight, "default weight of real servers"),
    line("sorry_server", "ADDR [PORT]", sorry_server, "server of last resort"),
    line("sorry_server_inhibit", "", sorry_inhibit, "weight 0 instead of removal of the sorry server"),
    line("sorry_server_lvs_method", "NAT|DR|TUN...", sorry_method, "forwarding method of the sorry server"),
    block(
        "real_server",
        "ADDR [PORT]",
        &super::real_server::REAL_SERVER,
        super::real_server::begin,
        "a real server",
    ),
];

fn smtp_alert(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match values::optional_bool(ctx, words, |word| {
        format!("Invalid virtual_server smtp_alert parameter {word}")
    }) {
        Some(value) => with(ctx, |server| server.smtp_alert = Some(value)),
        None => GO,
    }
}

fn virtualhost(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1).map(str::to_owned) {
        Some(host) => with(ctx, |server| server.server.virtualhost = Some(host)),
        None => {
            ctx.config("virtual server virtualhost missing");
            GO
        }
    }
}

fn snmp_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.from(1) {
        [name] => with(ctx, |server| server.server.snmp_name = Some(name.clone())),
        _ => {
            ctx.config("virtual server snmp_name missing or extra parameters");
            GO
        }
    }
}

fn quorum_script(
    ctx: &mut Ctx<'_>,
    words: &Words,
    which: fn(&mut VirtualServer) -> &mut Option<Script>,
) -> Outcome {
    let first = words.need(1, &mut ctx.sink)?;
    let keyword = words.keyword();
    if ctx.draft.lvs.servers.last_mut().is_some_and(|server| which(&mut server.server).is_some()) {
        ctx.config(format!("((null)) {keyword} script already specified - ignoring {first}"));
        return GO;
    }
    let script = values::script(ctx, words);
    ctx.draft.scripts_used.checker |= script.is_some();
    with(ctx, |server| *which(&mut server.server) = script)
}

fn quorum(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Quorum {word} must be in [1, 4294967295]. Setting to 1.");
    let value = values::number(ctx, words, (1, u32::MAX), complaint)?;
    with(ctx, |server| server.server.quorum = value.unwrap_or(1))
}

fn hysteresis(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Hysteresis {word} must be in [0, 4294967295] - ignoring");
    match values::number(ctx, words, (0, u32::MAX), complaint)? {
        Some(value) => with(ctx, |server| server.server.hysteresis = value),
        None => GO,
    }
}

fn weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Virtual server weight {word} is outside range 1-2147483647");
    match values::number(ctx, words, (1, i32::MAX.unsigned_abs()), complaint)? {
        Some(value) => with(ctx, |server| server.weight = Some(i64::from(value))),
        None => GO,
    }
}

fn sorry_server(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let address = words.need(1, &mut ctx.sink)?;
    match address_port(ctx, address, words.at(2), 1) {
        Some((address, port)) => with(ctx, |server| {
            server.server.sorry_server =
                Some(SorryServer { address, port, inhibit: false, method: LvsMethod::Nat });
        }),
        None => {
            ctx.config(format!("Invalid sorry server IP address {address} - skipping"));
            GO
        }
    }
}

fn sorry_inhibit(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let server = ctx.draft.lvs.servers.last_mut();
    match server.and_then(|server| server.server.sorry_server.as_mut()) {
        Some(sorry) => sorry.inhibit = true,
        None => ctx.config("Ignoring sorry_server inhibit used before or without sorry_server"),
    }
    GO
}

fn sorry_method(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if ctx.draft.lvs.servers.last().is_none_or(|server| server.server.sorry_server.is_none()) {
        ctx.config("sorry_server forwarding used without sorry_server");
        return GO;
    }
    match method(ctx, words, "sorry server") {
        Some(method) => with(ctx, |server| server.sorry_method = Some(method)),
        None => GO,
    }
}
