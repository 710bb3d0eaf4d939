//! References to tracked things, and the blocks of tracked files and processes.

use crate::draft::{FileDraft, ProcessDraft};
use crate::model::{InitFile, ParamMatch, TrackFile, TrackProcess, Tracked};
use crate::number::{self, Decimal};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Outcome, line};
use crate::words::Words;

use super::global::SKIP;
use super::values;

/// What is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An interface.
    Interface,
    /// A `vrrp_script`.
    Script,
    /// A `track_file`.
    File,
    /// A `vrrp_track_process`.
    Process,
    /// A `bfd_instance`.
    Bfd,
}

impl Kind {
    fn keyword(self) -> &'static str {
        match self {
            Self::Interface => "track_interface",
            Self::Script => "track_script",
            Self::File => "track_file",
            Self::Process => "track_process",
            Self::Bfd => "track_bfd",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Interface => "tracked interface",
            Self::Script => "track script",
            Self::File => "track file",
            Self::Process => "track process",
            Self::Bfd => "track bfd",
        }
    }

    /// Largest weight that is no complaint at once.
    fn weight_max(self) -> i32 {
        if self == Self::Bfd { 253 } else { 254 }
    }
}

/// The default weight of a named thing; `None` if it does not exist.
fn default_weight(ctx: &mut Ctx<'_>, kind: Kind, name: &str) -> Option<(i32, bool)> {
    let draft = &ctx.draft;
    match kind {
        Kind::Interface => {
            let there = ctx.provider.has_interface(name)
                || draft.config.global.vrrp.dynamic_interfaces
                || draft
                    .instances
                    .iter()
                    .any(|i| i.vmac.as_ref().is_some_and(|v| v.name.as_deref() == Some(name)));
            there.then_some((0, false))
        }
        Kind::Script => draft
            .scripts
            .iter()
            .find(|script| script.name == name)
            .map(|script| (script.weight, script.reverse)),
        Kind::File => draft
            .config
            .track_files
            .iter()
            .find(|file| file.name == name)
            .map(|file| (file.weight, file.reverse)),
        Kind::Process => draft
            .config
            .track_processes
            .iter()
            .find(|process| process.name == name)
            .map(|process| (process.weight, process.reverse)),
        Kind::Bfd => draft.bfds.iter().find(|bfd| bfd.name == name).map(|bfd| (bfd.weight, bfd.reverse)),
    }
}

/// One line `NAME [weight N [reverse|noreverse]]` of a tracking list.
pub fn track(ctx: &mut Ctx<'_>, words: &Words, kind: Kind, owner: &str, list: &mut Vec<Tracked>) {
    let name = words.keyword();
    let Some((weight, reverse)) = default_weight(ctx, kind, name) else {
        if kind == Kind::Interface {
            ctx.config(format!("({owner}) tracked interface {name} doesn't exist"));
            ctx.sink.hint("create the interface first, or set dynamic_interfaces in global_defs");
            ctx.draft.missing_interface = true;
        } else {
            ctx.config(format!("({owner}) {} {name} not found, ignoring...", kind.words()));
            ctx.sink.hint("define it above the block that tracks it");
        }
        return;
    };
    if list.iter().any(|known| known.name == name) {
        ctx.config(format!("({owner}) duplicate {} {name} - ignoring", kind.keyword()));
        return;
    }
    let mut tracked = Tracked { name: name.to_owned(), weight, reverse };
    match (words.at(1), words.at(2)) {
        (None, _) => {}
        (Some("weight"), None) => {
            ctx.config(format!(
                "({owner}) weight without value specified for {} {name} - ignoring",
                kind.words()
            ));
            return;
        }
        (Some("weight"), Some(text)) => {
            weight_of(ctx, kind, owner, text, &mut tracked);
            let fits = reverse_of(ctx, kind, owner, words.at(3), &mut tracked);
            if !fits && kind == Kind::Bfd {
                return;
            }
        }
        (Some(other), _) => {
            let what = match kind {
                Kind::Interface => format!("track_interface {name}"),
                Kind::Bfd => format!("track bfd {name}"),
                _ => kind.words().to_owned(),
            };
            ctx.config(format!("({owner}) unknown {what} option {other} - ignoring"));
            ctx.sink.hint(format!("write `{name} weight N`, blanks between the words"));
            return;
        }
    }
    list.push(tracked);
}

fn weight_of(ctx: &mut Ctx<'_>, kind: Kind, owner: &str, text: &str, tracked: &mut Tracked) {
    let max = kind.weight_max();
    let name = tracked.name.clone();
    let Some(weight) = number::signed(&mut ctx.sink, text, -max, max) else {
        ctx.config(match kind {
            Kind::Interface => {
                format!(
                    "({owner}) weight {text} for {name} must be between [-253..253] inclusive. Ignoring..."
                )
            }
            Kind::Script => {
                format!(
                    "({owner}) track script {name}: weight must be between [-253..253] inclusive, ignoring..."
                )
            }
            _ => format!(
                "({owner}) weight for {} {name} must be in [-{max}..{max}] inclusive. Ignoring...",
                kind.words()
            ),
        });
        return;
    };
    tracked.reverse = false;
    tracked.weight = weight;
    if weight.abs() == 254 && matches!(kind, Kind::Interface | Kind::Script) {
        ctx.config(format!("({owner}) weight for {name} cannot be +/-254. Setting to +/-253"));
        tracked.weight = 253 * weight.signum();
    }
}

/// Reads the word after the weight; `false` after a complaint.
fn reverse_of(ctx: &mut Ctx<'_>, kind: Kind, owner: &str, word: Option<&str>, tracked: &mut Tracked) -> bool {
    match word {
        None => {}
        Some("reverse") => tracked.reverse = true,
        Some("noreverse" | "no_reverse") => tracked.reverse = false,
        Some(other) => {
            let what = match kind {
                // the original's spelling
                Kind::Interface => "track_interace",
                Kind::Script => "track_script",
                Kind::Process => "track_process",
                Kind::File => "track file",
                Kind::Bfd => "track bfd",
            };
            ctx.config(format!("({owner}) unknown {what} {} weight option {other} - ignoring", tracked.name));
            return false;
        }
    }
    true
}

/// `track_file` and its old name.
pub static TRACK_FILE: Block = Block {
    name: "track_file",
    tables: &[&[
        line("file", "PATH", file_path, "file that holds a number"),
        line("weight", "N [reverse]", file_weight, "factor of the number; 0 makes any other number a FAULT"),
        line("init_file", "[VALUE] [overwrite]", init_file, "create the file at the start"),
    ]],
    end: end_file,
};

/// Head line of `track_file`.
pub fn begin_file(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    if ctx.draft.config.track_files.iter().any(|file| file.name == name) {
        ctx.sink
            .say(crate::diag::Rank::Note, format!("track_file {name} already defined - ignoring the second"));
        return SKIP;
    }
    ctx.draft.file =
        Some(FileDraft { name: name.to_owned(), file: None, weight: 1, reverse: false, init_file: None });
    ctx.draft.weight_set = false;
    GO
}

fn file_path(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(path) = words.at(1) else {
        ctx.config("track file file name missing");
        return GO;
    };
    let Some(file) = &mut ctx.draft.file else { return GO };
    if file.file.is_some() {
        let text = format!("File already set for track file {} - ignoring {path}", file.name);
        ctx.config(text);
    } else {
        file.file = Some(path.to_owned());
    }
    GO
}

fn file_weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(name) = ctx.draft.file.as_ref().map(|file| file.name.clone()) else { return GO };
    let Some((weight, reverse)) = block_weight(ctx, words, "track file", "track_file", &name) else {
        return GO;
    };
    if let Some(file) = &mut ctx.draft.file {
        (file.weight, file.reverse) = (weight, reverse);
    }
    GO
}

/// `weight N [reverse]` of a file or process block.
fn block_weight(
    ctx: &mut Ctx<'_>,
    words: &Words,
    what: &str,
    block: &str,
    name: &str,
) -> Option<(i32, bool)> {
    let Some(text) = words.at(1) else {
        ctx.config(format!("No weight specified for {what} {name} - ignoring"));
        return None;
    };
    if ctx.draft.weight_set {
        ctx.config(format!("Weight already set for {what} {name} - ignoring {text}"));
        return None;
    }
    let Some(weight) = number::signed(&mut ctx.sink, text, -254, 254) else {
        ctx.config(format!(
            "Weight ({text}) for {block} {name} must be between [-254..254] inclusive. Ignoring..."
        ));
        return None;
    };
    ctx.draft.weight_set = true;
    let reverse = match words.at(2) {
        None => false,
        Some("reverse") => true,
        Some(other) => {
            ctx.config(format!("{what} {name} unknown weight option {other}"));
            false
        }
    };
    Some((weight, reverse))
}

fn init_file(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(name) = ctx.draft.file.as_ref().map(|file| file.name.clone()) else { return GO };
    let mut init = InitFile { value: 0, overwrite: false };
    for word in words.from(1) {
        if word == "overwrite" {
            init.overwrite = true;
        } else if word.starts_with(|c: char| c == '-' || c == '+' || c.is_ascii_digit()) {
            match number::signed(&mut ctx.sink, word, i32::MIN, i32::MAX) {
                Some(value) => init.value = value,
                None => ctx.config(format!("Track file {name} init value {word} is invalid")),
            }
        } else {
            ctx.config(format!("Unknown track file init option {word}"));
        }
    }
    if let Some(file) = &mut ctx.draft.file {
        file.init_file = Some(init);
    }
    GO
}

fn end_file(ctx: &mut Ctx<'_>) {
    let Some(draft) = ctx.draft.file.take() else { return };
    match draft.file {
        None => ctx.config(format!("No file set for track_file {} - ignoring", draft.name)),
        Some(file) => ctx.draft.config.track_files.push(TrackFile {
            name: draft.name,
            file,
            weight: draft.weight,
            reverse: draft.reverse,
            init_file: draft.init_file,
        }),
    }
}

/// `vrrp_track_process`.
pub static TRACK_PROCESS: Block = Block {
    name: "vrrp_track_process",
    tables: &[&[
        line("process", "NAME [PARAMS...]", process, "process to look for"),
        line("param_match", "initial|partial", param_match, "how parameters are compared"),
        line(
            "weight",
            "N [reverse]",
            process_weight,
            "priority while the quorum holds; 0 makes its loss a FAULT",
        ),
        line("quorum", "1-65535", quorum, "fewest processes"),
        line("quorum_max", "0-65535", quorum_max, "most processes"),
        line("delay", "SECONDS", |c, w| delay(c, w, true, true), "both delays"),
        line("terminate_delay", "SECONDS", |c, w| delay(c, w, false, true), "wait before a loss counts"),
        line("fork_delay", "SECONDS", |c, w| delay(c, w, true, false), "wait before a gain counts"),
        line("full_command", "", full_command, "compare the command line"),
    ]],
    end: end_process,
};

/// Head line of `vrrp_track_process`.
pub fn begin_process(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = words.need(1, &mut ctx.sink)?;
    if ctx.draft.config.track_processes.iter().any(|process| process.name == name) {
        ctx.sink.say(
            crate::diag::Rank::Note,
            format!("vrrp_track_process {name} already defined - ignoring the second"),
        );
        return SKIP;
    }
    ctx.draft.weight_set = false;
    ctx.draft.process = Some(ProcessDraft {
        process: TrackProcess {
            name: name.to_owned(),
            process: String::new(),
            params: Vec::new(),
            param_match: ParamMatch::None,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            fork_delay_us: 0,
            terminate_delay_us: 0,
            full_command: false,
        },
        param_match: None,
    });
    GO
}

fn with_process(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut TrackProcess)) -> Outcome {
    if let Some(draft) = &mut ctx.draft.process {
        record(&mut draft.process);
    }
    GO
}

fn process_name(ctx: &Ctx<'_>) -> String {
    ctx.draft.process.as_ref().map(|draft| draft.process.name.clone()).unwrap_or_default()
}

fn process(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let first = words.need(1, &mut ctx.sink)?;
    if ctx.draft.process.as_ref().is_some_and(|draft| !draft.process.process.is_empty()) {
        let text = format!("Process already set for track process {} - ignoring {first}", process_name(ctx));
        ctx.config(text);
        return GO;
    }
    let line = crate::script_line::whole(words, &mut ctx.sink);
    let words = match line {
        // a quoted first item is the whole name of the command
        _ if words.tail().starts_with('"') => words.from(1).to_vec(),
        Some(line) => line.argv,
        None => words.from(1).to_vec(),
    };
    with_process(ctx, |process| {
        let mut words = words.into_iter();
        process.process = words.next().unwrap_or_default();
        process.params = words.collect();
    })
}

fn param_match(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let kind = match words.at(1) {
        Some("initial") => ParamMatch::Initial,
        Some("partial") => ParamMatch::Partial,
        None => ParamMatch::Exact,
        Some(other) => {
            ctx.config(format!("Invalid param_match type {other} - ignoring"));
            return GO;
        }
    };
    if let Some(draft) = &mut ctx.draft.process {
        draft.param_match = Some(kind);
    }
    GO
}

fn process_weight(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = process_name(ctx);
    match block_weight(ctx, words, "track process", "vrrp_track_process", &name) {
        Some((weight, reverse)) => {
            with_process(ctx, |process| (process.weight, process.reverse) = (weight, reverse))
        }
        None => GO,
    }
}

fn quorum(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = process_name(ctx);
    let complaint = |word: &str| {
        format!(
            "Quorum ({word}) for vrrp_track_process {name} must be between [1..65535] inclusive. Ignoring..."
        )
    };
    match values::number(ctx, words, (1, 65535), complaint)? {
        Some(value) => with_process(ctx, |process| process.quorum = value),
        None => GO,
    }
}

fn quorum_max(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = process_name(ctx);
    let complaint = |word: &str| {
        format!(
            "quorum_max ({word}) for vrrp_track_process {name} must be between [0..65535] inclusive. Ignoring..."
        )
    };
    let Some(value) = values::number(ctx, words, (0, 65535), complaint)? else { return GO };
    let quorum = ctx.draft.process.as_ref().map_or(1, |draft| draft.process.quorum);
    if value > 0 && value < quorum {
        ctx.config("quorum_max is less than quorum - ignoring");
        return GO;
    }
    with_process(ctx, |process| {
        process.quorum_max = Some(value);
        if value == 0 {
            process.quorum = 0;
        }
    })
}

fn delay(ctx: &mut Ctx<'_>, words: &Words, fork: bool, terminate: bool) -> Outcome {
    let (name, keyword) = (process_name(ctx), words.keyword());
    let complaint = |word: &str| {
        format!(
            "{keyword} ({word}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring..."
        )
    };
    let Some(delay) = values::decimal(ctx, words, Decimal::seconds(1, 3_600_000_000), complaint)? else {
        return GO;
    };
    with_process(ctx, |process| {
        if fork {
            process.fork_delay_us = delay;
        }
        if terminate {
            process.terminate_delay_us = delay;
        }
    })
}

fn full_command(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    with_process(ctx, |process| process.full_command = true)
}

fn end_process(ctx: &mut Ctx<'_>) {
    let Some(draft) = ctx.draft.process.take() else { return };
    let mut process = draft.process;
    if process.process.is_empty() {
        ctx.config(format!("track process '{}' process name not specified", process.name));
        return;
    }
    process.param_match = match draft.param_match {
        Some(kind) => kind,
        None if process.params.is_empty() => ParamMatch::None,
        None => ParamMatch::Exact,
    };
    ctx.draft.config.track_processes.push(process);
}
