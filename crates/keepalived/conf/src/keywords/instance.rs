//! `vrrp_instance`: who, when and how.

use crate::draft::InstanceDraft;
use crate::model::{AuthHmac, AuthKind, HmacKey, HmacMode};
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, block, done, go, line};
use crate::words::Words;

use super::global::SKIP;
use super::values;

/// The block.
pub static VRRP_INSTANCE: Block = Block {
    name: "vrrp_instance",
    tables: &[
        CORE,
        super::instance_net::KEYWORDS,
        super::instance_lists::KEYWORDS,
        super::instance_garp::KEYWORDS,
        super::instance_notify::KEYWORDS,
    ],
    end,
};

/// The instance being read.
pub fn current<'a>(ctx: &'a mut Ctx<'_>) -> Option<&'a mut InstanceDraft> {
    ctx.draft.instances.last_mut()
}

/// The name of the instance being read.
pub fn name(ctx: &Ctx<'_>) -> String {
    ctx.draft.instances.last().map(|instance| instance.name.clone()).unwrap_or_default()
}

/// Records something in the instance being read.
pub fn set(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut InstanceDraft)) -> Outcome {
    if let Some(instance) = current(ctx) {
        record(instance);
    }
    GO
}

/// The head line.
pub fn begin(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let [name] = words.from(1) else {
        ctx.config("vrrp_instance must have a name");
        return SKIP;
    };
    if ctx.draft.instances.iter().any(|instance| instance.name == *name) {
        ctx.config(format!("vrrp instance {name} already defined"));
        return SKIP;
    }
    ctx.draft.instances.push(InstanceDraft { name: name.clone(), ..InstanceDraft::default() });
    GO
}

/// Checks that the original makes at the closing brace.
fn end(ctx: &mut Ctx<'_>) {
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return };
    let mut said = Vec::new();
    if !instance.peers.is_empty() && instance.vmac.is_some() && !instance.vmac_xmit_base {
        instance.vmac_xmit_base = true;
        said.push(format!("({name}) unicast with use_vmac requires vmac_xmit_base - setting"));
    }
    if instance.unicast_ttl.is_some() && instance.peers.is_empty() {
        instance.unicast_ttl = None;
        said.push(format!("({name}): Cannot use unicast_ttl without unicast peers - resetting"));
    }
    for text in said {
        ctx.config(text);
    }
}

const CORE: &[Keyword] = &[
    line(
        "state",
        "MASTER|BACKUP",
        state,
        "state to begin with; MASTER begins at once only with priority 255",
    ),
    line("virtual_router_id", "1-255", virtual_router_id, "number of the virtual router"),
    line("priority", "1-255", priority, "election priority, 255 owns the addresses"),
    line("advert_int", "SECONDS", advert_int, "time between adverts"),
    line("version", "2|3", version, "VRRP version"),
    line(
        "preempt",
        "",
        |c, _| set(c, |i| i.nopreempt = false),
        "take over from a lower priority (the default)",
    ),
    line("nopreempt", "", |c, _| set(c, |i| i.nopreempt = true), "leave a lower priority in office"),
    line("preempt_delay", "SECONDS", preempt_delay, "wait before taking over from a lower priority"),
    line("down_timer_adverts", "1-100", down_timer_adverts, "missed adverts until the master is down"),
    line(
        "timer_expired_backup",
        "",
        |c, _| set(c, |i| i.timer_expired_backup = true),
        "go to BACKUP when the process slept too long",
    ),
    line("thread_timer_expired", "MILLISECONDS", thread_timer_expired, "how long too long is"),
    line(
        "lower_prio_no_advert",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.lower_prio_no_advert = Some(v)),
        "no advert in answer to a lower priority",
    ),
    line(
        "higher_prio_send_advert",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.higher_prio_send_advert = Some(v)),
        "a last advert on seeing a higher priority",
    ),
    line(
        "owner_ignore_adverts",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.owner_ignore_adverts = Some(v)),
        "an owner ignores adverts",
    ),
    line(
        "accept",
        "",
        |c, _| set(c, |i| i.accept = Some(true)),
        "take traffic to the addresses (the default)",
    ),
    line(
        "no_accept",
        "",
        |c, _| set(c, |i| i.accept = Some(false)),
        "drop traffic to the addresses unless owner",
    ),
    line(
        "strict_mode",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.strict = Some(v)),
        "keep strictly to the RFC",
    ),
    line(
        "skip_check_adv_addr",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.skip_check_adv_addr = Some(v)),
        "do not compare the addresses of each advert",
    ),
    line(
        "v3_checksum_as_v2",
        "[BOOL]",
        |c, w| named_bool(c, w, |i, v| i.v3_checksum_as_v2 = Some(v)),
        "VRRPv3 checksum without pseudo header",
    ),
    line("debug", "0-4", debug, "level of debugging"),
    line("kernel_rx_buf_size", "BYTES", kernel_rx_buf_size, "receive buffer of the socket"),
    block("authentication", "", &AUTHENTICATION, go, "authentication of version 2"),
    block("auth_hmac", "", &AUTH_HMAC, begin_hmac, "authentication by HMAC"),
];

fn state(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let master = match word {
        "MASTER" => true,
        "BACKUP" => false,
        other => {
            let text = format!("({}) unknown state '{other}', defaulting to BACKUP", name(ctx));
            ctx.config(text);
            ctx.sink.hint("write MASTER or BACKUP in capitals");
            false
        }
    };
    set(ctx, |instance| instance.state_master = Some(master))
}

fn virtual_router_id(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): VRID '{word}' not valid - must be between 1 & 255");
    let vrid = values::number(ctx, words, (1, 255), complaint)?.and_then(|vrid| u8::try_from(vrid).ok());
    set(ctx, |instance| instance.vrid = vrid.or(instance.vrid))
}

fn priority(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint =
        |_: &str| format!("({name}) Priority not valid! must be between 1 & 255. Using default 100");
    let value = values::number(ctx, words, (1, 255), complaint)?.and_then(|value| u8::try_from(value).ok());
    set(ctx, |instance| instance.priority = Some(value.unwrap_or(100)))
}

fn advert_int(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let form = Decimal::seconds(10_000, 255_000_000);
    let complaint =
        |word: &str| format!("({name}) Advert interval ({word}) not valid! Must be > 0 - ignoring");
    let value = values::decimal(ctx, words, form, complaint)?;
    set(ctx, |instance| instance.advert_int_us = value.or(instance.advert_int_us))
}

fn version(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let value = number::signed(&mut ctx.sink, word, 2, 3).and_then(|version| u8::try_from(version).ok());
    if value.is_none() {
        let text = format!("({}): Version must be either 2 or 3", name(ctx));
        ctx.config(text);
        return GO;
    }
    set(ctx, |instance| instance.version = value)
}

fn preempt_delay(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let form = Decimal::seconds(0, 1_000_000_000);
    let complaint = |_: &str| format!("({name}) Preempt_delay not valid! must be between 0-1000");
    let value = values::decimal(ctx, words, form, complaint)?;
    set(ctx, |instance| instance.preempt_delay_us = value.unwrap_or(0))
}

fn down_timer_adverts(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): Invalid down_timer_adverts [1:100] '{word}'");
    let value = values::number(ctx, words, (1, 100), complaint)?.and_then(|value| u8::try_from(value).ok());
    set(ctx, |instance| instance.down_timer_adverts = value.or(instance.down_timer_adverts))
}

fn thread_timer_expired(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}): Invalid thread_timer_expired '{word}'");
    let value = values::number(ctx, words, (1, u32::MAX), complaint)?;
    set(ctx, |instance| instance.thread_timer_expired_ms = value)
}

fn named_bool(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut InstanceDraft, bool)) -> Outcome {
    let (name, keyword) = (name(ctx), words.keyword());
    let value =
        values::optional_bool(ctx, words, |word| format!("({name}) invalid {keyword} {word} specified"));
    match value {
        Some(value) => set(ctx, |instance| record(instance, value)),
        None => GO,
    }
}

fn debug(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}) Debug value '{word}' not valid; must be between 0-4");
    let value = values::number(ctx, words, (0, 4), complaint)?.and_then(|value| u8::try_from(value).ok());
    set(ctx, |instance| instance.debug = value.unwrap_or(0))
}

fn kernel_rx_buf_size(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let value = match words.at(1) {
        Some(word) => number::unsigned(&mut ctx.sink, word, 0, u32::MAX),
        None => None,
    };
    if value.is_none() {
        let text = format!("({}) invalid kernel_rx_buf_size specified", name(ctx));
        ctx.config(text);
        return GO;
    }
    set(ctx, |instance| instance.kernel_rx_buf_size = value)
}

static AUTHENTICATION: Block = Block {
    name: "authentication",
    tables: &[&[
        line("auth_type", "PASS|AH", auth_type, "plain password or IPsec authentication header"),
        line("auth_pass", "PASSWORD", auth_pass, "password; eight characters count"),
    ]],
    end: done,
};

fn auth_type(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let kind = match words.need(1, &mut ctx.sink)? {
        "PASS" => Some(AuthKind::Pass),
        "AH" => Some(AuthKind::Ah),
        other => {
            let text = format!("({}) unknown authentication type '{other}'", name(ctx));
            ctx.config(text);
            ctx.sink.hint("write PASS or AH in capitals");
            None
        }
    };
    set(ctx, |instance| instance.auth_type = kind.or(instance.auth_type))
}

fn auth_pass(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    if word.len() > 8 {
        ctx.config("Truncating auth_pass to 8 characters");
        ctx.sink.hint("only eight characters are sent; shorten the password on all routers");
    }
    let mut password = [0; 8];
    for (target, byte) in password.iter_mut().zip(word.bytes()) {
        *target = byte;
    }
    set(ctx, |instance| instance.auth_pass = Some(password))
}

static AUTH_HMAC: Block = Block {
    name: "auth_hmac",
    tables: &[&[
        line("key", "ID SECRET", hmac_key, "a key: number and secret (0x... is hexadecimal)"),
        line("active_key", "ID", hmac_active, "key of what is sent"),
        line("time_window", "SECONDS", hmac_window, "clock difference that is accepted"),
        line("anti_replay", "[BOOL]", hmac_replay, "refuse repeated packets"),
        line(
            "mode",
            "enforce|permissive|receive-only",
            hmac_mode,
            "what packets without a trailer are worth",
        ),
    ]],
    end: end_hmac,
};

fn begin_hmac(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    set(ctx, |instance| {
        instance.hmac = Some(AuthHmac {
            keys: Vec::new(),
            active_key: 0,
            time_window_s: 30,
            anti_replay: true,
            mode: HmacMode::Enforce,
        });
    })
}

fn hmac(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut AuthHmac)) -> Outcome {
    set(ctx, |instance| {
        if let Some(hmac) = &mut instance.hmac {
            record(hmac);
        }
    })
}

fn hmac_key(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}) auth_hmac key id '{word}' must be in [1, 255] - ignoring");
    let id = values::number(ctx, words, (1, 255), complaint)?.and_then(|id| u8::try_from(id).ok());
    let secret = words.need(2, &mut ctx.sink)?;
    let bytes = match secret.strip_prefix("0x") {
        Some(hex) => super::checker_kinds::hex_bytes(hex),
        None => Some(secret.as_bytes().to_vec()),
    };
    match (id, bytes) {
        (Some(id), Some(secret)) if !secret.is_empty() => {
            hmac(ctx, |hmac| hmac.keys.push(HmacKey { id, secret }))
        }
        (Some(id), _) => {
            ctx.config(format!("({name}) auth_hmac key {id} is not valid - ignoring"));
            GO
        }
        (None, _) => GO,
    }
}

fn hmac_active(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint =
        |word: &str| format!("({name}) auth_hmac active_key '{word}' must be in [1, 255] - ignoring");
    match values::number(ctx, words, (1, 255), complaint)?.and_then(|id| u8::try_from(id).ok()) {
        Some(id) => hmac(ctx, |hmac| hmac.active_key = id),
        None => GO,
    }
}

fn hmac_window(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| format!("({name}) auth_hmac time_window '{word}' is invalid - ignoring");
    match values::number(ctx, words, (0, 86400), complaint)? {
        Some(seconds) => hmac(ctx, |hmac| hmac.time_window_s = seconds),
        None => GO,
    }
}

fn hmac_replay(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    match values::optional_bool(ctx, words, |word| format!("({name}) invalid anti_replay {word} specified")) {
        Some(value) => hmac(ctx, |hmac| hmac.anti_replay = value),
        None => GO,
    }
}

fn hmac_mode(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let mode = match words.need(1, &mut ctx.sink)? {
        "enforce" => HmacMode::Enforce,
        "permissive" => HmacMode::Permissive,
        "receive-only" => HmacMode::ReceiveOnly,
        other => {
            let text = format!("({}) unknown auth_hmac mode '{other}' - ignoring", name(ctx));
            ctx.config(text);
            return GO;
        }
    };
    hmac(ctx, |hmac| hmac.mode = mode)
}

/// A block without a usable active key is worth nothing.
fn end_hmac(ctx: &mut Ctx<'_>) {
    let name = name(ctx);
    let Some(instance) = current(ctx) else { return };
    let Some(hmac) = &mut instance.hmac else { return };
    if hmac.active_key == 0
        && let [only] = hmac.keys.as_slice()
    {
        hmac.active_key = only.id;
    }
    if !hmac.keys.iter().any(|key| key.id == hmac.active_key) {
        instance.hmac = None;
        ctx.config(format!("({name}) auth_hmac has no key for active_key - ignoring the block"));
        ctx.sink.hint("give a `key ID SECRET` whose ID is the active_key");
    }
}
