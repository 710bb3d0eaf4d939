//! Words of the other checkers: UDP, SMTP, DNS, script, file, BFD.

use crate::draft::{CheckerKindDraft, ConnectionDraft, FileCheckDraft, MiscDraft};
use crate::model::{DnsCheck, UdpCheck};
use crate::number::{self};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, block, line};
use crate::script_line;
use crate::words::Words;

use super::checker;
use super::values;

/// `UDP_CHECK`.
pub const UDP: &[Keyword] = &[
    line("payload", "HEX", payload, "what is sent; random without it"),
    line("require_reply", "[HEX]", require_reply, "an answer must come (and match)"),
    line(
        "min_reply_length",
        "BYTES",
        |c, w| reply_length(c, w, "min", |u, v| u.min_reply_length = v),
        "shortest answer",
    ),
    line(
        "max_reply_length",
        "BYTES",
        |c, w| reply_length(c, w, "max", |u, v| u.max_reply_length = v),
        "longest answer",
    ),
];

fn with_udp(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut UdpCheck)) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Udp(udp) = &mut checker.kind {
            record(udp);
        }
    })
}

fn payload(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if words.len() == 1 {
        ctx.config("UDP_CHECK payload requires a payload");
        return GO;
    }
    match masked_hex(words.from(1), false) {
        Some(bytes) => {
            with_udp(ctx, |udp| udp.payload = Some(bytes.into_iter().map(|(byte, _)| byte).collect()))
        }
        None => {
            ctx.config("Invalid hex string for UDP_CHECK payload");
            GO
        }
    }
}

fn require_reply(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match masked_hex(words.from(1), true) {
        Some(reply) => with_udp(ctx, |udp| {
            udp.require_reply = true;
            udp.reply = reply;
        }),
        None => {
            ctx.config("Invalid hex string for UDP_CHECK reply");
            GO
        }
    }
}

/// Words of hexadecimal digits, an odd first digit alone; `x` is a digit that does not count.
fn masked_hex(words: &[String], wild: bool) -> Option<Vec<(u8, u8)>> {
    let mut bytes = Vec::new();
    for word in words {
        let mut digits: Vec<(u8, u8)> = Vec::new();
        if word.len() % 2 == 1 {
            digits.push((0, 0xf));
        }
        for c in word.chars() {
            digits.push(match c {
                'x' | 'X' if wild => (0, 0),
                c => (u8::try_from(c.to_digit(16)?).ok()?, 0xf),
            });
        }
        bytes.extend(digits.chunks(2).filter_map(|pair| match pair {
            [high, low] => Some((high.0 << 4 | low.0, high.1 << 4 | low.1)),
            _ => None,
        }));
    }
    Some(bytes)
}

/// The bytes of hexadecimal text with an even number of digits.
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let digits = digits?;
    if digits.len() % 2 == 1 {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect())
}

fn reply_length(ctx: &mut Ctx<'_>, words: &Words, which: &str, record: fn(&mut UdpCheck, u16)) -> Outcome {
    let complaint =
        |word: &str| format!("UDP_CHECK {which} length {word} not valid - must be between 0 & 65535");
    match values::number(ctx, words, (0, 65535), complaint)?.and_then(|value| u16::try_from(value).ok()) {
        Some(value) => with_udp(ctx, |udp| record(udp, value)),
        None => GO,
    }
}

/// A reply that can never fit is complained of.
pub fn end_udp(ctx: &mut Ctx<'_>) {
    if let Some(checker) = &ctx.draft.lvs.checker
        && let CheckerKindDraft::Udp(udp) = &checker.kind
        && udp.min_reply_length > udp.max_reply_length
    {
        let text = format!(
            "UDP_CHECK min_reply length {} > max_reply_length {} - will always fail",
            udp.min_reply_length, udp.max_reply_length
        );
        ctx.config(text);
    }
    checker::end(ctx);
}

/// `SMTP_CHECK`.
pub const SMTP: &[Keyword] = &[
    line("helo_name", "STRING", helo_name, "name in HELO"),
    block("host", "", &SMTP_HOST, begin_host, "old form: a further address"),
];

static SMTP_HOST: Block = Block { name: "host", tables: &[checker::CONNECTION], end: end_host };

fn helo_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(name) = words.at(1).map(str::to_owned) else {
        ctx.config("SMTP_CHECK helo name missing");
        return GO;
    };
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Smtp { helo_name, .. } = &mut checker.kind {
            *helo_name = Some(name);
        }
    })
}

/// The connection words of a host are read as the checker's, and put aside at its end.
fn begin_host(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    checker::with(ctx, |checker| checker.connection = ConnectionDraft::default())
}

fn end_host(ctx: &mut Ctx<'_>) {
    let _ = checker::with(ctx, |checker| {
        let connection = checker.connection.clone();
        if let CheckerKindDraft::Smtp { hosts, .. } = &mut checker.kind {
            hosts.push(connection);
        }
    });
}

/// `DNS_CHECK`.
pub const DNS: &[Keyword] = &[
    line("type", "A|NS|CNAME|SOA|MX|TXT|AAAA|...", dns_type, "type of the question"),
    line("name", "NAME", dns_name, "name of the question"),
];

const DNS_TYPES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("RRSIG", 46),
    ("DNSKEY", 48),
];

fn with_dns(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut DnsCheck)) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Dns(dns) = &mut checker.kind {
            record(dns);
        }
    })
}

fn dns_type(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    match DNS_TYPES.iter().find(|(name, _)| *name == word.to_ascii_uppercase()) {
        Some((_, number)) => with_dns(ctx, |dns| dns.query_type = *number),
        None => {
            ctx.config(format!("Unknown DNS check type {word} - ignoring"));
            GO
        }
    }
}

fn dns_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    let labels = word.strip_suffix('.').unwrap_or(word);
    let complaint = if word == "." {
        None
    } else if labels.split('.').any(str::is_empty) {
        Some("has empty label")
    } else if labels.split('.').any(|label| label.len() > 63) {
        Some("label too long")
    } else if word.len() > 253 {
        Some("is too long")
    } else {
        None
    };
    match complaint {
        Some(complaint) => {
            ctx.config(format!("DNS_CHECK name '{word}' {complaint} - ignoring"));
            GO
        }
        None => with_dns(ctx, |dns| dns.name = word.to_owned()),
    }
}

/// `MISC_CHECK`.
pub const MISC: &[Keyword] = &[
    line("misc_path", "COMMAND...", misc_path, "what is run"),
    line("misc_timeout", "SECONDS", misc_timeout, "how long it may run"),
    line("misc_dynamic", "", |c, _| with_misc(c, |m| m.misc_dynamic = true), "the exit status is a weight"),
    line("user", "USER [GROUP]", misc_user, "who runs it"),
];

fn with_misc(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut MiscDraft)) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Misc(misc) = &mut checker.kind {
            record(misc);
        }
    })
}

fn misc_path(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let line = script_line::whole(words, &mut ctx.sink);
    let argv = line.map(|line| line.argv).filter(|argv| !argv[0].is_empty());
    with_misc(ctx, |misc| misc.argv = argv)
}

fn misc_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("Invalid misc_timeout value '{word}'");
    match values::number(ctx, words, (0, 4294), complaint)? {
        Some(seconds) => with_misc(ctx, |misc| misc.misc_timeout_us = u64::from(seconds) * 1_000_000),
        None => GO,
    }
}

fn misc_user(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let program = match &ctx.draft.lvs.checker {
        Some(checker) => match &checker.kind {
            CheckerKindDraft::Misc(misc) => misc.argv.as_ref().and_then(|argv| argv.first().cloned()),
            _ => None,
        },
        None => None,
    };
    let program = program.unwrap_or_default();
    let Some(user) = words.at(1) else {
        ctx.config(format!("No user specified for misc checker script {program}"));
        return GO;
    };
    let ids = values::named_user(ctx, user, words.at(2));
    if ids.is_none() {
        ctx.config(format!("Failed to set uid/gid for misc checker script {program} - removing"));
        ctx.sink.hint("create the user (and group), or name one that exists");
    }
    with_misc(ctx, |misc| {
        misc.bad_user = ids.is_none();
        misc.user = ids;
    })
}

/// Adds the checker, if it has a script and a user.
pub fn end_misc(ctx: &mut Ctx<'_>) {
    let Some(checker) = &ctx.draft.lvs.checker else { return };
    let CheckerKindDraft::Misc(misc) = &checker.kind else { return };
    let (bad_user, has_user, has_path) = (misc.bad_user, misc.user.is_some(), misc.argv.is_some());
    if bad_user {
        ctx.draft.lvs.checker = None;
        return;
    }
    if !has_path {
        ctx.config("No script path has been specified for MISC_CHECKER - skipping");
        ctx.draft.lvs.checker = None;
        return;
    }
    if !has_user {
        let user = values::default_user(ctx);
        if user.is_none() {
            ctx.config("Unable to set default user for misc script - removing");
            ctx.draft.lvs.checker = None;
            return;
        }
        let _ = with_misc(ctx, |misc| misc.user = user);
    }
    ctx.draft.scripts_used.checker = true;
    checker::end(ctx);
}

/// `FILE_CHECK`.
pub const FILE: &[Keyword] = &[
    line("track_file", "NAME", file_name, "the track_file block"),
    line("weight", "N [reverse]", file_weight, "factor of the number"),
];

fn with_file(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut FileCheckDraft)) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::File(file) = &mut checker.kind {
            record(file);
        }
    })
}

fn file_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    if ctx.draft.config.track_files.iter().any(|file| file.name == word) {
        return with_file(ctx, |file| file.track_file = Some(word.to_owned()));
    }
    ctx.config(format!("track_file {word} not found"));
    ctx.sink.hint("define the track_file above the virtual server");
    GO
}

fn file_weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(word) = words.at(1) else {
        ctx.config("track file weight missing");
        return GO;
    };
    let Some(weight) = number::signed(&mut ctx.sink, word, -i32::MAX, i32::MAX) else {
        ctx.config("weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...");
        return GO;
    };
    let reverse = words.at(2) == Some("reverse");
    if let Some(other) = words.at(2).filter(|word| *word != "reverse") {
        ctx.config(format!("unknown track file weight option {other} - ignoring"));
    }
    with_file(ctx, |file| file.weight = Some((weight, reverse)))
}

/// Adds the checker, if its file is known.
pub fn end_file(ctx: &mut Ctx<'_>) {
    let Some(checker) = &ctx.draft.lvs.checker else { return };
    if matches!(&checker.kind, CheckerKindDraft::File(file) if file.track_file.is_none()) {
        ctx.draft.lvs.checker = None;
        ctx.config("FILE_CHECK has no track_file specified - ignoring");
        return;
    }
    checker::end(ctx);
}

/// `BFD_CHECK`.
pub const BFD: &[Keyword] = &[
    line("name", "NAME", bfd_name, "the bfd_instance"),
    line("alpha", "[BOOL]", |c, w| checker::boolean(c, w, |k, v| k.defaults.alpha = Some(v)), "starts down"),
];

/// The real server being read, as log lines name it.
fn real_name(ctx: &Ctx<'_>) -> String {
    let Some(server) = ctx.draft.lvs.servers.last() else { return String::new() };
    let protocol = crate::resolve::protocol_name(server.protocol);
    match server.reals.last() {
        Some(real) => format!("[{}]:{protocol}:{}", real.address, real.port),
        None => String::new(),
    }
}

fn bfd_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let real = real_name(ctx);
    let [word] = words.from(1) else {
        ctx.config(format!("({real}) BFD_CHECK - No or too many names specified - skipping checker"));
        return skip_bfd(ctx);
    };
    if !ctx.draft.bfds.iter().any(|bfd| bfd.name == *word) {
        ctx.config(format!("({real}) BFD_CHECK - BFD {word} not configured"));
        ctx.sink.hint("define the bfd_instance above the virtual server");
        return skip_bfd(ctx);
    }
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Bfd { name, .. } = &mut checker.kind {
            *name = Some(word.clone());
        }
    })
}

fn skip_bfd(ctx: &mut Ctx<'_>) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Bfd { skipped, .. } = &mut checker.kind {
            *skipped = true;
        }
    })
}

/// Adds the checker, if its session is known.
pub fn end_bfd(ctx: &mut Ctx<'_>) {
    let Some(checker) = &ctx.draft.lvs.checker else { return };
    let CheckerKindDraft::Bfd { name, skipped } = &checker.kind else { return };
    let (named, skipped) = (name.is_some(), *skipped);
    if named {
        checker::end(ctx);
        return;
    }
    ctx.draft.lvs.checker = None;
    if !skipped {
        let text = format!("({}) No name has been specified for BFD_CHECKER - skipping", real_name(ctx));
        ctx.config(text);
    }
}
