//! Scripts, files and processes in `keepalived.data`.

use std::fmt::Write;

use keepalived_conf::model::{Script, Tracked};
use keepalived_vrrp::script::{Run, Verdict};

use super::View;

/// A command line with every word in quotes, the program without symbolic links.
pub fn command(script: &Script) -> String {
    let real = script.argv.first().and_then(|program| std::fs::canonicalize(program).ok());
    let real = real.map(|path| path.to_string_lossy().into_owned());
    let first = real.or_else(|| script.argv.first().cloned());
    let words: Vec<String> =
        first.iter().chain(script.argv.iter().skip(1)).map(|word| format!("'{word}'")).collect();
    words.join(" ")
}

/// The three sections.
pub fn text(view: &View<'_>) -> String {
    let mut text = String::new();
    scripts(&mut text, view);
    files(&mut text, view);
    processes(&mut text, view);
    text
}

fn scripts(text: &mut String, view: &View<'_>) {
    if view.config.scripts.is_empty() {
        return;
    }
    text.push_str("------< VRRP Scripts >------\n");
    for (machine, config) in view.router.scripts().iter().zip(&view.config.scripts) {
        let status = if machine.verdict() == Verdict::Good { "GOOD" } else { "BAD" };
        let state = match machine.run() {
            Run::Idle => "idle",
            Run::Running(_) => "running",
            Run::Terminating(_) => "requested termination",
            Run::Killing(_) => "forcing termination",
        };
        let user = config.script.user;
        let reverse = if config.reverse { " reverse" } else { "" };
        let _ = write!(
            text,
            " VRRP Script = {}\n   Command = {}\n   Interval = {} sec\n   Timeout = {} sec\n   Weight = {}{reverse}\n   \
             Rise = {}\n   Fall = {}\n   Result = {}\n   Insecure = no\n   Init state = {}\n   Status = {status}\n   \
             Script uid:gid = {}:{}\n   VRRP instances :\n   Tracking instances :\n",
            config.name,
            command(&config.script),
            seconds(config.interval_us),
            seconds(config.timeout_us),
            config.weight,
            config.rise,
            config.fall,
            machine.result(),
            if config.init_fail { "failed" } else { "unknown" },
            user.uid,
            user.gid,
        );
        tracking(text, view, &config.name, |kind| kind.scripts);
        let _ = writeln!(text, "   State = {state}");
    }
}

fn files(text: &mut String, view: &View<'_>) {
    if view.config.track_files.is_empty() {
        return;
    }
    text.push_str("------< VRRP Track files >------\n");
    for (value, config) in view.router.file_values().iter().zip(&view.config.track_files) {
        let _ = write!(
            text,
            " Track file = {}\n   File = {}\n   Status = {value}\n   Weight = {}\n   Tracking instances :\n",
            config.name, config.file, config.weight
        );
        tracking(text, view, &config.name, |kind| kind.files);
    }
}

fn processes(text: &mut String, view: &View<'_>) {
    if view.config.track_processes.is_empty() {
        return;
    }
    text.push_str("------< VRRP Track processes >------\n");
    for (machine, config) in view.router.processes().iter().zip(&view.config.track_processes) {
        let _ = write!(text, " VRRP Track process = {}\n   Process = {}\n", config.name, config.process);
        if !config.params.is_empty() {
            let _ = writeln!(text, "   Parameters = {}", config.params.join(" "));
        }
        let _ = writeln!(text, "   Min processes = {}", config.quorum);
        if let Some(max) = config.quorum_max {
            let _ = writeln!(text, "   Max processes = {max}");
        }
        let _ = write!(
            text,
            "   Current processes = {}\n   Have quorum = {}\n   Weight = {}\n   Terminate delay = {:.6}s\n   \
             Fork delay = {:.6}s\n   Fork delay timer not running\n   Terminate delay timer not running\n   \
             Full command = {}\n   Tracking instances :\n",
            machine.count(),
            machine.has_quorum(),
            config.weight,
            config.terminate_delay_us as f64 / 1e6,
            config.fork_delay_us as f64 / 1e6,
            config.full_command,
        );
        tracking(text, view, &config.name, |kind| kind.processes);
    }
}

/// The trackers of an instance or a group, side by side.
struct Lists<'a> {
    scripts: &'a [Tracked],
    files: &'a [Tracked],
    processes: &'a [Tracked],
}

/// Instances that track a thing by themselves, then those that do so through their group.
fn tracking(
    text: &mut String,
    view: &View<'_>,
    name: &str,
    pick: impl for<'a> Fn(&'a Lists<'a>) -> &'a [Tracked],
) {
    for instance in &view.config.instances {
        let lists = Lists {
            scripts: &instance.track_scripts,
            files: &instance.track_files,
            processes: &instance.track_processes,
        };
        entries(text, pick(&lists), name, std::slice::from_ref(&instance.name));
    }
    for group in &view.config.sync_groups {
        let lists = Lists {
            scripts: &group.track_scripts,
            files: &group.track_files,
            processes: &group.track_processes,
        };
        entries(text, pick(&lists), name, &group.instances);
    }
}

fn entries(text: &mut String, list: &[Tracked], name: &str, instances: &[String]) {
    for track in list.iter().filter(|track| track.name == name) {
        let reverse = if track.reverse { " reverse" } else { "" };
        for instance in instances {
            let _ = writeln!(text, "     {instance}, weight {}{reverse}", track.weight);
        }
    }
}

/// Seconds, with a fraction only if there is one.
fn seconds(us: u64) -> String {
    if us.is_multiple_of(1_000_000) { (us / 1_000_000).to_string() } else { (us as f64 / 1e6).to_string() }
}
