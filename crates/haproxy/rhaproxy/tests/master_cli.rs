//! The master's socket: commands, prefixes, modes, and what they come to in the worker.

#![allow(clippy::unwrap_used)]

mod family;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use family::{DEFAULTS, Family, OURS, free_address, frontend, original, until};

fn start(program: &str, flags: &[&str]) -> Family {
    let text = format!(
        "global\n stats socket DIR/w.sock level admin\n{DEFAULTS}{}",
        frontend("f", free_address(), "one")
    );
    Family::serving(program, flags, &text)
}

/// A conversation: what is sent, and how the answer to it ends.
fn converse(family: &Family, turns: &[(&str, &str)]) -> String {
    let mut stream = UnixStream::connect(family.dir.join("m.sock")).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut heard = String::new();
    for (said, end) in turns {
        stream.write_all(said.as_bytes()).unwrap();
        let from = heard.len();
        let mut chunk = [0; 4096];
        while !heard[from..].ends_with(end) {
            let n = stream.read(&mut chunk).unwrap();
            assert!(n > 0, "{said:?} should end in {end:?}: {heard}");
            heard.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
    }
    heard
}

#[test]
fn prefixes_reach_the_processes() {
    for program in [Some(OURS), original()].into_iter().flatten() {
        let family = start(program, &["-W"]);
        let worker = family.worker();
        let pid = |text: &str| text.lines().find_map(|line| line.strip_prefix("Pid: ")).map(str::to_owned);
        for prefix in ["@1".to_owned(), format!("@!{worker}")] {
            assert_eq!(
                pid(&family.ask(&format!("{prefix} show info"))),
                Some(worker.to_string()),
                "{program}"
            );
            let switched = family.ask(&format!("{prefix};show info;@master;show version"));
            assert_eq!(pid(&switched), Some(worker.to_string()), "{program}: {switched}");
        }
        let version = family.ask("show version");
        assert_eq!(family.ask("@1 show version; @1 show version"), version.repeat(2), "{program}");
        for wrong in ["@2", "@!1", "@x", "@!", &format!("@!{}", family.pid())] {
            let text = format!("Can't find the target PID matching the prefix '{wrong}'\n");
            assert_eq!(family.ask(&format!("{wrong} show info;show version")), text, "{program}");
        }
        assert_eq!(family.ask("@"), "", "{program}");
        assert_eq!(family.ask("show version;quit;show version"), version, "{program}");
    }
}

#[test]
fn rights_go_along() {
    for program in [Some(OURS), original()].into_iter().flatten() {
        let family = start(program, &["-W"]);
        assert_eq!(family.ask("show cli level"), "admin\n\n", "{program}");
        assert_eq!(family.ask("operator;show cli level"), "operator\n\n", "{program}");
        assert_eq!(family.ask("user;@1 show cli level"), "user\n\n", "{program}");
        assert_eq!(family.ask("user;operator;show cli level"), "Permission denied!\n", "{program}");
        let denied = family.ask("operator;@1 disable frontend f");
        assert_eq!(denied.trim_end(), "Permission denied", "{program}");
    }
    let family = start(OURS, &["-W"]);
    assert_eq!(family.ask("user;reload"), "Permission denied\n\n");
    assert!(family.ask("operator;reload").starts_with("Success=1\n"));
    assert_eq!(family.ask("operator;expert-mode on"), "Permission denied\n\n");
}

#[test]
fn a_socket_has_the_level_it_was_given() {
    use std::os::unix::fs::PermissionsExt;
    let text = format!("{DEFAULTS}{}", frontend("f", free_address(), "one"));
    for program in [Some(OURS), original()].into_iter().flatten() {
        let family = Family::serving(program, &["-W", "-S", "DIR/m.sock,level,user,mode,600"], &text);
        assert_eq!(family.ask("show cli level"), "user\n\n", "{program}");
        assert_eq!(family.ask("reload"), "Permission denied\n\n", "{program}");
        let mode = std::fs::metadata(family.dir.join("m.sock")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{program}");
    }
    let family = Family::serving(OURS, &["-W"], &text);
    let sockets = family.ask("show cli sockets");
    assert_eq!(
        sockets,
        format!("# socket lvl processes\nunix@{} admin all\n\n", family.dir.join("m.sock").display())
    );
}

#[test]
fn prompts_tell_who_answers() {
    for program in [Some(OURS), original()].into_iter().flatten() {
        let family = start(program, &["-W"]);
        let worker = family.worker();
        let version = family.ask("show version");
        let prompt = format!("{worker}> ");
        let heard = converse(
            &family,
            &[
                ("prompt\n", "master> "),
                ("show version;show version\n", "master> "),
                ("@1\n", &prompt),
                ("show version\n", &prompt),
                ("@\n", "master> "),
                ("@1 show version\n", "master> "),
                ("expert-mode on\n", "master(e)> "),
                ("experimental-mode on\n", "master(xe)> "),
                ("mcli-debug-mode on\n", "master(xed)> "),
                ("@1\n", &format!("{worker}(xed)> ")),
            ],
        );
        let whole = format!(
            "master> {version}master> {version}master> {prompt}{version}{prompt}master> {version}master> master(e)> master(xe)> \
             master(xed)> {worker}(xed)> "
        );
        assert_eq!(heard, whole, "{program}");
    }
}

#[test]
fn the_time_stands_before_the_prompt() {
    let family = start(OURS, &["-W"]);
    let heard = converse(&family, &[("prompt timed\n", "] master> "), ("prompt timed\n", "master> ")]);
    assert!(heard.starts_with("[0:00:0") && heard.ends_with("] master> master> "), "{heard}");
    let heard = converse(&family, &[("prompt p\n", "master> "), ("prompt i\nshow version\n", "\n\n")]);
    assert!(!heard.ends_with("> "), "{heard}");
}

#[test]
fn modes_and_payloads_reach_the_worker() {
    let family = start(OURS, &["-W"]);
    let expert = |text: &str| text.contains("expert-mode is ON");
    assert!(!expert(&family.ask("@@1 expert-mode")));
    assert!(expert(&family.ask("expert-mode on;@@1 expert-mode")));
    assert!(
        family.ask("experimental-mode on;@1 set var proc.x int(5);@1 get var proc.x").contains("value=<5>")
    );
    let unknown = family.ask("@1 add map nowhere <<\nkey value\n\n@1 show version");
    assert!(unknown.contains("Unknown map identifier") && unknown.contains("3.4.0"), "{unknown}");
}

#[test]
fn a_whole_line_or_a_whole_conversation_goes_to_the_worker() {
    let family = start(OURS, &["-W"]);
    let info = family.ask("@@1 show cli level; show version; show info");
    assert!(info.starts_with("admin\n\n3.4.0") && info.contains(&format!("Pid: {}\n", family.worker())));
    let heard = converse(
        &family,
        &[
            ("prompt\n", "master> "),
            ("@@1\n", "> "),
            ("show version\n", "> "),
            ("quit\n", "master> "),
            ("show version\n", "master> "),
        ],
    );
    let version = family.ask("show version");
    assert_eq!(heard, format!("master> > {version}> master> {version}master> "));
}

#[test]
fn the_environment_is_listed() {
    let family = start(OURS, &["-W"]);
    let value = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let worker = family.ask("@1 show env");
    assert_eq!(value(&worker, "HAPROXY_MWORKER").as_deref(), Some("1"));
    assert_eq!(value(&worker, "HAPROXY_CFGFILES"), Some(family.dir.join("h.cfg").display().to_string()));
    assert!(value(&worker, "HAPROXY_CLI").unwrap().contains("w.sock"));
    assert!(value(&worker, "HAPROXY_HTTP_LOG_FMT").is_none() && !worker.contains("_ROLE="));
    let master = family.ask("mcli-debug-mode on;show env");
    assert_eq!(
        value(&master, "HAPROXY_MASTER_CLI"),
        Some(format!("unix@{}", family.dir.join("m.sock").display()))
    );
    assert_eq!(value(&master, "HAPROXY_BRANCH").as_deref(), Some("3.4"));
    assert!(family.ask("show env").starts_with("Unknown command: 'show env'"));
}

#[test]
fn what_is_unknown_is_told() {
    let family = start(OURS, &["-W"]);
    let text = family.ask("show prok");
    assert!(text.starts_with(
        "Unknown command: 'show prok', but maybe one of the following ones is a better match:\n"
    ));
    assert!(text.contains("\n  show proc "), "{text}");
    assert!(
        family.ask("").starts_with("Unknown command. Please enter one of the following commands only:\n")
    );
    assert!(family.ask("help").starts_with("The following commands are valid at this level:\n  @!<pid> "));
    // garbage of any kind leaves the master as it is
    for garbage in ["@@@@", ";;;;", "\\", "@1 \\", "@@1 ;", "@!99999999999999999999 x", &"x ".repeat(5000)] {
        let _ = family.ask(garbage);
    }
    assert_eq!(family.ask("show version"), "3.4.0-rhaproxy\n\n");
    until("the worker is there", || family.listed("# workers").first().copied());
}
