//! What rows have in common: flags, words, numbers with the original's second complaint.

use crate::model::{Global, Script};
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Outcome};
use crate::script_line::{self, ScriptLine};
use crate::words::Words;

/// Sets a flag whatever words follow, as the original's plain flags do.
pub fn flag(target: &mut bool) -> Outcome {
    *target = true;
    GO
}

/// Reads an optional boolean: no word means true; `complaint` is made of a word that is none.
pub fn optional_bool(ctx: &mut Ctx<'_>, words: &Words, complaint: impl Fn(&str) -> String) -> Option<bool> {
    let Some(word) = words.at(1) else { return Some(true) };
    let value = number::boolean(word);
    if value.is_none() {
        ctx.config(complaint(word));
        ctx.sink.hint("write on, true or yes; off, false or no");
    }
    value
}

/// A boolean of `global_defs` that is complained of with its name and value.
pub fn global_bool(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Global, bool)) -> Outcome {
    let name = words.keyword().to_owned();
    let value =
        optional_bool(ctx, words, |word| format!("Invalid value '{word}' for global {name} specified"));
    if let Some(value) = value {
        set(&mut ctx.draft.config.global, value);
    }
    GO
}

/// A boolean of `global_defs` that is complained of with its name only.
pub fn terse_bool(ctx: &mut Ctx<'_>, words: &Words, set: fn(&mut Global, bool)) -> Outcome {
    let name = words.keyword().to_owned();
    if let Some(value) = optional_bool(ctx, words, |_| format!("Invalid value for {name} specified")) {
        set(&mut ctx.draft.config.global, value);
    }
    GO
}

/// A whole number with the original's two complaints; without a word everything stops.
pub fn number(
    ctx: &mut Ctx<'_>,
    words: &Words,
    (min, max): (u32, u32),
    complaint: impl Fn(&str) -> String,
) -> Result<Option<u32>, crate::diag::Abort> {
    let word = words.need(1, &mut ctx.sink)?;
    let value = number::unsigned(&mut ctx.sink, word, min, max);
    if value.is_none() {
        ctx.config(complaint(word));
    }
    Ok(value)
}

/// A decimal number with the original's two complaints; without a word everything stops.
pub fn decimal(
    ctx: &mut Ctx<'_>,
    words: &Words,
    form: number::Decimal,
    complaint: impl Fn(&str) -> String,
) -> Result<Option<u64>, crate::diag::Abort> {
    let word = words.need(1, &mut ctx.sink)?;
    let value = form.read(&mut ctx.sink, word);
    if value.is_none() {
        ctx.config(complaint(word));
    }
    Ok(value)
}

/// The user and group words after a script; `None` after a complaint.
pub fn script_user(ctx: &mut Ctx<'_>, line: &ScriptLine) -> Option<crate::model::ScriptUser> {
    match line.rest.first() {
        Some(user) => named_user(ctx, user, line.rest.get(1).map(String::as_str)),
        None => default_user(ctx),
    }
}

/// Looks a user and an optional group up; `None` if one does not exist.
pub fn named_user(ctx: &Ctx<'_>, user: &str, group: Option<&str>) -> Option<crate::model::ScriptUser> {
    let mut ids = ctx.provider.user(user)?.ids;
    if let Some(group) = group {
        ids.gid = ctx.provider.group(group)?;
    }
    Some(ids)
}

/// `script_user`, else user `keepalived_script`, else the daemon's own; with `enable_script_security` it may not be root's.
pub fn default_user(ctx: &mut Ctx<'_>) -> Option<crate::model::ScriptUser> {
    if let Some(user) = ctx.draft.global.script_user {
        return Some(user);
    }
    if let Some(user) = ctx.provider.user("keepalived_script") {
        return Some(user.ids);
    }
    if ctx.draft.config.global.scripts.script_security {
        ctx.config("Unable to set default user keepalived_script for script");
        ctx.sink.hint("create the user keepalived_script, or name one with script_user in global_defs");
        return None;
    }
    Some(ctx.provider.own_user())
}

/// A script with its user; `None` after a complaint.
pub fn script(ctx: &mut Ctx<'_>, words: &Words) -> Option<Script> {
    let line = script_line::with_user(words, &mut ctx.sink)?;
    let user = script_user(ctx, &line)?;
    Some(Script { argv: line.argv, user })
}
