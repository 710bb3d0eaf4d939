//! `vrrp_script`.

use crate::draft::ScriptDraft;
use crate::number;
use crate::parse::Ctx;
use crate::registry::{Block, GO, Outcome, line};
use crate::script_line;
use crate::words::Words;

use super::global::SKIP;
use super::values;

/// The block.
pub static VRRP_SCRIPT: Block = Block {
    name: "vrrp_script",
    tables: &[&[
        line("script", "COMMAND...", script, "what is run"),
        line("interval", "SECONDS", interval, "time between runs"),
        line("timeout", "SECONDS", timeout, "when a run has failed"),
        line("weight", "-253-253 [reverse]", weight, "priority while it succeeds; 0 makes a failure a FAULT"),
        line("rise", "NUMBER", |c, w| count(c, w, |s, v| s.rise = v), "successes to be good"),
        line("fall", "NUMBER", |c, w| count(c, w, |s, v| s.fall = v), "failures to be bad"),
        line("user", "USER [GROUP]", user, "who runs it"),
        line("init_fail", "", |c, _| with(c, |s| s.init_fail = true), "bad until the first success"),
    ]],
    end,
};

/// The head line.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    if ctx.draft.scripts.iter().any(|script| script.name == name) {
        ctx.sink.say(
            crate::diag::Rank::Note,
            format!("vrrp_script {name} already defined - ignoring the second"),
        );
        return SKIP;
    }
    ctx.draft.script = Some(ScriptDraft {
        name: name.to_owned(),
        argv: None,
        user: None,
        bad_user: false,
        interval_us: 1_000_000,
        timeout_us: 0,
        weight: 0,
        reverse: false,
        rise: 1,
        fall: 1,
        init_fail: false,
    });
    GO
}

fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut ScriptDraft)) -> Outcome {
    if let Some(script) = &mut ctx.draft.script {
        record(script);
    }
    GO
}

fn name(ctx: &Ctx<'_>) -> String {
    ctx.draft.script.as_ref().map(|script| script.name.clone()).unwrap_or_default()
}

fn script(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let line = script_line::whole(words, &mut ctx.sink);
    let argv = line.map(|line| line.argv).filter(|argv| !argv[0].is_empty());
    with(ctx, |script| script.argv = argv.or(script.argv.take()))
}

fn interval(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint =
        |word: &str| format!("({name}): vrrp script interval '{word}' must be between 1 and 4294 - ignoring");
    let seconds = values::number(ctx, words, (0, 4294), complaint)?;
    if seconds == Some(0) {
        ctx.config(format!("({name}): vrrp script interval must be greater than 0, setting to 1"));
    }
    match seconds {
        Some(seconds) => with(ctx, |script| script.interval_us = u64::from(seconds.max(1)) * 1_000_000),
        None => GO,
    }
}

fn timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): vrrp script timeout '{word}' invalid - ignoring");
    let seconds = values::number(ctx, words, (0, 4294), complaint)?;
    if seconds == Some(0) {
        ctx.config(format!("({name}): vrrp script timeout must be greater than 0, setting to 1"));
    }
    match seconds {
        Some(seconds) => with(ctx, |script| script.timeout_us = u64::from(seconds.max(1)) * 1_000_000),
        None => GO,
    }
}

fn weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let word = words.need(1, &mut ctx.sink)?;
    let Some(weight) = number::signed(&mut ctx.sink, word, -253, 253) else {
        ctx.config(format!("vrrp_script {name} weight {word} must be in [-253, 253]"));
        return GO;
    };
    let reverse = match words.at(2) {
        None => false,
        Some("reverse") => true,
        Some(other) => {
            ctx.config(format!("vrrp_script {name} unknown weight option {other}"));
            false
        }
    };
    with(ctx, |script| (script.weight, script.reverse) = (weight, reverse))
}

fn count(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut ScriptDraft, u32)) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let complaint =
        |word: &str| format!("({name}): vrrp script {keyword} value '{word}' invalid, defaulting to 1");
    let value = values::number(ctx, words, (1, i32::MAX.unsigned_abs()), complaint)?;
    with(ctx, |script| record(script, value.unwrap_or(1)))
}

fn user(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    let user = values::named_user(ctx, name, words.at(2));
    if user.is_none() {
        let program = ctx.draft.script.as_ref().and_then(|script| script.argv.as_ref()?.first().cloned());
        ctx.config(format!("Unable to set uid/gid for script '{}'", program.unwrap_or_default()));
        ctx.sink.hint("create the user (and group), or name one that exists");
    }
    with(ctx, |script| {
        script.bad_user = user.is_none();
        script.user = user;
    })
}

fn end(ctx: &mut Ctx<'_>) {
    let Some(mut script) = ctx.draft.script.take() else { return };
    if script.argv.is_none() {
        ctx.config(format!("No script set for vrrp_script {} - removing", script.name));
        return;
    }
    if script.bad_user {
        return;
    }
    if script.user.is_none() {
        script.user = values::default_user(ctx);
        if script.user.is_none() {
            ctx.config(format!("Unable to set default user for vrrp script {} - removing", script.name));
            return;
        }
    }
    ctx.draft.scripts.push(script);
}
