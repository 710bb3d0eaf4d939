//! `global_defs`: FIFOs, SNMP, DBus.

use crate::model::NotifyFifo;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, accepted, line};
use crate::words::Words;

use super::values::{self, flag};

const NO_SNMP: &str = "there is no SNMP agent in this program";

const NO_DBUS: &str = "there is no DBus service in this program";

/// Rows of the FIFOs.
pub const FIFOS: &[Keyword] = &[
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

/// Rows of SNMP and DBus.
pub const SNMP: &[Keyword] = &[
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
