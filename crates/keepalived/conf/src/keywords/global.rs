//! `global_defs`: names and scripts; the other tables stand beside.

use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{Block, Flow, GO, Keyword, Outcome, done, line};
use crate::words::Words;

use super::values::{self, flag};

/// The block.
pub static GLOBAL_DEFS: Block = Block {
    name: "global_defs",
    tables: &[
        NAMES,
        super::global_mail::KEYWORDS,
        super::global_lvs::KEYWORDS,
        super::global_firewall::KEYWORDS,
        super::global_notify::FIFOS,
        super::global_notify::SNMP,
        super::global_files::KEYWORDS,
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
    line("startup_script_timeout", "SECONDS", script_timeout, "seconds the startup script may take"),
    line(
        "shutdown_script",
        "SCRIPT [USER [GROUP]]",
        shutdown_script,
        "run once after the child processes ended",
    ),
    line("shutdown_script_timeout", "SECONDS", script_timeout, "seconds the shutdown script may take"),
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

/// A keyword with one word.
pub fn name(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Ctx<'_>, Option<String>)) -> Outcome {
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

/// Seconds as the global intervals are written.
pub const INTERVAL: Decimal = Decimal::seconds(1, 4_294_967_295);

/// Tells a row to skip its block.
pub const SKIP: Outcome = Ok(Flow::Skip);
