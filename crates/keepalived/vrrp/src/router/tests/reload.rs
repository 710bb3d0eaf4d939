//! What a new configuration changes, and what it does not.

use super::*;

fn master(config: RouterConfig) -> Bench {
    let mut bench = started(config);
    bench.seconds(3.7);
    assert!(bench.router.instances().all(|i| i.state() == State::Master));
    bench.seconds(6.0);
    bench
}

#[test]
fn an_unchanged_file_costs_one_advert() {
    let config = router_of(vec![instance(1), instance(2)]);
    let mut bench = master(config.clone());
    assert_eq!(bench.reload(config), "advert#0 100; advert#1 100");
    let text = bench.seconds(3.5);
    assert!(text.starts_with("1.000000 advert#0 100") && !text.contains("garp"), "{text}");
}

#[test]
fn addresses_come_and_go() {
    let mut config = router_of(vec![instance(1)]);
    config.instances[0].excluded = vec![Vip::plain([192, 0, 2, 50].into(), 24, &"eth0".into())];
    let mut bench = master(config.clone());
    let new = Vip::plain([192, 0, 2, 200].into(), 24, &"eth0".into());
    let moved = config.instances[0].excluded.remove(0);
    config.instances[0].addresses = vec![new, moved];
    assert_eq!(
        bench.reload(config),
        "advert#0 100; '(VI_1) ip address 192.0.2.101/24 dev eth0, no longer exist'; del 192.0.2.101; \
         '(VI_1) setting VIPs.'; add 192.0.2.200; \
         '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.0.2.200'; 5x garp eth0 192.0.2.200"
    );
    assert_eq!(bench.state(0), State::Master);
}

#[test]
fn an_instance_is_known_by_what_it_does_not_by_its_name() {
    let mut config = router_of(vec![instance(1)]);
    let mut bench = master(config.clone());
    config.instances[0].name = "renamed".into();
    config.instances.insert(0, instance(2));
    let text = bench.reload(config.clone());
    assert_eq!(bench.router.ids.instances, [InstanceId(1), InstanceId(0)]);
    assert_eq!(text, "advert#0 100; '(VI_2) Entering BACKUP STATE (init)'; INSTANCE VI_2 BACKUP 100");
    assert_eq!(bench.states(), "BACKUP MASTER");
    config.instances[1].vrid = 77;
    bench.reload(config);
    assert_eq!(bench.router.ids.instances, [InstanceId(1), InstanceId(2)], "numbers are never given twice");
    assert_eq!(bench.states(), "BACKUP BACKUP");
}

#[test]
fn a_vanished_instance_leaves_in_order() {
    for (deleted, word) in [(false, "FAULT"), (true, "DELETED")] {
        let mut config = router_of(vec![instance(1), instance(2)]);
        config.instances[1].notify_deleted = deleted;
        let mut bench = master(config.clone());
        config.instances.pop();
        assert_eq!(
            bench.reload(config),
            format!(
                "advert#0 100; advert#1 100; advert#1 0; '(VI_2) sent 0 priority'; '(VI_2) removing VIPs.'; \
                 del 192.0.2.102; INSTANCE VI_2 {word} 100"
            )
        );
        assert!(bench.router.instance(InstanceId(1)).is_none());
    }
}

#[test]
fn priority_and_interval_change_in_place() {
    let mut config = router_of(vec![instance(1)]);
    let mut bench = master(config.clone());
    config.instances[0].priority = 200;
    config.instances[0].advert_interval = Micros::from_secs(2);
    assert_eq!(bench.reload(config.clone()), "advert#0 100", "a configured priority is no news");
    assert!(bench.seconds(2.0).starts_with("2.000000 advert#0 200"));
    config.instances[0].priority = 255;
    bench.reload(config.clone());
    assert_eq!(bench.router.instances[0].instance.effective_priority(), 255);
    config.instances[0].priority = 90;
    bench.reload(config);
    assert_eq!(bench.router.instances[0].instance.effective_priority(), 90);
    assert_eq!(bench.state(0), State::Master);
}

#[test]
fn scripts_keep_what_they_know_unless_they_run_something_else() {
    let mut config = router_of(vec![instance(1)]);
    config.scripts = vec![script("good"), script("bad")];
    config.instances[0].track_scripts = vec![track("good", 0), track("bad", -10)];
    let mut bench = started(config.clone());
    bench.script(0, 0);
    bench.script(1, 1);
    assert_eq!(
        bench.reload(config.clone()),
        "'VRRP_Script(good) considered successful on reload'; 'VRRP_Script(bad) considered unsuccessful on reload'"
    );
    assert_eq!(bench.state(0), State::Backup);
    assert_eq!(bench.router.instances[0].instance.effective_priority(), 90);
    config.scripts[0].command = "/bin/other".into();
    let text = bench.reload(config);
    assert!(text.contains("run#0"), "{text}");
    assert_eq!(
        bench.state(0),
        State::Backup,
        "a running instance is not stopped by a check that has to run first"
    );
}

#[test]
fn fault_ends_when_its_cause_is_no_longer_tracked() {
    let mut config = router_of(vec![instance(1)]);
    config.instances[0].track_interfaces = vec![track("eth5", 0)];
    let mut bench = started(config.clone());
    bench.link("eth5", Link::Down);
    assert_eq!(bench.state(0), State::Fault);
    config.instances[0].track_interfaces.clear();
    bench.reload(config);
    assert_eq!(bench.state(0), State::Backup);
}

#[test]
fn a_group_made_of_running_masters_says_so() {
    let mut config = router_of(vec![instance(1), instance(2)]);
    let mut bench = master(config.clone());
    config.groups = vec![group("G1", &["VI_1", "VI_2"])];
    assert_eq!(bench.reload(config.clone()), "advert#0 100; advert#1 100; GROUP G1 MASTER 0");
    assert_eq!(bench.reload(config), "advert#0 100; advert#1 100", "but only once");
}

#[test]
fn a_reload_during_the_startup_delay_does_not_end_it() {
    let config = RouterConfig { startup_delay: Micros::from_secs(5), ..router_of(vec![instance(1)]) };
    let mut bench = started(config.clone());
    bench.seconds(2.0);
    bench.reload(config);
    assert_eq!(bench.hear(0, 200, PEER), "", "still deaf");
    assert_eq!(bench.router.instances[0].instance.stats().advert_rcvd, 0);
    assert!(bench.seconds(6.61).starts_with("6.609375 '(VI_1) Receive advertisement timeout'"));
}

#[test]
fn firewall_follows_the_addresses() {
    let mut config = router_of(vec![instance(1)]);
    let mut bench = master(config.clone());
    config.instances[0].drop_traffic = true;
    assert_eq!(bench.reload(config.clone()), "advert#0 100; shut 192.0.2.101");
    config.instances[0].priority = 255;
    assert!(bench.reload(config).contains("open 192.0.2.101"), "an owner takes its traffic");
}
