//! Commands about the connection itself, and variables.

use std::time::Duration;

use common_base::duration::{TimeUnit, parse_time};
use haproxy_expr::vars::SharedValue;

use super::{Answer, Call, Command, Level, Prompt, registry};

/// Commands about the connection itself, and variables.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["help"],
        usage: "help [<command>]",
        doc: "list matching or all commands",
        level: Level::User,
        experimental: false,
        run: help,
    },
    Command {
        words: &["prompt"],
        usage: "prompt [help | n | i | p | timed]*",
        doc: "toggle interactive mode with prompt",
        level: Level::User,
        experimental: false,
        run: prompt,
    },
    Command {
        words: &["quit"],
        usage: "quit",
        doc: "disconnect",
        level: Level::User,
        experimental: false,
        run: quit,
    },
    Command {
        words: &["user"],
        usage: "user",
        doc: "lower the level of the current CLI session to user",
        level: Level::User,
        experimental: false,
        run: |call| lower(call, Level::User),
    },
    Command {
        words: &["operator"],
        usage: "operator",
        doc: "lower the level of the current CLI session to operator",
        level: Level::User,
        experimental: false,
        run: |call| lower(call, Level::Operator),
    },
    Command {
        words: &["expert-mode"],
        usage: "expert-mode [on|off]",
        doc: "change expert mode",
        level: Level::Admin,
        experimental: false,
        run: expert_mode,
    },
    Command {
        words: &["experimental-mode"],
        usage: "experimental-mode [on|off]",
        doc: "change experimental mode",
        level: Level::Admin,
        experimental: false,
        run: experimental_mode,
    },
    Command {
        words: &["echo"],
        usage: "echo [text]*",
        doc: "print the given text",
        level: Level::User,
        experimental: false,
        run: |call| (call.args.join(" ") + "\n").into(),
    },
    Command {
        words: &["wait"],
        usage: "wait {-h|<delay_ms>} cond [args...]",
        doc: "wait the specified delay or condition",
        level: Level::User,
        experimental: false,
        run: wait,
    },
    Command {
        words: &["set", "timeout"],
        usage: "set timeout [cli] <delay>",
        doc: "change a timeout setting",
        level: Level::User,
        experimental: false,
        run: set_timeout,
    },
    Command {
        words: &["get", "var"],
        usage: "get var <name>",
        doc: "retrieve contents of a process-wide variable",
        level: Level::Admin,
        experimental: false,
        run: get_var,
    },
    Command {
        words: &["set", "var"],
        usage: "set var <name>[,<cond>...] {expr <expr>|fmt <fmt>}",
        doc: "set variable from an expression/format",
        level: Level::Admin,
        experimental: true,
        run: set_var,
    },
];

fn help(call: &mut Call<'_>) -> Answer {
    registry::help(&call.args, call.session).into()
}

/// Modes of the prompt.
const PROMPT_HELP: &str = "Usage: prompt [help | n | i | p | timed]*\n  n     : non-interactive mode\n  \
     i     : interactive mode without a prompt\n  p     : interactive mode with a prompt\n  \
     timed : toggle displaying the time in the prompt\n";

fn prompt(call: &mut Call<'_>) -> Answer {
    let session = &mut *call.session;
    if call.args.is_empty() {
        session.prompt = if session.prompt == Prompt::Shown { Prompt::Off } else { Prompt::Shown };
    }
    for word in &call.args {
        match word.as_str() {
            "n" => session.prompt = Prompt::Off,
            "i" => session.prompt = Prompt::Silent,
            "p" => session.prompt = Prompt::Shown,
            "timed" => {
                session.prompt = Prompt::Shown;
                session.timed = !session.timed;
            }
            _ => return PROMPT_HELP.into(),
        }
    }
    "".into()
}

fn quit(call: &mut Call<'_>) -> Answer {
    call.session.closing = true;
    "".into()
}

fn lower(call: &mut Call<'_>, level: Level) -> Answer {
    call.session.level = call.session.level.min(level);
    "".into()
}

fn switch(flag: &mut bool, word: &str, name: &str) -> Answer {
    match word {
        "" => format!("{name} is {}\n", if *flag { "ON" } else { "OFF" }).into(),
        word => {
            *flag = word == "on";
            "".into()
        }
    }
}

fn expert_mode(call: &mut Call<'_>) -> Answer {
    let word = call.arg(0).to_owned();
    switch(&mut call.session.expert, &word, "expert-mode")
}

fn experimental_mode(call: &mut Call<'_>) -> Answer {
    let word = call.arg(0).to_owned();
    switch(&mut call.session.experimental, &word, "experimental-mode")
}

/// Longest time `wait` takes.
const WAIT_MAX: Duration = Duration::from_secs(3600);

fn wait(call: &mut Call<'_>) -> Answer {
    let usage = "Usage: wait {-h|<duration>} [condition [args...]]\n";
    match parse_time(call.arg(0).as_bytes(), TimeUnit::Millisecond, TimeUnit::Millisecond) {
        Ok(time) => Answer::After(Duration::from_millis(u64::from(time.value)).min(WAIT_MAX)),
        Err(_) => usage.into(),
    }
}

fn set_timeout(call: &mut Call<'_>) -> Answer {
    if call.arg(0) != "cli" {
        return "'set timeout' only supports 'cli'.\n".into();
    }
    match call.arg(1).parse::<u64>() {
        Ok(seconds) if seconds > 0 => {
            call.session.timeout = Duration::from_secs(seconds);
            "".into()
        }
        Ok(_) | Err(_) => "Invalid timeout value.\n".into(),
    }
}

fn get_var(call: &mut Call<'_>) -> Answer {
    let name = call.arg(0);
    if name.is_empty() {
        return "get var needs a name\n".into();
    }
    let value = call.cx.vars.find(name).and_then(|id| call.snapshot.process_vars.value(id));
    let (kind, text) = match value {
        None => return "Variable not found.\n".into(),
        Some(SharedValue::Bool(value)) => ("bool", u8::from(value).to_string()),
        Some(SharedValue::Int(value)) => ("sint", value.to_string()),
        Some(SharedValue::Addr(addr)) => (if addr.is_ipv4() { "ipv4" } else { "ipv6" }, addr.to_string()),
        Some(SharedValue::Str(bytes)) => ("str", String::from_utf8_lossy(&bytes).into_owned()),
        Some(SharedValue::Bin(bytes)) => ("bin", bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
    };
    format!("{name}: type={kind} value=<{text}>\n").into()
}

/// Sets a variable from a constant: `int(5)`, `str(text)`, `bool(true)`, or a format without expressions.
fn set_var(call: &mut Call<'_>) -> Answer {
    let name = call.arg(0);
    if !name.starts_with("proc.") {
        return "only 'proc' scope is permitted here\n".into();
    }
    let (kind, source) = match call.arg(1) {
        "expr" => ("expr", call.arg(2)),
        "fmt" => ("fmt", call.arg(2)),
        other => ("expr", other),
    };
    let Some(value) = constant(kind, source) else {
        return format!("in {kind}: only constants can be evaluated at run time, not '{source}'\n").into();
    };
    call.snapshot.process_vars.set(call.cx.vars.intern(name), Some(value));
    "".into()
}

fn constant(kind: &str, source: &str) -> Option<SharedValue> {
    if kind == "fmt" {
        return (!source.contains('%')).then(|| SharedValue::Str(source.as_bytes().to_vec()));
    }
    let inner = |name: &str| source.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    let number = inner("int").and_then(|text| text.parse().ok()).map(SharedValue::Int);
    let flag = || inner("bool").and_then(|text| text.parse().ok()).map(SharedValue::Bool);
    let plain = || inner("str").map(|text| SharedValue::Str(text.as_bytes().to_vec()));
    let address = || inner("ipv4").or_else(|| inner("ipv6"))?.parse().ok().map(SharedValue::Addr);
    number.or_else(flag).or_else(plain).or_else(address)
}
