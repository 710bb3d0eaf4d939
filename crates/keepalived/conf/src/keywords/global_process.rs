//! `global_defs`: scheduling of the processes and receive buffers.

use crate::model::{Buffer, Buffers, ProcessScheduling};
use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, Outcome, line};
use crate::words::Words;

use super::values::{self, global_bool};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line(
        "max_auto_priority",
        "[-1-99]",
        max_auto_priority,
        "highest real-time priority a late process may take",
    ),
    line("min_auto_priority_delay", "MICROSECONDS", min_auto_priority_delay, "how late is late"),
    line("vrrp_priority", "-20-19", |c, w| priority(c, w, &VRRP), "nice value of the vrrp process"),
    line("vrrp_no_swap", "", |c, _| no_swap(c, &VRRP), "keep the vrrp process in memory"),
    line(
        "vrrp_rt_priority",
        "1-99",
        |c, w| rt_priority(c, w, &VRRP),
        "real-time priority of the vrrp process",
    ),
    line("vrrp_cpu_affinity", "CPU...", |c, w| cpu_affinity(c, w, &VRRP), "processors of the vrrp process"),
    line(
        "vrrp_rlimit_rttime",
        "MICROSECONDS",
        |c, w| rlimit(c, w, &VRRP),
        "CPU time between blocking calls of the vrrp process",
    ),
    line("vrrp_rlimit_rtime", "MICROSECONDS", |c, w| rlimit(c, w, &VRRP), "old form of vrrp_rlimit_rttime"),
    line("checker_priority", "-20-19", |c, w| priority(c, w, &CHECKER), "nice value of the checker process"),
    line("checker_no_swap", "", |c, _| no_swap(c, &CHECKER), "keep the checker process in memory"),
    line(
        "checker_rt_priority",
        "1-99",
        |c, w| rt_priority(c, w, &CHECKER),
        "real-time priority of the checker process",
    ),
    line(
        "checker_cpu_affinity",
        "CPU...",
        |c, w| cpu_affinity(c, w, &CHECKER),
        "processors of the checker process",
    ),
    line(
        "checker_rlimit_rttime",
        "MICROSECONDS",
        |c, w| rlimit(c, w, &CHECKER),
        "CPU time between blocking calls of the checker process",
    ),
    line(
        "checker_rlimit_rtime",
        "MICROSECONDS",
        |c, w| rlimit(c, w, &CHECKER),
        "old form of checker_rlimit_rttime",
    ),
    line("bfd_priority", "-20-19", |c, w| priority(c, w, &BFD), "nice value of the bfd process"),
    line("bfd_no_swap", "", |c, _| no_swap(c, &BFD), "keep the bfd process in memory"),
    line("bfd_rt_priority", "1-99", |c, w| rt_priority(c, w, &BFD), "real-time priority of the bfd process"),
    line("bfd_cpu_affinity", "CPU...", |c, w| cpu_affinity(c, w, &BFD), "processors of the bfd process"),
    line(
        "bfd_rlimit_rttime",
        "MICROSECONDS",
        |c, w| rlimit(c, w, &BFD),
        "CPU time between blocking calls of the bfd process",
    ),
    line("bfd_rlimit_rtime", "MICROSECONDS", |c, w| rlimit(c, w, &BFD), "old form of bfd_rlimit_rttime"),
    line(
        "vrrp_netlink_cmd_rcv_bufs",
        "BYTES",
        |c, w| buffer(c, w, |b| &mut b.vrrp_netlink_cmd),
        "receive buffer of the vrrp command socket",
    ),
    line(
        "vrrp_netlink_cmd_rcv_bufs_force",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.buffers.vrrp_netlink_cmd.force = v),
        "beyond rmem_max",
    ),
    line(
        "vrrp_netlink_monitor_rcv_bufs",
        "BYTES",
        |c, w| buffer(c, w, |b| &mut b.vrrp_netlink_monitor),
        "receive buffer of the vrrp monitor socket",
    ),
    line(
        "vrrp_netlink_monitor_rcv_bufs_force",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.buffers.vrrp_netlink_monitor.force = v),
        "beyond rmem_max",
    ),
    line(
        "lvs_netlink_cmd_rcv_bufs",
        "BYTES",
        |c, w| buffer(c, w, |b| &mut b.lvs_netlink_cmd),
        "receive buffer of the checker command socket",
    ),
    line(
        "lvs_netlink_cmd_rcv_bufs_force",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.buffers.lvs_netlink_cmd.force = v),
        "beyond rmem_max",
    ),
    line(
        "lvs_netlink_monitor_rcv_bufs",
        "BYTES",
        |c, w| buffer(c, w, |b| &mut b.lvs_netlink_monitor),
        "receive buffer of the checker monitor socket",
    ),
    line(
        "lvs_netlink_monitor_rcv_bufs_force",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.buffers.lvs_netlink_monitor.force = v),
        "beyond rmem_max",
    ),
    line(
        "process_monitor_rcv_bufs",
        "BYTES",
        |c, w| buffer(c, w, |b| &mut b.process_monitor),
        "receive buffer of the process monitor",
    ),
    line(
        "process_monitor_rcv_bufs_force",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.buffers.process_monitor.force = v),
        "beyond rmem_max",
    ),
];

/// One of the three processes: its name in complaints and its settings.
struct Process {
    name: &'static str,
    of: for<'a> fn(&'a mut Ctx<'_>) -> &'a mut ProcessScheduling,
}

static VRRP: Process = Process { name: "vrrp", of: |c| &mut c.draft.config.global.vrrp_process };
static CHECKER: Process = Process { name: "checker", of: |c| &mut c.draft.config.global.checker_process };
static BFD: Process = Process { name: "bfd", of: |c| &mut c.draft.config.global.bfd_process };

fn max_auto_priority(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(word) = words.at(1) else {
        ctx.draft.config.global.auto_priority.max = Some(99);
        return GO;
    };
    match number::signed(&mut ctx.sink, word, -1, 99) {
        Some(value) => ctx.draft.config.global.auto_priority.max = Some(value),
        None => {
            ctx.config(format!("max_auto_priority '{word}' must be in [0, 99] (or -1 to disable) - ignoring"))
        }
    }
    GO
}

fn min_auto_priority_delay(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let Some(word) = words.at(1) else {
        ctx.config("min_auto_priority_delay requires delay time");
        return GO;
    };
    match number::signed(&mut ctx.sink, word, 1, 10_000_000).and_then(|value| u32::try_from(value).ok()) {
        Some(value) => ctx.draft.config.global.auto_priority.min_delay_us = Some(value),
        None => ctx.config(format!("min_auto_priority_delay '{word}' must be in [1, 10000000] - ignoring")),
    }
    GO
}

fn priority(ctx: &mut Ctx<'_>, words: &Words, process: &Process) -> Outcome {
    let Some(word) = words.at(1) else {
        ctx.config(format!("No {} process priority specified", process.name));
        return GO;
    };
    match number::signed(&mut ctx.sink, word, -20, 19) {
        Some(value) => (process.of)(ctx).priority = Some(value),
        None => ctx.config(format!("Invalid {} process priority specified", process.name)),
    }
    GO
}

fn no_swap(ctx: &mut Ctx<'_>, process: &Process) -> Outcome {
    (process.of)(ctx).no_swap = true;
    GO
}

fn rt_priority(ctx: &mut Ctx<'_>, words: &Words, process: &Process) -> Outcome {
    let name = process.name;
    let Some(word) = words.at(1) else {
        ctx.config(format!("No {name} process real-time priority specified"));
        return GO;
    };
    let value = match number::signed(&mut ctx.sink, word, i32::MIN, i32::MAX) {
        None => {
            ctx.config(format!("{name} process real-time priority '{word}' invalid"));
            return GO;
        }
        Some(value) if value < 1 => {
            ctx.config(format!(
                "{name} process real-time priority {word} less than minimum 1 - setting to minimum"
            ));
            1
        }
        Some(value) if value > 99 => {
            ctx.config(format!(
                "{name} process real-time priority {word} greater than maximum 99 - setting to maximum"
            ));
            99
        }
        Some(value) => value.unsigned_abs(),
    };
    (process.of)(ctx).rt_priority = Some(value);
    GO
}

fn cpu_affinity(ctx: &mut Ctx<'_>, words: &Words, process: &Process) -> Outcome {
    let name = process.name;
    if words.len() == 1 {
        ctx.config(format!("No {name} cpu_id set specified"));
        return GO;
    }
    let last = i32::try_from(ctx.provider.cpus()).unwrap_or(1) - 1;
    for word in words.from(1) {
        match number::signed(&mut ctx.sink, word, 0, last).and_then(|cpu| u32::try_from(cpu).ok()) {
            Some(cpu) => (process.of)(ctx).cpu_affinity.push(cpu),
            None => {
                // the original names the number as far as it could read it
                let end = word.find(|c: char| !(c == '-' || c.is_ascii_digit())).unwrap_or(word.len());
                let read = word[..end].parse::<i64>().map_or(0, |value| value as i32);
                ctx.config(format!("Invalid cpu_id:{read} specified for {name} process"));
                return GO;
            }
        }
    }
    GO
}

fn rlimit(ctx: &mut Ctx<'_>, words: &Words, process: &Process) -> Outcome {
    let name = process.name;
    let complaint = |word: &str| format!("Invalid {name} real-time limit - {word}");
    if let Some(value) = values::number(ctx, words, (1, u32::MAX), complaint)? {
        (process.of)(ctx).rlimit_rttime_us = Some(value);
    }
    GO
}

fn buffer(ctx: &mut Ctx<'_>, words: &Words, which: fn(&mut Buffers) -> &mut Buffer) -> Outcome {
    let keyword = words.keyword();
    let Some(word) = words.at(1) else {
        ctx.config(format!("{keyword} size missing"));
        return GO;
    };
    match number::unsigned(&mut ctx.sink, word, 0, u32::MAX) {
        Some(size) => which(&mut ctx.draft.config.global.buffers).size = Some(size),
        None => ctx.config(format!("{keyword} size ({word}) invalid")),
    }
    GO
}
