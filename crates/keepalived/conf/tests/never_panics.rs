//! Nothing that a file may hold makes the parser panic, and an answer always has one of the five exit codes.

use keepalived_conf::provider::Memory;
use keepalived_conf::role::Roles;
use keepalived_conf::{Options, check, explain, load, registry};
use proptest::prelude::*;

fn judge(bytes: &[u8]) {
    let mut machine = Memory::default();
    machine.files.insert("/k.conf".into(), (0o644, bytes.to_vec()));
    let outcome = check(&machine, "/k.conf", &Options::default());
    assert!([0, 2, 4, 5, 6].contains(&outcome.exit_code));
    let loaded = load(&machine, "/k.conf", &Options::default(), Roles::ALL);
    let _ = explain(&loaded.config);
}

/// A line of words that the language knows, with braces.
fn line() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = registry::all().into_iter().map(|row| row.name).collect();
    let values = vec![
        "",
        "0",
        "1",
        "-1",
        "255",
        "99999999999",
        "1.5",
        ".",
        "on",
        "abc",
        "eth0",
        "10.0.0.1",
        "10.0.0.1/24",
        "fe80::1/64",
        "\"a b\"",
        "'a",
        "\"",
        "\\x4",
        "$X",
        "${X}",
        "${_RANDOM 5 1}",
        "~SEQ(A,1,3)",
        "@^a",
        "weight",
        "via",
        "dev",
        "{",
        "}",
        "MASTER",
        "TUN",
        "type",
        "gue",
        "port",
        "é",
    ];
    let value = prop::sample::select(values);
    (
        prop::sample::select(names),
        prop::collection::vec(value, 0..4),
        prop::sample::select(vec!["", " {", "\n}", "\n}\n}"]),
    )
        .prop_map(|(name, values, end)| format!("{name} {}{end}\n", values.join(" ")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        judge(&bytes);
    }

    #[test]
    fn any_text(text in "[ -~\\n\\t\"'{}$@~!#()=,./\\\\]{0,400}") {
        judge(text.as_bytes());
    }

    #[test]
    fn any_lines(lines in prop::collection::vec(line(), 0..40)) {
        judge(lines.concat().as_bytes());
    }
}
