//! `global_defs`: names, scripts, mail, firewall, FIFOs, SNMP, DBus, files.

use crate::model::{FlushOnStop, NotifyFifo, SyncDaemon};
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::reader::IncludeCheck;
use crate::registry::{Block, Flow, GO, Keyword, List, Outcome, accepted, done, line, list};
use crate::words::Words;

use super::values::{self, flag, global_bool, terse_bool};

const NO_SNMP: &str = "there is no SNMP agent in this program";
const NO_DBUS: &str = "there is no DBus service in this program";

/// The block.
pub static GLOBAL_DEFS: Block = Block {
    name: "global_defs",
    tables: &[
        NAMES,
        MAIL,
        LVS,
        FIREWALL,
        FIFOS,
        SNMP,
        FILES,
        super::global_vrrp::KEYWORDS,
        super::global_process::KEYWORDS,
    ],
    end: done,
};

const NAMES: &[Keyword] = &[
    line(
        "process_names",
        "",
        process_names,
        "name the processes keepalived, keepalived_vrrp, keepalived_ipvs, keepalived_bfd",
    ),
    line(
        "process_name",
        "NAME",
        |c, w| name(c, w, |c, v| c.draft.config.global.names.parent = v),
        "name of the parent process",
    ),
    line(
        "vrrp_process_name",
        "NAME",
        |c, w| name(c, w, |c, v| c.draft.config.global.names.vrrp = v),
        "name of the vrrp process",
    ),
    line(
        "checker_process_name",
        "NAME",
        |c, w| name(c, w, |c, v| c.draft.config.global.names.checker = v),
        "name of the checker process",
    ),
    line(
        "lvs_process_name",
        "NAME",
        |c, w| name(c, w, |c, v| c.draft.config.global.names.checker = v),
        "old form of checker_process_name",
    ),
    line(
        "bfd_process_name",
        "NAME",
        |c, w| name(c, w, |c, v| c.draft.config.global.names.bfd = v),
        "name of the bfd process",
    ),
    line(
        "use_symlink_paths",
        "",
        |c, _| flag(&mut c.draft.config.global.scripts.use_symlink_paths),
        "keep symbolic links in script paths",
    ),
    line(
        "set_supplementary_groups",
        "",
        |c, _| flag(&mut c.draft.config.global.scripts.set_supplementary_groups),
        "scripts get the supplementary groups of their user",
    ),
    line("router_id", "STRING", router_id, "name of this machine in mail and dumps"),
    line(
        "startup_script",
        "SCRIPT [USER [GROUP]]",
        startup_script,
        "run once before the child processes start",
    ),
    line(
        "startup_script_timeout",
        "SECONDS",
        |c, w| script_timeout(c, w),
        "seconds the startup script may take",
    ),
    line(
        "shutdown_script",
        "SCRIPT [USER [GROUP]]",
        shutdown_script,
        "run once after the child processes ended",
    ),
    line(
        "shutdown_script_timeout",
        "SECONDS",
        |c, w| script_timeout(c, w),
        "seconds the shutdown script may take",
    ),
    line("script_user", "USER [GROUP]", script_user, "who runs scripts that name nobody"),
    line(
        "enable_script_security",
        "",
        |c, _| flag(&mut c.draft.config.global.scripts.script_security),
        "do not run a script as root that others may change",
    ),
];

fn process_names(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let names = &mut ctx.draft.config.global.names;
    names.parent = Some("keepalived".into());
    names.vrrp = Some("keepalived_vrrp".into());
    names.checker = Some("keepalived_ipvs".into());
    names.bfd = Some("keepalived_bfd".into());
    GO
}

fn name(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Ctx<'_>, Option<String>)) -> Outcome {
    let value = words.need(1, &mut ctx.sink)?.to_owned();
    set(ctx, Some(value));
    GO
}

fn router_id(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(id) => ctx.draft.config.global.router_id = Some(id.to_owned()),
        None => ctx.config("routerid name missing - ignoring"),
    }
    GO
}

fn startup_script(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    one_script(ctx, words, "startup")
}

fn shutdown_script(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    one_script(ctx, words, "shutdown")
}

fn one_script(ctx: &mut Ctx<'_>, words: &Words, which: &str) -> Outcome {
    if words.at(1).is_none() {
        ctx.config(format!("{which} script missing"));
        return GO;
    }
    let script = values::script(ctx, words);
    if script.is_none() {
        ctx.config(format!("Invalid {which} script"));
    }
    let scripts = &mut ctx.draft.config.global.scripts;
    let target = if which == "startup" { &mut scripts.startup_script } else { &mut scripts.shutdown_script };
    match target {
        Some(_) => ctx.config(format!("{which} script already specified")),
        None => *target = script,
    }
    GO
}

fn script_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let keyword = words.keyword();
    let Some(word) = words.at(1) else {
        ctx.config(format!("{keyword} requires value"));
        return GO;
    };
    match number::unsigned(&mut ctx.sink, word, 1, 1000) {
        Some(value) if keyword.starts_with("startup") => {
            ctx.draft.config.global.scripts.startup_script_timeout_s = value;
        }
        Some(value) => ctx.draft.config.global.scripts.shutdown_script_timeout_s = value,
        None => ctx.config(format!("{keyword} '{word}' must be in [1, 1000] - ignoring")),
    }
    GO
}

fn script_user(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(user) = words.at(1) else {
        ctx.config("No script username specified");
        return GO;
    };
    match values::named_user(ctx, user, words.at(2)) {
        Some(user) => ctx.draft.global.script_user = Some(user),
        None => {
            ctx.config("Error setting global script uid/gid");
            ctx.sink.hint("create the user (and group), or name one that exists");
        }
    }
    GO
}

const MAIL: &[Keyword] = &[
    line("notification_email_from", "ADDRESS", email_from, "sender of alert mails"),
    line("smtp_server", "HOST [PORT]", smtp_server, "server that takes alert mails"),
    line(
        "smtp_helo_name",
        "STRING",
        |c, w| {
            c.draft.config.global.mail.smtp_helo_name = w.at(1).map(str::to_owned);
            GO
        },
        "name in HELO",
    ),
    line(
        "smtp_connect_timeout",
        "SECONDS",
        smtp_connect_timeout,
        "seconds for the connection to the mail server",
    ),
    list("notification_email", &EMAILS, "receivers of alert mails"),
    line(
        "smtp_alert",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert = Some(v)),
        "default of all smtp_alert",
    ),
    line(
        "smtp_alert_vrrp",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert_vrrp = Some(v)),
        "default of VRRP smtp_alert",
    ),
    line(
        "smtp_alert_checker",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert_checker = Some(v)),
        "default of LVS smtp_alert",
    ),
    line(
        "no_email_faults",
        "",
        |c, _| flag(&mut c.draft.config.global.mail.no_email_faults),
        "no mail about FAULT",
    ),
    line(
        "no_checker_emails",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.no_checker_emails = v),
        "no mail about single checkers",
    ),
];

static EMAILS: List = List {
    entry_args: "ADDRESS...",
    whole: true,
    entry: |ctx, words| {
        ctx.draft.config.global.mail.notification_email.extend(words.words.iter().cloned());
        GO
    },
    end: |ctx| {
        if ctx.draft.config.global.mail.notification_email.is_empty() {
            ctx.config("Warning - empty notification_email block");
        }
    },
};

fn email_from(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(from) => ctx.draft.config.global.mail.notification_email_from = Some(from.to_owned()),
        None => ctx.config("emailfrom missing - ignoring"),
    }
    GO
}

fn smtp_server(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let host = words.need(1, &mut ctx.sink)?;
    let port = words.at(2).unwrap_or("25");
    let number = number::unsigned(&mut ctx.sink, port, 1, 65535);
    let resolves = number.is_some() && ctx.provider.resolves(host, port);
    match number.and_then(|port| u16::try_from(port).ok()) {
        Some(number) if resolves => {
            ctx.draft.config.global.mail.smtp_server = Some(host.to_owned());
            ctx.draft.config.global.mail.smtp_port = number;
        }
        _ => {
            ctx.config(format!("Invalid smtp server {host} {port}"));
            ctx.sink.hint("the name must resolve when the configuration is read");
        }
    }
    GO
}

fn smtp_connect_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("smtp_connect_timeout '{word}' must be in [0, 4294] - ignoring");
    let seconds = match values::number(ctx, words, (0, 4294), complaint)? {
        Some(0) => {
            ctx.config("smtp_conect_timeout must be greater than 0, setting to 1");
            1
        }
        Some(seconds) => seconds,
        None => return GO,
    };
    ctx.draft.config.global.mail.smtp_connect_timeout_us = u64::from(seconds) * 1_000_000;
    GO
}

const LVS: &[Keyword] = &[
    line("lvs_timeouts", "[tcp SECS] [tcpfin SECS] [udp SECS]", lvs_timeouts, "IPVS connection timeouts"),
    line(
        "lvs_flush",
        "",
        |c, _| flag(&mut c.draft.config.global.lvs.flush),
        "remove all IPVS entries at the start",
    ),
    line(
        "lvs_flush_on_stop",
        "[VS]",
        flush_on_stop,
        "remove all IPVS entries (or our virtual servers) at the stop",
    ),
    line("lvs_flush_onstop", "[VS]", flush_on_stop, "same as lvs_flush_on_stop"),
    line(
        "lvs_sync_daemon",
        "IF [[inst] VRRP_INSTANCE] [id ID] [maxlen N] [port N] [ttl N] [group ADDR]",
        sync_daemon,
        "IPVS connection synchronisation",
    ),
    line(
        "checker_log_all_failures",
        "[BOOL]",
        |c, w| terse_bool(c, w, |g, v| g.lvs.checker_log_all_failures = v),
        "log each failed check",
    ),
    line(
        "rs_init_notifies",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.lvs.rs_init_notifies = v),
        "run notify scripts for the first state of real servers",
    ),
];

fn lvs_timeouts(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if words.len() < 3 {
        ctx.config("lvs_timeouts requires at least one option");
        return GO;
    }
    let mut index = 1;
    while let Some(word) = words.at(index) {
        let lvs = &mut ctx.draft.config.global.lvs;
        let target = match word {
            "tcp" => Some(&mut lvs.tcp_timeout_s),
            "tcpfin" => Some(&mut lvs.tcpfin_timeout_s),
            "udp" => Some(&mut lvs.udp_timeout_s),
            _ => None,
        };
        let Some(target) = target else {
            ctx.config(format!("Unknown option {word} specified for lvs_timeouts"));
            index += 1;
            continue;
        };
        let Some(text) = words.at(index + 1) else {
            ctx.config(format!("No value specified for lvs_timout {word} - ignoring"));
            return GO;
        };
        match number::unsigned(&mut ctx.sink, text, 0, 2_678_400) {
            Some(value) => *target = value,
            None => ctx.config(format!("Invalid lvs_timeout {word} ({text}) - ignoring")),
        }
        index += 2;
    }
    GO
}

fn flush_on_stop(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        None => ctx.draft.config.global.lvs.flush_on_stop = FlushOnStop::All,
        Some("VS") => ctx.draft.config.global.lvs.flush_on_stop = FlushOnStop::VirtualServers,
        Some(other) => ctx.config(format!("Unknown lvs_flush_on_stop type {other}")),
    }
    GO
}

fn sync_daemon(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(interface) = words.at(1) else {
        ctx.config("lvs_sync_daemon requires interface");
        return GO;
    };
    let mut daemon = SyncDaemon {
        interface: interface.to_owned(),
        instance: None,
        id: None,
        maxlen: None,
        port: None,
        ttl: None,
        group: None,
    };
    let mut index = 2;
    while let Some(word) = words.at(index) {
        let value = words.at(index + 1);
        match (word, value) {
            ("id", Some(text)) => daemon.id = sync_number(ctx, text, 0, 255, "syncid"),
            ("maxlen", Some(text)) => daemon.maxlen = sync_number(ctx, text, 1, 65507, "sync_maxlen"),
            ("port", Some(text)) => daemon.port = sync_number(ctx, text, 1, 65535, "sync port"),
            ("ttl", Some(text)) => daemon.ttl = sync_number(ctx, text, 1, 255, "sync ttl"),
            ("inst", Some(text)) => daemon.instance = Some(text.to_owned()),
            ("group", Some(text)) => match text.parse() {
                Ok(group) => daemon.group = Some(group),
                Err(_) => ctx.config(format!("Invalid sync group ({text}) - ignoring")),
            },
            (other, _) if index == 2 => {
                daemon.instance = Some(other.to_owned());
                index += 1;
                continue;
            }
            (other, None) if index == 3 => {
                daemon.id = sync_number(ctx, other, 0, 255, "syncid");
            }
            (other, _) => ctx.config(format!("Unknown option {other} specified for lvs_sync_daemon")),
        }
        index += 2;
    }
    let target = &mut ctx.draft.config.global.lvs.sync_daemon;
    if target.is_some() {
        ctx.config("lvs_sync_daemon has already been specified as - ignoring");
    } else {
        *target = Some(daemon);
    }
    GO
}

fn sync_number<T: TryFrom<u32>>(ctx: &mut Ctx<'_>, text: &str, min: u32, max: u32, what: &str) -> Option<T> {
    let value = number::unsigned(&mut ctx.sink, text, min, max);
    if value.is_none() {
        let end = if what == "syncid" { "defaulting to vrid" } else { "ignoring" };
        ctx.config(format!("Invalid {what} ({text}) - {end}"));
    }
    value.and_then(|value| T::try_from(value).ok())
}

const FIREWALL: &[Keyword] = &[
    line("vrrp_iptables", "[IN [OUT]]", iptables, "use iptables; nftables is used in its place"),
    accepted(
        line(
            "vrrp_ipsets",
            "[NAMES]",
            |c, w| {
                c.draft.config.global.firewall.ipsets = Some(w.from(1).to_vec());
                GO
            },
            "names of ipsets for iptables",
        ),
        "the firewall is nftables, which has its own sets",
    ),
    line(
        "nftables",
        "[TABLE]",
        |c, w| {
            c.draft.config.global.firewall.nftables = Some(w.at(1).unwrap_or("keepalived").to_owned());
            GO
        },
        "use nftables, in this table",
    ),
    line("nftables_priority", "PRIORITY", |c, w| chain_priority(c, w, false), "priority of the base chains"),
    line(
        "nftables_ifindex",
        "",
        |c, _| flag(&mut c.draft.config.global.firewall.nftables_ifindex),
        "sets hold interface numbers",
    ),
    line(
        "nftables_counters",
        "",
        |c, _| flag(&mut c.draft.config.global.firewall.nftables_counters),
        "rules count",
    ),
    line(
        "nftables_ipvs",
        "[TABLE]",
        |c, w| {
            c.draft.config.global.firewall.nftables_ipvs =
                Some(w.at(1).unwrap_or("keepalived_ipvs").to_owned());
            GO
        },
        "mark the packets of virtual server groups with nftables",
    ),
    line(
        "nftables_ipvs_priority",
        "PRIORITY",
        |c, w| chain_priority(c, w, true),
        "priority of the IPVS chains",
    ),
    line("nftables_ipvs_start_fwmark", "NUMBER", start_fwmark, "first mark to use"),
];

fn iptables(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    ctx.config("iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option");
    let nftables = &mut ctx.draft.config.global.firewall.nftables;
    nftables.get_or_insert_with(|| String::from("keepalived"));
    GO
}

fn chain_priority(ctx: &mut Ctx<'_>, words: &Words, ipvs: bool) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let value = number::signed(&mut ctx.sink, word, i32::MIN, i32::MAX);
    let firewall = &mut ctx.draft.config.global.firewall;
    match (value, ipvs) {
        (Some(value), true) => firewall.nftables_ipvs_priority = Some(value),
        (Some(value), false) => firewall.nftables_priority = Some(value),
        (None, true) => ctx.config(format!("invalid ipvs nftables chain priority '{word}'")),
        (None, false) => ctx.config(format!("invalid nftables chain priority '{word}'")),
    }
    GO
}

fn start_fwmark(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("invalid ipvs nftables start_fwmark priority '{word}'");
    if let Some(mark) = values::number(ctx, words, (1, u32::MAX), complaint)? {
        ctx.draft.config.global.firewall.nftables_ipvs_start_fwmark = Some(mark);
    }
    GO
}

const FIFOS: &[Keyword] = &[
    line(
        "notify_fifo",
        "PATH [USER [GROUP]]",
        |c, w| fifo(c, w, |f| &mut f.all),
        "FIFO for all state changes",
    ),
    line(
        "notify_fifo_script",
        "SCRIPT [USER [GROUP]]",
        |c, w| fifo_script(c, w, |f| &mut f.all),
        "reader of notify_fifo",
    ),
    line(
        "vrrp_notify_fifo",
        "PATH [USER [GROUP]]",
        |c, w| fifo(c, w, |f| &mut f.vrrp),
        "FIFO for VRRP state changes",
    ),
    line(
        "vrrp_notify_fifo_script",
        "SCRIPT [USER [GROUP]]",
        |c, w| fifo_script(c, w, |f| &mut f.vrrp),
        "reader of vrrp_notify_fifo",
    ),
    line(
        "lvs_notify_fifo",
        "PATH [USER [GROUP]]",
        |c, w| fifo(c, w, |f| &mut f.lvs),
        "FIFO for LVS state changes",
    ),
    line(
        "lvs_notify_fifo_script",
        "SCRIPT [USER [GROUP]]",
        |c, w| fifo_script(c, w, |f| &mut f.lvs),
        "reader of lvs_notify_fifo",
    ),
    line(
        "fifo_write_vrrp_states_on_reload",
        "",
        |c, _| flag(&mut c.draft.config.global.fifos.write_vrrp_states_on_reload),
        "a reload writes all states",
    ),
];

type Fifo = fn(&mut crate::model::Fifos) -> &mut NotifyFifo;

fn fifo(ctx: &mut Ctx<'_>, words: &Words, which: Fifo) -> Outcome {
    let keyword = words.keyword();
    let Some(path) = words.at(1) else {
        ctx.config(format!("No {keyword} name specified"));
        return GO;
    };
    let owner = words.at(2).and_then(|user| values::named_user(ctx, user, words.at(3)));
    let fifo = which(&mut ctx.draft.config.global.fifos);
    if fifo.path.is_some() {
        ctx.config(format!("{keyword} already specified - ignoring {path}"));
        return GO;
    }
    fifo.path = Some(path.to_owned());
    fifo.owner = owner;
    GO
}

fn fifo_script(ctx: &mut Ctx<'_>, words: &Words, which: Fifo) -> Outcome {
    if words.at(1).is_none() {
        ctx.config(format!("No {} specified", words.keyword()));
        return GO;
    }
    let script = values::script(ctx, words);
    which(&mut ctx.draft.config.global.fifos).script = script;
    GO
}

const SNMP: &[Keyword] = &[
    accepted(line("snmp_socket", "SOCKET", snmp_socket, "socket of the SNMP master agent"), NO_SNMP),
    accepted(
        line("enable_traps", "", |c, _| flag(&mut c.draft.config.global.snmp.traps), "send SNMP traps"),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_vrrp",
            "",
            |c, _| flag(&mut c.draft.config.global.snmp.vrrp),
            "VRRP part of KEEPALIVED-MIB",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_keepalived",
            "",
            |c, _| flag(&mut c.draft.config.global.snmp.vrrp),
            "old form of enable_snmp_vrrp",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_rfc",
            "",
            |c, _| {
                c.draft.config.global.snmp.rfcv2 = true;
                flag(&mut c.draft.config.global.snmp.rfcv3)
            },
            "both VRRP MIBs",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_rfcv2",
            "",
            |c, _| flag(&mut c.draft.config.global.snmp.rfcv2),
            "VRRP-MIB (RFC 2787)",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_rfcv3",
            "",
            |c, _| flag(&mut c.draft.config.global.snmp.rfcv3),
            "VRRPv3-MIB (RFC 6527)",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_snmp_checker",
            "",
            |c, _| flag(&mut c.draft.config.global.snmp.checker),
            "LVS part of KEEPALIVED-MIB",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "snmp_vs_stats_update_interval",
            "SECONDS",
            |c, w| snmp_interval(c, w, |c, v| c.draft.config.global.snmp.vs_stats_update_interval_s = v),
            "age at which virtual server statistics are read anew",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "snmp_rs_stats_update_interval",
            "SECONDS",
            |c, w| snmp_interval(c, w, |c, v| c.draft.config.global.snmp.rs_stats_update_interval_s = v),
            "age at which real server statistics are read anew",
        ),
        NO_SNMP,
    ),
    accepted(
        line(
            "enable_dbus",
            "",
            |c, _| flag(&mut c.draft.config.global.enable_dbus),
            "offer the DBus interface",
        ),
        NO_DBUS,
    ),
    accepted(line("dbus_service_name", "NAME", dbus_name, "name of the DBus service"), NO_DBUS),
    accepted(
        line(
            "dbus_no_interface_name",
            "",
            |c, _| flag(&mut c.draft.config.global.dbus_no_interface_name),
            "paths without the interface",
        ),
        NO_DBUS,
    ),
];

fn snmp_socket(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.from(1) {
        [] => ctx.config("SNMP error : snmp socket name missing"),
        [socket] => ctx.draft.config.global.snmp.socket = Some(socket.clone()),
        _ => ctx.config("Too many parameters specified for snmp_socket - ignoring"),
    }
    GO
}

fn snmp_interval(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Ctx<'_>, Option<u32>)) -> Outcome {
    let keyword = words.keyword().to_owned();
    let value = values::number(ctx, words, (1, 30), |word| format!("Invalid {keyword} '{word}'"))?;
    set(ctx, value);
    GO
}

fn dbus_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(name) => ctx.draft.config.global.dbus_service_name = Some(name.to_owned()),
        None => ctx.config("dbus_service_name missing - ignoring"),
    }
    GO
}

const FILES: &[Keyword] = &[
    line("umask", "NUMBER|BITS", umask, "umask of the daemon"),
    line("random_seed", "NUMBER", random_seed, "seed of ${_RANDOM}"),
    line(
        "reload_check_config",
        "[LOG_FILE]",
        |c, w| {
            c.draft.config.global.files.reload_check_config = Some(w.at(1).map(str::to_owned));
            GO
        },
        "check a configuration before a reload",
    ),
    line("reload_time_file", "PATH", reload_time_file, "file with the time of a planned reload"),
    line(
        "reload_repeat",
        "",
        |c, _| flag(&mut c.draft.config.global.files.reload_repeat),
        "keep the reload time file",
    ),
    line(
        "reload_file",
        "[PATH]",
        |c, w| {
            c.draft.config.global.files.reload_file = Some(w.at(1).map(str::to_owned));
            GO
        },
        "file that exists while the configuration is read",
    ),
    line(
        "include_check",
        "[[+|-]readable|match|wildcard_match|brace_match]...",
        include_check,
        "which missing includes are errors",
    ),
    line(
        "config_save_dir",
        "DIRECTORY",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.config_save_dir = v),
        "keep copies of the configuration at reloads",
    ),
    line("tmp_config_directory", "DIRECTORY", tmp_directory, "where the copy of the configuration lies"),
    line(
        "data_use_instance",
        "[BOOL]",
        data_use_instance,
        "instance and namespace in the names of dump files",
    ),
    line("json_version", "1|2", json_version, "form of the JSON dump"),
    line(
        "iproute_usr_dir",
        "DIRECTORY",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.iproute_usr_dir = v),
        "directory of rt_tables and the like",
    ),
    line(
        "iproute_etc_dir",
        "DIRECTORY",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.iproute_etc_dir = v),
        "directory of rt_tables and the like",
    ),
    line(
        "state_dump_file",
        "PATH",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.state_dump_file = v),
        "path of keepalived.data",
    ),
    line(
        "stats_dump_file",
        "PATH",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.stats_dump_file = v),
        "path of keepalived.stats",
    ),
    line(
        "json_dump_file",
        "PATH",
        |c, w| name(c, w, |c, v| c.draft.config.global.files.json_dump_file = v),
        "path of keepalived.json",
    ),
];

const UMASK_BITS: &[(&str, u32)] = &[
    ("IRUSR", 0o400),
    ("IWUSR", 0o200),
    ("IXUSR", 0o100),
    ("IRGRP", 0o040),
    ("IWGRP", 0o020),
    ("IXGRP", 0o010),
    ("IROTH", 0o004),
    ("IWOTH", 0o002),
    ("IXOTH", 0o001),
];

fn umask(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let first = words.need(1, &mut ctx.sink)?;
    let mask = if first.starts_with(|c: char| c.is_ascii_digit()) {
        let value = octal_or_hex(first).filter(|mask| *mask <= 0o777);
        if value.is_none() {
            ctx.config(format!("invalid umask value {first}"));
        }
        value
    } else {
        umask_bits(ctx, &words.from(1).join("|"))
    };
    if mask.is_some() {
        ctx.draft.config.global.files.umask = mask;
    }
    GO
}

fn umask_bits(ctx: &mut Ctx<'_>, text: &str) -> Option<u32> {
    let mut mask = 0;
    for word in text.split('|').filter(|word| !word.is_empty()) {
        match UMASK_BITS.iter().find(|(name, _)| *name == word) {
            Some((_, bit)) => mask |= bit,
            None => {
                ctx.config(format!("Unknown umask bit {word}"));
                return None;
            }
        }
    }
    Some(mask)
}

fn octal_or_hex(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16).ok()
    } else if text.len() > 1 && text.starts_with('0') {
        u32::from_str_radix(text, 8).ok()
    } else {
        text.parse().ok()
    }
}

fn random_seed(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let seed = values::number(ctx, words, (0, u32::MAX), |word| format!("random_seed {word} invalid"))?;
    ctx.random_seed = seed;
    ctx.draft.config.global.files.random_seed = seed;
    GO
}

fn reload_time_file(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.from(1) {
        [path] => ctx.draft.config.global.files.reload_time_file = Some(path.clone()),
        _ => ctx.config("reload_time_file invalid"),
    }
    GO
}

fn include_check(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if words.len() == 1 {
        ctx.include_check = IncludeCheck::ALL;
        return GO;
    }
    let mut plain = IncludeCheck::default();
    let mut relative = false;
    for word in words.from(1) {
        let (on, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        };
        relative |= name.len() != word.len();
        let check = if relative { &mut ctx.include_check } else { &mut plain };
        match name {
            "readable" | "read" => check.readable = on,
            "match" => check.matches = on,
            "wildcard_match" => check.wildcard = on,
            "brace_match" => check.brace = on,
            _ => ctx.config(format!("Unknown include_check type '{name}' - ignoring")),
        }
    }
    if !relative {
        ctx.include_check = plain;
    }
    GO
}

fn tmp_directory(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(directory) => ctx.draft.config.global.files.tmp_config_directory = Some(directory.to_owned()),
        None => ctx.config("tmp_config_directory missing directory name"),
    }
    GO
}

fn data_use_instance(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Invalid value '{word}' for global date_use_instance specified");
    if let Some(value) = values::optional_bool(ctx, words, complaint) {
        ctx.draft.config.global.files.data_use_instance = value;
    }
    GO
}

fn json_version(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let version = values::number(ctx, words, (1, 2), |word| format!("Invalid json_version '{word}'"))?;
    if let Some(version) = version.and_then(|version| u8::try_from(version).ok()) {
        ctx.draft.config.global.files.json_version = Some(version);
    }
    GO
}

/// Seconds as the global intervals are written.
pub const INTERVAL: Decimal = Decimal::seconds(1, 4_294_967_295);

/// Tells a row to skip its block.
pub const SKIP: Outcome = Ok(Flow::Skip);
