//! The LVS part: defaults from virtual to real server to checker, ports, quorum.

use crate::draft::*;
use crate::model::*;
use crate::parse::Ctx;

use super::{scripts, server_name};

/// Completes the virtual servers.
pub fn resolve(ctx: &mut Ctx<'_>) {
    let mut servers = Vec::new();
    for draft in std::mem::take(&mut ctx.draft.lvs.servers) {
        servers.extend(complete(ctx, draft));
    }
    script_security(ctx, &servers);
    ctx.draft.config.virtual_servers = servers;
}

fn script_security(ctx: &mut Ctx<'_>, servers: &[VirtualServer]) {
    let mut scripts: Vec<&Script> = Vec::new();
    for server in servers {
        scripts.extend(server.quorum_up.iter().chain(&server.quorum_down));
        for real in &server.real_servers {
            scripts.extend(real.notify_up.iter().chain(&real.notify_down));
            for checker in &real.checkers {
                if let CheckerKind::Misc(misc) = &checker.kind {
                    scripts.push(&misc.script);
                }
            }
        }
    }
    scripts.retain(|script| scripts::exists(ctx, script));
    if !scripts.is_empty() && !ctx.draft.config.global.scripts.script_security {
        let insecure = scripts.iter().any(|script| scripts::is_insecure(ctx, script));
        scripts::violation(ctx, "check scripts", insecure);
    }
}

/// A virtual server as log lines name it.
fn name(server: &VirtualServer) -> String {
    match &server.id {
        VirtualServerId::Address { address, port } => server_name(*address, server.protocol, *port),
        VirtualServerId::FwMark(mark) => format!("FWM {mark}"),
        VirtualServerId::Group(group) => format!("[{group}]:0"),
    }
}

fn complete(ctx: &mut Ctx<'_>, draft: VirtualServerDraft) -> Option<VirtualServer> {
    let mut server = draft.server;
    // Nothing is said of a server whose group does not exist, or was removed for its own mistakes.
    if let VirtualServerId::Group(group) = &server.id
        && !ctx.draft.config.virtual_server_groups.iter().any(|known| known.name == *group)
    {
        return None;
    }
    let is_mark = matches!(server.id, VirtualServerId::FwMark(_));
    server.protocol = if is_mark { None } else { draft.protocol };
    if draft.reals.is_empty() {
        ctx.config(format!("Virtual server {} has no real servers - ignoring", name(&server)));
        ctx.sink.hint("add a real_server block");
        return None;
    }
    if is_mark && draft.protocol.is_some() {
        ctx.config(format!(
            "Warning: Virtual server {}: protocol specified for fwmark - protocol will be ignored",
            name(&server)
        ));
    }
    if server.protocol.is_none() && !is_mark {
        ctx.config(format!("Virtual server {}: no protocol set - defaulting to UDP", name(&server)));
        ctx.sink.hint("write protocol TCP if that is meant");
        server.protocol = Some(LvsProtocol::Udp);
    }
    if let VirtualServerId::Address { port: 0, .. } = server.id
        && server.persistence_timeout_s == 0
    {
        ctx.config(format!(
            "Virtual server {}: zero port only valid for persistent services - setting",
            name(&server)
        ));
        server.persistence_timeout_s = 360;
    }
    match draft.scheduler {
        Some(scheduler) => server.scheduler = scheduler,
        None => {
            ctx.config(format!("Virtual server {}: no scheduler set, setting default 'wlc'", name(&server)))
        }
    }
    match draft.method {
        Some(method) => server.method = method,
        None if draft.reals.iter().all(|real| real.method.is_some()) && !draft.reals.is_empty() => {}
        None => ctx.config(format!(
            "Virtual server {}: no forwarding method set, setting default NAT",
            name(&server)
        )),
    }
    if server.ops && server.protocol.is_some_and(|protocol| protocol != LvsProtocol::Udp) {
        ctx.config(format!(
            "Virtual server {}: one packet scheduling requires UDP - resetting",
            name(&server)
        ));
        server.ops = false;
    }
    let global = &ctx.draft.config.global;
    server.hashed = draft.hashed;
    server.weight = draft.weight.unwrap_or(1);
    server.alpha = draft.defaults.alpha.unwrap_or(false);
    let alerts = global.mail.smtp_alert_checker.or(global.mail.smtp_alert);
    server.smtp_alert = draft.smtp_alert.or(alerts).unwrap_or(false);
    let log_all = global.lvs.checker_log_all_failures;
    for real in draft.reals {
        let real = real_server(real, &server, draft.defaults, alerts, log_all);
        let twice =
            server.real_servers.iter().any(|known| known.address == real.address && known.port == real.port);
        if twice {
            ctx.config(format!(
                "VS {}: real server {} is duplicated - removing second rs",
                name(&server),
                server_name(real.address, server.protocol, real.port)
            ));
        } else {
            server.real_servers.push(real);
        }
    }
    sorry(ctx, &mut server, draft.sorry_method);
    ports(ctx, &mut server);
    quorum(ctx, &mut server);
    if server.family.is_none() {
        server.family = server.real_servers.first().map(|real| Family::of(real.address));
    }
    Some(server)
}

fn sorry(ctx: &mut Ctx<'_>, server: &mut VirtualServer, method: Option<LvsMethod>) {
    let shown = name(server);
    let VirtualServerId::Address { port, .. } = server.id else { return };
    let default = server.method;
    let Some(sorry) = &mut server.sorry_server else { return };
    sorry.method = method.unwrap_or(default);
    if sorry.port == 0 {
        sorry.port = port;
    } else if sorry.method != LvsMethod::Nat && sorry.port != port {
        sorry.port = port;
        ctx.config(format!(
            "WARNING - virtual server {shown} and sorry server ports don't match - resetting"
        ));
    }
}

/// Direct routing and tunnels cannot change the port.
fn ports(ctx: &mut Ctx<'_>, server: &mut VirtualServer) {
    let shown = name(server);
    if let VirtualServerId::Group(group) = &server.id {
        let group = ctx.draft.config.virtual_server_groups.iter().find(|known| known.name == *group).cloned();
        if let Some(group) = group {
            group_ports(ctx, server, &shown, &group);
        }
        return;
    }
    for real in &mut server.real_servers {
        let real_name = server_name(real.address, server.protocol, real.port);
        match server.id {
            VirtualServerId::FwMark(_) if real.port != 0 && real.method != LvsMethod::Nat => {
                ctx.config(format!(
                    "WARNING - fwmark virtual server {shown}, real server {real_name} has port specified - clearing"
                ));
                real.port = 0;
            }
            VirtualServerId::Address { port, .. } if real.port == 0 => real.port = port,
            VirtualServerId::Address { port, .. } if real.method != LvsMethod::Nat && real.port != port => {
                ctx.config(format!(
                    "WARNING - virtual server {shown} and real server {real_name} ports don't match - resetting"
                ));
                ctx.sink.hint("DR and TUN keep the port of the virtual server; use NAT to change it");
                real.port = port;
            }
            _ => {}
        }
    }
}

/// The same for a group: each of its ports must be the real server's.
fn group_ports(ctx: &mut Ctx<'_>, server: &VirtualServer, shown: &str, group: &VirtualServerGroup) {
    for real in server.real_servers.iter().filter(|real| real.method != LvsMethod::Nat && real.port != 0) {
        let real_name = server_name(real.address, server.protocol, real.port);
        for range in group.addresses.iter().filter(|range| range.port != real.port) {
            let last = if range.last == range.first { String::new() } else { format!("-{}", range.last) };
            ctx.config(format!(
                "virtual server {shown}:[{}{last},{}] and real server {real_name} ports don't match",
                range.first, range.port
            ));
        }
        if !group.fwmarks.is_empty() {
            ctx.config(format!(
                "WARNING - fwmark virtual server {shown}, real server {real_name} has port specified - port will be ignored"
            ));
        }
    }
}

fn quorum(ctx: &mut Ctx<'_>, server: &mut VirtualServer) {
    let total: i64 = server.real_servers.iter().map(|real| real.weight).sum();
    let total = u32::try_from(total).unwrap_or(u32::MAX);
    if server.quorum > total && !server.real_servers.is_empty() {
        ctx.config(format!(
            "Warning - quorum {} for {} exceeds total weight of real servers {total}, reducing quorum to {total}",
            server.quorum,
            name(server)
        ));
        server.quorum = total;
    }
    if server.hysteresis >= server.quorum && !server.real_servers.is_empty() {
        // 4294967295 for a quorum of 0 is the original's text; no hysteresis is what is meant
        let shown = server.quorum.wrapping_sub(1);
        ctx.config(format!(
            "Virtual server {}: hysteresis {} >= quorum {}; setting hysteresis to {shown}",
            name(server),
            server.hysteresis,
            server.quorum
        ));
        server.hysteresis = server.quorum.saturating_sub(1);
    }
}

fn real_server(
    draft: RealServerDraft,
    server: &VirtualServer,
    outer: CheckDefaults,
    alerts: Option<bool>,
    log_all: bool,
) -> RealServer {
    let defaults = draft.defaults.or(outer);
    let virtual_port = match server.id {
        VirtualServerId::Address { port, .. } => port,
        _ => 0,
    };
    let port = if draft.port == 0 { virtual_port } else { draft.port };
    let virtualhost = draft.virtualhost.or_else(|| server.virtualhost.clone());
    let owner = Owner { address: draft.address, port, virtualhost: virtualhost.clone(), log_all };
    RealServer {
        address: draft.address,
        port: draft.port,
        weight: draft.weight.unwrap_or(server.weight),
        method: draft.method.unwrap_or(server.method),
        uthreshold: draft.uthreshold,
        lthreshold: draft.lthreshold,
        inhibit_on_failure: draft.inhibit.unwrap_or(server.inhibit_on_failure),
        alpha: defaults.alpha.unwrap_or(false),
        notify_up: draft.notify_up,
        notify_down: draft.notify_down,
        smtp_alert: draft.smtp_alert.or(alerts).unwrap_or(false),
        virtualhost,
        snmp_name: draft.snmp_name,
        checkers: draft.checkers.into_iter().filter_map(|checker| owner.checker(checker, defaults)).collect(),
    }
}

/// What a checker takes from its real server.
struct Owner {
    address: std::net::IpAddr,
    port: u16,
    virtualhost: Option<String>,
    log_all: bool,
}

impl Owner {
    fn checker(&self, draft: CheckerDraft, outer: CheckDefaults) -> Option<Checker> {
        let defaults = draft.defaults.or(outer);
        let delay_loop_us = defaults.delay_loop_us.unwrap_or(60_000_000);
        let (retry, before_retry_us) = match &draft.kind {
            CheckerKindDraft::Misc(_) => (0, 1_000_000),
            CheckerKindDraft::Dns(_) => (3, delay_loop_us),
            CheckerKindDraft::Http(_) => (1, 3_000_000),
            _ => (1, 1_000_000),
        };
        let timeout_us = defaults.connect_timeout_us.unwrap_or(5_000_000);
        let connection = match &draft.kind {
            CheckerKindDraft::Misc(_) | CheckerKindDraft::File(_) | CheckerKindDraft::Bfd { .. } => None,
            _ => Some(self.connection(&draft.connection, timeout_us)),
        };
        Some(Checker {
            kind: self.kind(draft.kind, timeout_us)?,
            alpha: defaults.alpha.unwrap_or(false),
            retry: defaults.retry.unwrap_or(retry),
            delay_before_retry_us: defaults.delay_before_retry_us.unwrap_or(before_retry_us),
            delay_loop_us,
            warmup_us: defaults.warmup_us.unwrap_or(delay_loop_us),
            log_all_failures: draft.log_all_failures.unwrap_or(self.log_all),
            connection,
        })
    }

    fn connection(&self, draft: &ConnectionDraft, timeout_us: u64) -> Connection {
        Connection {
            connect_ip: draft.connect_ip.unwrap_or(self.address),
            connect_port: draft.connect_port.unwrap_or(self.port),
            bindto: draft.bindto,
            bind_port: draft.bind_port,
            bind_if: draft.bind_if.clone(),
            fwmark: draft.fwmark,
            connect_timeout_us: draft.connect_timeout_us.unwrap_or(timeout_us),
        }
    }

    fn kind(&self, kind: CheckerKindDraft, timeout_us: u64) -> Option<CheckerKind> {
        Some(match kind {
            CheckerKindDraft::Tcp => CheckerKind::Tcp,
            CheckerKindDraft::Ping => CheckerKind::Ping,
            CheckerKindDraft::Udp(udp) => CheckerKind::Udp(udp),
            CheckerKindDraft::Http(http) => CheckerKind::Http(HttpCheck {
                tls: http.tls,
                http_protocol: http.http_protocol,
                virtualhost: http.virtualhost.or_else(|| self.virtualhost.clone()),
                enable_sni: http.enable_sni,
                sni_name: http.sni_name,
                fast_recovery: http.fast_recovery,
                urls: http.urls,
            }),
            CheckerKindDraft::Smtp { helo_name, hosts } => CheckerKind::Smtp(SmtpCheck {
                helo_name: helo_name.unwrap_or_else(|| String::from("smtpchecker.keepalived.org")),
                hosts: hosts.iter().map(|host| self.connection(host, timeout_us)).collect(),
            }),
            CheckerKindDraft::Dns(dns) => CheckerKind::Dns(dns),
            CheckerKindDraft::Misc(misc) => CheckerKind::Misc(MiscCheck {
                script: Script { argv: misc.argv?, user: misc.user? },
                misc_timeout_us: misc.misc_timeout_us,
                misc_dynamic: misc.misc_dynamic,
            }),
            CheckerKindDraft::File(file) => {
                let (weight, reverse) = file.weight.unwrap_or((1, false));
                CheckerKind::File(FileCheck { track_file: file.track_file?, weight, reverse })
            }
            CheckerKindDraft::Bfd { name, .. } => CheckerKind::Bfd { name: name? },
        })
    }
}
