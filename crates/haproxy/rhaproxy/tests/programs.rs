//! `program` sections: programs beside the worker, as versions 2.0 to 3.2 ran them.

#![allow(clippy::unwrap_used)]

mod family;

use family::{DEFAULTS, Family, OURS, free_address, frontend, lives, original, until};

fn start(program: &str, sections: &str) -> Family {
    let text = format!("{DEFAULTS}{}{sections}", frontend("f", free_address(), "one"));
    Family::serving(program, &["-W"], &text)
}

/// The ends of children, with names instead of process ids.
fn ends(family: &Family) -> Vec<String> {
    let without_pid = |line: &str| {
        let (before, rest) = line.split_once(") : ").unwrap();
        let mut text = rest.to_owned();
        if let (Some(open), Some(close)) = (rest.find('('), rest.find(')'))
            && rest[open + 1..close].chars().all(|c| c.is_ascii_digit())
            && !rest.starts_with("All")
        {
            text.replace_range(open..=close, "()");
        }
        format!("{} {text}", before.split(' ').next().unwrap())
    };
    family.said().lines().filter(|line| line.contains("exited")).map(without_pid).collect()
}

#[test]
fn programs_are_listed_and_end_with_the_family() {
    let mut family = start(OURS, "program foo\n command sleep 1000\nprogram bar\n command sleep 1001\n");
    let listed = family.ask("show proc");
    let (foo, bar) = (listed.find(" foo ").unwrap(), listed.find(" bar ").unwrap());
    assert!(foo < bar, "{listed}");
    let programs = family.listed("# programs");
    assert_eq!(programs.len(), 2, "{listed}");
    family.signal(15);
    assert_eq!(family.end().code(), Some(0));
    until("the programs have ended", || (!programs.iter().any(|pid| lives(*pid))).then_some(()));
    until("the end is told", || family.said().contains("All workers").then_some(()));
    let mut told = ends(&family);
    told.sort();
    assert_eq!(
        told,
        [
            "[ALERT] Current program 'bar' () exited with code 143 (Terminated)",
            "[ALERT] Current program 'foo' () exited with code 143 (Terminated)",
            "[ALERT] Current worker () exited with code 143 (Terminated)",
            "[WARNING] All workers exited. Exiting... (0)",
        ]
    );
}

#[test]
fn a_program_that_fails_ends_the_family() {
    for program in [Some(OURS), original()].into_iter().flatten() {
        let mut family = Family::start(
            program,
            &["-W"],
            &format!("{DEFAULTS}{}program p\n command /bin/false\n", frontend("f", free_address(), "one")),
        );
        assert_eq!(family.end().code(), Some(1), "{program}");
        until("the end is told", || {
            family.said().contains("All workers exited. Exiting... (1)").then_some(())
        });
        assert!(
            ends(&family).contains(&"[ALERT] Current program 'p' () exited with code 1 (Exit)".to_owned())
        );
    }
}

#[test]
fn a_reload_starts_them_anew_unless_told_not_to() {
    let mut family = start(
        OURS,
        "program foo\n command sleep 1000\nprogram bar\n command sleep 1001\n no option start-on-reload\n",
    );
    let before = family.listed("# programs");
    assert!(family.ask("reload").starts_with("Success=1"));
    let after = until("the old one is gone", || {
        let listed = family.listed("# programs");
        (listed.len() == 2 && !lives(before[0])).then_some(listed)
    });
    assert!(after.contains(&before[1]) && !after.contains(&before[0]), "{before:?} {after:?}");
    family.change("program foo\n command sleep 1000\n", "");
    assert!(family.ask("reload").starts_with("Success=1"));
    until("the program that is not named any more ends", || {
        (family.listed("# programs") == [before[1]]).then_some(())
    });
}

#[test]
fn a_program_needs_a_master() {
    let text = format!("{DEFAULTS}{}program p\n command /bin/true\n", frontend("f", free_address(), "one"));
    let mut family = Family::start(OURS, &[], &text);
    assert_eq!(family.end().code(), Some(1));
    until("the reason is told", || {
        family.said().contains("Can't use a 'program' section without master worker mode.").then_some(())
    });
}
