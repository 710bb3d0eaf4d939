//! `real_server`.

use crate::draft::{CheckDefaults, RealServerDraft};
use crate::model::{Family, LvsMethod, Script};
use crate::number::Decimal;
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, line};
use crate::words::Words;

use super::global::{INTERVAL, SKIP};
use super::virtual_server::{self, DELAY_MAX_US};
use super::{checker, values};

/// The block.
pub static REAL_SERVER: Block = Block { name: "real_server", tables: &[KEYWORDS, checker::CHECKERS], end };

/// The head line.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let Some((address, port)) = virtual_server::address_port(ctx, word, words.at(2), 1) else {
        let port = words.at(2).unwrap_or("(null)");
        ctx.config(format!("Invalid real server ip address/port {word}/{port} - skipping"));
        return SKIP;
    };
    let Some(server) = ctx.draft.lvs.servers.last_mut() else { return SKIP };
    server.reals.push(RealServerDraft {
        address,
        port,
        weight: None,
        method: None,
        uthreshold: 0,
        lthreshold: 0,
        inhibit: None,
        defaults: CheckDefaults::default(),
        notify_up: None,
        notify_down: None,
        smtp_alert: None,
        virtualhost: None,
        snmp_name: None,
        checkers: Vec::new(),
    });
    GO
}

/// A real server of the other family is only reached through a tunnel.
fn end(ctx: &mut Ctx<'_>) {
    let Some(server) = ctx.draft.lvs.servers.last_mut() else { return };
    let Some(real) = server.reals.last() else { return };
    let tunnel = matches!(real.method.or(server.method), Some(LvsMethod::Tun(_)));
    if !tunnel && server.server.family.is_some_and(|family| family != Family::of(real.address)) {
        let address = real.address;
        server.reals.pop();
        ctx.config(format!(
            "Address family of virtual server and real server {address} don't match - skipping real server."
        ));
    }
}

/// The real server being read.
pub fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut RealServerDraft)) -> Outcome {
    if let Some(real) = ctx.draft.lvs.servers.last_mut().and_then(|server| server.reals.last_mut()) {
        record(real);
    }
    GO
}

const KEYWORDS: &[Keyword] = &[
    line("weight", "NUMBER", weight, "share of connections; 0 takes no new ones"),
    line("lvs_method", "NAT|DR|TUN...", lvs_method, "forwarding method"),
    line("uthreshold", "NUMBER", |c, w| threshold(c, w, |r, v| r.uthreshold = v), "most connections"),
    line(
        "lthreshold",
        "NUMBER",
        |c, w| threshold(c, w, |r, v| r.lthreshold = v),
        "connections below which it takes new ones again",
    ),
    line(
        "inhibit_on_failure",
        "[BOOL]",
        |c, w| boolean(c, w, |r, v| r.inhibit = Some(v)),
        "weight 0 instead of removal",
    ),
    line("notify_up", "SCRIPT [USER [GROUP]]", |c, w| script(c, w, |r| &mut r.notify_up), "run on coming up"),
    line(
        "notify_down",
        "SCRIPT [USER [GROUP]]",
        |c, w| script(c, w, |r| &mut r.notify_down),
        "run on going down",
    ),
    line("alpha", "[BOOL]", |c, w| boolean(c, w, |r, v| r.defaults.alpha = Some(v)), "starts down"),
    line("retry", "NUMBER", retry, "further tries after a failed check"),
    line(
        "delay_before_retry",
        "SECONDS",
        |c, w| delay(c, w, |d, v| d.delay_before_retry_us = v),
        "time before a further try",
    ),
    line(
        "warmup",
        "SECONDS",
        |c, w| delay(c, w, |d, v| d.warmup_us = v),
        "largest random delay of the first check",
    ),
    line("connect_timeout", "SECONDS", connect_timeout, "time a connection may take"),
    line("delay_loop", "SECONDS", delay_loop, "time between checks"),
    line("smtp_alert", "[BOOL]", smtp_alert, "mail on transitions"),
    line("virtualhost", "STRING", virtualhost, "default virtual host of HTTP checks"),
    line("snmp_name", "STRING", snmp_name, "name in SNMP data"),
];

fn weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Real server weight {word} is outside range 0-2147483647");
    match values::number(ctx, words, (0, i32::MAX.unsigned_abs()), complaint)? {
        Some(value) => with(ctx, |real| real.weight = Some(i64::from(value))),
        None => GO,
    }
}

fn lvs_method(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    words.need(1, &mut ctx.sink)?;
    match virtual_server::method(ctx, words, "real server") {
        Some(method) => with(ctx, |real| real.method = Some(method)),
        None => GO,
    }
}

fn threshold(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut RealServerDraft, u32)) -> Outcome {
    let keyword = words.keyword();
    let complaint = |word: &str| format!("Invalid real_server {keyword} '{word}' - ignoring");
    match values::number(ctx, words, (0, u32::MAX), complaint)? {
        Some(value) => with(ctx, |real| record(real, value)),
        None => GO,
    }
}

fn boolean(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut RealServerDraft, bool)) -> Outcome {
    let keyword = words.keyword();
    match values::optional_bool(ctx, words, |word| format!("Invalid {keyword} parameter {word}")) {
        Some(value) => with(ctx, |real| record(real, value)),
        None => GO,
    }
}

fn script(
    ctx: &mut Ctx<'_>,
    words: &Words,
    which: fn(&mut RealServerDraft) -> &mut Option<Script>,
) -> Outcome {
    let first = words.need(1, &mut ctx.sink)?;
    let keyword = words.keyword();
    let current = ctx.draft.lvs.servers.last_mut().and_then(|server| server.reals.last_mut());
    if current.is_some_and(|real| which(real).is_some()) {
        ctx.config(format!("((null)) {keyword} script already specified - ignoring {first}"));
        return GO;
    }
    let script = values::script(ctx, words);
    ctx.draft.scripts_used.checker |= script.is_some();
    with(ctx, |real| *which(real) = script)
}

fn retry(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = values::number(ctx, words, (1, u32::MAX), |word| format!("retry value invalid - {word}"))?;
    with(ctx, |real| real.defaults.retry = value.or(real.defaults.retry))
}

fn delay(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut CheckDefaults, Option<u64>)) -> Outcome {
    let keyword = words.keyword();
    let form = Decimal::seconds(0, DELAY_MAX_US);
    let value = values::decimal(ctx, words, form, |word| {
        format!("real server {keyword} '{word}' invalid - ignoring")
    })?;
    with(ctx, |real| record(&mut real.defaults, value))
}

fn connect_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("real server connect_timeout {word} invalid - ignoring");
    let value = values::decimal(ctx, words, INTERVAL, complaint)?;
    with(ctx, |real| real.defaults.connect_timeout_us = value.or(real.defaults.connect_timeout_us))
}

fn delay_loop(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let form = Decimal::seconds(1, DELAY_MAX_US);
    let value = values::decimal(ctx, words, form, |word| {
        format!("real server delay_loop '{word}' invalid - ignoring")
    })?;
    with(ctx, |real| real.defaults.delay_loop_us = value.or(real.defaults.delay_loop_us))
}

fn smtp_alert(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match values::optional_bool(ctx, words, |word| format!("Invalid real_server smtp_alert parameter {word}"))
    {
        Some(value) => with(ctx, |real| real.smtp_alert = Some(value)),
        None => GO,
    }
}

fn virtualhost(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1).map(str::to_owned) {
        Some(host) => with(ctx, |real| real.virtualhost = Some(host)),
        None => {
            ctx.config("real server virtualhost missing");
            GO
        }
    }
}

fn snmp_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.from(1) {
        [name] => with(ctx, |real| real.snmp_name = Some(name.clone())),
        _ => {
            ctx.config("real server snmp_name missing or extra parameters");
            GO
        }
    }
}
