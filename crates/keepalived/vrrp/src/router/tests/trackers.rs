//! Scripts, files, processes, BFD and interfaces, and what they do to instances.

use super::*;
use crate::{
    config::{BfdConfig, DebounceConfig, FileConfig, ProcessConfig},
    script::Verdict,
};

fn checked(weight: i32, rise: u32, fall: u32) -> Bench {
    let mut config = instance(1);
    config.track_scripts = vec![track("chk", weight)];
    let script = ScriptConfig { rise, fall, interval: Micros::from_secs(100), ..script("chk") };
    started(RouterConfig { scripts: vec![script], ..router_of(vec![config]) })
}

#[test]
fn weighted_script_needs_fall_failures_and_rise_successes() {
    let mut bench = checked(-60, 2, 2);
    assert_eq!(bench.state(0), State::Backup, "a weight keeps nobody waiting");
    assert_eq!(bench.script(0, 0), "'VRRP_Script(chk) succeeded'", "one success is enough at first");
    assert_eq!(bench.script(0, 1), "'Script `chk` now returning 1'");
    assert_eq!(
        bench.script(0, 1),
        "'VRRP_Script(chk) failed (exited with status 1)'; '(VI_1) Changing effective priority from 100 to 40'"
    );
    assert_eq!(bench.script(0, 1), "");
    assert_eq!(bench.script(0, 0), "'Script `chk` now returning 0'");
    assert_eq!(
        bench.script(0, 0),
        "'VRRP_Script(chk) succeeded'; '(VI_1) Changing effective priority from 40 to 100'"
    );
    bench.script(0, 1);
    assert_eq!(bench.script(0, 0), "'Script `chk` now returning 0'", "a single failure is forgiven");
    bench.script(0, 1);
    assert_eq!(bench.router.scripts[0].verdict(), Verdict::Good);
}

#[test]
fn first_failure_counts_whatever_fall_says() {
    let mut bench = checked(0, 1, 5);
    assert_eq!(bench.state(0), State::Init);
    bench.script(0, 3);
    assert_eq!(bench.state(0), State::Fault);
    bench.script(0, 0);
    assert_eq!(bench.state(0), State::Backup);
}

#[test]
fn killed_and_unstartable_scripts_fail() {
    let mut bench = checked(0, 1, 1);
    let script = ScriptId(0);
    let text = bench.happen(Event::ScriptEnded { script, outcome: Outcome::Signalled(9) });
    assert!(text.starts_with("'VRRP_Script(chk) failed (due to signal 9)'"), "{text}");
    let mut bench = checked(0, 1, 1);
    bench.happen(Event::ScriptEnded { script, outcome: Outcome::NotStarted });
    assert_eq!(bench.state(0), State::Fault);
}

#[test]
fn script_that_hangs_is_ended_by_force() {
    let mut config = instance(1);
    config.track_scripts = vec![track("chk", 10)];
    let mut bench = started(RouterConfig {
        scripts: vec![ScriptConfig { timeout: Micros::from_millis(1_500), ..script("chk") }],
        ..router_of(vec![config])
    });
    assert!(bench.text.contains("run#0"));
    bench.link("eth0", Link::Down);
    assert_eq!(
        bench.seconds(4.2),
        "1.000000 'Track script chk is already running, expect idle - skipping run'\n\
         1.500000 term#0; 'VRRP_Script(chk) timed_out'\n\
         2.000000 'Track script chk is already running, expect idle - skipping run'\n\
         3.000000 'Track script chk is already running, expect idle - skipping run'\n\
         3.500000 kill#0\n\
         4.000000 'Track script chk is already running, expect idle - skipping run'\n"
    );
    let outcome = Outcome::Signalled(9);
    assert_eq!(bench.happen(Event::ScriptEnded { script: ScriptId(0), outcome }), "", "it counted before");
    assert_eq!(bench.seconds(0.8), "0.800000 run#0\n");
}

#[test]
fn init_fail_and_disabled_scripts_fail_from_the_start() {
    for (init_fail, disabled) in [(true, false), (false, true)] {
        let mut config = instance(1);
        config.track_scripts = vec![track("chk", 0)];
        let script = ScriptConfig { init_fail, disabled, ..script("chk") };
        let bench = started(RouterConfig { scripts: vec![script], ..router_of(vec![config]) });
        assert_eq!(bench.state(0), State::Fault);
        assert_eq!(bench.text.contains("run#0"), !disabled);
        if init_fail {
            let mut bench = bench;
            assert_eq!(
                bench.script(0, 1),
                "'Script `chk` now returning 1'; 'VRRP_Script(chk) failed (exited with status 1)'"
            );
            assert_eq!(bench.script(0, 1), "");
        }
    }
}

#[test]
fn weights_add_up_within_limits_and_never_move_an_owner() {
    let mut config = instance(1);
    config.track_files = vec![track("a", 1), track("b", 2)];
    let mut owner = instance(2);
    owner.priority = 255;
    owner.track_files = vec![track("a", 1)];
    let files = ["a", "b"].map(|name| FileConfig { name: name.into() }).to_vec();
    let mut bench = started(RouterConfig { files, ..router_of(vec![config, owner]) });
    let mut value = |file: u32, value| {
        bench.happen(Event::FileValue { file: FileId(file), value });
        let effective = |i: usize| bench.router.instances[i].instance.effective_priority();
        (effective(0), effective(1))
    };
    assert_eq!(value(0, 10), (110, 255));
    assert_eq!(value(1, 100), (254, 255));
    assert_eq!(value(1, -100), (1, 255));
    assert_eq!(value(1, 0), (110, 255));
    assert_eq!(bench.router.instances[0].instance.total_priority(), 110);
    bench.happen(Event::FileValue { file: FileId(0), value: -254 });
    assert_eq!(bench.states(), "FAULT BACKUP");
}

#[test]
fn weights_inside_a_sync_group() {
    let mut one = instance(1);
    one.track_scripts = vec![track("chk", -50)];
    one.track_interfaces = vec![track("eth7", -50)];
    let config = RouterConfig {
        scripts: vec![script("chk")],
        groups: vec![group("G1", &["VI_1", "VI_2"])],
        ..router_of(vec![one, instance(2)])
    };
    let mut bench = started(config.clone());
    bench.script(0, 1);
    assert_eq!(bench.router.instances[0].instance.effective_priority(), 100, "a weight cannot count here");
    bench.link("eth7", Link::Down);
    assert_eq!(bench.states(), "FAULT FAULT", "a weighted interface means FAULT");

    let mut weighted = config;
    weighted.groups[0].tracking_weight = true;
    weighted.groups[0].track_files = vec![track("f", 1)];
    weighted.files = vec![FileConfig { name: "f".into() }];
    let mut bench = started(weighted);
    bench.script(0, 1);
    bench.happen(Event::FileValue { file: FileId(0), value: 5 });
    let effective: Vec<u8> = bench.router.instances().map(Instance::effective_priority).collect();
    assert_eq!(effective, [55, 105], "the group's file counts for all, the script for its member");
}

#[test]
fn process_quorum_has_to_last() {
    let mut config = instance(1);
    config.track_processes = vec![track("p", 0)];
    let process = ProcessConfig {
        name: "p".into(),
        quorum: 2,
        quorum_max: 3,
        fork_delay: Micros::from_millis(500),
        terminate_delay: Micros::from_millis(200),
    };
    let config = RouterConfig { processes: vec![process], ..router_of(vec![config]) };
    let mut bench = started(config);
    let process = ProcessId(0);
    assert!(
        bench.text.contains("entering FAULT state (tracked process p quorum not achieved)"),
        "{}",
        bench.text
    );
    bench.happen(Event::ProcessCount { process, count: 2 });
    assert_eq!(
        bench.seconds(0.6),
        "0.500000 'Quorum gained for tracked process p'; '(VI_1) Entering BACKUP STATE'; INSTANCE VI_1 BACKUP 100\n"
    );
    bench.happen(Event::ProcessCount { process, count: 1 });
    bench.seconds(0.1);
    bench.happen(Event::ProcessCount { process, count: 2 });
    assert_eq!(bench.seconds(1.0), "", "back in time");
    bench.happen(Event::ProcessCount { process, count: 4 });
    assert!(bench.seconds(1.0).starts_with("0.500000 'Quorum lost"), "too many are wrong, too");
}

#[test]
fn bfd_is_down_until_it_says_otherwise() {
    let mut config = instance(1);
    config.track_bfds = vec![track("B1", 0)];
    let config = RouterConfig { bfds: vec![BfdConfig { name: "B1".into() }], ..router_of(vec![config]) };
    let mut bench = started(config);
    assert_eq!(bench.state(0), State::Fault);
    assert_eq!(
        bench.happen(Event::Bfd { bfd: BfdId(0), up: true }),
        "'VRRP_Instance(VI_1) Tracked BFD instance B1 is UP'; '(VI_1) Entering BACKUP STATE'; INSTANCE VI_1 BACKUP 100"
    );
    bench.happen(Event::Bfd { bfd: BfdId(0), up: false });
    assert_eq!(bench.state(0), State::Fault);
}

#[test]
fn debounced_interface() {
    let mut config = router_of(vec![instance(1)]);
    config.debounce = vec![DebounceConfig {
        interface: "eth0".into(),
        down: Micros::from_secs(9),
        up: Micros::from_secs(1),
    }];
    let mut bench = started(config);
    bench.link("eth0", Link::Down);
    bench.seconds(1.0);
    bench.link("eth0", Link::Up);
    assert_eq!(bench.seconds(1.5), "");
    bench.link("eth0", Link::Down);
    assert!(bench.seconds(3.0).starts_with("1.109375"), "it leads first, as nobody is there");
    assert_eq!(bench.state(0), State::Fault, "the limit: two intervals, not nine seconds");
    bench.link("eth0", Link::Up);
    assert!(
        bench.seconds(1.0).starts_with("1.000000 'Netlink reports eth0 up'; '(VI_1) Entering BACKUP STATE'")
    );
}

#[test]
fn interface_known_down_before_the_start_is_not_waited_for() {
    let mut config = router_of(vec![instance(1)]);
    config.debounce = vec![DebounceConfig {
        interface: "eth0".into(),
        down: Micros::from_secs(1),
        up: Micros::from_secs(1),
    }];
    let mut bench = bench(config);
    bench.link("eth0", Link::Down);
    bench.happen(Event::Start);
    assert_eq!(bench.state(0), State::Fault);
}

#[test]
fn dont_track_primary() {
    let mut config = instance(1);
    config.dont_track_primary = true;
    let mut bench = started(router_of(vec![config]));
    bench.link("eth0", Link::Down);
    assert_eq!(bench.state(0), State::Backup);
    bench.link("eth0", Link::Gone);
    assert_eq!(bench.state(0), State::Fault, "without an interface there is nothing to be backup on");
}

#[test]
fn no_unicast_peer_is_a_fault_if_told_so() {
    let mut config = instance(1);
    config.fault_no_peer = true;
    let bench = started(router_of(vec![config]));
    assert_eq!(bench.state(0), State::Fault);
}
