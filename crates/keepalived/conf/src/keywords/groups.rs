//! `vrrp_sync_group`, `garp_group`, `track_group`.

use crate::draft::GroupDraft;
use crate::model::{GarpGroup, NotifyScripts, SyncGroup, TrackGroup, Tracked};
use crate::number::Decimal;
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, List, Outcome, Run, block, done, line, list};
use crate::words::Words;

use super::addresses::need_interface;
use super::global::SKIP;
use super::instance_notify::Which;
use super::track_objects::{self, Kind};
use super::values;

/// `vrrp_sync_group`.
pub static SYNC_GROUP: Block = Block { name: "vrrp_sync_group", tables: &[SYNC_KEYWORDS], end: done };

const SYNC_KEYWORDS: &[Keyword] = &[
    Keyword { run: begin_members, ..list("group", &MEMBERS, "instances that move together") },
    list("track_interface", &TRACK_INTERFACE, "interfaces that must be up"),
    list("track_script", &TRACK_SCRIPT, "scripts that must succeed"),
    list("track_file", &TRACK_FILE, "files whose number counts"),
    list("track_process", &TRACK_PROCESS, "processes that must run"),
    list("track_bfd", &TRACK_BFD, "BFD instances that must be up"),
    line(
        "notify_backup",
        "SCRIPT [USER [GROUP]]",
        |c, w| group_script(c, w, |n| &mut n.backup),
        "run on becoming BACKUP",
    ),
    line(
        "notify_master",
        "SCRIPT [USER [GROUP]]",
        |c, w| group_script(c, w, |n| &mut n.master),
        "run on becoming MASTER",
    ),
    line(
        "notify_fault",
        "SCRIPT [USER [GROUP]]",
        |c, w| group_script(c, w, |n| &mut n.fault),
        "run on FAULT",
    ),
    line(
        "notify_stop",
        "SCRIPT [USER [GROUP]]",
        |c, w| group_script(c, w, |n| &mut n.stop),
        "run at the stop",
    ),
    line(
        "notify",
        "SCRIPT [USER [GROUP]]",
        |c, w| group_script(c, w, |n| &mut n.any),
        "run on any transition",
    ),
    line("smtp_alert", "[BOOL]", smtp_alert, "mail on transitions"),
    line("global_tracking", "", global_tracking, "old form of tracking on the group"),
    line(
        "sync_group_tracking_weight",
        "",
        |c, _| with(c, |g| g.group.sync_group_tracking_weight = true),
        "members may have weighted trackers",
    ),
    line("notify_priority_changes", "[BOOL]", priority_changes, "tell FIFOs of priority changes"),
];

static MEMBERS: List = List {
    entry_args: "INSTANCE...",
    whole: true,
    entry: |ctx, words| with(ctx, |group| group.group.instances.extend(words.words.iter().cloned())),
    end: |ctx| {
        if let Some(group) = ctx.draft.groups.last()
            && group.group.instances.is_empty()
        {
            let text = format!("Warning - sync group {} has empty group block", group.group.name);
            ctx.config(text);
        }
    },
};

/// Head line of `vrrp_sync_group`.
pub fn begin_sync(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let [name] = words.from(1) else {
        ctx.config("vrrp_sync_group must have a name - skipping");
        return SKIP;
    };
    if ctx.draft.groups.iter().any(|group| group.group.name == *name) {
        ctx.config(format!("vrrp sync group {name} already defined"));
        return SKIP;
    }
    ctx.draft.groups.push(GroupDraft {
        group: SyncGroup {
            name: name.clone(),
            instances: Vec::new(),
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            track_files: Vec::new(),
            track_processes: Vec::new(),
            track_bfds: Vec::new(),
            notify: NotifyScripts::default(),
            notify_priority_changes: false,
            smtp_alert: false,
            sync_group_tracking_weight: false,
        },
        listed: false,
        notify_priority_changes: None,
        smtp_alert: None,
        global_tracking: false,
    });
    GO
}

fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut GroupDraft)) -> Outcome {
    if let Some(group) = ctx.draft.groups.last_mut() {
        record(group);
    }
    GO
}

fn name(ctx: &Ctx<'_>) -> String {
    ctx.draft.groups.last().map(|group| group.group.name.clone()).unwrap_or_default()
}

fn begin_members(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let name = name(ctx);
    let Some(group) = ctx.draft.groups.last_mut() else { return SKIP };
    if group.listed {
        ctx.config(format!("Group list already specified for sync group {name}"));
        return SKIP;
    }
    group.listed = true;
    GO
}

const fn tracking(entry: Run) -> List {
    List { entry_args: "NAME [weight N [reverse|noreverse]]", whole: false, entry, end: done }
}

static TRACK_INTERFACE: List = tracking(|c, w| track(c, w, Kind::Interface));
static TRACK_SCRIPT: List = tracking(|c, w| track(c, w, Kind::Script));
static TRACK_FILE: List = tracking(|c, w| track(c, w, Kind::File));
static TRACK_PROCESS: List = tracking(|c, w| track(c, w, Kind::Process));
static TRACK_BFD: List = tracking(|c, w| track(c, w, Kind::Bfd));

fn tracked_list(group: &mut SyncGroup, kind: Kind) -> &mut Vec<Tracked> {
    match kind {
        Kind::Interface => &mut group.track_interfaces,
        Kind::Script => &mut group.track_scripts,
        Kind::File => &mut group.track_files,
        Kind::Process => &mut group.track_processes,
        Kind::Bfd => &mut group.track_bfds,
    }
}

fn track(ctx: &mut Ctx<'_>, words: &Words, kind: Kind) -> Outcome {
    let name = name(ctx);
    let mut list = match ctx.draft.groups.last_mut() {
        Some(group) => std::mem::take(tracked_list(&mut group.group, kind)),
        None => return GO,
    };
    track_objects::track(ctx, words, kind, &name, &mut list);
    with(ctx, |group| *tracked_list(&mut group.group, kind) = list)
}

fn group_script(ctx: &mut Ctx<'_>, words: &Words, which: Which) -> Outcome {
    if crate::script_line::unclosed(words, &mut ctx.sink) {
        return GO;
    }
    let first = words.need(1, &mut ctx.sink)?;
    let (name, keyword) = (name(ctx), words.keyword());
    let taken = ctx.draft.groups.last_mut().is_some_and(|group| which(&mut group.group.notify).is_some());
    if taken {
        ctx.config(format!("vrrp group {name}: {keyword} script already specified - ignoring {first}"));
        return GO;
    }
    match super::instance_notify::notify_script(ctx, words, &name, false) {
        Some(script) => with(ctx, |group| *which(&mut group.group.notify) = Some(script)),
        None => GO,
    }
}

fn smtp_alert(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match values::optional_bool(ctx, words, |word| format!("Invalid vrrp_group smtp_alert parameter {word}"))
    {
        Some(value) => with(ctx, |group| group.smtp_alert = Some(value)),
        None => GO,
    }
}

fn global_tracking(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    let text = format!(
        "({}) global_tracking is deprecated. Use track_interface/script/file on the sync group",
        name(ctx)
    );
    ctx.config(text);
    with(ctx, |group| group.global_tracking = true)
}

fn priority_changes(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let name = name(ctx);
    let complaint = |word: &str| {
        format!("({name}) Invalid value '{word}' for sync group notify_priority_changes specified")
    };
    match values::optional_bool(ctx, words, complaint) {
        Some(value) => with(ctx, |group| group.notify_priority_changes = Some(value)),
        None => GO,
    }
}

/// `garp_group`.
pub static GARP_GROUP: Block = Block {
    name: "garp_group",
    tables: &[&[
        line(
            "garp_interval",
            "SECONDS",
            |c, w| garp_delay(c, w, |g, v| g.garp_interval_us = Some(v)),
            "time between GARPs",
        ),
        line(
            "gna_interval",
            "SECONDS",
            |c, w| garp_delay(c, w, |g, v| g.gna_interval_us = Some(v)),
            "time between NAs",
        ),
        line("interface", "IF", garp_interface, "the interface"),
        Keyword {
            run: |c, _| with_garp(c, |g| g.aggregated = true),
            ..list("interfaces", &GARP_INTERFACES, "interfaces that share the limit")
        },
    ]],
    end: end_garp,
};

static GARP_INTERFACES: List = List {
    entry_args: "IF...",
    whole: true,
    entry: |ctx, words| {
        ctx.draft.garp_names.extend(words.words.iter().cloned());
        GO
    },
    end: |ctx| {
        let names = std::mem::take(&mut ctx.draft.garp_names);
        if names.is_empty() {
            ctx.config("Warning - empty garp_group interfaces block");
        }
        for interface in names {
            add_garp_interface(ctx, &interface);
        }
    },
};

/// Head line of `garp_group`.
pub fn begin_garp(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    ctx.draft.garp_group = Some(GarpGroup {
        garp_interval_us: None,
        gna_interval_us: None,
        interfaces: Vec::new(),
        aggregated: false,
    });
    GO
}

fn with_garp(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut GarpGroup)) -> Outcome {
    if let Some(group) = &mut ctx.draft.garp_group {
        record(group);
    }
    GO
}

fn garp_delay(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut GarpGroup, u64)) -> Outcome {
    let keyword = words.keyword();
    let form = Decimal::seconds(0, 2_147_483_647);
    let value = values::decimal(ctx, words, form, |word| format!("garp_group {keyword} '{word}' invalid"))?;
    match value {
        Some(value) => with_garp(ctx, |group| record(group, value)),
        None => GO,
    }
}

fn garp_interface(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let interface = words.need(1, &mut ctx.sink)?;
    add_garp_interface(ctx, interface);
    GO
}

fn add_garp_interface(ctx: &mut Ctx<'_>, interface: &str) {
    let complaint = |name: &str| format!("WARNING - interface {name} specified for garp_group doesn't exist");
    if !need_interface(ctx, interface, complaint) {
        return;
    }
    let taken = ctx
        .draft
        .config
        .garp_groups
        .iter()
        .any(|group| group.interfaces.iter().any(|known| known == interface));
    if taken {
        ctx.config(format!("garp_group already specified for {interface} - ignoring"));
        return;
    }
    let _ = with_garp(ctx, |group| group.interfaces.push(interface.to_owned()));
}

fn end_garp(ctx: &mut Ctx<'_>) {
    let Some(group) = ctx.draft.garp_group.take() else { return };
    if group.garp_interval_us.is_none() && group.gna_interval_us.is_none() {
        ctx.config(format!(
            "garp group {} does not have any delay set - removing",
            ctx.draft.config.garp_groups.len()
        ));
        ctx.sink.hint("give garp_interval or gna_interval");
        return;
    }
    ctx.draft.config.garp_groups.push(group);
}

/// `track_group`.
pub static TRACK_GROUP: Block = Block {
    name: "track_group",
    tables: &[&[list("group", &TRACK_MEMBERS, "instances that follow static objects")]],
    end: |ctx| {
        if let Some(group) = ctx.draft.track_group.take() {
            ctx.draft.config.track_groups.push(group);
        }
    },
};

static TRACK_MEMBERS: List = List {
    entry_args: "INSTANCE...",
    whole: true,
    entry: |ctx, words| {
        if let Some(group) = &mut ctx.draft.track_group {
            group.instances.extend(words.words.iter().cloned());
        }
        GO
    },
    end: |ctx| {
        if let Some(group) = &ctx.draft.track_group
            && group.instances.is_empty()
        {
            let text = format!("Warning - track group {} has empty group block", group.name);
            ctx.config(text);
        }
    },
};

/// Head line of `track_group`.
pub fn begin_track(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(name) = words.at(1) else {
        ctx.config("track_group must have a name - skipping");
        return SKIP;
    };
    if ctx.draft.config.track_groups.iter().any(|group| group.name == name) {
        ctx.config(format!("track_group {name} already defined"));
        return SKIP;
    }
    ctx.draft.track_group = Some(TrackGroup { name: name.to_owned(), instances: Vec::new() });
    GO
}

/// The rows of the three blocks, for the root table.
pub const fn sync_row() -> Keyword {
    block("vrrp_sync_group", "NAME", &SYNC_GROUP, begin_sync, "instances that move together")
}
