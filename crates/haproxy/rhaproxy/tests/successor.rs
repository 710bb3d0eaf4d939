//! Reloads that need another process: a new worker that takes the sockets of the one before, and a new program that takes
//! the master's place, ours and the original in every order.

#![allow(clippy::unwrap_used)]

mod family;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use family::{DEFAULTS, Family, OURS, free_address, frontend, get, get_on, lives, original, until};

const USR2: i32 = 12;
const TERM: i32 = 15;

fn config(address: SocketAddr, threads: u32) -> String {
    format!("global\n nbthread {threads}\n{DEFAULTS}{}", frontend("f", address, "one"))
}

#[test]
fn what_a_process_cannot_change_goes_by_a_new_worker() {
    let address = free_address();
    let mut family = Family::serving(OURS, &["-Ws"], &config(address, 1));
    let mut kept = TcpStream::connect(address).unwrap();
    assert_eq!(get_on(&mut kept), "one");
    let first = family.worker();

    family.change("nbthread 1", "nbthread 2");
    family.change("\"one\"", "\"two\"");
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=1"), "{answer}");
    let reason =
        "'nbthread' changes from 1 to 2, which a running process cannot do: a new worker takes over.";
    assert!(answer.contains(reason), "the reason is told: {answer}");
    let second = family.worker();
    assert_ne!(first, second);
    // the old worker may take a last connection before it hears that it is relieved
    until("the new worker serves", || (get(address) == "two").then_some(()));
    assert!(family.ask("@1 show info").contains("Nbthread: 2\n"));

    // the old one ends with its connection, and can be asked until then
    if lives(first) {
        assert_eq!(family.listed("# old workers"), [first]);
        assert!(family.ask(&format!("@!{first} show info")).contains(&format!("Pid: {first}\n")));
    }
    drop(kept);
    until("the old worker ends", || (!lives(first)).then_some(()));
    let text = format!("Former worker ({first}) exited with code 0 (Exit)");
    until("its end is told", || family.said().contains(&text).then_some(()));
    // the arguments show whom it followed, as the original's do
    let arguments = fs::read(format!("/proc/{second}/cmdline")).unwrap();
    assert!(String::from_utf8_lossy(&arguments).contains(&format!("\0-sf\0{first}\0-x\0sockpair@")));

    // a new worker that fails leaves the old one where it is
    family.change("nbthread 2", "nbthread 1\n chroot /nowhere/at/all");
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=0") && answer.contains("Failed to load worker"), "{answer}");
    assert!(answer.contains("Cannot chroot(/nowhere/at/all)"), "{answer}");
    assert_eq!((get(address).as_str(), family.worker()), ("two", second));
    assert!(family.told().last().unwrap().contains("Reload failed!"));
}

#[test]
fn a_hard_reload_cuts_what_was_there() {
    let address = free_address();
    let family = Family::serving(OURS, &["-W"], &config(address, 1));
    let mut kept = TcpStream::connect(address).unwrap();
    assert_eq!(get_on(&mut kept), "one");
    let first = family.worker();
    let answer = family.ask("hard-reload");
    assert!(answer.starts_with("Success=1") && answer.contains("Initializing new worker"), "{answer}");
    assert_ne!(family.worker(), first);
    until("the old worker ends", || (!lives(first)).then_some(()));
    let text = format!("Former worker ({first}) exited with code 143 (Terminated)");
    until("its end is told", || family.said().contains(&text).then_some(()));
    assert_eq!(get(address), "one");
}

#[test]
fn an_old_worker_survives_so_many_reloads() {
    let address = free_address();
    let text = config(address, 1).replace("global\n", "global\n mworker-max-reloads 2\n");
    // a request that lasts keeps the worker
    let text = text.replace(
        "frontend f\n",
        "frontend f\n tcp-request inspect-delay 60s\n tcp-request content accept if WAIT_END\n",
    );
    let mut family = Family::serving(OURS, &["-W"], &text);
    let first = family.worker();
    let mut kept = TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut kept, b"GET / HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
    until("the request is there", || family.ask("@1 show info").contains("CurrConns: 1\n").then_some(()));
    for round in 0..2 {
        family.change(&format!("nbthread {}", round % 2 + 1), &format!("nbthread {}", (round + 1) % 2 + 1));
        assert!(family.ask("reload").starts_with("Success=1"));
        assert!(family.listed("# old workers").contains(&first), "after {} reloads", round + 1);
    }
    assert!(lives(first));
    assert!(family.ask("reload").starts_with("Success=1"), "in place, and one too many for the old worker");
    until("the old worker was ended", || (!lives(first)).then_some(()));
    let text = format!("Former worker ({first}) exited with code 143 (Terminated)");
    until("its end is told", || family.said().contains(&text).then_some(()));
}

/// Puts `program` where the master was started from, as a package does: a new file takes the name.
fn install(program: &str, place: &Path) {
    let fresh = place.with_extension("new");
    fs::copy(program, &fresh).unwrap();
    fs::rename(fresh, place).unwrap();
}

fn serving_from(place: &Path, flags: &[&str], text: &str, room: PathBuf) -> Family {
    Family::serving_in(room, place.to_str().unwrap(), flags, text)
}

/// A family of `before`; then `after` is installed and a reload asked for.
fn upgrade(before: &str, after: &str) {
    let room = Family::room();
    let place = room.join("haproxy");
    install(before, &place);
    let address = free_address();
    let mut family = serving_from(&place, &["-Ws"], &config(address, 1), room);
    let mut kept = TcpStream::connect(address).unwrap();
    assert_eq!(get_on(&mut kept), "one");
    let (master, first) = (family.pid(), family.worker());

    install(after, &place);
    family.change("\"one\"", "\"two\"");
    family.signal(USR2);
    until("the new program serves", || (get(address) == "two").then_some(()));
    let runs = |pid: i32| fs::metadata(format!("/proc/{pid}/exe")).map(|file| file.ino()).ok();
    let file = fs::metadata(&place).unwrap().ino();
    until("the master is the new program", || (runs(master) == Some(file)).then_some(()));
    family.settle();
    let second = family.worker();
    assert!(second != first && runs(second) == Some(file), "{before} to {after}");
    drop(kept);
    until("the old worker ends", || (!lives(first)).then_some(()));
    until("the end of the old worker is told", || {
        family.said().contains(&format!("Former worker ({first}) exited with code 0 (Exit)")).then_some(())
    });
    assert!(family.ask("show proc").contains("1 [failed: 0]"), "{}", family.ask("show proc"));

    // the family goes on as any other
    family.change("\"two\"", "\"three\"");
    family.signal(USR2);
    until("a reload works", || (get(address) == "three").then_some(()));
    family.settle();
    family.signal(TERM);
    assert_eq!(family.end().code(), Some(0), "{before} to {after}");
}

#[test]
fn a_new_program_takes_the_masters_place() {
    upgrade(OURS, OURS);
}

#[test]
fn the_original_becomes_ours_and_ours_the_original() {
    let Some(original) = original() else { return };
    upgrade(original, OURS);
    upgrade(OURS, original);
}

#[test]
fn who_asked_is_answered_by_the_successor() {
    let room = Family::room();
    let place = room.join("haproxy");
    install(OURS, &place);
    let address = free_address();
    let mut family = serving_from(&place, &["-W"], &config(address, 1), room);
    install(OURS, &place);
    family.change("\"one\"", "\"two\"");
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=1\n--\n") && answer.contains("Initializing new worker"), "{answer}");
    until("the new worker serves", || (get(address) == "two").then_some(()));

    // and when the new configuration is wrong
    install(OURS, &place);
    let worker = family.worker();
    family.change("frontend f\n", "frontend f\n nonsense\n");
    let answer = family.ask("reload");
    assert!(answer.starts_with("Success=0\n--\n") && answer.contains("nonsense"), "{answer}");
    assert_eq!((get(address).as_str(), family.worker()), ("two", worker));
    assert!(family.ask("show proc").contains("2 [failed: 1]"));
}
