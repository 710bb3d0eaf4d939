use super::*;

fn family() -> (Own, Vec<Child>) {
    let own = Own { pid: std::process::id(), reloads: 5, failed: 1, since_s: 1_000 };
    let (link, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut worker = Child { since_s: 1_100, ..Child::worker(1271, link.into()) };
    worker.version = Some("3.4.0".to_owned());
    let old = Child { pid: 1233, reloads: 3, since_s: 1_043, leaving: true, link: None, ..worker.clone() };
    let program = Child { since_s: 1_100, ..Child::program(1300, "slp") };
    (own, vec![worker, old, program])
}

#[test]
fn the_list_has_the_originals_columns() {
    let (own, children) = family();
    let text = show(&own, &children, 1_127, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "#<PID>          <type>          <reloads>       <uptime>        <version>      ");
    assert_eq!(
        lines[1],
        format!("{:<15} master          5 [failed: 1]   0d00h02m07s     {VERSION:15}", std::process::id())
    );
    assert_eq!(
        lines[2..4],
        ["# workers", "1271            worker          0               0d00h00m27s     3.4.0          "]
    );
    assert_eq!(
        lines[4..6],
        ["# old workers", "1233            worker          3               0d00h01m24s     3.4.0          "]
    );
    assert_eq!(
        lines[6..],
        ["# programs", "1300            slp             0               0d00h00m27s     -              "]
    );
    assert_eq!(show(&own, &[], 1_127, false).lines().count(), 3);
}

#[test]
fn children_are_found_again() {
    let (own, children) = family();
    let (again, found) = from_variable(&to_variable(&own, &children)).unwrap();
    assert_eq!((again.reloads, again.failed, again.since_s), (5, 1, 1_000));
    assert_eq!(found.iter().map(|(child, _)| child.pid).collect::<Vec<_>>(), [1271, 1233, 1300]);
    assert_eq!(found[0].1, children[0].link.as_ref().unwrap().as_raw_fd());
    assert_eq!((found[1].0.reloads, found[1].0.leaving), (3, true));
    assert_eq!(found[2].0.kind, Kind::Program("slp".to_owned()));
}

#[test]
fn the_originals_variable_is_understood() {
    let text = "|type=w;fd=4;pid=30747;reloads=0;failedreloads=0;timestamp=1795519424;id=;version=2.6.12-1+deb12u4\
                |type=e;fd=-1;pid=30673;reloads=1;failedreloads=0;timestamp=1795519423;id=slp;version=(null)\
                |type=m;fd=-1;pid=30647;reloads=1;failedreloads=0;timestamp=1795519423;id=;version=(null)|type=w;pid=x";
    let text = text.replace("pid=30647", &format!("pid={}", std::process::id()));
    let (own, found) = from_variable(&text).unwrap();
    assert_eq!((own.reloads, own.since_s, found.len()), (1, 1_795_519_423, 2));
    assert_eq!(
        (found[0].0.pid, found[0].1, found[0].0.version.as_deref()),
        (30747, 4, Some("2.6.12-1+deb12u4"))
    );
    assert!(from_variable("").is_none() && from_variable("|||;=;|type=w").is_none());
    assert!(from_variable("|type=m;pid=1;reloads=1|type=w;fd=3;pid=7").is_none(), "another master's");
}
