//! Notify scripts of instances and sync groups, and their alerts.

use crate::model::{NotifyScripts, Script};
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, line};
use crate::words::Words;

use super::instance::{current, name, set};
use super::values;

/// The rows of `vrrp_instance`.
pub const KEYWORDS: &[Keyword] = &[
    line(
        "notify_master",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.master),
        "run on becoming MASTER",
    ),
    line(
        "notify_backup",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.backup),
        "run on becoming BACKUP",
    ),
    line(
        "notify_fault",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.fault),
        "run on FAULT",
    ),
    line(
        "notify_stop",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.stop),
        "run at the stop",
    ),
    line(
        "notify_deleted",
        "[SCRIPT [USER [GROUP]]]",
        notify_deleted,
        "run (and DELETED told) when a reload removes the instance",
    ),
    line(
        "notify",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.any),
        "run on any transition with TYPE NAME STATE PRIORITY",
    ),
    line(
        "notify_master_rx_lower_pri",
        "SCRIPT [USER [GROUP]]",
        |c, w| instance_script(c, w, |n| &mut n.master_rx_lower_pri),
        "run when a master hears a lower priority",
    ),
    line("notify_priority_changes", "[BOOL]", priority_changes, "tell FIFOs of priority changes"),
    line("smtp_alert", "[BOOL]", smtp_alert, "mail on transitions"),
    line("lvs_sync_daemon_interface", "IF", sync_interface, "old form of the global lvs_sync_daemon"),
];

/// Which script of the set.
pub type Which = fn(&mut NotifyScripts) -> &mut Option<Script>;

fn instance_script(ctx: &mut Ctx<'_>, words: &Words, which: Which) -> Outcome {
    if crate::script_line::unclosed(words, &mut ctx.sink) {
        return GO;
    }
    words.need(1, &mut ctx.sink)?;
    let name = name(ctx);
    let taken = current(ctx).is_some_and(|instance| which(&mut instance.notify).is_some());
    match notify_script(ctx, words, &name, taken) {
        Some(script) => set(ctx, |instance| *which(&mut instance.notify) = Some(script)),
        None => GO,
    }
}

/// A notify script; `None` after a complaint.
pub fn notify_script(ctx: &mut Ctx<'_>, words: &Words, owner: &str, taken: bool) -> Option<Script> {
    let keyword = words.keyword();
    if taken {
        let word = words.at(1).unwrap_or_default();
        ctx.config(format!("({owner}) {keyword} script already specified - ignoring {word}"));
        return None;
    }
    let script = values::script(ctx, words);
    if script.is_some() {
        ctx.draft.scripts_used.vrrp = true;
    }
    script
}

fn notify_deleted(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    set(ctx, |instance| instance.notify_deleted = true)?;
    if words.len() == 1 { GO } else { instance_script(ctx, words, |notify| &mut notify.deleted) }
}

fn priority_changes(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint =
        |word: &str| format!("({name}) Invalid value '{word}' for notify_priority_changes specified");
    match values::optional_bool(ctx, words, complaint) {
        Some(value) => set(ctx, |instance| instance.notify_priority_changes = Some(value)),
        None => GO,
    }
}

fn smtp_alert(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Invalid vrrp_instance smtp_alert parameter {word}");
    match values::optional_bool(ctx, words, complaint) {
        Some(value) => set(ctx, |instance| instance.smtp_alert = Some(value)),
        None => GO,
    }
}

fn sync_interface(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let text = format!("({}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.", name(ctx));
    ctx.config(text);
    let indent = " ".repeat(name(ctx).len() + 4);
    ctx.config(format!("{indent}Please use global lvs_sync_daemon"));
    let interface = words.need(1, &mut ctx.sink)?.to_owned();
    set(ctx, |instance| instance.lvs_sync_daemon_interface = Some(interface))
}
