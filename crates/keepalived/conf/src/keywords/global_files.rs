//! `global_defs`: files and reload.

use crate::parse::Ctx;
use crate::reader::IncludeCheck;
use crate::registry::{GO, Keyword, Outcome, accepted, line};
use crate::words::Words;

use super::global::name;
use super::values::{self, flag};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
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
    accepted(
        line("reload_time_file", "PATH", reload_time_file, "file with the time of a planned reload"),
        "planned reloads are not part of this version",
    ),
    accepted(
        line(
            "reload_repeat",
            "",
            |c, _| flag(&mut c.draft.config.global.files.reload_repeat),
            "keep the reload time file",
        ),
        "planned reloads are not part of this version",
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
    accepted(
        line(
            "config_save_dir",
            "DIRECTORY",
            |c, w| name(c, w, |c, v| c.draft.config.global.files.config_save_dir = v),
            "keep copies of the configuration at reloads",
        ),
        "no copies of the configuration are kept in this version",
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
