//! Numbers and lists.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_stats::forms::{self, Describe};
use haproxy_stats::info::{self, ProcessFacts};
use haproxy_stats::row::{Filter, collect};

use super::{Answer, Call, Command, Level};
use crate::source::text;

/// Numbers and lists.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["clear", "counters"],
        usage: "clear counters [all]",
        doc: "clear max statistics counters (or all counters)",
        level: Level::User,
        experimental: false,
        run: clear_counters,
    },
    Command {
        words: &["show", "activity"],
        usage: "show activity [-1|0|thread_num]",
        doc: "show per-thread activity stats (for support/developers)",
        level: Level::Operator,
        experimental: false,
        run: activity,
    },
    Command {
        words: &["show", "backend"],
        usage: "show backend",
        doc: "list backends in the current running config",
        level: Level::User,
        experimental: false,
        run: backends,
    },
    Command {
        words: &["show", "cli", "level"],
        usage: "show cli level",
        doc: "display the level of the current CLI session",
        level: Level::User,
        experimental: false,
        run: |call| format!("{}\n", call.session.level.name()).into(),
    },
    Command {
        words: &["show", "cli", "sockets"],
        usage: "show cli sockets",
        doc: "dump list of cli sockets",
        level: Level::User,
        experimental: false,
        run: cli_sockets,
    },
    Command {
        words: &["show", "env"],
        usage: "show env [var]",
        doc: "dump environment variables known to the process",
        level: Level::Operator,
        experimental: false,
        run: environment,
    },
    Command {
        words: &["show", "info"],
        usage: "show info [desc|json|typed|float]*",
        doc: "report information about the running process",
        level: Level::User,
        experimental: false,
        run: show_info,
    },
    Command {
        words: &["show", "startup-logs"],
        usage: "show startup-logs",
        doc: "report logs emitted during HAProxy startup",
        level: Level::User,
        experimental: false,
        run: |call| call.cx.startup_logs.clone().into(),
    },
    Command {
        words: &["show", "stat"],
        usage: "show stat [desc|json|no-maint|typed|up]*",
        doc: "report counters for each proxy and server",
        level: Level::User,
        experimental: false,
        run: show_stat,
    },
    Command {
        words: &["show", "version"],
        usage: "show version",
        doc: "show version of the current process",
        level: Level::User,
        experimental: false,
        run: |call| format!("{}\n", call.cx.about.version).into(),
    },
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Plain,
    Typed,
    Json,
}

/// Words `show info` and `show stat` share.
#[derive(Debug, Default)]
struct Options {
    form: Form,
    describe: bool,
    float: bool,
    up_only: bool,
    no_maint: bool,
}

/// One word and what it sets.
struct Row {
    word: &'static str,
    set: fn(&mut Options),
}

const WORDS: &[Row] = &[
    Row { word: "typed", set: |options| options.form = Form::Typed },
    Row { word: "json", set: |options| options.form = Form::Json },
    Row { word: "desc", set: |options| options.describe = true },
    Row { word: "float", set: |options| options.float = true },
    Row { word: "up", set: |options| options.up_only = true },
    Row { word: "no-maint", set: |options| options.no_maint = true },
];

fn options(words: &[String]) -> Options {
    let mut options = Options::default();
    for word in words {
        if let Some(row) = WORDS.iter().find(|row| row.word == word) {
            (row.set)(&mut options);
        }
    }
    options
}

fn describe(options: &Options) -> Describe {
    if options.describe { Describe::Yes } else { Describe::No }
}

fn show_info(call: &mut Call<'_>) -> Answer {
    let options = options(&call.args);
    let live = call.live();
    let facts = ProcessFacts { float: options.float, ..live.process_facts(call.cx.about, &call.cx.idle) };
    // the empty line at the end is the answer's own
    let text = match options.form {
        Form::Plain => info::plain(&facts, describe(&options)),
        Form::Typed => info::typed(&facts, describe(&options)),
        Form::Json => return info::json(&facts).into(),
    };
    (text.trim_end_matches('\n').to_owned() + "\n").into()
}

fn show_stat(call: &mut Call<'_>) -> Answer {
    let options = options(&call.args);
    let mut filter = Filter { up_only: options.up_only, no_maint: options.no_maint, ..Filter::default() };
    let first = call.arg(0);
    if let Some(px) = call.backend(first).or_else(|| call.frontend(first)) {
        filter.iid = i64::from(px.uuid);
    } else if let Ok(iid) = first.parse() {
        filter.iid = iid;
    }
    if let (Ok(kinds), Ok(sid)) = (call.arg(1).parse(), call.arg(2).parse()) {
        (filter.kinds, filter.sid) = (kinds, sid);
    }
    let rows = collect(&call.live(), &filter);
    let text = match options.form {
        Form::Plain => forms::csv(&rows),
        Form::Typed => forms::typed(&rows, describe(&options)),
        Form::Json => return forms::json(&rows).into(),
    };
    (text.trim_end_matches('\n').to_owned() + "\n").into()
}

fn clear_counters(call: &mut Call<'_>) -> Answer {
    for px in &call.snapshot.proxies {
        let live = &px.live;
        live.frontend_sessions_max.store(live.frontend_sessions.load(Relaxed), Relaxed);
        live.backend_sessions_max.store(live.backend_sessions.load(Relaxed), Relaxed);
        live.queue.length().clear_max();
        for counters in live.frontend.iter() {
            counters.current_max.set(0);
            let rates = [&counters.connection_rate, &counters.session_rate, &counters.request_rate];
            rates.into_iter().for_each(|rate| rate.clear_max());
        }
        for counters in live.backend.iter() {
            counters.current_max.set(0);
            clear_upstream(&counters.upstream);
        }
        for server in &px.servers {
            server.live.clear_current_max();
            server.live.queue.clear_max();
            server.live.counters.iter().for_each(|counters| clear_upstream(&counters.upstream));
        }
    }
    for counters in call.cx.process.counters.iter() {
        let rates = [&counters.connection_rate, &counters.session_rate, &counters.tls_rate];
        rates.into_iter().for_each(|rate| rate.clear_max());
    }
    "".into()
}

fn clear_upstream(upstream: &haproxy_stats::objects::Upstream) {
    upstream.session_rate.clear_max();
    let times = [&upstream.queue_time, &upstream.connect_time, &upstream.response_time, &upstream.total_time];
    times.into_iter().for_each(|time| time.clear_max());
}

fn activity(call: &mut Call<'_>) -> Answer {
    let process = &call.cx.process;
    let mut out = format!("thread_id: 1 (1..{})\n", process.threads);
    let each = |out: &mut String, name: &str, read: &dyn Fn(usize) -> u64| {
        let values: Vec<u64> = (0..process.threads).map(read).collect();
        let list: Vec<String> = values.iter().map(u64::to_string).collect();
        let _ = writeln!(out, "{name}: {} [ {} ]", values.iter().sum::<u64>(), list.join(" "));
    };
    each(&mut out, "accepted", &|thread| process.counters.at(thread).connections.load());
    each(&mut out, "streams", &|thread| process.counters.at(thread).streams_total.load());
    each(&mut out, "connections", &|thread| {
        u64::from(process.loads.get(thread).map_or(0, |load| load.load(Relaxed)))
    });
    out.into()
}

fn backends(call: &mut Call<'_>) -> Answer {
    let mut out = String::from("# name\n");
    for px in call.snapshot.proxies.iter().filter(|px| px.role.is_backend()) {
        let _ = writeln!(out, "{}", text(&px.name));
    }
    out.into()
}

fn cli_sockets(call: &mut Call<'_>) -> Answer {
    let mut out = String::from("# socket lvl processes\n");
    for (socket, level) in &call.cx.sockets {
        let _ = writeln!(out, "{socket} {} all", level.name());
    }
    out.into()
}

fn environment(call: &mut Call<'_>) -> Answer {
    let wanted = call.arg(0);
    let mut out = String::new();
    for (name, value) in call.cx.environment.load().iter() {
        if wanted.is_empty() || name == wanted {
            let _ = writeln!(out, "{name}={value}");
        }
    }
    if out.is_empty() && !wanted.is_empty() {
        return "Variable not found\n".into();
    }
    out.into()
}
