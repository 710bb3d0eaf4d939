//! What goes on inside: descriptors, memory, threads, events.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use super::{Answer, Call, Command, Level};

/// What goes on inside.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["show", "events"],
        usage: "show events [<sink>] [-w] [-n] [-0]",
        doc: "show event sink state",
        level: Level::Operator,
        experimental: false,
        run: events,
    },
    Command {
        words: &["show", "fd"],
        usage: "show fd [-!plcfbs]* [[<tgid>]/[<fd>] | <fd>]",
        doc: "dump list of file descriptors in use or a specific one",
        level: Level::Operator,
        experimental: false,
        run: descriptors,
    },
    Command {
        words: &["show", "pools"],
        usage: "show pools [by*] [match <pfx>] [nb]",
        doc: "report information about the memory pools usage",
        level: Level::Operator,
        experimental: false,
        run: pools,
    },
    Command {
        words: &["show", "profiling"],
        usage: "show profiling [<what>|<#lines>|<opts>]*",
        doc: "show profiling state (all,status,tasks,memory)",
        level: Level::Operator,
        experimental: false,
        run: profiling,
    },
    Command {
        words: &["show", "table"],
        usage: "show table <table> [<filter>]*",
        doc: "report table usage stats or dump this table's contents (use fd, data, key, ptr)",
        level: Level::Operator,
        experimental: false,
        run: |call| if call.arg(0).is_empty() { "".into() } else { "No such table\n".into() },
    },
    Command {
        words: &["clear", "table"],
        usage: "clear table <table> [<filter>]*",
        doc: "remove an entry from a table (filter: data/key/ptr)",
        level: Level::Admin,
        experimental: false,
        run: |call| if call.arg(0).is_empty() { "\"table\" only\n".into() } else { "No such table\n".into() },
    },
    Command {
        words: &["show", "threads"],
        usage: "show threads",
        doc: "show some threads debugging information",
        level: Level::Operator,
        experimental: false,
        run: threads,
    },
];

fn events(call: &mut Call<'_>) -> Answer {
    let dropped = call.cx.process.log.dropped.load(Relaxed);
    match call.arg(0) {
        "" => format!(
            "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n    \
             stdout     : type=fd, {dropped} dropped, standard output (fd#1)\n    \
             stderr     : type=fd, {dropped} dropped, standard output (fd#2)\n    \
             buf0       : type=buffer, 0 dropped, in-memory ring buffer\n"
        )
        .into(),
        "buf0" => call.cx.process.log.events().concat().into(),
        "stdout" | "stderr" => "Nothing to report for this sink\n".into(),
        _ => "No such event sink\n".into(),
    }
}

/// One line for each open descriptor: its number and what the system says it is.
fn descriptors(call: &mut Call<'_>) -> Answer {
    let wanted = call.args.iter().find(|word| !word.starts_with(['-', '!']));
    let wanted: Option<u32> =
        wanted.map(|word| word.rsplit('/').next().unwrap_or_default()).and_then(|word| word.parse().ok());
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return "The system does not list file descriptors here.\n".into();
    };
    let mut lines: Vec<(u32, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let fd = entry.file_name().to_string_lossy().parse::<u32>().ok()?;
            let target = std::fs::read_link(entry.path()).ok()?;
            Some((fd, target.to_string_lossy().into_owned()))
        })
        .filter(|(fd, _)| wanted.is_none_or(|wanted| wanted == *fd))
        .collect();
    lines.sort();
    lines.iter().fold(String::new(), |out, (fd, target)| format!("{out}{fd:7} : owner={target}\n")).into()
}

fn pools(call: &mut Call<'_>) -> Answer {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Vec<u64> = status.split(' ').filter_map(|word| word.trim().parse().ok()).collect();
    let page = 4096;
    let (size, resident) = (pages.first().unwrap_or(&0) * page, pages.get(1).unwrap_or(&0) * page);
    let bufsize = call.snapshot.global.bufsize;
    format!(
        "Dumping pools usage. Memory comes from the system's allocator; buffers are kept per thread.\n  \
         - Pool buffer ({bufsize} bytes) : see 'show info' for connections and streams\n\
         Total: 1 pools, {size} bytes allocated, {resident} used.\n"
    )
    .into()
}

fn profiling(_: &mut Call<'_>) -> Answer {
    "Per-task CPU profiling              : off           # use the system's profilers\n\
     Memory usage profiling              : off           # use the system's profilers\n"
        .into()
}

fn threads(call: &mut Call<'_>) -> Answer {
    let process = &call.cx.process;
    let mut out = String::new();
    for thread in 0..process.threads {
        let counters = process.counters.at(thread);
        let load = process.loads.get(thread).map_or(0, |load| load.load(Relaxed));
        let _ = writeln!(
            out,
            "{} Thread {:<2}: act={} connections={load} accepted={} requests={} panics={}",
            if thread == 0 { '*' } else { ' ' },
            thread + 1,
            u8::from(load > 0),
            counters.connections.load(),
            counters.requests.load(),
            counters.panics.load(),
        );
    }
    out.into()
}
