//! The example configurations load without a complaint on a machine that has what they name.

use std::fs;
use std::path::Path;

use keepalived_conf::provider::Memory;
use keepalived_conf::{Options, check};

/// Programs the examples run.
const PROGRAMS: &[&str] = &["/usr/bin/killall", "/usr/bin/curl", "/usr/bin/logger"];

#[test]
fn examples_load_without_a_complaint() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../conf-examples/keepalived");
    let mut count = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let file = entry.unwrap().path();
        let mut machine = Memory::with_file("/k.conf", &fs::read_to_string(&file).unwrap());
        for program in PROGRAMS {
            machine.add(program, 0o755, "");
        }
        let outcome = check(&machine, "/k.conf", &Options::default());
        let said: Vec<String> = outcome.messages.iter().map(ToString::to_string).collect();
        assert_eq!((outcome.exit_code, said), (0, Vec::new()), "{}", file.display());
        count += 1;
    }
    assert!(count >= 5, "{count} examples");
}
