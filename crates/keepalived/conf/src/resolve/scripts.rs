//! Scripts: whether they exist, who could change them, and whether anybody runs them.

use std::path::{Component, Path, PathBuf};

use crate::diag::Rank;
use crate::draft::{GroupDraft, ScriptDraft};
use crate::model::{Script, VrrpInstance, VrrpScript};
use crate::parse::Ctx;
use crate::provider::{FileKind, Stat};

/// Where a program without a slash is looked for.
const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What a look at a script found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Fine,
    Insecure,
    Missing,
}

/// The parent's own scripts.
pub fn parent(ctx: &mut Ctx<'_>) {
    let scripts = &ctx.draft.config.global.scripts;
    let there =
        |script: &Option<Script>| script.as_ref().is_some_and(|script| judge(ctx, script) != Found::Missing);
    let any = there(&scripts.startup_script) || there(&scripts.shutdown_script);
    if any && !scripts.script_security {
        violation(ctx, "start/shutdown scripts", false);
    }
}

/// Scripts that instances and groups track or run.
pub fn check_tracked(ctx: &mut Ctx<'_>, instances: &mut [VrrpInstance], groups: &mut [GroupDraft]) {
    let security = ctx.draft.config.global.scripts.script_security;
    let mut insecure = false;
    let mut used = false;
    if instances.is_empty() {
        return;
    }
    for draft in std::mem::take(&mut ctx.draft.scripts) {
        let tracked = instances.iter().any(|i| i.track_scripts.iter().any(|t| t.name == draft.name))
            || groups.iter().any(|g| g.group.track_scripts.iter().any(|t| t.name == draft.name));
        let Some(script) = whole(draft) else { continue };
        match judge(ctx, &script.script) {
            Found::Fine => {}
            Found::Missing => {
                ctx.config(format!("Disabling track script {} since not found/accessible", script.name));
                ctx.sink.hint(format!(
                    "{} must exist and be executable; instances go on without it",
                    script.script.argv[0]
                ));
                forget(&script.name, instances, groups);
                continue;
            }
            Found::Insecure if security || is_directory(ctx, &script.script) => {
                ctx.config(format!("Disabling track script {} due to insecure", script.name));
                ctx.sink.hint(
                    "the script and each directory above it must belong to root and be writable by root only",
                );
                forget(&script.name, instances, groups);
                continue;
            }
            Found::Insecure => insecure = true,
        }
        used = true;
        if tracked {
            ctx.draft.config.scripts.push(script);
        }
    }
    let mut notify = |ctx: &mut Ctx<'_>, script: &Option<Script>| {
        if let Some(script) = script {
            let found = judge(ctx, script);
            used |= found != Found::Missing;
            insecure |= found == Found::Insecure;
        }
    };
    let sets: Vec<crate::model::NotifyScripts> = instances
        .iter()
        .filter_map(|instance| instance.notify.as_deref().cloned())
        .chain(groups.iter().map(|group| group.group.notify.clone()))
        .collect();
    for set in &sets {
        for script in [
            &set.master,
            &set.backup,
            &set.fault,
            &set.stop,
            &set.deleted,
            &set.master_rx_lower_pri,
            &set.any,
        ] {
            notify(ctx, script);
        }
    }
    let fifos = ctx.draft.config.global.fifos.clone();
    notify(ctx, &fifos.vrrp.script);
    notify(ctx, &fifos.all.script);
    if used && !security {
        violation(ctx, "scripts", insecure);
    }
}

/// `enable_script_security` is missing though scripts run.
pub fn violation(ctx: &mut Ctx<'_>, what: &str, insecure: bool) {
    let end = if insecure { " There are insecure scripts." } else { "" };
    ctx.sink.say(
        Rank::Security,
        format!("SECURITY VIOLATION - {what} are being executed but script_security not enabled.{end}"),
    );
    ctx.sink.hint("write enable_script_security and script_user in global_defs");
}

/// Whether a script is there to be run.
pub fn exists(ctx: &Ctx<'_>, script: &Script) -> bool {
    judge(ctx, script) != Found::Missing
}

/// Whether a checker's script could be changed by others.
pub fn is_insecure(ctx: &Ctx<'_>, script: &Script) -> bool {
    judge(ctx, script) == Found::Insecure
}

fn whole(draft: ScriptDraft) -> Option<VrrpScript> {
    Some(VrrpScript {
        name: draft.name,
        script: Script { argv: draft.argv?, user: draft.user? },
        interval_us: draft.interval_us,
        timeout_us: draft.timeout_us,
        weight: draft.weight,
        reverse: draft.reverse,
        rise: draft.rise,
        fall: draft.fall,
        init_fail: draft.init_fail,
    })
}

fn forget(name: &str, instances: &mut [VrrpInstance], groups: &mut [GroupDraft]) {
    for instance in instances {
        instance.track_scripts.retain(|tracked| tracked.name != name);
    }
    for group in groups {
        group.group.track_scripts.retain(|tracked| tracked.name != name);
    }
}

fn is_directory(ctx: &Ctx<'_>, script: &Script) -> bool {
    let path = Path::new(&script.argv[0]);
    path.is_absolute() && ctx.provider.stat(path).is_ok_and(|stat| stat.kind == FileKind::Directory)
}

fn judge(ctx: &Ctx<'_>, script: &Script) -> Found {
    let Some(program) = script.argv.first() else { return Found::Missing };
    let path = if program.starts_with('/') {
        PathBuf::from(program)
    } else if program.contains('/') {
        // relative to a directory that nobody knows yet
        return Found::Fine;
    } else {
        let found = PATH.iter().map(|directory| Path::new(directory).join(program)).find(|path| {
            ctx.provider.stat(path).is_ok_and(|stat| stat.kind == FileKind::File && stat.mode & 0o111 != 0)
        });
        match found {
            Some(path) => path,
            None => return Found::Missing,
        }
    };
    let Ok(path) = ctx.provider.real_path(&path) else { return Found::Missing };
    let Ok(stat) = ctx.provider.stat(&path) else { return Found::Missing };
    if stat.kind == FileKind::Directory {
        return Found::Insecure;
    }
    if script.user.uid != 0 && stat.mode & 0o6000 == 0 {
        return Found::Fine;
    }
    let executable = stat.mode & 0o111 != 0;
    if executable && (open_to_others(stat) || above_is_open(ctx, &path)) {
        Found::Insecure
    } else {
        Found::Fine
    }
}

fn open_to_others(stat: Stat) -> bool {
    stat.uid != 0 || stat.mode & 0o002 != 0 || stat.gid != 0 && stat.mode & 0o020 != 0
}

fn above_is_open(ctx: &Ctx<'_>, path: &Path) -> bool {
    let mut directory = PathBuf::new();
    let parent = path.parent().unwrap_or(Path::new("/"));
    for component in parent.components() {
        match component {
            Component::RootDir => directory.push("/"),
            Component::Normal(name) => directory.push(name),
            _ => {}
        }
        // a sticky directory does not let others replace what is root's
        if ctx.provider.stat(&directory).is_ok_and(|stat| open_to_others(stat) && stat.mode & 0o1000 == 0) {
            return true;
        }
    }
    false
}
