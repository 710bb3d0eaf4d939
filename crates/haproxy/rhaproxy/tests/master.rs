//! The master and its worker: starts, ends, reloads that are applied and reloads that are refused. Where the original is
//! installed, it is put through the same and must come to the same.

#![allow(clippy::unwrap_used)]

mod family;

use std::net::{TcpListener, TcpStream};

use family::{DEFAULTS, Family, OURS, free_address, frontend, get, get_on, lives, original, until};

const TERM: i32 = 15;
const INT: i32 = 2;
const KILL: i32 = 9;
const ABRT: i32 = 6;
const USR1: i32 = 10;
const USR2: i32 = 12;
const HUP: i32 = 1;

fn config(text: &str) -> (std::net::SocketAddr, String) {
    let address = free_address();
    (address, format!("{DEFAULTS}{}", frontend("f", address, text)))
}

#[test]
fn a_reload_goes_on_in_the_same_worker() {
    let (address, text) = config("one");
    let mut family = Family::serving(OURS, &["-W"], &text);
    let mut kept = TcpStream::connect(address).unwrap();
    assert_eq!(get_on(&mut kept), "one");
    let worker = family.worker();

    family.change("\"one\"", "\"two\"");
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=1\n--\n") && answer.ends_with("Loading success.\n\n"), "{answer}");
    assert_eq!(get(address), "two");
    assert_eq!(
        get_on(&mut kept),
        "two",
        "a connection lives on, its next request uses the new configuration"
    );

    // a listener more, then one less
    let more = free_address();
    family.change("frontend f\n", &(frontend("g", more, "more") + "frontend f\n"));
    family.signal(USR2);
    assert_eq!(get(more), "more");
    family.change(&frontend("g", more, "more"), "");
    family.signal(HUP);
    until("the listener is closed", || TcpStream::connect(more).is_err().then_some(()));
    assert_eq!(get_on(&mut kept), "two");
    assert_eq!(family.worker(), worker);
    assert!(family.ask("show proc").contains("3 [failed: 0]"));
}

#[test]
fn a_refused_reload_changes_nothing_and_is_told() {
    let (address, text) = config("one");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    let mut family = Family::serving(OURS, &["-Ws"], &text);
    let worker = family.worker();
    let log = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    log.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let target = format!("global\n log {} local0\ndefaults\n", log.local_addr().unwrap());
    family.change("defaults\n", &target);
    assert!(family.ask("reload").starts_with("Success=1"));

    let broken = [
        (
            "frontend f\n",
            "frontend f\n nonsense\n".to_owned(),
            "unknown keyword 'nonsense' in 'frontend' section",
        ),
        ("frontend f\n", "frontend f\n acl a path -f DIR/nowhere\n".to_owned(), "nowhere"),
        ("frontend f\n", format!("frontend busy\n bind {busy}\nfrontend f\n"), "(Address already in use)"),
        (
            "frontend f\n",
            "frontend f\n bind unix@/nowhere/at/all\n".to_owned(),
            "(No such file or directory)",
        ),
        ("frontend f\n", "frontend f\n default_backend nowhere\n".to_owned(), "'nowhere'"),
    ];
    for (round, (from, to, reason)) in broken.iter().enumerate() {
        family.change(from, to);
        let answer = family.ask("reload");
        assert!(answer.starts_with("Success=0\n--\n") && answer.contains(reason), "{reason}: {answer}");
        assert_eq!(family.ask("show startup-logs"), answer["Success=0\n--\n".len()..]);
        until("standard error has it too", || family.said().contains(reason).then_some(()));
        let told = until("the manager is told", || {
            family.told().last().filter(|last| last.contains("failed")).cloned()
        });
        assert_eq!(told, "READY=1\nSTATUS=Reload failed!\n");
        let mut line = [0; 2048];
        let n = log.recv(&mut line).unwrap();
        let line = String::from_utf8_lossy(&line[..n]);
        assert!(line.starts_with("<129>") && line.contains("the configuration before serves on"), "{line}");
        assert!(family.ask("show proc").contains(&format!("[failed: {}]", round + 1)));
        assert!(family.ask("prompt\n").starts_with("master[ReloadFailed]> "));
        assert_eq!((get(address).as_str(), family.worker()), ("one", worker));
        family.change(to, from);
    }
    assert!(family.ask("reload").starts_with("Success=1"));
    assert!(family.ask("show proc").contains("[failed: 0]"));
    assert!(family.ask("prompt\n").starts_with("master> "));
}

/// What a family says at its end, with names instead of process ids, without what differs between the versions.
fn last_words(family: &Family, worker: i32) -> Vec<String> {
    let (master, worker) = (family.pid().to_string(), worker.to_string());
    let text = family.said().replace(&format!("({master})"), "(M)").replace(&format!("({worker})"), "(W)");
    let is_end =
        |line: &&str| ["exited with", "Exiting", "killing every"].iter().any(|word| line.contains(word));
    text.lines().filter(is_end).map(str::to_owned).collect()
}

/// Who gets the signal.
#[derive(Clone, Copy, Debug)]
enum Hit {
    Master,
    Worker,
}

fn end_of(program: &str, hit: Hit, signal: i32) -> (Option<i32>, Vec<String>) {
    let (_, text) = config("one");
    let mut family = Family::serving(program, &["-W"], &text);
    let worker = family.worker();
    match hit {
        Hit::Master => family.signal(signal),
        Hit::Worker => common_os::signals::send(worker, signal),
    }
    let code = family.end().code();
    until("the last words are there", || family.said().contains("All workers exited").then_some(()));
    (code, last_words(&family, worker))
}

#[test]
fn families_end_with_the_originals_codes_and_words() {
    let failure = |code: i32, name: &str| {
        vec![
            format!("[ALERT]    (M) : Current worker (W) exited with code {code} ({name})"),
            "[ALERT]    (M) : exit-on-failure: killing every processes with SIGTERM".to_owned(),
            format!("[WARNING]  (M) : All workers exited. Exiting... ({code})"),
        ]
    };
    let ended = |severity: &str, how: &str, code: i32| {
        vec![
            format!("{severity}(M) : Current worker (W) exited with code {how}"),
            format!("[WARNING]  (M) : All workers exited. Exiting... ({code})"),
        ]
    };
    let asked = |rest: Vec<String>| {
        let mut lines = vec!["[WARNING]  (M) : Exiting Master process...".to_owned()];
        lines.extend(rest);
        lines
    };
    let cases = [
        (Hit::Master, TERM, 0, asked(ended("[ALERT]    ", "143 (Terminated)", 0))),
        (Hit::Master, INT, 130, asked(ended("[ALERT]    ", "130 (Interrupt)", 130))),
        (Hit::Master, USR1, 0, asked(ended("[WARNING]  ", "0 (Exit)", 0))),
        (Hit::Worker, TERM, 0, ended("[ALERT]    ", "143 (Terminated)", 0)),
        (Hit::Worker, INT, 130, ended("[ALERT]    ", "130 (Interrupt)", 130)),
        (Hit::Worker, USR1, 0, ended("[WARNING]  ", "0 (Exit)", 0)),
        (Hit::Worker, KILL, 137, failure(137, "Killed")),
        (Hit::Worker, ABRT, 134, failure(134, "Aborted")),
    ];
    for (hit, signal, code, words) in cases {
        for program in [Some(OURS), original()].into_iter().flatten() {
            let (ended, said) = end_of(program, hit, signal);
            assert_eq!((ended, &said), (Some(code), &words), "{program}: {hit:?} {signal}");
        }
    }
}

#[test]
fn a_worker_does_not_outlive_its_master() {
    for program in [Some(OURS), original()].into_iter().flatten() {
        let (address, text) = config("one");
        let mut family = Family::serving(program, &["-W"], &text);
        let worker = family.worker();
        family.signal(KILL);
        family.end();
        until("the worker ends too", || (!lives(worker)).then_some(()));
        until("nobody listens", || TcpStream::connect(address).is_err().then_some(()));
    }
}

#[test]
fn a_first_start_that_fails_ends_in_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    for text in ["global\n nonsense\n".to_owned(), format!("{DEFAULTS}{}", frontend("f", busy, "x"))] {
        for program in [Some(OURS), original()].into_iter().flatten() {
            for mode in [&["-W"][..], &["-W", "-D"]] {
                let mut family = Family::start(program, mode, &text);
                assert_eq!(family.end().code(), Some(1), "{program} {mode:?}: {}", family.said());
                until("the reason is told", || family.said().contains("[ALERT]").then_some(()));
            }
        }
    }
}

#[test]
fn the_background_begins_when_the_worker_serves() {
    let (address, text) = config("one");
    let mut family = Family::start(OURS, &["-W", "-D"], &text);
    assert_eq!(family.end().code(), Some(0));
    assert_eq!(get(address), "one");
    let master: i32 = std::fs::read_to_string(family.dir.join("pid")).unwrap().trim().parse().unwrap();
    let worker = family.worker();
    family.change("\"one\"", "\"two\"");
    common_os::signals::send(master, USR2);
    until("the new configuration serves", || (get(address) == "two").then_some(()));
    assert_eq!(family.worker(), worker);
    common_os::signals::send(master, TERM);
    until("all end", || (!lives(master) && !lives(worker)).then_some(()));
}

/// The fields a manager acts on: what 2.6 and 3.4 have in common.
fn states(told: &[String]) -> Vec<String> {
    let mut states: Vec<String> = Vec::new();
    for message in told {
        let fields =
            message.lines().filter(|line| !line.starts_with("STATUS=") && !line.starts_with("MONOTONIC"));
        let mut fields: Vec<&str> = fields.collect();
        if fields.len() == 2 && fields[1].starts_with("MAINPID=") {
            fields[1] = "MAINPID";
        }
        let state = fields.join(" ");
        // 2.6 says twice that it reloads, and once before its first start
        if states.last() != Some(&state) && !(states.is_empty() && state == "RELOADING=1") {
            states.push(state);
        }
    }
    states
}

#[test]
fn the_service_manager_hears_what_the_original_says() {
    let mut heard = Vec::new();
    for program in [Some(OURS), original()].into_iter().flatten() {
        let (_, text) = config("one");
        let mut family = Family::serving(program, &["-Ws"], &text);
        let count =
            |family: &Family, state: &str| family.told().iter().filter(|told| told.contains(state)).count();
        until("the start is told", || (count(&family, "READY=1") == 1).then_some(()));
        family.change("\"one\"", "\"two\"");
        family.signal(USR2);
        until("the reload is told", || (count(&family, "READY=1") == 2).then_some(()));
        family.settle();
        family.signal(TERM);
        family.end();
        until("the end is told", || (count(&family, "STOPPING=1") == 1).then_some(()));
        let master = format!("MAINPID={}", family.pid());
        assert!(family.told().iter().all(|told| !told.contains("MAINPID") || told.contains(&master)));
        if program == OURS {
            let told = family.told();
            let (reloading, rest) = told[1].split_once("MONOTONIC_USEC=").unwrap();
            assert_eq!(told[0], format!("READY=1\n{master}\nSTATUS=Ready.\n"));
            assert_eq!(reloading, "RELOADING=1\n");
            let (time, status) = rest.split_once('\n').unwrap();
            let age = common_os::clock::monotonic_us().checked_sub(time.parse().unwrap());
            assert!(age.is_some_and(|age| age < 60_000_000), "{time}");
            assert_eq!(status, "STATUS=Reloading Configuration.\n");
            assert_eq!(told[2..], [told[0].clone(), "STOPPING=1".to_owned()]);
        }
        heard.push(states(&family.told()));
    }
    assert_eq!(heard[0], ["READY=1 MAINPID", "RELOADING=1", "READY=1 MAINPID", "STOPPING=1"]);
    assert!(heard.iter().all(|states| *states == heard[0]), "{heard:?}");
}

#[test]
fn a_watchdog_is_fed_while_the_worker_answers() {
    let (_, text) = config("one");
    let dog = "import os,sys;os.environ['WATCHDOG_USEC']='100000';os.execv(sys.argv[1],sys.argv[1:])";
    let family = Family::serving("python3", &["-c", dog, OURS, "-Ws"], &text);
    let fed = |family: &Family| family.told().iter().filter(|told| *told == "WATCHDOG=1").count();
    until("the watchdog is fed", || (fed(&family) >= 3).then_some(()));
    let worker = family.worker();
    common_os::signals::send(worker, nix::libc::SIGSTOP);
    let held = until("nothing more comes", || {
        let before = fed(&family);
        std::thread::sleep(std::time::Duration::from_millis(300));
        (fed(&family) == before).then_some(before)
    });
    common_os::signals::send(worker, nix::libc::SIGCONT);
    until("the watchdog is fed again", || (fed(&family) > held).then_some(()));
}

#[test]
fn a_worker_without_rights_is_handed_what_it_may_not_open() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let (address, text) = config("one");
    let jail = "global\n chroot DIR/jail\n user nobody\n stats socket DIR/w.sock level admin\n";
    let room = Family::room();
    std::fs::create_dir(room.join("jail")).unwrap();
    let dir = room.display().to_string();
    let mut family = Family::serving_in(room, OURS, &["-W"], &format!("{jail}{text}"));
    let worker = family.worker();
    let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    let uid = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    assert!(!uid.contains("\t0"), "{uid}");
    assert_eq!(
        std::fs::read_link(format!("/proc/{worker}/root")).unwrap().display().to_string(),
        format!("{dir}/jail")
    );

    let secret = family.dir.join("secret");
    std::fs::write(&secret, "/listed\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let low: std::net::SocketAddr = "127.81.7.3:81".parse().unwrap();
    family.change(
        "frontend f\n",
        &format!("frontend f\n bind {low}\n acl listed path -f DIR/secret\n http-request deny deny_status 403 if listed\n"),
    );
    family.change(
        "stats socket DIR/w.sock level admin",
        "stats socket DIR/x.sock level admin\n description DIR",
    );
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=1"), "{answer}");
    assert_eq!((get(low).as_str(), get(address).as_str()), ("one", "one"));
    assert!(family.ask("@1 show acl").contains("secret"));
    let sockets = |name: &str| std::os::unix::net::UnixStream::connect(family.dir.join(name)).is_ok();
    assert!(sockets("x.sock"), "the runtime API moved");
    until("the old one is closed", || (!sockets("w.sock")).then_some(()));
    assert_eq!(family.worker(), worker);
}

#[test]
fn a_reload_without_descriptors_is_refused() {
    let (address, text) = config("one");
    let limit = "import os,resource,sys;resource.setrlimit(resource.RLIMIT_NOFILE,(64,64));os.execv(sys.argv[1],sys.argv[1:])";
    let text = format!("global\n maxconn 5\n{text}");
    let mut family = Family::serving("python3", &["-c", limit, OURS, "-W"], &text);
    let worker = family.worker();
    let many: String = (0..100).map(|_| format!(" bind {}\n", free_address())).collect();
    family.change("frontend f\n", &format!("frontend f\n{many}"));
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=0") && answer.contains("(Too many open files)"), "{answer}");
    assert_eq!((get(address).as_str(), family.worker()), ("one", worker));
}

#[test]
fn reloads_asked_for_during_a_reload_are_not_lost() {
    let (address, text) = config("text0");
    let mut family = Family::serving(OURS, &["-W"], &text);
    let worker = family.worker();
    for round in 0..20 {
        family.change(&format!("\"text{round}\""), &format!("\"text{}\"", round + 1));
        family.signal(if round % 2 == 0 { USR2 } else { HUP });
    }
    until("the last configuration serves", || (get(address) == "text20").then_some(()));
    assert!(family.ask("reload").starts_with("Success=1"));
    assert_eq!((get(address).as_str(), family.worker()), ("text20", worker));
    // an end that comes during a reload ends all the same
    family.signal(USR2);
    family.signal(TERM);
    assert_eq!(family.end().code(), Some(0));
    assert!(!lives(worker));
}

#[test]
fn the_configuration_may_ask_for_a_master() {
    let (address, text) = config("one");
    let text = format!("global\n master-worker\n{text}");
    let mut family = Family::serving(OURS, &[], &text);
    let worker = family.worker();
    assert_ne!(worker, family.pid());
    assert!(family.ask("@1 show env HAPROXY_MWORKER").starts_with("HAPROXY_MWORKER=1\n"));
    family.change("\"one\"", "\"two\"");
    assert!(family.ask("reload").starts_with("Success=1"));
    assert_eq!((get(address).as_str(), family.worker()), ("two", worker));
}

#[test]
fn the_failure_of_one_need_not_be_the_end_of_all() {
    let (_, text) = config("one");
    let text = format!("global\n master-worker no-exit-on-failure\n{text}program p\n command sleep 1000\n");
    let mut family = Family::serving(OURS, &["-W"], &text);
    let program = family.listed("# programs");
    common_os::signals::send(family.worker(), KILL);
    until("its end is told", || family.said().contains("exited with code 137 (Killed)").then_some(()));
    assert_eq!((family.listed("# workers"), family.listed("# programs")), (vec![], program));
    // a reload starts a worker again
    assert!(family.ask("reload").starts_with("Success=1"));
    family.worker();
    family.signal(TERM);
    assert_eq!(family.end().code(), Some(137), "the first failure counts");
}
