//! Commands about the connection itself, and time.

use std::sync::Arc;
use std::time::Duration;

use common_base::duration::{TimeUnit, parse_time};
use haproxy_engine::process::Process;
use tokio::time::Instant;

use super::{Answer, Call, Command, Level, Prompt, registry};

/// Commands about the connection itself, and time.
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
        words: &[crate::handout::COMMAND],
        usage: "",
        doc: "hand the listening sockets to another process",
        level: Level::User,
        experimental: false,
        run: hand_out,
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
];

fn help(call: &mut Call<'_>) -> Answer {
    registry::help(&call.args, call.session).into()
}

/// Ends the conversation; the sockets go out behind it where the socket's `expose-fd listeners` allows it.
fn hand_out(call: &mut Call<'_>) -> Answer {
    call.session.gives = call.session.hands_out;
    call.session.closing = true;
    "".into()
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

/// How often a condition of `wait` is looked at.
const WAIT_STEP: Duration = Duration::from_millis(20);

/// Looks whether a condition holds: done, not yet, or never with the reason.
type Look = fn(&Process, &str) -> Result<bool, String>;

/// Conditions of `wait`.
const CONDITIONS: &[(&str, Look)] =
    &[("be-removable", super::backends::is_removable), ("srv-removable", super::dynamic::is_removable)];

const WAIT_USAGE: &str = "Usage: wait {-h|<duration>} [condition [args...]]
  - '-h' displays this help
  - <duration> is the maximum wait time, optionally suffixed by the unit among
    'us', 'ms', 's', 'm', 'h', and 'd'. The default unit is milliseconds.
  - <condition> indicates what to wait for, no longer than the specified
    duration. Supported conditions are:
    - <none> : by default, just sleep for the specified duration.
    - be-removable <px> : wait for this backend to be removable.
    - srv-removable <px>/<sv> : wait for this server to be removable.
  - <args...> are optional arguments that are specific to the condition.
";

fn wait(call: &mut Call<'_>) -> Answer {
    let time = parse_time(call.arg(0).as_bytes(), TimeUnit::Millisecond, TimeUnit::Millisecond);
    let Ok(time) = time else { return WAIT_USAGE.into() };
    if call.arg(1) == "-h" {
        return WAIT_USAGE.into();
    }
    let until = Instant::now() + Duration::from_millis(u64::from(time.value)).min(WAIT_MAX);
    if call.arg(1).is_empty() {
        return Answer::Later(Box::pin(async move {
            tokio::time::sleep_until(until).await;
            String::new()
        }));
    }
    let Some((_, look)) = CONDITIONS.iter().find(|(name, _)| *name == call.arg(1)) else {
        return WAIT_USAGE.into();
    };
    let (process, what) = (Arc::clone(&call.cx.process), call.arg(2).to_owned());
    Answer::Later(Box::pin(async move {
        loop {
            match look(&process, &what) {
                Ok(true) => return "Done.\n".to_owned(),
                Ok(false) if Instant::now() >= until => return "Wait delay expired.\n".to_owned(),
                Ok(false) => tokio::time::sleep(WAIT_STEP).await,
                Err(text) => return text,
            }
        }
    }))
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
