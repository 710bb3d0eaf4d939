//! The state of servers as a later process reads it back (`load-server-state-from-file`).

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_balance::saved::{AGENT, PAUSED, result_number, state_bits, status_number};
use haproxy_balance::server::Admin;
use haproxy_model::settings::ServerAddress;
use haproxy_model::snapshot::{Proxy, Server};

use super::{Answer, Call, Command, Level};
use crate::source::text;

/// The state of servers, and their connections.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["show", "servers", "conn"],
        usage: "show servers conn [<backend>]",
        doc: "dump server connections status (all or for a single backend)",
        level: Level::User,
        experimental: false,
        run: connections,
    },
    Command {
        words: &["show", "servers", "state"],
        usage: "show servers state [<backend>]",
        doc: "dump volatile server information (all or for a single backend)",
        level: Level::User,
        experimental: false,
        run: states,
    },
];

const STATE_HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
srv_agent_addr srv_agent_port\n";

/// Calls `line` for each server of the named backend, or of all.
fn each(call: &Call<'_>, mut line: impl FnMut(&Proxy, &Server)) -> Result<(), String> {
    let wanted = call.arg(0);
    if !wanted.is_empty() && call.backend(wanted).is_none() {
        return Err("Can't find backend.\n".to_owned());
    }
    for px in call.snapshot.proxies.iter().filter(|px| px.role.is_backend()) {
        if wanted.is_empty() || call.backend(wanted).is_some_and(|only| only.uuid == px.uuid) {
            px.servers.iter().for_each(|server| line(px, server));
        }
    }
    Ok(())
}

fn states(call: &mut Call<'_>) -> Answer {
    let now_ms = call.cx.process.clock.now_ms();
    let mut out = String::from(STATE_HEADER);
    each(call, |px, server| state_line(&mut out, px, server, now_ms)).map(|()| out).into()
}

fn state_line(out: &mut String, px: &Proxy, server: &Server, now_ms: u64) {
    let (live, settings) = (&server.live, &server.settings);
    let conf = live.conf();
    let (check, agent) = (live.check().clone(), live.agent().clone());
    let paused = if live.admin().any(Admin::MAINT) { PAUSED } else { 0 };
    let (address, port) = place(server);
    let fqdn = match &settings.address {
        ServerAddress::Unresolved(name, _) => name.as_str(),
        ServerAddress::Ip(_) | ServerAddress::Unix(_) | ServerAddress::Abstract(_) => "-",
    };
    let addr = |addr: Option<std::net::IpAddr>| addr.map_or_else(|| "-".to_owned(), |addr| addr.to_string());
    let _ = writeln!(
        out,
        "{} {} {} {} {address} {} {} {} {} {} {} {} {} {} {} 0 0 {fqdn} {port} - 0 {} {} {} {}",
        px.uuid,
        text(&px.name),
        conf.puid,
        conf.name,
        live.state() as u8,
        live.admin().0,
        live.user_weight(),
        live.initial_weight(),
        now_ms.saturating_sub(live.last_change_ms()) / 1000,
        status_number(&check),
        result_number(&check),
        check.health,
        state_bits(&check, paused),
        state_bits(&agent, AGENT),
        settings.check_port.unwrap_or(0),
        addr(settings.check_addr),
        addr(settings.agent_addr),
        settings.agent_port.unwrap_or(0),
    );
}

/// Address and port as saved states name them.
fn place(server: &Server) -> (String, u16) {
    match (super::servers::address_of(server), &server.settings.address) {
        (_, ServerAddress::Unresolved(_, port)) if server.live.runtime_address().is_none() => {
            ("-".to_owned(), *port)
        }
        (Some(address), _) => (address.ip().to_string(), address.port()),
        (None, _) => ("-".to_owned(), 0),
    }
}

fn connections(call: &mut Call<'_>) -> Answer {
    let threads = call.cx.process.threads;
    let mut out = format!(
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[{threads}]\n"
    );
    let lines = each(call, |px, server| {
        let (live, settings) = (&server.live, &server.settings);
        let (address, port) = place(server);
        let conf = live.conf();
        let load = |number: &std::sync::atomic::AtomicU32| number.load(Relaxed);
        let idle = load(live.idle_connections()) + load(live.safe_connections());
        let _ = write!(
            out,
            "{}/{} {}/{} {address} {port} - {} {} {} {} {} {} {} {idle}",
            text(&px.name),
            conf.name,
            px.uuid,
            conf.puid,
            settings.pool_purge_delay_ms,
            load(live.used_connections()),
            live.current_max(),
            load(live.needed_connections()),
            load(live.idle_connections()),
            load(live.safe_connections()),
            settings.pool_max_conn,
        );
        // idle connections are counted for the server, not for each thread
        let _ = writeln!(out, " {idle}{}", " 0".repeat(threads.saturating_sub(1)));
    });
    lines.map(|()| out).into()
}
