//! Messages and exit codes as keepalived 2.2.7 gives them, apart from where a test says otherwise.

use super::{Options, check, load};
use crate::diag::Rank;
use crate::provider::Memory;
use crate::role::Roles;

#[track_caller]
fn says(text: &str, code: u8, expected: &[&str]) {
    let outcome = check(&Memory::with_file("/k.conf", text), "/k.conf", &Options::default());
    let messages: Vec<String> = outcome.messages.iter().map(ToString::to_string).collect();
    assert_eq!((outcome.exit_code, messages), (code, expected.iter().map(ToString::to_string).collect()));
}

fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance VI {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\n192.0.2.100\n}}\n{lines}\n}}\n"
    )
}

#[test]
fn a_good_file_says_nothing() {
    says(&instance("priority 150\nadvert_int 1"), 0, &[]);
}

#[test]
fn a_missing_file_is_an_error() {
    let outcome = check(&Memory::default(), "/none.conf", &Options::default());
    assert_eq!(outcome.exit_code, 4);
    assert!(outcome.messages[0].text.starts_with("Configuration file '/none.conf' open problem"));
    let loaded = load(&Memory::default(), "/none.conf", &Options::default(), Roles::ALL);
    assert_eq!(loaded.fatal, Some(Rank::Missing));
}

#[test]
fn a_keyword_without_its_parameter_stops_everything() {
    says(
        "global_defs {\n bad0\n smtp_server\n bad1\n}\n",
        2,
        &[
            "(Line 2) Unknown keyword 'bad0'",
            "(Line 3) *** Configuration line starting `smtp_server` is missing a parameter after keyword `smtp_server` at word position 2",
        ],
    );
    let text = instance("priority");
    let loaded = load(&Memory::with_file("/k.conf", &text), "/k.conf", &Options::default(), Roles::VRRP);
    assert_eq!(loaded.fatal, Some(Rank::Abort));
}

#[test]
fn numbers_are_complained_of_twice() {
    says(
        &instance("priority 256\nadvert_int abc"),
        5,
        &[
            "(/k.conf: Line 7) number '256' outside range [1, 255]",
            "(/k.conf: Line 7) (VI) Priority not valid! must be between 1 & 255. Using default 100",
            "(/k.conf: Line 8) invalid number 'abc'",
            "(/k.conf: Line 8) (VI) Advert interval (abc) not valid! Must be > 0 - ignoring",
        ],
    );
}

#[test]
fn classic_contradictions_are_named() {
    says(
        &instance(
            "state MASTER\npriority 100\nnopreempt\nauthentication {\nauth_type PASS\nauth_pass 1234567890\n}",
        ),
        5,
        &[
            "(/k.conf: Line 12) Truncating auth_pass to 8 characters",
            "(VI) Warning - nopreempt will not work with initial state MASTER - clearing",
        ],
    );
}

#[test]
fn a_missing_interface_hides_later_complaints() {
    says(
        "vrrp_instance VI {\ninterface eth9\nvirtual_router_id 5\n}\n",
        5,
        &[
            "(/k.conf: Line 2) WARNING - interface eth9 for vrrp_instance VI doesn't exist",
            "Non-existent interface specified in configuration",
        ],
    );
    let text = "global_defs {\ndynamic_interfaces\n}\nvrrp_instance VI {\ninterface eth9\nvirtual_router_id 5\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n";
    says(text, 0, &[]);
}

#[test]
fn scripts_without_security_are_rank_six() {
    let mut machine = Memory::with_file("/k.conf", &instance("notify_master /bin/true\nfoo"));
    machine.add("/bin/true", 0o755, "");
    let outcome = check(&machine, "/k.conf", &Options::default());
    assert_eq!(outcome.exit_code, 6);
    let texts: Vec<&str> = outcome.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Unknown keyword 'foo'",
            "SECURITY VIOLATION - scripts are being executed but script_security not enabled."
        ]
    );
}

#[test]
fn a_script_that_others_may_change_is_disabled_with_security() {
    let text = format!(
        "global_defs {{\nenable_script_security\nscript_user root\n}}\nvrrp_script c {{\nscript /x/s.sh\n}}\n{}",
        instance("track_script {\nc\n}")
    );
    let mut machine = Memory::with_file("/k.conf", &text);
    machine.add("/x/s.sh", 0o777, "");
    let outcome = check(&machine, "/k.conf", &Options::default());
    assert_eq!(outcome.messages[0].text, "Disabling track script c due to insecure");
    let loaded = load(&machine, "/k.conf", &Options::default(), Roles::ALL);
    assert!(loaded.config.instances[0].track_scripts.is_empty() && loaded.config.scripts.is_empty());
}

#[test]
fn a_tracked_thing_must_stand_above() {
    says(
        &instance("track_script {\nc\n}"),
        5,
        &["(/k.conf: Line 8) (VI) track script c not found, ignoring..."],
    );
}

#[test]
fn duplicate_routers_are_named() {
    let text = instance("") + &instance("").replace("VI", "VJ");
    says(&text, 5, &["VI and VJ both use VRID 5 with IPv4 on interface eth0"]);
}

/// The original reads the inside of an unknown block as if it stood outside; ours skips it whole.
#[test]
fn an_unknown_block_is_skipped_whole() {
    says(
        "global_defs {\n foo {\n  a b\n }\n router_id x\n bad\n}\n",
        5,
        &[
            "(Line 2) Unknown keyword 'foo'",
            "(Line 2) Unexpected '{' - ignoring",
            "(Line 6) Unknown keyword 'bad'",
        ],
    );
}

#[test]
fn near_words_are_suggested() {
    let text = instance("prioritie 100");
    let outcome = check(&Memory::with_file("/k.conf", &text), "/k.conf", &Options::default());
    assert_eq!(outcome.messages[0].hint.as_deref(), Some("did you mean 'priority'?"));
    assert_eq!(
        outcome.messages[0].extended(),
        "/k.conf:7: Unknown keyword 'prioritie'\n    did you mean 'priority'?"
    );
}

#[test]
fn keywords_without_effect_are_noted_once() {
    says(
        "global_defs {\nenable_dbus\n}\n",
        0,
        &["(Line 2) 'enable_dbus' has no effect: there is no DBus service in this program"],
    );
}

#[test]
fn each_complaint_of_a_start_is_made_once() {
    let text = "foo\n".to_owned() + &instance("bar");
    let loaded = load(&Memory::with_file("/k.conf", &text), "/k.conf", &Options::default(), Roles::VRRP);
    let texts: Vec<String> = loaded.messages.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["(/k.conf: Line 1) Unknown keyword 'foo'", "(/k.conf: Line 8) Unknown keyword 'bar'"]);
    assert_eq!((loaded.fatal, loaded.config.instances.len()), (None, 1));
}

#[test]
fn servers_without_protocol_or_scheduler_are_named() {
    says(
        "virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n}\n}\nvirtual_server 10.0.0.3 80 {\n}\n",
        5,
        &[
            "Virtual server [10.0.0.1]:none:80: no protocol set - defaulting to UDP",
            "Virtual server [10.0.0.1]:udp:80: no scheduler set, setting default 'wlc'",
            "Virtual server [10.0.0.1]:udp:80: no forwarding method set, setting default NAT",
            "Virtual server [10.0.0.3]:none:80 has no real servers - ignoring",
        ],
    );
}
